//! From what a search has found to a plan: filters and ranks, the planner, and what is said of its answer. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::plan::{Cost, Limits, Problem, Proof, Row, Solution, Wanted};
use energy_rules::OfferedSlot;
use units::{DeliverySlot, Paise, Price, Rounding, Timestamp, WattHours, amount};

use super::model::{
    Cover, PartMerits, PartSlot, PlanWanted, PlanWish, Proposal, Short, Substitute, cost, energy,
};
use crate::buyer::error::BuyerError;
use crate::buyer::order::Offered;
use crate::buyer::ranking::{self, Candidate, Place, ProviderTrust, Rank, Scene};
use crate::buyer::reading::offered;
use crate::buyer::store::Found;
use crate::metering::Meter;
use crate::network::{MILLION, Settings, normalize_meter};

/// How often a plan is made anew because rounding each hour to a paisa has brought it above its limit.
const ROUNDING_ROUNDS: usize = 4;

/// A provider: platform and normalised meter.
pub(super) type Provider = (String, String);

/// What a plan is made from.
pub(super) struct Material {
    pub(super) settings: Arc<Settings>,
    pub(super) found: Vec<Found>,
    pub(super) trust: BTreeMap<Provider, ProviderTrust>,
    pub(super) meter: Meter,
    /// What the meter has asked to buy already.
    pub(super) bought: BTreeMap<DeliverySlot, WattHours>,
    pub(super) now_market: Timestamp,
}

/// What is still to be planned, when some of a plan is secured or has failed.
#[derive(Default)]
pub(super) struct Secured {
    /// By offer.
    pub(super) held: BTreeMap<(String, String), Vec<PartSlot>>,
    pub(super) providers: BTreeSet<Provider>,
    /// Offers that have failed.
    pub(super) excluded: BTreeSet<(String, String)>,
}

/// One offer of the answer.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) bpp_id: String,
    pub(super) offer_id: String,
    pub(super) seller_meter: String,
    pub(super) slots: Vec<PartSlot>,
    pub(super) merits: PartMerits,
}

/// The answer.
pub(super) struct Chosen {
    pub(super) drafts: Vec<Draft>,
    pub(super) proposal: Proposal,
}

/// An offer that can be taken.
struct Usable {
    offered: Offered,
    rank: Rank,
    provider: Provider,
    rows: Vec<OfferedSlot>,
}

/// The planner's problem, and which offer stands behind each row.
struct Posed {
    problem: Problem,
    offers: Vec<Usable>,
    of_row: Vec<usize>,
    refused: BTreeMap<&'static str, i64>,
}

/// Makes the plan for what is wanted and not secured yet.
///
/// # Errors
/// A wish that the planner cannot read.
pub(super) fn choose(material: &Material, wish: &PlanWish, secured: &Secured) -> Result<Chosen, BuyerError> {
    let mut posed = pose(material, wish, secured);
    let limit = wish.cost_limit.map(|limit| limit.checked_sub(spent(secured)).unwrap_or(Paise::ZERO));
    let solution = within(&mut posed, limit)?;
    let drafts = drafts(&posed, &solution, material)?;
    let greedy = ::plan::greedy(&posed.problem)?;
    let substitute = substitute(&posed, &solution)?;
    let mut cover = Cover { energy: solution.covered, amount: Paise::ZERO };
    for draft in &drafts {
        cover.amount = cover.amount.checked_add(cost(&draft.slots)?).ok_or(BuyerError::AmountOutOfRange)?;
    }
    let bound = match solution.proof {
        Proof::Optimal => None,
        Proof::Bounded { covered, cost } => Some(Cover { energy: covered, amount: paise(cost) }),
    };
    let mut proposal = Proposal {
        wanted: wish.wanted(),
        cover,
        optimal: bound.is_none(),
        bound,
        cheapest_first: cover_of(&posed, &greedy)?,
        shorts: shorts(wish, &drafts, secured),
        substitute,
        offers: i64::try_from(material.found.len()).unwrap_or(i64::MAX),
        refused: posed.refused.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
        average: ranking::nearest(solution.cost.get(), i128::from(solution.covered.get())),
        tariff: material.settings.choice.grid_tariff_inr.get(&material.meter.discom_code).copied(),
        saving: None,
        local_share: local_share(&drafts),
        co2_grams: drafts.iter().filter_map(|draft| draft.merits.co2_grams).sum(),
        co2_grams_per_kwh: material.settings.choice.co2_grams_per_kwh,
        co2_source: material.settings.choice.co2_source.clone(),
        reasons: Vec::new(),
    };
    proposal.saving = proposal.tariff.and_then(|tariff| {
        let grid = amount(cover.energy, tariff, Rounding::HalfAwayFromZero).ok()?;
        grid.checked_sub(cover.amount)
    });
    proposal.reasons = reasons(&proposal, &drafts, &posed);
    Ok(Chosen { drafts, proposal })
}

