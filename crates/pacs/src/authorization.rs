//! Credentials that we send to a server, or a client sends to us: a password or a token.

use crate::error::{Error, Result, at};
use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::path::Path;

/// Credentials that we send to a server, or a client sends to us. They are read from a file,
/// because others can see command lines and environments.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization(String);

impl Authorization {
    /// Reads name and password, `name:password`, from a file (RFC 7617).
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Setting`].
    pub fn basic(file: &Path) -> Result<Self> {
        let text = secret(file)?;
        if !text.contains(':') {
            return Err(wrong("another text", "`name:password` in the file"));
        }
        Ok(Self(format!("Basic {}", STANDARD.encode(text))))
    }

    /// Reads a token from a file (RFC 6750).
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Setting`].
    pub fn bearer(file: &Path) -> Result<Self> {
        Ok(Self(format!("Bearer {}", secret(file)?)))
    }

    /// The value of the header.
    pub(crate) fn header(&self) -> &str {
        &self.0
    }

    /// Tells whether a header holds the same credentials. Hashes are compared, so that the time
    /// does not tell how much was right.
    pub(crate) fn is(&self, header: &[u8]) -> bool {
        Sha256::digest(header) == Sha256::digest(&self.0)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(…)")
    }
}

fn secret(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(at(file))?;
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| !c.is_control()) {
        return Err(wrong("nothing, or several lines", "one line in the file"));
    }
    Ok(text.to_owned())
}

fn wrong(got: &str, expected: &'static str) -> Error {
    Error::Setting { setting: "authorization", got: got.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_are_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "Aladdin:open sesame\n").unwrap();
        let basic = Authorization::basic(file.path()).unwrap();
        // The example of RFC 7617 2.
        assert_eq!(basic.0, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(format!("{basic:?}"), "Authorization(…)");
        fs::write(file.path(), "a\nb").unwrap();
        assert!(Authorization::bearer(file.path()).is_err());
    }
}
