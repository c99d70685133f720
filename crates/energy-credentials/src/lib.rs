//! Energy credentials: the four profiles of the pilots, the enrollment in a program, and the ElectricityCredential
//! 1.0 to 1.2 (facts of the domain, section 15), as JSON with a proof or as a JWT.
//!
//! ```text
//! bytes → presented (format) → claims (what it says) → verify: one named check after the other → Report
//! ```
//!
//! Pure: no clock, no network. Whoever verifies brings the instant, the list of trusted issuers, and what was found at
//! the addresses that [`Presented::did_document_url`] and [`Presented::status_url`] name. Invariants: a report is
//! verified only when every check passed; what could not be checked is unknown, and unknown is not passed; energy and
//! power are whole watts and watt-hours, read exactly.

mod carried;
mod claims;
mod contexts;
mod dates;
mod did;
mod jsonld;
mod jwt;
mod key;
mod presented;
mod proof;
mod status;
mod trust;
mod verify;

pub use carried::carried;
pub use claims::{Claims, Generator, MeterClaim, Storage};
pub use contexts::Contexts;
pub use did::{KeyDocuments, web_document_url};
pub use key::{KeyError, VerificationKey};
pub use presented::{CREDENTIAL_MAX, Form, Kind, Presented, Refused};
pub use status::Status;
pub use trust::{Issuer, TrustList};
pub use verify::{Binding, Check, Evidence, Policy, Report, Role, Verdict, names, verify};