fn spent(secured: &Secured) -> Paise {
    let each = secured.held.values().map(|slots| cost(slots).unwrap_or(Paise::MAX));
    Paise::checked_sum(each).unwrap_or(Paise::MAX)
}

fn pose(material: &Material, wish: &PlanWish, secured: &Secured) -> Posed {
    let settings = &material.settings;
    let rest = rest(material, wish, secured);
    let rank_wish = wish.rank_wish();
    let scene = Scene {
        settings,
        meters: std::slice::from_ref(&material.meter),
        now_market: material.now_market,
        wish: &rank_wish,
        trust: &material.trust,
    };
    let known: Vec<(Offered, Option<Place>)> = material
        .found
        .iter()
        .filter_map(|found| offered(found).map(|offered| (offered, found.place)))
        .collect();
    let candidates: Vec<Candidate<'_>> =
        known.iter().map(|(offered, place)| Candidate { offered, place: *place }).collect();
    let ranks = ranking::rank(&scene, &candidates);
    let mut refused: BTreeMap<&'static str, i64> = BTreeMap::new();
    let mut offers = Vec::new();
    for ((offered, _), (rank, rows)) in known.into_iter().zip(ranks) {
        if let Some(why) = rank.refused.first() {
            *refused.entry(why.code.as_str()).or_default() += 1;
            continue;
        }
        let provider = (offered.bpp_id.clone(), normalize_meter(&offered.seller_meter));
        offers.push(Usable { offered, rank, provider, rows });
    }
    // Among equals the planner takes the earlier row: the better ranked.
    offers.sort_by_key(|offer| {
        let name = (offer.offered.bpp_id.clone(), offer.offered.offer_id.clone());
        (Reverse(offer.rank.score), name)
    });
    let sellers_left = wish.sellers_max.map(|most| most.saturating_sub(secured.providers.len()));
    let mut limits = Limits::of(settings.rules.min_quantity, settings.rules.quantity_step);
    limits.price = wish.price_limit;
    limits.sellers = sellers_left.filter(|left| *left > 0);
    let mut posed = Posed {
        problem: Problem { rows: Vec::new(), wanted: rest, limits },
        offers,
        of_row: Vec::new(),
        refused,
    };
    let mut numbers: BTreeMap<Provider, u32> = BTreeMap::new();
    for (at, offer) in posed.offers.iter().enumerate() {
        let name = (offer.offered.bpp_id.clone(), offer.offered.offer_id.clone());
        let closed = sellers_left == Some(0) && !secured.providers.contains(&offer.provider);
        if secured.excluded.contains(&name) || closed {
            continue;
        }
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let seller = *numbers.entry(offer.provider.clone()).or_insert(next);
        for row in &offer.rows {
            let held = held(secured.held.get(&name), row.slot);
            let available = row.available.checked_sub(held).unwrap_or(WattHours::ZERO);
            posed.problem.rows.push(Row { seller, slot: row.slot, price: row.price, available });
            posed.of_row.push(at);
        }
    }
    posed
}

fn held(slots: Option<&Vec<PartSlot>>, slot: DeliverySlot) -> WattHours {
    let rows = slots.into_iter().flatten().filter(|row| row.slot == slot);
    WattHours::checked_sum(rows.map(|row| row.energy)).unwrap_or(WattHours::MAX)
}

