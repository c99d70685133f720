//! How a found offer suits a buyer: hard filters with their reasons, then a score of price, trust and window. Pure.
//!
//! Every part is in millionths and recomputable from what is shown. Price: how far the average price of the hours that
//! can be used lies below a reference, which is the buyer's limit, else the grid tariff of the buyer's DISCOM, else the
//! dearest offer. Trust: the provider's share of what it was asked for ([`history`], ruling 26). Window: the share of
//! the wanted energy, or of the wanted hours, that the offer has.

pub(super) mod history;
mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use energy_rules::{Gate, OfferedSlot};
use units::{Price, Timestamp, WattHours};

pub use self::history::ProviderTrust;
pub use self::place::Place;
use super::order::{self, Offered};
use crate::error::{Code, Coded};
use crate::metering::Meter;
use crate::network::{MILLION, Settings, normalize_meter};

/// What a buyer asks of an offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RankWish {
    /// Per kWh.
    pub price_limit: Option<Price>,
    /// Hours that start at or after this,
    pub from: Option<Timestamp>,
    /// and end at or before that.
    pub to: Option<Timestamp>,
    /// The offer must have so much in the window.
    pub quantity: Option<WattHours>,
    /// Millionths; never below the operator's floor.
    pub min_trust: Option<i64>,
    /// Only providers with a settled history.
    pub proven: bool,
    /// Where the buyer is, coarsely.
    pub near: Option<Place>,
}

/// Why an offer is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub reason: String,
}

/// What is said of an offer, and of a plan, beside its price.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merits {
    pub distance_m: Option<i64>,
    /// Within the operator's distance; none without a distance.
    pub local: Option<bool>,
    /// What the grid would have emitted for a kWh; none where the source's own emission is not known.
    pub co2_grams_per_kwh: Option<i64>,
    /// What the grid of the buyer's DISCOM costs per kWh.
    pub tariff: Option<Price>,
}

/// How an offer suits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    /// The weighted sum of the parts, millionths; also of a refused offer, as far as there is something to score.
    pub score: i64,
    pub price: i64,
    pub trust: i64,
    pub window: i64,
    /// Of the hours that can be used, weighted by energy.
    pub average: Option<Price>,
    /// What the price was compared with.
    pub reference: Option<Price>,
    /// Of the hours that can be used.
    pub usable: WattHours,
    pub provider: ProviderTrust,
    pub merits: Merits,
    /// Empty: it can be taken.
    pub refused: Vec<Refusal>,
}

/// Who looks, when, and what is known of the providers.
pub(super) struct Scene<'a> {
    pub(super) settings: &'a Settings,
    pub(super) meters: &'a [Meter],
    pub(super) now_market: Timestamp,
    pub(super) wish: &'a RankWish,
    pub(super) trust: &'a BTreeMap<(String, String), ProviderTrust>,
}

/// A found offer and where it is.
pub(super) struct Candidate<'a> {
    pub(super) offered: &'a Offered,
    pub(super) place: Option<Place>,
}

/// Ranks offers, in the order given. Beside each rank the hours that can be used.
pub(super) fn rank(scene: &Scene<'_>, offers: &[Candidate<'_>]) -> Vec<(Rank, Vec<OfferedSlot>)> {
    let mut judged: Vec<(Rank, Vec<OfferedSlot>)> = offers.iter().map(|offer| judge(scene, offer)).collect();
    let dearest = judged.iter().filter_map(|(rank, _)| rank.average).max();
    for (rank, _) in &mut judged {
        rank.reference = scene.wish.price_limit.or(rank.merits.tariff).or(dearest);
        if let (Some(average), Some(reference)) = (rank.average, rank.reference) {
            let below = reference.get().saturating_sub(average.get());
            rank.price = share(below, reference.get());
        }
        rank.score = weigh(scene.settings, rank);
    }
    judged
}

fn weigh(settings: &Settings, rank: &Rank) -> i64 {
    let choice = &settings.choice;
    let parts = [
        (choice.weight_price, rank.price),
        (choice.weight_trust, rank.trust),
        (choice.weight_window, rank.window),
    ];
    parts.iter().map(|(weight, part)| weight.saturating_mul(*part)).sum::<i64>() / MILLION
}

