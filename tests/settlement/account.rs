//! The account as its user sees it, and money to and from the bank.

use std::sync::Mutex;

use db::DbError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use test_support::both_databases;
use units::{Paise, Span};
use wattmandi::contract::{Side, State};
use wattmandi::settlement::{self, Order, PaymentState, Payments, Refused};

use crate::lifecycle::{result, settle};
use crate::world::{ASHA, BILAL, Reply, World};

async fn account(world: &World, token: &str) -> Value {
    world.get(token, "/users/me/account").await.is(200)
}

/// A bank that is silent at first, and remembers its orders.
#[derive(Default)]
struct SlowBank {
    orders: Mutex<Vec<Order>>,
}

impl Payments for SlowBank {
    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Result<String, Refused>, DbError>> {
        let mut orders = self.orders.lock().unwrap();
        orders.push(order);
        let answer = match orders.len() {
            1 => Err(DbError::Closed),
            _ => Ok(Ok("UTR-1".to_owned())),
        };
        std::future::ready(answer).boxed()
    }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn money_comes_and_goes_once_for_each_key(db: db::Db) {
        let world = World::start(db).await;
        let fresh = account(&world, ASHA).await;
        assert_eq!(fresh, json!({"currency": "INR", "balance_inr": "0.00", "held_inr": "0.00",
            "credit_limit_inr": "100000.00", "available_inr": "100000.00", "arrears_inr": "0.00"}));
        let pay = |path: &str, key: &str, amount: Value| {
            let ask = world.request(ASHA, "POST", &format!("/users/me/account/{path}"));
            Reply::of(ask.header("Idempotency-Key", key).json(&json!({"amount_inr": amount})))
        };
        let first = pay("top-ups", "k-1", json!("500.00")).await;
        let again = pay("top-ups", "k-1", json!("500.00")).await;
        let paid = first.is(201);
        assert_eq!((&paid["state"], &paid["kind"], &paid["amount_inr"]), (&json!("paid"), &json!("top_up"), &json!("500.00")));
        assert!(paid["reference"].as_str().unwrap().starts_with("UPI"));
        assert_eq!((again.status, again.body), (201, first.body));
        pay("top-ups", "k-1", json!("501")).await.problem(422, "request.idempotency_mismatch");
        assert_eq!(account(&world, ASHA).await["balance_inr"], "500.00");
        let many = futures_util::future::join_all((0..6).map(|_| pay("withdrawals", "k-2", json!("200")))).await;
        assert!(many.iter().all(|reply| matches!(reply.status, 201 | 202)), "{many:?}");
        let after = account(&world, ASHA).await;
        assert_eq!((&after["balance_inr"], &after["held_inr"]), (&json!("300.00"), &json!("0.00")));
        // Nothing is paid out on credit.
        let beyond = pay("withdrawals", "k-3", json!("300.01")).await;
        assert_eq!(beyond.problem(409, "account.withdrawal_exceeded")["field"], "amount_inr");
        for wrong in [json!("0"), json!("-1"), json!("0.001"), json!(1.5), json!("1000000.01"), json!(null)] {
            let refused = pay("top-ups", &format!("k-{wrong}").replace('"', ""), wrong.clone()).await;
            assert_eq!(refused.problem(422, "request.field_invalid")["field"], "amount_inr", "{wrong}");
        }
        // The bank moves one lakh at once.
        assert_eq!(pay("top-ups", "k-4", json!("100000.01")).await.is(201)["state"], "refused");
        assert_eq!(account(&world, ASHA).await["balance_inr"], "300.00");
        assert_eq!(account(&world, BILAL).await["balance_inr"], "0.00");
        world.running.stop().await;
    }

    async fn a_payment_that_was_left_is_ended_once(db: db::Db) {
        let world = World::start(db).await;
        let (p, bank, user) = (&world.participant, SlowBank::default(), world.asha.id);
        let left = settlement::top_up(p, &bank, user, Paise::new(700), None).await.unwrap();
        assert_eq!((left.state, left.reference), (PaymentState::Pending, None));
        assert_eq!(account(&world, ASHA).await["balance_inr"], "0.00");
        assert_eq!(settlement::finish_payments(p, &bank).await, Ok(0), "it has just begun");
        world.clock.advance(Span::from_minutes(2));
        assert_eq!(settlement::finish_payments(p, &bank).await, Ok(1));
        assert_eq!(settlement::finish_payments(p, &bank).await, Ok(0));
        assert_eq!(account(&world, ASHA).await["balance_inr"], "7.00");
        let orders = bank.orders.lock().unwrap().clone();
        assert_eq!((orders.len(), orders[0]), (2, orders[1]), "the same order is asked for again");
        world.running.stop().await;
    }

    async fn a_withdrawal_is_held_until_it_has_its_end(db: db::Db) {
        let world = World::start(db).await;
        let (p, user) = (&world.participant, world.asha.id);
        settlement::top_up(p, &settlement::SimulatedBank, user, Paise::new(1_000), None).await.unwrap();
        let bank = SlowBank::default();
        settlement::withdraw(p, &bank, user, Paise::new(800), None).await.unwrap();
        let during = account(&world, ASHA).await;
        assert_eq!((&during["balance_inr"], &during["held_inr"]), (&json!("10.00"), &json!("8.00")));
        let twice = settlement::withdraw(p, &bank, user, Paise::new(800), None).await;
        assert_eq!(twice.unwrap_err().to_string(), "2.00 INR can be withdrawn");
        world.clock.advance(Span::from_minutes(2));
        assert_eq!(settlement::finish_payments(p, &bank).await, Ok(1));
        let after = account(&world, ASHA).await;
        assert_eq!((&after["balance_inr"], &after["held_inr"]), (&json!("2.00"), &json!("0.00")));
        let audit = p.db.read(|tx| settlement::audit(tx).boxed()).await.unwrap();
        assert!(audit.holds(), "{audit:?}");
        world.running.stop().await;
    }

    async fn the_journal_comes_in_pages(db: db::Db) {
        let world = World::start(db).await;
        let bought = world.contract(Side::Buyer, State::Standing, "t-1").await;
        for amount in 1..=4 {
            world.clock.advance(Span::from_secs(1));
            world.post(ASHA, "/users/me/account/top-ups", &json!({"amount_inr": format!("{amount}")})).await.is(201);
        }
        world.clock.advance(Span::from_secs(1));
        settle(&world, &result(&bought, 1, &[(1_250, 1_250, 1_250), (2_000, 2_000, 2_000)], 0)).await.unwrap();
        let (mut path, mut seen) = ("/users/me/account/journal?limit=2".to_owned(), Vec::new());
        loop {
            let page = world.get(ASHA, &path).await.is(200);
            seen.extend(page["items"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/users/me/account/journal?limit=2&cursor={cursor}");
        }
        let amounts: Vec<&str> = seen.iter().map(|entry| entry["amount_inr"].as_str().unwrap()).collect();
        assert_eq!(amounts, ["-20.13", "4.00", "3.00", "2.00", "1.00"]);
        assert_eq!((&seen[0]["kind"], &seen[0]["transaction_id"]), (&json!("settlement"), &json!("t-1")));
        assert_eq!(world.get(BILAL, "/users/me/account/journal").await.is(200)["items"], json!([]));
        world.get(ASHA, "/users/me/account/journal?limit=0").await.problem(422, "request.field_invalid");
        world.running.stop().await;
    }
}
