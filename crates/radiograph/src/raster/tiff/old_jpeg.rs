//! JPEG as TIFF 6.0 had it (section 22), before Adobe's technical note 2 replaced it.
//!
//! Either one stream is the whole picture, which scanners' software wrote, or the directory lists
//! the tables and strips have nothing but coded data.

use super::super::jpeg;
use super::directory::Directory;
use crate::error::Result;

const STREAM: [u16; 2] = [513, 514];
const RESTARTS: u16 = 515;
const QUANTISATION: u16 = 519;
const HUFFMAN: [u16; 2] = [520, 521];
/// Tables of a kind.
const MAX_TABLES: usize = 4;

/// A directory's parameters of old-style JPEG.
pub(super) struct OldTables {
    /// Position and length of a stream.
    stream: Option<(u64, u64)>,
    /// Segments of tables as a stream has them; empty where the directory lists none.
    tables: Vec<u8>,
}

impl OldTables {
    pub(super) fn of(directory: &Directory) -> Result<Self> {
        let [start, length] = STREAM.map(|tag| directory.value(tag));
        let stream = start?.zip(Some(length?.unwrap_or(u64::MAX)));
        let tables = tables(directory)?.unwrap_or_default();
        Ok(Self { stream, tables })
    }

    /// Whether the directory lists tables.
    pub(super) fn is_there(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Position and length of the stream that is the whole picture, if there is one. The length
    /// that some writers state ends before the scan.
    pub(super) fn whole(&self, bytes: &[u8]) -> Option<(u64, u64)> {
        let (start, length) = self.stream?;
        let rest = bytes.get(usize::try_from(start).ok()?..)?;
        let lengths = [length.min(rest.len() as u64), rest.len() as u64];
        let is_whole = |&length: &u64| jpeg::check(&rest[..length as usize]).is_ok();
        lengths.into_iter().find(is_whole).map(|length| (start, length))
    }

    /// A stream of coded data without tables, of a chunk of these sides, with so many samples a
    /// pixel and so subsampled.
    pub(super) fn stream(
        &self,
        data: &[u8],
        sides: [usize; 2],
        (samples, [columns, rows]): (usize, [usize; 2]),
    ) -> Vec<u8> {
        let [width, height] = sides.map(|side| (side as u16).to_be_bytes());
        let count = samples as u8;
        let first = if samples == 1 { 0x11 } else { (columns << 4 | rows) as u8 };
        let component = |n: u8| [n + 1, if n == 0 { first } else { 0x11 }, n];
        let frame: Vec<u8> = (0..count).flat_map(component).collect();
        let scan: Vec<u8> = (0..count).flat_map(|n| [n + 1, n << 4 | n]).collect();
        [
            &[0xFF, 0xD8][..],
            &self.tables,
            &[0xFF, 0xC0, 0, 8 + 3 * count, 8],
            &height,
            &width,
            &[count],
            &frame,
            &[0xFF, 0xDA, 0, 6 + 2 * count, count],
            &scan,
            &[0, 63, 0],
            data,
            if data.ends_with(&[0xFF, 0xD9]) { &[] } else { &[0xFF, 0xD9] },
        ]
        .concat()
    }
}

/// Segments of the tables that a directory lists, as far as they are there.
fn tables(directory: &Directory) -> Result<Option<Vec<u8>>> {
    let file = directory.file;
    let mut segments = Vec::new();
    for (at, number) in directory.values(QUANTISATION)?.into_iter().zip(0..MAX_TABLES as u8) {
        let Some(table) = file.slice(at, 64) else { return Ok(None) };
        segments.extend([&[0xFF, 0xDB, 0, 67, number], table].concat());
    }
    for (tag, class) in HUFFMAN.into_iter().zip([0, 0x10]) {
        for (at, number) in directory.values(tag)?.into_iter().zip(0..MAX_TABLES as u8) {
            let Some(counts) = file.slice(at, 16) else { return Ok(None) };
            let codes: u16 = counts.iter().map(|&count| u16::from(count)).sum();
            let Some(table) = file.slice(at, 16 + u64::from(codes)) else { return Ok(None) };
            let [high, low] = (19 + codes).to_be_bytes();
            segments.extend([&[0xFF, 0xC4, high, low, class | number], table].concat());
        }
    }
    let restarts = directory.value(RESTARTS)?.unwrap_or(0) as u16;
    if !segments.is_empty() && restarts > 0 {
        segments.extend([&[0xFF, 0xDD, 0, 4][..], &restarts.to_be_bytes()].concat());
    }
    Ok((!segments.is_empty()).then_some(segments))
}
