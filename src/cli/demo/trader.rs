//! The people of the demo: what they list, whom they buy from, and when they change their minds.

use std::time::Duration;

use clock::{Entropy, SeededEntropy};
use energy_rules::RuleSet;
use futures_util::FutureExt;
use units::{DeliverySlot, Price, Timestamp, WattHours};

use crate::buyer::{self, ConfirmWish, DiscoverWish, FoundOffer, InitWish, SelectWish, SlotGate, SlotWish};
use crate::cli::local::LocalNetwork;
use crate::contract::{self, Side, State};
use crate::error::Coded;
use crate::identity::{self, User};
use crate::market::NewSlot;
use crate::metering::{self, Meter};
use crate::network::Participant;
use crate::network::normalize_meter;
use crate::seller::{self, ListWish};

/// How long a step of a trade may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rounds without any contract after which the demo gives up.
const FRUITLESS_MAX: u32 = 60;

/// What came of the trades so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Contracts that both sides confirmed.
    pub contracts: u32,
    pub cancelled: u32,
    /// Wishes that were refused as they should be.
    pub refused: u32,
    pub failed: u32,
}

struct Person {
    platform: usize,
    user: User,
    meter: Meter,
}

/// All the people, and what they have done.
pub struct Trader {
    platforms: Vec<Participant>,
    people: Vec<Person>,
    chance: SeededEntropy,
    tally: Tally,
    rounds: u32,
    fruitless: u32,
    listed: Vec<(usize, DeliverySlot)>,
    same_discom_tried: bool,
    same_platform_done: bool,
}

/// How a trade ends, by the turn of the round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Keep,
    BuyerCancels,
    SellerCancels,
    AskTooMuch,
}

impl Trader {
    pub fn new(network: &LocalNetwork, seed: u64) -> Self {
        Self {
            platforms: network.platforms.iter().map(|platform| platform.participant.clone()).collect(),
            people: Vec::new(),
            chance: SeededEntropy::new(seed),
            tally: Tally::default(),
            rounds: 0,
            fruitless: 0,
            listed: Vec::new(),
            same_discom_tried: false,
            same_platform_done: false,
        }
    }

    pub fn contracts(&self) -> u32 {
        self.tally.contracts
    }

    /// Contracts that were not called off.
    pub fn standing(&self) -> u32 {
        self.tally.contracts.saturating_sub(self.tally.cancelled)
    }

    pub fn tally(&self) -> Tally {
        self.tally
    }

    pub fn gave_up(&self) -> bool {
        self.fruitless > FRUITLESS_MAX
    }

    /// One turn: list what has opened, then one person tries one trade.
    pub async fn round(&mut self) {
        if self.people.is_empty() {
            self.meet().await;
        }
        self.list_open_hours().await;
        let mood = match self.rounds % 10 {
            3 => Mood::BuyerCancels,
            5 => Mood::AskTooMuch,
            7 => Mood::SellerCancels,
            _ => Mood::Keep,
        };
        self.rounds = self.rounds.saturating_add(1);
        self.fruitless = self.fruitless.saturating_add(1);
        let buyer = self.pick(self.people.len());
        if let Err(reason) = self.trade(buyer, mood).await {
            self.tally.failed = self.tally.failed.saturating_add(1);
            tracing::warn!(reason, "a trade failed");
        }
    }

    /// Lets what is under way come to its end, so that the summary tells of a network at rest.
    pub async fn settle_down(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..100 {
            ticks.tick().await;
            let mut open = false;
            for platform in &self.platforms {
                let states = platform
                    .db
                    .read(|tx| contract::service::count_states(tx).boxed())
                    .await
                    .unwrap_or_default();
                open |= states.iter().any(|(_, state, _)| {
                    matches!(state, State::Recording | State::Confirming | State::Cancelling)
                });
            }
            if !open {
                return;
            }
        }
    }

