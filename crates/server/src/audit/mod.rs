//! The audit log: a record of who looked at what, in files that only grow. A hash binds each line
//! to all before it.
//!
//! A folder holds a file for each day, named by the day. If the clock went back, the name also
//! lists the days that it came back from. A line is the SHA-256, in hexadecimal, of the hash before
//! it and the entry, a space, and the entry in JSON; so any program can check it. The chain
//! continues from file to file: the first entry of a file names the hash that it continues from,
//! and old files can be put away. The chain cannot show that its end was cut off. For that, the
//! newest hash is kept elsewhere (`skiagraph audit verify` prints it).

mod entry;
mod fhir;
mod log;
mod verify;

pub use entry::Entry;
pub use fhir::audit_event;
pub(crate) use log::AuditLog;
pub use verify::{Verified, each, verify};

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The ending of the files' names.
const ENDING: &str = ".audit";
/// The separator, in a name, between a day that the clock came back from and the file's day. It
/// sorts after all other characters of names.
const BACK_FROM: &str = "~";
/// The hash before the first entry.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The hash of an entry that continues from another hash.
fn hash(previous: &str, entry: &str) -> String {
    hex::encode(Sha256::new().chain_update(previous).chain_update(entry).finalize())
}

/// The hash and the entry of a line.
fn parts(line: &str) -> Option<(&str, &str)> {
    line.split_once(' ').filter(|(hash, _)| hash.len() == START.len())
}

/// The log's files, the oldest first: their names sort so.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.ends_with(ENDING)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
