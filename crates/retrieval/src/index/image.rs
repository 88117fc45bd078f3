//! A segment's bytes: how they are laid out, made, written whole, and opened without trust.
//!
//! All numbers are little-endian. After a header of 256 bytes come the sections, each at a multiple
//! of 64 bytes: the ids (u64, ascending), the codes in rows (u64), and the same codes bit-sliced
//! (planes of 64 bytes). Then, for every substring of 16 bits, come the ends of its 65,536 buckets
//! and the rows in them (u32). For codes of one word the codes follow again, in the buckets' order
//! (u64). Last come the rows' descriptors (32 bytes). The header has the CRC-32 of each section
//! with the zeros behind it, and its own.

use std::iter::repeat_with;
use std::path::Path;

use rayon::prelude::*;

use super::header::{HEADER, Header, Layout};
use super::{blocks, buckets};
use crate::descriptor::Bytes;
use crate::hamming::{LANES, Mapped, Plane};
use crate::{Error, Result};

/// A segment's bytes and its header.
pub(super) struct Image {
    bytes: Source,
    header: Header,
    layout: Layout,
}

/// The storage of the bytes.
enum Source {
    /// Memory, from the first word at a multiple of 64 bytes, as vectors across two cache lines
    /// load slower.
    Made {
        words: Vec<u64>,
        start: usize,
    },
    Mapped(Mapped),
}

impl Image {
    /// Lays out codes of `header.width()` words with their ids, which ascend, and their
    /// descriptors.
    ///
    /// # Panics
    /// If the lengths contradict the header.
    pub(super) fn make(header: Header, ids: &[u64], words: &[u64], descriptors: &[Bytes]) -> Self {
        let rows = [ids.len(), descriptors.len()];
        assert!(
            rows == [header.rows; 2] && words.len() == header.rows * header.width(),
            "rows of a segment"
        );
        let layout = header.layout().expect("what is in memory has a size");
        let mut buffer = vec![0_u64; layout.end / 8 + 7];
        let start = (buffer.as_ptr().addr().wrapping_neg() % 64) / 8;
        let mut rest = &mut buffer[start + HEADER / 8..];
        let mut sections = Vec::new();
        for (section, next) in layout.sections.iter().zip(layout.starts().skip(1)) {
            let (words, others) = rest.split_at_mut((next - section.start) / 8);
            sections.push(words);
            rest = others;
        }
        if let [id_section, rows, planes, ends, entries, copies, last] = sections.as_mut_slice() {
            id_section[..ids.len()].copy_from_slice(ids);
            rows[..words.len()].copy_from_slice(words);
            slice_all(header, words, bytemuck::cast_slice_mut(planes));
            sort_all(
                header,
                words,
                bytemuck::cast_slice_mut(ends),
                bytemuck::cast_slice_mut(entries),
                copies,
            );
            let descriptors: &[u8] = bytemuck::cast_slice(descriptors);
            let last: &mut [u8] = bytemuck::cast_slice_mut(last);
            last[..descriptors.len()].copy_from_slice(descriptors);
        }
        Self { bytes: Source::Made { words: buffer, start }, header, layout }
    }

