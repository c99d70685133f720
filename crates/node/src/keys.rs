//! The operator's key file: one Ed25519 key of one subscriber, readable by its owner only.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use beckn_wire::signature::{KeyId, SigningKey};
use clock::Ids;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// Largest key file that is read, bytes.
const FILE_MAX: u64 = 16 * 1024;

/// A key with its name in the registry.
#[derive(Clone, Debug)]
pub struct KeyFile {
    pub key_id: KeyId,
    pub signing_key: SigningKey,
}

/// What is wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("{}: {reason}", .path.display())]
    Io { path: PathBuf, reason: String },
    #[error("{}: others may read it; allow its owner only (chmod 600)", .0.display())]
    Exposed(PathBuf),
    #[error("{}: not a key file: {reason}", .path.display())]
    Form { path: PathBuf, reason: &'static str },
    #[error("not a subscriber id and key id that a signature can name")]
    Name,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    subscriber_id: String,
    key_id: String,
    algorithm: String,
    /// Base64 of the 32-byte seed.
    private_key: String,
    /// Base64; for the operator, checked when it is read.
    public_key: String,
}

impl Drop for Document {
    fn drop(&mut self) {
        self.private_key.zeroize();
    }
}

impl KeyFile {
    /// A fresh key, named by a fresh UUID. `ids` must stand on the system's randomness.
    ///
    /// # Errors
    /// [`KeyFileError::Name`].
    pub fn generate(subscriber_id: &str, ids: &Ids) -> Result<Self, KeyFileError> {
        let seed = Zeroizing::new(ids.bytes::<32>());
        let key_id = KeyId::new(subscriber_id, ids.uuid().to_string()).map_err(|_| KeyFileError::Name)?;
        Ok(Self { key_id, signing_key: SigningKey::from_seed(&seed) })
    }

    /// Writes a new file with mode 600.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        let document = Document {
            subscriber_id: self.key_id.subscriber_id().to_owned(),
            key_id: self.key_id.key_id().to_owned(),
            algorithm: "ed25519".to_owned(),
            private_key: self.signing_key.to_base64().to_string(),
            public_key: self.signing_key.public().to_base64(),
        };
        let text = serde_json::to_string_pretty(&document).map_err(|_| KeyFileError::Form {
            path: path.to_owned(),
            reason: "it cannot be written as JSON",
        })?;
        let text = Zeroizing::new(text + "\n");
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| io(path, &error))
    }

    /// # Errors
    /// The file cannot be read, is open to others, or is no key file.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        let form = |reason| KeyFileError::Form { path: path.to_owned(), reason };
        let metadata = fs::metadata(path).map_err(|error| io(path, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::Exposed(path.to_owned()));
        }
        if metadata.len() > FILE_MAX {
            return Err(form("it is too large"));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| io(path, &error))?);
        let document: Document = serde_json::from_str(&text).map_err(|_| form("not the JSON of a key"))?;
        if document.algorithm != "ed25519" {
            return Err(form("the algorithm is not ed25519"));
        }
        let key_id =
            KeyId::new(&*document.subscriber_id, &*document.key_id).map_err(|_| KeyFileError::Name)?;
        let signing_key =
            SigningKey::from_base64(&document.private_key).map_err(|_| form("the private key"))?;
        if signing_key.public().to_base64() != document.public_key {
            return Err(form("the public key is not that of the private key"));
        }
        Ok(Self { key_id, signing_key })
    }

    /// Puts a fresh key of the same subscriber into `path`. The old one moves to `path` + `.` + its key id:
    /// it is needed to vouch for the new one in the registry, and until messages signed with it have expired.
    ///
    /// # Errors
    /// As [`KeyFile::load`] and [`KeyFile::save`]; the old key is never lost.
    pub fn rotate(path: &Path, ids: &Ids) -> Result<Rotation, KeyFileError> {
        let old = Self::load(path)?;
        let new = Self::generate(old.key_id.subscriber_id(), ids)?;
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(".");
            name.push(suffix);
            PathBuf::from(name)
        };
        let (kept, fresh) = (beside(old.key_id.key_id()), beside("new"));
        new.save(&fresh)?;
        fs::hard_link(path, &kept).map_err(|error| io(&kept, &error))?;
        fs::rename(&fresh, path).map_err(|error| io(path, &error))?;
        Ok(Rotation { old, new, old_path: kept })
    }
}

/// Both keys of a rotation: the registry wants the new one signed by both (ruling 13).
#[derive(Debug)]
pub struct Rotation {
    pub old: KeyFile,
    pub new: KeyFile,
    /// Where the old key is now.
    pub old_path: PathBuf,
}

fn io(path: &Path, error: &std::io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_private_whole_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let key = KeyFile::generate("a.example", &Ids::system()).unwrap();
        key.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = KeyFile::load(&path).unwrap();
        assert_eq!(read.key_id.to_string(), key.key_id.to_string());
        assert_eq!(read.signing_key.public(), key.signing_key.public());
        assert!(matches!(key.save(&path), Err(KeyFileError::Io { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(KeyFile::load(&path), Err(KeyFileError::Exposed(_))));
        assert!(KeyFile::generate("a|b", &Ids::system()).is_err());
    }

    #[test]
    fn rotation_keeps_the_old_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        let first = KeyFile::generate("a.example", &Ids::system()).unwrap();
        first.save(&path).unwrap();
        let rotation = KeyFile::rotate(&path, &Ids::system()).unwrap();
        assert_eq!(KeyFile::load(&path).unwrap().signing_key.public(), rotation.new.signing_key.public());
        assert_eq!(
            KeyFile::load(&rotation.old_path).unwrap().signing_key.public(),
            first.signing_key.public()
        );
        assert_ne!(rotation.new.signing_key.public(), first.signing_key.public());
    }

    #[test]
    fn a_file_that_was_tampered_with_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        KeyFile::generate("a.example", &Ids::system()).unwrap().save(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let other = SigningKey::from_seed(&[9; 32]).public().to_base64();
        let own = KeyFile::load(&path).unwrap().signing_key.public().to_base64();
        fs::write(&path, text.replace(&own, &other)).unwrap();
        assert!(matches!(KeyFile::load(&path), Err(KeyFileError::Form { .. })));
    }
}
