//! Character sets, read a letter at a time: so what is not of a set is noticed.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

/// The bytes and characters in which Latin-5 (ISO_IR 148, Turkish) differs from Latin-1.
const LATIN_5: [(u8, char); 6] =
    [(0xD0, 'Ğ'), (0xDD, 'İ'), (0xDE, 'Ş'), (0xF0, 'ğ'), (0xFD, 'ı'), (0xFE, 'ş')];
/// The bytes and characters in which Latin-9 (ISO_IR 203, Western Europe with the euro) differs
/// from Latin-1.
const LATIN_9: [(u8, char); 8] = [
    (0xA4, '€'),
    (0xA6, 'Š'),
    (0xA8, 'š'),
    (0xB4, 'Ž'),
    (0xB8, 'ž'),
    (0xBC, 'Œ'),
    (0xBD, 'œ'),
    (0xBE, 'Ÿ'),
];
/// Letters of JIS X 0208 that Windows takes for others, as the library does.
const JIS: [(char, char); 6] = [
    ('\u{FF5E}', '\u{301C}'),
    ('\u{2225}', '\u{2016}'),
    ('\u{FF0D}', '\u{2212}'),
    ('\u{FFE0}', '\u{A2}'),
    ('\u{FFE1}', '\u{A3}'),
    ('\u{FFE2}', '\u{AC}'),
];

/// A character set, of which a letter begins with a byte of its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// Also Roman letters of JIS X 0201, whose yen sign is the backslash of DICOM.
    Ascii,
    /// Katakana of JIS X 0201, to the left.
    KatakanaOf7Bits,
    /// Two bytes of seven bits: JIS X 0208 or 0212, with the escape that names it.
    Kanji(&'static [u8]),
    /// One byte, by the library's name.
    Single(&'static str),
    /// Latin-5, which the library does not have.
    Latin5,
    /// Latin-9, which the library does not have.
    Latin9,
    /// Katakana of JIS X 0201, and the letters of two bytes that some write under that name.
    ShiftJis,
    /// KS X 1001, and what Windows adds to it.
    Korean,
    /// GB 2312.
    Chinese,
    /// UTF-8.
    Utf8,
    /// GB18030 or GBK, by the library's name.
    Gb(&'static str),
}

impl Set {
    /// Whether it may not be changed by escapes (PS3.3 table C.12-5).
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::Utf8 | Self::Gb(_))
    }

    /// Whether this is a set of one byte of this name.
    pub(super) fn is_named(self, name: &str) -> bool {
        matches!(self, Self::Single(own) if own == name)
    }

    /// The letter at the beginning, if it is one of this set, and its bytes.
    pub(super) fn next(self, rest: &[u8]) -> (Option<char>, usize) {
        let byte = rest[0];
        match self {
            Self::Ascii => (Some(char::from(byte)), 1),
            Self::KatakanaOf7Bits => (one("ISO_IR 13", &[byte | 0x80]), 1),
            Self::Single("ISO_IR 13") if !(0xA1..=0xDF).contains(&byte) => (None, 1),
            Self::Single(code) => (one(code, &[byte]), 1),
            Self::Latin5 => (Some(latin(&LATIN_5, byte)), 1),
            Self::Latin9 => (Some(latin(&LATIN_9, byte)), 1),
            Self::ShiftJis if (0xA1..=0xDF).contains(&byte) => (one("ISO_IR 13", &[byte]), 1),
            Self::ShiftJis => of_several(rest, 2, |pair| one("ISO_IR 13", pair).map(of_jis)),
            Self::Kanji(escape) => kanji(escape, rest),
            Self::Korean => of_several(rest, 2, |pair| one("ISO_IR 149", pair)),
            Self::Chinese => of_several(rest, 2, |pair| one("GBK", pair.get(..2 * high(pair))?)),
            Self::Utf8 => of_several(rest, utf_8_length(byte), utf_8),
            Self::Gb(code) => of_several(rest, gb_length(code, rest), |bytes| one(code, bytes)),
        }
    }
}

/// A letter of so many bytes. Where it is none, its first byte is wrong, and the others too if they
/// can be no letters of one byte.
fn of_several(
    rest: &[u8],
    length: usize,
    read: impl Fn(&[u8]) -> Option<char>,
) -> (Option<char>, usize) {
    let Some(bytes) = rest.get(..length) else { return (None, 1) };
    match read(bytes) {
        Some(letter) => (Some(letter), length),
        None => (None, 1),
    }
}

/// 1 if the second byte is of the right side.
fn high(pair: &[u8]) -> usize {
    usize::from(pair[1] >= 0xA1)
}

/// A letter of JIS X 0208 or 0212. A delimiter that follows without an escape back is at a place
/// where a letter would begin, and stands for itself if none does.
fn kanji(escape: &[u8], rest: &[u8]) -> (Option<char>, usize) {
    let Some(pair) = rest.get(..2).filter(|pair| (0x21..0x7F).contains(&pair[1])) else {
        return (Some(char::from(rest[0])).filter(|c| "\\^=".contains(*c)), 1);
    };
    (one("ISO_IR 87", &[escape, pair].concat()).map(of_jis), 2)
}

fn of_jis(letter: char) -> char {
    JIS.iter().find(|(of_windows, _)| *of_windows == letter).map_or(letter, |&(_, of_jis)| of_jis)
}

fn latin(differing: &[(u8, char)], byte: u8) -> char {
    let found = differing.iter().find(|(at, _)| *at == byte);
    found.map_or(char::from(byte), |&(_, letter)| letter)
}

fn utf_8_length(first: u8) -> usize {
    match first {
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
        _ => 1,
    }
}

fn utf_8(bytes: &[u8]) -> Option<char> {
    str::from_utf8(bytes).ok()?.chars().next()
}

/// Two bytes, or four where the second is a digit, which GBK does not have.
fn gb_length(code: &str, rest: &[u8]) -> usize {
    let digit = rest.get(1).is_some_and(u8::is_ascii_digit);
    match rest[0] {
        0x80 | 0xFF => 1,
        _ if digit && code == "GB18030" => 4,
        _ => 2,
    }
}

/// The letter that these bytes are. For each byte that is wrong the library gives a backslash and
/// three digits.
fn one(code: &str, bytes: &[u8]) -> Option<char> {
    let text = SpecificCharacterSet::from_code(code)?.decode(bytes).ok()?;
    let mut letters = text.chars();
    let letter = letters.next()?;
    let alone = letters.next().is_none() && !matches!(letter, '\u{FFFD}' | '\u{E000}'..='\u{F8FF}');
    alone.then_some(letter)
}
