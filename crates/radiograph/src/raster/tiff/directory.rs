//! Directories of a TIFF and of the EXIF block that JPEG and PNG have (TIFF 6.0, section 2;
//! BigTIFF), read within bounds.
//!
//! A directory of some hundred bytes can claim any number of values. So its claims are compared
//! with the bytes that are there before room is made for them.

use super::bad;
use crate::error::Result;

/// Values of a tag that are read. A picture of the longest side has as many strips, in four planes.
const MAX_VALUES: u64 = 1 << 18;
/// Entries of a directory. Real ones have some dozens.
const MAX_ENTRIES: u64 = 1_024;

/// The bytes of a file, and how numbers stand in them.
#[derive(Clone, Copy)]
pub(crate) struct File<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) little: bool,
    /// Whether it is a BigTIFF, whose offsets have eight bytes.
    big: bool,
}

/// An entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    /// Position of the values if they fit into the entry, else of the number that says where they
    /// are.
    at: u64,
}

impl Entry {
    /// Bytes of one value; none if it is no whole number without a sign.
    fn value_bytes(&self) -> Option<u64> {
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

/// A directory, which describes one picture.
pub(crate) struct Directory<'a> {
    pub(super) file: File<'a>,
    entries: Vec<Entry>,
    /// Position of the next directory; 0 after the last.
    pub(super) next: u64,
}

impl<'a> File<'a> {
    /// Reads the first bytes; none if they are of no TIFF.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let file = Self { bytes, little, big: false };
        match (file.number(2, 2)?, file.number(4, 2)?, file.number(6, 2)?) {
            (42, ..) => Some(file),
            // Offsets of eight bytes, and a zero.
            (43, 8, 0) => Some(Self { big: true, ..file }),
            _ => None,
        }
    }

    /// The first directory.
    ///
    /// # Errors
    /// [`crate::Error::Raster`], as for all that follows.
    pub(crate) fn first(&self) -> Result<Directory<'a>> {
        let (at, length) = if self.big { (8, 8) } else { (4, 4) };
        self.directory(self.number(at, length).unwrap_or(0))
    }

    /// The directory at a position.
    pub(super) fn directory(&self, start: u64) -> Result<Directory<'a>> {
        let (head, entry, offset) = if self.big { (8, 20, 8) } else { (2, 12, 4) };
        let cut_off = || bad(format!("cut off, got no whole directory at byte {start}"));
        let count = self.number(start, head).ok_or_else(cut_off)?;
        if count > MAX_ENTRIES {
            return Err(bad(format!(
                "{count} entries of its directory, expected at most {MAX_ENTRIES}"
            )));
        }
        let entry_at = |index| start + head + entry * index;
        let entries = (0..count).map(|index| self.entry(entry_at(index), offset));
        let entries = entries.collect::<Option<Vec<_>>>().ok_or_else(cut_off)?;
        // Some writers end the last directory without the number of the next.
        let next = self.number(entry_at(count), offset).unwrap_or(0);
        Ok(Directory { file: *self, entries, next })
    }

    /// The entry at a position in a file whose offsets have so many bytes.
    fn entry(&self, at: u64, offset: u64) -> Option<Entry> {
        let [tag, kind] = [self.number(at, 2)? as u16, self.number(at + 2, 2)? as u16];
        let count = self.number(at + 4, offset)?;
        Some(Entry { tag, kind, count, at: at + 4 + offset })
    }

    /// A number of up to eight bytes.
    fn number(&self, at: u64, length: u64) -> Option<u64> {
        let digits = self.slice(at, length)?.iter().map(|&byte| u64::from(byte));
        let joined = |all: u64, digit: u64| all << 8 | digit;
        Some(if self.little { digits.rev().fold(0, joined) } else { digits.fold(0, joined) })
    }

    /// So many bytes from a position.
    pub(super) fn slice(&self, at: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(at).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }
}

impl<'a> Directory<'a> {
    fn entry(&self, tag: u16) -> Result<Option<&Entry>> {
        let mut entries = self.entries.iter().filter(|entry| entry.tag == tag);
        let entry = entries.next();
        if entries.next().is_some() {
            return Err(bad(format!("tag {tag} is there twice, expected it once")));
        }
        Ok(entry)
    }

    /// The bytes of an entry's values, of so many bytes each.
    fn bytes(&self, entry: &Entry, length: u64) -> Result<&'a [u8]> {
        let Entry { tag, count, at, .. } = *entry;
        let most = MAX_VALUES.min(self.file.bytes.len() as u64);
        if count > most {
            return Err(bad(format!("tag {tag} claims {count} values, expected at most {most}")));
        }
        let (total, offset) = (count * length, if self.file.big { 8 } else { 4 });
        let start = if total <= offset { Some(at) } else { self.file.number(at, offset) };
        start
            .and_then(|start| self.file.slice(start, total))
            .ok_or_else(|| bad(format!("cut off, got not all {count} values of tag {tag}")))
    }

    /// The values of a tag, which are whole numbers; none where it is absent.
    pub(super) fn values(&self, tag: u16) -> Result<Vec<u64>> {
        let Some(entry) = self.entry(tag)? else { return Ok(vec![]) };
        let length = entry.value_bytes().ok_or_else(|| {
            bad(format!("tag {tag} has values of type {}, expected whole numbers", entry.kind))
        })?;
        let values = self.bytes(entry, length)?.chunks_exact(length as usize);
        let file = |bytes| File { bytes, ..self.file };
        Ok(values.filter_map(|value| file(value).number(0, length)).collect())
    }

    /// The first value of a tag.
    pub(crate) fn value(&self, tag: u16) -> Result<Option<u64>> {
        Ok(self.values(tag)?.first().copied())
    }

    /// The fractions of a tag; none where it is absent or holds no such.
    pub(super) fn fractions(&self, tag: u16) -> Result<Vec<f32>> {
        let Some(entry) = self.entry(tag)?.filter(|entry| entry.kind == 5) else {
            return Ok(vec![]);
        };
        let fraction = |pair: &[u8]| {
            let file = File { bytes: pair, ..self.file };
            Some(file.number(0, 4)? as f32 / file.number(4, 4)? as f32)
        };
        Ok(self.bytes(entry, 8)?.chunks_exact(8).filter_map(fraction).collect())
    }

    /// The value of a tag that is a block of bytes; empty where it is absent.
    pub(super) fn block(&self, tag: u16) -> Result<&'a [u8]> {
        match self.entry(tag)?.filter(|entry| entry.value_bytes() == Some(1)) {
            Some(entry) => self.bytes(entry, 1),
            None => Ok(&[]),
        }
    }
}
