//! The bytes of compressed frames, and the ways to blank and to read them.

use std::ops::Range;

use crate::error::{Error, Result};

/// The error of compressed pixels that do not parse.
pub(super) fn wrong(problem: &'static str) -> Error {
    Error::Frames { problem }
}

/// The bytes of compressed frames.
pub(super) struct Stream {
    pub(super) bytes: Vec<u8>,
    /// The number of bytes that were no zeros, and were blanked.
    pub(super) blanked: u64,
}

impl Stream {
    /// Overwrites bytes with zeros, as far as the stream goes.
    pub(super) fn blank(&mut self, range: Range<usize>) {
        let end = range.end.min(self.bytes.len());
        let part = self.bytes.get_mut(range.start..end).unwrap_or_default();
        self.blanked += part.iter().filter(|&&byte| byte != 0).count() as u64;
        part.fill(0);
    }

    /// Overwrites bytes from `at` on, if all of them lie in the stream.
    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(part) = self.bytes.get_mut(at..at + bytes.len()) {
            part.copy_from_slice(bytes);
        }
    }

    /// The two bytes at a position; none if the stream ends before.
    pub(super) fn marker(&self, at: usize) -> Option<[u8; 2]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    /// The range of the payload of the marker segment at `at`, behind marker and length.
    ///
    /// # Errors
    /// If the segment is cut short.
    pub(super) fn payload(&self, at: usize) -> Result<Range<usize>> {
        let length = self.marker(at + 2).map_or(0, |bytes| usize::from(u16::from_be_bytes(bytes)));
        let end = at + 2 + length;
        match length >= 2 && end <= self.bytes.len() {
            true => Ok(at + 4..end),
            false => Err(wrong("a marker segment is cut short")),
        }
    }
}
