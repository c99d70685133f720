//! The compact form of a signed credential (VC-JWT): header, payload and signature, each base64url without padding.
//!
//! Invariants: only `EdDSA` and `ES256` are known, so `none` and the shared-key algorithms have no way in; extensions
//! that must be understood are refused; a key that travels in the header is never used.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use beckn_wire::json::Json;

use crate::presented::Refused;

/// A signed credential before anything of it is believed.
#[derive(Clone, Debug)]
pub struct Jwt {
    pub algorithm: String,
    pub key_id: Option<String>,
    pub payload: Json,
    /// What was signed.
    pub input: String,
    pub signature: Vec<u8>,
}

/// Whether the text has the shape of one.
pub fn is_compact(text: &str) -> bool {
    text.split('.').count() == 3
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

impl Jwt {
    /// # Errors
    /// Not three parts of base64url with a JSON header and payload, an algorithm that is not known here.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let (input, signature) = text.rsplit_once('.').ok_or(Refused::new("a JWT has three parts"))?;
        let (header, payload) = input.split_once('.').ok_or(Refused::new("a JWT has three parts"))?;
        let decode = |part: &str| {
            URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::new("a part of the JWT is not base64url"))
        };
        let json = |part: &str| {
            Json::parse(&decode(part)?).map_err(|_| Refused::new("a part of the JWT is not valid JSON"))
        };
        let header = json(header)?;
        let algorithm = header.get("alg").and_then(Json::as_str).unwrap_or("none");
        if !["EdDSA", "ES256"].contains(&algorithm) {
            return Err(Refused::new("the JWT is not signed with EdDSA or ES256"));
        }
        if header.get("crit").is_some() || header.get("b64").is_some() {
            return Err(Refused::new("the JWT wants an extension that is not known here"));
        }
        let kind = header.get("typ").and_then(Json::as_str).map(str::to_ascii_lowercase);
        let known = ["jwt", "vc+jwt", "vc+ld+jwt", "vc+ld+json+jwt", "application/vc+jwt"];
        if kind.is_some_and(|kind| !known.contains(&kind.as_str())) {
            return Err(Refused::new("the JWT says that it is something else than a credential"));
        }
        Ok(Self {
            algorithm: algorithm.to_owned(),
            key_id: header.get("kid").and_then(Json::as_str).map(str::to_owned),
            payload: json(payload)?,
            input: input.to_owned(),
            signature: decode(signature)?,
        })
    }
}
