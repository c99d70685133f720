//! What a refusal says: in the words of the API, with what helps, and nothing of a parser.

use serde_json::{Value, json};
use test_support::both_databases;

use crate::world::{ASHA, Reply, World};

async fn refused(world: &World, method: &str, path: &str, body: &Value, code: &str) -> Value {
    let status = if code.starts_with("auth.") { 401 } else { 422 };
    Reply::of(world.request(ASHA, method, path).json(body)).await.problem(status, code)
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn a_refusal_says_what_is_wrong_and_what_helps(db: db::Db) {
        let world = World::start(db).await;
        for (path, kind) in [("/users/me/meter-documents", "application/pdf"), ("/users/me/credentials", "application/jwt")] {
            let sent = world.request(ASHA, "POST", path).header("Content-Type", "text/plain").body("x");
            let odd = Reply::of(sent).await.problem(415, "request.unsupported_media_type");
            assert!(!odd["title"].as_str().unwrap().contains("JSON"), "{odd}");
            assert!(odd["next_step"].as_str().unwrap().contains(kind), "{odd}");
        }
        let gone = world.get("token-of-nobody-at-all", "/users/me").await.problem(401, "auth.token_invalid");
        assert!(!gone["title"].as_str().unwrap().contains("API"), "{gone}");
        let code = json!({"phone": "9810054321", "code": "000000"});
        let mistyped = refused(&world, "POST", "/auth/phone/verify", &code, "auth.code_invalid").await;
        assert!(mistyped["next_step"].as_str().unwrap().contains("five tries"), "{mistyped}");
        let hook = json!({"url": "http://127.0.0.1:9/hook", "kinds": ["offr.*"]});
        let huge = json!({"monthly_production_kwh": "99999999"});
        let unknown = json!({"discom": "TPDDL"});
        let claim = json!({"discom": "TPDDL", "serial_number": "S-1", "key": "k"});
        let no_discom = "This platform has no such DISCOM; it has NORTH.";
        for (method, path, body, field, detail) in [
            ("POST", "/api/webhooks", hook, "kinds", "No kind of event is named offr.*; see EventKind in /openapi.json."),
            ("POST", "/api/select", json!({"offer_id": "o", "slots": []}), "bpp_id", "bpp_id is missing."),
            ("POST", "/api/rate", json!({"transaction_id": "t", "value": "5"}), "value", "value: a whole number is expected."),
            ("PATCH", "/users/me/profile", huge, "monthly_production_kwh", "A number of kWh from 0 to 7440000 is expected."),
            ("PATCH", "/users/me/profile", unknown, "discom", no_discom),
            ("POST", "/users/me/meters", claim, "discom", no_discom),
        ] {
            let said = refused(&world, method, path, &body, "request.field_invalid").await;
            assert_eq!((&said["field"], &said["detail"]), (&json!(field), &json!(detail)), "{body}");
        }
        world.running.stop().await;
    }
}