/// So many millionths, between none and all.
fn share(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    let share = i128::from(part.clamp(0, whole)).saturating_mul(i128::from(MILLION)) / i128::from(whole);
    i64::try_from(share).unwrap_or(MILLION)
}

fn judge(scene: &Scene<'_>, candidate: &Candidate<'_>) -> (Rank, Vec<OfferedSlot>) {
    let offered = candidate.offered;
    let mut refused = Vec::new();
    let meter = order::meter_for(offered, scene.meters, scene.settings);
    if let Err(error) = &meter {
        refused.push(Refusal { code: error.code(), reason: error.to_string() });
    }
    if let Some(until) = offered.valid_until().filter(|until| *until <= scene.now_market) {
        refused.push(refusal(Code::GateClosed, format!("the offer is not valid any more since {until}")));
    }
    let usable = match usable(scene, offered) {
        Ok(usable) => usable,
        Err(reason) => {
            refused.push(reason);
            Vec::new()
        }
    };
    let energy = WattHours::checked_sum(usable.iter().map(|row| row.available)).unwrap_or(WattHours::MAX);
    if let Some(wanted) = scene.wish.quantity.filter(|wanted| *wanted > energy && !usable.is_empty()) {
        let reason = format!("{energy} kWh can be used, {wanted} kWh are wanted");
        refused.push(refusal(Code::ChoiceTooLittle, reason));
    }
    let key = (offered.bpp_id.clone(), normalize_meter(&offered.seller_meter));
    let provider = scene.trust.get(&key).copied().unwrap_or_else(|| history::unknown(&scene.settings.choice));
    refused.extend(distrust(scene, provider));
    let tariff = meter.ok().and_then(|meter| scene.settings.choice.grid_tariff_inr.get(&meter.discom_code));
    let rank = Rank {
        score: 0,
        price: 0,
        trust: provider.score_millionths,
        window: window(scene, offered, &usable, energy),
        average: average(&usable, scene.wish.quantity),
        reference: None,
        usable: energy,
        provider,
        merits: merits(scene, offered, candidate.place, tariff.copied()),
        refused,
    };
    (rank, usable)
}

fn refusal(code: Code, reason: String) -> Refusal {
    Refusal { code, reason }
}

/// The hours that keep gate, window, price and minimum; or the first of these that leaves none.
fn usable(scene: &Scene<'_>, offered: &Offered) -> Result<Vec<OfferedSlot>, Refusal> {
    let (rules, wish) = (&scene.settings.rules, scene.wish);
    let all: Vec<OfferedSlot> = offered.slots().collect();
    let gate = |row: &OfferedSlot| energy_rules::gate(row.slot, scene.now_market, rules);
    let open: Vec<OfferedSlot> = all.iter().copied().filter(|row| gate(row) == Gate::Open).collect();
    if open.is_empty() {
        return Err(match all.iter().find(|row| gate(row) == Gate::NotOpen) {
            Some(row) => refusal(Code::GateNotOpen, format!("the slot {} cannot be traded yet", row.slot)),
            None => refusal(Code::GateClosed, "none of its hours can be traded any more".to_owned()),
        });
    }
    let within = |row: &OfferedSlot| {
        wish.from.is_none_or(|from| row.slot.start() >= from) && wish.to.is_none_or(|to| row.slot.end() <= to)
    };
    let inside: Vec<OfferedSlot> = open.into_iter().filter(within).collect();
    if inside.is_empty() {
        let reason = "none of its hours lies in the wanted window".to_owned();
        return Err(refusal(Code::ChoiceOutsideWindow, reason));
    }
    let cheapest = inside.iter().map(|row| row.price).min();
    let kept = |row: &OfferedSlot| wish.price_limit.is_none_or(|limit| row.price <= limit);
    let payable: Vec<OfferedSlot> = inside.into_iter().filter(kept).collect();
    if let (true, Some(limit), Some(cheapest)) = (payable.is_empty(), wish.price_limit, cheapest) {
        let reason = format!("its cheapest hour costs {cheapest} INR per kWh, the limit is {limit}");
        return Err(refusal(Code::ChoiceTooDear, reason));
    }
    let step = rules.quantity_step.get().max(1);
    let floor = |row: OfferedSlot| {
        let available = WattHours::new(row.available.get().max(0) / step * step);
        OfferedSlot { available, ..row }
    };
    let enough: Vec<OfferedSlot> =
        payable.into_iter().map(floor).filter(|row| row.available >= rules.min_quantity).collect();
    if enough.is_empty() {
        let reason = format!("none of its hours has {} kWh left", rules.min_quantity);
        return Err(refusal(Code::QuantityUnavailable, reason));
    }
    Ok(enough)
}

