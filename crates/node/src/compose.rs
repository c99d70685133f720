//! Writes messages: context and message for one of our identities, valid under both texts of the schema
//! before a byte of it is stored (ruling 8).

use beckn_wire::ack::Refusal;
use beckn_wire::action::{Action, Role};
use beckn_wire::code::WireError;
use beckn_wire::context::Context;
use beckn_wire::json::Json;
use beckn_wire::validate::{Text, Violation, sendable, validate_json};
use units::Span;

use crate::address::{Face, own_uri};
use crate::node::Node;

/// A message before it has bytes.
#[derive(Clone, Debug)]
pub struct Draft {
    pub action: Action,
    /// Which of our identities sends it.
    pub identity: String,
    /// The other side; absent where the context does not name it (`discover`, `catalog/publish`).
    pub peer_id: Option<String>,
    /// The address of the other side as it goes into the context; nothing is called by it.
    pub peer_uri: Option<String>,
    pub network_id: String,
    pub transaction_id: String,
    pub message_id: String,
    /// Ruling 3: reads carry one, callbacks none.
    pub ttl: Option<Span>,
    pub schema_context: Vec<String>,
    pub message: Json,
    /// Reported beside the message, in a callback that tells of a failure.
    pub error: Option<WireError>,
    /// Preview of an update or a cancellation.
    pub try_: bool,
    /// `BLAKE-512=…` of the preview that is now committed.
    pub request_digest: Option<String>,
    /// Our own address ends in `/caller`: the way of a copy that goes to a ledger.
    pub from_caller: bool,
}

impl Draft {
    /// A draft without the optional members.
    pub fn new(
        action: Action,
        identity: &str,
        network_id: &str,
        transaction_id: &str,
        message_id: &str,
        message: Json,
    ) -> Self {
        Self {
            action,
            identity: identity.to_owned(),
            peer_id: None,
            peer_uri: None,
            network_id: network_id.to_owned(),
            transaction_id: transaction_id.to_owned(),
            message_id: message_id.to_owned(),
            ttl: None,
            schema_context: Vec::new(),
            message,
            error: None,
            try_: false,
            request_digest: None,
            from_caller: false,
        }
    }

    /// The same draft to this peer.
    #[must_use]
    pub fn to(mut self, peer_id: &str, peer_uri: &str) -> Self {
        self.peer_id = Some(peer_id.to_owned());
        self.peer_uri = Some(peer_uri.to_owned());
        self
    }
}

/// Why a draft is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("the sender is not an identity of this node")]
    UnknownIdentity,
    #[error("not valid under both texts: {}", .0.first().map_or_else(String::new, ToString::to_string))]
    Invalid(Vec<Violation>),
}

impl Node {
    /// The bytes of the message, with our own id and address on the sender's side and the present instant.
    ///
    /// # Errors
    /// [`ComposeError::Invalid`] with what either text forbids.
    pub fn compose(&self, draft: &Draft) -> Result<Vec<u8>, ComposeError> {
        let identity = self.identity(&draft.identity).ok_or(ComposeError::UnknownIdentity)?;
        let role = draft.action.sender();
        let face = match (role, draft.from_caller) {
            (Role::Bap, false) => Face::BapReceiver,
            (Role::Bap, true) => Face::BapCaller,
            (Role::Bpp, false) => Face::BppReceiver,
            (Role::Bpp, true) => Face::BppCaller,
        };
        let uri = own_uri(&identity.base_url, face).map_err(|_| ComposeError::UnknownIdentity)?;
        let own = (Some(identity.subscriber_id.clone()), Some(uri));
        let peer = (draft.peer_id.clone(), draft.peer_uri.clone());
        let mut context = Context::new(draft.action, &draft.transaction_id, &draft.message_id);
        let (bap, bpp) = if role == Role::Bap { (own, peer) } else { (peer, own) };
        (context.bap_id, context.bap_uri) = bap;
        (context.bpp_id, context.bpp_uri) = bpp;
        context.network_id = Some(draft.network_id.clone());
        context.timestamp = Some(self.now());
        context.ttl = draft.ttl;
        context.schema_context.clone_from(&draft.schema_context);
        context.try_ = draft.try_;
        context.request_digest.clone_from(&draft.request_digest);
        let mut members = vec![("context", context.to_json()), ("message", draft.message.clone())];
        if let Some(error) = &draft.error {
            members.push(("error", Refusal::from(error).to_json()));
        }
        let document = Json::object(members);
        check(&document, draft.action)?;
        Ok(document.to_bytes())
    }
}

/// Valid under both texts; but what a peer named in its own way is named back in that way: the ids that a callback
/// echoes, and the id of a contract that is not ours to name. Else a tolerated request could never be answered.
fn check(document: &Json, action: Action) -> Result<(), ComposeError> {
    let echoed = |violation: &Violation| match violation.path.as_str() {
        "context/messageId" | "context/transactionId" => action.is_callback(),
        "message/contract/id" | "message/tracking/contract/id" => true,
        _ => false,
    };
    let kept = |verdict: Result<(), Vec<Violation>>| match verdict {
        Ok(()) => Ok(false),
        Err(all) => {
            let ours: Vec<Violation> = all.into_iter().filter(|violation| !echoed(violation)).collect();
            if ours.is_empty() { Ok(true) } else { Err(ComposeError::Invalid(ours)) }
        }
    };
    // The second text is only asked when the first has passed; so it is asked again after an exception.
    if kept(sendable(document))? {
        kept(validate_json(Text::Tag, document))?;
    }
    Ok(())
}
