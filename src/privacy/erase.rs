//! Taking an account away: everything that says who somebody is goes at once, in one transaction; what was traded and
//! paid stays under a random id. [`super::sweep`] does what must wait.
//!
//! Who asks is signed in, and shows it once more by the password or a code. Nothing goes while a trade, a plan or money
//! is open: who is told what; offers that nobody has bought of are withdrawn with the account. Races are decided by row
//! locks: what is put on sale is so under the user's, so all of it is found here, or refused afterwards; stock is taken
//! under its offer's, so no `init` or `confirm` finds an offer that was withdrawn here; a purchase holds money under its
//! account's, and an account that was closed here has none; what was open is read after all of them.
//! A crash leaves the account as it was, or gone.

use std::sync::Arc;

use db::{DbError, Tx, params, sql};
use units::{Paise, Span, Timestamp};
use uuid::Uuid;

use super::marks;
use crate::error::{Code, Coded};
use crate::identity::{Accounts, Proven};
use crate::market::{self, MarketError, OfferState};
use crate::metering;
use crate::network::Participant;
use crate::settlement::{self, MoneyError, Stamp};

/// What stands in the place of a name.
pub const NOBODY: &str = "Former user";
/// When whatever a request under way has left is taken away.
const AGAIN_AFTER: Span = Span::from_minutes(10);
/// Offers that are read at once.
const PAGE: i64 = 100;

sql! {
    LOCK_USER = "SELECT id FROM users WHERE id = $1 AND erased_at IS NULL {FOR UPDATE}";
    PASSWORD = "SELECT password_hash FROM logins WHERE user_id = $1 {FOR UPDATE}";
    SHUT_OFFERS = "UPDATE offers SET state = 'withdrawn' WHERE user_id = $1 AND state = 'live'";
    CLOSE_INTERESTS = "UPDATE interests SET state = 'closed' WHERE user_id = $1";
    OPEN_TRADES = "SELECT c.state, d.state AS delivery FROM contracts c LEFT JOIN deliveries d ON d.contract = c.id \
        WHERE c.user_id = $1 AND c.state NOT IN ('draft', 'quoted', 'offered', 'cancelled', 'rejected', 'expired') \
        AND (d.contract IS NULL OR d.state NOT IN ('settled', 'void'))";
    OPEN_REST = "SELECT (SELECT COUNT(*) FROM plans WHERE user_id = $1 \
        AND state IN ('reserving', 'confirming', 'cancelling')) AS plans, \
        (SELECT COUNT(*) FROM payments WHERE user_id = $1 AND state = 'pending') AS payments";
    METER_KEYS = "SELECT meter_key FROM meters WHERE user_id = $1";
    PSEUDONYM = "UPDATE users SET handle = $2, display_name = $3, token_hash = $4, payout_name = $3, payout_vpa = '', \
        role = 'prosumer', discom_code = NULL, language = 'en', verified = 0, locked_at = $5, erased_at = $5, \
        monthly_production_wh = NULL, production_verified = 0, monthly_consumption_wh = NULL WHERE id = $1";
    REMEMBER = "INSERT INTO erasures (user_id, state, erased_at, again_at, evidence_until) \
        VALUES ($1, 'erased', $2, $3, $4)";
}

/// What says who somebody is, in the order of the references between tables. Each takes the user.
const PERSONAL: &[&db::Sql] = &[
    &personal::WEBHOOK_DELIVERIES,
    &personal::WEBHOOK_FILTERS,
    &personal::WEBHOOKS,
    &personal::REFRESH_TOKENS,
    &personal::SESSIONS,
    &personal::API_TOKENS,
    &personal::EXTERNAL_LOGINS,
    &personal::UNLINKED_LOGINS,
    &personal::MAIL_LINKS,
    &personal::ADDRESS_PROOFS,
    &personal::LOGINS,
    &personal::PROFILES,
    &personal::METER_PROOFS,
    &personal::METER_CLAIMS,
    &personal::CREDENTIALS,
    &personal::CREDENTIAL_HOURS,
    &personal::BILLS,
    &personal::BILL_DAYS,
    &personal::MARKS,
    &personal::METERS,
    &personal::OFFERS,
    &personal::FOUND_BY_OTHERS,
    &personal::EXCHANGES,
    &personal::INTERESTS,
    &personal::PLAN_PARTS,
    &personal::PLANS,
    &personal::FOUND,
    &personal::SEARCHES,
    &personal::EVENTS,
    &personal::ANSWERS,
    &personal::KEYS,
    &personal::TICKETS,
];

