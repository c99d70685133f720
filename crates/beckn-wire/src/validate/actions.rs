//! One row per action: what its message looks like in each text, and which actions a text has at all.

use super::core::{
    CATALOG, CONTRACT, ERROR, GEOMETRY, KNOWN_CONTRACT, PAGINATION, PUBLISH_DIRECTIVE, RATING, SUPPORT,
    TRACKING,
};
use super::shape::Shape::{self, Bool, Integer, Number, Object as Of, OneOf, PerText, Words};
use super::shape::{
    DATE_TIME, INTEGER, NUMBER, Object, TEXT, TEXTS, Text, URI, UUID, When, list, list_of_some, need, opt,
};

/// How one action's body is judged.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) action: &'static str,
    /// Another spelling of the action that the older text takes as well.
    pub(crate) old_name: Option<&'static str>,
    pub(crate) texts: When,
    pub(crate) message: Shape,
    /// Whether members beside `context` and `message` are refused.
    pub(crate) closed: When,
    /// Whether `context.transactionId` is required.
    pub(crate) in_transaction: When,
}

impl Rule {
    const fn new(action: &'static str, message: &'static Object) -> Self {
        let (old_name, message) = (None, Of(message));
        Self {
            action,
            old_name,
            texts: When::Both,
            message,
            closed: When::Never,
            in_transaction: When::Never,
        }
    }

    const fn also(mut self, old_name: &'static str) -> Self {
        self.old_name = Some(old_name);
        self
    }

    const fn only(mut self, texts: When) -> Self {
        self.texts = texts;
        self
    }

    const fn old_message(mut self, tag: &'static Shape, main: &'static Shape) -> Self {
        self.message = PerText { tag, main };
        self
    }

    const fn in_transaction(mut self, texts: When) -> Self {
        self.in_transaction = texts;
        self
    }

    const fn closed(mut self, texts: When) -> Self {
        self.closed = texts;
        self
    }

    /// The values that `context.action` may have.
    pub(crate) fn names(&self, text: Text) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.action).chain(self.old_name.filter(|_| text == Text::Tag))
    }
}

/// The rule of that action in that text.
pub(crate) fn rule(text: Text, action: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .filter(|rule| rule.texts.holds(text))
        .find(|rule| rule.names(text).any(|name| name == action))
}

pub(crate) static RULES: [Rule; 28] = [
    Rule::new("discover", &DISCOVER),
    Rule::new("on_discover", &ON_DISCOVER),
    Rule::new("select", &CONTRACT_MESSAGE),
    Rule::new("on_select", &CONTRACT_MESSAGE),
    Rule::new("init", &CONTRACT_MESSAGE),
    Rule::new("on_init", &CONTRACT_MESSAGE),
    Rule::new("confirm", &OPEN_CONTRACT_MESSAGE),
    Rule::new("on_confirm", &CONTRACT_MESSAGE),
    Rule::new("status", &KNOWN_CONTRACT_MESSAGE),
    Rule::new("on_status", &CONTRACT_MESSAGE),
    Rule::new("track", &TRACK),
    Rule::new("on_track", &TRACK),
    Rule::new("update", &CONTRACT_MESSAGE),
    Rule::new("on_update", &CONTRACT_MESSAGE),
    Rule::new("cancel", &KNOWN_CONTRACT_MESSAGE),
    Rule::new("on_cancel", &CONTRACT_MESSAGE),
    Rule::new("rate", &RATE),
    Rule::new("on_rate", &ON_RATE),
    Rule::new("support", &SUPPORT_MESSAGE),
    Rule::new("on_support", &ON_SUPPORT_MESSAGE),
    Rule::new("catalog/publish", &PUBLISH).also("catalog_publish"),
    Rule::new("catalog/on_publish", &ON_PUBLISH).also("on_catalog_publish"),
    Rule::new("catalog/push", &PUBLISH).only(When::Main),
    Rule::new("catalog/subscription", &SUBSCRIBE),
    Rule::new("catalog/pull", &PULL).old_message(&Of(&OLD_PULL), &Of(&PULL)).in_transaction(When::Main),
    Rule::new("catalog/on_pull", &ON_PULL).only(When::Main).closed(When::Main),
    Rule::new("catalog/search", &SEARCH).only(When::Main),
    Rule::new("catalog/master_search", &MASTER_SEARCH).only(When::Tag),
];

// A message that does not say `type: object` takes any value that is not one.
static CONTRACT_MESSAGE: Object =
    Object::closed("ContractMessage", &[need("contract", Of(&CONTRACT))]).untyped();
