//! The secret key from which all new identifiers are made.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// Bytes of a key that we make, and the fewest of one that we take.
const LENGTH: usize = 32;
const MOST: u64 = 4096;

/// A key, from a file that its owner alone may read. `Debug` does not show it.
pub struct Key(Vec<u8>);

impl Key {
    /// Reads a key: all bytes of the file.
    ///
    /// # Errors
    /// If the file cannot be read, has fewer than 32 bytes or more than 4096, or others may read
    /// it.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |source| Error::KeyFile { action: "read", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        check_mode(path, &metadata)?;
        let mut bytes = Vec::new();
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() < LENGTH || bytes.len() as u64 > MOST {
            return Err(Error::KeyLength { path: path.to_owned(), got: metadata.len() });
        }
        Ok(Self(bytes))
    }

    /// Makes a key of 32 random bytes and writes it to a new file, which its owner alone may read.
    ///
    /// # Errors
    /// If there is such a file already, or it cannot be written.
    pub fn make(path: &Path) -> Result<Self> {
        let failed = |source| Error::KeyFile { action: "make", path: path.to_owned(), source };
        let mut bytes = vec![0; LENGTH];
        getrandom::fill(&mut bytes).map_err(Error::Random)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        if written.is_err() {
            let _best_effort = fs::remove_file(path);
        }
        written.map_err(failed)?;
        Ok(Self(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(Error::KeyReadable { path: path.to_owned(), mode }),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(Key::read(&path).unwrap_err().to_string().contains("cannot read the key file"));
        let made = Key::make(&path).unwrap();
        assert_eq!(Key::read(&path).unwrap().0, made.0);
        assert_eq!((made.0.len(), format!("{made:?}").as_str()), (32, "Key(…)"));
        assert!(Key::make(&path).unwrap_err().to_string().contains("cannot make the key file"));
        let other = Key::make(&folder.path().join("other")).unwrap();
        assert_ne!(made.0, other.0);
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_are_short_long_or_open_to_others_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let with = |bytes: usize, mode: u32| {
            fs::write(&path, vec![7; bytes]).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Key::read(&path).map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(with(31, 0o600).unwrap_err().contains("has 31 bytes"));
        assert!(with(5000, 0o600).unwrap_err().contains("has 5000 bytes"));
        assert!(with(32, 0o640).unwrap_err().contains("mode 640"));
        assert!(with(32, 0o604).unwrap_err().contains("chmod 600"));
        assert_eq!(with(32, 0o600), Ok(()));
        assert_eq!(with(32, 0o400), Ok(()));
    }
}
