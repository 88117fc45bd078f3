//! Files mapped into memory.

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// A file's bytes, read by the operating system when they are touched; they begin at a page.
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a file that nobody changes: its writer gave it its name once it was whole.
    ///
    /// # Errors
    /// If the file cannot be opened or mapped.
    #[expect(unsafe_code, reason = "mapping a file is unsafe, as another program may change it")]
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: segments are written under another name, then renamed, and never written to again. Whoever shortens one
        // by hand while it is searched gets a bus error, as with every mapped file; changed bytes are only numbers, and
        // every index into the rows is checked when it is used.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
