//! `status`, `track`, `rate` and `support`.

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use beckn_wire::energy::messages;
use beckn_wire::json::Json;
use test_support::both_databases;
use wattmandi::buyer::{self, BuyerError, RateWish, StatusWish, SupportWish, TrackWish};
use wattmandi::contract::State;

use crate::world::{CONTRACT_ID, SELLER, World};

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn questions_need_a_contract_with_an_id(db: db::Db) {
        let world = World::new(db).await;
        let id = world.offered().await;
        let status = buyer::status(&world.p, &world.user, StatusWish { transaction_id: id.clone() }, None).await;
        assert_eq!(status.unwrap_err(), BuyerError::NotConfirmed);
        let other = World::add_user(&world.p, "bina", "TEST_METER_OTHER").await;
        let foreign = buyer::track(&world.p, &other, TrackWish { transaction_id: id }, None).await;
        assert_eq!(foreign.unwrap_err(), BuyerError::TransactionNotFound);
    }

    async fn status_asks_with_the_whole_contract(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        buyer::status(&world.p, &world.user, StatusWish { transaction_id: id.clone() }, None).await.unwrap();
        world.drain().await;
        let asked = world.last(Action::Status).unwrap();
        assert_eq!(asked.contract().id.as_deref(), Some(CONTRACT_ID));
        assert_eq!(asked.contract().participants.len(), 4);
        assert_eq!(asked.context("ttl").and_then(Json::as_str), Some("PT30S"));
        world.refuse(SELLER, Action::Status, ErrorCode::BizOrderNotFound, 1);
        buyer::status(&world.p, &world.user, StatusWish { transaction_id: id.clone() }, None).await.unwrap();
        world.drain().await;
        assert_eq!(world.kinds(&id).await.last().map(String::as_str), Some("status.refused"));
        assert_eq!(world.state(&id).await, State::Standing);
    }

    async fn answers_are_kept_beside_the_contract(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        buyer::track(&world.p, &world.user, TrackWish { transaction_id: id.clone() }, None).await.unwrap();
        buyer::support(&world.p, &world.user, SupportWish { transaction_id: id.clone() }, None).await.unwrap();
        world.refuse(SELLER, Action::Support, ErrorCode::BizSupportNotAvailable, 1);
        world.drain().await;
        let track = world.last(Action::Track).unwrap();
        let mut tracking = track.document.get("message").unwrap().clone();
        let url = "https://seller.example/track/1";
        tracking.as_object_mut().unwrap().get_mut("tracking").unwrap().as_object_mut().unwrap().set("url", url);
        let draft = world.draft(SELLER, Action::OnTrack, &track, tracking.clone());
        assert_eq!(world.send(SELLER, draft).await.1, "ACK");
        let unasked = world.last(Action::Confirm).unwrap();
        let draft = world.draft(SELLER, Action::OnTrack, &unasked, tracking);
        assert_eq!(world.send(SELLER, draft).await.1, "CTX_TRANSACTION_ID_UNKNOWN");

        let kept = buyer::exchanges(&world.p, &world.user, &id).await.unwrap();
        let track = kept.iter().find(|exchange| exchange.action == "track").unwrap();
        assert!(track.response.as_ref().unwrap().contains(url));
        let support = kept.iter().find(|exchange| exchange.action == "support").unwrap();
        assert_eq!(support.failure.as_ref().unwrap().code, "BIZ_SUPPORT_NOT_AVAILABLE");
        let kinds = world.kinds(&id).await;
        assert!(kinds.contains(&"track.answered".into()) && kinds.contains(&"support.refused".into()), "{kinds:?}");
    }

    async fn a_seller_is_rated_when_it_is_over(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let wish = |value| RateWish { transaction_id: id.clone(), value, comment: None };
        let early = buyer::rate(&world.p, &world.user, wish(5), None).await.unwrap_err();
        assert_eq!(early, BuyerError::State(State::Standing));
        for value in [0, 6, -1] {
            let refused = buyer::rate(&world.p, &world.user, wish(value), None).await.unwrap_err();
            assert!(matches!(refused, BuyerError::Field { field: "value", .. }));
        }
        let cancelled = messages::on_cancel(&world.confirmation());
        let mut request = world.last(Action::Confirm).unwrap();
        request.message_id = world.p.ids.uuid().to_string();
        let draft = world.draft(SELLER, Action::OnCancel, &request, cancelled.to_message());
        world.send(SELLER, draft).await;
        assert_eq!(world.state(&id).await, State::Cancelled);
        buyer::rate(&world.p, &world.user, wish(2), None).await.unwrap();
        world.drain().await;
        let rated = world.last(Action::Rate).unwrap();
        let value = rated.document.at(&["message", "ratingInputs", "0", "range", "value"]);
        assert_eq!(value.and_then(Json::as_number), Some("2"));
    }
}
