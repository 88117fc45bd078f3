//! Bounds on what a TIFF asks for, read from its first directory (TIFF 6.0, section 2) before a
//! decoder makes room for it.
//!
//! A directory of some hundred bytes can claim any number of values, tiles of any size, and strips
//! that all name the same bytes. The decoder makes 32 bytes of each value before it looks whether
//! it is there, and before it can be told of limits.

use super::jpeg;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Values of a tag that the decoder reads. A picture of the longest side has as many strips, in
/// four planes.
const MAX_VALUES: usize = 1 << 18;
/// Entries of a directory. Real ones have some dozens.
const MAX_ENTRIES: usize = 1_024;
/// Tags of which the decoder reads all values. Of metadata it reads none.
const READ: [u16; 20] = [
    256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 347,
    530,
];

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
/// Offsets and byte counts, of strips and of tiles.
const CHUNKS: [[u16; 2]; 2] = [[273, 279], [324, 325]];

/// Compression by JPEG: each strip or tile is a stream of its own.
const JPEG: u64 = 7;
/// Pixels by which a JPEG's sides may exceed those of its strip or tile: its sides are whole
/// blocks, of up to four each way.
const MARGIN: u64 = 64;

/// Checks the first directory of a file. Returns the bytes that decoding one strip or tile takes if
/// each is a JPEG, which is decoded whole; else 0.
///
/// # Errors
/// [`Error::Raster`], or those of `limits`. What is cut off is for the decoder to tell.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<u64> {
    let directory = Directory::first(bytes);
    if directory.entries.len() > MAX_ENTRIES {
        let entries = directory.entries.len();
        return Err(bad(format!(
            "{entries} entries of its directory, expected at most {MAX_ENTRIES}"
        )));
    }
    for (at, entry) in directory.entries.iter().enumerate() {
        let most =
            if READ.contains(&entry.tag) { bytes.len().min(MAX_VALUES) } else { bytes.len() };
        if entry.count > most {
            let (tag, count) = (entry.tag, entry.count);
            return Err(bad(format!("tag {tag} claims {count} values, expected at most {most}")));
        }
        // The decoder takes other types for numbers, too, which would pass the checks below unread.
        if READ.contains(&entry.tag) && entry.value_bytes().is_none() {
            let (tag, kind) = (entry.tag, entry.kind);
            return Err(bad(format!(
                "tag {tag} has values of type {kind}, expected whole numbers"
            )));
        }
        let again = || directory.entries[..at].iter().any(|before| before.tag == entry.tag);
        if READ.contains(&entry.tag) && again() {
            return Err(bad(format!("tag {} is there twice, expected it once", entry.tag)));
        }
    }
    if let (Some(width), Some(height)) = (directory.value(TILE_WIDTH), directory.value(TILE_HEIGHT))
    {
        limits.check_pixels("a tile of the file", width, height)?;
    }
    directory.check_bytes(limits)?;
    if directory.value(COMPRESSION) == Some(JPEG) { directory.check_jpegs() } else { Ok(0) }
}

/// An entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: usize,
    /// Position of its values if they have up to four bytes, else of the number that says where
    /// they are.
    at: usize,
}

impl Entry {
    /// Bytes of one value; none if it is no whole number without a sign.
    fn value_bytes(&self) -> Option<usize> {
        match self.kind {
            // BYTE and UNDEFINED; SHORT; LONG and IFD; LONG8 and IFD8.
            1 | 7 => Some(1),
            3 => Some(2),
            4 | 13 => Some(4),
            16 | 18 => Some(8),
            _ => None,
        }
    }
}

struct Directory<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
}

impl<'a> Directory<'a> {
    /// Reads the first directory, as far as it is there.
    fn first(bytes: &'a [u8]) -> Self {
        let start = number(bytes, 4, 4).unwrap_or(usize::MAX);
        let entries = (0..number(bytes, start, 2).unwrap_or(0)).map_while(|entry| {
            let at = start + 2 + 12 * entry;
            let [tag, kind] =
                [number(bytes, at, 2)?, number(bytes, at + 2, 2)?].map(|short| short as u16);
            Some(Entry { tag, kind, count: number(bytes, at + 4, 4)?, at: at + 8 })
        });
        Self { bytes, entries: entries.collect() }
    }

