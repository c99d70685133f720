//! Cancellations, withdrawals and changes of a confirmed contract.

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Column, Contract, messages};
use beckn_wire::json::Json;
use beckn_wire::signature::Digest;
use test_support::both_databases;
use units::{Span, WattHours};
use wattmandi::buyer::{self, BuyerError, CancelWish, UpdateWish};
use wattmandi::contract::{LedgerState, Party, State};
use wattmandi::error::{Code, Coded};

use crate::world::{LEDGER, SELLER, Sent, World, slot, wishes};

impl World {
    fn cancel_wish(&self, id: &str) -> CancelWish {
        CancelWish { transaction_id: id.to_owned(), reason: Some("the guests do not come".into()) }
    }

    /// The seller answers the preview that came, and the commit that follows must name it. Gives the commit.
    async fn preview(&self, action: Action, preview: &Contract) -> Sent {
        let request = self.last(action).unwrap();
        assert_eq!(request.context("try").and_then(Json::as_bool), Some(true));
        let mut draft = self.draft(SELLER, action.callback().unwrap(), &request, preview.to_message());
        draft.try_ = true;
        let (body, verdict) = self.send(SELLER, draft).await;
        assert_eq!(verdict, "ACK");
        let commit = self.last(action).unwrap();
        assert_ne!(commit.message_id, request.message_id);
        assert_eq!(commit.context("try"), None);
        let named =
            commit.context("requestDigest").and_then(|digest| digest.get("digest")).and_then(Json::as_str);
        assert_eq!(named, Some(Digest::of(&body).labeled().as_str()));
        commit
    }

