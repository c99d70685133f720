//! What an export holds: every section with its statement, and every table that is left out with the reason.
//!
//! A statement names its columns, so that a column that is added later is not given out by itself, and its user in the
//! first parameter. Of a trade only the user's own meter is named.

use super::export::{Key, Kind, Section};

db::sql! {
    ACCOUNT = "SELECT id, handle, display_name, payout_name, payout_vpa, role, discom_code, language, verified, \
        monthly_production_wh AS monthly_production_kwh, production_verified, \
        monthly_consumption_wh AS monthly_consumption_kwh, consumption_claimed, locked_at, created_at FROM users \
        WHERE id = $1 AND id > $2 LIMIT $3";
    CONTACTS = "SELECT user_id, email, email_verified, phone, \
        CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS has_password, created_at, updated_at FROM logins \
        WHERE user_id = $1 AND user_id > $2 LIMIT $3";
    PROFILE = "SELECT user_id, installed_capacity_w AS installed_capacity_kw, sanctioned_load_w AS sanctioned_load_kw, \
        discom_code, customer_number, battery_capacity_wh AS battery_capacity_kwh, battery_level, latitude, longitude, \
        updated_at FROM user_profiles WHERE user_id = $1 AND user_id > $2 LIMIT $3";
    CONSENTS = "SELECT id, purpose, version, granted, at FROM consents WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    SESSIONS = "SELECT id, way, device, created_at, used_at, expires_at, ended_at, ended_by FROM sessions \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    API_TOKENS = "SELECT id, name, scopes, created_at, expires_at, used_at, revoked_at FROM api_tokens \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    OTHER_LOGINS = "SELECT issuer || ' ' || subject AS login, issuer, subject, created_at, used_at FROM external_logins \
        WHERE user_id = $1 AND issuer || ' ' || subject > $2 ORDER BY issuer || ' ' || subject LIMIT $3";
    UNLINKED_LOGINS = "SELECT issuer || ' ' || subject AS login, issuer, subject, at FROM unlinked_logins \
        WHERE user_id = $1 AND issuer || ' ' || subject > $2 ORDER BY issuer || ' ' || subject LIMIT $3";
    METERS = "SELECT id, meter_id, discom_code, customer_number, resource_type, \
        installed_capacity_w AS installed_capacity_kw, sanctioned_load_w AS sanctioned_load_kw, verified, latitude, \
        longitude, created_at, released_at FROM meters WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    METER_CLAIMS = "SELECT id, meter_key, method, outcome, at FROM meter_claims WHERE user_id = $1 AND id > $2 \
        ORDER BY id LIMIT $3";
    METER_PROOFS = "SELECT id, meter_key, source, credential, resource_type, \
        installed_capacity_w AS installed_capacity_kw, sanctioned_load_w AS sanctioned_load_kw, valid_until, at, ended_at \
        FROM meter_proofs WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    CREDENTIALS = "SELECT id, digest, form, kind, issuer, discom_code, verdict, checks, claims, valid_from, valid_until, \
        status_url, suspended_at, revoked_at, created_at, deleted_at FROM credentials WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    METER_DOCUMENTS = "SELECT id, digest, pages, grade, model, bonus, checks, reading, created_at, deleted_at \
        FROM meter_documents WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    METER_BONUSES = "SELECT document, digest, at FROM meter_bonuses WHERE user_id = $1 AND document > $2 \
        ORDER BY document LIMIT $3";
    OFFERS = "SELECT id, meter_key, name, state, publish_transaction_id, valid_from, valid_until, publish_state, \
        publish_error, created_at, updated_at FROM offers WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    OFFER_SLOTS = "SELECT s.offer_id, s.slot_start, s.price AS price_inr, s.published_wh AS published_kwh, \
        s.reserved_wh AS reserved_kwh, s.sold_wh AS sold_kwh FROM offer_slots s JOIN offers o ON o.id = s.offer_id \
        WHERE o.user_id = $1 AND (s.offer_id, s.slot_start) > ($2, $3) ORDER BY s.offer_id, s.slot_start LIMIT $4";
    TRADES = "SELECT id, side, transaction_id, contract_id, network_id, peer_id, offer_id, \
        CASE WHEN side = 'seller' THEN seller_meter ELSE buyer_meter END AS own_meter, state, cancelled_by, \
        failure_code, failure_message, gate_closes_at, confirmed_at, created_at, updated_at FROM contracts \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    TRADE_SLOTS = "SELECT s.contract, s.slot_start, s.price AS price_inr, s.requested_wh AS requested_kwh \
        FROM contract_slots s JOIN contracts c ON c.id = s.contract WHERE c.user_id = $1 \
        AND (s.contract, s.slot_start) > ($2, $3) ORDER BY s.contract, s.slot_start LIMIT $4";
    TRADE_HISTORY = "SELECT h.contract, h.revision, h.state, h.cause, h.message_id, h.at FROM contract_history h \
        JOIN contracts c ON c.id = h.contract WHERE c.user_id = $1 AND (h.contract, h.revision) > ($2, $3) \
        ORDER BY h.contract, h.revision LIMIT $4";
    TRADE_CELLS = "SELECT x.contract || ' ' || x.column_name || ' ' || CAST(x.round AS TEXT) AS cell, x.contract, \
        x.slot_start, x.column_name, x.round, x.value, x.writer, x.provenance, x.written_at FROM contract_cells x \
        JOIN contracts c ON c.id = x.contract WHERE c.user_id = $1 \
        AND (x.contract || ' ' || x.column_name || ' ' || CAST(x.round AS TEXT), x.slot_start) > ($2, $3) \
        ORDER BY x.contract || ' ' || x.column_name || ' ' || CAST(x.round AS TEXT), x.slot_start LIMIT $4";
    DELIVERIES = "SELECT d.contract, d.state, d.ends_at, d.settlement, d.reason, d.settled_at FROM deliveries d \
        JOIN contracts c ON c.id = d.contract WHERE c.user_id = $1 AND d.contract > $2 ORDER BY d.contract LIMIT $3";
    RECEIVED = "SELECT seq, sender, action, message_id, transaction_id, body_digest, received_at, state FROM inbox \
        WHERE transaction_id IN (SELECT transaction_id FROM contracts WHERE user_id = $1 UNION \
        SELECT transaction_id FROM searches WHERE user_id = $1) AND seq > $2 ORDER BY seq LIMIT $3";
    SENT = "SELECT seq, target, action, message_id, transaction_id, state, created_at, finished_at FROM outbox \
        WHERE transaction_id IN (SELECT transaction_id FROM contracts WHERE user_id = $1 UNION \
        SELECT transaction_id FROM searches WHERE user_id = $1) AND seq > $2 ORDER BY seq LIMIT $3";
    QUESTIONS = "SELECT side || ' ' || message_id AS question, side, message_id, transaction_id, action, \
        CASE WHEN side = 'buyer' THEN request END AS request, CASE WHEN side = 'buyer' THEN response END AS response, \
        failure_code, failure_message, created_at, answered_at FROM exchanges WHERE user_id = $1 \
        AND side || ' ' || message_id > $2 ORDER BY side || ' ' || message_id LIMIT $3";
    SEARCHES = "SELECT transaction_id, state, failure_code, failure_message, created_at, answered_at FROM searches \
        WHERE user_id = $1 AND transaction_id > $2 ORDER BY transaction_id LIMIT $3";
    PLANS = "SELECT id, search_id, state, wish, failure_code, failure_message, created_at, updated_at FROM plans \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    PLAN_PARTS = "SELECT t.transaction_id, t.plan_id, t.round, t.bpp_id, t.offer_id, t.state, t.slots, t.failure_code, \
        t.failure_message, t.created_at FROM plan_parts t JOIN plans p ON p.id = t.plan_id WHERE p.user_id = $1 \
        AND t.transaction_id > $2 ORDER BY t.transaction_id LIMIT $3";
    INTERESTS = "SELECT id, search_id, state, wish, buys, limit_wh AS limit_kwh, limit_paise AS limit_inr, \
        used_wh AS used_kwh, used_paise AS used_inr, plan_id, created_at, updated_at FROM interests \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    MONEY = "SELECT id, kind, balance AS balance_inr, held AS held_inr, credit_limit AS credit_limit_inr, opened_at \
        FROM money_accounts WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    ENTRIES = "SELECT l.journal || ' ' || l.account AS line, l.journal, l.account, j.kind, j.reference, j.contract, \
        l.amount AS amount_inr, l.held AS held_inr, j.month, j.at, j.recorded_at FROM journal_lines l \
        JOIN money_accounts a ON a.id = l.account JOIN journals j ON j.id = l.journal WHERE a.user_id = $1 \
        AND l.journal || ' ' || l.account > $2 ORDER BY l.journal || ' ' || l.account LIMIT $3";
    MONTHS = "SELECT month, moved_inr, closing_inr FROM (SELECT j.month, CAST(SUM(l.amount) AS BIGINT) AS moved_inr, \
        CAST(SUM(SUM(l.amount)) OVER (ORDER BY j.month) AS BIGINT) AS closing_inr FROM journal_lines l \
        JOIN money_accounts a ON a.id = l.account JOIN journals j ON j.id = l.journal WHERE a.user_id = $1 \
        GROUP BY j.month) AS months WHERE month > $2 ORDER BY month LIMIT $3";
    SETTLEMENTS = "SELECT contract, revision, previous, journal, discom, traded AS traded_inr, \
        discom_flow AS discom_flow_inr, month, at FROM settlements WHERE user_id = $1 AND (contract, revision) > ($2, $3) \
        ORDER BY contract, revision LIMIT $4";
    SETTLED_SLOTS = "SELECT s.contract || ' ' || CAST(s.revision AS TEXT) AS settlement, s.contract, s.revision, \
        s.slot_start, s.price AS price_inr, s.requested_wh AS requested_kwh, s.round1_wh AS round1_kwh, \
        s.round2_wh AS round2_kwh, s.final_wh AS final_kwh, s.quality, s.energy AS energy_inr, \
        s.wheeling AS wheeling_inr, s.charge AS charge_inr, s.fee AS fee_inr, s.penalty AS penalty_inr \
        FROM settlement_slots s JOIN settlements t ON t.contract = s.contract AND t.revision = s.revision \
        WHERE t.user_id = $1 AND (s.contract || ' ' || CAST(s.revision AS TEXT), s.slot_start) > ($2, $3) \
        ORDER BY s.contract || ' ' || CAST(s.revision AS TEXT), s.slot_start LIMIT $4";
    PAYMENTS = "SELECT id, kind, contract, amount AS amount_inr, state, reference, at, created_at FROM payments \
        WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    TRUST = "SELECT user_id, score, changes, updated_at FROM trust_scores WHERE user_id = $1 AND user_id > $2 LIMIT $3";
    TRUST_CHANGES = "SELECT seq, cause, contract, side, round, expected_wh AS expected_kwh, \
        delivered_wh AS delivered_kwh, delta, score_before, score_after, arithmetic, at FROM trust_changes \
        WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    QUOTAS = "SELECT kind || ' ' || month AS quota, kind, month, used_wh AS used_kwh, ceiling_wh AS ceiling_kwh \
        FROM trade_quotas WHERE user_id = $1 AND kind || ' ' || month > $2 ORDER BY kind || ' ' || month LIMIT $3";
    WEBHOOKS = "SELECT id, url, description, state, reason, generation, rotated_at, failures, created_at, updated_at \
        FROM webhooks WHERE user_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    WEBHOOK_FILTERS = "SELECT f.webhook || ' ' || f.pattern AS filter, f.webhook, f.pattern FROM webhook_filters f \
        JOIN webhooks w ON w.id = f.webhook WHERE w.user_id = $1 AND f.webhook || ' ' || f.pattern > $2 \
        ORDER BY f.webhook || ' ' || f.pattern LIMIT $3";
    EVENTS = "SELECT seq, transaction_id, kind, payload, at FROM events WHERE user_id = $1 AND seq > $2 \
        ORDER BY seq LIMIT $3";
}

