//! Further ways into an account: a mobile number for one that began by e-mail, an e-mail address for one that began by
//! number, and the issuers that vouch for its user.
//!
//! An address is the account's once its owner has shown the code that was sent to it, in a session of that account: a
//! code that somebody has sent to a stranger's address does nothing for the stranger and opens nothing. Who asks learns
//! nothing of the address; that it belongs to another account is told to whoever has shown the code. What the account
//! knew of its user before is told of the change. The last way in stays.

use db::{DbError, Row, Tx, sql};
use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::accounts::Accounts;
use super::codes::{self, CODE_LIFE};
use super::keys::Root;
use super::logins::{self, Login};
use super::sessions::{self, EndedBy};
use super::{IdentityError, external};
use crate::events;
use crate::events::fact::{AddressVerified, Fact};
use crate::notify::{Message, MessageKind, Recipient};

/// Wrong codes; then a new one is needed.
const TRIES: i64 = 5;

sql! {
    PUT = "INSERT INTO address_proofs (user_id, kind, address, code_hash, tries, expires_at) \
        VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (user_id, kind) DO UPDATE SET address = excluded.address, \
        code_hash = excluded.code_hash, tries = 0, expires_at = excluded.expires_at";
    TRY = "UPDATE address_proofs SET tries = tries + 1 WHERE user_id = $1 AND kind = $2 AND tries < $3 \
        AND expires_at > $4";
    PROOF = "SELECT address, code_hash FROM address_proofs WHERE user_id = $1 AND kind = $2";
    SPENT = "DELETE FROM address_proofs WHERE user_id = $1 AND kind = $2";
    PRUNE = "DELETE FROM address_proofs WHERE expires_at <= $1";
    SET_PHONE = "UPDATE logins SET phone = $2, updated_at = $3 WHERE user_id = $1 AND phone IS NULL";
    SET_EMAIL = "UPDATE logins SET email = $2, email_verified = 1, updated_at = $3 \
        WHERE user_id = $1 AND email IS NULL";
    LOCK_LOGIN = "SELECT * FROM logins WHERE user_id = $1 {FOR UPDATE}";
    ISSUERS = "SELECT issuer, subject, created_at, used_at FROM external_logins WHERE user_id = $1 \
        ORDER BY created_at, issuer, subject";
    UNLINK = "DELETE FROM external_logins WHERE issuer = $1 AND subject = $2 AND user_id = $3";
    LET_GO = "INSERT INTO unlinked_logins (issuer, subject, user_id, at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
}

/// An address that is to become a user's, in the form in which it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Email(String),
    Phone(String),
}

/// What kind of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    Email,
    Phone,
}

impl AddressKind {
    /// Nothing for a word that is none.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Email, Self::Phone].into_iter().find(|kind| kind.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            AddressKind::Email => "email",
            AddressKind::Phone => "phone",
        }
    }

    fn of(self, login: &Login) -> Option<&String> {
        match self {
            AddressKind::Email => login.email.as_ref(),
            AddressKind::Phone => login.phone.as_ref(),
        }
    }
}

impl Address {
    pub const fn kind(&self) -> AddressKind {
        match self {
            Address::Email(_) => AddressKind::Email,
            Address::Phone(_) => AddressKind::Phone,
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Address::Email(text) | Address::Phone(text) => text,
        }
    }

    fn recipient(&self) -> Recipient {
        match self {
            Address::Email(text) => Recipient::Email(text.clone()),
            Address::Phone(text) => Recipient::Phone(text.clone()),
        }
    }
}

/// An issuer that vouches for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Made of issuer and subject; the subject itself is nobody's business.
    pub id: Uuid,
    pub issuer: String,
    pub created_at: Timestamp,
    /// When it was last signed in by.
    pub used_at: Timestamp,
    subject: String,
}

