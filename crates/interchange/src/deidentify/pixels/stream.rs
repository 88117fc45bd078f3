//! Bytes of compressed frames, of which some are blanked.

use std::ops::Range;

use crate::error::{Error, Result};

/// What cannot be walked through.
pub(super) fn wrong(problem: &'static str) -> Error {
    Error::Frames { problem }
}

/// Bytes, and how many of them were blanked that were no zeros.
pub(super) struct Stream {
    pub(super) bytes: Vec<u8>,
    pub(super) blanked: u64,
}

impl Stream {
    /// Zeros in place of bytes; what lies beyond the end is left out.
    pub(super) fn blank(&mut self, range: Range<usize>) {
        let end = range.end.min(self.bytes.len());
        let part = self.bytes.get_mut(range.start..end).unwrap_or_default();
        self.blanked += part.iter().filter(|&&byte| byte != 0).count() as u64;
        part.fill(0);
    }

    /// Other bytes in place of those that are there.
    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(part) = self.bytes.get_mut(at..at + bytes.len()) {
            part.copy_from_slice(bytes);
        }
    }

    /// A marker of two bytes that is there.
    pub(super) fn marker(&self, at: usize) -> Option<[u8; 2]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// Where the payload of the marker segment at `at` lies, behind marker and length.
    ///
    /// # Errors
    /// If it is cut short.
    pub(super) fn payload(&self, at: usize) -> Result<Range<usize>> {
        let length = self.marker(at + 2).map_or(0, |bytes| usize::from(u16::from_be_bytes(bytes)));
        let end = at + 2 + length;
        match length >= 2 && end <= self.bytes.len() {
            true => Ok(at + 4..end),
            false => Err(wrong("a marker segment is cut short")),
        }
    }
}
