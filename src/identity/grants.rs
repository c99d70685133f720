//! By what somebody was let in, so that it can be looked at again: what goes on for long must not outlive its right.

use db::{DbError, Tx};
use units::Timestamp;
use uuid::Uuid;

use super::{Scope, User, find_by_hash, sessions, token_hash, tokens};

/// What has let a user in. It opens nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A session, by its id.
    Session(Uuid),
    /// An API token, by its id.
    ApiToken(Uuid),
    /// A token of the operator's configuration, by its hash.
    Configured(String),
}

/// What a grant is still worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub user: User,
    /// What the token may do; nothing for a session, which may do all that the user may.
    pub scopes: Option<Vec<Scope>>,
}

impl Grant {
    /// Of a token of the operator's configuration.
    pub fn configured(token: &str) -> Self {
        Self::Configured(token_hash(token))
    }

    /// As a text, for a row.
    pub fn written(&self) -> String {
        match self {
            Self::Session(id) => format!("session:{id}"),
            Self::ApiToken(id) => format!("token:{id}"),
            Self::Configured(hash) => format!("configured:{hash}"),
        }
    }

    /// Nothing for a text that is none.
    pub fn read(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("session", id) => Uuid::parse_str(id).ok().map(Self::Session),
            ("token", id) => Uuid::parse_str(id).ok().map(Self::ApiToken),
            ("configured", hash) => Some(Self::Configured(hash.to_owned())),
            _ => None,
        }
    }

    /// The user as he is now, and what he may do by this; nothing when it is over or was never his. Whether he is locked
    /// the caller looks at.
    ///
    /// # Errors
    /// The database's.
    pub async fn held(&self, tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<Option<Held>, DbError> {
        Ok(match self {
            Self::Session(id) => {
                let user = sessions::bearer(tx, *id, user, now).await?;
                user.map(|user| Held { user, scopes: None })
            }
            Self::ApiToken(id) => {
                let found = tokens::by_id(tx, user, *id, now).await?;
                found.map(|found| Held { user: found.user, scopes: Some(found.scopes) })
            }
            Self::Configured(hash) => {
                let found = find_by_hash(tx, hash).await?.filter(|found| found.id == user);
                found.map(|user| Held { user, scopes: Some(Scope::GRANTED.to_vec()) })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        for grant in [Grant::Session(id), Grant::ApiToken(id), Grant::configured("t")] {
            assert_eq!(Grant::read(&grant.written()), Some(grant));
        }
        for odd in ["", "session", "session:", "session:7", "token:x", "other:y"] {
            assert_eq!(Grant::read(odd), None, "{odd}");
        }
    }
}