impl Accounts {
    /// A code for an address that the user wants to add. The same for an address of another account.
    ///
    /// # Errors
    /// The account has an address of that kind already; the database's.
    pub async fn ask_address(&self, user: Uuid, address: Address) -> Result<Message, IdentityError> {
        let (code, now) = (codes::digits(self.0.ids.bytes()), self.now());
        let hash = hash(&self.0.root, user, &address, &code);
        let (row, to) = ((address.clone(), hash), address.recipient());
        let stored = self.0.db.write(move |tx| {
            let (address, hash) = row.clone();
            async move {
                let kind = address.kind();
                let login = logins::login(tx, user).await?.ok_or(IdentityError::NotFound("login"))?;
                if kind.of(&login).is_some() {
                    return Err(IdentityError::AddressPresent(kind.as_str()));
                }
                let until = now.saturating_add(CODE_LIFE);
                let params =
                    [user.into(), kind.as_str().into(), address.as_str().into(), hash.into(), until.into()];
                tx.execute(&PUT, &params).await?;
                Ok(())
            }
            .boxed()
        });
        stored.await?;
        let minutes = CODE_LIFE.as_secs().div_euclid(60);
        let body = format!(
            "{code} is your Wattmandi code, good for {minutes} minutes: it adds this address to the account that asked \
             for it. Tell it to nobody; if you did not ask, do nothing."
        );
        Ok(Message { to, kind: MessageKind::SignInCode, subject: "Your code".to_owned(), body })
    }

    /// Adds the address whose code this is. Gives what is to be told to the address that the account had before.
    ///
    /// # Errors
    /// The code is not right or not good any more; the address belongs to another account, or this one has got one
    /// meanwhile.
    pub async fn add_address(
        &self,
        user: Uuid,
        kind: AddressKind,
        code: &str,
    ) -> Result<Option<Message>, IdentityError> {
        let (now, root, given) = (self.now(), self.0.root.clone(), code.to_owned());
        let taken = self.0.db.write(move |tx| {
            let (root, given) = (root.clone(), given.clone());
            async move { take(tx, &root, (user, kind), &given, now).await }.boxed()
        });
        // The count of a wrong try stands in a transaction of its own.
        let address = taken.await?.ok_or(IdentityError::CodeWrong)?;
        let added = self.0.db.write(move |tx| {
            let address = address.clone();
            async move { add(tx, user, &address, now).await }.boxed()
        });
        Ok(notice(&added.await?, kind))
    }

    /// The issuers that vouch for the user, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn linked(&self, user: Uuid) -> Result<Vec<Linked>, DbError> {
        self.0.db.read(move |tx| linked(tx, user).boxed()).await
    }

    /// Takes an issuer's word for the user no more, nor does a common address link them again; what has signed in by
    /// any, but for `session`, is signed out.
    ///
    /// # Errors
    /// The user has no such issuer, or no other way in.
    pub async fn unlink(&self, user: Uuid, session: Uuid, id: Uuid) -> Result<(), IdentityError> {
        let now = self.now();
        let unlinked = self.0.db.write(move |tx| {
            async move {
                // Of two at the same time, the later one sees what the other has left.
                let row = tx.query_opt(&LOCK_LOGIN, &[user.into()]).await?;
                let login = row.as_ref().map(logins::read).transpose()?;
                let all = linked(tx, user).await?;
                let gone = all.iter().find(|one| one.id == id).ok_or(IdentityError::NotFound("issuer"))?;
                // An address that is only claimed may be another's tomorrow.
                let otherwise = login.is_some_and(|login| {
                    login.phone.is_some() || (login.email.is_some() && login.email_verified)
                });
                if !otherwise && all.len() < 2 {
                    return Err(IdentityError::LastWayIn);
                }
                let params = [gone.issuer.as_str().into(), gone.subject.as_str().into(), user.into()];
                tx.execute(&UNLINK, &params).await?;
                let [issuer, subject, owner] = params;
                tx.execute(&LET_GO, &[issuer, subject, owner, now.into()]).await?;
                sessions::end_of_way(tx, user, external::WAY, session, EndedBy::User, now).await?;
                Ok(())
            }
            .boxed()
        });
        unlinked.await
    }
}

/// Forgets codes that nobody has shown.
///
/// # Errors
/// The database's.
pub(super) async fn prune(tx: &mut Tx, now: Timestamp) -> Result<u64, DbError> {
    tx.execute(&PRUNE, &[now.saturating_sub(Span::from_hours(1)).into()]).await
}

