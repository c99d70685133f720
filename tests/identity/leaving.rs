//! Requests that were let in before an account was erased or locked, or a meter given up, and come to their end after
//! it: nothing is put on sale any more. Each is driven with what it had read before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use units::{Price, Span, WattHours};
use uuid::Uuid;
use wattmandi::contract::{Side, State};
use wattmandi::identity::admin;
use wattmandi::market::{Bounds, MarketError, NewOffer, NewSlot, Offer, SlotChange, service as market};
use wattmandi::metering::{self, Meter};
use wattmandi::network::normalize_meter;
use wattmandi::privacy::{marks, sweep};
use wattmandi::trust::{Side as TradeSide, Trade, service as trust};

use crate::erasure::{METER, ashas_session, erase_with, rows, run, score};
use crate::people::{PASSWORD, instance};
use crate::world::{ASHA, BILAL, Reply, TEN, World, slot};

const BILALS: &str = "TEST_METER_000222";

db::sql! {
    REVIVE = "UPDATE offers SET state = 'live' WHERE user_id = $1";
    STATES = "SELECT state FROM offers WHERE user_id = $1";
    VERIFIED = "UPDATE meters SET verified = $2 WHERE meter_key = $1";
    DOCUMENT = "INSERT INTO meter_documents (id, user_id, digest, pages, grade, model, bonus, checks, created_at) \
        VALUES ($1, $2, 'digest', 1, 'A', 'model', 'given', '[]', 0)";
    BONUS = "INSERT INTO meter_bonuses (meter_key, user_id, digest, document, at) VALUES ($1, $2, 'digest', $3, 0)";
    BONUSES = "SELECT meter_key FROM meter_bonuses";
}

/// The meter as a request has read it.
async fn meter(world: &World, id: &str) -> Meter {
    let key = normalize_meter(id);
    let read = world.participant.db.read(move |tx| {
        let key = key.clone();
        async move { metering::find_by_key(tx, &key).await }.boxed()
    });
    let found: Result<Option<Meter>, db::DbError> = read.await;
    found.unwrap().unwrap()
}

/// The transaction of a listing whose meter was read before.
async fn list(world: &World, meter: &Meter) -> Result<Offer, MarketError> {
    let p = world.participant.clone();
    let hour = NewSlot { slot: slot(TEN), price: Price::new(65_000), quantity: WattHours::new(1_000) };
    let new = NewOffer {
        id: p.ids.uuid(),
        publish_transaction_id: p.ids.uuid(),
        user_id: meter.user_id,
        name: "Roof".into(),
        slots: vec![hour],
    };
    let work = Arc::new((p.clone(), meter.clone(), new));
    let listed = p.db.write(move |tx| {
        let work = Arc::clone(&work);
        async move {
            let (p, meter, new) = &*work;
            let bounds = Bounds { rules: &p.settings.rules, trust: &p.settings.trust };
            market::list(tx, meter, new, bounds, p.market_now(), p.now()).await
        }
        .boxed()
    });
    listed.await
}

/// The same of a change of quantity.
async fn change(world: &World, meter: &Meter, offer: Uuid, wh: i64) -> Result<Offer, MarketError> {
    let p = world.participant.clone();
    let hour = SlotChange { slot: slot(TEN), price: None, quantity: Some(WattHours::new(wh)) };
    let work = Arc::new((p.clone(), meter.clone(), [hour]));
    let changed = p.db.write(move |tx| {
        let work = Arc::clone(&work);
        async move {
            let (p, meter, hours) = &*work;
            let bounds = Bounds { rules: &p.settings.rules, trust: &p.settings.trust };
            market::change(tx, meter, offer, None, hours, bounds, (p.market_now(), p.now())).await
        }
        .boxed()
    });
    changed.await
}

async fn lock(world: &World, user: Uuid, locked: bool) {
    let now = world.participant.now();
    let done = world
        .participant
        .db
        .write(move |tx| async move { admin::set_lock(tx, user, locked, now).await }.boxed());
    assert_eq!(done.await.unwrap().locked, locked);
}

