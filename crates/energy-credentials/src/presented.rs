//! What was handed in: a credential as JSON, as JSON in the wrapping of a credential store, or as a JWT.

use beckn_wire::json::{Json, Object};
use units::Timestamp;

use crate::did;
use crate::jwt::{self, Jwt};
use crate::status;

/// Largest credential that is read, bytes.
pub const CREDENTIAL_MAX: usize = 256 * 1024;
/// Deepest wrapping: a store's record, and what a wallet puts around it.
const WRAPPINGS_MAX: usize = 3;

/// The bytes are no credential that can be read. The reason holds nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(&'static str);

impl Refused {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self(reason)
    }

    /// Why, for people.
    pub fn reason(self) -> &'static str {
        self.0
    }
}

/// What kind of credential it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    UtilityCustomer,
    ConsumptionProfile,
    GenerationProfile,
    StorageProfile,
    ProgramEnrollment,
    Electricity,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::UtilityCustomer,
        Self::ConsumptionProfile,
        Self::GenerationProfile,
        Self::StorageProfile,
        Self::ProgramEnrollment,
        Self::Electricity,
    ];

    /// The name as the standard writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UtilityCustomer => "UtilityCustomerCredential",
            Self::ConsumptionProfile => "ConsumptionProfileCredential",
            Self::GenerationProfile => "GenerationProfileCredential",
            Self::StorageProfile => "StorageProfileCredential",
            Self::ProgramEnrollment => "UtilityProgramEnrollmentCredential",
            Self::Electricity => "ElectricityCredential",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "ProgramEnrollmentCredential" {
            return Some(Self::ProgramEnrollment);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// In which form it is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Jwt,
}

impl Form {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jwt => "jwt",
        }
    }
}

/// A credential as it was handed in: readable, and nothing of it believed yet.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The credential itself, without its proof.
    pub(crate) document: Object,
    pub(crate) proof: Option<Json>,
    pub(crate) jwt: Option<Jwt>,
    /// What the JWT's own members contradict in the credential.
    pub(crate) contradiction: Option<&'static str>,
    /// From when until when the JWT itself may be used.
    pub(crate) window: (Option<Timestamp>, Option<Timestamp>),
}

impl Presented {
    /// Reads a credential.
    ///
    /// # Errors
    /// Too large, not JSON and no JWT, an algorithm that is not known.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > CREDENTIAL_MAX {
            return Err(Refused::new("the credential is too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Refused::new("the credential is not text"))?;
        // Editors put a byte order mark in front.
        let text = text.trim_start_matches('\u{feff}').trim();
        if jwt::is_compact(text) {
            return Self::from_jwt(Jwt::parse(text)?);
        }
        let json = Json::parse_text(text).map_err(|_| Refused::new("the credential is not valid JSON"))?;
        Self::from_json(json, WRAPPINGS_MAX)
    }

    fn from_json(json: Json, depth: usize) -> Result<Self, Refused> {
        let depth = depth.checked_sub(1).ok_or(Refused::new("the credential is wrapped too often"))?;
        let mut document = match json {
            Json::String(text) if jwt::is_compact(text.trim()) => {
                return Self::from_jwt(Jwt::parse(text.trim())?);
            }
            Json::Object(document) => document,
            _ => return Err(Refused::new("a credential is a JSON object or a JWT")),
        };
        if let Some(token) = enveloped(&document) {
            return Self::from_jwt(Jwt::parse(token)?);
        }
        if !document.contains("credentialSubject") {
            let wrapped = ["credential", "verifiableCredential", "credentialData", "vc", "jwt"];
            let Some(name) = wrapped.into_iter().find(|name| document.contains(name)) else {
                return Err(Refused::new("there is no credential in it"));
            };
            let inner = match document.remove(name) {
                Some(Json::Array(mut several)) if several.len() == 1 => several.pop(),
                other => other,
            };
            return Self::from_json(inner.ok_or(Refused::new("there is no credential in it"))?, depth);
        }
        let proof = document.remove("proof");
        Ok(Self { document, proof, jwt: None, contradiction: None, window: (None, None) })
    }

    /// A JWT holds the credential either as its payload (data model 2.0) or as `vc`, beside members of its own that
    /// say the same (1.1).
    fn from_jwt(mut jwt: Jwt) -> Result<Self, Refused> {
        let payload = jwt.payload.as_object_mut().ok_or(Refused::new("the JWT holds no object"))?;
        let vc = payload.remove("vc");
        let registered = payload.clone();
        let older = vc.is_some();
        let mut document = match vc {
            Some(Json::Object(document)) => document,
            Some(_) => return Err(Refused::new("the credential in the JWT is no object")),
            None => {
                for name in REGISTERED {
                    payload.remove(name);
                }
                std::mem::take(payload)
            }
        };
        if !document.contains("credentialSubject") {
            return Err(Refused::new("there is no credential in it"));
        }
        document.remove("proof");
        let contradiction = merge(&mut document, &registered)
            .or_else(|| if older { merge_dates(&mut document, &registered) } else { None })
            .or_else(|| unreadable_date(&registered));
        let date = |name: &str| registered.get(name).and_then(numeric_date);
        let window = (date("nbf"), date("exp"));
        Ok(Self { document, proof: None, jwt: Some(jwt), contradiction, window })
    }

    pub fn form(&self) -> Form {
        if self.jwt.is_some() { Form::Jwt } else { Form::Json }
    }

    /// What it says it is; none when it is no credential that is known here, or more than one.
    pub fn kind(&self) -> Option<Kind> {
        let mut kinds = self.types().filter_map(Kind::parse);
        let kind = kinds.next();
        if kinds.all(|other| Some(other) == kind) { kind } else { None }
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        let value = self.document.get("type").or_else(|| self.document.get("@type"));
        let several = value.and_then(Json::as_array).unwrap_or_default();
        value.and_then(Json::as_str).into_iter().chain(several.iter().filter_map(Json::as_str))
    }

    /// The credential's own id.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// Who says that it was issued by them.
    pub fn issuer(&self) -> Option<&str> {
        let issuer = self.document.get("issuer")?;
        issuer.as_str().or_else(|| issuer.get("id").and_then(Json::as_str)).filter(|id| !id.trim().is_empty())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name).and_then(Json::as_str)
    }

