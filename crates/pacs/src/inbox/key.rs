//! Names of instances in the inbox: hashes of UIDs, never the UIDs themselves.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// The name of an instance in the inbox: the SHA-256 of its SOP Instance UID. It is safe as a file
/// name whatever the UID holds, and reveals nothing of a patient in a log or a directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(super) [u8; 32]);

impl Key {
    /// The key of this SOP Instance UID. Padding is no part of it (PS3.5 6.2: UI is padded with a
    /// NUL; some pad with a space).
    pub fn of(sop_instance_uid: &str) -> Self {
        let uid = sop_instance_uid.trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
        Self(Sha256::digest(uid.as_bytes()).into())
    }

    pub(super) fn file_name(&self) -> String {
        format!("{self}.dcm")
    }

    /// The key whose [`Key::file_name`] this is; `None` for any other name.
    pub(super) fn of_file_name(name: &str) -> Option<Self> {
        name.strip_suffix(".dcm")?.parse().ok()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of a text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the name of an instance in an inbox: expected 64 hexadecimal digits, as the inbox lists them"
)]
pub struct NotAKey;

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> std::result::Result<Self, NotAKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAKey)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_hold_no_uid() {
        let key = Key::of("../../etc/passwd");
        assert_eq!(Key::of_file_name(&key.file_name()), Some(key));
        assert!(key.file_name().bytes().all(|c| c.is_ascii_alphanumeric() || c == b'.'));
        for other in ["", "x.dcm", "..", &format!("{key}"), &format!("{key}0.dcm"), &"é".repeat(32)]
        {
            assert_eq!(Key::of_file_name(other), None);
        }
    }

    #[test]
    fn padding_is_no_part_of_a_uid() {
        assert_eq!(Key::of("1.2.3\0"), Key::of("1.2.3"));
        assert_eq!(Key::of("1.2.3 "), Key::of("1.2.3"));
        assert_ne!(Key::of("1.2.30"), Key::of("1.2.3"));
    }
}
