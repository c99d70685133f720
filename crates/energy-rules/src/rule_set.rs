//! What a network demands of a trade, as data with dates.
//!
//! A change of the rules is a new line in [`REVISIONS`], never an edit of an old one: a contract is judged by
//! the rules in force at its time. Ruling 24 for the trading hours, section 12 of the pilot's rules for gates
//! and quantities.

use units::{DeliverySlot, Price, Span, Timestamp, WattHours};

use crate::{BuyerRound, Timetable};

/// The production network of the India Energy Stack.
pub const NETWORK_PRODUCTION: &str = "indiaenergystack.in/ies-p2p-trading-network";
/// Its test network.
pub const NETWORK_TEST: &str = "indiaenergystack.in/test-ies-p2p-trading-network";
/// The second recognised test network.
pub const NETWORK_TEST_DEG: &str = "nfh.global/testnet-deg";

/// The DISCOMs admitted to the production network, by their codes.
const DISCOMS_PRODUCTION: &[&str] = &["PaVVNL", "TPDDL", "BRPL"];

/// The hours of the day, in India, in which a slot may start: `from..to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradingHours {
    /// First hour, 0 to 23.
    pub from: u8,
    /// The hour before which the last slot starts, 1 to 24.
    pub to: u8,
}

impl TradingHours {
    /// Sun hours, 06:00 to 18:00: the first pilot's.
    pub const PILOT: Self = Self { from: 6, to: 18 };

    pub fn contain(self, slot: DeliverySlot) -> bool {
        (self.from..self.to).contains(&slot.ist_hour())
    }
}

/// Where the contract policy of the seller's DISCOM is asked. Where it is, a policy that cannot be resolved
/// or evaluated refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyUse {
    /// Nowhere; the native rules stand alone.
    Nowhere,
    /// On what commits: `init`, `confirm` and `catalog/publish`.
    Commitments,
    /// On `select` as well.
    Everywhere,
}

/// One network's rules during one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// A slot may be traded from so long before its start,
    pub gate_opens: Span,
    /// until so long before its start.
    pub gate_closes: Span,
    /// The least that may be traded of one slot.
    pub min_quantity: WattHours,
    /// Available and requested quantities are multiples of this.
    pub quantity_step: WattHours,
    /// When slots may start; at any hour if `None`.
    pub trading_hours: Option<TradingHours>,
    /// Buyer and seller may be customers of the same DISCOM.
    pub intra_discom: bool,
    /// Meters are test meters here (`TEST_…`), and only here.
    pub test_meters: bool,
    /// A cancellation must be previewed (`try`) before it is committed.
    pub require_preview: bool,
    /// The lowest price per kWh that may be asked.
    pub price_min: Price,
    /// The highest. No network publishes a limit; this one keeps nonsense out.
    pub price_max: Price,
    /// The DISCOMs that take part; any if empty.
    pub discoms: &'static [&'static str],
    /// How the buyer's DISCOM shares a meter's import among its purchases.
    pub buyer_round: BuyerRound,
    /// The steps of the day after delivery.
    pub timetable: Timetable,
    /// Where the contract policy is asked.
    pub policy: PolicyUse,
}

impl RuleSet {
    /// Wave 2, test networks.
    pub fn ies_test() -> Self {
        Self {
            gate_opens: Span::from_hours(24),
            gate_closes: Span::from_hours(4),
            min_quantity: WattHours::new(1_000),
            quantity_step: WattHours::new(10),
            trading_hours: None,
            intra_discom: false,
            test_meters: true,
            require_preview: false,
            price_min: Price::new(1),
            price_max: Price::new(10_000_000),
            discoms: &[],
            buyer_round: BuyerRound::ProRata,
            timetable: Timetable::IES,
            policy: PolicyUse::Everywhere,
        }
    }

    /// Wave 2, production.
    pub fn ies_production() -> Self {
        Self { test_meters: false, discoms: DISCOMS_PRODUCTION, ..Self::ies_test() }
    }

    /// The rules of a network at an instant of market time; `None` for a network that we do not know.
    pub fn for_network(id: &str, at: Timestamp) -> Option<Self> {
        in_force(REVISIONS, id, at)
    }
}

struct Revision {
    network: &'static str,
    from: Timestamp,
    rules: fn() -> RuleSet,
}

const REVISIONS: &[Revision] = &[
    Revision { network: NETWORK_TEST, from: Timestamp::MIN, rules: RuleSet::ies_test },
    Revision { network: NETWORK_TEST_DEG, from: Timestamp::MIN, rules: RuleSet::ies_test },
    Revision { network: NETWORK_PRODUCTION, from: Timestamp::MIN, rules: RuleSet::ies_production },
];

fn in_force(revisions: &[Revision], network: &str, at: Timestamp) -> Option<RuleSet> {
    revisions
        .iter()
        .filter(|revision| revision.network == network && revision.from <= at)
        .max_by_key(|revision| revision.from)
        .map(|revision| (revision.rules)())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_its_rules() {
        let now = Timestamp::from_seconds(1_793_520_000);
        let test = RuleSet::for_network(NETWORK_TEST, now).unwrap();
        assert_eq!(RuleSet::for_network(NETWORK_TEST_DEG, now).unwrap(), test);
        let production = RuleSet::for_network(NETWORK_PRODUCTION, now).unwrap();
        assert!(test.test_meters && !production.test_meters);
        assert!(!test.intra_discom && !production.intra_discom);
        assert_eq!(RuleSet::for_network("nobody.example/market", now), None);
    }

    #[test]
    fn the_latest_revision_in_force_counts() {
        let from = Timestamp::from_seconds(1_000);
        let pilot = || RuleSet { trading_hours: Some(TradingHours::PILOT), ..RuleSet::ies_test() };
        let revisions = [
            Revision { network: "n", from, rules: RuleSet::ies_test },
            Revision { network: "n", from: Timestamp::from_seconds(500), rules: pilot },
            Revision { network: "m", from: Timestamp::MIN, rules: RuleSet::ies_production },
        ];
        let at = |seconds| in_force(&revisions, "n", Timestamp::from_seconds(seconds));
        assert_eq!(at(499), None);
        assert_eq!(at(500), Some(pilot()));
        assert_eq!(at(999), Some(pilot()));
        assert_eq!(at(1_000), Some(RuleSet::ies_test()));
    }

    #[test]
    fn trading_hours_are_those_of_india() {
        let day = units::IstDate::parse("2026-11-21").unwrap();
        let hours: Vec<u8> = day
            .slots()
            .into_iter()
            .filter(|slot| TradingHours::PILOT.contain(*slot))
            .map(|slot| slot.ist_hour())
            .collect();
        assert_eq!(hours, (6..18).collect::<Vec<u8>>());
    }
}
