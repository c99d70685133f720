//! Stable error codes of the client API, and the trait by which a domain error names its code.
//!
//! A code never changes its meaning; a test compares this table with `docs/errors.md`. What the network is told is
//! another table ([`beckn_wire::code::ErrorCode`]); both never contain an internal detail.

/// One row of the table: the variant, its stable text, the HTTP status, a title for people.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// What went wrong, as the client API says it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable text, for programs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The HTTP status that carries it.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// A short title, for people.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    RequestMalformed = "request.malformed", 400, "The request cannot be read";
    CursorInvalid = "request.cursor_invalid", 400, "The cursor is not one of this list";
    TokenMissing = "auth.token_missing", 401, "A token is needed";
    TokenInvalid = "auth.token_invalid", 401, "The token is not good";
    SignInOver = "auth.sign_in_over", 400, "The sign-in is over";
    SignInRefused = "auth.sign_in_refused", 401, "The issuer's answer signs nobody in";
    TokenExpired = "auth.token_expired", 401, "The access token has expired";
    CredentialsWrong = "auth.credentials_wrong", 401, "The e-mail address or the password is not right";
    CodeInvalid = "auth.code_invalid", 401, "The code or the link is not good";
    RefreshInvalid = "auth.refresh_invalid", 401, "The refresh token is not good any more";
    Forbidden = "auth.forbidden", 403, "This account may not do that";
    ScopeMissing = "auth.scope_missing", 403, "The API token may not be used for that";
    EmailUnverified = "auth.email_unverified", 403, "The e-mail address is not verified";
    AccountLocked = "auth.account_locked", 403, "The account is locked";
    IssuerUnlinked = "auth.issuer_unlinked", 403, "The account does not take this issuer's word any more";
    NotFound = "resource.not_found", 404, "There is no such thing here";
    MethodNotAllowed = "request.method_not_allowed", 405, "This method is not offered here";
    InProgress = "request.in_progress", 409, "The same request is being worked off";
    StateConflict = "trade.state_conflict", 409, "The trade is in another state";
    GateClosed = "trade.gate_closed", 409, "The delivery slot can no longer be traded";
    GateNotOpen = "trade.gate_not_open", 409, "The delivery slot cannot be traded yet";
    QuantityUnavailable = "trade.quantity_unavailable", 409, "So much energy is not available";
    PriceMismatch = "trade.price_mismatch", 409, "The price is not the published one";
    OwnMeter = "trade.own_meter", 409, "A meter cannot buy from itself";
    NotEligible = "trade.not_eligible", 409, "The network's rules do not allow this trade";
    MeterUnverified = "trade.meter_unverified", 409, "The meter is not verified";
    MeterNotProven = "meter.not_proven", 409, "The proof is not one of this meter";
    MeterTaken = "meter.taken", 409, "The meter cannot be claimed";
    MeterInUse = "meter.in_use", 409, "The meter is still in use";
    CapacityExceeded = "market.capacity_exceeded", 409, "The meter cannot deliver so much in one hour";
    LoadExceeded = "market.load_exceeded", 409, "The sanctioned load does not allow so much in one hour";
    TrustLimitExceeded = "trust.limit_exceeded", 409, "The month's trade limit is used up";
    BelowSold = "market.below_sold", 409, "More than that is already sold or reserved";
    OfferWithdrawn = "market.offer_withdrawn", 409, "The offer is withdrawn";
    AccountFull = "auth.too_many_tokens", 409, "The account has too many tokens";
    LastWayIn = "auth.last_way_in", 409, "It is the last way into the account";
    CreditExceeded = "account.credit_exceeded", 409, "The account cannot bear that";
    AccountOpen = "account.not_settled", 409, "Something of the account is still open";
    WithdrawalExceeded = "account.withdrawal_exceeded", 409, "So much cannot be withdrawn";
    PayoutMissing = "account.payout_missing", 409, "There is no address to be paid at";
    CancelWindowClosed = "trade.cancel_window_closed", 409, "The time to cancel is over";
    WebhookLimit = "webhook.limit_reached", 409, "So many webhooks cannot be had";
    ChoiceTooDear = "choice.too_dear", 409, "The offer costs more than the limit";
    ChoiceOutsideWindow = "choice.outside_window", 409, "The offer has no hour in the wanted window";
    ChoiceTooLittle = "choice.too_little", 409, "The offer has less than is wanted";
    ChoiceTrustLow = "choice.trust_too_low", 409, "The provider is not trusted enough";
    ChoiceUnproven = "choice.trust_unknown", 409, "The provider has no settled history with this platform";
    PlanEmpty = "plan.nothing_found", 409, "No offer fits the wish";
    PlanIncomplete = "plan.incomplete", 409, "The plan cannot be carried out whole";
    PlanState = "plan.state_conflict", 409, "The plan is in another state";
    RequestTooLarge = "request.too_large", 413, "The request is too large";
    UnsupportedMediaType = "request.unsupported_media_type", 415, "The body is of a type that is not taken here";
    CredentialUnreadable = "credential.unreadable", 422, "No credential can be read in it";
    DocumentUnreadable = "document.unreadable", 422, "The document cannot be read";
    DocumentLocked = "document.locked", 422, "The document is locked with a password";
    DocumentEmpty = "document.no_text", 422, "The document has no text";
    PasswordWeak = "auth.password_weak", 422, "The password is not one to choose";
    FieldInvalid = "request.field_invalid", 422, "A field has a value that cannot be accepted";
    SlotInvalid = "trade.slot_invalid", 422, "A delivery slot is one hour that starts on the hour of India Standard Time";
    QuantityInvalid = "trade.quantity_invalid", 422, "The quantity is not one that can be traded";
    IdempotencyMismatch = "request.idempotency_mismatch", 422, "The idempotency key belongs to another request";
    RateLimited = "request.rate_limited", 429, "Too many requests";
    Internal = "internal", 500, "Something went wrong on our side";
    Busy = "request.busy", 503, "Too much is being worked off at this moment";
    IssuerUnavailable = "auth.issuer_unavailable", 503, "The issuer cannot be asked now";
    PeerUnavailable = "network.peer_unavailable", 503, "The other platform cannot be reached";
}

