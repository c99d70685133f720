//! Why a sign-in did not succeed.

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

use crate::issuer::IssuerFault;

/// Why nobody is signed in. No variant carries what the issuer or the browser sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    #[error("the issuer is not configured rightly: {0}")]
    Configuration(#[from] IssuerFault),
    /// Discovery, keys or token endpoint: not reached, too slow, too much, or not what the specification says.
    #[error("the issuer cannot be asked now")]
    Unavailable,
    /// The browser brings a state that is not the one it was sent with.
    #[error("the answer does not belong to this sign-in")]
    StateMismatch,
    /// The browser brings another issuer's answer (RFC 9207).
    #[error("the answer comes from another issuer")]
    OtherIssuer,
    /// The person, or the issuer on its own, said no.
    #[error("the issuer was not allowed to, or did not want to, sign this person in")]
    Denied,
    /// The code is used up, expired, or was made for another PKCE challenge.
    #[error("the issuer does not accept this attempt any more")]
    CodeRefused,
    #[error("the issuer's token cannot be accepted: {0}")]
    Token(#[from] TokenFault),
}

/// What is wrong with an ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("there is none")]
    Missing,
    #[error("its form")]
    Malformed,
    /// `none`, a shared secret, or one that the issuer does not announce.
    #[error("its signature algorithm")]
    Algorithm,
    #[error("its key is not one of the issuer's")]
    UnknownKey,
    #[error("its signature")]
    Signature,
    #[error("its issuer")]
    Issuer,
    #[error("its audience")]
    Audience,
    /// `azp` names another client.
    #[error("its authorized party")]
    AuthorizedParty,
    #[error("it has expired")]
    Expired,
    #[error("it was issued in the future")]
    NotYet,
    #[error("its nonce")]
    Nonce,
    #[error("its subject")]
    Subject,
}

impl TokenFault {
    /// Whether the issuer's newest keys could change the verdict.
    pub(crate) fn may_be_rotation(self) -> bool {
        matches!(self, Self::UnknownKey | Self::Signature)
    }

    pub(crate) fn of(error: &ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as C;
        use SignatureVerificationError as S;
        match error {
            C::Expired(_) => Self::Expired,
            C::InvalidAudience(_) => Self::Audience,
            C::InvalidIssuer(_) => Self::Issuer,
            C::InvalidNonce(_) => Self::Nonce,
            C::InvalidSubject(_) => Self::Subject,
            C::SignatureVerification(signature) => match signature {
                S::NoMatchingKey | S::AmbiguousKeyId(_) => Self::UnknownKey,
                S::DisallowedAlg(_) | S::UnsupportedAlg(_) | S::NoSignature => Self::Algorithm,
                _ => Self::Signature,
            },
            _ => Self::Malformed,
        }
    }
}
