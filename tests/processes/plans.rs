//! A plan under way whose platform, or whose seller's, ends with `kill -9` between any two steps: it ends as without the
//! kill, nothing is half-reserved and nothing is bought twice.

use std::time::Duration;

use serde_json::{Value, json};
use units::{DeliverySlot, Span, Timestamp};

use crate::client::{eventually, slots, text};
use crate::network::{Network, Platform, SELLER_METER, buyer_meter};

db::sql! {
    PART_STATES = "SELECT p.state AS plan, q.state AS part FROM plans p JOIN plan_parts q ON q.plan_id = p.id \
        WHERE p.id = $1";
}

/// When a platform is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Confirmed,
    PartsAre(&'static str),
    PlanIs(&'static str),
}

/// Kills the buyer's platform as soon as the plan is so far.
async fn kill_at(platform: &mut Platform, plan: &str, moment: Moment) {
    let db = platform.database().await;
    for _ in 0..2_000 {
        let plan = plan.to_owned();
        let read = db.read(move |tx| {
            let plan = plan.clone();
            Box::pin(async move { tx.query(&PART_STATES, &db::params![&plan]).await })
        });
        let rows: Result<Vec<db::Row>, db::DbError> = read.await;
        let rows = rows.unwrap();
        let any =
            |column: &str, state: &str| rows.iter().any(|row| row.get::<String>(column).unwrap() == state);
        let now = match moment {
            Moment::Confirmed => true,
            Moment::PartsAre(state) => any("part", state),
            Moment::PlanIs(state) => any("plan", state),
        };
        if now || any("plan", "standing") {
            break;
        }
        node::pause(Duration::from_millis(1)).await;
    }
    platform.process.kill();
    db.close().await;
    platform.process.spawn();
    platform.ready().await;
}

async fn state(network: &Network, path: &str) -> Result<Value, String> {
    let plan = network.buyer(0).try_get(path).await.map_err(|error| error.to_string())?;
    Ok(plan.ok())
}

on_both_databases! {
    async fn a_plan_ends_as_without_the_kill(databases: Databases) {
        let mut network = Network::start(&databases, 1).await;
        let first = network.slot.clone();
        let start = DeliverySlot::containing(Timestamp::parse_rfc3339(&first).unwrap()).start();
        let second = start.saturating_add(Span::from_hours(1)).to_rfc3339();
        // Two offers, so that each plan has two parts.
        let one = network.list().await.1;
        let other = network.seller().list(SELLER_METER, &[(second.as_str(), "10", "5")]).await;
        let moments = [
            Moment::Confirmed,
            Moment::PartsAre("reserving"),
            Moment::PartsAre("reserved"),
            Moment::PlanIs("confirming"),
        ];
        for moment in moments {
            let buyer = network.buyer(0);
            let wish = json!({
                "transaction_id": buyer.discover().await, "meter_id": buyer_meter(0), "whole": true,
                "slots": slots(&[(first.as_str(), "1"), (second.as_str(), "1")]),
            });
            let plan = buyer.post("/api/plans", &wish).await.ok();
            assert_eq!((plan["state"].as_str(), plan["parts"].as_array().unwrap().len()), (Some("proposed"), 2));
            let path = format!("/api/plans/{}", text(&plan, "plan_id"));
            let key = clock::Ids::system().uuid().to_string();
            buyer.order(&format!("{path}/confirm"), &json!({}), &key).await.ok();
            kill_at(&mut network.beta, &text(&plan, "plan_id"), moment).await;
            if matches!(moment, Moment::PartsAre("reserved")) {
                network.alpha.process.kill();
                network.alpha.process.spawn();
                network.alpha.ready().await;
            }
            let done = eventually("a plan that stands", || async {
                let plan = state(&network, &path).await?;
                if plan["state"] == "standing" { Ok(plan) } else { Err(plan.to_string()) }
            })
            .await;
            assert_eq!(done["secured"]["quantity_kwh"], "2", "{moment:?}");
            for part in done["parts"].as_array().unwrap() {
                network.buyer(0).until(&text(part, "transaction_id"), &["standing"]).await;
            }
        }
        network.settle().await;
        for offer in [&one, &other] {
            assert_eq!(network.seller().stock(offer).await, ["10", "0", "4"]);
        }
        let (seller, buyer) = network.close().await;
        let bought: Vec<&str> = buyer.of("buyer").iter().map(|contract| contract.state.as_str()).collect();
        assert_eq!(bought, ["standing"; 8]);
        assert_eq!(seller.of("seller").len(), 8);
    }
}
