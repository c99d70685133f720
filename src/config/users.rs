//! `[[users]]`: how the people whom the operator enters show who they are: a token, an e-mail address with a password,
//! or both.

use super::{ConfigError, UserConfig};

/// What a user may be; `crate::identity` has the same list, and a test compares them.
pub const ROLES: &[&str] = &["prosumer", "consumer", "producer", "utility", "admin"];
const TOKEN_MIN: usize = 16;
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=128;

impl UserConfig {
    /// Checks token, address, password and role.
    pub(super) fn validate_login(&self, index: usize, insecure_demo: bool) -> Result<(), ConfigError> {
        let refuse =
            |key: &str, reason: &str| Err(ConfigError::invalid(&format!("users[{index}].{key}"), reason));
        let secrets = [("token", &self.token), ("password", &self.password)];
        for (key, secret) in secrets.iter().filter_map(|(key, secret)| Some((key, secret.as_ref()?))) {
            let public = ["demo-", "choose-"].iter().any(|start| secret.expose().starts_with(start));
            if public && !insecure_demo {
                return refuse(key, &format!("a {key} that everybody knows needs --insecure-demo"));
            }
        }
        if self.token.as_ref().is_some_and(|token| token.expose().len() < TOKEN_MIN) {
            return refuse("token", "a token has at least 16 characters");
        }
        if self.password.as_ref().is_some_and(|word| !PASSWORD.contains(&word.expose().chars().count())) {
            return refuse("password", "a password has 8 to 128 characters");
        }
        match (&self.token, &self.email, &self.password) {
            (_, Some(email), _) if !email.contains('@') => {
                return refuse("email", "an e-mail address is expected");
            }
            (_, Some(_), None) | (_, None, Some(_)) => {
                return refuse("email", "an e-mail address and a password belong together");
            }
            (None, None, None) => return refuse("token", "a token, or an e-mail address and a password"),
            _ => {}
        }
        let role = self.role.as_deref().unwrap_or("prosumer");
        if !ROLES.contains(&role) {
            return refuse("role", &format!("one of {}", ROLES.join(", ")));
        }
        if (role == "utility") != self.discom.is_some() {
            return refuse("discom", "a utility, and nobody else, has the DISCOM whose desk it is");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, insecure_demo: bool) -> String {
        let user: UserConfig = toml::from_str(&format!("handle = 'h'\nname = 'N'\n{text}")).unwrap();
        user.validate_login(3, insecure_demo).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn everybody_has_a_way_in_and_none_that_all_know() {
        for fine in [
            "token = 'sixteen-characters'",
            "email = 'a@b.example'\npassword = 'quiet roof'",
            "token = 'sixteen-characters'\nrole = 'utility'\ndiscom = 'D'",
        ] {
            assert_eq!(refusal(fine, false), "", "{fine}");
        }
        for (wrong, place) in [
            ("", "users[3].token"),
            ("token = 'short'", "users[3].token"),
            ("token = 'demo-token-of-all'", "users[3].token"),
            ("email = 'a@b.example'", "users[3].email"),
            ("email = 'a.b.example'\npassword = 'quiet roof'", "users[3].email"),
            ("email = 'a@b.example'\npassword = 'short'", "users[3].password"),
            ("email = 'a@b.example'\npassword = 'demo-password'", "users[3].password"),
            ("token = 'sixteen-characters'\nrole = 'king'", "users[3].role"),
            ("token = 'sixteen-characters'\nrole = 'utility'", "users[3].discom"),
            ("token = 'sixteen-characters'\ndiscom = 'D'", "users[3].discom"),
        ] {
            assert!(refusal(wrong, false).starts_with(place), "{wrong}: {}", refusal(wrong, false));
        }
        assert_eq!(refusal("token = 'demo-token-of-all'", true), "");
    }
}
