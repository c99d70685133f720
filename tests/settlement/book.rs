//! The books in memory, by the same pure rules as the database's, and the random events that both are given.

use std::collections::{BTreeMap, BTreeSet};

use units::{DeliverySlot, Paise, Price, Timestamp, WattHours};
use uuid::Uuid;
use wattmandi::contract::{Contract, Side};
use wattmandi::settlement::{
    Account, AccountId, AccountKind, Bill, Draft, Flows, JournalKind, Line, MoneyError, Quality, Rate,
    RateKind, Rates, SettledSlot,
};

/// A small generator of numbers that are the same each time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 1).unwrap() % bound
    }
}

/// A slot of a contract: when, price, quantity.
pub type Row = (DeliverySlot, Price, WattHours);

pub fn rows(contract: &Contract) -> Vec<Row> {
    contract.quantities().iter().map(|part| (part.slot, part.price, part.quantity)).collect()
}

/// Energy times price, the sum rounded, as the contract policy does.
pub fn traded(slots: &[SettledSlot]) -> i64 {
    let exact: i128 =
        slots.iter().map(|slot| i128::from(slot.settled.get()) * i128::from(slot.price.get())).sum();
    i64::try_from((exact + 50_000) / 100_000).unwrap()
}

pub fn flows(slots: &[SettledSlot], wheeling: (i64, i64), penalty: i64) -> Flows {
    let (traded, (buyer, seller)) = (traded(slots), wheeling);
    Flows {
        buyer_platform: Paise::new(-traded - buyer),
        seller_platform: Paise::new(traded - seller - penalty),
        buyer_discom: Paise::new(buyer),
        seller_discom: Paise::new(seller + penalty),
    }
}

/// A final result: each round takes something off, or nothing.
pub fn result(dice: &mut Dice, rows: &[Row]) -> (Vec<SettledSlot>, Flows) {
    let mut cut = |of: WattHours| match dice.below(3) {
        0 => WattHours::new(dice.below(of.get() + 1)),
        _ => of,
    };
    let mut slots = Vec::new();
    for (slot, price, requested) in rows {
        let round1 = cut(*requested);
        let round2 = cut(round1);
        slots.push(SettledSlot {
            slot: *slot,
            price: *price,
            requested: *requested,
            round1: Some(round1),
            round2: Some(round2),
            settled: cut(round2),
            quality: Quality::Measured,
        });
    }
    for slot in &mut slots {
        slot.quality = match dice.below(8) {
            0 => Quality::Outage,
            1 => Quality::Estimated,
            _ => Quality::Measured,
        };
    }
    let flows = flows(&slots, (dice.below(40), dice.below(40)), dice.below(40));
    (slots, flows)
}

/// Rates that never divide evenly.
pub fn odd_rates() -> Vec<Rate> {
    let rate = |kind, rate| Rate {
        network_id: "*".into(),
        discom: "*".into(),
        kind,
        from: Timestamp::from_seconds(0),
        rate: Price::new(rate),
    };
    vec![
        rate(RateKind::TransactionCharge, 4_201),
        rate(RateKind::PlatformFee, 533),
        rate(RateKind::WheelingBuyer, 2_507),
        rate(RateKind::WheelingSeller, 3_001),
        rate(RateKind::ShortfallPenalty, 5_003),
    ]
}

/// One thing that happens to the money of a user with a purchase and a sale.
#[derive(Clone, Debug)]
pub enum Event {
    /// Hold so many thousandths of what the purchase may cost.
    Hold(i64),
    Settle {
        side: Side,
        revision: i64,
        slots: Vec<SettledSlot>,
        flows: Flows,
    },
    TopUp(Paise),
    Withdraw(Paise),
}

/// A random event for the two contracts.
pub fn event(dice: &mut Dice, rows: &[Row]) -> Event {
    match dice.below(10) {
        0..=2 => Event::Hold([0, 500, 1_000][usize::try_from(dice.below(3)).unwrap()]),
        3..=6 => {
            let side = if dice.below(2) == 0 { Side::Buyer } else { Side::Seller };
            let revision = 1 + dice.below(3);
            // The same revision brings the same result again.
            let seed = u64::try_from(revision).unwrap() + rows.len() as u64;
            let (slots, flows) = result(&mut Dice::new(seed), rows);
            Event::Settle { side, revision, slots, flows }
        }
        7 | 8 => Event::TopUp(Paise::new(1 + dice.below(2_000))),
        _ => Event::Withdraw(Paise::new(1 + dice.below(2_000))),
    }
}

/// The books of one platform with one user.
pub struct Book {
    pub user: Uuid,
    rates: Rates,
    pub accounts: BTreeMap<String, Account>,
    posted: BTreeSet<(&'static str, String)>,
    lines: Vec<Line>,
    held: Paise,
    captured: bool,
    steps: i64,
    bills: BTreeMap<&'static str, (i64, Bill)>,
}

impl Book {
    pub fn new(user: Uuid, credit_limit: i64, rates: Vec<Rate>) -> Self {
        let id = AccountId::user(user);
        let account = Account::new(id.clone(), Paise::new(credit_limit));
        Self {
            user,
            rates: Rates::new(rates),
            accounts: BTreeMap::from([(id.key(), account)]),
            posted: BTreeSet::new(),
            lines: Vec::new(),
            held: Paise::ZERO,
            captured: false,
            steps: 0,
            bills: BTreeMap::new(),
        }
    }