    async fn meet(&mut self) {
        for (index, platform) in self.platforms.iter().enumerate() {
            for users in crate::cli::local::people() {
                for config in users {
                    let found = platform
                        .db
                        .read(move |tx| {
                            let handle = config.handle.clone();
                            async move {
                                let Some(user) = identity::find_by_handle(tx, &handle).await? else {
                                    return Ok(None);
                                };
                                let meters = metering::of_user(tx, user.id).await?;
                                Ok::<_, db::DbError>(meters.into_iter().next().map(|meter| (user, meter)))
                            }
                            .boxed()
                        })
                        .await;
                    if let Ok(Some((user, meter))) = found {
                        self.people.push(Person { platform: index, user, meter });
                    }
                }
            }
        }
    }

    /// Every seller offers every hour that is open for trading and not yet offered, one hour an offer.
    async fn list_open_hours(&mut self) {
        let Some(platform) = self.platforms.first() else { return };
        let rules: RuleSet = platform.settings.rules.clone();
        let now = platform.market_now();
        // An hour whose gate closes in a moment is of no use to anyone.
        let soon = now.saturating_add(units::Span::from_minutes(10));
        let open: Vec<DeliverySlot> = energy_rules::open_slots(now, &rules)
            .filter(|slot| energy_rules::closes_at(*slot, &rules) > soon)
            .collect();
        for index in 0..self.people.len() {
            let Some(capacity) = self.people[index].meter.slot_capacity() else { continue };
            let mut fresh: Vec<DeliverySlot> =
                open.iter().copied().filter(|slot| !self.listed.contains(&(index, *slot))).collect();
            // Two hours an offer: most buyers want one of them, some both.
            while !fresh.is_empty() {
                let rest = fresh.split_off(fresh.len().min(2));
                let slots = fresh.iter().map(|slot| self.new_slot(*slot, capacity)).collect();
                self.listed.extend(fresh.iter().map(|slot| (index, *slot)));
                let person = &self.people[index];
                let platform = &self.platforms[person.platform];
                let wish = ListWish {
                    meter_id: person.meter.meter_id.clone(),
                    name: Some(format!("{}'s solar hours", person.user.display_name)),
                    slots,
                };
                if let Err(error) = seller::list_offer(platform, &person.user, wish, None).await {
                    tracing::warn!(%error, "an offer could not be listed");
                }
                fresh = rest;
            }
        }
    }

    fn new_slot(&self, slot: DeliverySlot, capacity: WattHours) -> NewSlot {
        // 60 to 100 % of the panel, in tenths of a kWh; 4.00 to 7.90 INR.
        let share = 60 + i64::try_from(self.pick(41)).unwrap_or(0);
        let quantity = capacity.get() * share / 100 / 100 * 100;
        let price = 40_000 + 1_000 * i64::try_from(self.pick(40)).unwrap_or(0);
        NewSlot { slot, quantity: WattHours::new(quantity), price: Price::new(price) }
    }