/// Why the provider is not trusted enough. An unknown one passes the floor, unless proof is demanded (ruling 26).
fn distrust(scene: &Scene<'_>, provider: ProviderTrust) -> Option<Refusal> {
    let demanded = scene.wish.min_trust;
    if provider.unknown {
        let beyond = demanded.is_some_and(|demanded| provider.score_millionths < demanded);
        return (scene.wish.proven || beyond).then(|| {
            let reason = "nothing was settled with this provider yet".to_owned();
            refusal(Code::ChoiceUnproven, reason)
        });
    }
    let floor = scene.settings.choice.trust_floor.max(demanded.unwrap_or(0));
    (provider.score_millionths < floor).then(|| {
        let text = |millionths| units::format_scaled(millionths, 6);
        let (trust, floor) = (text(provider.score_millionths), text(floor));
        refusal(Code::ChoiceTrustLow, format!("the provider's trust is {trust}, at least {floor} is needed"))
    })
}

/// Of the usable hours the cheapest up to the wanted energy, or all: their average price, to the nearest.
fn average(usable: &[OfferedSlot], wanted: Option<WattHours>) -> Option<Price> {
    let mut rows = usable.to_vec();
    rows.sort_by_key(|row| (row.price, row.slot));
    let mut left = i128::from(wanted.unwrap_or(WattHours::MAX).get());
    let (mut energy, mut cost) = (0_i128, 0_i128);
    for row in rows {
        let units = i128::from(row.available.get()).min(left);
        left -= units;
        energy += units;
        cost += units * i128::from(row.price.get());
    }
    nearest(cost, energy)
}

/// `cost / energy`, halves up.
pub(super) fn nearest(cost: i128, energy: i128) -> Option<Price> {
    let half = energy / 2;
    cost.checked_add(half)?.checked_div(energy).and_then(|price| i64::try_from(price).ok()).map(Price::new)
}

fn window(scene: &Scene<'_>, offered: &Offered, usable: &[OfferedSlot], energy: WattHours) -> i64 {
    if let Some(wanted) = scene.wish.quantity {
        return share(energy.get(), wanted.get());
    }
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let hours = match (scene.wish.from, scene.wish.to) {
        (Some(from), Some(to)) => {
            let open = energy_rules::open_slots(scene.now_market, &scene.settings.rules);
            open.filter(|slot| slot.start() >= from && slot.end() <= to).count()
        }
        _ => offered.lines.len(),
    };
    share(count(usable.len()), count(hours))
}

fn merits(scene: &Scene<'_>, offered: &Offered, place: Option<Place>, tariff: Option<Price>) -> Merits {
    let choice = &scene.settings.choice;
    // From where the buyer says to be, else from the meter that the energy would go to.
    let home = || scene.meters.iter().find_map(|meter| meter.place);
    let home = || home().and_then(|(latitude, longitude)| Place::new(latitude, longitude));
    let here = scene.wish.near.or_else(home);
    let distance_m = here.zip(place).map(|(here, there)| here.distance_m(there));
    Merits {
        distance_m,
        local: distance_m.map(|distance| distance <= choice.local_km.saturating_mul(1_000)),
        co2_grams_per_kwh: resource_type(offered)
            .is_some_and(is_renewable)
            .then_some(choice.co2_grams_per_kwh),
        tariff,
    }
}

pub(super) fn resource_type(offered: &Offered) -> Option<&str> {
    match &offered.resource.attributes {
        Some(beckn_wire::energy::ResourceAttributes::Energy(resource)) => resource.resource_type.as_deref(),
        _ => None,
    }
}

/// What storage gives may have come from anywhere.
fn is_renewable(resource_type: &str) -> bool {
    ["SOLAR", "SOLAR_PV", "WIND", "HYDRO", "BIOGAS"].contains(&resource_type)
}
