//! Secrets that the first start makes: files of 64 hexadecimal digits that only their owner reads. The operator backs
//! them up apart from the database; every instance of a platform has the same.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Bytes of a secret.
pub const LENGTH: usize = 32;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("{0}: {1}")]
    File(String, io::Error),
    #[error("{0} does not hold 64 hexadecimal digits")]
    Form(String),
}

/// The secret in a file.
///
/// # Errors
/// It cannot be read, or is of another form.
pub fn read(path: &Path) -> Result<[u8; LENGTH], SecretFileError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| SecretFileError::File(path.display().to_string(), error))?;
    let form = || SecretFileError::Form(path.display().to_string());
    hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(form)
}

/// The secret in a file, which is made where there is none.
///
/// # Errors
/// It can be neither read nor made, or is of another form.
pub fn read_or_make(path: &Path, random: impl FnOnce(&mut [u8])) -> Result<[u8; LENGTH], SecretFileError> {
    match read(path) {
        Err(SecretFileError::File(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            let failed = |error| SecretFileError::File(path.display().to_string(), error);
            let mut bytes = [0; LENGTH];
            random(&mut bytes);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).map_err(failed)?;
            writeln!(file, "{}", hex::encode(bytes)).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(bytes)
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_secret_that_later_ones_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        assert!(matches!(read(&path), Err(SecretFileError::File(..))));
        assert_eq!(read_or_make(&path, |bytes| bytes.fill(9)).unwrap(), [9; LENGTH]);
        assert_eq!(read_or_make(&path, |_| panic!("there is one")).unwrap(), [9; LENGTH]);
        assert_eq!(read(&path).unwrap(), [9; LENGTH]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "0909").unwrap();
        assert!(matches!(read_or_make(&path, |_| ()), Err(SecretFileError::Form(_))));
        assert!(matches!(read_or_make(Path::new("/nonexistent/a"), |_| ()), Err(SecretFileError::File(..))));
    }
}