    /// One trade from search to contract. `Err` only for what should not have happened.
    async fn trade(&mut self, buyer: usize, mood: Mood) -> Result<(), String> {
        let person = &self.people[buyer];
        let (platform, user) = (self.platforms[person.platform].clone(), person.user.clone());
        let (meter_id, discom) = (person.meter.meter_id.clone(), person.meter.discom_code.clone());
        let search = buyer::discover(&platform, &user, DiscoverWish::default(), None).await.map_err(text)?;
        let transaction_id = search.transaction_id;
        let found = self.answered(&platform, &user, &transaction_id).await?;
        let own = person.meter.meter_key.clone();
        let others: Vec<FoundOffer> =
            found.into_iter().filter(|offer| normalize_meter(&offer.seller_meter) != own).collect();
        let (same, foreign): (Vec<_>, Vec<_>) = others.into_iter().partition(|offer| offer.discom == discom);
        if let (false, Some(offer)) = (self.same_discom_tried, same.first()) {
            self.same_discom_tried = true;
            let wish = select_wish(&transaction_id, offer, first_open(offer), None);
            return self.expect_refusal(buyer::select(&platform, &user, wish, None).await, "same DISCOM");
        }
        let at_home: Vec<&FoundOffer> =
            foreign.iter().filter(|offer| offer.bpp_id == platform.settings.subscriber_id).collect();
        let offer = match (self.same_platform_done, at_home.is_empty()) {
            (false, false) => at_home[self.pick(at_home.len())].clone(),
            _ if foreign.is_empty() => return Ok(()),
            _ => foreign[self.pick(foreign.len())].clone(),
        };
        let Some((slot, available)) = first_open(&offer) else { return Ok(()) };
        let quantity = match mood {
            Mood::AskTooMuch => WattHours::new(available.get() + 1_000),
            _ => WattHours::new((available.get() / 3 / 100 * 100).clamp(1_000, 3_000).min(available.get())),
        };
        let wish = select_wish(&transaction_id, &offer, Some((slot, available)), Some(quantity));
        let selected = buyer::select(&platform, &user, wish, None).await;
        if mood == Mood::AskTooMuch {
            return self.expect_refusal(selected, "more than there is");
        }
        selected.map_err(text)?;
        self.reach(&platform, &transaction_id, &[State::Quoted]).await?;
        let wish = InitWish { transaction_id: transaction_id.clone(), meter_id, purchase: None };
        buyer::init(&platform, &user, wish, None).await.map_err(text)?;
        let state = self.reach(&platform, &transaction_id, &[State::Offered, State::Rejected]).await?;
        if state == State::Rejected {
            // Somebody else was faster: that is the market, not a fault.
            self.tally.refused = self.tally.refused.saturating_add(1);
            return Ok(());
        }
        let wish = ConfirmWish { transaction_id: transaction_id.clone() };
        buyer::confirm(&platform, &user, wish, None).await.map_err(text)?;
        self.reach(&platform, &transaction_id, &[State::Standing]).await?;
        self.tally.contracts = self.tally.contracts.saturating_add(1);
        self.fruitless = 0;
        self.same_platform_done |= offer.bpp_id == platform.settings.subscriber_id;
        match mood {
            Mood::BuyerCancels => self.buyer_cancels(&platform, &user, &transaction_id).await,
            Mood::SellerCancels => self.seller_cancels(&platform, &offer, &transaction_id).await,
            Mood::Keep | Mood::AskTooMuch => Ok(()),
        }
    }

    async fn buyer_cancels(
        &mut self,
        platform: &Participant,
        user: &User,
        transaction: &str,
    ) -> Result<(), String> {
        let wish = buyer::CancelWish {
            transaction_id: transaction.to_owned(),
            reason: Some("plans changed".into()),
        };
        buyer::cancel(platform, user, wish, None).await.map_err(text)?;
        self.cancelled(platform, transaction).await
    }

    async fn seller_cancels(
        &mut self,
        buyer: &Participant,
        offer: &FoundOffer,
        transaction: &str,
    ) -> Result<(), String> {
        let seller = normalize_meter(&offer.seller_meter);
        let owner = self.people.iter().find(|person| person.meter.meter_key == seller);
        let Some(owner) = owner else { return Ok(()) };
        let platform = self.platforms[owner.platform].clone();
        let user = owner.user.clone();
        let id = transaction.to_owned();
        let order = platform
            .db
            .read(move |tx| {
                let id = id.clone();
                async move { contract::service::find(tx, Side::Seller, &id).await }.boxed()
            })
            .await
            .map_err(|error| error.to_string())?
            .ok_or("the seller does not know the order")?;
        seller::cancel_order(&platform, &user, order.id, Some("the panel is being cleaned".into()), None)
            .await
            .map_err(text)?;
        self.cancelled(buyer, transaction).await
    }

