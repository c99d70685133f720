//! The SQL of settled contracts and of payments.

use db::{DbError, Row, Tx, sql};
use units::Timestamp;
use uuid::Uuid;

use crate::contract::{Contract, Side};
use crate::settlement::bill::{Bill, MeterLine, SlotBill};
use crate::settlement::model::{Quality, SettledSlot, Stamp};
use crate::settlement::payments::{Payment, PaymentKind, PaymentState};
use crate::settlement::statement::TradeLine;

sql! {
    LAST = "SELECT revision, discom, traded, discom_flow FROM settlements WHERE contract = $1 \
        ORDER BY revision DESC LIMIT 1";
    INSERT = "INSERT INTO settlements (contract, revision, previous, user_id, journal, discom, traded, discom_flow, \
        month, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    SLOTS = "SELECT slot_start, price, requested_wh, round1_wh, round2_wh, final_wh, quality, energy, wheeling, \
        charge, fee, penalty FROM settlement_slots WHERE contract = $1 AND revision = $2 ORDER BY slot_start";
    INSERT_SLOT = "INSERT INTO settlement_slots (contract, revision, slot_start, price, requested_wh, round1_wh, \
        round2_wh, final_wh, quality, energy, wheeling, charge, fee, penalty) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    // A corrected slot beside what it was before.
    LINES = "SELECT c.transaction_id, c.contract_id, c.side, c.peer_id, c.seller_meter, c.buyer_meter, m.meter_id, \
        t.revision, t.at, t.discom, s.slot_start, s.price, s.requested_wh, s.round1_wh, s.round2_wh, s.final_wh, s.quality, \
        s.energy, s.wheeling, s.charge, s.fee, s.penalty, p.final_wh AS old_final_wh, \
        COALESCE(p.energy, 0) AS old_energy, COALESCE(p.wheeling, 0) AS old_wheeling, \
        COALESCE(p.charge, 0) AS old_charge, COALESCE(p.fee, 0) AS old_fee, COALESCE(p.penalty, 0) AS old_penalty \
        FROM settlements t JOIN contracts c ON c.id = t.contract \
        JOIN settlement_slots s ON s.contract = t.contract AND s.revision = t.revision \
        LEFT JOIN meters m ON m.meter_key = CASE WHEN c.side = 'seller' THEN c.seller_meter ELSE c.buyer_meter END \
        LEFT JOIN settlement_slots p ON p.contract = t.contract AND p.revision = t.previous \
        AND p.slot_start = s.slot_start WHERE t.user_id = $1 AND t.month = $2 \
        ORDER BY s.slot_start, c.transaction_id, c.side, t.revision LIMIT $3";
    INSERT_PAYMENT = "INSERT INTO payments (id, kind, user_id, peer_id, contract, amount, state, reference, at, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FIND_PAYMENT = "SELECT id, kind, user_id, amount, state, reference, at FROM payments WHERE id = $1";
    LOCK_PAYMENT = "SELECT id, kind, user_id, amount, state, reference, at FROM payments WHERE id = $1 {FOR UPDATE}";
    END_PAYMENT = "UPDATE payments SET state = $2, reference = $3 WHERE id = $1";
    PENDING = "SELECT id, kind, user_id, amount, state, reference, at FROM payments WHERE state = 'pending' \
        AND created_at < $1 ORDER BY id LIMIT $2";
    PAYMENTS_OF_CONTRACT = "SELECT id, kind, user_id, amount, state, reference, at FROM payments WHERE contract = $1 \
        ORDER BY id";
    LAST_NETTING = "SELECT at FROM payments WHERE kind = 'netting' AND peer_id = $1 ORDER BY at DESC LIMIT 1";
}

/// The last result of a contract that was settled, as it was billed.
pub(in crate::settlement) async fn last(
    tx: &mut Tx,
    contract: &Contract,
    peer_id: Option<&str>,
) -> Result<Option<(i64, Bill)>, DbError> {
    let Some(row) = tx.query_opt(&LAST, &[contract.id.into()]).await? else { return Ok(None) };
    let revision: i64 = row.get("revision")?;
    let slots = tx.query(&SLOTS, &[contract.id.into(), revision.into()]).await?;
    let bill = Bill {
        side: contract.side,
        discom: row.get("discom")?,
        peer_id: peer_id.map(str::to_owned),
        traded: row.get("traded")?,
        discom_flow: row.get("discom_flow")?,
        slots: slots.iter().map(meter_line).collect::<Result<_, _>>()?,
    };
    Ok(Some((revision, bill)))
}

/// Which result of a contract is stored.
#[derive(Clone, Copy, Debug)]
pub(in crate::settlement) struct Revision {
    pub(in crate::settlement) number: i64,
    /// The one that it corrects.
    pub(in crate::settlement) previous: Option<i64>,
    pub(in crate::settlement) journal: Uuid,
}

pub(in crate::settlement) async fn insert(
    tx: &mut Tx,
    contract: &Contract,
    revision: Revision,
    bill: &Bill,
    stamp: &Stamp<'_>,
) -> Result<(), DbError> {
    let params = [
        contract.id.into(),
        revision.number.into(),
        revision.previous.into(),
        contract.user_id.into(),
        revision.journal.into(),
        bill.discom.as_str().into(),
        bill.traded.into(),
        bill.discom_flow.into(),
        stamp.month().into(),
        stamp.market.into(),
    ];
    tx.execute(&INSERT, &params).await?;
    for line in &bill.slots {
        let (slot, bill) = (&line.result, &line.bill);
        let params = [
            contract.id.into(),
            revision.number.into(),
            slot.slot.into(),
            slot.price.into(),
            slot.requested.into(),
            slot.round1.into(),
            slot.round2.into(),
            slot.settled.into(),
            slot.quality.as_str().into(),
            bill.energy.into(),
            bill.wheeling.into(),
            bill.charge.into(),
            bill.fee.into(),
            bill.penalty.into(),
        ];
        tx.execute(&INSERT_SLOT, &params).await?;
    }
    Ok(())
}

