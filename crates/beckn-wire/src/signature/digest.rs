//! The digest of a body: BLAKE2b with 64 bytes of output, no key, over the bytes as sent (NFH-007, 3.1).

use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};

/// Stands before the base64 text wherever a digest is named; the hash itself is BLAKE2b-512.
pub const DIGEST_LABEL: &str = "BLAKE-512=";

/// BLAKE2b-512 of a body. Displays as base64 without the label.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 64]);

impl Digest {
    pub fn of(body: &[u8]) -> Self {
        Self(Blake2b512::digest(body).into())
    }

    pub fn bytes(&self) -> &[u8; 64] {
        &self.0
    }

    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// With its label, as `context.requestDigest.digest` carries it.
    pub fn labeled(&self) -> String {
        format!("{DIGEST_LABEL}{self}")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base64())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The bytes of a message, shared, and their digest, computed once: by the verification, or at the first
/// call.
#[derive(Clone)]
pub struct Body(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    digest: OnceLock<Digest>,
}

impl Body {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Inner { bytes, digest: OnceLock::new() }))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    pub fn digest(&self) -> &Digest {
        self.0.digest.get_or_init(|| Digest::of(&self.0.bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }
}

impl From<&Body> for Body {
    fn from(body: &Body) -> Self {
        body.clone()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.0.bytes.len())
    }
}

/// The base64 text of a body's digest, without the label.
pub fn digest(body: &[u8]) -> String {
    Digest::of(body).base64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing() {
        let empty =
            "eGoC90IBWQPGxv2FJVLScpEvR0DhWEdhiobiF/cfVBnSXhAxr+5YUxOJZESTTrBLkDpoWxRIt1XVb3Aa/pvizg==";
        assert_eq!(digest(b""), empty);
        assert_eq!(Digest::of(b"").labeled(), format!("BLAKE-512={empty}"));
    }
}
