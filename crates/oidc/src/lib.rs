//! Sign-in by OpenID Connect (Core 1.0, authorization code flow with PKCE): any issuer, Google's among them.
//!
//! A [`Provider`] is one configured issuer. [`Provider::begin`] makes the address to which the browser goes, with a
//! state, a nonce and a PKCE challenge; whoever calls keeps the [`Pending`] until the browser comes back, once.
//! [`Provider::finish`] exchanges the code and says whom the issuer vouches for.
//!
//! Invariants: a token is accepted only with an asymmetric signature by a key that the issuer publishes now, for this
//! client, from this issuer, with the nonce of this attempt, and before it expires on the clock that was passed in.
//! Whatever an issuer answers is read within a limit of size and time, by the guarded client. Keys are asked for again
//! when a token names one that is not known, at most once in [`REFRESH_PAUSE`]. No error carries a token, a code or a
//! secret.

mod error;
mod issuer;
mod person;
mod provider;
mod transport;

pub use error::{OidcError, TokenFault};
pub use issuer::{Issuer, IssuerFault};
pub use person::{Email, Person};
pub use provider::{Begun, Callback, KEEP, Pending, Provider, REFRESH_PAUSE};
