//! Positions of feeds of changes, kept beside the instances that they brought.

use super::{Inbox, Key};
use crate::error::{Error, Result, at};
use files::folder;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

impl Inbox {
    /// The position up to which the feed of this name has been read, if any.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Position`] if the file is no number.
    pub fn position(&self, feed: &str) -> Result<Option<u64>> {
        let path = self.position_path(feed);
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map(Some).map_err(|_| Error::Position { path }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Remembers durably the position up to which the feed of this name has been read.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn set_position(&self, feed: &str, position: u64) -> Result<()> {
        Ok(folder::replace(&self.position_path(feed), format!("{position}\n").as_bytes())?)
    }

    /// The path of a feed's position. The feed's name may be the address of a server, so it is
    /// hashed, as UIDs are.
    fn position_path(&self, feed: &str) -> PathBuf {
        self.folder.join("positions").join(Key::of(feed).to_string())
    }
}