    async fn cancelled(&mut self, platform: &Participant, transaction: &str) -> Result<(), String> {
        self.reach(platform, transaction, &[State::Cancelled]).await?;
        self.tally.cancelled = self.tally.cancelled.saturating_add(1);
        Ok(())
    }

    fn expect_refusal<T, E: Coded>(&mut self, outcome: Result<T, E>, what: &str) -> Result<(), String> {
        match outcome {
            Ok(_) => Err(format!("{what} was not refused")),
            Err(error) => {
                self.tally.refused = self.tally.refused.saturating_add(1);
                tracing::info!(code = error.code().as_str(), "refused, as it should be: {what}");
                Ok(())
            }
        }
    }

    /// The offers of a search, once the catalog has answered.
    async fn answered(
        &self,
        platform: &Participant,
        user: &User,
        transaction: &str,
    ) -> Result<Vec<FoundOffer>, String> {
        let deadline = self.deadline(platform);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while platform.clocks.wire.now() < deadline {
            ticks.tick().await;
            let search = buyer::search(platform, user, transaction).await.map_err(text)?;
            if search.answered_at.is_some() {
                return buyer::found_offers(platform, user, transaction, &buyer::RankWish::default())
                    .await
                    .map_err(text);
            }
        }
        Err("the catalog did not answer".into())
    }

    /// Waits until the buyer's side is in one of these states.
    async fn reach(
        &self,
        platform: &Participant,
        transaction: &str,
        states: &[State],
    ) -> Result<State, String> {
        let deadline = self.deadline(platform);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut last = String::from("nothing");
        while platform.clocks.wire.now() < deadline {
            ticks.tick().await;
            let id = transaction.to_owned();
            let found = platform
                .db
                .read(move |tx| {
                    let id = id.clone();
                    async move { contract::service::find(tx, Side::Buyer, &id).await }.boxed()
                })
                .await
                .map_err(|error| error.to_string())?;
            let Some(contract) = found else { continue };
            if states.contains(&contract.state) {
                return Ok(contract.state);
            }
            let failure = contract.failure.map(|failure| format!(" ({}: {})", failure.code, failure.message));
            last = format!("{}{}", contract.state.as_str(), failure.unwrap_or_default());
            if matches!(contract.state, State::Rejected | State::Expired | State::Disputed) {
                break;
            }
        }
        Err(format!("waited for {}, stands at {last}", states.first().map_or("", |state| state.as_str())))
    }

    fn deadline(&self, platform: &Participant) -> Timestamp {
        let patience = i64::try_from(PATIENCE.as_micros()).unwrap_or(i64::MAX);
        platform.clocks.wire.now().saturating_add(units::Span::from_micros(patience))
    }

    /// A number below `bound`, from the seed.
    fn pick(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.chance.fill(&mut bytes);
        let drawn = usize::try_from(u64::from_le_bytes(bytes) >> 33).unwrap_or(0);
        drawn.checked_rem(bound).unwrap_or(0)
    }
}

fn first_open(offer: &FoundOffer) -> Option<(DeliverySlot, WattHours)> {
    offer
        .slots
        .iter()
        .find(|slot| slot.gate == SlotGate::Open && slot.available >= WattHours::new(1_000))
        .map(|slot| (slot.slot, slot.available))
}

fn select_wish(
    transaction_id: &str,
    offer: &FoundOffer,
    slot: Option<(DeliverySlot, WattHours)>,
    quantity: Option<WattHours>,
) -> SelectWish {
    let slots = slot
        .map(|(slot, _)| SlotWish { slot, quantity: quantity.unwrap_or(WattHours::new(1_000)) })
        .into_iter()
        .collect();
    SelectWish {
        transaction_id: Some(transaction_id.to_owned()),
        bpp_id: offer.bpp_id.clone(),
        offer_id: offer.offer_id.clone(),
        slots,
    }
}

fn text(error: impl Coded) -> String {
    format!("{}: {error}", error.code().as_str())
}
