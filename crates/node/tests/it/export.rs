//! The evidence: every message with headers and exact bytes, checkable from the files alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beckn_wire::json::Json;
use beckn_wire::signature::{SignatureHeader, VerifyPolicy, verify, verify_response};
use test_support::both_databases;

use crate::world::{BUYER, EFFECTS, NOW, SELLER, World, key};

fn bytes(file: &Json, name: &str) -> Vec<u8> {
    STANDARD.decode(file.get(name).unwrap().as_str().unwrap()).unwrap()
}

fn header<'a>(file: &'a Json, list: &str, name: &str) -> &'a str {
    let pairs = file.get(list).unwrap().as_array().unwrap();
    let pair = pairs.iter().find(|pair| pair.at(&["0"]).unwrap().as_str() == Some(name)).unwrap();
    pair.at(&["1"]).unwrap().as_str().unwrap()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn a_trade_can_be_verified_from_its_files(db: db::Db) {
        let world = World::new(&db);
        for _ in 0..60 {
            world.enqueue(world.select_to(SELLER, &world.uuid())).await;
        }
        world.node.drain().await;
        let folder = tempfile::tempdir().unwrap();
        let count = node::export::export(&db, folder.path()).await.unwrap();
        assert_eq!(count, 240);
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names.len(), 240);
        assert!(names[0].starts_with("000001-") && names[239].starts_with("000240-"));
        for name in &names {
            let file = Json::parse(&std::fs::read(folder.path().join(name)).unwrap()).unwrap();
            let select = file.get("action").unwrap().as_str() == Some("select");
            let (signer, answerer) = if select { (1, 2) } else { (2, 1) };
            let public = |seed| key(seed, if seed == 1 { BUYER } else { SELLER }).1.public();
            let sent = header(&file, "headers", "authorization");
            let (policy, now) = (VerifyPolicy::spec(), NOW.seconds());
            let signature = SignatureHeader::parse(sent).unwrap();
            verify(&signature, &bytes(&file, "body"), &public(signer), now, &policy, None).unwrap();
            let answer =
                SignatureHeader::parse_response(header(&file, "responseHeaders", "signature")).unwrap();
            let body = bytes(&file, "responseBody");
            verify_response(200, &answer, &body, &public(answerer), now, &policy, Some(sent)).unwrap();
        }
    }
}
