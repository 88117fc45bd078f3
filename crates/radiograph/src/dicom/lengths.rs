//! A look at the lengths that a DICOM file claims before the parser allocates them.
//!
//! Every element says how long its value is, up to 4 GiB, and a parser reserves that. Here the file is only
//! walked: a defined length must end inside the file.

use crate::error::{Error, Result};

/// Bytes before the first element: preamble and `DICM`.
const START: usize = 132;
const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Elements, items and delimiters that a file may have; a radiograph has a few hundred.
const MAX_ELEMENTS: usize = 1_000_000;

/// Whether every top-level value and every fragment lies inside the file.
///
/// # Errors
/// [`Error::DicomParse`] naming the element and the position.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    let mut walk = Walk { bytes, at: START, fragments: false };
    let implicit = walk.file_meta()?;
    for _ in 0..MAX_ELEMENTS {
        if walk.at >= bytes.len() {
            return Ok(());
        }
        walk.element(implicit)?;
    }
    Err(Error::DicomParse { reason: format!("more than {MAX_ELEMENTS} elements") })
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Among the fragments of encapsulated pixel data, whose items hold bytes instead of elements.
    fragments: bool,
}

const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const PIXEL_DATA: (u16, u16) = (0x7FE0, 0x0010);

impl Walk<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let got = self.bytes.get(self.at..self.at + N).and_then(|b| b.try_into().ok());
        self.at += N;
        got.ok_or_else(|| Error::DicomParse {
            reason: format!("ends inside an element at byte {}", self.at - N),
        })
    }

    /// The file meta group, always explicit little endian; whether what follows is implicit.
    fn file_meta(&mut self) -> Result<bool> {
        let mut implicit = false;
        while self.bytes.get(self.at..self.at + 2) == Some(&[2, 0]) {
            let start = self.at;
            self.element(false)?;
            if self.bytes.get(start + 2..start + 4) == Some(&[0x10, 0]) {
                let uid = self.bytes.get(start + 8..self.at).unwrap_or_default();
                implicit = uid.strip_suffix(&[0]).unwrap_or(uid) == b"1.2.840.10008.1.2";
            }
        }
        Ok(implicit)
    }

    /// One element, item or delimiter. Sequences and items that hold elements are entered: their own length is
    /// checked, then what is inside is walked like everything else.
    fn element(&mut self, implicit: bool) -> Result<()> {
        let start = self.at;
        let [g0, g1, e0, e1] = self.take::<4>()?;
        let tag = (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1]));
        let length = if tag.0 == 0xFFFE || implicit {
            u32::from_le_bytes(self.take()?)
        } else {
            self.explicit_length()?
        };
        if length == UNDEFINED {
            self.fragments |= tag == PIXEL_DATA;
            return Ok(());
        }
        let (end, rest) = (self.at.saturating_add(length as usize), self.bytes.len().saturating_sub(self.at));
        if end > self.bytes.len() {
            let (group, element) = tag;
            let reason = format!(
                "element ({group:04X},{element:04X}) at byte {start} claims {length} bytes, {rest} are left"
            );
            return Err(Error::DicomParse { reason });
        }
        let holds_items =
            tag != PIXEL_DATA && self.bytes[self.at..end].starts_with(&[0xFE, 0xFF, 0x00, 0xE0]);
        let entered = holds_items || (tag == ITEM && !self.fragments);
        self.at = if entered { self.at } else { end };
        Ok(())
    }

    fn explicit_length(&mut self) -> Result<u32> {
        let [v0, v1, l0, l1] = self.take::<4>()?;
        // PS3.5 7.1.2: these have two reserved bytes, then a length of four.
        let long =
            [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
        if long.contains(&&[v0, v1]) {
            return Ok(u32::from_le_bytes(self.take()?));
        }
        Ok(u32::from(u16::from_le_bytes([l0, l1])))
    }
}