/// What is wanted beyond what is secured, under what the connection still takes.
fn rest(material: &Material, wish: &PlanWish, secured: &Secured) -> Wanted {
    let load = |slot: DeliverySlot| {
        let bought = material.bought.get(&slot).copied().unwrap_or(WattHours::ZERO);
        let left = material.meter.slot_load().map(|load| load.checked_sub(bought).unwrap_or(WattHours::ZERO));
        left.map(|left| left.max(WattHours::ZERO))
    };
    let capped = |slot, energy: WattHours| load(slot).map_or(energy, |load| load.min(energy));
    let secured_in = |slot: DeliverySlot| {
        let each = secured.held.values().map(|slots| held(Some(slots), slot));
        WattHours::checked_sum(each).unwrap_or(WattHours::MAX)
    };
    let less = |energy: WattHours, part: WattHours| {
        energy.checked_sub(part).unwrap_or(WattHours::ZERO).max(WattHours::ZERO)
    };
    match &wish.wanted {
        PlanWanted::PerSlot(slots) => Wanted::PerSlot(
            slots
                .iter()
                .map(|(slot, energy)| (*slot, capped(*slot, less(*energy, secured_in(*slot)))))
                .collect(),
        ),
        PlanWanted::Total { energy: wanted, from, to } => {
            let open = energy_rules::open_slots(material.now_market, &material.settings.rules);
            let slots = open.filter(|slot| slot.start() >= *from && slot.end() <= *to);
            let secured = secured.held.values().map(|slots| energy(slots));
            let left = less(*wanted, WattHours::checked_sum(secured).unwrap_or(WattHours::MAX));
            Wanted::Total { energy: left, slots: slots.map(|slot| (slot, capped(slot, left))).collect() }
        }
    }
}

/// The planner's answer whose hours, each rounded to a paisa, keep the limit.
fn within(posed: &mut Posed, limit: Option<Paise>) -> Result<Solution, BuyerError> {
    let Some(limit) = limit else { return Ok(::plan::solve(&posed.problem)?) };
    let mut allowed = limit;
    for _ in 0..ROUNDING_ROUNDS {
        posed.problem.limits.cost = Some(Cost::of_paise(allowed));
        let solution = ::plan::solve(&posed.problem)?;
        let over = cover_of(posed, &solution)?.amount.checked_sub(limit).unwrap_or(Paise::ZERO);
        if over <= Paise::ZERO {
            return Ok(solution);
        }
        allowed = allowed.checked_sub(over).unwrap_or(Paise::ZERO);
    }
    // Half a paisa for every hour is more than rounding can add.
    let rows = i64::try_from(posed.problem.rows.len()).unwrap_or(i64::MAX);
    posed.problem.limits.cost = Some(Cost::of_paise(Paise::new(limit.get().saturating_sub(rows).max(0))));
    Ok(::plan::solve(&posed.problem)?)
}

/// The hours of an answer by offer.
fn by_offer(posed: &Posed, solution: &Solution) -> BTreeMap<usize, Vec<PartSlot>> {
    let mut offers: BTreeMap<usize, Vec<PartSlot>> = BTreeMap::new();
    for part in &solution.parts {
        let (Some(row), Some(offer)) = (posed.problem.rows.get(part.row), posed.of_row.get(part.row)) else {
            continue;
        };
        let slots = offers.entry(*offer).or_default();
        slots.push(PartSlot { slot: row.slot, energy: part.energy, price: row.price });
        slots.sort_by_key(|row| row.slot);
    }
    offers
}

fn cover_of(posed: &Posed, solution: &Solution) -> Result<Cover, BuyerError> {
    let each = by_offer(posed, solution);
    let costs = each.values().map(|slots| cost(slots)).collect::<Result<Vec<_>, _>>()?;
    let amount = Paise::checked_sum(costs).ok_or(BuyerError::AmountOutOfRange)?;
    Ok(Cover { energy: solution.covered, amount })
}

/// Down to whole paise: nothing costs less than that.
fn paise(cost: Cost) -> Paise {
    Paise::new(i64::try_from(cost.get() / Cost::PER_PAISA).unwrap_or(i64::MAX))
}

fn drafts(posed: &Posed, solution: &Solution, material: &Material) -> Result<Vec<Draft>, BuyerError> {
    let mut drafts = Vec::new();
    for (at, slots) in by_offer(posed, solution) {
        let Some(offer) = posed.offers.get(at) else { continue };
        let (offered, rank, merits) = (&offer.offered, &offer.rank, &offer.rank.merits);
        let (energy, cost) = (energy(&slots), cost(&slots)?);
        let average = ranking::nearest(i128::from(cost.get()) * Cost::PER_PAISA, i128::from(energy.get()));
        let average = average.unwrap_or(Price::ZERO);
        let known = match rank.provider.unknown {
            true => "no settled history with the seller".to_owned(),
            false => format!("trust from {} settled contracts", rank.provider.settled),
        };
        drafts.push(Draft {
            bpp_id: offered.bpp_id.clone(),
            offer_id: offered.offer_id.clone(),
            seller_meter: offered.seller_meter.clone(),
            merits: PartMerits {
                name: offered.offer.name().map(str::to_owned),
                discom: offered.seller_discom.clone(),
                score: rank.score,
                trust: rank.trust,
                settled: rank.provider.settled,
                trust_unknown: rank.provider.unknown,
                distance_m: merits.distance_m,
                local: merits.local,
                co2_grams: merits.co2_grams_per_kwh.map(|grams| grams.saturating_mul(energy.get()) / 1_000),
                tariff: material.settings.choice.grid_tariff_inr.get(&material.meter.discom_code).copied(),
                reason: format!("{energy} kWh for {cost} INR, {average} INR per kWh; {known}"),
            },
            slots,
        });
    }
    Ok(drafts)
}

