//! Digests that tell whether two files hold the same instance.
//!
//! When the same instance comes another way, its file meta group differs, as each system writes its
//! own. So instances are compared by their data sets. Records of earlier versions have the digest
//! of the whole file, which is checked, too.

use crate::part10;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// The number of bytes of a digest.
pub(super) const DIGEST: usize = 12;
/// The number of bytes from the start of a file that are kept in memory. They hold the file meta
/// group and the identity of every sane instance.
const HEAD: usize = 1 << 14;

/// The first 96 bits of a SHA-256.
pub(super) type Digest = [u8; DIGEST];

/// The digest of the data set in the rest of a file.
pub(super) fn digest_of(file: &mut impl Read) -> io::Result<Digest> {
    let mut hash = DataSetHash::default();
    for_each_piece(file, |bytes| hash.update(bytes))?;
    Ok(hash.finish())
}

/// The digest of the whole rest of a file, by which earlier versions remembered instances.
pub(super) fn whole_digest_of(file: &mut impl Read) -> io::Result<Digest> {
    let mut hash = Sha256::new();
    for_each_piece(file, |bytes| hash.update(bytes))?;
    Ok(shortened(hash))
}

fn for_each_piece(file: &mut impl Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            read => each(&buffer[..read]),
        }
    }
}

/// A hash of the data set of an instance's file, updated as its bytes come.
#[derive(Debug, Default)]
pub(super) struct DataSetHash {
    head: Vec<u8>,
    /// The hash. It begins when the head is whole, since the data set begins in it.
    hash: Option<Sha256>,
}

impl DataSetHash {
    /// Adds the next bytes of the file.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend(head);
        if !rest.is_empty() {
            self.begun().update(rest);
        }
    }

    /// The first bytes of the file, at most 16 KiB.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The digest of the data set.
    pub(super) fn finish(mut self) -> Digest {
        shortened(self.begun().clone())
    }

    fn begun(&mut self) -> &mut Sha256 {
        let head = &self.head;
        self.hash.get_or_insert_with(|| Sha256::new_with_prefix(&head[part10::data_set_at(head)..]))
    }
}

fn shortened(hash: Sha256) -> Digest {
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&hash.finalize()[..DIGEST]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An instance's file as a system of this name writes it.
    fn file(system: &str, data_set: &[u8]) -> Vec<u8> {
        let identity = dicom::Identity {
            sop_class: "1.2.840.10008.5.1.4.1.1.1".to_owned(),
            sop_instance: "1.2.3".to_owned(),
            transfer_syntax: "1.2.840.10008.1.2.1".to_owned(),
        };
        let mut file = identity.file_meta(crate::uids::IMPLEMENTATION);
        // The element is the Source Application Entity Title.
        file.extend([2, 0, 0x16, 0, b'A', b'E', system.len() as u8, 0]);
        file.extend(system.as_bytes());
        file.extend(data_set);
        file
    }

    fn digest(mut bytes: &[u8]) -> Digest {
        digest_of(&mut bytes).unwrap()
    }

    #[test]
    fn another_file_meta_group_is_the_same_instance_and_another_data_set_is_not() {
        let data_set = [8, 0, 5, 0, b'C', b'S', 2, 0, b'x', b' '].repeat(5_000);
        let first = digest(&file("FIRST ", &data_set));
        assert_eq!(digest(&file("SECOND", &data_set)), first);
        let whole = |system| whole_digest_of(&mut file(system, &data_set).as_slice()).unwrap();
        assert_ne!(whole("SECOND"), whole("FIRST "), "the files differ");
        for changed in [0, 20, data_set.len() - 1] {
            let mut other = data_set.clone();
            other[changed] ^= 1;
            assert_ne!(digest(&file("FIRST ", &other)), first, "{changed}");
        }
    }

    #[test]
    fn pieces_make_the_same_digest_as_the_whole() {
        let whole = file("SYSTEM", &(0..40_000_u32).map(|i| i as u8).collect::<Vec<_>>());
        for piece in [1, 7, HEAD, HEAD + 1, whole.len()] {
            let mut hash = DataSetHash::default();
            whole.chunks(piece).for_each(|bytes| hash.update(bytes));
            assert_eq!(hash.finish(), digest(&whole));
        }
        assert_eq!(digest(b""), DataSetHash::default().finish());
    }
}
