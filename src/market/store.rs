//! The market's SQL. Amounts are computed in Rust, checked; the tables' CHECKs guard the same once more.

use db::{DbError, Row, Tx, sql};
use units::{DeliverySlot, Timestamp, WattHours};
use uuid::Uuid;

use super::model::{Offer, OfferSlot, OfferState, Publication};

sql! {
    INSERT_OFFER = "INSERT INTO offers (id, user_id, meter_id, meter_key, name, state, publish_transaction_id, \
        valid_from, valid_until, revision, published_revision, publish_state, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, 'live', $6, $7, $8, 1, 0, 'pending', $9, $9)";
    INSERT_SLOT = "INSERT INTO offer_slots (offer_id, slot_start, price, published_wh, reserved_wh, sold_wh, \
        quota_wh, lapsed) VALUES ($1, $2, $3, $4, 0, 0, $5, 0)";
    FIND_OFFER = "SELECT id, user_id, meter_id, meter_key, name, state, publish_transaction_id, valid_from, \
        valid_until, revision, published_revision, publish_state, publish_error, created_at, updated_at \
        FROM offers WHERE id = $1";
    LOCK_OFFER = "SELECT id, user_id, meter_id, meter_key, name, state, publish_transaction_id, valid_from, \
        valid_until, revision, published_revision, publish_state, publish_error, created_at, updated_at \
        FROM offers WHERE id = $1 {FOR UPDATE}";
    OFFERS_OF_USER = "SELECT id, user_id, meter_id, meter_key, name, state, publish_transaction_id, valid_from, \
        valid_until, revision, published_revision, publish_state, publish_error, created_at, updated_at \
        FROM offers WHERE user_id = $1 AND id < $2 AND ($4 = '' OR state = $4) ORDER BY id DESC LIMIT $3";
    UNPUBLISHED = "SELECT id FROM offers WHERE publish_state = 'pending' ORDER BY id LIMIT $1";
    SLOTS = "SELECT slot_start, price, published_wh, reserved_wh, sold_wh, quota_wh, lapsed FROM offer_slots \
        WHERE offer_id = $1 ORDER BY slot_start";
    UPDATE_SLOT = "UPDATE offer_slots SET price = $3, published_wh = $4, reserved_wh = $5, sold_wh = $6, \
        quota_wh = $7, lapsed = $8 WHERE offer_id = $1 AND slot_start = $2";
    OVER = "SELECT DISTINCT o.user_id AS user_id, o.id AS id FROM offer_slots s JOIN offers o ON o.id = s.offer_id \
        WHERE s.lapsed = 0 AND s.slot_start <= $1 ORDER BY o.user_id, o.id LIMIT $2";
    TOUCH_OFFER = "UPDATE offers SET revision = revision + 1, publish_state = 'pending', state = $2, \
        updated_at = $3 WHERE id = $1";
    RENAME_OFFER = "UPDATE offers SET name = $2 WHERE id = $1";
    MARK_SENT = "UPDATE offers SET published_revision = $2, publish_state = 'sent', publish_message_id = $3 \
        WHERE id = $1 AND revision = $2";
    MARK_VERDICT = "UPDATE offers SET publish_state = $2, publish_error = $3 \
        WHERE publish_message_id = $1 AND publish_state IN ('sent', 'accepted', 'rejected')";
    PUBLISHED_BY = "SELECT id, user_id FROM offers WHERE publish_message_id = $1";
    OPEN_METER_SLOT = "INSERT INTO meter_slots (meter_key, slot_start, capacity_wh, listed_wh) \
        VALUES ($1, $2, $3, 0) ON CONFLICT (meter_key, slot_start) DO NOTHING";
    LOCK_METER_SLOT = "SELECT capacity_wh, listed_wh FROM meter_slots \
        WHERE meter_key = $1 AND slot_start = $2 {FOR UPDATE}";
    UPDATE_METER_SLOT = "UPDATE meter_slots SET listed_wh = $3 WHERE meter_key = $1 AND slot_start = $2";
    OPEN_LOAD_SLOT = "INSERT INTO load_slots (meter_key, slot_start, load_wh, bought_wh) \
        VALUES ($1, $2, $3, 0) ON CONFLICT (meter_key, slot_start) DO NOTHING";
    LOCK_LOAD_SLOT = "SELECT load_wh, bought_wh FROM load_slots \
        WHERE meter_key = $1 AND slot_start = $2 {FOR UPDATE}";
    BOUGHT = "SELECT slot_start, bought_wh FROM load_slots WHERE meter_key = $1 AND slot_start >= $2";
    UPDATE_LOAD_SLOT = "UPDATE load_slots SET bought_wh = $3 WHERE meter_key = $1 AND slot_start = $2";
}