/// One line for each section: name, tables, statement, key, fields with their kinds.
macro_rules! sections {
    ($($(#[doc = $about:literal])+ $name:literal $tables:expr, $sql:ident, $key:expr,
        { $($field:ident: $kind:ident),+ $(,)? })+) => {
        /// Every section, in the order of the document.
        pub const SECTIONS: &[Section] = &[$(Section {
            name: $name,
            about: concat!($($about),+),
            tables: &$tables,
            sql: &$sql,
            key: $key,
            fields: &[$((stringify!($field), Kind::$kind)),+],
        }),+];
    };
}

sections! {
    /// Oneself.
    "account" ["users"], ACCOUNT, Key::Text("id"), {
        id: Text, handle: Text, display_name: Text, payout_name: Text, payout_vpa: Text, role: Text, discom_code: Text,
        language: Text, verified: Flag, monthly_production_kwh: Energy, production_verified: Flag,
        monthly_consumption_kwh: Energy, consumption_claimed: Flag, locked_at: Instant, created_at: Instant,
    }
    /// How one can be reached, and signs in; never the password, nor its hash.
    "contacts" ["logins"], CONTACTS, Key::Text("user_id"), {
        email: Text, email_verified: Flag, phone: Text, has_password: Flag, created_at: Instant, updated_at: Instant,
    }
    /// What one says of roof and household; the place in degrees, to the hundredth.
    "profile" ["user_profiles"], PROFILE, Key::Text("user_id"), {
        installed_capacity_kw: Power, sanctioned_load_kw: Power, discom_code: Text, customer_number: Text,
        battery_capacity_kwh: Energy, battery_level: Count, latitude: Degrees, longitude: Degrees, updated_at: Instant,
    }
    /// What one has agreed to and taken back.
    "consents" ["consents"], CONSENTS, Key::Text("id"), {
        id: Text, purpose: Text, version: Text, granted: Flag, at: Instant,
    }
    /// Where one is, or was, signed in.
    "sessions" ["sessions"], SESSIONS, Key::Text("id"), {
        id: Text, way: Text, device: Text, created_at: Instant, used_at: Instant, expires_at: Instant,
        ended_at: Instant, ended_by: Text,
    }
    /// The tokens of one's machines, without what they open.
    "api_tokens" ["api_tokens"], API_TOKENS, Key::Text("id"), {
        id: Text, name: Text, scopes: Text, created_at: Instant, expires_at: Instant, used_at: Instant,
        revoked_at: Instant,
    }
    /// Issuers elsewhere that vouch for one.
    "other_logins" ["external_logins"], OTHER_LOGINS, Key::Text("login"), {
        issuer: Text, subject: Text, created_at: Instant, used_at: Instant,
    }
    /// Those that one has let go, whose word opens the account no more.
    "unlinked_logins" ["unlinked_logins"], UNLINKED_LOGINS, Key::Text("login"), {
        issuer: Text, subject: Text, at: Instant,
    }
    /// One's meters, those given up included.
    "meters" ["meters"], METERS, Key::Text("id"), {
        id: Text, meter_id: Text, discom_code: Text, customer_number: Text, resource_type: Text,
        installed_capacity_kw: Power, sanctioned_load_kw: Power, verified: Flag, latitude: Degrees, longitude: Degrees,
        created_at: Instant, released_at: Instant,
    }
    /// Every try to claim a meter.
    "meter_claims" ["meter_claims"], METER_CLAIMS, Key::Text("id"), {
        id: Text, meter_key: Text, method: Text, outcome: Text, at: Instant,
    }
    /// Why a meter is, or was, verified.
    "meter_proofs" ["meter_proofs"], METER_PROOFS, Key::Text("id"), {
        id: Text, meter_key: Text, source: Text, credential: Text, resource_type: Text, installed_capacity_kw: Power,
        sanctioned_load_kw: Power, valid_until: Instant, at: Instant, ended_at: Instant,
    }
    /// What was handed in, what came of each check, and what it says.
    "credentials" ["credentials"], CREDENTIALS, Key::Text("id"), {
        id: Text, digest: Text, form: Text, kind: Text, issuer: Text, discom_code: Text, verdict: Text, checks: Json,
        claims: Json, valid_from: Instant, valid_until: Instant, status_url: Text, suspended_at: Instant,
        revoked_at: Instant, created_at: Instant, deleted_at: Instant,
    }
    /// The bills that were handed in: what was read of each, and how good it is; the file was not kept.
    "meter_documents" ["meter_documents"], METER_DOCUMENTS, Key::Text("id"), {
        id: Text, digest: Text, pages: Count, grade: Text, model: Text, bonus: Text, checks: Json, reading: Json,
        created_at: Instant, deleted_at: Instant,
    }
    /// The bonus of trust that one of them gave.
    "meter_bonuses" ["meter_bonuses"], METER_BONUSES, Key::Text("document"), {
        document: Text, digest: Text, at: Instant,
    }
    /// What one has offered.
    "offers" ["offers"], OFFERS, Key::Text("id"), {
        id: Text, meter_key: Text, name: Text, state: Text, publish_transaction_id: Text, valid_from: Instant,
        valid_until: Instant, publish_state: Text, publish_error: Text, created_at: Instant, updated_at: Instant,
    }
    /// The hours of these offers.
    "offer_slots" ["offer_slots"], OFFER_SLOTS, Key::Pair("offer_id", "slot_start"), {
        offer_id: Text, slot_start: Instant, price_inr: PerKwh, published_kwh: Energy, reserved_kwh: Energy,
        sold_kwh: Energy,
    }
    /// One's side of each trade; the other side is named by its platform only.
    "trades" ["contracts"], TRADES, Key::Text("id"), {
        id: Text, side: Text, transaction_id: Text, contract_id: Text, network_id: Text, peer_id: Text, offer_id: Text,
        own_meter: Text, state: Text, cancelled_by: Text, failure_code: Text, failure_message: Text,
        gate_closes_at: Instant, confirmed_at: Instant, created_at: Instant, updated_at: Instant,
    }
    /// What was asked for in each hour.
    "trade_slots" ["contract_slots"], TRADE_SLOTS, Key::Pair("contract", "slot_start"), {
        contract: Text, slot_start: Instant, price_inr: PerKwh, requested_kwh: Energy,
    }
    /// What happened to each trade.
    "trade_history" ["contract_history"], TRADE_HISTORY, Key::Pair("contract", "revision"), {
        contract: Text, revision: Count, state: Text, cause: Text, message_id: Text, at: Instant,
    }
    /// What DISCOMs and platforms wrote into the table of each trade, in rounds.
    "trade_cells" ["contract_cells"], TRADE_CELLS, Key::Pair("cell", "slot_start"), {
        contract: Text, slot_start: Instant, column_name: Text, round: Count, value: Text, writer: Text,
        provenance: Text, written_at: Instant,
    }
    /// What became of each trade after its hours.
    "deliveries" ["deliveries"], DELIVERIES, Key::Text("contract"), {
        contract: Text, state: Text, ends_at: Instant, settlement: Count, reason: Text, settled_at: Instant,
    }
    /// Messages of the network about one's trades and searches, without their text, which names others as well.
    "messages_received" ["inbox"], RECEIVED, Key::Number("seq"), {
        sender: Text, action: Text, message_id: Text, transaction_id: Text, body_digest: Text, received_at: Instant,
        state: Text,
    }
    /// The same of those that were sent.
    "messages_sent" ["outbox"], SENT, Key::Number("seq"), {
        target: Text, action: Text, message_id: Text, transaction_id: Text, state: Text, created_at: Instant,
        finished_at: Instant,
    }
    /// `track`, `rate` and `support`; what others asked and were told is theirs.
    "questions" ["exchanges"], QUESTIONS, Key::Text("question"), {
        side: Text, message_id: Text, transaction_id: Text, action: Text, request: Json, response: Json,
        failure_code: Text, failure_message: Text, created_at: Instant, answered_at: Instant,
    }
    /// What one looked for; the offers that were found are other people's.
    "searches" ["searches"], SEARCHES, Key::Text("transaction_id"), {
        transaction_id: Text, state: Text, failure_code: Text, failure_message: Text, created_at: Instant,
        answered_at: Instant,
    }
    /// What one wished to have planned.
    "plans" ["plans"], PLANS, Key::Text("id"), {
        id: Text, search_id: Text, state: Text, wish: Json, failure_code: Text, failure_message: Text,
        created_at: Instant, updated_at: Instant,
    }
    /// What came of each plan.
    "plan_parts" ["plan_parts"], PLAN_PARTS, Key::Text("transaction_id"), {
        transaction_id: Text, plan_id: Text, round: Count, bpp_id: Text, offer_id: Text, state: Text, slots: Json,
        failure_code: Text, failure_message: Text, created_at: Instant,
    }
    /// What one waits for.
    "interests" ["interests"], INTERESTS, Key::Text("id"), {
        id: Text, search_id: Text, state: Text, wish: Json, buys: Flag, limit_kwh: Energy, limit_inr: Money,
        used_kwh: Energy, used_inr: Money, plan_id: Text, created_at: Instant, updated_at: Instant,
    }
    /// One's money.
    "accounts" ["money_accounts"], MONEY, Key::Text("id"), {
        id: Text, kind: Text, balance_inr: Money, held_inr: Money, credit_limit_inr: Money, opened_at: Instant,
    }
    /// Every booking on it.
    "journal" ["journals", "journal_lines"], ENTRIES, Key::Text("line"), {
        journal: Text, account: Text, kind: Text, reference: Text, contract: Text, amount_inr: Money, held_inr: Money,
        month: Month, at: Instant, recorded_at: Instant,
    }
    /// Each month of India: what moved, and with what it closed. `/users/me/statements/{month}` has the whole.
    "statements" ["journals", "journal_lines"], MONTHS, Key::Number("month"), {
        month: Month, moved_inr: Money, closing_inr: Money,
    }
    /// How each trade was settled, corrections included.
    "settlements" ["settlements"], SETTLEMENTS, Key::Pair("contract", "revision"), {
        contract: Text, revision: Count, previous: Count, journal: Text, discom: Text, traded_inr: Money,
        discom_flow_inr: Money, month: Month, at: Instant,
    }
    /// The hours of these settlements.
    "settled_slots" ["settlement_slots"], SETTLED_SLOTS, Key::Pair("settlement", "slot_start"), {
        contract: Text, revision: Count, slot_start: Instant, price_inr: PerKwh, requested_kwh: Energy,
        round1_kwh: Energy, round2_kwh: Energy, final_kwh: Energy, quality: Text, energy_inr: Money,
        wheeling_inr: Money, charge_inr: Money, fee_inr: Money, penalty_inr: Money,
    }
    /// Money that came from, or went to, one's bank, and what one paid for trades.
    "payments" ["payments"], PAYMENTS, Key::Text("id"), {
        id: Text, kind: Text, contract: Text, amount_inr: Money, state: Text, reference: Text, at: Instant,
        created_at: Instant,
    }
    /// How far one is trusted, 0 to 1.
    "trust" ["trust_scores"], TRUST, Key::Text("user_id"), { score: Share, changes: Count, updated_at: Instant }
    /// Why.
    "trust_history" ["trust_changes"], TRUST_CHANGES, Key::Number("seq"), {
        seq: Count, cause: Text, contract: Text, side: Text, round: Count, expected_kwh: Energy, delivered_kwh: Energy,
        delta: Share, score_before: Share, score_after: Share, arithmetic: Text, at: Instant,
    }
    /// What was listed and bought in each month, against the limit of that time.
    "quotas" ["trade_quotas"], QUOTAS, Key::Text("quota"), {
        kind: Text, month: Text, used_kwh: Energy, ceiling_kwh: Energy,
    }
    /// Addresses that are told of one's events, without what signs that.
    "webhooks" ["webhooks"], WEBHOOKS, Key::Text("id"), {
        id: Text, url: Text, description: Text, state: Text, reason: Text, generation: Count, rotated_at: Instant,
        failures: Count, created_at: Instant, updated_at: Instant,
    }
    /// Of which events.
    "webhook_filters" ["webhook_filters"], WEBHOOK_FILTERS, Key::Text("filter"), { webhook: Text, pattern: Text }
    /// What one was told.
    "events" ["events"], EVENTS, Key::Number("seq"), {
        seq: Count, transaction_id: Text, kind: Text, payload: Json, at: Instant,
    }
}

/// Tables with a user in them that an export leaves out, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "address_proofs",
        "addresses that are not one's own yet, with hashes of codes that are good for minutes",
    ),
    ("answers", "copies of what the user was answered within two days: the things themselves are exported"),
    ("idempotency_keys", "as answers"),
    ("erasures", "only of accounts that are gone"),
    ("event_tickets", "hashes of secrets that are good for seconds"),
    ("credential_hours", "a count that is over within an hour"),
    ("meter_document_days", "a count that is over within a day"),
    ("mail_links", "hashes of secrets that are good for two days at most"),
];