    /// The seller previews and then cancels what was asked to be cancelled.
    pub async fn preview_and_cancel(&self, contract: &Contract) {
        let cancelled = messages::on_cancel(contract);
        self.preview(Action::Cancel, &cancelled).await;
        assert_eq!(self.answer(Action::Cancel, &cancelled).await, "ACK");
    }
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn a_buyer_cancels_by_preview_and_commit(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let accepted = buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap();
        assert_eq!(accepted.state, "standing");
        world.drain().await;
        let asked = world.last(Action::Cancel).unwrap();
        let reason = asked.document.at(&["message", "contract", "descriptor", "shortDesc"]);
        assert_eq!(reason.and_then(Json::as_str), Some("the guests do not come"));

        let cancelled = messages::on_cancel(&world.confirmation());
        let commit = world.preview(Action::Cancel, &cancelled).await;
        assert_eq!(commit.document.get("message"), asked.document.get("message"), "what was previewed is committed");
        assert_eq!((world.state(&id).await, world.bought().await), (State::Standing, 2_000), "a preview changes nothing");
        assert!(buyer::change_under_way(&world.p, &world.user, &id).await.unwrap());
        let twice = buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap_err();
        assert_eq!(twice, BuyerError::ChangeUnderWay);

        world.refuse(LEDGER, Action::OnCancel, ErrorCode::NetOverloaded, 1);
        assert_eq!(world.answer(Action::Cancel, &cancelled).await, "ACK");
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Cancelling, LedgerState::Withdrawing));
        assert_eq!((contract.cancelled_by, world.bought().await), (Some(Party::Buyer), 0));
        assert!(!buyer::change_under_way(&world.p, &world.user, &id).await.unwrap());
        world.clock.advance(Span::from_secs(10));
        world.drain().await;
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Cancelled, LedgerState::Withdrawn));
        let told = world.last(Action::OnCancel).unwrap().contract();
        assert_eq!(told.status.as_deref(), Some("CANCELLED"));
    }

    async fn a_cancellation_has_its_time(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        world.clock.advance(Span::from_minutes(31));
        let late = buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap_err();
        assert_eq!(late.code(), Code::CancelWindowClosed);
        world.clock.set(slot(6).start());
        let late = buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap_err();
        assert_eq!(late.code(), Code::GateClosed);
        // Nor may the seller cancel now.
        let cancelled = messages::on_cancel(&world.confirmation());
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        let request = world.last(Action::Confirm).unwrap();
        let draft = world.draft(SELLER, Action::OnCancel, &request, cancelled.to_message());
        assert_eq!(world.send(SELLER, draft).await.1, "POL_CANCELLATION_NOT_ALLOWED");
        assert_eq!((world.state(&id).await, world.count(Action::Cancel)), (State::Standing, 0));
    }

    async fn a_refused_cancellation_leaves_the_contract(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        world.refuse(SELLER, Action::Cancel, ErrorCode::PolCancellationNotAllowed, 1);
        buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap();
        world.drain().await;
        let failure = world.failure(&id).await;
        assert_eq!((world.state(&id).await, failure.as_str()), (State::Standing, "POL_CANCELLATION_NOT_ALLOWED"));
        assert!(world.kinds(&id).await.contains(&"contract.cancel_refused".to_owned()));
        assert_eq!(world.bought().await, 2_000);
        // It can be tried again.
        buyer::cancel(&world.p, &world.user, world.cancel_wish(&id), None).await.unwrap();
        world.drain().await;
        world.preview_and_cancel(&world.confirmation()).await;
        assert_eq!(world.state(&id).await, State::Cancelled);
    }

    async fn a_seller_cancels_unasked(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let mut request = world.last(Action::Confirm).unwrap();
        request.message_id = world.p.ids.uuid().to_string();
        let active = world.draft(SELLER, Action::OnCancel, &request, world.confirmation().to_message());
        assert_eq!(world.send(SELLER, active).await.1, "BIZ_INVALID_STATE_TRANSITION");
        let mut foreign = messages::on_cancel(&world.confirmation());
        foreign.id = Some("0195e0a0-7000-7000-8000-000000000009".into());
        let foreign = world.draft(SELLER, Action::OnCancel, &request, foreign.to_message());
        assert_eq!(world.send(SELLER, foreign).await.1, "BIZ_ORDER_NOT_FOUND");

        let cancelled = messages::on_cancel(&world.confirmation());
        let draft = world.draft(SELLER, Action::OnCancel, &request, cancelled.to_message());
        assert_eq!(world.send(SELLER, draft).await.1, "ACK");
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.cancelled_by), (State::Cancelled, Some(Party::Seller)));
        assert_eq!((contract.ledger, world.bought().await), (LedgerState::Withdrawn, 0));
    }

    async fn what_is_not_confirmed_is_simply_dropped(db: db::Db) {
        let world = World::new(db).await;
        let offered = world.offered().await;
        let reserving = world.reserving().await;
        assert_eq!(world.bought().await, 4_000);
        for (id, state) in [(&offered, State::Cancelled), (&reserving, State::Expired)] {
            buyer::cancel(&world.p, &world.user, world.cancel_wish(id), None).await.unwrap();
            assert_eq!(world.state(id).await, state);
        }
        world.drain().await;
        assert_eq!((world.bought().await, world.count(Action::Cancel)), (0, 0));
        assert_eq!(world.answer(Action::Init, &world.terms()).await, "ACK", "late");
        assert_eq!(world.state(&reserving).await, State::Expired);
    }

    async fn a_ledger_that_refuses_undoes_the_trade(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        world.refuse(LEDGER, Action::OnConfirm, ErrorCode::PolEligibilityNotMet, 10);
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        for _ in 0..3 {
            assert_eq!(world.state(&id).await, State::Recording, "a refused callback is tried again");
            world.clock.advance(Span::from_secs(30));
            world.drain().await;
        }
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Cancelling, LedgerState::Refused));
        assert_eq!(contract.failure.as_ref().unwrap().code, "POL_ELIGIBILITY_NOT_MET");
        assert_eq!(contract.cancelled_by, Some(Party::Ledger));
        world.preview_and_cancel(&world.confirmation()).await;
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Cancelled, LedgerState::Withdrawn));
        assert_eq!(world.count(Action::OnCancel), 1, "its ACK may have been lost");
        assert_eq!(world.bought().await, 0);
        assert!(!world.kinds(&id).await.contains(&"contract.standing".to_owned()));
    }

    async fn a_confirmation_after_a_refusal_is_called_off(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        world.fail(Action::Confirm, ErrorCode::BizQuoteExpiredOrChanged).await;
        assert_eq!(world.state(&id).await, State::Rejected);
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        assert!(world.kinds(&id).await.contains(&"contract.confirmed_late".to_owned()));
        world.preview_and_cancel(&world.confirmation()).await;
        assert_eq!(world.state(&id).await, State::Rejected, "what the user was told stays");
        assert_eq!((world.count(Action::Cancel), world.bought().await), (2, 0));
        assert_eq!((world.count(Action::OnConfirm), world.count(Action::OnCancel)), (0, 0));
    }

    async fn a_seller_that_keeps_it_makes_it_a_dispute(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        world.refuse(LEDGER, Action::OnConfirm, ErrorCode::PolEligibilityNotMet, 10);
        world.refuse(SELLER, Action::Cancel, ErrorCode::PolCancellationNotAllowed, 1);
        world.answer(Action::Confirm, &world.confirmation()).await;
        for _ in 0..3 {
            world.clock.advance(Span::from_secs(30));
            world.drain().await;
        }
        assert_eq!(world.state(&id).await, State::Disputed);
    }

    async fn a_ledger_that_never_answers_is_a_dispute_at_the_gate(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        world.refuse(LEDGER, Action::OnConfirm, ErrorCode::NetOverloaded, 1);
        world.answer(Action::Confirm, &world.confirmation()).await;
        assert_eq!(world.state(&id).await, State::Recording);
        world.clock.set(slot(6).start());
        assert_eq!(buyer::expire(&world.p).await.unwrap(), 0, "the leg decides");
        world.drain().await;
        assert_eq!((world.state(&id).await, world.failure(&id).await.as_str()), (State::Disputed, "NET_TIMEOUT"));
    }

    async fn less_is_taken_by_preview_and_commit(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let wish = |wh| UpdateWish { transaction_id: id.clone(), slots: wishes(&[(10, wh)]) };
        let more = buyer::update(&world.p, &world.user, wish(2_010), None).await.unwrap_err();
        assert_eq!(more, BuyerError::OnlyLess);
        buyer::update(&world.p, &world.user, wish(1_500), None).await.unwrap();
        world.drain().await;
        let asked = world.last(Action::Update).unwrap().contract();
        world.preview(Action::Update, &asked).await;
        assert_eq!(world.bought().await, 2_000);
        assert_eq!(world.answer(Action::Update, &asked).await, "ACK");
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Standing, LedgerState::Recorded));
        assert_eq!((contract.quantities()[0].quantity, world.bought().await), (WattHours::new(1_500), 1_500));
        let told = world.last(Action::OnUpdate).unwrap().contract();
        assert_eq!(told.series().unwrap().cell(0, &Column::RequestedQty), Some("1.5"));
        // Nobody updates it unasked.
        let request = world.last(Action::Confirm).unwrap();
        let draft = world.draft(SELLER, Action::OnUpdate, &request, asked.to_message());
        assert_eq!(world.send(SELLER, draft).await.1, "BIZ_INVALID_STATE_TRANSITION");
    }

    async fn a_preview_of_something_else_is_not_committed(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let wish = UpdateWish { transaction_id: id.clone(), slots: wishes(&[(10, 1_500)]) };
        buyer::update(&world.p, &world.user, wish, None).await.unwrap();
        world.drain().await;
        let request = world.last(Action::Update).unwrap();
        let other = messages::updated(&request.contract(), &[(0, WattHours::new(1_000))], units::Paise::new(600)).unwrap();
        let mut draft = world.draft(SELLER, Action::OnUpdate, &request, other.to_message());
        draft.try_ = true;
        assert_eq!(world.send(SELLER, draft).await.1, "ACK");
        assert_eq!((world.count(Action::Update), world.bought().await), (1, 2_000));
        let failure = world.failure(&id).await;
        assert_eq!((world.state(&id).await, failure.as_str()), (State::Standing, "BIZ_UPDATE_INCONSISTENT"));
    }
}
