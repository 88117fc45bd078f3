//! The first bytes of a segment: its description, and the checksums of the rest.

use std::ops::Range;

use super::{blocks, buckets};
use crate::code::check_bits;
use crate::descriptor;
use crate::hamming::Plane;

const MAGIC: [u8; 8] = *b"SKGSEG\r\n";
const VERSION: u32 = 2;
/// The header's length, and the unit of a section's position, in bytes.
pub(super) const HEADER: usize = 256;
const LINE: usize = 64;
/// The number of sections: ids, rows, planes, bucket ends, bucket rows, bucket codes, descriptors.
pub(super) const SECTIONS: usize = 7;
/// The position of the header's own checksum: after magic, version, bits, rows, generation and the
/// sections' sums.
const OWN_SUM: usize = 32 + 4 * SECTIONS;

/// The sizes of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) bits: usize,
    /// The number of rows, at most 2³² − 1, as a row's number is a u32.
    pub(super) rows: usize,
    /// The generation of the data that the segment was made from.
    pub(super) generation: u64,
}

/// The ranges of the sections in a segment's bytes.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) sections: [Range<usize>; SECTIONS],
    pub(super) end: usize,
}

impl Layout {
    /// The beginnings of the sections, and at last the file's end.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> {
        self.sections.iter().map(|section| section.start).chain([self.end])
    }
}

impl Header {
    pub(super) fn width(self) -> usize {
        self.bits.div_ceil(64)
    }

    /// The number of substrings of 16 bits.
    pub(super) fn substrings(self) -> usize {
        self.bits / 16
    }

    /// The number of codes that a substring's buckets hold beside their rows, so that a lookup
    /// reads memory in order. Codes of one word are all held. Longer ones would take more than all
    /// the rest.
    pub(super) fn copies(self) -> usize {
        if self.width() == 1 { self.rows } else { 0 }
    }

    /// Computes the ranges of the sections. `None` if the address space is too small.
    pub(super) fn layout(self) -> Option<Layout> {
        let each = |bytes: usize| bytes.checked_mul(self.substrings());
        let ids = self.rows.checked_mul(8)?;
        let lengths = [
            ids,
            ids.checked_mul(self.width())?,
            blocks::count(self.rows).checked_mul(self.bits * size_of::<Plane>())?,
            each(4 * buckets::ENDS)?,
            each(self.rows.checked_mul(4)?)?,
            each(self.copies().checked_mul(8)?)?,
            self.rows.checked_mul(descriptor::LENGTH)?,
        ];
        let mut layout = Layout { sections: Default::default(), end: HEADER };
        for (section, length) in layout.sections.iter_mut().zip(lengths) {
            *section = layout.end..layout.end.checked_add(length)?;
            layout.end = section.end.checked_next_multiple_of(LINE)?;
        }
        Some(layout)
    }

    pub(super) fn to_bytes(self, sums: &[u32]) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(self.bits as u32).to_le_bytes());
        bytes[16..24].copy_from_slice(&(self.rows as u64).to_le_bytes());
        bytes[24..32].copy_from_slice(&self.generation.to_le_bytes());
        for (place, sum) in bytes[32..OWN_SUM].chunks_exact_mut(4).zip(sums) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        let own = crc32fast::hash(&bytes);
        bytes[OWN_SUM..OWN_SUM + 4].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// Tells whether a file begins with an older format's header.
    pub(super) fn is_older(file: &[u8]) -> bool {
        file.first_chunk::<HEADER>()
            .is_some_and(|bytes| bytes[..8] == MAGIC && (1..VERSION).contains(&u32_at(bytes, 8)))
    }

    /// Reads the header of a whole file, its layout, and the sections' checksums. Returns the
    /// reason if it is no segment.
    pub(super) fn read(file: &[u8]) -> Result<(Self, Layout, Vec<u32>), String> {
        let Some(bytes) = file.first_chunk::<HEADER>() else {
            return Err(format!("it has {} bytes; expected at least {HEADER}", file.len()));
        };
        if bytes[..8] != MAGIC {
            return Err("it does not begin as a segment does".to_owned());
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(format!("its format is {version}; expected {VERSION}"));
        }
        let mut unsigned = *bytes;
        unsigned[OWN_SUM..OWN_SUM + 4].fill(0);
        // A fuzzer cannot find correct checksums.
        if crc32fast::hash(&unsigned) != u32_at(bytes, OWN_SUM) && !cfg!(fuzzing) {
            return Err("the checksum of its header is wrong".to_owned());
        }
        let bits = u32_at(bytes, 12) as usize;
        let rows = u64_at(bytes, 16);
        let rows = u32::try_from(rows)
            .map_err(|_| format!("it claims {rows} rows; expected at most {}", u32::MAX))?;
        check_bits(bits).map_err(|error| error.to_string())?;
        let header = Self { bits, rows: rows as usize, generation: u64_at(bytes, 24) };
        let layout = header.layout().ok_or("it claims more than fits in memory")?;
        if file.len() != layout.end {
            return Err(format!("it has {} bytes; expected {}", file.len(), layout.end));
        }
        Ok((header, layout, (0..SECTIONS).map(|i| u32_at(bytes, 32 + 4 * i)).collect()))
    }
}

fn u32_at(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; HEADER], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