static OPEN_CONTRACT_MESSAGE: Object =
    Object::open("OpenContractMessage", &[need("contract", Of(&CONTRACT))]).untyped();
static KNOWN_CONTRACT_MESSAGE: Object =
    Object::open("KnownContractMessage", &[need("contract", KNOWN_CONTRACT)]).untyped();
static SUPPORT_MESSAGE: Object = Object::closed("SupportMessage", &[need("support", Of(&SUPPORT))]);
static ON_SUPPORT_MESSAGE: Object =
    Object::closed("OnSupportMessage", &[need("support", Of(&SUPPORT))]).untyped();
static TRACK: Object = Object::closed("TrackMessage", &[need("tracking", Of(&TRACKING))]);
static RATE: Object = Object::closed("RateMessage", &[need("ratingInputs", list(&Of(&RATING)))]);
static ON_RATE: Object = Object::closed("OnRateMessage", &[need("ratings", list(&Of(&RATING)))]);
static ON_DISCOVER: Object = Object::closed("OnDiscoverMessage", &[need("catalogs", list(&Of(&CATALOG)))]);

static DISCOVER: Object = Object::closed(
    "DiscoverMessage",
    &[
        need("intent", Of(&INTENT)),
        opt("textSearch", TEXT).only(When::Tag),
        opt("text_search", TEXT).only(When::Tag),
    ],
);

static INTENT_FILTER: Object =
    Object::open("IntentFilter", &[need("type", Words(&["jsonpath"])), need("expression", TEXT)]);

static INTENT: Object = Object::closed(
    "Intent",
    &[
        opt("textSearch", TEXT),
        opt("filters", Of(&INTENT_FILTER)),
        opt("spatial", list(&Of(&SPATIAL))),
        opt("mediaSearch", Of(&MEDIA_SEARCH)),
    ],
);

static SPATIAL: Object = Object::closed(
    "SpatialConstraint",
    &[
        need(
            "op",
            Words(&[
                "S_WITHIN",
                "S_CONTAINS",
                "S_INTERSECTS",
                "S_DISJOINT",
                "S_OVERLAPS",
                "S_CROSSES",
                "S_TOUCHES",
                "S_EQUALS",
                "S_DWITHIN",
            ]),
        ),
        need("targets", OneOf(&[TEXT, TEXTS])),
        opt("geometry", Of(&GEOMETRY)),
        opt("distanceMeters", Number { min: Some(0) }),
        opt("quantifier", Words(&["ANY", "ALL", "NONE"])),
        opt("srid", TEXT),
    ],
);

static MEDIA_INPUT: Object = Object::closed(
    "MediaInput",
    &[
        opt("id", TEXT),
        need("type", Words(&["image", "audio", "video"])),
        need("url", URI),
        opt("contentType", TEXT),
        opt("textHint", TEXT),
        opt("language", TEXT),
        opt("startMs", INTEGER),
        opt("endMs", INTEGER),
    ],
);

static MEDIA_OPTIONS: Object = Object::closed(
    "MediaSearchOptions",
    &[
        opt(
            "goals",
            list(&Words(&[
                "visual-similarity",
                "visual-object-detect",
                "text-from-image",
                "text-from-audio",
                "semantic-audio-match",
                "semantic-video-match",
            ])),
        ),
        opt("augment_text_search", Bool),
        opt("restrict_results_to_media_proximity", Bool),
    ],
);

static MEDIA_SEARCH: Object = Object::closed(
    "MediaSearch",
    &[opt("media", list(&Of(&MEDIA_INPUT))), opt("options", Of(&MEDIA_OPTIONS))],
);

static PUBLISH: Object = Object::open(
    "PublishMessage",
    &[
        need("catalogs", list_of_some(&Of(&CATALOG))),
        opt("publishDirectives", list(&Of(&PUBLISH_DIRECTIVE))).only(When::Main),
    ],
);

static PUBLISH_STATS: Object = Object::open(
    "PublishStats",
    &[opt("itemCount", INTEGER), opt("providerCount", INTEGER), opt("categoryCount", INTEGER)],
);

static PUBLISH_RESULT: Object = Object::open(
    "PublishResult",
    &[
        need("catalogId", TEXT),
        need("status", Words(&["ACCEPTED", "REJECTED", "PARTIAL"])),
        opt("errors", list(&Of(&ERROR))),
        opt("stats", Of(&PUBLISH_STATS)),
    ],
);

