//! Accounts by e-mail: register, verify by link, sign in with a password, forget it, change it.
//!
//! Whether an address is known is told to its mailbox only: a stranger gets the same answer after the same work.

use db::DbError;
use futures_util::FutureExt;
use uuid::Uuid;

use super::accounts::{Accounts, SignedIn};
use super::logins::{self, LinkKind, Newcomer};
use super::sessions::{self, EndedBy};
use super::{IdentityError, contact, get, password};
use crate::events;
use crate::events::fact::{AddressVerified, Fact, PasswordChanged};
use crate::notify::{Message, MessageKind, Recipient};

const LINK_PREFIX: &str = "wml_";

/// What somebody says who wants an account, checked.
#[derive(Clone)]
pub struct Registration {
    email: String,
    password: String,
    name: String,
    language: String,
}

impl Registration {
    /// # Errors
    /// A field cannot be accepted.
    pub fn new(
        email: &str,
        password: String,
        name: &str,
        language: Option<&str>,
    ) -> Result<Self, IdentityError> {
        let email = contact::email(email)?;
        password::check(&password, &email)?;
        let language = contact::language(language.unwrap_or("en"))?;
        Ok(Self { email, password, name: contact::name(name)?, language })
    }

    /// In the one form in which an address is stored and counted.
    pub fn email(&self) -> &str {
        &self.email
    }
}

impl Accounts {
    /// Adds an account, or lets the owner of a known address know that somebody tried. The message goes to the
    /// mailbox; only it tells which of the two happened. An account that was never verified begins anew.
    ///
    /// # Errors
    /// Too many passwords are worked on; the database's.
    pub async fn register(&self, wish: Registration) -> Result<Message, IdentityError> {
        let Registration { email, password, name, language } = wish;
        let new = Newcomer {
            id: self.0.ids.uuid(),
            name,
            language,
            email: Some(email.clone()),
            phone: None,
            password_hash: Some(self.0.hasher.hash(&password).await?),
            verified: false,
        };
        let (token, now, welcome) = (self.secret(LINK_PREFIX), self.now(), self.0.welcome.clone());
        let row = (new, token.clone());
        let added = self.0.db.write(move |tx| {
            let ((new, token), welcome) = (row.clone(), welcome.clone());
            async move {
                let address = new.email.as_deref().unwrap_or_default();
                match logins::by_email(tx, address).await? {
                    Some(login) if login.email_verified => {
                        logins::touch(tx, login.user_id).await?;
                        return Ok::<_, DbError>(false);
                    }
                    // Whoever claimed the address before may be anybody: nothing of that account becomes this one's.
                    Some(login) => {
                        logins::release(tx, login.user_id, now).await?;
                        sessions::end_others(tx, login.user_id, None, EndedBy::Password, now).await?;
                    }
                    None => {}
                }
                let user = logins::add(tx, &new, now).await?;
                welcome(tx, user.id, now).await?;
                logins::put_link(tx, user.id, LinkKind::Verify, &token, now).await?;
                Ok(true)
            }
            .boxed()
        });
        Ok(if added.await? { self.verification(email, &token) } else { self.known(email) })
    }

    /// Takes the link that an e-mail brought: its owner has the mailbox. The password shows that it is also who asked
    /// for this account: a link that a stranger had sent to the address makes nobody the owner of his account.
    ///
    /// # Errors
    /// The link is not good, or the password wrong, which leaves the link.
    pub async fn verify_email(&self, token: &str, password: &str) -> Result<(), IdentityError> {
        let (given, now) = (token.to_owned(), self.now());
        let found = self.0.db.read(move |tx| {
            let given = given.clone();
            async move {
                let Some(user) = logins::link(tx, LinkKind::Verify, &given, now).await? else {
                    return Ok(None);
                };
                logins::login(tx, user).await
            }
            .boxed()
        });
        let login = found.await?.ok_or(IdentityError::LinkInvalid)?;
        if !self.0.hasher.verify(password, login.password_hash.as_deref()).await? {
            return Err(IdentityError::CredentialsWrong);
        }
        let row = (token.to_owned(), login.password_hash);
        let verified = self.0.db.write(move |tx| {
            let (token, hash) = row.clone();
            async move {
                let user = logins::link(tx, LinkKind::Verify, &token, now).await?;
                let user = user.ok_or(IdentityError::LinkInvalid)?;
                // Not with a password that was replaced while it was being compared.
                if logins::login(tx, user).await?.is_none_or(|login| login.password_hash != hash) {
                    return Err(IdentityError::CredentialsWrong);
                }
                if !logins::drop_links(tx, user, LinkKind::Verify).await? {
                    return Err(IdentityError::LinkInvalid);
                }
                logins::confirm_email(tx, user, now).await?;
                let told = Fact::AccountVerified(AddressVerified { address: "email" });
                events::tell(tx, user, &user.to_string(), &told, now).await?;
                Ok(())
            }
            .boxed()
        });
        verified.await
    }

