//! What a purchase holds of its buyer's account, and for how long.

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use futures_util::future::join_all;
use test_support::both_databases;
use units::{Paise, Span};
use wattmandi::buyer::{self, CancelWish, ConfirmWish};
use wattmandi::contract::State;
use wattmandi::error::{Code, Coded};
use wattmandi::settlement::{self, Overview};

use crate::world::{SELLER, World};

impl World {
    async fn money(&self) -> Overview {
        let (user, limit) = (self.user.id, self.p.settings.credit_limit);
        let read =
            self.p.db.read(move |tx| Box::pin(async move { settlement::overview(tx, user, limit).await }));
        read.await.unwrap()
    }

    async fn held(&self) -> i64 {
        self.money().await.held.get()
    }

    async fn give_credit(&self, limit: i64) {
        let (user, now) = (self.user.id, self.p.now());
        let given = self.p.db.write(move |tx| {
            Box::pin(async move { settlement::open_user(tx, user, Paise::new(limit), now).await })
        });
        assert_eq!(given.await, Ok(Paise::new(limit)));
    }
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn a_confirm_needs_the_money(db: db::Db) {
        let world = World::new(db).await;
        let id = world.offered().await;
        assert_eq!(world.held().await, 0, "nothing is held before confirm");
        // 2 kWh at 5 INR.
        world.give_credit(999).await;
        let wish = || ConfirmWish { transaction_id: id.clone() };
        let refused = buyer::confirm(&world.p, &world.user, wish(), None).await.unwrap_err();
        assert_eq!((refused.code(), refused.to_string().as_str()),
            (Code::CreditExceeded, "9.99 INR are available, 10.00 INR are needed"));
        world.drain().await;
        assert_eq!((world.count(Action::Confirm), world.state(&id).await), (0, State::Offered));
        world.give_credit(1_000).await;
        buyer::confirm(&world.p, &world.user, wish(), None).await.unwrap();
        world.drain().await;
        assert_eq!((world.count(Action::Confirm), world.held().await), (1, 1_000));
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        assert_eq!((world.state(&id).await, world.held().await), (State::Standing, 1_000));
    }

    async fn a_refusal_gives_it_back(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        assert_eq!(world.held().await, 1_000);
        assert_eq!(world.fail(Action::Confirm, ErrorCode::BizFulfillmentUnavailable).await, "ACK");
        assert_eq!((world.state(&id).await, world.held().await), (State::Rejected, 0));
    }

    async fn a_confirm_that_is_refused_at_the_door_gives_it_back(db: db::Db) {
        let world = World::new(db).await;
        world.refuse(SELLER, Action::Confirm, ErrorCode::BizQuoteExpiredOrChanged, 1);
        let id = world.confirming().await;
        assert_eq!((world.state(&id).await, world.held().await), (State::Rejected, 0));
    }

    async fn the_gate_gives_it_back(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        world.clock.advance(Span::from_hours(7));
        buyer::expire(&world.p).await.unwrap();
        assert_eq!((world.state(&id).await, world.held().await), (State::Expired, 0));
    }

    async fn twenty_cancellations_give_it_back_once(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let wish = || CancelWish { transaction_id: id.clone(), reason: None };
        let asked = join_all((0..20).map(|_| buyer::cancel(&world.p, &world.user, wish(), None))).await;
        assert!(asked.iter().any(Result::is_ok), "{asked:?}");
        world.drain().await;
        assert_eq!(world.held().await, 1_000, "until the seller has cancelled");
        let confirmed = world.confirmation();
        world.preview_and_cancel(&confirmed).await;
        assert_eq!((world.state(&id).await, world.held().await), (State::Cancelled, 0));
        let user = world.user.id;
        let read = world.p.db.read(move |tx| Box::pin(async move { settlement::entries(tx, user, None, None, 100).await }));
        let kinds: Vec<&str> = read.await.unwrap().iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["release", "hold"]);
    }
}
