//! A user with a panel of 100 kW on a fresh database, and what happens to trust there.

use std::sync::Arc;

use clock::Ids;
use db::{Db, DbError, params};
use energy_rules::RuleSet;
use futures_util::FutureExt;
use units::{DeliverySlot, IstMonth, Price, Span, Timestamp, WattHours};
use uuid::Uuid;
use wattmandi::config::TrustConfig;
use wattmandi::contract::SlotQuantity;
use wattmandi::error::Coded;
use wattmandi::identity::{self, NewUser};
use wattmandi::market::service::{self as market, Hold};
use wattmandi::market::{Bounds, MarketError, NewOffer, NewSlot, Offer, SlotChange};
use wattmandi::metering::{self, Meter};
use wattmandi::trust::service::{self, Standing};
use wattmandi::trust::{Applied, Capacity, Delivery, Side, Trade, TrustError};

db::sql! {
    SLOT_QUOTAS = "SELECT CAST(COALESCE(SUM(s.quota_wh), 0) AS BIGINT) AS n FROM offer_slots s \
        JOIN offers o ON o.id = s.offer_id WHERE o.user_id = $1";
    pub FORGE = "UPDATE trust_scores SET score = 1000000 WHERE user_id = $1";
    pub FORGET = "DELETE FROM trust_changes WHERE user_id = $1 AND seq = 1";
    pub OVERDRAW = "UPDATE trade_quotas SET used_wh = ceiling_wh + 1 WHERE user_id = $1";
}

/// 10:00 in India on the last day of a month.
const NOW: &str = "2026-11-30T10:00:00+05:30";

pub fn now() -> Timestamp {
    Timestamp::parse_rfc3339(NOW).unwrap()
}

/// The slot that starts so many hours after now; the ninth month-end hour and later ones are December's.
pub fn slot(hours: i64) -> DeliverySlot {
    DeliverySlot::containing(now().saturating_add(Span::from_hours(hours)))
}

pub fn month(text: &str) -> IstMonth {
    IstMonth::parse(text).unwrap()
}

pub fn kwh(text: &str) -> WattHours {
    WattHours::from_kwh_text(text).unwrap()
}

/// A user with a panel of 100 kW, and what is needed to trade.
#[derive(Clone)]
pub struct World {
    pub db: Db,
    pub ids: Ids,
    pub user: Uuid,
    pub meter: Arc<Meter>,
    pub rules: Arc<RuleSet>,
    pub trust: TrustConfig,
}

impl World {
    pub async fn new(db: Db) -> Self {
        let ids = Ids::system();
        let new = NewUser {
            id: ids.uuid(),
            handle: "asha".into(),
            display_name: "Asha".into(),
            token: "token-of-asha-0001".into(),
            payout_name: "Asha".into(),
            payout_vpa: "asha@upi".into(),
        };
        let meter = Arc::new(Meter {
            id: ids.uuid(),
            user_id: new.id,
            meter_id: "TEST_METER_1".into(),
            meter_key: "test_meter_1".into(),
            discom_code: "NORTH".into(),
            customer_number: "C-1".into(),
            resource_type: Some("SOLAR".into()),
            installed_capacity_w: Some(100_000),
            sanctioned_load_w: Some(100_000),
            verified: true,
            place: None,
        });
        let (user, row) = (new.id, Arc::clone(&meter));
        db.write(move |tx| {
            let (new, row) = (new.clone(), Arc::clone(&row));
            async move {
                identity::add(tx, &new, now()).await?;
                metering::add(tx, &row, now()).await.map(drop)
            }
            .boxed()
        })
        .await
        .unwrap();
        let mut rules = RuleSet::ies_test();
        rules.gate_opens = Span::from_days(2);
        Self { db, ids, user, meter, rules: Arc::new(rules), trust: TrustConfig::default() }
    }

    pub async fn declares(&self, production: Option<&str>, consumption: Option<&str>, verified: bool) {
        let capacity = Capacity {
            production: production.map(kwh),
            consumption: consumption.map(kwh),
            verified,
            ..Capacity::default()
        };
        let (user, trust) = (self.user, self.trust);
        self.db
            .write(move |tx| {
                async move { service::declare(tx, &trust, user, &capacity, now()).await }.boxed()
            })
            .await
            .unwrap();
    }

    pub async fn list(&self, slots: &[(i64, &str)]) -> Result<Offer, MarketError> {
        let slots = slots.iter().map(|(hours, amount)| NewSlot {
            slot: slot(*hours),
            price: Price::new(50_000),
            quantity: kwh(amount),
        });
        let wish = Arc::new(NewOffer {
            id: self.ids.uuid(),
            publish_transaction_id: self.ids.uuid(),
            user_id: self.user,
            name: "Roof".into(),
            slots: slots.collect(),
        });
        let world = self.clone();
        let listed = self.db.write(move |tx| {
            let (world, wish) = (world.clone(), Arc::clone(&wish));
            async move {
                let bounds = Bounds { rules: &world.rules, trust: &world.trust };
                market::list(tx, &world.meter, &wish, bounds, now(), now()).await
            }
            .boxed()
        });
        listed.await
    }

    pub async fn change(&self, offer: &Offer, hours: i64, amount: &str) -> Result<Offer, MarketError> {
        let (world, id) = (self.clone(), offer.id);
        let change = SlotChange { slot: slot(hours), price: None, quantity: Some(kwh(amount)) };
        let changed = self.db.write(move |tx| {
            let world = world.clone();
            async move {
                let bounds = Bounds { rules: &world.rules, trust: &world.trust };
                market::change(tx, &world.meter, id, None, &[change], bounds, (now(), now())).await
            }
            .boxed()
        });
        changed.await
    }

