//! What a user may trade in a month of India: the share of the capacity that the score opens, less what is used.
//!
//! A quota's row is locked before it is compared, and its CHECK refuses a consumption past the limit that it was
//! held against; returning energy needs no limit, so a score that fell hinders nothing.

use std::collections::BTreeMap;

use db::{DbError, Tx};
use units::{DeliverySlot, IstMonth, WattHours};
use uuid::Uuid;

use super::error::{Exceeded, TrustError};
use super::model::{self, Use};
use super::{service, store};
use crate::config::TrustConfig;

/// A change of what one slot uses: before and after.
pub type Shift = (DeliverySlot, WattHours, WattHours);

/// Moves what slots use of their months: more is held against the limit, less is given back. All or nothing; the rows of
/// the months are locked in order. The first of the transaction's locks.
///
/// # Errors
/// More than the limit of a month; the database's.
pub async fn shift(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    kind: Use,
    shifts: &[Shift],
) -> Result<(), TrustError> {
    for (month, (before, after)) in by_month(shifts)? {
        let grown = after.checked_sub(before).ok_or(TrustError::OutOfRange)?;
        if grown > WattHours::ZERO {
            consume(tx, config, user, kind, month, grown).await?;
        } else {
            let freed = before.checked_sub(after).ok_or(TrustError::OutOfRange)?;
            give_back(tx, user, kind, month, freed).await?;
        }
    }
    Ok(())
}

/// As [`shift`], of slots that only give back.
///
/// # Errors
/// The database's.
pub async fn release(
    tx: &mut Tx,
    user: Uuid,
    kind: Use,
    freed: &[(DeliverySlot, WattHours)],
) -> Result<(), TrustError> {
    let shifts: Vec<Shift> = freed.iter().map(|(slot, energy)| (*slot, *energy, WattHours::ZERO)).collect();
    for (month, (before, _)) in by_month(&shifts)? {
        give_back(tx, user, kind, month, before).await?;
    }
    Ok(())
}

/// Locks the rows of these months and changes nothing, so that a release that comes later in the transaction keeps the
/// order of locks.
///
/// # Errors
/// The database's.
pub async fn lock(
    tx: &mut Tx,
    user: Uuid,
    kind: Use,
    slots: impl IntoIterator<Item = DeliverySlot>,
) -> Result<(), DbError> {
    let mut months: Vec<IstMonth> = slots.into_iter().map(DeliverySlot::ist_month).collect();
    months.sort();
    months.dedup();
    for month in months {
        store::lock_quota(tx, user, kind, &month.to_string()).await?;
    }
    Ok(())
}

fn by_month(shifts: &[Shift]) -> Result<BTreeMap<IstMonth, (WattHours, WattHours)>, TrustError> {
    let mut months: BTreeMap<IstMonth, (WattHours, WattHours)> = BTreeMap::new();
    for (slot, before, after) in shifts {
        let sums = months.entry(slot.ist_month()).or_default();
        sums.0 = sums.0.checked_add(*before).ok_or(TrustError::OutOfRange)?;
        sums.1 = sums.1.checked_add(*after).ok_or(TrustError::OutOfRange)?;
    }
    Ok(months)
}

async fn consume(
    tx: &mut Tx,
    config: &TrustConfig,
    user: Uuid,
    kind: Use,
    month: IstMonth,
    wanted: WattHours,
) -> Result<(), TrustError> {
    let key = month.to_string();
    let (used, _) = store::lock_quota(tx, user, kind, &key).await?;
    // Read under the lock: a score that falls while we list falls before or after us.
    let score = service::score(tx, config, user).await?;
    let counted = store::capacity(tx, user).await?.counted(kind);
    let limit = model::limit(score, counted, config);
    let after = used.checked_add(wanted).ok_or(TrustError::OutOfRange)?;
    if after > limit {
        let capacity_known = counted.is_some();
        let exceeded = Exceeded { kind, month, limit, used, wanted, score, capacity_known };
        return Err(TrustError::LimitExceeded(Box::new(exceeded)));
    }
    Ok(store::set_quota(tx, user, kind, &key, (after, limit)).await?)
}

async fn give_back(
    tx: &mut Tx,
    user: Uuid,
    kind: Use,
    month: IstMonth,
    freed: WattHours,
) -> Result<(), TrustError> {
    if freed <= WattHours::ZERO {
        return Ok(());
    }
    let key = month.to_string();
    let (used, ceiling) = store::lock_quota(tx, user, kind, &key).await?;
    // What stood before there were quotas was never counted.
    let rest = used.checked_sub(freed).map_or(WattHours::ZERO, |rest| rest.max(WattHours::ZERO));
    Ok(store::set_quota(tx, user, kind, &key, (rest, ceiling)).await?)
}
