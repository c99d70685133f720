//! `wattmandi credential`: a judgment on the command line, of a JWT and of the PDF that carries it.

use std::path::Path;

use serde_json::Value;

use crate::issued::{credential, issuer};
use crate::network::path;
use crate::process::{command, wattmandi};
use crate::serve::config;

/// A PDF with this text on its one page.
fn pdf(text: &str) -> Vec<u8> {
    let content = format!("BT /F1 6 Tf 10 700 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut places = String::new();
    for (index, object) in objects.iter().enumerate() {
        places.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let start = file.len();
    format!(
        "{file}xref\n0 6\n0000000000 65535 f \n{places}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    )
    .into_bytes()
}

/// Exit code and what was printed.
async fn judge(folder: &Path, content: &[u8], more: &[&str]) -> (i32, String) {
    let (file, settings) = (folder.join("credential"), folder.join("wattmandi.toml"));
    std::fs::write(&file, content).unwrap();
    let mut arguments = vec!["credential", path(&file), "--config", path(&settings)];
    arguments.extend(more);
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
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
