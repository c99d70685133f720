//! What an operator says about an issuer.

use std::fmt;

use openidconnect::IssuerUrl;

/// One issuer, as the operator configured it.
#[derive(Clone)]
pub struct Issuer {
    /// Names it in our addresses: lower-case letters, digits and dashes, at most 32.
    pub name: String,
    /// Exactly as its discovery document and its tokens say it: `https://accounts.google.com`.
    pub url: String,
    pub client_id: String,
    /// None for a public client.
    pub client_secret: Option<String>,
    /// Beside `openid`.
    pub scopes: Vec<String>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// What cannot be used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerFault {
    #[error("a name has 1 to 32 lower-case letters, digits and dashes")]
    Name,
    #[error("an issuer is an https URL without query and fragment")]
    Url,
    #[error("a client id is needed")]
    ClientId,
    #[error("a scope is a word")]
    Scope,
    #[error("the address to which the browser comes back is not a URL")]
    RedirectUrl,
}

impl Issuer {
    /// Google, as it publishes itself.
    pub fn google(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            name: "google".into(),
            url: "https://accounts.google.com".into(),
            client_id: client_id.into(),
            client_secret: Some(client_secret.into()),
            scopes: vec!["email".into(), "profile".into()],
        }
    }

    /// Checks what can be seen without asking it. Plain http is left to the guarded client, which opens it for single
    /// hosts only.
    ///
    /// # Errors
    /// The first fault.
    pub fn validate(&self) -> Result<(), IssuerFault> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&self.name.len()) || !self.name.bytes().all(letter) {
            return Err(IssuerFault::Name);
        }
        let url = IssuerUrl::new(self.url.clone()).map_err(|_| IssuerFault::Url)?;
        let url = url.url();
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(IssuerFault::Url);
        }
        if self.client_id.is_empty() {
            return Err(IssuerFault::ClientId);
        }
        let word = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.scopes.iter().all(word) {
            return Err(IssuerFault::Scope);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_and_secrets_do_not_show() {
        let good = Issuer::google("client", "hunter2");
        assert_eq!(good.validate(), Ok(()));
        assert!(!format!("{good:?}").contains("hunter2"));
        let with = |change: fn(&mut Issuer)| {
            let mut issuer = good.clone();
            change(&mut issuer);
            issuer.validate()
        };
        assert_eq!(with(|i| i.name = "Google".into()), Err(IssuerFault::Name));
        assert_eq!(with(|i| i.name = "a/../b".into()), Err(IssuerFault::Name));
        assert_eq!(with(|i| i.name = "a".repeat(33)), Err(IssuerFault::Name));
        assert_eq!(with(|i| i.url = "accounts.google.com".into()), Err(IssuerFault::Url));
        assert_eq!(with(|i| i.url = "ftp://accounts.google.com".into()), Err(IssuerFault::Url));
        assert_eq!(with(|i| i.url = "https://a.example/?x=1".into()), Err(IssuerFault::Url));
        assert_eq!(with(|i| i.url = "https://u@a.example".into()), Err(IssuerFault::Url));
        assert_eq!(with(|i| i.client_id = String::new()), Err(IssuerFault::ClientId));
        assert_eq!(with(|i| i.scopes = vec!["e mail".into()]), Err(IssuerFault::Scope));
    }
}
