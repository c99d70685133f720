//! Shows once more who somebody is, before what cannot be undone: by the password, or by a fresh code to the number.

use db::{DbError, Tx};
use futures_util::FutureExt;
use units::Timestamp;
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

/// A proof that was right: what it is for looks at it again in its own transaction, so that a refusal spends nothing.
#[derive(Clone)]
pub enum Proven {
    /// The hash that the password was compared with: it may be replaced meanwhile.
    Password(String),
    /// Not spent yet: [`Accounts::spend`].
    Code { phone: String, code: String },
}

impl Accounts {
    /// Judges the proof of a user who is signed in. The caller counts the tries.
    ///
    /// # Errors
    /// It is not right, or the account has nothing of the kind.
    pub async fn prove(&self, user: Uuid, proof: Proof) -> Result<Proven, IdentityError> {
        let login = self.0.db.read(move |tx| logins::login(tx, user).boxed()).await?;
        match proof {
            Proof::Password(password) => {
                let hash = login.and_then(|login| login.password_hash).ok_or(IdentityError::PasswordNone)?;
                if self.0.hasher.verify(&password, Some(&hash)).await? {
                    Ok(Proven::Password(hash))
                } else {
                    Err(IdentityError::PasswordWrong)
                }
            }
            Proof::Code(code) => {
                let phone = login.and_then(|login| login.phone).ok_or(IdentityError::CodeWrong)?;
                let (root, now) = (self.0.root.clone(), self.now());
                let given = (phone.clone(), code.clone());
                let right = self.0.db.write(move |tx| {
                    let (root, (phone, code)) = (root.clone(), given.clone());
                    async move { codes::right(tx, &root, &phone, &code, now).await }.boxed()
                });
                if right.await? { Ok(Proven::Code { phone, code }) } else { Err(IdentityError::CodeWrong) }
            }
        }
    }

    /// Spends a code that was found right. False when it is not good any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn spend(&self, tx: &mut Tx, phone: &str, code: &str, now: Timestamp) -> Result<bool, DbError> {
        codes::spend(tx, &self.0.root, phone, code, now).await
    }

    /// A digest that only this platform can compute, for that use, in hexadecimal.
    pub fn sealed(&self, usage: &str, text: &str) -> String {
        self.0.root.keyed(usage, &[text]).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
