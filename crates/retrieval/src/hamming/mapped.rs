//! Files mapped into memory.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A file's bytes, read by the operating system when they are touched; they begin at a page.
pub struct Mapped {
    map: Mmap,
    file: File,
}

impl Mapped {
    /// Maps a file that nobody changes. Its writer must have given it its name once it was whole.
    ///
    /// # Errors
    /// If the file cannot be opened or mapped.
    #[expect(unsafe_code, reason = "mapping a file is unsafe, as another program may change it")]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: segments are written under another name, then renamed, and never written to
        // again. Changed bytes are only numbers, and every index into the rows is checked when it
        // is used. Reading past the end of a file that somebody shortened is a bus error.
        // `is_whole` is asked before each search, so only shortening a file during a search leads
        // to one.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self { map, file })
    }

    /// Tells whether the file is still as long as when it was mapped.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.len() >= self.map.len() as u64)
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}
