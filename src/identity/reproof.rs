//! Shows once more who somebody is, before what cannot be undone: by the password, or by a fresh code to the number.

use futures_util::FutureExt;
use uuid::Uuid;

use super::accounts::Accounts;
use super::{IdentityError, codes, logins};

/// With what it is shown.
#[derive(Clone)]
pub enum Proof {
    Password(String),
    /// Of six digits, sent to the account's number.
    Code(String),
}

impl Accounts {
    /// Judges the proof of a user who is signed in. Gives the hash that a password was compared with, so that the
    /// caller can see in its own transaction whether it is still the account's; none for a code, which is spent now. The
    /// caller counts the tries.
    ///
    /// # Errors
    /// It is not right, or the account has nothing of the kind.
    pub async fn prove(&self, user: Uuid, proof: Proof) -> Result<Option<String>, IdentityError> {
        let login = self.0.db.read(move |tx| logins::login(tx, user).boxed()).await?;
        match proof {
            Proof::Password(password) => {
                let hash = login.and_then(|login| login.password_hash).ok_or(IdentityError::PasswordNone)?;
                if self.0.hasher.verify(&password, Some(&hash)).await? {
                    Ok(Some(hash))
                } else {
                    Err(IdentityError::PasswordWrong)
                }
            }
            Proof::Code(code) => {
                let phone = login.and_then(|login| login.phone).ok_or(IdentityError::CodeWrong)?;
                let (root, now) = (self.0.root.clone(), self.now());
                let right = self.0.db.write(move |tx| {
                    let (root, phone, code) = (root.clone(), phone.clone(), code.clone());
                    async move { codes::take(tx, &root, &phone, &code, now).await }.boxed()
                });
                if right.await? { Ok(None) } else { Err(IdentityError::CodeWrong) }
            }
        }
    }

    /// A digest that only this platform can compute, for that use, in hexadecimal.
    pub fn sealed(&self, usage: &str, text: &str) -> String {
        self.0.root.keyed(usage, &[text]).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
