//! UIDs derived from contents: the same answer, made and sent twice, is one object.

use sha2::{Digest, Sha256};

/// The identity of an object. Objects of the same kind and parts have the same identity, and no
/// others have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u128);

impl Identity {
    /// Makes the identity from a kind of object, and all parts that tell it from others of its
    /// kind.
    pub(crate) fn of(kind: &str, parts: &[String]) -> Self {
        let mut hash = Sha256::new();
        for part in [kind].into_iter().chain(parts.iter().map(String::as_str)) {
            // With their lengths, so that no two lists of parts read the same.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        // RFC 9562 5.8: a UUID of a vendor's own making.
        bytes[6] = bytes[6] & 0x0F | 0x80;
        bytes[8] = bytes[8] & 0x3F | 0x80;
        Self(u128::from_be_bytes(bytes))
    }

    /// The identity as a DICOM UID: a UUID below 2.25 (PS3.5 B.2).
    pub(crate) fn uid(self) -> String {
        format!("2.25.{}", self.0)
    }

    /// The identity as a URN (RFC 9562 4).
    pub(crate) fn urn(self) -> String {
        let hex = format!("{:032x}", self.0);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &hex[range]);
        format!("urn:uuid:{}", parts.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_that_of_its_parts() {
        let of = |kind, parts: &[&str]| {
            Identity::of(kind, &parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>())
        };
        let one = of("report", &["a", "bc"]);
        assert_eq!(one, of("report", &["a", "bc"]));
        assert!(one != of("report", &["ab", "c"]) && one != of("series", &["a", "bc"]));
        assert_eq!(one.uid(), "2.25.249733128376630996722975329494361110444");
        assert_eq!(one.urn(), "urn:uuid:bbe0d9db-7015-8693-bfc3-6f1726e2f7ac");
        assert!(one.uid().len() <= 64);
    }
}
