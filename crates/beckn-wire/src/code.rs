//! The error codes of the protocol (Beckn 2.0, `ErrorCode`; NFH-008) and the error that a NACK carries.
//!
//! The list is closed on what we send; what a peer sends may be any string and is kept as text
//! (`ack::AckVerdict`). An error text names what is wrong with the message and never anything of our insides.

use std::fmt;

macro_rules! error_codes {
    ($($variant:ident $text:literal $http:literal $retry:literal,)+) => {
        /// One code of the protocol's enumeration. The prefix names the layer that refuses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $text] $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as written on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The HTTP status of a synchronous NACK with this code.
            ///
            /// The advisory table allows 409 for some `BIZ_` and `POL_` codes; 400 is sent for all of them,
            /// because 409 is not an answer of the current text and means "no callback will follow" in the
            /// older one.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $http,)+ }
            }

            /// Whether the sender may send the same content again later without changing it.
            pub fn retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }

            /// The code of that text; `None` for every text outside the enumeration.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

error_codes! {
    CtxMissingField "CTX_MISSING_FIELD" 400 false,
    CtxInvalidField "CTX_INVALID_FIELD" 400 false,
    CtxActionMismatch "CTX_ACTION_MISMATCH" 400 false,
    CtxVersionUnsupported "CTX_VERSION_UNSUPPORTED" 400 false,
    CtxTtlExpired "CTX_TTL_EXPIRED" 400 false,
    CtxMessageIdDuplicate "CTX_MESSAGE_ID_DUPLICATE" 400 false,
    CtxTransactionIdUnknown "CTX_TRANSACTION_ID_UNKNOWN" 400 false,
    CtxCallbackUrlMissing "CTX_CALLBACK_URL_MISSING" 400 false,
    CtxInvalidBppUri "CTX_INVALID_BPP_URI" 400 false,
    AutSignatureMissing "AUT_SIGNATURE_MISSING" 401 false,
    AutSignatureInvalid "AUT_SIGNATURE_INVALID" 401 false,
    AutSubscriberNotFound "AUT_SUBSCRIBER_NOT_FOUND" 401 false,
    AutKeyNotFound "AUT_KEY_NOT_FOUND" 401 false,
    AutKeyExpiredOrRevoked "AUT_KEY_EXPIRED_OR_REVOKED" 401 false,
    AutUnauthorizedAction "AUT_UNAUTHORIZED_ACTION" 401 false,
    AutDomainNotAllowed "AUT_DOMAIN_NOT_ALLOWED" 403 false,
    AutReplayDetected "AUT_REPLAY_DETECTED" 400 false,
    AutRateLimited "AUT_RATE_LIMITED" 429 true,
    SchInvalidJson "SCH_INVALID_JSON" 400 false,
    SchSchemaValidationFailed "SCH_SCHEMA_VALIDATION_FAILED" 400 false,
    SchRequiredFieldMissing "SCH_REQUIRED_FIELD_MISSING" 400 false,
    SchFieldNotAllowed "SCH_FIELD_NOT_ALLOWED" 400 false,
    SchInvalidEnum "SCH_INVALID_ENUM" 400 false,
    SchInvalidFormat "SCH_INVALID_FORMAT" 400 false,
    SchInvalidJsonpath "SCH_INVALID_JSONPATH" 400 false,
    SchInvalidJsonldContext "SCH_INVALID_JSONLD_CONTEXT" 400 false,
    SchTypeNotSupported "SCH_TYPE_NOT_SUPPORTED" 400 false,
    SchAttributePackInvalid "SCH_ATTRIBUTE_PACK_INVALID" 400 false,
    SchInvalidEntityType "SCH_INVALID_ENTITY_TYPE" 400 false,
    SchSchemaAdaptationFailed "SCH_SCHEMA_ADAPTATION_FAILED" 400 false,
    NetTimeout "NET_TIMEOUT" 504 true,
    NetDownstreamUnavailable "NET_DOWNSTREAM_UNAVAILABLE" 502 true,
    NetCallbackFailed "NET_CALLBACK_FAILED" 502 true,
    NetAckTimeout "NET_ACK_TIMEOUT" 504 true,
    NetOverloaded "NET_OVERLOADED" 503 true,
    NetInternalError "NET_INTERNAL_ERROR" 500 true,
    NetNotImplemented "NET_NOT_IMPLEMENTED" 500 false,
    NetCatalogSourceUnavailable "NET_CATALOG_SOURCE_UNAVAILABLE" 502 true,
    NetCatalogStale "NET_CATALOG_STALE" 503 true,
    BizProviderNotFound "BIZ_PROVIDER_NOT_FOUND" 400 false,
    BizLocationNotFound "BIZ_LOCATION_NOT_FOUND" 400 false,
    BizCategoryNotFound "BIZ_CATEGORY_NOT_FOUND" 400 false,
    BizItemNotFound "BIZ_ITEM_NOT_FOUND" 400 false,
    BizOfferNotFound "BIZ_OFFER_NOT_FOUND" 400 false,
    BizAddonNotFound "BIZ_ADDON_NOT_FOUND" 400 false,
    BizOrderNotFound "BIZ_ORDER_NOT_FOUND" 400 false,
    BizQuantityUnavailable "BIZ_QUANTITY_UNAVAILABLE" 400 false,
    BizFulfillmentUnavailable "BIZ_FULFILLMENT_UNAVAILABLE" 400 false,
    BizQuoteExpiredOrChanged "BIZ_QUOTE_EXPIRED_OR_CHANGED" 400 false,
    BizPriceMismatch "BIZ_PRICE_MISMATCH" 400 false,
    BizPaymentNotSupported "BIZ_PAYMENT_NOT_SUPPORTED" 400 false,
    BizPaymentFailed "BIZ_PAYMENT_FAILED" 400 true,
    BizTrackingNotSupported "BIZ_TRACKING_NOT_SUPPORTED" 400 false,
    BizSupportNotAvailable "BIZ_SUPPORT_NOT_AVAILABLE" 400 false,
    BizNoResultsFound "BIZ_NO_RESULTS_FOUND" 400 false,
    BizInvalidStateTransition "BIZ_INVALID_STATE_TRANSITION" 400 false,
    BizAlreadyCancelled "BIZ_ALREADY_CANCELLED" 400 false,
    BizAlreadyConfirmed "BIZ_ALREADY_CONFIRMED" 400 false,
    BizUpdateInconsistent "BIZ_UPDATE_INCONSISTENT" 400 false,
    BizInvalidUpdateTarget "BIZ_INVALID_UPDATE_TARGET" 400 false,
    BizInvalidCancellationReason "BIZ_INVALID_CANCELLATION_REASON" 400 false,
    BizRatingTargetNotFound "BIZ_RATING_TARGET_NOT_FOUND" 400 false,
    BizInvalidRatingValue "BIZ_INVALID_RATING_VALUE" 400 false,
    BizGenericError "BIZ_GENERIC_ERROR" 400 false,
    PolCancellationNotAllowed "POL_CANCELLATION_NOT_ALLOWED" 400 false,
    PolUpdateNotAllowed "POL_UPDATE_NOT_ALLOWED" 400 false,
    PolGeoRestricted "POL_GEO_RESTRICTED" 400 false,
    PolEligibilityNotMet "POL_ELIGIBILITY_NOT_MET" 400 false,
    PolKycRequired "POL_KYC_REQUIRED" 400 false,
    PolConsentRequired "POL_CONSENT_REQUIRED" 400 false,
    PolSanctionedParty "POL_SANCTIONED_PARTY" 400 false,
    PolCallerTrustInsufficient "POL_CALLER_TRUST_INSUFFICIENT" 403 false,
    PolNpCapacityExceeded "POL_NP_CAPACITY_EXCEEDED" 403 true,
    PolNpDormant "POL_NP_DORMANT" 403 true,
    PolEngagementRefused "POL_ENGAGEMENT_REFUSED" 403 false,
    PolGenericError "POL_GENERIC_ERROR" 400 false,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a message is refused: what goes into the `error` object of a NACK or of a failing callback.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct WireError {
    pub code: ErrorCode,
    /// One sentence for the peer's operator; no internals, nothing of other participants.
    pub message: String,
    /// Where in the body, steps joined by `/`: `message/contract/commitments/0/status`.
    pub path: Option<String>,
}

impl WireError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None }
    }

    /// The same error, naming the place in the body.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A member that the schema requires is absent.
    pub fn required(path: impl Into<String>) -> Self {
        Self::new(ErrorCode::SchRequiredFieldMissing, "a required member is missing").at(path)
    }

    /// A member is there, but not in the form that the schema asks for.
    pub fn format(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::SchInvalidFormat, message).at(path)
    }

    /// A context member is absent.
    pub fn context_missing(member: &str) -> Self {
        Self::new(ErrorCode::CtxMissingField, format!("context.{member} is missing"))
            .at(format!("context/{member}"))
    }

    /// A context member is there, but not usable.
    pub fn context_invalid(member: &str, why: &str) -> Self {
        Self::new(ErrorCode::CtxInvalidField, format!("context.{member} {why}"))
            .at(format!("context/{member}"))
    }

    /// See [`ErrorCode::http_status`].
    pub fn http_status(&self) -> u16 {
        self.code.http_status()
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        self.path.as_ref().map_or(Ok(()), |path| write!(f, " ({path})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unique_and_read_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
        }
        assert_eq!(ErrorCode::ALL.len(), 9 + 9 + 12 + 9 + 25 + 12);
        assert_eq!(ErrorCode::parse("ctx_missing_field"), None);
        assert_eq!(ErrorCode::parse("30000"), None);
    }

    #[test]
    fn statuses_stay_within_the_answers_of_their_layer() {
        for code in ErrorCode::ALL {
            let allowed: &[u16] = match &code.as_str()[..4] {
                "CTX_" | "SCH_" | "BIZ_" => &[400],
                "AUT_" => &[400, 401, 403, 429],
                "POL_" => &[400, 403],
                _ => &[500, 502, 503, 504],
            };
            assert!(allowed.contains(&code.http_status()), "{code}");
        }
        assert!(ErrorCode::PolNpDormant.retryable() && !ErrorCode::NetNotImplemented.retryable());
    }

    #[test]
    fn displays_code_message_and_path() {
        assert_eq!(
            WireError::context_missing("bapId").to_string(),
            "CTX_MISSING_FIELD: context.bapId is missing (context/bapId)"
        );
    }
}
