//! Plans step by step against a seller that the test plays: what is held is bought, who is silent is left, and a step
//! that is done again does nothing again.

use beckn_wire::action::Action;
use beckn_wire::code::ErrorCode;
use test_support::both_databases;
use units::{Paise, Price, Span, WattHours};
use uuid::Uuid;
use wattmandi::buyer::{
    self, CancelResult, PartState, Place, PlanState, PlanView, PlanWanted, PlanWish, RankWish,
};
use wattmandi::contract::State;
use wattmandi::error::{Code, Coded};
use wattmandi::trust::{ProviderDelivery, provider};

use crate::world::{METER, SELLER, World, slot};

/// 2 kWh at 10 o'clock and 1 at 11, from what the search has found.
fn wish(search_id: &str) -> PlanWish {
    PlanWish {
        search_id: Some(search_id.to_owned()),
        meter_id: METER.into(),
        wanted: PlanWanted::PerSlot(vec![
            (slot(10), WattHours::new(2_000)),
            (slot(11), WattHours::new(1_000)),
        ]),
        price_limit: None,
        cost_limit: Some(Paise::new(2_000)),
        sellers_max: None,
        min_trust: None,
        proven: false,
        whole: false,
        near: None,
    }
}

async fn confirmed(world: &World) -> Uuid {
    let search = world.discovered().await.transaction_id;
    let plan = buyer::create_plan(&world.p, &world.user, wish(&search), None).await.unwrap().plan_id;
    buyer::confirm_plan(&world.p, &world.user, plan, None).await.unwrap();
    plan
}

/// One look at the plans, and everything that follows from it.
async fn step(world: &World) -> usize {
    let count = buyer::advance_plans(&world.p).await.unwrap();
    world.drain().await;
    count
}

/// What the seller held is being bought.
async fn confirming(world: &World) -> Uuid {
    let plan = confirmed(world).await;
    step(world).await;
    assert_eq!(world.answer(Action::Init, &world.terms()).await, "ACK");
    step(world).await;
    step(world).await;
    assert_eq!(world.count(Action::Confirm), 1);
    plan
}

/// Looks until there is nothing more to do.
async fn ended(world: &World, plan: Uuid, state: PlanState) {
    for _ in 0..8 {
        step(world).await;
    }
    assert_eq!(read(world, plan).await.plan.state, state);
}