/// An offer's row and slots to be written.
pub(super) async fn insert(tx: &mut Tx, offer: &Offer) -> Result<(), DbError> {
    let params = [
        offer.id.into(),
        offer.user_id.into(),
        offer.meter_id.into(),
        offer.meter_key.as_str().into(),
        offer.name.as_str().into(),
        offer.publish_transaction_id.into(),
        offer.valid_from.into(),
        offer.valid_until.into(),
        offer.created_at.into(),
    ];
    tx.execute(&INSERT_OFFER, &params).await?;
    for slot in &offer.slots {
        let params =
            [offer.id.into(), slot.slot.into(), slot.price.into(), slot.published.into(), slot.quota.into()];
        tx.execute(&INSERT_SLOT, &params).await?;
    }
    Ok(())
}

pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Offer>, DbError> {
    match tx.query_opt(&FIND_OFFER, &[id.into()]).await? {
        Some(row) => with_slots(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

/// The offer under a row lock, which guards its slots too: every writer of a slot locks the offer first.
pub(super) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Offer>, DbError> {
    match tx.query_opt(&LOCK_OFFER, &[id.into()]).await? {
        Some(row) => with_slots(tx, &row).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    state: Option<OfferState>,
    before: &str,
    limit: i64,
) -> Result<Vec<Offer>, DbError> {
    let state = state.map_or("", OfferState::as_str);
    let params = [user.into(), before.into(), limit.into(), state.into()];
    let rows = tx.query(&OFFERS_OF_USER, &params).await?;
    let mut offers = Vec::with_capacity(rows.len());
    for row in &rows {
        offers.push(with_slots(tx, row).await?);
    }
    Ok(offers)
}

pub(super) async fn unpublished(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>, DbError> {
    tx.query(&UNPUBLISHED, &[limit.into()]).await?.iter().map(|row| row.get("id")).collect()
}

pub(super) async fn update_slot(tx: &mut Tx, offer: Uuid, slot: &OfferSlot) -> Result<(), DbError> {
    let params = [
        offer.into(),
        slot.slot.into(),
        slot.price.into(),
        slot.published.into(),
        slot.reserved.into(),
        slot.sold.into(),
        slot.quota.into(),
        slot.lapsed.into(),
    ];
    tx.execute(&UPDATE_SLOT, &params).await?;
    Ok(())
}

/// Offers with slots that start until then and have not lapsed, and whose they are; by user.
pub(super) async fn over(
    tx: &mut Tx,
    last_start: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    let rows = tx.query(&OVER, &[last_start.into(), limit.into()]).await?;
    rows.iter().map(|row| Ok((row.get("user_id")?, row.get("id")?))).collect()
}

/// A new revision, to be published.
pub(super) async fn touch(tx: &mut Tx, id: Uuid, state: OfferState, now: Timestamp) -> Result<(), DbError> {
    tx.execute(&TOUCH_OFFER, &[id.into(), state.as_str().into(), now.into()]).await?;
    Ok(())
}

pub(super) async fn rename(tx: &mut Tx, id: Uuid, name: &str) -> Result<(), DbError> {
    tx.execute(&RENAME_OFFER, &[id.into(), name.into()]).await?;
    Ok(())
}

/// False when the offer changed since that revision: then it is still to be published.
pub(super) async fn mark_sent(tx: &mut Tx, id: Uuid, revision: i64, message: Uuid) -> Result<bool, DbError> {
    Ok(tx.execute(&MARK_SENT, &[id.into(), revision.into(), message.into()]).await? == 1)
}

pub(super) async fn mark_verdict(
    tx: &mut Tx,
    message_id: &str,
    verdict: Publication,
    error: Option<&str>,
) -> Result<bool, DbError> {
    let params = [message_id.into(), verdict.as_str().into(), error.map(str::to_owned).into()];
    Ok(tx.execute(&MARK_VERDICT, &params).await? > 0)
}

pub(super) async fn published_by(tx: &mut Tx, message_id: &str) -> Result<Option<(Uuid, Uuid)>, DbError> {
    let row = tx.query_opt(&PUBLISHED_BY, &[message_id.into()]).await?;
    row.map(|row| Ok((row.get("id")?, row.get("user_id")?))).transpose()
}

/// A limit of one hour of one meter, and how much of it is used.
pub(super) struct Used {
    pub limit: Option<WattHours>,
    pub used: WattHours,
}

/// What the meter has listed for that slot, under a row lock.
pub(super) async fn lock_meter_slot(
    tx: &mut Tx,
    meter_key: &str,
    slot: DeliverySlot,
    capacity: Option<WattHours>,
) -> Result<Used, DbError> {
    tx.execute(&OPEN_METER_SLOT, &[meter_key.into(), slot.into(), capacity.into()]).await?;
    let row = tx.query_one(&LOCK_METER_SLOT, &[meter_key.into(), slot.into()]).await?;
    Ok(Used { limit: row.get("capacity_wh")?, used: row.get("listed_wh")? })
}

pub(super) async fn update_meter_slot(
    tx: &mut Tx,
    meter_key: &str,
    slot: DeliverySlot,
    listed: WattHours,
) -> Result<(), DbError> {
    tx.execute(&UPDATE_METER_SLOT, &[meter_key.into(), slot.into(), listed.into()]).await?;
    Ok(())
}

/// What the meter has bought for that slot, under a row lock.
pub(super) async fn lock_load_slot(
    tx: &mut Tx,
    meter_key: &str,
    slot: DeliverySlot,
    load: Option<WattHours>,
) -> Result<Used, DbError> {
    tx.execute(&OPEN_LOAD_SLOT, &[meter_key.into(), slot.into(), load.into()]).await?;
    let row = tx.query_one(&LOCK_LOAD_SLOT, &[meter_key.into(), slot.into()]).await?;
    Ok(Used { limit: row.get("load_wh")?, used: row.get("bought_wh")? })
}

pub(super) async fn update_load_slot(
    tx: &mut Tx,
    meter_key: &str,
    slot: DeliverySlot,
    bought: WattHours,
) -> Result<(), DbError> {
    tx.execute(&UPDATE_LOAD_SLOT, &[meter_key.into(), slot.into(), bought.into()]).await?;
    Ok(())
}

/// What the meter has asked to buy by slot, from a slot on.
pub(super) async fn bought(
    tx: &mut Tx,
    meter_key: &str,
    from: DeliverySlot,
) -> Result<Vec<(DeliverySlot, WattHours)>, DbError> {
    let rows = tx.query(&BOUGHT, &[meter_key.into(), from.into()]).await?;
    rows.iter().map(|row| Ok((row.get("slot_start")?, row.get("bought_wh")?))).collect()
}

async fn with_slots(tx: &mut Tx, row: &Row) -> Result<Offer, DbError> {
    let id: Uuid = row.get("id")?;
    let slots = tx.query(&SLOTS, &[id.into()]).await?.iter().map(read_slot).collect::<Result<Vec<_>, _>>()?;
    Ok(Offer {
        id,
        user_id: row.get("user_id")?,
        meter_id: row.get("meter_id")?,
        meter_key: row.get("meter_key")?,
        name: row.get("name")?,
        state: OfferState::parse(&row.get::<String>("state")?),
        publish_transaction_id: row.get("publish_transaction_id")?,
        valid_from: row.get("valid_from")?,
        valid_until: row.get("valid_until")?,
        revision: row.get("revision")?,
        published_revision: row.get("published_revision")?,
        publication: Publication::parse(&row.get::<String>("publish_state")?),
        publish_error: row.get("publish_error")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        slots,
    })
}

fn read_slot(row: &Row) -> Result<OfferSlot, DbError> {
    Ok(OfferSlot {
        slot: row.get("slot_start")?,
        price: row.get("price")?,
        published: row.get("published_wh")?,
        reserved: row.get("reserved_wh")?,
        sold: row.get("sold_wh")?,
        quota: row.get("quota_wh")?,
        lapsed: row.get("lapsed")?,
    })
}
