//! Accounts by mobile number: a code is sent, and whoever has it has the number. A new number is a new account.

use db::DbError;
use futures_util::FutureExt;

use super::accounts::{Accounts, SignedIn};
use super::codes::{self, CODE_LIFE};
use super::logins::{self, Newcomer};
use super::{IdentityError, contact, sessions};
use crate::notify::{Message, MessageKind, Recipient};

/// What somebody says who has got a code.
#[derive(Clone, Debug)]
pub struct PhoneSignIn {
    /// As [`contact::phone`] gives it.
    pub phone: String,
    pub code: String,
    /// For a new account.
    pub name: Option<String>,
    /// For a new account.
    pub language: Option<String>,
    pub device: String,
}

impl Accounts {
    /// Makes a code for a number, as [`contact::phone`] gives it, whether or not an account has it. Nothing when the
    /// number got too many: the asker is not told, and the code that was sent last stays good.
    ///
    /// # Errors
    /// The database's.
    pub async fn send_code(&self, phone: &str) -> Result<Option<Message>, DbError> {
        let phone = phone.to_owned();
        let (code, now, root) = (codes::digits(self.0.ids.bytes()), self.now(), self.0.root.clone());
        let row = (phone.clone(), code.clone());
        let stored = self.0.db.write(move |tx| {
            let ((phone, code), root) = (row.clone(), root.clone());
            async move { codes::put(tx, &root, &phone, &code, now).await }.boxed()
        });
        if !stored.await? {
            return Ok(None);
        }
        let minutes = CODE_LIFE.as_secs().div_euclid(60);
        Ok(Some(Message {
            to: Recipient::Phone(phone),
            kind: MessageKind::SignInCode,
            subject: "Your code".to_owned(),
            body: format!("{code} is your Wattmandi code, good for {minutes} minutes. Tell it to nobody."),
        }))
    }

    /// Signs in with a code; true beside it when the account is new.
    ///
    /// # Errors
    /// The code is not right or not good any more; the account is locked; a field cannot be accepted.
    pub async fn sign_in_by_phone(&self, wish: PhoneSignIn) -> Result<(SignedIn, bool), IdentityError> {
        let phone = wish.phone;
        let device = contact::device(&wish.device)?;
        let new = Newcomer {
            id: self.0.ids.uuid(),
            name: wish.name.as_deref().map_or_else(|| Ok("Neighbor".to_owned()), contact::name)?,
            language: contact::language(wish.language.as_deref().unwrap_or("en"))?,
            email: None,
            phone: Some(phone.clone()),
            password_hash: None,
            verified: true,
        };
        let (now, root, code) = (self.now(), self.0.root.clone(), wish.code);
        let right = self.0.db.write(move |tx| {
            let (root, phone, code) = (root.clone(), phone.clone(), code.clone());
            async move { codes::take(tx, &root, &phone, &code, now).await }.boxed()
        });
        // The count of a wrong try stands in a transaction of its own.
        if !right.await? {
            return Err(IdentityError::CodeWrong);
        }
        let (session, welcome) = (self.new_session(new.id, "phone", &device), self.0.welcome.clone());
        let row = (new, session.clone());
        let opened = self.0.db.write(move |tx| {
            let ((new, mut session), welcome) = (row.clone(), welcome.clone());
            async move {
                let known = logins::by_phone(tx, new.phone.as_deref().unwrap_or_default()).await?;
                let created = known.is_none();
                let user = match known {
                    Some(user) => user,
                    None => {
                        let user = logins::add(tx, &new, now).await?;
                        welcome(tx, user.id, now).await?;
                        user
                    }
                };
                if !user.locked {
                    session.user = user.id;
                    sessions::open(tx, &session, now).await?;
                }
                Ok::<_, DbError>((user, created))
            }
            .boxed()
        });
        let (user, created) = opened.await?;
        if user.locked {
            return Err(IdentityError::Locked);
        }
        Ok((self.signed_in(user, session.id, session.refresh_token, now).await?, created))
    }
}
