//! The `Authorization: Signature …` request header and the `Signature` response header (NFH-007, 2 and 3.4).
//!
//! Written exactly (`sign`), read with tolerance: spaces around commas and equal signs, any order, unquoted
//! values, unknown parameters. A parameter named twice is refused, since two readers could pick different
//! ones.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SignatureError;

/// Longest header that is read; a real one has about 350 bytes.
pub const HEADER_MAX: usize = 4096;
const PARAMETERS_MAX: usize = 16;
const ID_MAX: usize = 255;

const SCHEME: &str = "Signature ";
const THREE: &str = "(created) (expires) digest";
const FOUR: &str = "(created) (expires) digest request-signature";

/// Whose key signs: `subscriber|key|ed25519`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    subscriber_id: String,
    key_id: String,
}

impl KeyId {
    /// # Errors
    /// [`SignatureError::KeyId`] when a part is empty, longer than 255 bytes, or has other than visible ASCII
    /// characters without `"`, `\`, `|` and `/`: both parts stand in headers, in URLs and in logs.
    pub fn new(subscriber_id: impl Into<String>, key_id: impl Into<String>) -> Result<Self, SignatureError> {
        let (subscriber_id, key_id) = (subscriber_id.into(), key_id.into());
        let fits = |part: &str| {
            !part.is_empty()
                && part.len() <= ID_MAX
                && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'|' | b'/'))
        };
        if fits(&subscriber_id) && fits(&key_id) {
            Ok(Self { subscriber_id, key_id })
        } else {
            Err(SignatureError::KeyId)
        }
    }

    /// # Errors
    /// [`SignatureError::KeyId`] unless there are exactly three parts, the last of them `ed25519`.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let mut parts = text.split('|');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(subscriber), Some(key), Some("ed25519"), None) => Self::new(subscriber, key),
            _ => Err(SignatureError::KeyId),
        }
    }

    /// The registry's name of the participant, a domain name.
    pub fn subscriber_id(&self) -> &str {
        &self.subscriber_id
    }

    /// The registry's name of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|ed25519", self.subscriber_id, self.key_id)
    }
}

/// Which lines were signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// `(created) (expires) digest`
    Three,
    /// The same and `request-signature`.
    Four,
}

impl Covered {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Three => THREE,
            Self::Four => FOUR,
        }
    }
}

/// A signature header, read and checked for form; nothing in it is proven yet.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureHeader {
    pub key_id: KeyId,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds; valid up to and including this second.
    pub expires: i64,
    pub headers: Covered,
    pub signature: [u8; 64],
    /// The base64 text of the signature, to which an answer is chained.
    pub signature_text: String,
}

impl SignatureHeader {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] for an empty value or an empty signature; else what is wrong with the
    /// form.
    pub fn parse(value: &str) -> Result<Self, SignatureError> {
        if value.is_empty() {
            return Err(SignatureError::Missing);
        }
        let parameters =
            value.strip_prefix(SCHEME).ok_or(SignatureError::Malformed("the scheme is not Signature"))?;
        Self::from_parameters(parameters)
    }

    /// Reads the value of a `Signature` response header, with or without the scheme word.
    ///
    /// # Errors
    /// As [`SignatureHeader::parse`].
    pub fn parse_response(value: &str) -> Result<Self, SignatureError> {
        if value.is_empty() {
            return Err(SignatureError::Missing);
        }
        Self::from_parameters(value.strip_prefix(SCHEME).unwrap_or(value))
    }

    fn from_parameters(text: &str) -> Result<Self, SignatureError> {
        let parameters = Parameters::read(text)?;
        let key_id = KeyId::parse(parameters.get("keyId").ok_or(SignatureError::KeyId)?)?;
        let signature_text =
            parameters.get("signature").filter(|s| !s.is_empty()).ok_or(SignatureError::Missing)?;
        if parameters.get("algorithm") != Some("ed25519") {
            return Err(SignatureError::Algorithm);
        }
        let headers = match parameters.get("headers") {
            Some(THREE) => Covered::Three,
            Some(FOUR) => Covered::Four,
            _ => return Err(SignatureError::Coverage),
        };
        Ok(Self {
            key_id,
            created: seconds(parameters.get("created"))?,
            expires: seconds(parameters.get("expires"))?,
            headers,
            signature: signature_bytes(signature_text)?,
            signature_text: signature_text.to_owned(),
        })
    }
}

impl fmt::Debug for SignatureHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureHeader")
            .field("key_id", &self.key_id)
            .field("created", &self.created)
            .field("expires", &self.expires)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// The base64 text of the signature in a header value, however faulty the rest of its parameters is.
pub fn signature_text(header: &str) -> Option<&str> {
    let parameters = Parameters::read(header.strip_prefix(SCHEME).unwrap_or(header)).ok()?;
    parameters.get("signature").filter(|text| !text.is_empty())
}

/// The `WWW-Authenticate` value of a 401 from `realm`, the receiver's subscriber id.
pub fn challenge(realm: &str) -> String {
    format!("{SCHEME}realm=\"{realm}\",headers=\"{THREE}\"")
}

