//! The types that messages are made of: descriptors, places, offers, the contract, the context.

use super::shape::Shape::{
    self, All, Any, Bool, Integer, List, Map, Number, Object as Of, OneOf, Str, Words,
};
use super::shape::{
    DATE_TIME, Form, Object, TEXT, TEXTS, TIME, URI, UUID, When, list, list_of_some, need, opt,
};

/// The extension point: a JSON-LD object of someone else's vocabulary.
pub(crate) static ATTRIBUTES: Object =
    Object::open("Attributes", &[need("@context", TEXT), need("@type", TEXT)]);

static DOCUMENT_SECURITY: Object = Object::open(
    "DocumentSecurity",
    &[
        opt("checksum", TEXT),
        opt("checksumAlgorithm", Words(&["SHA256", "SHA512", "OTHER"])),
        opt("signature", TEXT),
        opt("signatureAlgorithm", TEXT),
        opt("keyId", TEXT),
    ],
);

static DOCUMENT: Object = Object::closed(
    "Document",
    &[
        need("label", TEXT),
        need("url", URI),
        need("mimeType", TEXT),
        opt("standard", TEXT),
        opt("security", Of(&DOCUMENT_SECURITY)),
    ],
);

static MEDIA_FILE: Object =
    Object::closed("MediaFile", &[opt("label", TEXT), opt("mimeType", TEXT), opt("uri", URI)]);

pub(crate) static DESCRIPTOR: Object = Object::closed(
    "Descriptor",
    &[
        opt("code", TEXT),
        opt("name", TEXT),
        opt("shortDesc", TEXT),
        opt("longDesc", TEXT),
        opt("thumbnailImage", URI),
        opt("docs", list(&Of(&DOCUMENT))),
        opt("mediaFile", list(&Of(&MEDIA_FILE))),
    ],
);

pub(crate) static ERROR: Object = Object::open(
    "Error",
    &[
        need("code", TEXT).only(When::Main).required_in(When::Main),
        need("message", TEXT).only(When::Main).required_in(When::Main),
        opt("details", Of(&ERROR_DETAILS)).only(When::Main),
        opt("errorCode", TEXT).only(When::Tag),
        opt("errorMessage", TEXT).only(When::Tag),
    ],
)
.closed_in(When::Main);

static ERROR_DETAILS: Object = Object::closed("ErrorDetails", &[opt("path", TEXT), opt("cause", Of(&ERROR))]);

pub(crate) static GEOMETRY: Object = Object::open(
    "Geometry",
    &[
        need(
            "type",
            Words(&[
                "Point",
                "LineString",
                "Polygon",
                "MultiPoint",
                "MultiLineString",
                "MultiPolygon",
                "GeometryCollection",
            ]),
        ),
        opt("coordinates", list(&Any)),
        opt("geometries", list(&Of(&GEOMETRY))),
        opt("bbox", List { items: &Number { min: None }, min: 4, max: Some(4) }),
    ],
);

static ADDRESS: Object = Object::closed(
    "Address",
    &[
        opt("streetAddress", TEXT),
        opt("extendedAddress", TEXT),
        opt("addressLocality", TEXT),
        opt("addressRegion", TEXT),
        opt("addressCountry", TEXT),
        opt("postalCode", TEXT),
    ],
);

static LOCATION: Object =
    Object::closed("Location", &[need("geo", Of(&GEOMETRY)), opt("address", Of(&ADDRESS))]);

pub(crate) static TIME_PERIOD: Object = Object::closed(
    "TimePeriod",
    &[opt("startDate", DATE_TIME), opt("endDate", DATE_TIME), opt("startTime", TIME), opt("endTime", TIME)],
)
.any_of(When::Both, &[&["startDate"], &["endDate"], &["startTime", "endTime"]]);

pub(crate) static PROVIDER: Object = Object::closed(
    "Provider",
    &[
        need("id", TEXT),
        need("descriptor", Of(&DESCRIPTOR)),
        opt("availableAt", list(&Of(&LOCATION))),
        opt("providerAttributes", Of(&ATTRIBUTES)),
    ],
);

pub(crate) static RESOURCE: Object = Object::open(
    "Resource",
    &[need("id", TEXT), opt("descriptor", Of(&DESCRIPTOR)), opt("resourceAttributes", Of(&ATTRIBUTES))],
);

static AVAILABLE_TO: Object =
    Object::open("Audience", &[need("type", Words(&["NETWORK", "PARTICIPANT", "ROLE"])), need("id", TEXT)]);