pub mod personal {
    //! What goes at once. Consents stay: a purpose, a version and a date prove what was agreed to, and name nobody.

    db::sql! {
        pub(super) WEBHOOK_DELIVERIES = "DELETE FROM webhook_deliveries WHERE webhook IN \
            (SELECT id FROM webhooks WHERE user_id = $1)";
        pub(super) WEBHOOK_FILTERS = "DELETE FROM webhook_filters WHERE webhook IN \
            (SELECT id FROM webhooks WHERE user_id = $1)";
        pub(super) WEBHOOKS = "DELETE FROM webhooks WHERE user_id = $1";
        pub(super) REFRESH_TOKENS = "DELETE FROM refresh_tokens WHERE session_id IN \
            (SELECT id FROM sessions WHERE user_id = $1)";
        pub(super) SESSIONS = "DELETE FROM sessions WHERE user_id = $1";
        pub(super) API_TOKENS = "DELETE FROM api_tokens WHERE user_id = $1";
        pub(super) EXTERNAL_LOGINS = "DELETE FROM external_logins WHERE user_id = $1";
        pub(super) UNLINKED_LOGINS = "DELETE FROM unlinked_logins WHERE user_id = $1";
        pub(super) MAIL_LINKS = "DELETE FROM mail_links WHERE user_id = $1";
        pub(super) ADDRESS_PROOFS = "DELETE FROM address_proofs WHERE user_id = $1";
        pub(super) LOGINS = "DELETE FROM logins WHERE user_id = $1";
        pub(super) PROFILES = "DELETE FROM user_profiles WHERE user_id = $1";
        pub(super) METER_PROOFS = "DELETE FROM meter_proofs WHERE user_id = $1";
        pub(super) METER_CLAIMS = "DELETE FROM meter_claims WHERE user_id = $1";
        pub(super) CREDENTIALS = "DELETE FROM credentials WHERE user_id = $1";
        pub(super) CREDENTIAL_HOURS = "DELETE FROM credential_hours WHERE user_id = $1";
        // That a bonus was given is remembered by its meter and its document.
        pub(super) BILLS = "UPDATE meter_documents SET reading = NULL, checks = '[]', deleted_at = COALESCE(deleted_at, \
            (SELECT erased_at FROM users WHERE id = $1)) WHERE user_id = $1";
        pub(super) MARKS = "UPDATE meter_marks SET left_by = NULL WHERE left_by = $1";
        pub(super) BILL_DAYS = "DELETE FROM meter_document_days WHERE user_id = $1";
        // Nobody's, until somebody claims it anew; its number stays for what the DISCOM may still correct.
        pub(super) METERS = "UPDATE meters SET verified = 0, customer_number = '', latitude = NULL, longitude = NULL, \
            released_at = COALESCE(released_at, (SELECT erased_at FROM users WHERE id = $1)) WHERE user_id = $1";
        pub(super) OFFERS = "UPDATE offers SET name = 'Former offer' WHERE user_id = $1";
        // What others found of this user's says the name.
        pub(super) FOUND_BY_OTHERS = "DELETE FROM found_offers WHERE offer_id IN \
            (SELECT id FROM offers WHERE user_id = $1)";
        pub(super) EXCHANGES = "DELETE FROM exchanges WHERE user_id = $1";
        pub(super) INTERESTS = "DELETE FROM interests WHERE user_id = $1";
        pub(super) PLAN_PARTS = "DELETE FROM plan_parts WHERE plan_id IN (SELECT id FROM plans WHERE user_id = $1)";
        pub(super) PLANS = "DELETE FROM plans WHERE user_id = $1";
        pub(super) FOUND = "DELETE FROM found_offers WHERE transaction_id IN \
            (SELECT transaction_id FROM searches WHERE user_id = $1)";
        pub(super) SEARCHES = "DELETE FROM searches WHERE user_id = $1";
        pub(super) EVENTS = "DELETE FROM events WHERE user_id = $1";
        pub(super) ANSWERS = "DELETE FROM answers WHERE user_id = $1";
        pub(super) KEYS = "DELETE FROM idempotency_keys WHERE user_id = $1";
        pub(super) TICKETS = "DELETE FROM event_tickets WHERE user_id = $1";
    }
}

