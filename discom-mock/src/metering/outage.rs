//! Outages and curtailments: hours in which the grid did not carry a meter's energy (ruling 26: they cost
//! nobody).
//!
//! They are drawn by the simulator or told by an operator. An outage leaves nothing of a simulated reading, a
//! curtailment a share of what was fed in; an uploaded reading is what was uploaded. Each is a numbered
//! revision, and the ledgers that look at the day are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use beckn_wire::energy::normalize_meter;
use db::{Db, DbError, Row, Tx, params};
use serde::Deserialize;
use units::{DeliverySlot, IstDate, Timestamp, WattHours, parse_scaled};

use super::model::{Block, Source, Stored};
use super::{service, store};

/// All of it, in millionths.
pub const ONE: u64 = 1_000_000;

/// Most hours that one call names: a month.
const SLOTS_MAX: usize = 744;

const METER_MAX: usize = 256;

db::sql! {
    ADD = "INSERT INTO meter_outages (meter, slot, revision, kind, share, told_by, told_at) VALUES ($1, \
        $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    BETWEEN = "SELECT slot, revision, kind, share FROM meter_outages WHERE meter = $1 AND slot >= $2 \
        AND slot < $3 ORDER BY slot, revision";
}

/// What the grid did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    Outage,
    Curtailment,
    /// Nothing after all.
    None,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outage => "OUTAGE",
            Self::Curtailment => "CURTAILMENT",
            Self::None => "NONE",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Outage, Self::Curtailment, Self::None].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What happened to a meter in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    pub kind: Kind,
    /// What was still carried, in millionths.
    pub share: u64,
}

impl Outage {
    pub const TOTAL: Self = Self { kind: Kind::Outage, share: 0 };

    pub fn is_none(self) -> bool {
        self.kind == Kind::None
    }

    /// What is left of a simulated block.
    pub fn leaves(self, block: Block) -> Block {
        let part = |energy: WattHours| {
            let left = i128::from(energy.get()) * i128::from(self.share.min(ONE)) / i128::from(ONE);
            WattHours::new(i64::try_from(left).unwrap_or(0))
        };
        match self.kind {
            Kind::Outage => Block { import: WattHours::ZERO, export: WattHours::ZERO, ..block },
            Kind::Curtailment => Block { export: part(block.export), ..block },
            Kind::None => block,
        }
    }
}

/// An operator's word.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    kind: Kind,
    /// The hours that begin in `from..until`.
    from: String,
    until: String,
    /// What is still carried in a curtailment, 0 to 1; half of it when it is not said.
    share: Option<String>,
}

/// Why a word is refused; safe to be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    #[error("no usable meter")]
    Meter,
    #[error("from and until are instants of RFC 3339, with 1 to {SLOTS_MAX} delivery slots between them")]
    Window,
    #[error("the share is a decimal from 0 to 1")]
    Share,
}

/// An operator's word, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Normalized.
    pub meter: String,
    pub slots: Vec<DeliverySlot>,
    pub outage: Outage,
}

/// Reads an operator's word about a meter.
///
/// # Errors
/// [`WishError`].
pub fn read(meter: &str, wish: &Wish) -> Result<Told, WishError> {
    let usable = meter.len() <= METER_MAX && !meter.chars().any(char::is_control);
    let meter = Some(normalize_meter(meter)).filter(|name| usable && !name.is_empty());
    let at = |text: &str| Timestamp::parse_rfc3339(text).map_err(|_| WishError::Window);
    let (from, until) = (at(&wish.from)?, at(&wish.until)?);
    let mut slots = Vec::new();
    let mut slot = DeliverySlot::containing(from);
    if slot.start() < from {
        slot = slot.next();
    }
    while slot.start() < until && slots.len() <= SLOTS_MAX {
        slots.push(slot);
        slot = slot.next();
    }
    if slots.is_empty() || slots.len() > SLOTS_MAX {
        return Err(WishError::Window);
    }
    let share = match &wish.share {
        None => ONE / 2,
        Some(text) => {
            let share = parse_scaled(text, 6).ok().and_then(|share| u64::try_from(share).ok());
            share.filter(|share| *share <= ONE).ok_or(WishError::Share)?
        }
    };
    let share = match wish.kind {
        Kind::Outage => 0,
        Kind::Curtailment => share,
        Kind::None => ONE,
    };
    let outage = Outage { kind: wish.kind, share };
    Ok(Told { meter: meter.ok_or(WishError::Meter)?, slots, outage })
}

/// Takes an operator's word in. Gives for how many slots it was news.
///
/// # Errors
/// The database's.
pub async fn tell(db: &Db, told: Told, told_by: &str, now: Timestamp) -> Result<usize, DbError> {
    let work = Arc::new((told, told_by.to_owned()));
    let stored = db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (told, told_by) = &*work;
            let mut news = 0_usize;
            for slot in &told.slots {
                if note(tx, &told.meter, *slot, told.outage, (told_by, now)).await? {
                    cut(tx, &told.meter, *slot, told.outage, now).await?;
                    store::tell_day(tx, IstDate::of(slot.start()).first_slot().start()).await?;
                    news = news.saturating_add(1);
                }
            }
            Ok::<_, DbError>(news)
        })
    });
    stored.await
}

