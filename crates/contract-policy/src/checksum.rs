//! The checksum that names a module: SHA-256 of its bytes.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

/// The text names no checksum that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 in hexadecimal digits")]
pub struct ChecksumError;

impl Checksum {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits, alone or after `sha256:`, `sha-256:` or `sha256-`.
    ///
    /// # Errors
    /// [`ChecksumError`].
    pub fn parse(text: &str) -> Result<Self, ChecksumError> {
        let text = text.trim().to_ascii_lowercase();
        let prefixes = ["sha256:", "sha-256:", "sha256-"];
        let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text);
        let bytes = hex::decode(digits).map_err(|_| ChecksumError)?;
        bytes.try_into().map(Self).map_err(|_| ChecksumError)
    }
}

/// `sha256:` and the digits.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_reads_back_in_every_writing() {
        let own = Checksum::of(b"package x");
        let text = own.to_string();
        let digits = text.trim_start_matches("sha256:");
        for text in [text.clone(), digits.to_owned(), format!("SHA-256:{}", digits.to_uppercase())] {
            assert_eq!(Checksum::parse(&text), Ok(own), "{text}");
        }
        for text in ["", "sha256:", "md5:00", &digits[1..], "sha512:00"] {
            assert_eq!(Checksum::parse(text), Err(ChecksumError), "{text}");
        }
        assert_ne!(own, Checksum::of(b"package y"));
    }
}