/// What keeps an account from being erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    pub trades: usize,
    /// Of these.
    pub disputes: usize,
    pub plans: i64,
    pub payments: i64,
    pub held: Paise,
    /// What the platform owes the user; negative, what the user owes.
    pub balance: Paise,
}

impl Open {
    fn nothing(&self) -> bool {
        *self == Self::default()
    }

    /// In words.
    fn said(&self) -> String {
        let mut parts = Vec::new();
        match (self.trades, self.disputes) {
            (0, _) => {}
            (1, 0) => parts.push("1 trade is not settled".to_owned()),
            (1, _) => parts.push("1 trade is disputed and not settled".to_owned()),
            (trades, 0) => parts.push(format!("{trades} trades are not settled")),
            (trades, disputes) => {
                parts.push(format!("{trades} trades are not settled, {disputes} of them disputed"));
            }
        }
        match self.plans {
            1 => parts.push("1 plan is being carried out".to_owned()),
            plans if plans > 1 => parts.push(format!("{plans} plans are being carried out")),
            _ => {}
        }
        match self.payments {
            1 => parts.push("1 payment is on its way".to_owned()),
            payments if payments > 1 => parts.push(format!("{payments} payments are on their way")),
            _ => {}
        }
        if self.held != Paise::ZERO {
            parts.push(format!("{} INR are held", self.held.to_inr_text()));
        }
        match self.balance {
            balance if balance > Paise::ZERO => {
                parts.push(format!("{} INR are yours to withdraw", balance.to_inr_text()));
            }
            balance if balance < Paise::ZERO => {
                let owed = balance.checked_neg().unwrap_or(balance);
                parts.push(format!("{} INR are owed by you", owed.to_inr_text()));
            }
            _ => {}
        }
        parts.join("; ")
    }
}

/// Why an account is not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("{}", .0.said())]
    Open(Open),
    /// The password was changed meanwhile.
    #[error("the password is not right")]
    Proof,
    /// The code was spent meanwhile.
    #[error("the code is not right, or not good any more")]
    Code,
    /// It is erased already.
    #[error("there is no such account")]
    Gone,
    #[error("an offer cannot be withdrawn: {0}")]
    Offer(#[from] MarketError),
    #[error("the account of money cannot be closed: {0}")]
    Money(MoneyError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<MoneyError> for EraseError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::Database(error) => Self::Db(error),
            other => Self::Money(other),
        }
    }
}

impl From<EraseError> for DbError {
    /// For the log of a worker.
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Db(error) => error,
            other => Self::Other(other.to_string()),
        }
    }
}

