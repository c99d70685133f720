//! Our place in the network: who we are in it, its rules, and how a message of ours is made.
//!
//! [`Participant`] is what every flow of buyer and seller holds: the database, the two clocks, the node that carries
//! messages, and the settings of this platform. It has no state that matters; that is in the database.

mod ledger;
pub mod masks;
mod policy;

use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::schema;
use beckn_wire::json::Json;
use clock::{Clocks, Ids};
use db::Db;
use energy_rules::RuleSet;
pub use node::ComposeError;
use node::{Draft, Face, Node, Outgoing, Refusal};
use units::{Paise, Span, Timestamp};
use uuid::Uuid;

pub use self::ledger::LedgerAct;
pub use self::policy::{FlowsRefusal, Policies, PolicyFault, PolicyRefusal, PolicySource};
use crate::config::TrustConfig;
pub use crate::config::{ChoiceConfig, Discom, MILLION, Policy};
pub use beckn_wire::action::Action;
pub use beckn_wire::energy::{normalize_meter, plain_meter};
pub use beckn_wire::signature::{KeyId, PublicKey, SigningKey};
pub use beckn_wire::validate::Tolerance;

/// What the operator decided about this platform.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our subscriber id, on both sides of a trade.
    pub subscriber_id: String,
    /// The base of our addresses, as the registry has it.
    pub base_url: String,
    pub network_id: String,
    /// Subscriber id of the catalog service.
    pub catalog_service_id: String,
    pub policy: Policy,
    /// Every DISCOM of the network that our users and their counterparts belong to.
    pub discoms: Vec<Discom>,
    pub rules: RuleSet,
    /// How long stock is held after `init`, market time.
    pub reservation_ttl: Span,
    /// How long after confirmation our own users may cancel, wire time.
    pub cancel_window: Span,
    /// How often the verification worker looks, wire time; and its shortest pause between two questions about one
    /// contract, market time.
    pub check_interval: Span,
    /// How often the subscription with the catalog service is looked at, wire time.
    pub subscription_interval: Span,
    /// How long the messages of an erased account are kept for a dispute, market time.
    pub dispute_period: Span,
    /// Open reservations that one buyer's meter, and one peer platform, may have with us.
    pub open_per_meter_max: i64,
    pub open_per_peer_max: i64,
    /// What a trade does to a score, and what an unknown capacity allows.
    pub trust: TrustConfig,
    /// How far a user's account may be in debit unless the operator decided otherwise.
    pub credit_limit: Paise,
    /// How offers are ranked, and what they are compared with.
    pub choice: ChoiceConfig,
}

impl Settings {
    /// The DISCOM of that code.
    pub fn discom(&self, code: &str) -> Option<&Discom> {
        self.discoms.iter().find(|discom| discom.code == code)
    }
}

/// This platform at work. Cheap to clone.
#[derive(Clone)]
pub struct Participant {
    pub db: Db,
    pub clocks: Clocks,
    pub ids: Ids,
    pub node: Arc<Node>,
    pub settings: Arc<Settings>,
    pub policies: Policies,
}

/// One message of ours to another participant.
#[derive(Clone, Debug)]
pub struct Leg {
    pub action: Action,
    /// Subscriber id of the receiver.
    pub peer_id: String,
    /// The receiver's address as it names it itself; for the context only.
    pub peer_uri: String,
    /// Which of the receiver's doors.
    pub face: Face,
    pub transaction_id: String,
    pub message_id: String,
    pub message: Json,
    /// Beside the message: a refusal that comes later than the ACK (ruling 6).
    pub error: Option<WireError>,
    pub try_: bool,
    pub request_digest: Option<String>,
    pub ttl: Option<Span>,
    /// The inbox row that this callback answers.
    pub answers: Option<Uuid>,
    /// What the outbox row is for: `message`, `ledger.on_confirm`, …
    pub purpose: &'static str,
    /// Our contract id.
    pub reference: Option<String>,
    /// Past it the message is not sent any more; wire time.
    pub deadline: Option<Timestamp>,
    /// Our own address in the context ends in `/caller`: the way of the ledger legs.
    pub from_caller: bool,
}

impl Leg {
    /// A plain message without any of the rarer parts.
    pub fn new(
        action: Action,
        peer: (&str, &str),
        face: Face,
        transaction_id: &str,
        message_id: &str,
        message: Json,
    ) -> Self {
        Self {
            action,
            peer_id: peer.0.to_owned(),
            peer_uri: peer.1.to_owned(),
            face,
            transaction_id: transaction_id.to_owned(),
            message_id: message_id.to_owned(),
            message,
            error: None,
            try_: false,
            request_digest: None,
            ttl: None,
            answers: None,
            purpose: "message",
            reference: None,
            deadline: None,
            from_caller: false,
        }
    }
}

impl Participant {
    /// Now, for signatures, deadlines and what people are shown as the time of an event.
    pub fn now(&self) -> Timestamp {
        self.clocks.wire.now()
    }

    /// Now, for gates and reservations.
    pub fn market_now(&self) -> Timestamp {
        self.clocks.market.now()
    }

    /// A gate as a deadline for sending.
    pub fn wire_deadline(&self, gate: Timestamp) -> Timestamp {
        self.clocks.wire_instant(gate)
    }

    /// Makes the message, valid under both texts, ready for the outbox.
    ///
    /// # Errors
    /// It would not be valid: a fault of ours, nothing leaves.
    pub fn compose(&self, leg: &Leg) -> Result<Outgoing, ComposeError> {
        let settings = &self.settings;
        let mut draft = Draft::new(
            leg.action,
            &settings.subscriber_id,
            &settings.network_id,
            &leg.transaction_id,
            &leg.message_id,
            leg.message.clone(),
        );
        // `discover` and `catalog/publish` go to a service that the context has no member for.
        if !matches!(leg.action, Action::Discover | Action::CatalogPublish) {
            draft = draft.to(&leg.peer_id, &leg.peer_uri);
        }
        draft.ttl = leg.ttl;
        draft.schema_context = schema::contexts_of(&leg.message);
        draft.error.clone_from(&leg.error);
        draft.try_ = leg.try_;
        draft.request_digest.clone_from(&leg.request_digest);
        draft.from_caller = leg.from_caller;
        Ok(Outgoing {
            sender: settings.subscriber_id.clone(),
            target: leg.peer_id.clone(),
            face: leg.face,
            action: leg.action,
            transaction_id: leg.transaction_id.clone(),
            message_id: leg.message_id.clone(),
            body: self.node.compose(&draft)?,
            answers: leg.answers,
            purpose: leg.purpose,
            reference: leg.reference.clone(),
            deadline: leg.deadline,
        })
    }

    /// The address at which others answer us as a buyer's platform.
    pub fn bap_uri(&self) -> String {
        format!("{}/bap/receiver", self.settings.base_url.trim_end_matches('/'))
    }

    /// The address at which others ask us as a seller's platform.
    pub fn bpp_uri(&self) -> String {
        format!("{}/bpp/receiver", self.settings.base_url.trim_end_matches('/'))
    }
}

/// The answer to an action that no part of this platform serves.
pub fn not_served() -> Refusal {
    let error = WireError::new(ErrorCode::NetNotImplemented, "this platform does not serve that action");
    Refusal { error, status: Some(404) }
}

/// The answer while the platform starts.
pub fn starting() -> Refusal {
    Refusal { error: WireError::new(ErrorCode::NetOverloaded, "the platform is starting"), status: Some(503) }
}
