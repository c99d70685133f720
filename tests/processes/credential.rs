//! `wattmandi credential` and `wattmandi bill`: documents on the command line.

use std::path::Path;

use serde_json::Value;

use crate::issued::{credential, issuer};
use crate::network::path;
use crate::process::{command, wattmandi};
use crate::serve::config;

/// A PDF with this text on its one page.
fn pdf(text: &str) -> Vec<u8> {
    test_support::pdf::document(&[&[text]])
}

/// Exit code and what was printed.
async fn judge(folder: &Path, content: &[u8], more: &[&str]) -> (i32, String) {
    let (file, settings) = (folder.join("credential"), folder.join("wattmandi.toml"));
    std::fs::write(&file, content).unwrap();
    let mut arguments = vec!["credential", path(&file), "--config", path(&settings)];
    arguments.extend(more);
    run(&arguments).await
}

async fn run(arguments: &[&str]) -> (i32, String) {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let mut program = command(&wattmandi(), &arguments);
    let ended = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    (ended.status.code().unwrap(), String::from_utf8(ended.stdout).unwrap())
}

#[tokio::test]
async fn a_credential_is_judged_from_a_file_and_from_the_pdf_that_carries_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("wattmandi.toml"), config(folder) + &issuer()).unwrap();
    let good = credential("TEST_METER_GITA", "4.5");
    for content in [good.clone().into_bytes(), pdf(&format!("Your credential: {good}"))] {
        let (code, shown) =
            judge(folder, &content, &["--meter", "TEST_METER_GITA", "--role", "seller"]).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((code, &shown["verified"]), (0, &Value::Bool(true)), "{shown}");
        assert_eq!(shown["claims"]["meters"][0]["installed_capacity_w"], 4_500);
        let (code, shown) = judge(folder, &content, &["--meter", "TEST_METER_OTHER"]).await;
        assert!(code == 1 && shown.contains("it is for another meter"), "{shown}");
    }
    let forged = good.replacen("eyJ", "eyK", 1);
    for unreadable in [pdf("Nothing in it"), b"%PDF-1.7 broken".to_vec(), forged.into_bytes(), Vec::new()] {
        let (code, shown) = judge(folder, &unreadable, &[]).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let check = &shown["checks"][0];
        assert_eq!((code, &shown["verified"]), (1, &Value::Bool(false)));
        assert_eq!((&check["name"], &check["verdict"]), (&"format".into(), &"failed".into()));
        assert!(check["reason"].as_str().unwrap().len() > 10, "{shown}");
    }
    let (code, shown) = judge(folder, good.as_bytes(), &["--at", "2025-12-31T00:00:00Z"]).await;
    assert!(code == 1 && shown.contains("it is not valid yet"), "{shown}");
}

#[tokio::test]
async fn a_bill_is_read_from_a_file_with_the_line_of_each_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bill.pdf");
    std::fs::write(&file, pdf("Meter No. 7654321 Sanctioned Load 4.50 kW")).unwrap();
    let (code, shown) = run(&["bill", path(&file)]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((code, &shown["fields"], &shown["pages"]), (0, &2.into(), &1.into()));
    let meter = &shown["reading"]["meter_number"];
    assert_eq!((&meter["value"], &meter["page"]), (&"7654321".into(), &1.into()));
    assert_eq!(meter["line"], "Meter No. 7654321 Sanctioned Load 4.50 kW");
    assert_eq!(shown["reading"]["sanctioned_load_w"]["value"], 4_500);
    std::fs::write(&file, pdf("Nothing in it")).unwrap();
    assert_eq!(run(&["bill", path(&file)]).await.0, 1);
    std::fs::write(&file, "no PDF").unwrap();
    assert_eq!(run(&["bill", path(&file)]).await, (1, String::new()));
}
