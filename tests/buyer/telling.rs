//! What an `on_status` may tell the buyer's platform, and what it may not.

use beckn_wire::action::Action;
use beckn_wire::energy::{Column, Contract};
use test_support::both_databases;
use units::{Price, WattHours};
use wattmandi::contract::service;

use crate::world::{SELLER, World};

/// The seller tells `contract` as an answer to the last message of that action.
async fn tell(world: &World, after: Action, contract: &Contract) -> String {
    let request = world.last(after).unwrap();
    let mut draft = world.draft(SELLER, Action::OnStatus, &request, contract.to_message());
    draft.message_id = world.p.ids.uuid().to_string();
    world.send(SELLER, draft).await.1
}

async fn cells(world: &World, id: &str) -> Vec<(String, String, i64, String)> {
    let contract = world.contract(id).await.id;
    let read = world.p.db.read(move |tx| Box::pin(async move { service::cells(tx, contract).await }));
    let cells: Vec<service::Cell> = read.await.unwrap();
    cells.into_iter().map(|cell| (cell.column, cell.value, cell.round, cell.provenance)).collect()
}

both_databases! {
    migrations = [(node::COMPONENT, node::MIGRATIONS), (wattmandi::COMPONENT, wattmandi::MIGRATIONS)];

    async fn nothing_that_was_offered_is_changed_by_a_status(db: db::Db) {
        let world = World::new(db).await;
        let id = world.offered().await;
        let before = world.contract(&id).await;
        let mut told = world.terms();
        told.id = Some(crate::world::CONTRACT_ID.to_owned());
        let series = told.series_mut().unwrap();
        let first = series.intervals[0].id;
        series.set_price(first, Price::new(1_000_000)).unwrap();
        series.set_energy(first, &Column::FinalAlloc, WattHours::new(1_000)).unwrap();
        tell(&world, Action::Init, &told).await;
        let after = world.contract(&id).await;
        assert_eq!((after.document, after.slots, after.state), (before.document, before.slots, before.state));
        assert_eq!(cells(&world, &id).await, []);
    }

    async fn only_the_hours_of_the_contract_are_written(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        let before = world.contract(&id).await;
        // The same rows a day later.
        let mut shifted = world.confirmation();
        let series = shifted.series_mut().unwrap();
        let period = series.interval_period.as_mut().unwrap();
        period.start = period.start.saturating_add(units::Span::from_days(1));
        let first = series.intervals[0].id;
        series.set_energy(first, &Column::SellerDiscomAlloc, WattHours::new(1_000)).unwrap();
        tell(&world, Action::Confirm, &shifted).await;
        assert_eq!(cells(&world, &id).await, []);
        // More rows than were agreed on.
        let mut longer = world.confirmation();
        let series = longer.series_mut().unwrap();
        let mut row = series.intervals[0].clone();
        row.id = 99;
        series.intervals.push(row);
        series.set_energy(first, &Column::SellerDiscomAlloc, WattHours::new(1_000)).unwrap();
        tell(&world, Action::Confirm, &longer).await;
        assert_eq!(cells(&world, &id).await, []);
        assert_eq!(world.contract(&id).await.document, before.document);
        // What the seller's platform may relay, in another spelling too, is one round.
        for value in [WattHours::new(1_500), WattHours::new(1_500)] {
            let mut told = world.confirmation();
            told.series_mut().unwrap().set_energy(first, &Column::SellerDiscomAlloc, value).unwrap();
            assert_eq!(tell(&world, Action::Confirm, &told).await, "ACK");
        }
        let one = ("SELLER_DISCOM_ALLOC".to_owned(), "1.5".to_owned(), 1, "relayed".to_owned());
        assert_eq!(cells(&world, &id).await, [one]);
    }

    async fn a_cell_does_not_change_for_ever(db: db::Db) {
        let world = World::new(db).await;
        let id = world.standing().await;
        for n in 0..40 {
            let mut told = world.confirmation();
            let series = told.series_mut().unwrap();
            let first = series.intervals[0].id;
            series.set_energy(first, &Column::SellerDiscomAlloc, WattHours::new(1_000 + n)).unwrap();
            tell(&world, Action::Confirm, &told).await;
        }
        assert_eq!(cells(&world, &id).await.len(), 32);
    }
}
