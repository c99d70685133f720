//! From a search to a standing trade, and every way to fail on it.

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Column, MoneyAttributes, PayTo, Writer, messages};
use beckn_wire::json::Json;
use test_support::both_databases;
use units::{Paise, Price, Span, WattHours};
use wattmandi::buyer::{
    self, BuyerError, ConfirmWish, InitWish, Purchase, RankWish, SearchState, SelectWish, SlotGate,
};
use wattmandi::contract::{Holds, LedgerState, State};
use wattmandi::error::{Code, Coded};
use wattmandi::events::idempotency::Key;

use crate::world::{
    BUYER, CATALOG, CONTRACT_ID, LEDGER, METER, SELLER, STRANGER, World, catalog, slot, wishes,
};

db::sql! {
    FORGET_SEARCH = "DELETE FROM searches WHERE transaction_id = $1";
    PAGES = "SELECT state FROM inbox WHERE receiver = 'buyer.example' AND action = 'on_discover'";
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn a_trade_stands_when_both_have_said_so(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        assert_eq!((world.state(&id).await, world.bought().await), (State::Confirming, 2_000));
        let confirm = world.last(Action::Confirm).unwrap();
        let ttl = confirm.context("ttl").and_then(Json::as_str).unwrap();
        assert_eq!(units::Span::parse_iso8601(ttl).unwrap(), Span::from_hours(6), "until the gate");

        // The ledger is not there at first: the trade does not stand, and nobody is told that it does.
        world.refuse(LEDGER, Action::OnConfirm, ErrorCode::NetOverloaded, 1);
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Recording, LedgerState::Pending));
        assert_eq!(contract.contract_id.as_deref(), Some(CONTRACT_ID));
        assert!(!world.kinds(&id).await.contains(&"contract.standing".to_owned()));

        world.clock.advance(Span::from_secs(10));
        world.drain().await;
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Standing, LedgerState::Recorded));
        assert_eq!(contract.holds, Holds::Sale);
        let leg = world.last(Action::OnConfirm).unwrap();
        assert_eq!(leg.context("bapId").and_then(Json::as_str), Some(LEDGER));
        assert_eq!(leg.context("bppId").and_then(Json::as_str), Some(BUYER));
        assert_eq!(leg.context("bppUri").and_then(Json::as_str), Some("https://buyer.example/bpp/caller"));
        assert!(leg.contract().settlements.iter().all(|settlement| settlement.attributes.is_none()));
        let kinds = world.kinds(&id).await;
        let expected = [
            "search.answered", "contract.draft", "contract.quoted", "contract.draft", "contract.offered",
            "contract.confirming", "account.changed", "contract.recording", "contract.standing",
        ];
        assert_eq!(kinds, expected);
    }

    async fn a_search_is_filled_by_the_service_that_was_asked(db: db::Db) {
        let world = World::new(db).await;
        let asked = buyer::discover(&world.p, &world.user, Default::default(), None).await.unwrap();
        world.drain().await;
        assert_eq!(asked.state, "sent");
        assert_eq!(world.page(STRANGER, &catalog("TEST_DISCOM_SELLER")).await, "AUT_UNAUTHORIZED_ACTION");
        let id = &asked.transaction_id;
        assert!(buyer::found_offers(&world.p, &world.user, id, &RankWish::default()).await.unwrap().is_empty());

        assert_eq!(world.page(CATALOG, &catalog("TEST_DISCOM_SELLER")).await, "ACK");
        // The first page is told, and can be read, before there is a second.
        assert_eq!(world.kinds(id).await, ["search.answered"]);
        let first = buyer::found_offers(&world.p, &world.user, id, &RankWish::default()).await.unwrap();
        assert_eq!(first.len(), 1);
        let mut second = catalog("TEST_DISCOM_BUYER");
        second.offers[0].id = Some("offer-2".into());
        assert_eq!(world.page(CATALOG, &second).await, "ACK");
        let search = buyer::search(&world.p, &world.user, id).await.unwrap();
        assert_eq!((search.state, search.failure), (SearchState::Answered, None));
        let found = buyer::found_offers(&world.p, &world.user, id, &RankWish::default()).await.unwrap();
        assert_eq!(found.len(), 2, "two pages");
        assert_eq!(world.kinds(id).await, ["search.answered", "search.answered"]);
        assert_eq!(found[0].slots[0].price, Price::new(50_000));
        assert_eq!(found[0].slots[1].available, WattHours::new(4_000));
        assert!(found[0].obstacle.is_none());
        assert_eq!(found[1].obstacle.as_ref().unwrap().code, Code::NotEligible, "the same DISCOM");

        world.clock.set(slot(6).start());
        let found = buyer::found_offers(&world.p, &world.user, id, &RankWish::default()).await.unwrap();
        let gates: Vec<SlotGate> = found[0].slots.iter().map(|slot| slot.gate).collect();
        assert_eq!(gates, [SlotGate::Closed, SlotGate::Open]);

        let other = World::add_user(&world.p, "bina", "TEST_METER_OTHER").await;
        let hidden = buyer::found_offers(&world.p, &other, id, &RankWish::default()).await.unwrap_err();
        assert_eq!(hidden, BuyerError::TransactionNotFound);
    }

    async fn a_page_for_a_search_that_is_gone_ends_quietly(db: db::Db) {
        let world = World::new(db).await;
        let asked = buyer::discover(&world.p, &world.user, Default::default(), None).await.unwrap();
        world.drain().await;
        let body = world.body(world.page_from(CATALOG, &catalog("TEST_DISCOM_SELLER")));
        assert_eq!(world.receive(CATALOG, &body).await, "ACK");
        // As an erasure of the account does it.
        let id = asked.transaction_id.clone();
        let gone = world.p.db.write(move |tx| {
            let id = id.clone();
            Box::pin(async move { tx.execute(&FORGET_SEARCH, &[id.into()]).await })
        });
        let gone: Result<u64, db::DbError> = gone.await;
        assert_eq!(gone.unwrap(), 1);
        world.drain().await;
        let states = world.p.db.read(|tx| Box::pin(async move { tx.query(&PAGES, &[]).await }));
        let states: Result<Vec<db::Row>, db::DbError> = states.await;
        let states: Vec<String> = states.unwrap().iter().map(|row| row.get("state").unwrap()).collect();
        assert_eq!(states, ["done"]);
        assert!(world.kinds(&asked.transaction_id).await.is_empty());
    }

    async fn a_search_that_nobody_answers_is_given_up(db: db::Db) {
        let world = World::new(db).await;
        world.refuse(BUYER, Action::Discover, ErrorCode::SchInvalidJsonpath, 1);
        let refused = buyer::discover(&world.p, &world.user, Default::default(), None).await.unwrap();
        world.drain().await;
        let search = buyer::search(&world.p, &world.user, &refused.transaction_id).await.unwrap();
        assert_eq!(search.failure.unwrap().code, "SCH_INVALID_JSONPATH");

        let silent = buyer::discover(&world.p, &world.user, Default::default(), None).await.unwrap();
        world.drain().await;
        assert_eq!(buyer::expire(&world.p).await.unwrap(), 0);
        world.clock.advance(Span::from_minutes(3));
        assert_eq!(buyer::expire(&world.p).await.unwrap(), 1);
        assert_eq!(world.kinds(&silent.transaction_id).await, ["search.failed"]);
    }

    async fn a_changed_price_is_told_and_not_bought(db: db::Db) {
        let world = World::new(db).await;
        let id = world.selected(&[(10, 2_000)]).await;
        let asked = world.last(Action::Select).unwrap().contract();
        let mut dearer = messages::on_select(&asked, "q", Paise::new(1_040));
        dearer.series_mut().unwrap().set_price(0, Price::new(52_000)).unwrap();
        assert_eq!(world.answer(Action::Select, &dearer).await, "ACK");
        assert_eq!((world.state(&id).await, world.failure(&id).await.as_str()), (State::Rejected, "BIZ_PRICE_MISMATCH"));
        let last = world.events(&id).await.pop().unwrap();
        assert!(last.payload.contains("the price was 5, the seller now says 5.2"), "{}", last.payload);

        // A total that the rows do not come to is another price.
        let wish = world.select_wish(&id, &[(10, 2_000)]);
        assert_eq!(buyer::select(&world.p, &world.user, wish, None).await.unwrap().transaction_id, id);
        world.drain().await;
        let asked = world.last(Action::Select).unwrap().contract();
        world.answer(Action::Select, &messages::on_select(&asked, "q", Paise::new(1_100))).await;
        assert_eq!(world.failure(&id).await, "BIZ_PRICE_MISMATCH");
    }

    async fn terms_that_differ_are_refused_and_free_the_load(db: db::Db) {
        let world = World::new(db).await;
        let id = world.reserving().await;
        assert_eq!(world.bought().await, 2_000);
        let mut less = world.terms();
        less.series_mut().unwrap().set_energy(0, &Column::RequestedQty, WattHours::new(1_000)).unwrap();
        assert_eq!(world.answer(Action::Init, &less).await, "ACK");
        assert_eq!((world.state(&id).await, world.bought().await), (State::Rejected, 0));
        assert_eq!(world.failure(&id).await, "BIZ_UPDATE_INCONSISTENT");
        let wish = ConfirmWish { transaction_id: id.clone() };
        let refused = buyer::confirm(&world.p, &world.user, wish, None).await.unwrap_err();
        assert_eq!(refused, BuyerError::State(State::Rejected));

        // The ledger of our own DISCOM is ours to name.
        let id = world.reserving().await;
        let mut diverted = world.terms();
        let own = diverted.participants.iter_mut().find(|p| p.id.as_deref() == Some("TEST_DISCOM_BUYER")).unwrap();
        let Some(beckn_wire::energy::PartyAttributes::Discom(ledger)) = &mut own.attributes else { panic!() };
        ledger.ledger_id = Some(STRANGER.into());
        world.answer(Action::Init, &diverted).await;
        assert_eq!((world.state(&id).await, world.bought().await), (State::Rejected, 0));
        assert_eq!(world.failure(&id).await, "POL_ENGAGEMENT_REFUSED");
    }

    async fn a_refusal_is_told_with_its_code(db: db::Db) {
        let world = World::new(db).await;
        let id = world.quoted(&[(10, 2_000)], 1_000).await;
        world.refuse(SELLER, Action::Init, ErrorCode::PolEligibilityNotMet, 1);
        buyer::init(&world.p, &world.user, world.init_wish(&id), None).await.unwrap();
        world.drain().await;
        assert_eq!((world.state(&id).await, world.bought().await), (State::Rejected, 0));
        assert_eq!(world.failure(&id).await, "POL_ELIGIBILITY_NOT_MET");

        let id = world.reserving().await;
        assert_eq!(world.fail(Action::Init, ErrorCode::BizQuantityUnavailable).await, "ACK");
        assert_eq!((world.state(&id).await, world.bought().await), (State::Rejected, 0));
        assert_eq!(world.failure(&id).await, "BIZ_QUANTITY_UNAVAILABLE");

        let id = world.confirming().await;
        assert_eq!(world.fail(Action::Confirm, ErrorCode::BizQuoteExpiredOrChanged).await, "ACK");
        assert_eq!((world.state(&id).await, world.bought().await), (State::Rejected, 0));
        assert_eq!(world.failure(&id).await, "BIZ_QUOTE_EXPIRED_OR_CHANGED");
    }

    async fn what_was_rejected_can_be_asked_for_anew(db: db::Db) {
        let world = World::new(db).await;
        let id = world.reserving().await;
        world.fail(Action::Init, ErrorCode::BizQuantityUnavailable).await;
        let wish = world.init_wish(&id);
        let unnamed = buyer::init(&world.p, &world.user, wish.clone(), None).await.unwrap_err();
        assert_eq!(unnamed, BuyerError::State(State::Rejected));
        let purchase =
            Purchase { bpp_id: SELLER.into(), offer_id: "offer-1".into(), slots: wishes(&[(11, 1_000)]) };
        let wish = InitWish { purchase: Some(purchase), ..wish };
        buyer::init(&world.p, &world.user, wish, None).await.unwrap();
        world.drain().await;
        world.answer(Action::Init, &world.terms()).await;
        assert_eq!((world.state(&id).await, world.bought().await), (State::Offered, 1_000));
        assert_eq!(world.contract(&id).await.gate_closes_at, slot(7).start());
    }

    async fn the_sanctioned_load_counts_over_all_contracts(db: db::Db) {
        let world = World::new(db).await;
        for bought in [2_000, 4_000] {
            world.offered().await;
            assert_eq!(world.bought().await, bought);
        }
        let id = world.quoted(&[(10, 2_000)], 1_000).await;
        let refused = buyer::init(&world.p, &world.user, world.init_wish(&id), None).await.unwrap_err();
        assert_eq!(refused.code(), Code::LoadExceeded);
        assert_eq!((world.state(&id).await, world.bought().await), (State::Quoted, 4_000));
        assert_eq!(world.count(Action::Init), 2);
        // One hour later there is room.
        let id = world.quoted(&[(11, 2_000)], 1_200).await;
        buyer::init(&world.p, &world.user, world.init_wish(&id), None).await.unwrap();
        assert_eq!(world.bought().await, 6_000);
    }

    async fn the_sanctioned_load_holds_in_a_race(db: db::Db) {
        let world = World::new(db).await;
        let mut wishes_at_once = Vec::new();
        for _ in 0..10 {
            let purchase =
                Purchase { bpp_id: SELLER.into(), offer_id: "offer-1".into(), slots: wishes(&[(10, 1_000)]) };
            wishes_at_once.push(InitWish {
                transaction_id: world.discovered().await.transaction_id,
                meter_id: METER.into(),
                purchase: Some(purchase),
            });
        }
        let race = wishes_at_once.into_iter().map(|wish| {
            let (p, user) = (world.p.clone(), world.user.clone());
            tokio::spawn(async move { buyer::init(&p, &user, wish, None).await })
        });
        let mut refused = 0;
        for outcome in futures_util::future::join_all(race).await {
            if let Err(error) = outcome.unwrap() {
                assert_eq!(error.code(), Code::LoadExceeded);
                refused += 1;
            }
        }
        assert_eq!((refused, world.bought().await), (5, 5_000));
        world.drain().await;
        assert_eq!(world.count(Action::Init), 5);
    }

    async fn a_wish_is_checked_before_it_leaves(db: db::Db) {
        let world = World::new(db).await;
        let id = world.discovered().await.transaction_id;
        let refused = |wish: SelectWish| {
            let world = &world;
            async move { buyer::select(&world.p, &world.user, wish, None).await.unwrap_err().code() }
        };
        for (slots, code) in [
            (&[(10, 10_010)][..], Code::LoadExceeded),
            (&[(11, 4_010)][..], Code::QuantityUnavailable),
            (&[(10, 500)][..], Code::QuantityInvalid),
            (&[(13, 1_000)][..], Code::SlotInvalid),
        ] {
            assert_eq!(refused(world.select_wish(&id, slots)).await, code);
        }
        let fine = world.select_wish(&id, &[(10, 1_000)]);
        assert_eq!(refused(SelectWish { offer_id: "x".into(), ..fine.clone() }).await, Code::NotFound);
        assert_eq!(refused(SelectWish { transaction_id: Some("x".into()), ..fine.clone() }).await, Code::NotFound);
        let purchase = Purchase { bpp_id: SELLER.into(), offer_id: "offer-1".into(), slots: fine.slots.clone() };
        let init = |meter_id: &str| InitWish {
            transaction_id: id.clone(),
            meter_id: meter_id.into(),
            purchase: Some(purchase.clone()),
        };
        World::add_user(&world.p, "bina", "TEST_METER_OTHER").await;
        let foreign = buyer::init(&world.p, &world.user, init("TEST_METER_OTHER"), None).await.unwrap_err();
        assert_eq!(foreign, BuyerError::MeterNotFound);
        let nothing = InitWish { purchase: None, ..init(METER) };
        let nothing = buyer::init(&world.p, &world.user, nothing, None).await.unwrap_err();
        assert_eq!(nothing.code(), Code::FieldInvalid);
        world.clock.set(slot(6).start());
        assert_eq!(refused(fine).await, Code::GateClosed);
        assert_eq!((world.count(Action::Select), world.count(Action::Init), world.bought().await), (0, 0, 0));
    }

    async fn init_needs_no_select(db: db::Db) {
        let world = World::new(db).await;
        let id = world.discovered().await.transaction_id;
        let purchase =
            Purchase { bpp_id: SELLER.into(), offer_id: "offer-1".into(), slots: wishes(&[(10, 2_000)]) };
        let wish = InitWish { transaction_id: id.clone(), meter_id: METER.to_lowercase(), purchase: Some(purchase) };
        let accepted = buyer::init(&world.p, &world.user, wish.clone(), None).await.unwrap();
        assert_eq!(accepted.transaction_id, id);
        world.drain().await;
        let asked = world.last(Action::Init).unwrap().contract();
        assert_eq!(asked.meter_of(Writer::BuyerPlatform), Some(METER));
        world.answer(Action::Init, &world.terms()).await;
        assert_eq!(world.state(&id).await, State::Offered);
        buyer::confirm(&world.p, &world.user, ConfirmWish { transaction_id: id.clone() }, None).await.unwrap();
        let again = buyer::init(&world.p, &world.user, wish, None).await.unwrap_err();
        assert_eq!(again, BuyerError::State(State::Confirming));
    }

    async fn a_question_from_a_used_transaction_gets_its_own(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let wish = world.select_wish(&id, &[(11, 1_000)]);
        let other = buyer::select(&world.p, &world.user, wish, None).await.unwrap().transaction_id;
        assert_ne!(other, id);
        assert_eq!((world.state(&id).await, world.state(&other).await), (State::Standing, State::Draft));
    }

    async fn a_key_gives_the_same_answer_again(db: db::Db) {
        let world = World::new(db).await;
        let id = world.quoted(&[(10, 2_000)], 1_000).await;
        let key = |hash: &str| {
            Some(Key { user_id: world.user.id, key: "k".into(), request_hash: hash.into() })
        };
        let first = buyer::init(&world.p, &world.user, world.init_wish(&id), key("a")).await.unwrap();
        world.drain().await;
        world.answer(Action::Init, &world.terms()).await;
        let again = buyer::init(&world.p, &world.user, world.init_wish(&id), key("a")).await.unwrap();
        world.drain().await;
        assert_eq!(again, first);
        assert_eq!((world.count(Action::Init), world.state(&id).await), (1, State::Offered));
        let other = buyer::init(&world.p, &world.user, world.init_wish(&id), key("b")).await.unwrap_err();
        assert_eq!(other.code(), Code::IdempotencyMismatch);
    }

    async fn an_answer_to_an_older_question_changes_nothing(db: db::Db) {
        let world = World::new(db).await;
        let id = world.selected(&[(10, 2_000)]).await;
        let first = world.last(Action::Select).unwrap();
        let wish = world.select_wish(&id, &[(10, 3_000)]);
        buyer::select(&world.p, &world.user, wish, None).await.unwrap();
        world.drain().await;
        let quote = messages::on_select(&first.contract(), "q", Paise::new(1_000));
        let draft = world.draft(SELLER, Action::OnSelect, &first, quote.to_message());
        assert_eq!(world.send(SELLER, draft).await.1, "ACK");
        assert_eq!(world.state(&id).await, State::Draft);
    }

    async fn strangers_are_not_heard(db: db::Db) {
        let world = World::new(db).await;
        let id = world.reserving().await;
        let request = world.last(Action::Init).unwrap();
        let draft = world.draft(STRANGER, Action::OnInit, &request, world.terms().to_message());
        assert_eq!(world.send(STRANGER, draft.clone()).await.1, "CTX_TRANSACTION_ID_UNKNOWN");
        let mut unknown = world.draft(SELLER, Action::OnInit, &request, world.terms().to_message());
        unknown.transaction_id = CONTRACT_ID.into();
        assert_eq!(world.send(SELLER, unknown).await.1, "CTX_TRANSACTION_ID_UNKNOWN");
        // Nobody confirms what was not asked to be confirmed.
        world.answer(Action::Init, &world.terms()).await;
        let confirmation = messages::on_confirm(&world.terms(), CONTRACT_ID);
        let draft = world.draft(SELLER, Action::OnConfirm, &request, confirmation.to_message());
        assert_eq!(world.send(SELLER, draft).await.1, "BIZ_INVALID_STATE_TRANSITION");
        assert_eq!(world.state(&id).await, State::Offered);
    }

    async fn a_confirmation_of_something_else_is_called_off(db: db::Db) {
        let world = World::new(db).await;
        let id = world.confirming().await;
        let mut more = world.confirmation();
        more.series_mut().unwrap().set_energy(0, &Column::RequestedQty, WattHours::new(9_000)).unwrap();
        assert_eq!(world.answer(Action::Confirm, &more).await, "ACK");
        let contract = world.contract(&id).await;
        assert_eq!((contract.state, contract.ledger), (State::Cancelling, LedgerState::None));
        assert_eq!((world.failure(&id).await.as_str(), world.bought().await), ("BIZ_UPDATE_INCONSISTENT", 0));
        assert_eq!(world.count(Action::OnConfirm), 0, "the ledger is told nothing");
        world.preview_and_cancel(&more).await;
        assert_eq!(world.state(&id).await, State::Cancelled);
        assert_eq!(world.count(Action::OnCancel), 0);
    }

    async fn the_payee_stays_between_the_platforms(db: db::Db) {
        let world = World::new(db).await;
        world.reserving().await;
        let mut terms = world.terms();
        let Some(MoneyAttributes::Term(term)) = &mut terms.settlements[0].attributes else { panic!() };
        term.pay_to = Some(PayTo::Vpa("seller@upi".into()));
        assert_eq!(world.answer(Action::Init, &terms).await, "ACK");
        let id = world.last(Action::Init).unwrap().transaction_id;
        buyer::confirm(&world.p, &world.user, ConfirmWish { transaction_id: id.clone() }, None).await.unwrap();
        world.drain().await;
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        assert_eq!(world.state(&id).await, State::Standing);
        assert!(world.last(Action::Confirm).unwrap().document.to_string().contains("seller@upi"));
        assert!(!world.last(Action::OnConfirm).unwrap().document.to_string().contains("seller@upi"));
    }

    async fn the_gate_ends_what_is_not_concluded(db: db::Db) {
        let world = World::new(db).await;
        let waiting = world.confirming().await;
        let idle = world.offered().await;
        assert_eq!(world.bought().await, 4_000);
        world.clock.set(slot(6).start());
        let late = buyer::confirm(&world.p, &world.user, ConfirmWish { transaction_id: idle.clone() }, None).await;
        assert_eq!(late.unwrap_err().code(), Code::GateClosed);
        assert_eq!(buyer::expire(&world.p).await.unwrap(), 2);
        assert_eq!(buyer::expire(&world.p).await.unwrap(), 0);
        for id in [&waiting, &idle] {
            assert_eq!(world.state(id).await, State::Expired);
        }
        assert_eq!(world.bought().await, 0);
        // The seller confirms after all: it cannot be undone any more, so somebody must look.
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        assert_eq!(world.state(&waiting).await, State::Disputed);
    }
}