pub(crate) static OFFER: Object = Object::open(
    "Offer",
    &[
        need("id", TEXT),
        opt("descriptor", Of(&DESCRIPTOR)),
        opt("provider", Of(&PROVIDER)),
        opt("resourceIds", TEXTS),
        // Exactly one of the two must fit, and both are open: only a value that breaks one of them passes.
        opt("addOns", list(&OneOf(&[Of(&RESOURCE), Of(&OFFER)]))),
        opt("considerations", list(&Of(&CONSIDERATION))),
        opt("validity", Of(&TIME_PERIOD)),
        opt("offerAttributes", Of(&ATTRIBUTES)),
        opt("availableTo", list(&Of(&AVAILABLE_TO))).only(When::Tag),
    ],
);

static CONSIDERATION: Object = Object::open(
    "Consideration",
    &[
        need("id", TEXT),
        need("status", Of(&DESCRIPTOR)).required_in(When::Tag),
        opt("considerationAttributes", Of(&ATTRIBUTES)),
    ],
);

static COMMITMENT_CODE: Object =
    Object::open("CommitmentCode", &[opt("code", Words(&["DRAFT", "ACTIVE", "CLOSED"]))]).untyped();

static COMMITMENT_STATUS: Object =
    Object::open("CommitmentStatus", &[opt("descriptor", All(&[Of(&DESCRIPTOR), Of(&COMMITMENT_CODE)]))]);

static WITH_QUANTITY: Object = Object::open("WithQuantity", &[need("quantity", Any)]).untyped();

static WITH_RESOURCES: Object = Object::open("WithResourceIds", &[need("resourceIds", Any)]).untyped();

static COMMITMENT: Object = Object::open(
    "Commitment",
    &[
        opt("id", TEXT),
        need("status", Of(&COMMITMENT_STATUS)),
        need("resources", list(&All(&[Of(&RESOURCE), Of(&WITH_QUANTITY)]))),
        need("offer", All(&[Of(&OFFER), Of(&WITH_RESOURCES)])),
        opt("commitmentAttributes", Of(&ATTRIBUTES)),
    ],
);

static PARTICIPANT: Object = Object::open(
    "Participant",
    &[opt("id", TEXT), opt("descriptor", Of(&DESCRIPTOR)), opt("participantAttributes", Of(&ATTRIBUTES))],
);

static PERFORMANCE: Object = Object::closed(
    "Performance",
    &[
        opt("id", TEXT),
        opt("status", Of(&DESCRIPTOR)),
        opt("commitmentIds", TEXTS),
        opt("performanceAttributes", Of(&ATTRIBUTES)),
    ],
);

static SETTLEMENT: Object = Object::open(
    "Settlement",
    &[
        opt("id", TEXT),
        opt("considerationId", TEXT),
        opt("status", Words(&["DRAFT", "COMMITTED", "COMPLETE"])),
        opt("settlementAttributes", Of(&ATTRIBUTES)),
    ],
);

static CONTRACT_CODE: Object =
    Object::open("ContractCode", &[opt("code", Words(&["DRAFT", "ACTIVE", "CANCELLED", "COMPLETE"]))]);

pub(crate) static CONTRACT: Object = Object::closed(
    "Contract",
    &[
        opt("id", UUID),
        opt("descriptor", Of(&DESCRIPTOR)),
        need("commitments", list_of_some(&Of(&COMMITMENT))),
        opt("consideration", list(&Of(&CONSIDERATION))),
        opt("participants", list(&Of(&PARTICIPANT))),
        opt("performance", list(&Of(&PERFORMANCE))),
        opt("settlements", list(&Of(&SETTLEMENT))),
        opt("status", All(&[Of(&DESCRIPTOR), Of(&CONTRACT_CODE)])),
        opt("contractAttributes", Of(&ATTRIBUTES)),
    ],
);

static WITH_ID: Object = Object::open("WithId", &[need("id", Any)]).untyped();

/// A contract that the provider has already given an id.
pub(crate) const KNOWN_CONTRACT: Shape = All(&[Of(&CONTRACT), Of(&WITH_ID)]);

static DIRECTIVE_PARENT: Object = Object::closed("MasterReference", &[need("masterResourceId", TEXT)]);

static OLD_RESOURCE_DIRECTIVE: Object = Object::closed(
    "CatalogResourceDirective",
    &[need("resourceId", TEXT), need("extends", Of(&DIRECTIVE_PARENT))],
);

static OLD_DIRECTIVES: Object = Object::closed(
    "CatalogDirectives",
    &[
        need("catalogType", Words(&["master", "regular"])),
        opt("updateMode", Words(&["FULL", "MERGE"])),
        opt("resourceDirectives", list(&Of(&OLD_RESOURCE_DIRECTIVE))),
    ],
);