/// Which slot of a request's list an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfSlot {
    /// The one with this label ([`units::ist_label`] of its start).
    Labelled(String),
    /// The first that no market would take, whatever the others are: too little, too fine, a price out of range, named
    /// before.
    Unfit,
}

impl OfSlot {
    pub fn of(slot: units::DeliverySlot) -> Self {
        Self::Labelled(units::ist_label(slot.start()))
    }
}

/// A domain error that has a place in the table.
pub trait Coded: std::error::Error {
    /// The stable code.
    fn code(&self) -> Code;

    /// The field of the request at fault, when there is one.
    fn field(&self) -> Option<String> {
        None
    }

    /// Which slot of the request it is about, as far as it knows.
    fn slot(&self) -> Option<OfSlot> {
        None
    }

    /// What helps here, when it is more than the code says.
    fn next_step(&self) -> Option<String> {
        None
    }

    /// After how many seconds the same request may succeed, when it is known.
    fn retry_after(&self) -> Option<i64> {
        None
    }

    /// How many kWh could still be had, when a limit is the reason.
    fn remaining_kwh(&self) -> Option<String> {
        None
    }
}

/// Where a broken rule of the trade stands in the table, and which field it is about.
pub fn of_rule(error: &energy_rules::RuleError) -> (Code, Option<&'static str>) {
    use energy_rules::RuleError as R;
    match error {
        R::SlotOffTheHour | R::SlotRepeated { .. } | R::SlotNotOffered { .. } => {
            (Code::SlotInvalid, Some("slots.start"))
        }
        R::OutsideTradingHours { .. } => (Code::NotEligible, Some("slots.start")),
        R::GateNotOpen { .. } => (Code::GateNotOpen, Some("slots.start")),
        R::GateClosed { .. } => (Code::GateClosed, Some("slots.start")),
        R::UpdateAfterGate { .. } | R::CancellationAfterGate { .. } => (Code::GateClosed, None),
        R::NothingRequested
        | R::QuantityInvalid
        | R::QuantityTooPrecise { .. }
        | R::QuantityBelowMinimum { .. } => (Code::QuantityInvalid, Some("slots.quantity_kwh")),
        R::QuantityUnavailable { .. } => (Code::QuantityUnavailable, Some("slots.quantity_kwh")),
        R::CapacityExceeded { .. } => (Code::CapacityExceeded, Some("slots.quantity_kwh")),
        R::LoadExceeded { .. } => (Code::LoadExceeded, Some("slots.quantity_kwh")),
        R::PriceInvalid | R::PriceOutOfRange { .. } => (Code::FieldInvalid, Some("slots.price_inr")),
        R::PriceMismatch { .. } => (Code::PriceMismatch, Some("slots.price_inr")),
        R::OwnMeter => (Code::OwnMeter, Some("meter_id")),
        R::MeterBlank | R::TestMeterRequired | R::TestMeterForbidden => (Code::NotEligible, Some("meter_id")),
        R::UnitForeign { .. } | R::SameDiscom | R::DiscomNotAllowed => (Code::NotEligible, None),
        R::CellNotYours { .. }
        | R::CellTooEarly { .. }
        | R::CellFrozen { .. }
        | R::CancellationByStranger
        | R::FinalAboveAllocation
        | R::AllocationAboveRequest => (Code::StateConflict, None),
    }
}

/// Which slot a broken rule of the trade is about, as far as the rule knows.
pub fn slot_of_rule(error: &energy_rules::RuleError) -> Option<OfSlot> {
    use energy_rules::RuleError as R;
    match error {
        R::SlotRepeated { slot }
        | R::SlotNotOffered { slot }
        | R::OutsideTradingHours { slot }
        | R::GateNotOpen { slot, .. }
        | R::GateClosed { slot, .. }
        | R::QuantityUnavailable { slot, .. }
        | R::CapacityExceeded { slot, .. }
        | R::LoadExceeded { slot, .. }
        | R::PriceMismatch { slot, .. } => Some(OfSlot::of(*slot)),
        R::QuantityInvalid
        | R::QuantityTooPrecise { .. }
        | R::QuantityBelowMinimum { .. }
        | R::PriceInvalid
        | R::PriceOutOfRange { .. } => Some(OfSlot::Unfit),
        _ => None,
    }
}