    pub fn account(&self, id: &AccountId) -> Account {
        self.accounts.get(&id.key()).cloned().unwrap_or_else(|| Account::new(id.clone(), Paise::ZERO))
    }

    /// All lines of a journal, or none.
    fn post(&mut self, draft: &Draft) -> Result<bool, MoneyError> {
        let (debit, credit) = draft.totals()?;
        assert_eq!(debit, credit);
        if self.posted.contains(&(draft.kind.as_str(), draft.reference.clone())) {
            return Ok(false);
        }
        let mut changed = Vec::new();
        for line in draft.lines() {
            let mut account = self.account(&line.account);
            account.apply(line.amount, line.held)?;
            changed.push((line.account.key(), account));
            self.lines.push(line);
        }
        self.accounts.extend(changed);
        self.posted.insert((draft.kind.as_str(), draft.reference.clone()));
        Ok(true)
    }

    /// What the purchase may cost at most.
    pub fn cost(&self, rows: &[Row]) -> i64 {
        let whole: Vec<SettledSlot> = rows
            .iter()
            .map(|(slot, price, quantity)| SettledSlot {
                slot: *slot,
                price: *price,
                requested: *quantity,
                round1: None,
                round2: None,
                settled: *quantity,
                quality: Quality::Measured,
            })
            .collect();
        let bill =
            Bill::of(Side::Buyer, ("D", Some("p")), &whole, &flows(&whole, (0, 0), 0), &self.rates).unwrap();
        -bill.for_user().unwrap().get()
    }

    /// Does what the database would do. True when it had an effect.
    pub fn apply(&mut self, event: &Event, rows: &[Row]) -> Result<bool, MoneyError> {
        let (user, arrears) = (AccountId::user(self.user), AccountId::arrears(self.user));
        let bank = AccountId::own(AccountKind::Bank);
        let reference = self.posted.len().to_string();
        match event {
            Event::Hold(share) => {
                let target = Paise::new(self.cost(rows) * share / 1_000);
                let change = target.checked_sub(self.held).unwrap();
                if self.captured || change == Paise::ZERO {
                    return Ok(false);
                }
                let kind = if change > Paise::ZERO { JournalKind::Hold } else { JournalKind::Release };
                let mut draft = Draft::new(kind, format!("c/{}", self.steps), None);
                draft.book(&user, Paise::ZERO, change)?;
                self.post(&draft)?;
                self.held = target;
                self.steps += 1;
                Ok(true)
            }
            Event::Settle { side, revision, slots, flows } => {
                let before = self.bills.get(side.as_str());
                if before.is_some_and(|(known, _)| known >= revision) {
                    return Ok(false);
                }
                let bill = Bill::of(*side, ("NORTH", Some("peer.example")), slots, flows, &self.rates)?;
                let kind = if before.is_some() { JournalKind::Correction } else { JournalKind::Settlement };
                let mut draft = Draft::new(kind, format!("{}/{revision}", side.as_str()), None);
                let amount = bill.book(before.map(|(_, bill)| bill), &mut draft)?;
                let mut held = Paise::ZERO;
                if *side == Side::Buyer && !self.captured {
                    held = self.held.checked_neg().unwrap();
                }
                draft.book_user(&self.account(&user), &self.account(&arrears), amount, held)?;
                self.post(&draft)?;
                if *side == Side::Buyer {
                    self.captured = true;
                    self.held = Paise::ZERO;
                }
                self.bills.insert(side.as_str(), (*revision, bill));
                Ok(true)
            }
            Event::TopUp(amount) => {
                let mut draft = Draft::new(JournalKind::TopUp, reference, None);
                draft.book(&bank, amount.checked_neg().unwrap(), Paise::ZERO)?;
                draft.book_user(&self.account(&user), &self.account(&arrears), *amount, Paise::ZERO)?;
                self.post(&draft)
            }
            Event::Withdraw(amount) => {
                let account = self.account(&user);
                let free = account.balance.checked_sub(account.held).unwrap();
                if *amount > free || self.account(&arrears).balance < Paise::ZERO {
                    return Err(MoneyError::Withdrawal { most: free.max(Paise::ZERO) });
                }
                let mut draft = Draft::new(JournalKind::Withdrawal, reference, None);
                draft.book(&bank, *amount, Paise::ZERO)?;
                draft.book(&user, amount.checked_neg().unwrap(), Paise::ZERO)?;
                self.post(&draft)
            }
        }
    }

    /// What must hold after every event.
    pub fn check(&self) {
        let sum: i64 = self.accounts.values().map(|account| account.balance.get()).sum();
        assert_eq!(sum, 0, "debits and credits differ");
        for account in self.accounts.values() {
            assert!(account.held >= Paise::ZERO, "{account:?}");
            match account.id.kind {
                AccountKind::User => assert!(account.available().unwrap() >= Paise::ZERO, "{account:?}"),
                AccountKind::Arrears => assert!(account.balance <= Paise::ZERO, "{account:?}"),
                _ => {}
            }
        }
    }

    /// The balances are those of the journals, all over again.
    pub fn rebuild(&self) {
        let mut rebuilt: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for line in &self.lines {
            let entry = rebuilt.entry(line.account.key()).or_default();
            entry.0 += line.amount.get();
            entry.1 += line.held.get();
        }
        for (key, account) in &self.accounts {
            let rebuilt = rebuilt.get(key).copied().unwrap_or_default();
            assert_eq!(rebuilt, (account.balance.get(), account.held.get()), "{key}");
        }
    }
}
