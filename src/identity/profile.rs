//! What users say of themselves and may change: name, language, where buyers pay.

use db::{DbError, Tx, sql};
use uuid::Uuid;

use super::{IdentityError, User, contact, get};

sql! {
    UPDATE = "UPDATE users SET display_name = $2, language = $3, payout_name = $4, payout_vpa = $5 WHERE id = $1 \
        AND erased_at IS NULL";
}

/// What is to change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub name: Option<String>,
    pub language: Option<String>,
    pub payout_name: Option<String>,
    pub payout_vpa: Option<String>,
}

impl Changes {
    /// In the form in which it is stored.
    ///
    /// # Errors
    /// The field that cannot be accepted.
    pub fn checked(self) -> Result<Self, IdentityError> {
        Ok(Self {
            name: self.name.as_deref().map(contact::name).transpose()?,
            language: self.language.as_deref().map(contact::language).transpose()?,
            payout_name: self.payout_name.as_deref().map(contact::name).transpose()?,
            payout_vpa: self.payout_vpa.as_deref().map(contact::payment_address).transpose()?,
        })
    }
}

/// Changes a user; gives the user that now stands.
///
/// # Errors
/// The database's.
pub async fn change(tx: &mut Tx, user: Uuid, changes: &Changes) -> Result<User, DbError> {
    let old = get(tx, user).await?;
    let params = [
        user.into(),
        changes.name.clone().unwrap_or(old.display_name).into(),
        changes.language.clone().unwrap_or(old.language).into(),
        changes.payout_name.clone().unwrap_or(old.payout_name).into(),
        changes.payout_vpa.clone().unwrap_or(old.payout_vpa).into(),
    ];
    tx.execute(&UPDATE, &params).await?;
    get(tx, user).await
}