/// A write whose body has come by half.
fn half_sent(world: &World, path: &str, body: &Value) -> (TcpStream, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: us\r\nConnection: close\r\nAuthorization: Bearer {ASHA}\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = TcpStream::connect(world.running.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.write_all(format!("{head}{}", &body[..1]).as_bytes()).unwrap();
    (socket, body[1..].to_owned())
}

/// The status of the answer to the whole.
async fn finished((mut socket, rest): (TcpStream, String)) -> u16 {
    let answer = tokio::task::spawn_blocking(move || {
        // A refusal may have come before the whole question.
        let _ = socket.write_all(rest.as_bytes());
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    let answer = answer.await.unwrap();
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {answer}")).parse().unwrap()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn nothing_is_put_on_sale_for_an_account_that_has_gone(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let asha = ashas_session(&world, &accounts).await;
        let offer: Uuid = world.offer().await["id"].as_str().unwrap().parse().unwrap();
        let before = meter(&world, METER).await;
        assert!(before.verified);
        erase_with(&world, &asha, &json!({"password": PASSWORD})).await.is(200);
        assert_eq!(list(&world, &before).await, Err(MarketError::MeterNotFound));
        assert_eq!(change(&world, &before, offer, 6_000).await, Err(MarketError::MeterNotFound));
        let states = || async {
            let rows = rows(&world, &STATES, vec![world.asha.id.into()]).await;
            rows.iter().map(|row| row.get::<String>("state").unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(states().await, ["withdrawn"]);
        assert_eq!(wattmandi::seller::publish(&world.participant).await.unwrap(), 1);
        // One that was left on sale all the same is withdrawn with the rest, and the catalog is told.
        assert_eq!(run(&world, &REVIVE, vec![world.asha.id.into()]).await, 1);
        world.clock.advance(Span::from_minutes(11));
        assert_eq!(sweep::sweep(&world.participant).await.unwrap(), 1);
        assert_eq!(states().await, ["withdrawn"]);
        assert_eq!(wattmandi::seller::publish(&world.participant).await.unwrap(), 1);
        world.running.stop().await;
    }

    async fn nor_of_a_meter_that_is_given_up_or_not_verified_nor_for_a_locked_account(db: db::Db) {
        let world = World::start(db).await;
        let before = meter(&world, METER).await;
        let given_up = Reply::of(world.request(ASHA, "DELETE", &format!("/users/me/meters/{METER}"))).await;
        assert_eq!(given_up.status, 204, "{}", given_up.text());
        assert_eq!(list(&world, &before).await, Err(MarketError::MeterNotFound));

        let before = meter(&world, BILALS).await;
        let offer = list(&world, &before).await.unwrap();
        run(&world, &VERIFIED, vec![before.meter_key.as_str().into(), false.into()]).await;
        assert_eq!(list(&world, &before).await, Err(MarketError::MeterUnverified));
        assert_eq!(change(&world, &before, offer.id, 1_500).await, Err(MarketError::MeterUnverified));
        change(&world, &before, offer.id, 500).await.unwrap();
        run(&world, &VERIFIED, vec![before.meter_key.as_str().into(), true.into()]).await;
        change(&world, &before, offer.id, 1_500).await.unwrap();

        lock(&world, before.user_id, true).await;
        assert_eq!(list(&world, &before).await, Err(MarketError::AccountLocked));
        assert_eq!(change(&world, &before, offer.id, 2_000).await, Err(MarketError::AccountLocked));
        lock(&world, before.user_id, false).await;
        list(&world, &before).await.unwrap();
        world.running.stop().await;
    }

    async fn bad_trust_and_the_bonus_stay_with_a_meter_that_is_given_up(db: db::Db) {
        let world = World::start(db.clone()).await;
        let accounts = instance(&world);
        let (p, user, key) = (world.participant.clone(), world.asha.id, normalize_meter(METER));
        let (config, now) = (p.settings.trust, p.now());
        let contract = world.contract(Side::Seller, State::Cancelled, "broken").await;
        let trade = Trade { contract: contract.id, side: TradeSide::Seller };
        let lost = db.write(move |tx| {
            async move { trust::apply_cancellation(tx, &config, user, trade, now).await }.boxed()
        });
        lost.await.unwrap();
        let bad = score(&world, user).await;
        assert!(bad < config.default_score);
        let document = p.ids.uuid();
        run(&world, &DOCUMENT, vec![document.into(), user.into()]).await;
        run(&world, &BONUS, vec![key.as_str().into(), user.into(), document.into()]).await;

        let given_up = Reply::of(world.request(ASHA, "DELETE", &format!("/users/me/meters/{METER}"))).await;
        assert_eq!(given_up.status, 204, "{}", given_up.text());
        let profile = world.get(BILAL, "/seller/profile").await.is(200);
        let bilal: Uuid = profile["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(score(&world, bilal).await, config.default_score);
        let claimed = key.clone();
        let inherited = db.write(move |tx| {
            let (accounts, meter) = (accounts.clone(), claimed.clone());
            async move { marks::inherit(tx, (&accounts, &config), bilal, &meter, now).await }.boxed()
        });
        inherited.await.unwrap();
        assert_eq!(score(&world, bilal).await, bad);
        // Who gave it up gets it back as he is now.
        let earning = db.write(move |tx| {
            async move { trust::apply_meter_bonus(tx, &config, user, now).await }.boxed()
        });
        earning.await.unwrap();
        let (earned, claimed) = (score(&world, user).await, key.clone());
        assert!(earned > bad);
        let back = instance(&world);
        let again = db.write(move |tx| {
            let (accounts, meter) = (back.clone(), claimed.clone());
            async move { marks::inherit(tx, (&accounts, &config), user, &meter, now).await }.boxed()
        });
        again.await.unwrap();
        assert_eq!(score(&world, user).await, earned);
        // Whoever has the meter now finds that it has had its bonus.
        let bonuses = rows(&world, &BONUSES, vec![]).await;
        let bonuses: Vec<String> = bonuses.iter().map(|row| row.get("meter_key").unwrap()).collect();
        assert_eq!(bonuses, [key]);
        world.running.stop().await;
    }

    async fn a_write_that_ends_after_its_account_is_no_failure_of_ours(db: db::Db) {
        let world = World::start(db).await;
        let accounts = instance(&world);
        let asha = ashas_session(&world, &accounts).await;
        let hour = json!({"start": TEN, "quantity_kwh": "1", "price_inr": "6.50"});
        let offer = half_sent(&world, "/seller/offers", &json!({"meter_id": METER, "slots": [hour]}));
        let others = [
            ("/users/me/account/top-ups", json!({"amount_inr": "10.00"})),
            ("/auth/tokens", json!({"name": "late", "scopes": ["read"]})),
            ("/users/me/consents", json!({"purpose": "terms", "version": "1", "granted": true})),
            ("/api/discover", json!({})),
        ];
        let others = others.map(|(path, body)| (path, half_sent(&world, path, &body)));
        erase_with(&world, &asha, &json!({"password": PASSWORD})).await.is(200);
        let status = finished(offer).await;
        assert!([401, 404].contains(&status), "{status}");
        for (path, sent) in others {
            let status = finished(sent).await;
            assert!(status < 500, "{path}: {status}");
        }
        assert_eq!(rows(&world, &STATES, vec![world.asha.id.into()]).await.len(), 0);
        world.running.stop().await;
    }
}
