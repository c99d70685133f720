//! Passwords: argon2id with 19 MiB, two passes, one lane (the first choice of OWASP), a random salt of 16 bytes.
//!
//! A hash takes tens of milliseconds and its memory, so it runs on a thread for blocking work, two at a time; at most
//! [`WAITING`] wait for one, and whoever comes then is asked to come later. An unknown address is hashed for like a
//! known one, so that the time tells nothing.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use clock::Ids;
use tokio::sync::Semaphore;

use super::IdentityError;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
const SALT: usize = 16;
const LENGTH_MIN: usize = 8;
const LENGTH_MAX: usize = 128;
/// Hashes at the same time: so much memory and no more.
const AT_ONCE: usize = 2;
/// Hashes that may be asked for at the same time.
const WAITING: usize = 64;

/// The commonest of published lists that are long enough, in lower case.
const COMMON: &[&str] = &[
    "00000000",
    "0123456789",
    "10203040",
    "11111111",
    "1111111111",
    "11223344",
    "1122334455",
    "12121212",
    "12341234",
    "123123123",
    "123321123",
    "12344321",
    "123454321",
    "12345678",
    "123456789",
    "1234567890",
    "12345678910",
    "123456789a",
    "123456abc",
    "1234qwer",
    "123abc123",
    "123qweasd",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "22222222",
    "55555555",
    "66666666",
    "77777777",
    "87654321",
    "88888888",
    "987654321",
    "9876543210",
    "99999999",
    "a1234567",
    "a12345678",
    "a123456789",
    "aa123456",
    "aa12345678",
    "aaaaaaaa",
    "abc12345",
    "abcd1234",
    "abcdefgh",
    "admin123",
    "admin1234",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "baseball",
    "bismillah",
    "changeme",
    "computer",
    "einstein",
    "football",
    "google123",
    "helloworld",
    "iloveyou",
    "iloveyou1",
    "india123",
    "india@123",
    "internet",
    "jaishriram",
    "krishna123",
    "letmein1",
    "letmein123",
    "liverpool",
    "michelle",
    "mustang1",
    "p@ssw0rd",
    "pass1234",
    "passw0rd",
    "password",
    "password!",
    "password1",
    "password12",
    "password123",
    "password1234",
    "password@123",
    "pokemon1",
    "princess",
    "princess1",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qwer1234",
    "qwerty12",
    "qwerty123",
    "qwerty1234",
    "qwertyui",
    "qwertyuiop",
    "samsung1",
    "starwars",
    "sunshine",
    "sunshine1",
    "superman",
    "test1234",
    "trustno1",
    "welcome1",
    "welcome123",
    "welcome@123",
    "whatever",
    "zaq12wsx",
    "zxcvbnm1",
    "zxcvbnm123",
];

/// Whether a password may be chosen for that address.
///
/// # Errors
/// Too short, too long, too common, or the name in the address.
pub fn check(password: &str, email: &str) -> Result<(), IdentityError> {
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&password.chars().count()) {
        return Err(IdentityError::PasswordLength);
    }
    let folded = password.to_lowercase();
    let own = [email, email.split('@').next().unwrap_or_default()];
    let same = folded.chars().all(|c| folded.starts_with(c));
    if same || COMMON.contains(&folded.as_str()) || own.contains(&folded.as_str()) {
        return Err(IdentityError::PasswordCommon);
    }
    Ok(())
}

/// Hashes passwords, and compares them with hashes.
#[derive(Clone)]
pub struct Hasher {
    waiting: Arc<Semaphore>,
    working: Arc<Semaphore>,
    ids: Ids,
    /// Of no password: for addresses that nobody has.
    dummy: Arc<str>,
}

impl Hasher {
    pub fn new(ids: Ids) -> Self {
        // The form of a hash, with a result that no password is known for.
        let (memory, passes, lanes) = COST;
        let dummy = format!(
            "$argon2id$v=19$m={memory},t={passes},p={lanes}$AAAAAAAAAAAAAAAAAAAAAA${}",
            "A".repeat(43)
        );
        Self {
            waiting: Arc::new(Semaphore::new(WAITING)),
            working: Arc::new(Semaphore::new(AT_ONCE)),
            ids,
            dummy: dummy.into(),
        }
    }

    /// What is stored of a password.
    ///
    /// # Errors
    /// [`IdentityError::Busy`].
    pub async fn hash(&self, password: &str) -> Result<String, IdentityError> {
        let (password, salt) = (password.to_owned(), self.ids.bytes::<SALT>());
        let hashed = self.work(move || {
            let hash = argon()?.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| IdentityError::Signing(error.to_string()))
        });
        hashed.await?
    }

    /// Whether the password is that of the hash; without a hash the same work is done, and the answer is no.
    ///
    /// # Errors
    /// [`IdentityError::Busy`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, IdentityError> {
        // A longer one was never accepted; its hash would cost us more than it costs who sends it.
        let known = hash.is_some() && password.chars().count() <= LENGTH_MAX;
        let password: String = password.chars().take(LENGTH_MAX).collect();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        let right = self.work(move || {
            let Ok(hash) = PasswordHash::new(&hash) else { return Ok(false) };
            Ok::<_, IdentityError>(argon()?.verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(right.await?? && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, IdentityError> {
        let _place = self.waiting.try_acquire().map_err(|_| IdentityError::Busy)?;
        let working = Arc::clone(&self.working);
        let _turn = working.acquire_owned().await.map_err(|_| IdentityError::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| IdentityError::Busy)
    }
}

fn argon() -> Result<Argon2<'static>, IdentityError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None)
        .map_err(|error| IdentityError::Signing(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        let refused = |password: &str| check(password, "asha.rao@example.com").is_err();
        for weak in
            ["", "short7!", "password", "PassWord123", "zzzzzzzzzzzz", "asha.rao", "Asha.Rao@example.com"]
        {
            assert!(refused(weak), "{weak}");
        }
        assert!(refused(&"ab".repeat(65)));
        assert!(!refused("quiet roof at noon") && !refused(&"ab".repeat(64)) && !refused("सूरज की छत"));
    }

    #[test]
    fn the_list_is_in_the_form_it_is_compared_in() {
        assert!(COMMON.iter().all(|word| word.len() >= LENGTH_MIN && *word == word.to_lowercase()));
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let hasher = Hasher::new(Ids::system());
        let (one, other) =
            (hasher.hash("quiet roof").await.unwrap(), hasher.hash("quiet roof").await.unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && one != other, "{one}");
        assert!(hasher.verify("quiet roof", Some(&one)).await.unwrap());
        assert!(!hasher.verify("quiet Roof", Some(&one)).await.unwrap());
        assert!(!hasher.verify("quiet roof", None).await.unwrap());
        // What stands in for an unknown address is computed like any other, not refused for its form.
        assert!(PasswordHash::new(&hasher.dummy).is_ok());
        assert!(!hasher.verify("quiet roof", Some("no hash")).await.unwrap());
    }
}
