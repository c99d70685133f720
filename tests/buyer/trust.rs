//! What our buyer may ask for in a month, and who pays in trust when a contract is called off (rulings 17, 23).

use beckn_wire::action::Action;
use beckn_wire::energy::{Column, messages};
use test_support::both_databases;
use units::WattHours;
use wattmandi::buyer::{self, InitWish, Purchase};
use wattmandi::contract::State;
use wattmandi::error::{Code, Coded};
use wattmandi::trust::{Capacity, service};

use crate::world::*;

impl World {
    /// The user draws so many kWh in a month, of which a newcomer may buy a tenth.
    async fn declares(&self, kwh: i64) {
        let capacity = Capacity { consumption: Some(WattHours::new(kwh * 1_000)), ..Capacity::default() };
        let (user, config, now) = (self.user.id, self.p.settings.trust, self.p.now());
        let declared = self.p.db.write(move |tx| {
            Box::pin(async move { service::declare(tx, &config, user, &capacity, now).await })
        });
        declared.await.unwrap();
    }

    /// The score, and what is bought of this month, Wh.
    async fn standing_of_user(&self) -> (String, i64) {
        let (user, config) = (self.user.id, self.p.settings.trust);
        let read = self.p.db.read(move |tx| {
            Box::pin(async move { service::standing(tx, &config, user, slot(10).ist_month()).await })
        });
        let standing = read.await.unwrap();
        (standing.score.to_string(), standing.purchase.months[0].used.get())
    }
}

both_databases! {
    migrations = [
        (node::COMPONENT, node::MIGRATIONS),
        (wattmandi::COMPONENT, wattmandi::MIGRATIONS),
    ];

    async fn a_purchase_beyond_the_months_limit_is_refused(db: db::Db) {
        let world = World::new(db).await;
        world.declares(30).await;
        let first = world.offered().await;
        assert_eq!(world.standing_of_user().await.1, 2_000);
        let id = world.quoted(&[(11, 2_000)], 1_200).await;
        let refused = buyer::init(&world.p, &world.user, world.init_wish(&id), None).await.unwrap_err();
        assert_eq!((refused.code(), refused.remaining_kwh().as_deref()), (Code::TrustLimitExceeded, Some("1")));
        assert!(refused.next_step().unwrap().contains("Bronze"), "{refused}");
        assert_eq!((world.state(&id).await, world.count(Action::Init)), (State::Quoted, 1));
        assert_eq!((world.bought().await, world.standing_of_user().await.1), (2_000, 2_000));
        // Dropped, the first leaves room for the second; dropping what was never confirmed costs nothing.
        let drop = buyer::CancelWish { transaction_id: first, reason: None };
        buyer::cancel(&world.p, &world.user, drop, None).await.unwrap();
        assert_eq!(world.standing_of_user().await, ("0.3".to_owned(), 0));
        buyer::init(&world.p, &world.user, world.init_wish(&id), None).await.unwrap();
        assert_eq!(world.standing_of_user().await.1, 2_000);
    }

    async fn the_months_limit_holds_in_a_race(db: db::Db) {
        let world = World::new(db).await;
        world.declares(30).await;
        let mut race = Vec::new();
        for n in 0..10 {
            let slots = wishes(&[(10 + n % 2, 1_000)]);
            let purchase = Purchase { bpp_id: SELLER.into(), offer_id: "offer-1".into(), slots };
            let transaction_id = world.discovered().await.transaction_id;
            let wish = InitWish { transaction_id, meter_id: METER.into(), purchase: Some(purchase) };
            let (p, user) = (world.p.clone(), world.user.clone());
            race.push(async move { buyer::init(&p, &user, wish, None).await });
        }
        let mut bought = 0;
        for outcome in futures_util::future::join_all(race.into_iter().map(tokio::spawn)).await {
            match outcome.unwrap() {
                Ok(_) => bought += 1,
                Err(error) => assert_eq!(error.code(), Code::TrustLimitExceeded, "{error}"),
            }
        }
        assert_eq!((bought, world.standing_of_user().await.1), (3, 3_000));
    }

    async fn a_confirmation_that_we_call_off_is_no_breach_of_ours(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        let mut more = world.confirmation();
        more.series_mut().unwrap().set_energy(0, &Column::RequestedQty, WattHours::new(9_000)).unwrap();
        assert_eq!(world.answer(Action::Confirm, &more).await, "ACK");
        world.preview_and_cancel(&more).await;
        assert_eq!(world.state(&id).await, State::Cancelled);
        assert_eq!(world.standing_of_user().await, ("0.3".to_owned(), 0));
    }

    async fn a_seller_who_cancels_costs_the_buyer_nothing(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let request = world.last(Action::Confirm).unwrap();
        let cancelled = messages::on_cancel(&world.confirmation());
        let mut draft = world.draft(SELLER, Action::OnCancel, &request, cancelled.to_message());
        draft.message_id = world.p.ids.uuid().to_string();
        assert_eq!(world.send(SELLER, draft).await.1, "ACK");
        world.drain().await;
        assert_eq!(world.state(&id).await, State::Cancelled);
        assert_eq!(world.standing_of_user().await, ("0.3".to_owned(), 0));
    }
}