/// The address of the code, when it is the right one, which is spent then. Commit the count of a wrong one as well.
async fn take(
    tx: &mut Tx,
    root: &Root,
    (user, kind): (Uuid, AddressKind),
    code: &str,
    now: Timestamp,
) -> Result<Option<Address>, DbError> {
    let of = [user.into(), kind.as_str().into()];
    let counted =
        tx.execute(&TRY, &[user.into(), kind.as_str().into(), TRIES.into(), now.into()]).await? == 1;
    let Some(row) = tx.query_opt(&PROOF, &of).await? else { return Ok(None) };
    let (address, stored): (String, String) = (row.get("address")?, row.get("code_hash")?);
    let address = match kind {
        AddressKind::Email => Address::Email(address),
        AddressKind::Phone => Address::Phone(address),
    };
    let same: bool = hash(root, user, &address, code).as_bytes().ct_eq(stored.as_bytes()).into();
    if !(counted && same) {
        return Ok(None);
    }
    tx.execute(&SPENT, &of).await?;
    Ok(Some(address))
}

/// Writes a proven address down. Gives the login as it was before.
async fn add(tx: &mut Tx, user: Uuid, address: &Address, now: Timestamp) -> Result<Login, IdentityError> {
    let row = tx.query_opt(&LOCK_LOGIN, &[user.into()]).await?;
    let before = row.as_ref().map(logins::read).transpose()?.ok_or(IdentityError::NotFound("login"))?;
    let statement = match address {
        Address::Phone(phone) => {
            if logins::by_phone(tx, phone).await?.is_some_and(|other| other.id != user) {
                return Err(IdentityError::PhoneTaken);
            }
            &SET_PHONE
        }
        Address::Email(email) => {
            match logins::by_email(tx, email).await? {
                Some(other) if other.user_id != user && other.email_verified => {
                    return Err(IdentityError::EmailTaken);
                }
                // A claim that nobody has proven ends where somebody proves it.
                Some(other) if other.user_id != user => logins::release(tx, other.user_id, now).await?,
                _ => {}
            }
            &SET_EMAIL
        }
    };
    match tx.execute(statement, &[user.into(), address.as_str().into(), now.into()]).await {
        Ok(0) => return Err(IdentityError::AddressPresent(address.kind().as_str())),
        Ok(_) => {}
        // Another account was faster: the next round finds it.
        Err(DbError::Unique { .. }) => return Err(tx.met().into()),
        Err(error) => return Err(error.into()),
    }
    logins::confirm_user(tx, user).await?;
    let told = Fact::AccountVerified(AddressVerified { address: address.kind().as_str() });
    events::tell(tx, user, &user.to_string(), &told, now).await?;
    Ok(before)
}

/// To an address that the account had shown to be its own before another one was added.
fn notice(before: &Login, added: AddressKind) -> Option<Message> {
    let to = match (&before.email, &before.phone) {
        (Some(email), _) if before.email_verified => Recipient::Email(email.clone()),
        (_, Some(phone)) => Recipient::Phone(phone.clone()),
        _ => return None,
    };
    let what = match added {
        AddressKind::Email => "An e-mail address",
        AddressKind::Phone => "A mobile number",
    };
    let body = format!(
        "{what} was added to your Wattmandi account: whoever has it signs in by it. If it was not you, change your \
         password and sign out everywhere at once.\n"
    );
    Some(Message { to, kind: MessageKind::Notice, subject: format!("{what} was added"), body })
}

async fn linked(tx: &mut Tx, user: Uuid) -> Result<Vec<Linked>, DbError> {
    let read = |row: &Row| {
        let (issuer, subject): (String, String) = (row.get("issuer")?, row.get("subject")?);
        Ok(Linked {
            id: link_id(&issuer, &subject),
            issuer,
            created_at: row.get("created_at")?,
            used_at: row.get("used_at")?,
            subject,
        })
    };
    tx.query(&ISSUERS, &[user.into()]).await?.iter().map(read).collect()
}

fn link_id(issuer: &str, subject: &str) -> Uuid {
    let digest = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(subject).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(byte, of)| *byte = of);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

fn hash(root: &Root, user: Uuid, address: &Address, code: &str) -> String {
    let bytes = root.keyed("address", &[&user.to_string(), address.kind().as_str(), address.as_str(), code]);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