async fn read(world: &World, plan: Uuid) -> PlanView {
    buyer::read_plan(&world.p, &world.user, plan).await.unwrap()
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn each_step_is_taken_once_however_often_it_is_looked_at(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirmed(&world).await;
        let part = read(&world, plan).await.parts[0].transaction_id.clone();
        assert_eq!(world.count(Action::Init), 0, "nothing is held before the plan is carried out");
        assert_eq!(step(&world).await, 1);
        assert_eq!((step(&world).await, world.count(Action::Init)), (0, 1));
        assert_eq!((world.bought().await, world.state(&part).await), (3_000, State::Draft));

        assert_eq!(world.answer(Action::Init, &world.terms()).await, "ACK");
        assert_eq!((step(&world).await, world.count(Action::Confirm)), (1, 0), "told before it is bought");
        assert_eq!(step(&world).await, 1);
        assert_eq!((step(&world).await, world.count(Action::Confirm)), (0, 1));
        assert_eq!(read(&world, plan).await.plan.state, PlanState::Confirming);

        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        assert_eq!(step(&world).await, 1);
        let done = read(&world, plan).await;
        assert_eq!(done.plan.state, PlanState::Standing);
        assert_eq!((done.secured.energy, done.secured.amount), (WattHours::new(3_000), Paise::new(1_600)));
        assert_eq!(step(&world).await, 0);
        let kinds = world.kinds(&plan.to_string()).await;
        let expected = [
            "plan.proposed", "plan.reserving", "plan.part_reserving", "plan.part_reserved",
            "plan.part_confirming", "plan.confirming", "plan.part_standing", "plan.standing",
        ];
        assert_eq!(kinds, expected);
    }

    async fn a_silent_seller_is_left_and_nothing_stays_held(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirmed(&world).await;
        let part = read(&world, plan).await.parts[0].transaction_id.clone();
        step(&world).await;
        world.clock.advance(Span::from_secs(59));
        assert_eq!(step(&world).await, 0);
        world.clock.advance(Span::from_secs(2));
        step(&world).await;
        let done = read(&world, plan).await;
        assert_eq!(done.plan.state, PlanState::Failed);
        assert_eq!(done.parts[0].failure.as_ref().unwrap().code, "NET_TIMEOUT");
        assert_eq!(done.plan.failure.unwrap().code, "plan.incomplete");
        assert_eq!((world.state(&part).await, world.bought().await), (State::Expired, 0));
        // The seller's late answer holds nothing.
        world.answer(Action::Init, &world.terms()).await;
        assert_eq!((step(&world).await, world.bought().await), (0, 0));
        assert_eq!(world.count(Action::Confirm), 0);
    }

    async fn a_refusal_is_reported_plainly(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirmed(&world).await;
        step(&world).await;
        world.fail(Action::Init, ErrorCode::BizQuantityUnavailable).await;
        step(&world).await;
        let done = read(&world, plan).await;
        assert_eq!((done.plan.state, done.plan.rounds), (PlanState::Failed, 0));
        assert_eq!(done.parts[0].failure.as_ref().unwrap().code, "BIZ_QUANTITY_UNAVAILABLE");
        assert!(done.plan.failure.unwrap().message.starts_with("nothing was bought"));
        assert_eq!(world.bought().await, 0);
    }

    async fn the_connection_and_the_limit_bound_a_plan(db: db::Db) {
        let world = World::new(db).await;
        let search = world.discovered().await.transaction_id;
        let mut large = wish(&search);
        large.wanted = PlanWanted::Total {
            energy: WattHours::new(20_000),
            from: slot(10).start(),
            to: slot(12).start(),
        };
        large.cost_limit = None;
        let plan = buyer::create_plan(&world.p, &world.user, large.clone(), None).await.unwrap().plan_id;
        // 5 kW of the connection, 4 kWh of the dearer hour.
        let proposal = read(&world, plan).await.plan.proposal.unwrap();
        assert_eq!((proposal.cover.energy, proposal.cover.amount), (WattHours::new(9_000), Paise::new(4_900)));
        large.cost_limit = Some(Paise::new(3_000));
        large.price_limit = Some(Price::new(59_999));
        let plan = buyer::create_plan(&world.p, &world.user, large, None).await.unwrap().plan_id;
        let proposal = read(&world, plan).await.plan.proposal.unwrap();
        assert_eq!((proposal.cover.energy, proposal.cover.amount), (WattHours::new(5_000), Paise::new(2_500)));
    }

    async fn what_was_settled_with_a_provider_is_its_trust(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let contract = world.contract(&id).await;
        let now = world.p.now();
        for (revision, delivered) in [(1, 2_000), (2, 1_500)] {
            let delivery = ProviderDelivery {
                bpp_id: contract.peer_id.clone(),
                meter_key: contract.seller_meter.clone(),
                contract: contract.id,
                revision,
                requested: WattHours::new(2_000),
                round1: WattHours::new(delivered),
                outage: false,
            };
            let kept = world.p.db.write(move |tx| {
                let delivery = delivery.clone();
                Box::pin(async move { provider::apply_provider_delivery(tx, &delivery, now).await })
            });
            assert!(kept.await.unwrap());
        }
        let search = world.discovered().await.transaction_id;
        let wish = RankWish { proven: true, near: Place::read("28.61", "77.21"), ..RankWish::default() };
        let found = buyer::found_offers(&world.p, &world.user, &search, &wish).await.unwrap();
        let rank = &found[0].rank;
        // The last revision counts: three quarters, shrunk by five times 0.30.
        let trust = (rank.provider.score_millionths, rank.provider.settled, rank.provider.unknown);
        assert_eq!((trust, rank.refused.len()), ((375_000, 1, false), 0));
    }

    async fn what_was_only_asked_for_is_dropped(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirmed(&world).await;
        let part = read(&world, plan).await.parts[0].transaction_id.clone();
        step(&world).await;
        let cancelled = buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap();
        assert_eq!((cancelled.state.as_str(), cancelled.parts[0].result), ("cancelling", CancelResult::Dropped));
        ended(&world, plan, PlanState::Cancelled).await;
        assert_eq!((world.state(&part).await, world.bought().await), (State::Expired, 0));
        assert_eq!(read(&world, plan).await.parts[0].state, PartState::Released);
        // The seller's late answer holds nothing, and nothing is bought.
        world.answer(Action::Init, &world.terms()).await;
        assert_eq!((step(&world).await, world.bought().await, world.count(Action::Confirm)), (0, 0, 0));
        let again = buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap_err();
        assert_eq!(again.code(), Code::PlanState);
    }

    async fn a_reservation_is_left_to_lapse(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirmed(&world).await;
        step(&world).await;
        world.answer(Action::Init, &world.terms()).await;
        let cancelled = buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap();
        assert_eq!(cancelled.parts[0].result, CancelResult::Lapses);
        ended(&world, plan, PlanState::Cancelled).await;
        assert_eq!((world.count(Action::Confirm), world.count(Action::Cancel)), (0, 0));
        assert_eq!(world.bought().await, 0);
    }

    async fn what_is_being_bought_is_cancelled_once_it_stands(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirming(&world).await;
        let cancelled = buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap();
        assert_eq!(cancelled.parts[0].result, CancelResult::Cancelling);
        assert_eq!((step(&world).await, world.count(Action::Cancel)), (0, 0), "its outcome is not known yet");
        assert_eq!(world.answer(Action::Confirm, &world.confirmation()).await, "ACK");
        step(&world).await;
        step(&world).await;
        assert_eq!((step(&world).await, world.count(Action::Cancel)), (0, 1), "asked once");
        let held = read(&world, plan).await;
        assert_eq!((held.plan.state, held.secured.energy), (PlanState::Cancelling, WattHours::new(3_000)));
        world.preview_and_cancel(&world.confirmation()).await;
        ended(&world, plan, PlanState::Cancelled).await;
        let done = read(&world, plan).await;
        assert_eq!((done.parts[0].state, done.secured.energy), (PartState::Cancelled, WattHours::ZERO));
        assert_eq!((world.bought().await, world.count(Action::Cancel)), (0, 2), "a preview and its commit");
    }

    async fn what_the_seller_does_not_cancel_stands_with_the_reason(db: db::Db) {
        let world = World::new(db).await;
        let plan = confirming(&world).await;
        world.answer(Action::Confirm, &world.confirmation()).await;
        step(&world).await;
        assert_eq!(read(&world, plan).await.plan.state, PlanState::Standing);
        world.refuse(SELLER, Action::Cancel, ErrorCode::PolCancellationNotAllowed, 1);
        buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap();
        ended(&world, plan, PlanState::Partial).await;
        let kept = read(&world, plan).await;
        assert_eq!(kept.parts[0].state, PartState::Standing);
        assert_eq!(kept.parts[0].failure.as_ref().unwrap().code, "POL_CANCELLATION_NOT_ALLOWED");
        assert_eq!(kept.plan.failure.unwrap().code, "plan.incomplete");
        // It can be tried again, until the gate.
        world.clock.set(slot(6).start());
        let late = buyer::cancel_plan(&world.p, &world.user, plan, None).await.unwrap_err();
        assert_eq!(late.code(), Code::GateClosed);
        assert_eq!((read(&world, plan).await.plan.state, world.bought().await), (PlanState::Partial, 3_000));
    }
}
