//! A log of processed instances, by key and digest. An instance takes 32 bytes, in one of 256 files
//! that are only ever appended to.
//!
//! A look-up reads one file. Ten million instances make files of 1.25 MB. So nothing is held in
//! memory, and every process sees what the others have written.

use super::digests::{DIGEST, Digest};
use super::key::Key;
use crate::error::{Result, at};
use files::folder;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

const KEY: usize = 16;
const RECORD: usize = KEY + DIGEST + 4;

/// The folder of the log. Its caller holds the inbox's lock while anything is looked up or added.
#[derive(Debug)]
pub(super) struct ProcessedLog(PathBuf);

impl ProcessedLog {
    pub(super) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    fn shard(&self, key: &Key) -> PathBuf {
        self.0.join(format!("{:02x}", key.0[0]))
    }

    /// The digest of the first instance that was done under this key.
    pub(super) fn find(&self, key: &Key) -> Result<Option<Digest>> {
        Ok(self.records(key)?.iter().find_map(|record| parse(record, key)))
    }

    /// Tells whether there is a record of this key and digest.
    pub(super) fn has(&self, key: &Key, digest: &Digest) -> Result<bool> {
        Ok(self.records(key)?.contains(&record(key, digest)))
    }

    /// The records of the file to which this key belongs.
    fn records(&self, key: &Key) -> Result<Vec<[u8; RECORD]>> {
        let path = self.shard(key);
        let Some(mut file) = folder::open_if_there(&path)? else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(at(&path))?;
        Ok(bytes.as_chunks::<RECORD>().0.to_vec())
    }

    /// Adds a record, durably.
    pub(super) fn add(&self, key: &Key, digest: &Digest) -> Result<()> {
        let path = self.shard(key);
        let mut file = folder::open_to_append(&path)?;
        let length = file.metadata().map_err(at(&path))?.len();
        // A partial record at the end was being written when the machine died.
        let whole = length / RECORD as u64 * RECORD as u64;
        if whole < length {
            file.set_len(whole).map_err(at(&path))?;
        }
        file.write_all(&record(key, digest)).and_then(|()| file.sync_data()).map_err(at(&path))?;
        if length == 0 { Ok(folder::sync_folder(&self.0)?) } else { Ok(()) }
    }

    /// The number of records. An instance that was done twice counts twice.
    pub(super) fn count(&self) -> Result<u64> {
        let bytes = |name: String| {
            let path = self.0.join(name);
            fs::metadata(&path).map(|file| file.len()).map_err(at(&path))
        };
        folder::names(&self.0)?
            .into_iter()
            .map(bytes)
            .try_fold(0, |sum, n| Ok(sum + n? / RECORD as u64))
    }
}

fn record(key: &Key, digest: &Digest) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..KEY].copy_from_slice(&key.0[..KEY]);
    record[KEY..KEY + DIGEST].copy_from_slice(digest);
    let sum = crc32fast::hash(&record[..KEY + DIGEST]);
    record[KEY + DIGEST..].copy_from_slice(&sum.to_le_bytes());
    record
}

/// The digest, if this is a sound record of `key`.
fn parse(bytes: &[u8; RECORD], key: &Key) -> Option<Digest> {
    let digest: Digest = bytes[KEY..KEY + DIGEST].try_into().ok()?;
    (*bytes == record(key, &digest)).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_record_is_cut_off_and_damage_costs_one_record() {
        let folder = tempfile::tempdir().unwrap();
        let log = ProcessedLog::at(folder.path().into());
        let keys: Vec<Key> = (0..600).map(|i| Key::of(&format!("1.{i}"))).collect();
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(log.find(key).unwrap(), None);
            log.add(key, &[i as u8; DIGEST]).unwrap();
        }
        let shard = log.shard(&keys[0]);
        folder::open_to_append(&shard).unwrap().write_all(&[1, 2, 3]).unwrap();
        log.add(&keys[0], &[9; DIGEST]).unwrap();
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(log.find(key).unwrap(), Some([i as u8; DIGEST]), "the first counts");
        }
        assert_eq!(log.count().unwrap(), 601);
        let mut bytes = fs::read(&shard).unwrap();
        bytes[20] ^= 1;
        fs::write(&shard, bytes).unwrap();
        let lost = keys.iter().filter(|key| log.find(key).unwrap().is_none()).count();
        assert!(lost <= 1);
    }
}
