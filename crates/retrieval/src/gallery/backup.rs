//! A copy of a gallery, taken while it is used.

use std::path::Path;

use super::Gallery;
use crate::Result;

impl Gallery {
    /// Copies what is committed now into a new or empty folder; other processes may go on reading
    /// and writing. The copy is a gallery, compact, with an index's file of its own once it is
    /// opened; it is whole, or not there.
    ///
    /// # Errors
    /// If the folder holds anything, cannot be written, or has no room. A gallery on a server is
    /// not copied into a folder.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        self.store.back_up(to)
    }
}
