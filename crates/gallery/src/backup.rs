//! A copy of a gallery, taken while it is used.

use std::path::Path;

use crate::{Gallery, Result};

impl Gallery {
    /// Copies what is committed now into a new or empty folder. Other processes may go on reading
    /// and writing. The copy is a compact gallery; its index's file is made when it is opened. It
    /// is whole, or not there.
    ///
    /// # Errors
    /// If the folder holds anything, cannot be written, or has no room. A gallery on a server is
    /// not copied into a folder.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        self.store.back_up(to)
    }
}