    /// The values of a tag, as far as they are there.
    fn values(&self, tag: u16) -> impl Iterator<Item = u64> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag);
        let (count, length, start) = entry.map_or((0, 0, 0), |entry| {
            let length = entry.value_bytes().unwrap_or(0);
            let inside = entry.count.saturating_mul(length) <= 4;
            let start = if inside { Some(entry.at) } else { number(self.bytes, entry.at, 4) };
            (if length == 0 { 0 } else { entry.count }, length, start.unwrap_or(usize::MAX))
        });
        let at = move |index: usize| start.saturating_add(index * length);
        (0..count)
            .map_while(move |index| number(self.bytes, at(index), length))
            .map(|value| value as u64)
    }

    /// The first value of a tag.
    fn value(&self, tag: u16) -> Option<u64> {
        self.values(tag).next()
    }

    /// Checks that the bytes can hold the picture, if its compression has a bound.
    fn check_bytes(&self, limits: &Limits) -> Result<()> {
        let [width, height] = [WIDTH, HEIGHT].map(|tag| self.value(tag).unwrap_or(0));
        limits.check_sides("the file", width, height)?;
        let [bits, samples] = [BITS, SAMPLES].map(|tag| self.value(tag).unwrap_or(1));
        let needed = width.saturating_mul(height).saturating_mul(bits.saturating_mul(samples)) / 8;
        // Bytes that one byte can stand for: none; LZW, whose longest string of 12 bits has 4,096
        // bytes; deflate; PackBits.
        let most = match self.value(COMPRESSION).unwrap_or(1) {
            1 => 1,
            5 => 2_731,
            8 | 32_946 => 1_040,
            32_773 => 64,
            _ => return Ok(()),
        };
        let there = self.bytes.len() as u64;
        if needed > there.saturating_mul(most) {
            return Err(bad(format!("{there} bytes cannot hold {width}×{height} pixels")));
        }
        Ok(())
    }

    /// Checks that each JPEG is of its strip's or tile's size, and that none is there for several.
    /// Returns the bytes that decoding the largest one takes.
    fn check_jpegs(&self) -> Result<u64> {
        // The decoder, too, tells tiles from strips by their offsets.
        let tiled = self.value(CHUNKS[1][0]).is_some();
        let sides = if tiled { [TILE_WIDTH, TILE_HEIGHT] } else { [WIDTH, HEIGHT] };
        let [width, height] = sides.map(|tag| self.value(tag).unwrap_or(0));
        let rows = if tiled { None } else { self.value(ROWS_PER_STRIP) };
        let height = height.min(rows.unwrap_or(u64::MAX));
        let (mut sum, mut largest) = (0_u64, 0);
        for [offsets, counts] in CHUNKS {
            for (offset, count) in self.values(offsets).zip(self.values(counts)) {
                sum = sum.saturating_add(count);
                let end = offset.saturating_add(count).min(self.bytes.len() as u64) as usize;
                let stream = self.bytes.get(offset as usize..end).unwrap_or_default();
                let frame = jpeg::frame(stream)
                    .map_err(|error| bad(format!("in a strip or tile: {error}")))?;
                let fits = |side: u32, limit: u64| u64::from(side) <= limit.saturating_add(MARGIN);
                if !fits(frame.width, width) || !fits(frame.height, height) {
                    let (got, by) = (frame.width, frame.height);
                    let expected = format!("expected at most {width}×{height}");
                    return Err(bad(format!("a strip or tile of {got}×{by} pixels, {expected}")));
                }
                largest = largest.max(frame.samples() + frame.bytes());
            }
        }
        if sum > self.bytes.len() as u64 {
            return Err(bad(format!(
                "strips or tiles of {sum} bytes in {}, expected fewer",
                self.bytes.len()
            )));
        }
        Ok(largest)
    }
}

/// Reads a number of up to eight bytes, in the file's order.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at.saturating_add(length))?.iter().map(|&byte| usize::from(byte));
    let joined = |all: usize, digit: usize| all << 8 | digit;
    Some(if bytes[0] == b'I' { digits.rev().fold(0, joined) } else { digits.fold(0, joined) })
}