/// The header value with the scheme word, attributes in the order of the specification, no spaces after
/// commas.
pub(super) fn write(key_id: &KeyId, created: i64, expires: i64, headers: Covered, signature: &str) -> String {
    let headers = headers.as_str();
    format!(
        "{SCHEME}keyId=\"{key_id}\",algorithm=\"ed25519\",created=\"{created}\",expires=\"{expires}\",\
         headers=\"{headers}\",signature=\"{signature}\""
    )
}

/// Strict base64 with padding, 64 bytes.
pub(super) fn signature_bytes(text: &str) -> Result<[u8; 64], SignatureError> {
    const FORM: SignatureError = SignatureError::Malformed("the signature is not 64 bytes of base64");
    let bytes = STANDARD.decode(text).map_err(|_| FORM)?;
    bytes.try_into().map_err(|_| FORM)
}

fn seconds(text: Option<&str>) -> Result<i64, SignatureError> {
    text.filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|t| t.parse().ok())
        .ok_or(SignatureError::Malformed("created and expires must be whole seconds"))
}

struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    fn read(text: &'a str) -> Result<Self, SignatureError> {
        if text.len() > HEADER_MAX {
            return Err(SignatureError::Malformed("it is too long"));
        }
        let mut found: Vec<(&str, &str)> = Vec::with_capacity(6);
        let mut rest = text.trim_matches(' ');
        loop {
            let (name, value, after) =
                parameter(rest).ok_or(SignatureError::Malformed("expected name=\"value\""))?;
            if found.iter().any(|(n, _)| *n == name) {
                return Err(SignatureError::DuplicateParameter);
            }
            if found.len() == PARAMETERS_MAX {
                return Err(SignatureError::Malformed("too many parameters"));
            }
            found.push((name, value));
            if after.is_empty() {
                return Ok(Self(found));
            }
            rest = after
                .strip_prefix(',')
                .ok_or(SignatureError::Malformed("expected a comma"))?
                .trim_start_matches(' ');
        }
    }
}

/// Name, value, and what follows them without leading spaces.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_end_matches(' ');
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    let (value, after) = if let Some(quoted) = rest.strip_prefix('"') {
        quoted.split_once('"')?
    } else {
        let end = rest.find([',', ' ', '"']).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        rest.split_at(end)
    };
    if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return None;
    }
    Some((name, value, after.trim_start_matches(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> String {
        let signature = STANDARD.encode([7_u8; 64]);
        write(&KeyId::new("bap.example.com", "k1").unwrap(), 10, 20, Covered::Three, &signature)
    }

    #[test]
    fn reads_what_it_writes_and_tolerates_form() {
        let header = SignatureHeader::parse(&value()).unwrap();
        assert_eq!((header.created, header.expires, header.signature), (10, 20, [7; 64]));
        assert_eq!(header.key_id.to_string(), "bap.example.com|k1|ed25519");
        let loose = value().replace("\",", "\" , ").replace("created=\"10\"", "created = 10") + "  ";
        assert_eq!(SignatureHeader::parse(&loose).unwrap(), header);
        let extra = value().replace("algorithm", "nonce=\"x\",algorithm");
        assert_eq!(SignatureHeader::parse(&extra).unwrap(), header);
        let bare = value().replace("Signature ", "");
        assert_eq!(SignatureHeader::parse_response(&bare).unwrap(), header);
        assert_eq!(SignatureHeader::parse_response(&value()).unwrap(), header);
        assert!(SignatureHeader::parse(&bare).is_err());
        assert_eq!(signature_text(&bare), Some(header.signature_text.as_str()));
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        use SignatureError as E;
        let cases = [
            (String::new(), E::Missing),
            (value() + ",created=\"10\"", E::DuplicateParameter),
            (
                value().replace("created=\"10\"", "created=\"+10\""),
                E::Malformed("created and expires must be whole seconds"),
            ),
            (
                value().replace("created=\"10\"", "created=\"99999999999999999999\""),
                E::Malformed("created and expires must be whole seconds"),
            ),
            (value().replace("|k1|", "|k1|x|"), E::KeyId),
            (value().replace("|k1|", "||"), E::KeyId),
            (value().replace("bap.example.com", "../bap"), E::KeyId),
            (value().replace("=\"ed25519\"", "=\"hs2019\""), E::Algorithm),
            (value().replace(" digest", "  digest"), E::Coverage),
            (value() + ",", E::Malformed("expected name=\"value\"")),
            (value() + ";", E::Malformed("expected a comma")),
            (value() + &" ".repeat(5000) + ",x=\"\"", E::Malformed("it is too long")),
        ];
        for (text, error) in cases {
            assert_eq!(SignatureHeader::parse(&text), Err(error), "{text}");
        }
    }

    #[test]
    fn debug_output_hides_the_signature() {
        let header = SignatureHeader::parse(&value()).unwrap();
        assert!(!format!("{header:?}").contains(&header.signature_text));
    }
}