fn substitute(posed: &Posed, solution: &Solution) -> Result<Option<Substitute>, BuyerError> {
    let Some(next) = ::plan::next_best(&posed.problem, solution)? else { return Ok(None) };
    let row = posed.problem.rows.iter().position(|row| row.seller == next.without);
    let Some(without) = row.and_then(|row| posed.of_row.get(row)).and_then(|at| posed.offers.get(*at)) else {
        return Ok(None);
    };
    let (ours, cover) = (cover_of(posed, solution)?, cover_of(posed, &next.solution)?);
    let parts = by_offer(posed, &next.solution).into_iter().filter_map(|(at, slots)| {
        let offered = &posed.offers.get(at)?.offered;
        Some((offered.bpp_id.clone(), offered.offer_id.clone(), slots))
    });
    Ok(Some(Substitute {
        without_bpp_id: without.offered.bpp_id.clone(),
        without_meter: without.offered.seller_meter.clone(),
        cover,
        dearer_by: cover.amount.checked_sub(ours.amount).ok_or(BuyerError::AmountOutOfRange)?,
        covers_less: ours.energy.checked_sub(cover.energy).unwrap_or(WattHours::ZERO),
        parts: parts.collect(),
    }))
}

fn shorts(wish: &PlanWish, drafts: &[Draft], secured: &Secured) -> Vec<Short> {
    let PlanWanted::PerSlot(slots) = &wish.wanted else { return Vec::new() };
    let covered = |slot| {
        let all = drafts.iter().map(|draft| &draft.slots).chain(secured.held.values());
        WattHours::checked_sum(all.map(|rows| held(Some(rows), slot))).unwrap_or(WattHours::MAX)
    };
    let short = |(slot, energy): &(DeliverySlot, WattHours)| {
        let missing = energy.checked_sub(covered(*slot))?;
        (missing > WattHours::ZERO).then_some(Short { slot: *slot, missing })
    };
    slots.iter().filter_map(short).collect()
}

/// Of the energy whose distance is known, the local part.
fn local_share(drafts: &[Draft]) -> Option<i64> {
    let known: Vec<(bool, i64)> = drafts
        .iter()
        .filter_map(|draft| draft.merits.local.map(|local| (local, energy(&draft.slots).get())))
        .collect();
    let all: i64 = known.iter().map(|(_, energy)| energy).sum();
    let local: i64 = known.iter().filter(|(local, _)| *local).map(|(_, energy)| energy).sum();
    let share = i128::from(local) * i128::from(MILLION);
    share.checked_div(i128::from(all)).and_then(|share| i64::try_from(share).ok())
}

fn reasons(proposal: &Proposal, drafts: &[Draft], posed: &Posed) -> Vec<String> {
    let sellers: BTreeSet<(&str, &str)> =
        drafts.iter().map(|draft| (draft.bpp_id.as_str(), draft.seller_meter.as_str())).collect();
    let mut reasons = vec![format!(
        "{} of {} kWh from {} of {} offers that fit, by {} sellers, for {} INR",
        proposal.cover.energy,
        proposal.wanted,
        drafts.len(),
        posed.offers.len(),
        sellers.len(),
        proposal.cover.amount
    )];
    reasons.push(match proposal.bound {
        None => "nothing covers more within the limits, and nothing covers as much for less".to_owned(),
        Some(bound) => format!(
            "not proven to be the best: at best {} kWh for at least {} INR",
            bound.energy, bound.amount
        ),
    });
    let greedy = proposal.cheapest_first;
    reasons.push(format!("taking the cheapest first covers {} kWh for {} INR", greedy.energy, greedy.amount));
    for short in &proposal.shorts {
        reasons.push(format!(
            "{} kWh of {} are not to be had",
            short.missing,
            units::ist_label(short.slot.start())
        ));
    }
    reasons
}