fn meter_line(row: &Row) -> Result<MeterLine, DbError> {
    Ok(MeterLine {
        result: SettledSlot {
            slot: row.get("slot_start")?,
            price: row.get("price")?,
            requested: row.get("requested_wh")?,
            round1: row.get("round1_wh")?,
            round2: row.get("round2_wh")?,
            settled: row.get("final_wh")?,
            quality: Quality::parse(&row.get::<String>("quality")?)?,
        },
        bill: SlotBill {
            energy: row.get("energy")?,
            wheeling: row.get("wheeling")?,
            charge: row.get("charge")?,
            fee: row.get("fee")?,
            penalty: row.get("penalty")?,
        },
    })
}

/// The slots of a user's contracts that were settled or corrected in a month, in order of time.
pub(in crate::settlement) async fn lines(
    tx: &mut Tx,
    user: Uuid,
    month: i64,
    limit: i64,
) -> Result<Vec<TradeLine>, DbError> {
    let read = |row: &Row| -> Result<TradeLine, DbError> {
        let side = Side::parse(&row.get::<String>("side")?)?;
        let meter: Option<String> =
            row.get(if side == Side::Buyer { "buyer_meter" } else { "seller_meter" })?;
        Ok(TradeLine {
            transaction_id: row.get("transaction_id")?,
            contract_id: row.get("contract_id")?,
            side,
            peer_id: row.get("peer_id")?,
            meter_id: row.get::<Option<String>>("meter_id")?.or_else(|| meter.clone()).unwrap_or_default(),
            meter: meter.unwrap_or_default(),
            discom: row.get("discom")?,
            revision: row.get("revision")?,
            settled_at: row.get("at")?,
            line: meter_line(row)?,
            settled_before: row.get("old_final_wh")?,
            billed_before: SlotBill {
                energy: row.get("old_energy")?,
                wheeling: row.get("old_wheeling")?,
                charge: row.get("old_charge")?,
                fee: row.get("old_fee")?,
                penalty: row.get("old_penalty")?,
            },
        })
    };
    tx.query(&LINES, &[user.into(), month.into(), limit.into()]).await?.iter().map(read).collect()
}

/// Whom a payment is with, and what for.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::settlement) struct Parties<'a> {
    pub(in crate::settlement) peer_id: Option<&'a str>,
    pub(in crate::settlement) contract: Option<Uuid>,
}

pub(in crate::settlement) async fn insert_payment(
    tx: &mut Tx,
    payment: &Payment,
    parties: Parties<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let params = [
        payment.id.into(),
        payment.kind.as_str().into(),
        payment.user_id.into(),
        parties.peer_id.into(),
        parties.contract.into(),
        payment.amount.into(),
        payment.state.as_str().into(),
        payment.reference.clone().into(),
        payment.at.into(),
        now.into(),
    ];
    tx.execute(&INSERT_PAYMENT, &params).await?;
    Ok(())
}

fn payment(row: &Row) -> Result<Payment, DbError> {
    Ok(Payment {
        id: row.get("id")?,
        kind: PaymentKind::parse(&row.get::<String>("kind")?)?,
        user_id: row.get("user_id")?,
        amount: row.get("amount")?,
        state: PaymentState::parse(&row.get::<String>("state")?)?,
        reference: row.get("reference")?,
        at: row.get("at")?,
    })
}

pub(in crate::settlement) async fn find_payment(tx: &mut Tx, id: Uuid) -> Result<Payment, DbError> {
    payment(&tx.query_one(&FIND_PAYMENT, &[id.into()]).await?)
}

pub(in crate::settlement) async fn lock_payment(tx: &mut Tx, id: Uuid) -> Result<Payment, DbError> {
    payment(&tx.query_one(&LOCK_PAYMENT, &[id.into()]).await?)
}

pub(in crate::settlement) async fn end_payment(tx: &mut Tx, payment: &Payment) -> Result<(), DbError> {
    let params = [payment.id.into(), payment.state.as_str().into(), payment.reference.clone().into()];
    tx.execute(&END_PAYMENT, &params).await?;
    Ok(())
}

/// Payments that were begun before, and have no end yet.
pub(in crate::settlement) async fn pending(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Payment>, DbError> {
    tx.query(&PENDING, &[before.into(), limit.into()]).await?.iter().map(payment).collect()
}

pub(in crate::settlement) async fn payments_of_contract(
    tx: &mut Tx,
    contract: Uuid,
) -> Result<Vec<Payment>, DbError> {
    tx.query(&PAYMENTS_OF_CONTRACT, &[contract.into()]).await?.iter().map(payment).collect()
}

/// When the clearing account of a peer was last netted, market time.
pub(in crate::settlement) async fn last_netting(
    tx: &mut Tx,
    peer_id: &str,
) -> Result<Option<Timestamp>, DbError> {
    tx.query_opt(&LAST_NETTING, &[peer_id.into()]).await?.map(|row| row.get("at")).transpose()
}
