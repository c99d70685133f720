//! The bodies of synchronous answers, in the main text only: that is the form we send. What peers answer is
//! read tolerantly by `ack` and never validated.

use super::actions::KEPT_SUBSCRIPTION;
use super::core::{CATALOG, CONTEXT, ERROR, PAGINATION};
use super::shape::Shape::{self, All, Object as Of, Words};
use super::shape::{Object, UUID, list, need, opt};

/// What an HTTP response to a network message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// 200, also for callbacks.
    Ack,
    /// 202: accepted or not, no callback will follow.
    AckNoCallback,
    /// 400, 401, 403, 429.
    Nack,
    /// 500.
    ServerError,
    /// 200 of `catalog/subscription`.
    Subscriptions,
    /// 200 of `catalog/search`.
    SearchResult,
    /// 200 of `catalog/pull`.
    PullAccepted,
}

impl Answer {
    pub const ALL: [Self; 7] = [
        Self::Ack,
        Self::AckNoCallback,
        Self::Nack,
        Self::ServerError,
        Self::Subscriptions,
        Self::SearchResult,
        Self::PullAccepted,
    ];

    /// The file name of the generated schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::AckNoCallback => "ack_no_callback",
            Self::Nack => "nack",
            Self::ServerError => "server_error",
            Self::Subscriptions => "subscriptions",
            Self::SearchResult => "search_result",
            Self::PullAccepted => "pull_accepted",
        }
    }

    pub(crate) fn shape(self) -> Shape {
        Of(match self {
            Self::Ack => &ACK,
            Self::AckNoCallback => &ACK_NO_CALLBACK,
            Self::Nack => &NACK,
            Self::ServerError => &SERVER_ERROR,
            Self::Subscriptions => &SUBSCRIPTIONS,
            Self::SearchResult => &SEARCH_RESULT,
            Self::PullAccepted => &PULL_ACCEPTED,
        })
    }
}

const EITHER: Shape = Words(&["ACK", "NACK"]);
const REFUSED: Shape = Words(&["NACK"]);

static ACK: Object = Object::open("Ack", &[need("message", Of(&ACK_MESSAGE))]);
static ACK_MESSAGE: Object =
    Object::open("AckMessage", &[need("status", EITHER), need("messageId", UUID), opt("error", Of(&ERROR))]);

static ACK_NO_CALLBACK: Object =
    Object::open("AckNoCallback", &[need("message", Of(&ACK_NO_CALLBACK_MESSAGE))]);
static ACK_NO_CALLBACK_MESSAGE: Object = Object::open(
    "AckNoCallbackMessage",
    &[need("status", EITHER), need("messageId", UUID), need("error", Of(&ERROR))],
);

static NACK: Object = Object::open("Nack", &[need("message", Of(&NACK_MESSAGE))]);
static NACK_MESSAGE: Object = Object::open(
    "NackMessage",
    &[need("status", REFUSED), need("messageId", UUID), need("error", Of(&ERROR))],
);

static SERVER_ERROR: Object = Object::open("ServerError", &[need("message", Of(&SERVER_ERROR_MESSAGE))]);
static SERVER_ERROR_MESSAGE: Object = Object::open(
    "ServerErrorMessage",
    &[need("status", REFUSED), need("messageId", UUID), opt("error", Of(&ERROR))],
);

static ON_SUBSCRIPTION: Object =
    Object::open("OnSubscription", &[opt("action", Words(&["catalog/on_subscription"]))]);
static SUBSCRIPTIONS: Object = Object::open(
    "Subscriptions",
    &[
        need("context", All(&[Of(&CONTEXT), Of(&ON_SUBSCRIPTION)])),
        need("message", Of(&SUBSCRIPTIONS_MESSAGE)),
    ],
);
static SUBSCRIPTIONS_MESSAGE: Object = Object::open(
    "SubscriptionsMessage",
    &[need("subscriptions", list(&Of(&KEPT_SUBSCRIPTION))), opt("pagination", Of(&PAGINATION))],
);

static ON_SEARCH: Object = Object::open("OnSearch", &[opt("action", Words(&["catalog/on_search"]))]);
static SEARCH_RESULT: Object = Object::open(
    "SearchResult",
    &[need("context", All(&[Of(&CONTEXT), Of(&ON_SEARCH)])), need("message", Of(&SEARCH_RESULT_MESSAGE))],
);
static SEARCH_RESULT_MESSAGE: Object = Object::open(
    "SearchResultMessage",
    &[need("catalogs", list(&Of(&CATALOG))), need("pagination", Of(&PAGINATION))],
);

static PULL_ACCEPTED: Object = Object::open("PullAccepted", &[need("status", Words(&["ACK"]))]);