    /// The address of a user who has one that is not verified.
    ///
    /// # Errors
    /// The database's.
    pub async fn unverified_email(&self, user: Uuid) -> Result<Option<String>, DbError> {
        let login = self.0.db.read(move |tx| logins::login(tx, user).boxed()).await?;
        Ok(login.filter(|login| !login.email_verified).and_then(|login| login.email))
    }

    /// A new link for whoever is signed in and has not verified the address; nothing when there is no need.
    ///
    /// # Errors
    /// The database's.
    pub async fn send_verification(&self, user: Uuid) -> Result<Option<Message>, DbError> {
        let (token, now) = (self.secret(LINK_PREFIX), self.now());
        let link = token.clone();
        let stored = self.0.db.write(move |tx| {
            let link = link.clone();
            async move {
                let login = logins::login(tx, user).await?.filter(|login| !login.email_verified);
                let Some(email) = login.and_then(|login| login.email) else { return Ok::<_, DbError>(None) };
                logins::put_link(tx, user, LinkKind::Verify, &link, now).await?;
                Ok(Some(email))
            }
            .boxed()
        });
        Ok(stored.await?.map(|email| self.verification(email, &token)))
    }

    /// Signs in with a password and an address, as [`contact::email`] gives it.
    ///
    /// # Errors
    /// Address or password is wrong, and which of them is not told; the account is locked.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        device: &str,
    ) -> Result<SignedIn, IdentityError> {
        let device = contact::device(device)?;
        let email = email.to_owned();
        let wanted = email.clone();
        let found = self.0.db.read(move |tx| {
            let wanted = wanted.clone();
            async move { logins::peek(tx, &wanted).await }.boxed()
        });
        let found = found.await?;
        let hash = found.as_ref().and_then(|(login, _)| login.password_hash.clone());
        let right = self.0.hasher.verify(password, hash.as_deref()).await?;
        let Some((_, user)) = found.filter(|_| right) else { return Err(IdentityError::CredentialsWrong) };
        if user.locked {
            return Err(IdentityError::Locked);
        }
        let (new, now) = (self.new_session(user.id, "password", &device), self.now());
        let row = new.clone();
        let opened = self.0.db.write(move |tx| {
            let (row, email, hash) = (row.clone(), email.clone(), hash.clone());
            async move {
                // Not with a password that was replaced while it was being compared.
                let login = logins::by_email(tx, &email).await?;
                if login.is_none_or(|login| login.password_hash != hash) {
                    return Err(IdentityError::CredentialsWrong);
                }
                Ok(sessions::open(tx, &row, now).await?)
            }
            .boxed()
        });
        opened.await?;
        self.signed_in(user, new.id, new.refresh_token, now).await
    }

    /// A link to choose a new password, for an address that an account has shown to be its own; the address as
    /// [`contact::email`] gives it.
    ///
    /// # Errors
    /// The database's.
    pub async fn forgot_password(&self, email: String) -> Result<Option<Message>, DbError> {
        let (token, now) = (self.secret(LINK_PREFIX), self.now());
        let row = (email.clone(), token.clone());
        let stored = self.0.db.write(move |tx| {
            let (email, token) = row.clone();
            async move {
                let login = logins::by_email(tx, &email).await?.filter(|login| login.email_verified);
                let Some(login) = login else { return Ok::<_, DbError>(false) };
                logins::put_link(tx, login.user_id, LinkKind::Reset, &token, now).await?;
                Ok(true)
            }
            .boxed()
        });
        Ok(stored.await?.then(|| self.reset(email, &token)))
    }

    /// Chooses a new password by a link. Every session ends; API tokens stay, they are the machines'. The link also
    /// shows that the address is the user's.
    ///
    /// # Errors
    /// The link is not good, the password cannot be accepted.
    pub async fn reset_password(&self, token: &str, password: &str) -> Result<Message, IdentityError> {
        let (given, now) = (token.to_owned(), self.now());
        let found = self.0.db.read(move |tx| {
            let given = given.clone();
            async move {
                let Some(user) = logins::link(tx, LinkKind::Reset, &given, now).await? else {
                    return Ok(None);
                };
                logins::login(tx, user).await
            }
            .boxed()
        });
        let login = found.await?.ok_or(IdentityError::LinkInvalid)?;
        let email = login.email.unwrap_or_default();
        password::check(password, &email)?;
        let row = (token.to_owned(), self.0.hasher.hash(password).await?);
        let reset = self.0.db.write(move |tx| {
            let (token, hash) = row.clone();
            async move {
                let user = logins::link(tx, LinkKind::Reset, &token, now).await?;
                let user = user.ok_or(IdentityError::LinkInvalid)?;
                if !logins::drop_links(tx, user, LinkKind::Reset).await? {
                    return Err(IdentityError::LinkInvalid);
                }
                logins::set_password(tx, user, &hash, now).await?;
                logins::confirm_email(tx, user, now).await?;
                sessions::end_others(tx, user, None, EndedBy::Password, now).await?;
                let told = Fact::AccountPassword(PasswordChanged { by: "link" });
                events::tell(tx, user, &user.to_string(), &told, now).await?;
                Ok(())
            }
            .boxed()
        });
        reset.await?;
        Ok(changed(email))
    }

    /// Chooses another password. Every other session ends.
    ///
    /// # Errors
    /// The present one is wrong or there is none, the new one cannot be accepted.
    pub async fn change_password(
        &self,
        user: Uuid,
        session: Uuid,
        current: &str,
        new: &str,
    ) -> Result<Message, IdentityError> {
        let login = self.0.db.read(move |tx| logins::login(tx, user).boxed()).await?;
        let (email, old) = login
            .and_then(|login| login.email.zip(login.password_hash))
            .ok_or(IdentityError::PasswordNone)?;
        if !self.0.hasher.verify(current, Some(&old)).await? {
            return Err(IdentityError::PasswordWrong);
        }
        password::check(new, &email)?;
        let (hash, now) = (self.0.hasher.hash(new).await?, self.now());
        let changing = self.0.db.write(move |tx| {
            let (hash, old) = (hash.clone(), old.clone());
            async move {
                get(tx, user).await?;
                let login = logins::login(tx, user).await?;
                if login.is_none_or(|login| login.password_hash != Some(old)) {
                    return Err(IdentityError::PasswordWrong);
                }
                logins::set_password(tx, user, &hash, now).await?;
                logins::drop_links(tx, user, LinkKind::Reset).await?;
                sessions::end_others(tx, user, Some(session), EndedBy::Password, now).await?;
                let told = Fact::AccountPassword(PasswordChanged { by: "user" });
                events::tell(tx, user, &user.to_string(), &told, now).await?;
                Ok(())
            }
            .boxed()
        });
        changing.await?;
        Ok(changed(email))
    }

    fn verification(&self, email: String, token: &str) -> Message {
        let link = format!("{}/auth/verify-email?token={token}", self.0.base_url);
        let body = format!(
            "Welcome to Wattmandi.\n\nOpen this link to show that the address is yours; it asks for the password that \
             you chose, and is good for two days:\n{link}\n\nIf you did not ask for an account, do nothing.\n"
        );
        mail(email, MessageKind::VerifyEmail, "Is this your e-mail address?", body)
    }

    fn known(&self, email: String) -> Message {
        let body = format!(
            "Somebody has asked {} for an account with this address, which has one. If it was you, sign in, or ask \
             there for a new password. If not, you need do nothing.\n",
            self.0.base_url
        );
        mail(email, MessageKind::Notice, "You have an account already", body)
    }

    fn reset(&self, email: String, token: &str) -> Message {
        let link = format!("{}/auth/password/reset?token={token}", self.0.base_url);
        let body = format!(
            "Open this link to choose a new password; it is good for an hour:\n{link}\n\nIf you did not ask for it, do \
             nothing: the old one stays.\n"
        );
        mail(email, MessageKind::ResetPassword, "Choose a new password", body)
    }
}

fn changed(email: String) -> Message {
    let body = "The password of your account was changed, and every other device is signed out. If it was not you, \
                ask for a new password at once.\n";
    mail(email, MessageKind::Notice, "Your password was changed", body.to_owned())
}

fn mail(to: String, kind: MessageKind, subject: &str, body: String) -> Message {
    Message { to: Recipient::Email(to), kind, subject: subject.to_owned(), body }
}