fn bad(reason: String) -> Error {
    Error::Raster { format: "TIFF", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian file with these tags, of LONG values, a count and a value each, and so many
    /// bytes behind them.
    fn file(tags: &[(u16, u32, u32)], rest: usize) -> Vec<u8> {
        let entry = |&(tag, count, value): &(u16, u32, u32)| {
            [&tag.to_le_bytes()[..], &[4, 0], &count.to_le_bytes(), &value.to_le_bytes()].concat()
        };
        let entries: Vec<u8> = tags.iter().flat_map(entry).collect();
        let mut bytes =
            [&b"II*\0\x08\0\0\0"[..], &(tags.len() as u16).to_le_bytes(), &entries, &[0; 4]]
                .concat();
        bytes.resize(bytes.len() + rest, 0);
        bytes
    }

    fn said(bytes: &[u8]) -> String {
        check(bytes, &Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn claims_without_bytes_are_refused() {
        let sides = [(WIDTH, 1, 1_000), (HEIGHT, 1, 1_000), (BITS, 1, 8)];
        assert!(check(&file(&sides, 1_000_000), &Limits::default()).is_ok());
        assert!(said(&file(&sides, 900_000)).contains("cannot hold 1000×1000"));
        for (compression, least) in [(5, 367), (8, 962), (32_773, 15_625)] {
            let tags = [&sides[..], &[(COMPRESSION, 1, compression)]].concat();
            assert!(check(&file(&tags, least), &Limits::default()).is_ok());
            assert!(said(&file(&tags, least - 100)).contains("cannot hold"), "{compression}");
        }
        let many = [(273, 300_000, 100)];
        assert!(
            said(&file(&many, 400_000)).contains("claims 300000 values, expected at most 262144")
        );
        assert!(
            check(&file(&[(34_675, 300_000, 100)], 400_000), &Limits::default()).is_ok(),
            "is never read"
        );
    }

    #[test]
    fn tiles_and_doubles_that_make_no_sense_are_refused() {
        assert!(
            said(&file(&[(TILE_WIDTH, 1, 200_000), (TILE_HEIGHT, 1, 1_000)], 9))
                .contains("a tile of the file")
        );
        assert!(
            said(&file(&[(WIDTH, 1, 1), (WIDTH, 1, 90_000)], 9)).contains("tag 256 is there twice")
        );
        assert!(said(&file(&[(50_000, 1, 1); 2_000], 9)).contains("2000 entries of its directory"));
    }

    #[test]
    fn values_are_read_of_every_type_that_the_decoder_takes() {
        let sides = [(WIDTH, 1, 60_000), (HEIGHT, 1, 60_000)];
        let with_type = |kind: u8| {
            let mut bytes = file(&sides, 9);
            // Two bytes of tag, then the type, of the entries at bytes 10 and 22.
            (bytes[12], bytes[24]) = (kind, kind);
            said(&bytes)
        };
        assert!(with_type(4).contains("60000×60000"), "{}", with_type(4));
        assert!(with_type(13).contains("60000×60000"), "{}", with_type(13));
        assert!(with_type(5).contains("tag 256 has values of type 5"), "{}", with_type(5));
    }

    #[test]
    fn a_wide_tile_is_no_fault() {
        let sides = [(WIDTH, 1, 4_000), (HEIGHT, 1, 3_000), (COMPRESSION, 1, 5)];
        let tiles = [&sides[..], &[(TILE_WIDTH, 1, 4_096), (TILE_HEIGHT, 1, 16)]].concat();
        assert_eq!(check(&file(&tiles, 90_000), &Limits::default()).unwrap(), 0);
    }

    #[test]
    fn a_jpeg_larger_than_its_strip_is_refused() {
        let jpeg =
            [&[0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 3, 0xE8, 3, 0xE8, 1, 1, 0x11, 0][..], &[0; 4_000]]
                .concat();
        let strip = |side: u32, count: u32| {
            let tags = [
                (WIDTH, 1, side),
                (HEIGHT, 1, side),
                (COMPRESSION, 1, 7),
                (273, 1, 74),
                (279, 1, count),
            ];
            [file(&tags, 0), jpeg.clone()].concat()
        };
        assert_eq!(check(&strip(1_000, 4_015), &Limits::default()).unwrap(), 1_000_000);
        assert!(
            said(&strip(500, 4_015))
                .contains("a strip or tile of 1000×1000 pixels, expected at most 500×500")
        );
        assert!(said(&strip(1_000, 40_000)).contains("strips or tiles of 40000 bytes"));
        assert!(said(&strip(1_000, 100)).contains("100 bytes cannot hold 1000×1000"));
    }
}