pub(crate) static CATALOG: Object = Object::closed(
    "Catalog",
    &[
        need("id", TEXT),
        need("descriptor", Of(&DESCRIPTOR)),
        need("provider", Of(&PROVIDER)),
        opt("resources", list(&Of(&RESOURCE))),
        opt("offers", list(&Of(&OFFER))),
        opt("bppId", TEXT),
        opt("bppUri", URI),
        opt("isActive", Bool),
        opt("validity", Of(&TIME_PERIOD)),
        opt("publishDirectives", Of(&OLD_DIRECTIVES)).only(When::Tag),
    ],
)
.any_of(When::Both, &[&["resources"], &["offers"]]);

static VARIANT: Object = Object::open("Variant", &[opt("type", TEXT), opt("id", TEXT), opt("label", TEXT)]);

static RESOURCE_DIRECTIVE: Object = Object::open(
    "ResourceDirective",
    &[need("resourceId", TEXT), need("extends", Of(&DIRECTIVE_PARENT)), opt("variant", Of(&VARIANT))],
);

pub(crate) static PUBLISH_DIRECTIVE: Object = Object::open(
    "PublishDirective",
    &[
        need("catalogId", TEXT),
        need("catalogType", Words(&["MASTER", "REGULAR"])),
        opt("visibleTo", TEXTS),
        opt("updateMode", Words(&["FULL", "MERGE"])),
        opt("resourceDirectives", list(&Of(&RESOURCE_DIRECTIVE))),
    ],
);

static FORM_SUBMISSION: Object = Object::closed(
    "FormSubmission",
    &[opt("id", URI), opt("submissionId", UUID), need("data", Map(&TEXT)), opt("submittedAt", DATE_TIME)],
);

static RATING_TARGET: Object = Object::open(
    "RatingTarget",
    &[opt("id", TEXT), opt("descriptor", Of(&DESCRIPTOR)), opt("targetAttributes", Of(&ATTRIBUTES))],
);

static RATING_RANGE: Object = Object::open("RatingRange", &[]);

pub(crate) static RATING: Object = Object::closed(
    "Rating",
    &[
        need("target", Of(&RATING_TARGET)),
        need("range", Of(&RATING_RANGE)),
        opt("feedbackFormSubmission", Of(&FORM_SUBMISSION)),
    ],
);

pub(crate) static SUPPORT: Object = Object::closed(
    "Support",
    &[
        opt("orderId", TEXT),
        opt("descriptor", Of(&DESCRIPTOR)),
        opt("channels", list_of_some(&Of(&ATTRIBUTES))),
    ],
);

pub(crate) static TRACKING: Object = Object::open(
    "Tracking",
    &[
        opt("contract", KNOWN_CONTRACT),
        need("status", Words(&["ACTIVE", "INACTIVE"])),
        need("url", URI),
        opt("trackingAttributes", Of(&ATTRIBUTES)),
    ],
);

pub(crate) static PAGINATION: Object = Object::open(
    "Pagination",
    &[
        opt("total", Integer { min: Some(0), max: None }),
        opt("limit", Integer { min: Some(1), max: None }),
        opt("offset", Integer { min: Some(0), max: None }),
    ],
);

static REQUEST_DIGEST: Object = Object::open("RequestDigest", &[need("digest", Str(Form::Digest))]);

static PLACE_CODE: Object = Object::open("PlaceCode", &[opt("code", TEXT)]);

static PLACE: Object =
    Object::open("Place", &[opt("city", Of(&PLACE_CODE)), opt("country", Of(&PLACE_CODE))]);

/// The envelope's context. No member is required by either text; the prose does, and `context::Context`
/// enforces that.
pub(crate) static CONTEXT: Object = Object::open(
    "Context",
    &[
        opt("action", TEXT),
        opt("version", Words(&["2.0.0"])),
        opt("bapId", TEXT),
        opt("bapUri", URI),
        opt("bppId", TEXT),
        opt("bppUri", URI),
        opt("senderId", TEXT).only(When::Main),
        opt("receiverId", TEXT).only(When::Main),
        opt("transactionId", UUID),
        opt("messageId", UUID),
        opt("networkId", TEXT),
        opt("timestamp", DATE_TIME),
        opt("ttl", TEXT),
        opt("key", TEXT),
        opt("try", Bool).only(When::Main),
        opt("schemaContext", list(&URI)),
        opt("requestDigest", Of(&REQUEST_DIGEST)),
        opt("domain", TEXT).only(When::Tag),
        opt("location", Of(&PLACE)).only(When::Tag),
    ],
);