impl Coded for EraseError {
    fn code(&self) -> Code {
        match self {
            Self::Open(_) => Code::AccountOpen,
            Self::Proof => Code::FieldInvalid,
            Self::Code => Code::CodeInvalid,
            Self::Gone => Code::NotFound,
            Self::Offer(_) | Self::Money(_) | Self::Db(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        matches!(self, Self::Proof).then(|| "password".to_owned())
    }
}

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Wire time.
    pub at: Timestamp,
    /// Until when, market time, the messages of settled trades are kept for a dispute.
    pub evidence_until: Timestamp,
}

/// Erases the account of a user who has shown who he is. One transaction.
///
/// # Errors
/// See [`EraseError`]; nothing has changed then.
pub async fn erase(
    p: &Participant,
    accounts: &Accounts,
    user: Uuid,
    proven: Proven,
) -> Result<Erased, EraseError> {
    let (at, random) = (p.now(), p.ids.bytes::<16>());
    let erased = Erased { at, evidence_until: p.market_now().saturating_add(p.settings.dispute_period) };
    let handle = format!("former-{}", random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let with = Arc::new((p.clone(), accounts.clone(), proven, handle));
    p.db.write(move |tx| {
        let with = Arc::clone(&with);
        Box::pin(async move {
            let (p, accounts, proven, handle) = &*with;
            tx.query_opt(&LOCK_USER, &params![user]).await?.ok_or(EraseError::Gone)?;
            still_proven(tx, accounts, user, proven, at).await?;
            withdraw_offers(tx, user, at).await?;
            tx.execute(&CLOSE_INTERESTS, &params![user]).await?;
            let open = open(tx, user, &Stamp::of(p)).await?;
            if !open.nothing() {
                return Err(EraseError::Open(open));
            }
            for row in tx.query(&METER_KEYS, &params![user]).await? {
                let key: String = row.get("meter_key")?;
                marks::keep(tx, (accounts, &p.settings.trust), user, &key, at).await?;
                marks::hide_bonus(tx, accounts, &key).await?;
            }
            tx.execute(&PSEUDONYM, &params![user, handle, NOBODY, format!("none:{handle}"), at]).await?;
            forget_person(tx, user, at).await?;
            let again = at.saturating_add(AGAIN_AFTER);
            tx.execute(&REMEMBER, &params![user, at, again, erased.evidence_until]).await?;
            Ok(erased)
        })
    })
    .await
}

/// Not with a password that was replaced while it was being compared. A code is spent here, so that a refusal, which
/// undoes all of this, leaves it good.
async fn still_proven(
    tx: &mut Tx,
    accounts: &Accounts,
    user: Uuid,
    proven: &Proven,
    now: Timestamp,
) -> Result<(), EraseError> {
    let row = tx.query_opt(&PASSWORD, &params![user]).await?.ok_or(EraseError::Proof)?;
    match proven {
        Proven::Password(hash) => {
            let same = row.get::<Option<String>>("password_hash")?.as_deref() == Some(hash.as_str());
            same.then_some(()).ok_or(EraseError::Proof)
        }
        Proven::Code { phone, code } => {
            let spent = accounts.spend(tx, phone, code, now).await?;
            spent.then_some(()).ok_or(EraseError::Code)
        }
    }
}

/// Withdraws what can still be bought; what is over needs no word to the catalog.
async fn withdraw_offers(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(), EraseError> {
    let mut before = None;
    loop {
        let live = market::service::of_user(tx, user, Some(OfferState::Live), before, PAGE).await?;
        for offer in live.iter().filter(|offer| offer.slots.iter().any(|slot| !slot.lapsed)) {
            let meter = metering::find_by_key(tx, &offer.meter_key).await?;
            let meter = meter.ok_or_else(|| DbError::Other("an offer of no meter".to_owned()))?;
            market::service::withdraw(tx, &meter, offer.id, now).await?;
        }
        match live.last().filter(|_| i64::try_from(live.len()).is_ok_and(|count| count >= PAGE)) {
            Some(last) => before = Some(last.id),
            None => break,
        }
    }
    tx.execute(&SHUT_OFFERS, &params![user]).await?;
    Ok(())
}

/// What is open, read when no new trade can begin; an account with nothing on it is closed.
async fn open(tx: &mut Tx, user: Uuid, stamp: &Stamp<'_>) -> Result<Open, EraseError> {
    let money = settlement::close_user(tx, user, stamp).await?;
    let trades = tx.query(&OPEN_TRADES, &params![user]).await?;
    let mut disputes = 0_usize;
    for row in &trades {
        let (state, delivery): (String, Option<String>) = (row.get("state")?, row.get("delivery")?);
        disputes = disputes
            .saturating_add(usize::from(state == "disputed" || delivery.as_deref() == Some("exception")));
    }
    let rest = tx.query_one(&OPEN_REST, &params![user]).await?;
    let owed = money.balance.checked_sub(money.arrears).ok_or(EraseError::Money(MoneyError::OutOfRange))?;
    Ok(Open {
        trades: trades.len(),
        disputes,
        plans: rest.get("plans")?,
        payments: rest.get("payments")?,
        held: money.held,
        balance: owed,
    })
}

/// Takes away what says who somebody is, and what is still on sale. Doing it again takes what has come since.
pub(super) async fn forget_person(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<(), EraseError> {
    withdraw_offers(tx, user, now).await?;
    for sql in PERSONAL {
        tx.execute(sql, &params![user]).await?;
    }
    Ok(())
}
