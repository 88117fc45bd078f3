//! Names of the files that hold the index.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::str::FromStr;

/// The name of a segment's file: the generation it was made of, and a random number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentName {
    pub(super) generation: u64,
    token: u64,
}

impl SegmentName {
    /// A name that no other process gives.
    pub(super) fn new(generation: u64) -> Self {
        Self { generation, token: token() }
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "codes-{}-{:016x}.segment", self.generation, self.token)
    }
}

impl FromStr for SegmentName {
    type Err = ();

    /// Reads what `Display` writes and nothing else: no text of a database leads out of its folder.
    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let parts = text.strip_prefix("codes-").and_then(|rest| rest.strip_suffix(".segment"));
        let (generation, token) = parts.and_then(|parts| parts.split_once('-')).ok_or(())?;
        let token = u64::from_str_radix(token, 16).map_err(|_| ())?;
        let name = Self { generation: generation.parse().map_err(|_| ())?, token };
        if name.to_string() == text { Ok(name) } else { Err(()) }
    }
}

/// A random number that no other process draws. It comes from the standard library's random hash
/// keys.
fn token() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Tells whether a file of the folder is a segment, or an unfinished one of a killed process.
pub(super) fn is_segment(name: &str) -> bool {
    let name = name.strip_suffix(".part").unwrap_or(name);
    name.parse::<SegmentName>().is_ok()
}