static ON_PUBLISH: Object = Object::open("OnPublishMessage", &[need("results", list(&Of(&PUBLISH_RESULT)))]);

static RETRY_POLICY: Object = Object::open(
    "RetryPolicy",
    &[
        opt("maxRetries", INTEGER),
        opt("initialDelaySeconds", INTEGER),
        opt("maxDelaySeconds", INTEGER),
        opt("backoffMultiplier", NUMBER),
    ],
);

static DELIVERY_POLICY: Object = Object::open(
    "DeliveryPolicy",
    &[opt("timeoutSeconds", INTEGER), opt("maxPayloadBytes", INTEGER), opt("retryPolicy", Of(&RETRY_POLICY))],
);

static SUBSCRIPTION: Object = Object::open(
    "SubscriptionRequest",
    &[
        need("networkIds", TEXTS).required_in(When::Tag),
        opt("schemaTypes", TEXTS),
        opt("callbackUrl", URI).only(When::Tag),
        opt("deliveryPolicy", Of(&DELIVERY_POLICY)).only(When::Tag),
    ],
)
.any_of(When::Main, &[&["networkIds"], &["schemaTypes"]]);

static SUBSCRIBE: Object = Object::open("SubscribeMessage", &[need("subscription", Of(&SUBSCRIPTION))]);

/// A subscription as the catalog service keeps it.
pub(crate) static KEPT_SUBSCRIPTION: Object = Object::open(
    "Subscription",
    &[
        need("subscriptionId", UUID),
        opt("networkIds", TEXTS),
        opt("schemaTypes", TEXTS),
        need("status", Words(&["ACTIVE", "INACTIVE"])),
        opt("createdAt", DATE_TIME),
        opt("updatedAt", DATE_TIME),
    ],
);

const MODE: Shape = Words(&["FULL", "INCREMENTAL"]);
const PAGE_LIMIT: Shape = Integer { min: Some(1), max: Some(100) };
const PAGE_OFFSET: Shape = Integer { min: Some(0), max: None };

static PULL: Object = Object::closed(
    "PullMessage",
    &[
        need("subscriptionId", UUID),
        opt("mode", MODE),
        opt("fromDate", DATE_TIME),
        opt("toDate", DATE_TIME),
        opt("limit", PAGE_LIMIT),
        opt("offset", PAGE_OFFSET),
    ],
);

static NETWORK_FILTER: Object =
    Object::open("NetworkFilter", &[opt("networkIds", TEXTS), opt("schemaTypes", TEXTS)]);

static OLD_PULL: Object = Object::open(
    "PullMessage",
    &[
        need("mode", MODE),
        opt("filters", Of(&NETWORK_FILTER)),
        opt("catalogIds", TEXTS),
        opt("limit", Integer { min: Some(1), max: None }),
        opt("fromDate", DATE_TIME),
        opt("toDate", DATE_TIME),
    ],
);

static DOWNLOAD: Object = Object::closed(
    "DownloadManifest",
    &[
        need("url", TEXT),
        need("format", Words(&["json", "json.gz"])),
        need("sizeBytes", Integer { min: Some(0), max: None }),
        need("checksum", TEXT),
        need("expiresAt", DATE_TIME),
    ],
);

static ON_PULL: Object = Object::closed(
    "OnPullMessage",
    &[
        need("status", Words(&["COMPLETED", "FAILED"])),
        opt("catalogs", list(&Of(&CATALOG))),
        opt("downloadManifest", Of(&DOWNLOAD)),
        opt("pagination", Of(&PAGINATION)),
        opt("error", Of(&ERROR)),
    ],
);

static SEARCH_FILTER: Object = Object::open(
    "SearchFilter",
    &[opt("type", Words(&["MASTER", "REGULAR"])), opt("networkIds", TEXTS), opt("schemaTypes", TEXTS)],
);

static SEARCH: Object = Object::closed(
    "SearchMessage",
    &[opt("filters", Of(&SEARCH_FILTER)), opt("limit", PAGE_LIMIT), opt("offset", PAGE_OFFSET)],
);

static SEARCH_PAGE: Object =
    Object::open("SearchPage", &[opt("limit", PAGE_LIMIT), opt("offset", PAGE_OFFSET)]);

static MASTER_SEARCH: Object = Object::open(
    "MasterSearchMessage",
    &[opt("filters", Of(&NETWORK_FILTER)), opt("pagination", Of(&SEARCH_PAGE))],
);
