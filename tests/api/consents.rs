//! `/users/me/consents`: what people agree to and take back.

use serde_json::json;
use test_support::both_databases;

use crate::world::{ASHA, BILAL, Reply, World};

const PATH: &str = "/users/me/consents";

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn every_word_is_kept_and_nobody_else_sees_it(db: db::Db) {
        let world = World::start(db).await;
        let say = |purpose: &str, granted: bool| json!({"purpose": purpose, "version": "2026-11", "granted": granted});
        for (purpose, granted) in [("privacy", true), ("marketing", true), ("marketing", false)] {
            world.clock.advance(units::Span::from_secs(1));
            let said = world.post(ASHA, PATH, &say(purpose, granted)).await.is(201);
            assert_eq!((&said["purpose"], &said["granted"]), (&json!(purpose), &json!(granted)));
            let at = world.participant.now().to_rfc3339();
            assert_eq!((&said["version"], &said["at"]), (&json!("2026-11"), &json!(at)));
        }
        let listed = world.get(ASHA, PATH).await.is(200);
        let words: Vec<_> = listed["items"].as_array().unwrap().iter().map(|c| (&c["purpose"], &c["granted"])).collect();
        let (privacy, marketing, yes, no) = (&json!("privacy"), &json!("marketing"), &json!(true), &json!(false));
        assert_eq!(words, [(marketing, no), (marketing, yes), (privacy, yes)]);
        let page = world.get(ASHA, &format!("{PATH}?limit=2")).await.is(200);
        let next = page["next_cursor"].as_str().unwrap();
        let rest = world.get(ASHA, &format!("{PATH}?limit=2&cursor={next}")).await.is(200);
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["items"][0]["purpose"]), (1, privacy));
        assert_eq!(world.get(BILAL, PATH).await.is(200)["items"], json!([]));
        world.running.stop().await;
    }

    async fn what_cannot_be_agreed_to_is_refused_and_a_repetition_is_one_word(db: db::Db) {
        let world = World::start(db).await;
        for (field, body) in [
            ("purpose", json!({"purpose": "everything", "version": "1", "granted": true})),
            ("version", json!({"purpose": "terms", "version": "", "granted": true})),
            ("version", json!({"purpose": "terms", "version": "a b", "granted": true})),
            ("granted", json!({"purpose": "terms", "version": "1"})),
        ] {
            let refused = world.post(ASHA, PATH, &body).await.problem(422, "request.field_invalid");
            assert_eq!(refused["field"], field);
        }
        let body = json!({"purpose": "terms", "version": "1", "granted": true});
        let under = |key: &str, body| {
            Reply::of(world.request(ASHA, "POST", PATH).header("Idempotency-Key", key).json(body))
        };
        let (first, again) = (under("k1", &body).await, under("k1", &body).await);
        assert_eq!((first.status, &first.body), (201, &again.body));
        let other = json!({"purpose": "terms", "version": "2", "granted": true});
        under("k1", &other).await.problem(422, "request.idempotency_mismatch");
        assert_eq!(world.get(ASHA, PATH).await.is(200)["items"].as_array().unwrap().len(), 1);
        world.running.stop().await;
    }
}
