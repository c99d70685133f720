//! Requests that are repeated, and rows that are somebody else's.

use serde_json::json;

use crate::client::{items, slots, text};
use crate::world::*;

on_both_databases! {
    async fn a_repeated_request_has_one_effect_also_after_a_restart(databases: Databases) {
        let world = World::start(databases).await;
        let offer = ashas_offer(&world).await;
        let farid = world.person("farid");
        let search = farid.discover().await;
        let init = json!({
            "transaction_id": search, "meter_id": meter("farid"), "bpp_id": offer.0, "offer_id": offer.1,
            "slots": slots(&[(FIRST, "2")]),
        });
        let mut other = init.clone();
        other["slots"][0]["quantity_kwh"] = json!("3");
        let first = farid.order("/api/init", &init, "init-1").await;
        let place = format!("/api/transactions/{search}");
        assert_eq!((first.status, first.header("location")), (202, Some(place.as_str())));
        let again = farid.order("/api/init", &init, "init-1").await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        let mismatch = (422, "request.idempotency_mismatch".to_owned());
        assert_eq!(farid.order("/api/init", &other, "init-1").await.refusal(), mismatch);
        // The key is one user's, and one route's.
        assert_eq!(world.person("esha").order("/api/discover", &json!({}), "init-1").await.status, 202);
        assert_eq!(farid.order("/api/discover", &json!({}), "init-1").await.refusal(), mismatch);
        farid.until(&search, &["offered"]).await;
        let confirm = json!({"transaction_id": search});
        let confirmed = farid.order("/api/confirm", &confirm, "confirm-1").await;
        assert_eq!(confirmed.status, 202);
        farid.until(&search, &["standing"]).await;
        let asha = world.person("asha");
        let wish = json!({
            "meter_id": meter("asha"), "slots": [{"start": SECOND, "quantity_kwh": "1", "price_inr": "5"}],
        });
        let listed = asha.order("/seller/offers", &wish, "list-1").await;
        assert_eq!(listed.status, 201);
        world.settled().await;

        let world = world.restart().await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        for (person, path, body, key, before) in [
            (&farid, "/api/init", &init, "init-1", &first),
            (&farid, "/api/confirm", &confirm, "confirm-1", &confirmed),
            (&asha, "/seller/offers", &wish, "list-1", &listed),
        ] {
            let after = person.order(path, body, key).await;
            assert_eq!((after.status, &after.body), (before.status, &before.body), "{path}");
        }
        assert_eq!(farid.order("/api/init", &other, "init-1").await.refusal(), mismatch);
        assert_eq!(items(&asha.get("/seller/offers").await.ok()).len(), 2);
        let (alpha, beta) = world.close().await;
        for action in ["init", "confirm"] {
            assert_eq!(beta.sent.iter().filter(|row| row.action == action).count(), 1, "{action}");
        }
        assert_eq!((alpha.of("seller").len(), beta.of("buyer").len()), (1, 1));
    }

    async fn nobody_sees_what_is_somebody_elses(databases: Databases) {
        let world = World::start(databases).await;
        let (offer, transaction) = farid_has_bought(&world).await;
        let mine = world.person("farid").get("/api/transactions").await.ok();
        assert_eq!(items(&mine).len(), 1);
        let missing = (404, "resource.not_found".to_owned());
        // Dev is on Farid's platform, Bilal and Chitra are on Asha's.
        for handle in ["dev", "esha", "bilal", "chitra"] {
            let other = world.person(handle);
            for path in ["/api/transactions", "/seller/orders", "/seller/offers"] {
                let rows = items(&other.get(path).await.ok());
                assert!(rows.is_empty(), "{handle} {path}: {rows:?}");
            }
            for path in [
                format!("/api/transactions/{transaction}"),
                format!("/api/transactions/{transaction}?side=seller"),
                format!("/api/transactions/{transaction}/offers"),
                format!("/api/transactions/{transaction}/events"),
                format!("/seller/orders/{transaction}"),
                format!("/seller/offers/{}", offer.1),
            ] {
                assert_eq!(other.get(&path).await.refusal(), missing, "{handle} {path}");
            }
            let reference = json!({"transaction_id": transaction});
            for path in ["confirm", "status", "cancel", "track", "support"] {
                let refused = other.post(&format!("/api/{path}"), &reference).await.refusal();
                assert_eq!(refused, missing, "{handle} {path}");
            }
            for path in ["cancel", "status"] {
                let path = format!("/seller/orders/{transaction}/{path}");
                assert_eq!(other.post(&path, &json!({})).await.refusal(), missing, "{handle} {path}");
            }
            let path = format!("/seller/offers/{}", offer.1);
            assert_eq!(other.patch(&path, &json!({"name": "mine"})).await.refusal(), missing, "{handle}");
            assert_eq!(other.delete(&path).await.refusal(), missing, "{handle}");
            let profile = other.get("/seller/profile").await.ok();
            let meters = profile["meters"].as_array().unwrap();
            assert_eq!(meters.iter().map(|m| text(m, "meter_id")).collect::<Vec<_>>(), [meter(handle)]);
        }
        // Each side sees its own side only.
        let farid = world.person("farid");
        assert_eq!(farid.get(&format!("/seller/orders/{transaction}")).await.refusal(), missing);
        let asha = world.person("asha");
        assert_eq!(asha.get(&format!("/api/transactions/{transaction}")).await.ok()["side"], "seller");
        let reference = json!({"transaction_id": transaction});
        assert_eq!(asha.post("/api/cancel", &reference).await.refusal(), missing);
        // Nobody knows Farid's search but Farid.
        assert_eq!(farid.found(&transaction).await.len(), 1);
        world.close().await;
    }
}