    pub async fn withdraw(&self, offer: &Offer) {
        let (meter, id) = (Arc::clone(&self.meter), offer.id);
        let withdrawn = self.db.write(move |tx| {
            let meter = Arc::clone(&meter);
            async move { market::withdraw(tx, &meter, id, now()).await }.boxed()
        });
        withdrawn.await.unwrap();
    }

    pub async fn sell(&self, offer: &Offer, hours: i64, amount: &str) {
        let (id, part) = (offer.id, part(hours, amount));
        let sold = self
            .db
            .write(move |tx| async move { market::take(tx, id, &[part], Hold::Sale, now()).await }.boxed());
        sold.await.unwrap();
    }

    pub async fn unsell(&self, offer: &Offer, hours: i64, amount: &str) {
        let (id, part) = (offer.id, part(hours, amount));
        let released = self.db.write(move |tx| {
            async move { market::release(tx, id, &[part], Hold::Sale, now()).await }.boxed()
        });
        released.await.unwrap();
    }

    /// What the worker does when the market is that much later; how many slots lapsed.
    pub async fn lapse(&self, hours: i64) -> usize {
        let (rules, later) = (Arc::clone(&self.rules), now().saturating_add(Span::from_hours(hours)));
        let done = self.db.write(move |tx| {
            let rules = Arc::clone(&rules);
            async move {
                let mut lapsed = 0;
                for (user, offer) in market::over(tx, &rules, later, 100).await? {
                    lapsed += market::lapse(tx, user, &[offer], &rules, later).await?;
                }
                Ok::<_, MarketError>(lapsed)
            }
            .boxed()
        });
        done.await.unwrap()
    }

    pub async fn standing(&self) -> Standing {
        let (user, trust) = (self.user, self.trust);
        let read = self.db.read(move |tx| {
            async move { service::standing(tx, &trust, user, month("2026-11")).await }.boxed()
        });
        read.await.unwrap()
    }

    /// What is used of the first month, kWh; the offers' slots must say the same of all months.
    pub async fn listed(&self) -> String {
        let listing = self.standing().await.listing;
        let user = self.user;
        let read = self.db.read(move |tx| {
            async move { tx.query_one(&SLOT_QUOTAS, &params![user]).await?.get::<WattHours>("n") }.boxed()
        });
        let slots: Result<WattHours, DbError> = read.await;
        let sum = WattHours::checked_sum(listing.months.iter().map(|month| month.used));
        assert_eq!(sum, slots.ok(), "quotas and slots differ");
        listing.months[0].used.to_kwh_text()
    }

    pub async fn deliver(&self, delivery: Delivery) -> Result<Applied, TrustError> {
        let trust = self.trust;
        let applied = self.db.write(move |tx| {
            async move { service::apply_delivery(tx, &trust, &delivery, now()).await }.boxed()
        });
        applied.await
    }

    pub async fn correct(&self, delivery: Delivery, revision: i64) -> Result<Applied, TrustError> {
        let trust = self.trust;
        let applied = self.db.write(move |tx| {
            async move { service::correct_delivery(tx, &trust, &delivery, revision, now()).await }.boxed()
        });
        applied.await
    }

    pub async fn cancel(&self, contract: Uuid, side: Side) -> Result<Applied, TrustError> {
        let (trust, user) = (self.trust, self.user);
        let trade = Trade { contract, side };
        let applied = self.db.write(move |tx| {
            async move { service::apply_cancellation(tx, &trust, user, trade, now()).await }.boxed()
        });
        applied.await
    }

    pub async fn bonus(&self) -> Result<Applied, TrustError> {
        let (trust, user) = (self.trust, self.user);
        let applied = self.db.write(move |tx| {
            async move { service::apply_meter_bonus(tx, &trust, user, now()).await }.boxed()
        });
        applied.await
    }

    pub fn result(&self, contract: u128, requested: i64, round1: i64, round2: i64) -> Delivery {
        Delivery {
            user: self.user,
            contract: Uuid::from_u128(contract),
            side: Side::Seller,
            requested: WattHours::new(requested),
            round1: WattHours::new(round1),
            round2: WattHours::new(round2),
            outage: false,
        }
    }

    /// The score, which must be the fold of its history.
    pub async fn score(&self) -> String {
        let (trust, user) = (self.trust, self.user);
        let read = self.db.read(move |tx| async move { service::rebuild(tx, &trust, user).await }.boxed());
        let folded = read.await.unwrap();
        assert_eq!(folded, self.standing().await.score);
        folded.to_string()
    }

    pub async fn rebuild(&self) -> Result<(), TrustError> {
        let (trust, user) = (self.trust, self.user);
        let read = self.db.read(move |tx| async move { service::rebuild(tx, &trust, user).await }.boxed());
        read.await.map(drop)
    }

    pub async fn run(&self, statement: &'static db::Sql) -> Result<u64, DbError> {
        let user = self.user;
        self.db.write(move |tx| async move { tx.execute(statement, &params![user]).await }.boxed()).await
    }

    pub async fn arithmetic(&self) -> Vec<String> {
        let user = self.user;
        let read =
            self.db.read(move |tx| async move { service::history(tx, user, None, 50).await }.boxed()).await;
        read.unwrap().into_iter().rev().map(|row| row.change.arithmetic).collect()
    }
}

fn part(hours: i64, amount: &str) -> SlotQuantity {
    SlotQuantity { slot: slot(hours), price: Price::new(50_000), quantity: kwh(amount) }
}

pub fn refusal(listed: Result<Offer, MarketError>) -> (String, String, String, String, String) {
    let error = listed.unwrap_err();
    (
        error.code().as_str().to_owned(),
        error.field().unwrap(),
        error.remaining_kwh().unwrap(),
        error.next_step().unwrap(),
        error.to_string(),
    )
}