/// Adds a revision; false when that stands already.
///
/// # Errors
/// The database's.
pub async fn note(
    tx: &mut Tx,
    meter: &str,
    slot: DeliverySlot,
    outage: Outage,
    (told_by, now): (&str, Timestamp),
) -> Result<bool, DbError> {
    let rows = tx.query(&BETWEEN, &params![meter, slot, slot.next()]).await?;
    let (revision, stands) = match rows.last() {
        Some(row) => (row.get::<i64>("revision")?, Some(read_row(row)?.1)),
        None => (0, None),
    };
    if stands == Some(outage) || (stands.is_none() && outage.is_none()) {
        return Ok(false);
    }
    let share = i64::try_from(outage.share).unwrap_or(0);
    let values = params![meter, slot, revision.saturating_add(1), outage.kind.as_str(), share, told_by, now];
    if tx.execute(&ADD, &values).await? == 1 { Ok(true) } else { Err(DbError::Serialization) }
}

/// What stands simulated of the slot is read anew under the outage.
async fn cut(
    tx: &mut Tx,
    meter: &str,
    slot: DeliverySlot,
    outage: Outage,
    now: Timestamp,
) -> Result<(), DbError> {
    for stored in store::between(tx, meter, slot.start(), slot.end()).await? {
        let block = outage.leaves(stored.block);
        if stored.source == Source::Simulated && block != stored.block {
            let revision = stored.revision.saturating_add(1);
            if !store::add(tx, meter, &Stored { block, revision, ..stored }, now).await? {
                return Err(DbError::Serialization);
            }
        }
    }
    Ok(())
}

/// The outages of a meter in `from..until`, by slot; what was lifted is not among them.
///
/// # Errors
/// The database's.
pub async fn between(
    tx: &mut Tx,
    meter: &str,
    from: Timestamp,
    until: Timestamp,
) -> Result<BTreeMap<DeliverySlot, Outage>, DbError> {
    let rows = tx.query(&BETWEEN, &params![meter, from, until]).await?;
    let mut latest = rows.iter().map(read_row).collect::<Result<BTreeMap<_, _>, _>>()?;
    latest.retain(|_, outage| !outage.is_none());
    Ok(latest)
}

fn read_row(row: &Row) -> Result<(DeliverySlot, Outage), DbError> {
    let (kind, share): (String, i64) = (row.get("kind")?, row.get("share")?);
    let kind = Kind::parse(&kind).ok_or_else(|| DbError::Other("an outage of an unknown kind".to_owned()))?;
    Ok((row.get("slot")?, Outage { kind, share: u64::try_from(share).unwrap_or(0) }))
}

/// Stores simulated blocks, and the outage under which they were made.
///
/// # Errors
/// The database's.
pub async fn freeze(
    tx: &mut Tx,
    meter: &str,
    slot: DeliverySlot,
    (blocks, drawn): (&[Block; super::model::BLOCKS], Option<Outage>),
    now: Timestamp,
) -> Result<(), DbError> {
    if service::freeze(tx, meter, slot, blocks, now).await?
        && let Some(outage) = drawn
    {
        note(tx, meter, slot, outage, ("simulator", now)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metering::model::Quality;

    fn wish(kind: &str, until: &str, share: Option<&str>) -> Wish {
        let json = serde_json::json!({
            "kind": kind, "from": "2026-11-02T13:00:00+05:30", "until": until, "share": share,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_word_is_read_by_hours() {
        let told = read("CA|TEST_A", &wish("CURTAILMENT", "2026-11-02T15:00:00+05:30", None)).unwrap();
        assert_eq!((told.meter.as_str(), told.slots.len(), told.outage.share), ("test_a", 2, 500_000));
        let none = wish("OUTAGE", "2026-11-02T13:00:00+05:30", None);
        assert_eq!(read("A", &none), Err(WishError::Window));
        assert_eq!(read("A", &wish("OUTAGE", "2027-11-02T13:00:00+05:30", None)), Err(WishError::Window));
        let late = "2026-11-02T14:00:00+05:30";
        assert_eq!(read("A", &wish("CURTAILMENT", late, Some("1.1"))), Err(WishError::Share));
        assert_eq!(read(" ", &wish("OUTAGE", late, None)), Err(WishError::Meter));
    }

    #[test]
    fn an_outage_leaves_nothing_and_a_curtailment_its_share() {
        let block = Block {
            start: Timestamp::from_seconds(0),
            import: WattHours::new(10),
            export: WattHours::new(101),
            quality: Quality::Measured,
        };
        let left = |outage: Outage| {
            let block = outage.leaves(block);
            (block.import.get(), block.export.get())
        };
        assert_eq!(left(Outage::TOTAL), (0, 0));
        assert_eq!(left(Outage { kind: Kind::Curtailment, share: 500_000 }), (10, 50));
        assert_eq!(left(Outage { kind: Kind::None, share: ONE }), (10, 101));
    }
}
