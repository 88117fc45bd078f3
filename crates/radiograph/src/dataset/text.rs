//! Tables as text: in UTF-8, UTF-16 or Windows-1252, separated by commas, semicolons or tabs.

use super::wrong;
use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A table as CSV has at most so many bytes.
const MOST_BYTES: u64 = 1 << 30;
/// The characters that may separate cells.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// The characters of Windows-1252 from 0x80 to 0x9F (WHATWG Encoding); from there on it is Latin-1.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The text of a table.
pub(super) struct Text {
    pub(super) text: String,
    /// A guess at its encoding that somebody should know of.
    pub(super) note: Option<String>,
}

impl Text {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Manifest`] if it is too long or no text.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let failed = |source| Error::File { path: path.into(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > MOST_BYTES {
            return Err(wrong(path, format!("{length} bytes, expected at most {MOST_BYTES}")));
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        Self::of(bytes).map_err(|reason| wrong(path, reason.to_owned()))
    }

    fn of(bytes: Vec<u8>) -> std::result::Result<Self, &'static str> {
        let text = match bytes[..] {
            [0x1F, 0x8B, ..] => return Err("is compressed by gzip, expected CSV: gunzip it"),
            // With a mark of the order of bytes, or known by the zeros of plain letters.
            [0xFF, 0xFE, ref rest @ ..] => utf_16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, ref rest @ ..] => utf_16(rest, u16::from_be_bytes),
            [1..=255, 0, 1..=255, 0, ..] => utf_16(&bytes, u16::from_le_bytes),
            [0, 1..=255, 0, 1..=255, ..] => utf_16(&bytes, u16::from_be_bytes),
            _ => return Ok(Self::of_bytes(bytes)),
        };
        Ok(Self {
            text: text.ok_or("is cut off or damaged: is UTF-16, but not all of it")?,
            note: None,
        })
    }

    /// UTF-8, else Windows-1252, in which all bytes are characters.
    fn of_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(mut text) => {
                if text.starts_with('\u{feff}') {
                    text.drain(..'\u{feff}'.len_utf8());
                }
                Self { text, note: None }
            }
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let row = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
                let note = format!(
                    "is not UTF-8 (line {row}): read as Windows-1252; save it as UTF-8 if letters \
                     are wrong"
                );
                let text = error.as_bytes().iter().map(|&byte| windows(byte)).collect();
                Self { text, note: Some(note) }
            }
        }
    }

    /// The separator of its cells: the first that finds all of `required` in the first line, else a
    /// comma.
    pub(super) fn separator(&self, required: &[&str]) -> u8 {
        let first = self.text.lines().next().unwrap_or_default();
        let has_all = |separator: &u8| {
            let cells = first.split(char::from(*separator));
            let cells: Vec<&str> = cells.map(|cell| cell.trim().trim_matches('"').trim()).collect();
            required.iter().all(|name| cells.contains(name))
        };
        SEPARATORS.into_iter().find(has_all).unwrap_or(b',')
    }
}

fn windows(byte: u8) -> char {
    match byte {
        0x80..=0x9F => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Text of two bytes a unit; none if it is damaged.
fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let expected = "path,labels\nä.png,Befund „ok“\n";
        let units: Vec<u16> = expected.encode_utf16().collect();
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| units.iter().flat_map(|&u| bytes(u)).collect();
        let (little, big): (Vec<u8>, Vec<u8>) =
            (utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes));
        let windows = b"path,labels\n\xE4.png,Befund \x84ok\x93\n".to_vec();
        for bytes in [
            expected.into(),
            [b"\xEF\xBB\xBF", expected.as_bytes()].concat(),
            [b"\xFF\xFE", &little[..]].concat(),
            [b"\xFE\xFF", &big[..]].concat(),
            little,
            big,
        ] {
            let read = Text::of(bytes).unwrap();
            assert_eq!((read.text.as_str(), read.note), (expected, None));
        }
        let read = Text::of(windows).unwrap();
        assert_eq!(read.text, expected);
        assert!(read.note.unwrap().contains("not UTF-8 (line 2): read as Windows-1252"));
        for bytes in [&b"\x1F\x8B\x08"[..], b"\xFF\xFEa", b"\xFF\xFE\x00\xD8"] {
            assert!(Text::of(bytes.to_vec()).is_err());
        }
    }

    #[test]
    fn the_first_line_tells_the_separator() {
        let of =
            |text: &str| Text { text: text.to_owned(), note: None }.separator(&["path", "labels"]);
        assert_eq!(of("path,labels,a;b\n"), b',');
        assert_eq!(of("\"path\"; labels;a,b\n"), b';');
        assert_eq!(of("labels\tpath\r\n"), b'\t');
        assert_eq!(of("file;class"), b',');
        assert_eq!(of(""), b',');
    }
}
