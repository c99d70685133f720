//! What a ledger refuses, with which code, and that nothing comes of it.

use test_support::both_databases;
use test_support::database::TestDb;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::*;

const NO_SUCH_SLOT: &str = "BIZ_FULFILLMENT_UNAVAILABLE";
const NOT_ELIGIBLE: &str = "POL_ELIGIBILITY_NOT_MET";

fn with(change: impl FnOnce(&mut Trade), trade: &Trade) -> Trade {
    let mut changed = trade.clone();
    change(&mut changed);
    changed
}

both_databases! {
    async fn forged_and_foreign_senders_are_refused(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        let path = "/bap/receiver/on_confirm";
        let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);

        let unsigned = world.http.post(world.url(path)).header("Content-Type", "application/json");
        let answer = read(unsigned.body(body.clone()).send().await.unwrap()).await;
        assert_eq!(answer.status, 401);
        assert!(answer.code().starts_with("AUT_"), "{}", answer.body);
        // Mallory signs with her own key what claims to come from the seller's platform.
        let answer = world.send(MALLORY, path, &body).await;
        assert_eq!((answer.status, answer.code()), (401, "AUT_UNAUTHORIZED_ACTION"));
        // Mallory speaks for herself, of a contract in which she has no part.
        let answer = world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &trade).await;
        assert_eq!((answer.status, answer.code()), (401, "AUT_UNAUTHORIZED_ACTION"));
        // The buyer's platform tells the seller's ledger, which is not its own.
        let answer = world.tell(BUYER, SELLER_LEDGER, "on_confirm", &trade).await;
        assert_eq!((answer.status, answer.code()), (401, "AUT_UNAUTHORIZED_ACTION"));
        // A DISCOM whose contracts this ledger does not keep.
        let foreign = with(|trade| trade.seller_discom = "TEST_DISCOM_OTHER".to_owned(), &trade);
        let answer = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &foreign).await;
        assert_eq!((answer.status, answer.code()), (401, "AUT_UNAUTHORIZED_ACTION"));
        // A body that was changed after it was signed.
        let changed = String::from_utf8(body.clone()).unwrap().replace("2.5", "2.6");
        let header = world.signed(SELLER, path, &body).build().unwrap().headers()["authorization"].clone();
        let forged = world.http.post(world.url(path)).header("Authorization", header);
        let forged = forged.header("Content-Type", "application/json").body(changed);
        assert_eq!(read(forged.send().await.unwrap()).await.status, 401);
        assert_eq!(world.records(SELLER_LEDGER).await, []);

        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        for (platform, action, told) in [
            (MALLORY, "on_cancel", trade.cancelled()),
            (BUYER, "on_cancel", trade.cancelled()),
            (MALLORY, "on_update", trade.requesting(&["1"])),
        ] {
            let answer = world.tell(platform, SELLER_LEDGER, action, &told).await;
            let expected = (401, "AUT_UNAUTHORIZED_ACTION");
            assert_eq!((answer.status, answer.code()), expected, "{platform} {action}");
        }
        // Nor does it help her to write herself into the roles.
        let hers = with(|trade| trade.seller = MALLORY.to_owned(), &trade);
        let answer = world.tell(MALLORY, SELLER_LEDGER, "on_cancel", &hers.cancelled()).await;
        assert_eq!((answer.status, answer.code()), (401, "AUT_UNAUTHORIZED_ACTION"));
        let answer = world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &hers).await;
        assert_eq!(answer.code(), "BIZ_INVALID_STATE_TRANSITION");
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!(records[0].get("status").and_then(beckn_wire::json::Json::as_str), Some("ACTIVE"));
        world.running.stop().await;
    }

    async fn what_may_not_be_traded_is_refused_with_its_code(db: TestDb) {
        let world = world(&db).await;
        let good = trade(&world.ids, &["2.5"]);
        let cell = |price: &str, requested: &str| {
            let cells = vec![(price.to_owned(), requested.to_owned())];
            with(|trade| trade.cells = cells, &good)
        };
        let cases: Vec<(&str, Trade, &str)> = vec![
            ("off the hour", with(|t| t.start = t.start.replace(":30:", ":00:"), &good), NO_SUCH_SLOT),
            ("half an hour", with(|t| t.duration = "PT30M".to_owned(), &good), NO_SUCH_SLOT),
            ("begun", with(|t| t.start = "2026-11-01T07:30:00Z".to_owned(), &good), NO_SUCH_SLOT),
            ("too fine", cell("6", "2.505"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("finer still", cell("6", "2.50001"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("negative", cell("6", "-2"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("too little", cell("6", "0.99"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("nothing", cell("6", "0"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("not written", cell("6", ""), "BIZ_QUANTITY_UNAVAILABLE"),
            ("beyond reason", cell("6", "1e309"), "BIZ_QUANTITY_UNAVAILABLE"),
            ("negative price", cell("-6", "2"), "BIZ_PRICE_MISMATCH"),
            ("price too fine", cell("6.00001", "2"), "BIZ_PRICE_MISMATCH"),
            ("no price", cell("", "2"), "SCH_REQUIRED_FIELD_MISSING"),
            ("a draft", with(|t| t.status = "DRAFT".to_owned(), &good), "BIZ_INVALID_STATE_TRANSITION"),
            ("cancelled", good.cancelled(), "BIZ_INVALID_STATE_TRANSITION"),
            ("a blank meter", with(|t| t.buyer_meter = " ".to_owned(), &good), "SCH_REQUIRED_FIELD_MISSING"),
            ("no meter in it", with(|t| t.buyer_meter = "CA-1|".to_owned(), &good), NOT_ELIGIBLE),
            ("a real meter", with(|t| t.seller_meter = "100200300".to_owned(), &good), NOT_ELIGIBLE),
            ("one meter", with(|t| t.buyer_meter = "der://meter/test_meter_seller".to_owned(), &good),
                NOT_ELIGIBLE),
            ("no seller", with(|t| t.seller = String::new(), &good), "SCH_REQUIRED_FIELD_MISSING"),
            ("no ledger", with(|t| t.seller_ledger = String::new(), &good), "SCH_REQUIRED_FIELD_MISSING"),
            ("a long name", with(|t| t.buyer_meter = "TEST_".repeat(60), &good), "SCH_INVALID_FORMAT"),
            ("U+0000", with(|t| t.buyer_meter = "TEST_\\u0000".to_owned(), &good), "SCH_INVALID_FORMAT"),
            ("above capacity", cell("6", "10.01"), NOT_ELIGIBLE),
        ];
        for (what, trade, code) in cases {
            let answer = world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await;
            assert_eq!((answer.status, answer.code()), (400, code), "{what}: {}", answer.body);
        }
        assert_eq!(world.records(SELLER_LEDGER).await, []);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &good).await.receipt();
        world.running.stop().await;
    }

    async fn a_ledger_serves_only_its_own_actions(db: TestDb) {
        let world = world(&db).await;
        let trade = trade(&world.ids, &["2.5"]);
        let elsewhere =
            ["/bpp/receiver/confirm", "/bap/receiver/on_init", "/bpp/receiver/on_confirm", "/on_confirm"];
        for path in elsewhere {
            let body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade);
            assert_eq!(world.send(SELLER, path, &body).await.status, 404, "{path}");
        }
        // The DISCOM's own node keeps no ledger.
        let answer = world.tell(SELLER, "seller-discom.example", "on_confirm", &trade).await;
        assert_eq!((answer.status, answer.code()), (404, "NET_NOT_IMPLEMENTED"));
        let elsewhere = world.tell(SELLER, "ledger.elsewhere.example", "on_confirm", &trade).await;
        assert_eq!(elsewhere.status, 400);
        // A callback that reports a failure is no contract.
        let mut body = String::from_utf8(world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade)).unwrap();
        body.insert_str(body.len() - 1, r#","error":{"code":"BIZ_GENERIC_ERROR","message":"no"}"#);
        let failed = world.send(SELLER, "/bap/receiver/on_confirm", body.as_bytes()).await;
        assert_eq!((failed.status, failed.code()), (400, "BIZ_INVALID_STATE_TRANSITION"));
        // A preview of a cancellation cancels nothing.
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        let preview = world.leg(SELLER, SELLER_LEDGER, "on_cancel", &trade.cancelled());
        let preview = String::from_utf8(preview).unwrap();
        let preview = preview.replacen(r#""version""#, r#""try":true,"version""#, 1);
        let answer = world.send(SELLER, "/bap/receiver/on_cancel", preview.as_bytes()).await;
        assert_eq!((answer.status, answer.code()), (400, "CTX_INVALID_FIELD"));
        let records = world.records(SELLER_LEDGER).await;
        assert_eq!(records[0].get("status").and_then(beckn_wire::json::Json::as_str), Some("ACTIVE"));
        world.running.stop().await;
    }

    async fn a_body_beyond_the_limit_is_not_taken(db: TestDb) {
        let world = world(&db).await;
        let mut body = world.leg(SELLER, SELLER_LEDGER, "on_confirm", &trade(&world.ids, &["2.5"]));
        body.resize(1024 * 1024 + 1, b' ');
        let path = "/bap/receiver/on_confirm";
        assert_eq!(world.send(SELLER, path, &body).await.status, 413);
        // Announced by nobody: the body comes in chunks.
        let header = world.signed(SELLER, path, &body).build().unwrap().headers()["authorization"].clone();
        let mut socket = tokio::net::TcpStream::connect(world.running.address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: ledger\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            header.to_str().unwrap()
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let (mut reading, mut writing) = socket.split();
        let write = async {
            // The server may hang up before it has taken everything.
            for chunk in body.chunks(64 * 1024) {
                let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                if writing.write_all(&framed).await.is_err() {
                    break;
                }
            }
        };
        let (_, read) = tokio::join!(write, reading.read_exact(&mut answer));
        read.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
        assert_eq!(world.records(SELLER_LEDGER).await, []);
        world.running.stop().await;
    }
}