    /// Where the keys of its issuer are to be fetched, when the issuer is a `did:web`.
    pub fn did_document_url(&self) -> Option<String> {
        self.issuer().and_then(did::web_document_url)
    }

    /// Where its revocation is to be looked up, when it names a registry.
    pub fn status_url(&self) -> Option<String> {
        status::lookup_url(self)
    }
}

/// The JWT in the envelope that the data model 2.0 has for one: `data:application/vc+jwt,…` as its id.
fn enveloped(document: &Object) -> Option<&str> {
    if document.contains("credentialSubject") {
        return None;
    }
    let data = document.get("id").and_then(Json::as_str)?.strip_prefix("data:")?;
    let (kind, token) = data.split_once(',')?;
    ["application/vc+jwt", "application/vc+ld+json+jwt"].contains(&kind).then(|| token.trim())
}

/// Members that belong to the JWT and not to the credential.
const REGISTERED: [&str; 7] = ["iss", "sub", "nbf", "exp", "iat", "jti", "aud"];

/// Lays the JWT's own members over the credential where it says nothing itself. Gives what the two contradict one
/// another in: a reader that believes the other one would see another credential.
fn merge(document: &mut Object, registered: &Object) -> Option<&'static str> {
    let text = |name: &str| registered.get(name).and_then(Json::as_str);
    if let Some(issuer) = text("iss") {
        match document.get("issuer") {
            None => document.set("issuer", issuer),
            Some(said) if said.as_str().or_else(|| said.get("id").and_then(Json::as_str)) == Some(issuer) => {
            }
            Some(_) => return Some("iss is not the issuer of the credential"),
        }
    }
    if let Some(id) = text("jti") {
        match document.get("id") {
            None => document.set("id", id),
            Some(said) if said.as_str() == Some(id) => {}
            Some(_) => return Some("jti is not the id of the credential"),
        }
    }
    if let (Some(sub), Some(subject)) = (text("sub"), document.get_mut("credentialSubject"))
        && let Some(subject) = subject.as_object_mut()
    {
        match subject.get("id") {
            None => subject.set("id", sub),
            Some(said) if said.as_str() == Some(sub) => {}
            Some(_) => return Some("sub is not the subject of the credential"),
        }
    }
    None
}

/// In the older form `nbf` and `exp` are the credential's dates; in the newer they are the signature's own.
fn merge_dates(document: &mut Object, registered: &Object) -> Option<&'static str> {
    for (name, members) in [("nbf", ["issuanceDate", "validFrom"]), ("exp", ["expirationDate", "validUntil"])]
    {
        let Some(value) = registered.get(name) else { continue };
        let Some(instant) = numeric_date(value) else { continue };
        match members.iter().find_map(|member| document.get(member)).map(Json::as_str) {
            None => document.set(members[0], instant.to_rfc3339()),
            Some(said) => {
                // Seconds against text that may have fractions of one.
                let said = said.and_then(|text| Timestamp::parse_rfc3339(text).ok());
                let near = |said: Timestamp| {
                    said.micros().div_euclid(1_000_000) == instant.micros().div_euclid(1_000_000)
                };
                if !said.is_some_and(near) {
                    return Some("a date of the JWT is not the credential's");
                }
            }
        }
    }
    None
}

fn unreadable_date(registered: &Object) -> Option<&'static str> {
    let broken = |name: &&str| registered.get(name).is_some_and(|value| numeric_date(value).is_none());
    ["nbf", "exp"].iter().find(|name| broken(name)).map(|_| "a date of the JWT is no number of seconds")
}

fn numeric_date(value: &Json) -> Option<Timestamp> {
    let micros = units::parse_scaled(value.as_number()?, 6).ok()?;
    Some(Timestamp::from_micros(micros))
}
