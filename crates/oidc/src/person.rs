//! Whom a token speaks of.

use std::fmt;

use openidconnect::core::CoreIdTokenClaims;

use crate::error::TokenFault;

/// Longest subject that the specification allows.
const SUBJECT_MAX: usize = 255;
const EMAIL_MAX: usize = 254;
/// Longer names are cut.
const NAME_MAX: usize = 100;

/// A person for whom an issuer vouches. `issuer` and `subject` together name her for good; the rest may change.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub issuer: String,
    pub subject: String,
    pub email: Option<Email>,
    /// As she is called there.
    pub name: Option<String>,
}

/// An address that the issuer knows of her.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    pub address: String,
    /// Whether the issuer says that it is hers. An address that is only claimed proves nothing.
    pub verified: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("verified", &self.verified).finish_non_exhaustive()
    }
}

impl Person {
    /// Her address, if the issuer says that it is hers.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_ref().filter(|email| email.verified).map(|email| email.address.as_str())
    }

    /// Reads verified claims.
    pub(crate) fn read(claims: &CoreIdTokenClaims) -> Result<Self, TokenFault> {
        let subject = claims.subject().as_str();
        let plain = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if !(1..=SUBJECT_MAX).contains(&subject.len()) || !plain(subject) {
            return Err(TokenFault::Subject);
        }
        let verified = claims.email_verified().unwrap_or(false);
        let email = claims
            .email()
            .map(|email| email.as_str())
            .filter(|address| plausible(address))
            .map(|address| Email { address: address.to_owned(), verified });
        let name = claims.name().and_then(|name| name.get(None)).map(|name| tidy(name.as_str()));
        Ok(Self {
            issuer: claims.issuer().as_str().to_owned(),
            subject: subject.to_owned(),
            email,
            name: name.filter(|name| !name.is_empty()),
        })
    }
}

fn plausible(address: &str) -> bool {
    let sound = |c: char| !c.is_control() && !c.is_whitespace();
    let parts = address.rsplit_once('@');
    address.len() <= EMAIL_MAX
        && address.chars().all(sound)
        && parts.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}

/// One line without control characters, of bounded length.
fn tidy(name: &str) -> String {
    let words: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_short_line() {
        assert_eq!(tidy("  Asha\n\tRao\u{0} "), "Asha Rao");
        assert_eq!(tidy(&"ä".repeat(500)).chars().count(), NAME_MAX);
    }

    #[test]
    fn an_address_has_two_sides_and_no_blanks() {
        assert!(plausible("asha@example.com"));
        for wrong in ["", "@", "a@", "@b", "a b@c", "a@b\n", &format!("{}@b", "a".repeat(254))] {
            assert!(!plausible(wrong), "{wrong:?}");
        }
    }
}