    /// Opens a segment's file and checks every byte of it.
    ///
    /// # Errors
    /// [`Error::OlderSegment`] if an older program made it. If it cannot be read, or is no segment,
    /// or is damaged; the error names what.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unreadable = |source| Error::File { action: "open", path: path.to_owned(), source };
        let mapped = Mapped::open(path).map_err(unreadable)?;
        let damaged = |reason: String| Error::DamagedSegment { path: path.to_owned(), reason };
        if Header::is_older(mapped.bytes()) {
            return Err(Error::OlderSegment { path: path.to_owned() });
        }
        let (header, layout, sums) = Header::read(mapped.bytes()).map_err(damaged)?;
        let image = Self { bytes: Source::Mapped(mapped), header, layout };
        image.check(&sums).map_err(damaged)?;
        Ok(image)
    }

    /// Tells whether its file, if any, has kept its length since it was opened.
    pub(super) fn is_whole(&self) -> bool {
        match &self.bytes {
            Source::Made { .. } => true,
            Source::Mapped(mapped) => mapped.is_whole(),
        }
    }

    /// Checks that the sections are as they were written, and that no number in them leads outside.
    fn check(&self, sums: &[u32]) -> std::result::Result<(), String> {
        let names =
            ["ids", "rows", "planes", "bucket ends", "bucket rows", "bucket codes", "descriptors"];
        for ((name, sum), &expected) in names.iter().zip(self.sums()).zip(sums) {
            if sum != expected && !cfg!(fuzzing) {
                return Err(format!(
                    "its section of {name} has the checksum {sum:08x}; expected {expected:08x}"
                ));
            }
        }
        // A checksum shows an accident, but not an attack.
        if !self.ids().is_sorted_by(|a, b| a < b) {
            return Err("its ids do not ascend".to_owned());
        }
        let rows = self.header.rows;
        let whole = |i: usize| {
            let ends = &self.ends()[i * buckets::ENDS..(i + 1) * buckets::ENDS];
            buckets::check(ends, &self.entries()[i * rows..(i + 1) * rows])
        };
        match (0..self.header.substrings()).into_par_iter().all(whole) {
            true => Ok(()),
            false => Err("its buckets do not hold its rows".to_owned()),
        }
    }

    /// The checksum of each section, up to the beginning of the next.
    fn sums(&self) -> Vec<u32> {
        /// The number of bytes that a thread takes at once.
        const CHUNK: usize = 1 << 22;
        let sum = |section: &[u8]| {
            let parts = section.par_chunks(CHUNK).map(|part| {
                let mut sum = crc32fast::Hasher::new();
                sum.update(part);
                sum
            });
            // The parts' checksums, in order, combine to that of the whole.
            parts.collect::<Vec<_>>().into_iter().fold(crc32fast::Hasher::new(), |mut sum, part| {
                sum.combine(&part);
                sum
            })
        };
        let places = self.layout.starts().zip(self.layout.starts().skip(1));
        places.map(|(start, next)| sum(&self.bytes()[start..next]).finalize()).collect()
    }

    /// Writes the bytes to a file that is not there yet.
    pub(super) fn write(&self, file: &mut std::fs::File) -> std::io::Result<()> {
        use std::io::Write;
        file.write_all(&self.header.to_bytes(&self.sums()))?;
        file.write_all(&self.bytes()[HEADER..])
    }

    pub(super) fn header(&self) -> Header {
        self.header
    }

    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Source::Made { words, start } => {
                bytemuck::cast_slice(&words[*start..start + self.layout.end / 8])
            }
            Source::Mapped(mapped) => mapped.bytes(),
        }
    }

    fn section<T: bytemuck::Pod>(&self, i: usize) -> &[T] {
        bytemuck::cast_slice(&self.bytes()[self.layout.sections[i].clone()])
    }

    pub(super) fn ids(&self) -> &[u64] {
        self.section(0)
    }

    pub(super) fn words(&self) -> &[u64] {
        self.section(1)
    }

    /// The planes, `bits` of them for each block.
    pub(super) fn planes(&self) -> &[Plane] {
        self.section(2)
    }

    /// The end of each bucket, for each substring.
    pub(super) fn ends(&self) -> &[u32] {
        self.section(3)
    }

    /// The rows of the buckets, for each substring.
    pub(super) fn entries(&self) -> &[u32] {
        self.section(4)
    }

    /// The codes of the buckets, for each substring, if codes have one word.
    pub(super) fn copies(&self) -> &[u64] {
        self.section(5)
    }

    pub(super) fn descriptors(&self) -> &[Bytes] {
        self.section(6)
    }
}

fn slice_all(header: Header, words: &[u64], planes: &mut [Plane]) {
    let rows = words.par_chunks(LANES * header.width());
    let blocks = planes.par_chunks_exact_mut(header.bits);
    blocks.zip(rows).for_each(|(planes, rows)| blocks::slice(rows, header.width(), planes));
}

fn sort_all(
    header: Header,
    words: &[u64],
    ends: &mut [u32],
    entries: &mut [u32],
    copies: &mut [u64],
) {
    let rows = entries.chunks_mut(header.rows.max(1)).chain(repeat_with(Default::default));
    let copies = copies.chunks_mut(header.rows.max(1)).chain(repeat_with(Default::default));
    let tables: Vec<_> = ends.chunks_exact_mut(buckets::ENDS).zip(rows).zip(copies).collect();
    tables.into_par_iter().enumerate().for_each(|(i, ((ends, rows), copies))| {
        buckets::fill(words, header.width(), i, ends, rows, copies);
    });
}
