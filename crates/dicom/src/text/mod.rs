//! Text in its character set, or in several with escapes between (PS3.3 C.12.1.1.2, PS3.5 6.1.2.5).
//!
//! A byte below 0x80 is read in the set to the left (G0), another one in the set to the right (G1).
//! An escape puts another set to one of the sides (ISO 2022). The sets of the beginning, which the
//! first value of Specific Character Set names, come back at a delimiter: of values, of lines, and
//! in names of components and groups. UTF-8, GB18030 and GBK know no escapes.

mod set;

use dicom_core::{Tag, VR};
use set::Set;

use crate::vr::standard_vr;

/// Bytes of the longest text taken for one: identifiers have 64 characters at most.
const LONGEST: usize = 1024;
/// Bytes in which the name of a set ends; names have 16 characters at most.
const LONGEST_NAME: usize = 64;
const ESCAPE: u8 = 0x1B;
/// The ends of lines and pages, and the tabulator.
const CONTROLS: &[u8] = b"\t\n\x0C\r";

/// The escapes, and what they put to the left (PS3.3 tables C.12-3 and C.12-4). `$@` is the JIS X
/// 0208 of 1978, `(I` is written by Windows.
const TO_THE_LEFT: &[(&[u8], Set)] = &[
    (b"(B", Set::Ascii),
    (b"(J", Set::Ascii),
    (b"(I", Set::KatakanaOf7Bits),
    (b"$B", Set::Kanji(b"\x1B$B")),
    (b"$@", Set::Kanji(b"\x1B$B")),
    (b"$(D", Set::Kanji(b"\x1B$(D")),
];
/// The same to the right.
const TO_THE_RIGHT: &[(&[u8], Set)] = &[
    (b")I", Set::Single("ISO_IR 13")),
    (b"-A", Set::Single("ISO_IR 100")),
    (b"-B", Set::Single("ISO_IR 101")),
    (b"-C", Set::Single("ISO_IR 109")),
    (b"-D", Set::Single("ISO_IR 110")),
    (b"-F", Set::Single("ISO_IR 126")),
    (b"-G", Set::Single("ISO_IR 127")),
    (b"-H", Set::Single("ISO_IR 138")),
    (b"-L", Set::Single("ISO_IR 144")),
    (b"-M", Set::Latin5),
    (b"-T", Set::Single("ISO_IR 166")),
    (b"-b", Set::Latin9),
    (b"$)A", Set::Chinese),
    (b"$)C", Set::Korean),
];

/// A text that was decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text, with U+FFFD for bytes that are not of its character set.
    pub strict: String,
    /// The text with a guess for such bytes: Latin-1 where no set is named, else the byte in octal
    /// digits. Different bytes stay different.
    pub lenient: String,
}

/// The sets to both sides; none to the right in the default repertoire.
#[derive(Clone, Copy)]
struct Sides {
    left: Set,
    right: Option<Set>,
}

/// Returns the text of an element's value without its padding. It is none if it is empty, or longer
/// than 1024 bytes. What is not of its character set is guessed.
pub fn lenient(sets: &[u8], tag: Tag, value: &[u8]) -> Option<String> {
    let value = Some(value).filter(|value| value.len() <= LONGEST)?;
    unpadded(&decode(sets, tag, value).lenient)
}

/// Returns the same text, with U+FFFD for what is not of its character set, or for a text that is
/// too long.
pub fn strict(sets: &[u8], tag: Tag, value: &[u8]) -> Option<String> {
    if value.len() > LONGEST {
        return Some(char::REPLACEMENT_CHARACTER.to_string());
    }
    unpadded(&decode(sets, tag, value).strict)
}

fn unpadded(text: &str) -> Option<String> {
    let text = text.trim_matches(['\0', ' ']);
    (!text.is_empty()).then(|| text.to_owned())
}

/// Decodes the value of an element, by the value of Specific Character Set.
pub fn decode(sets: &[u8], tag: Tag, text: &[u8]) -> Decoded {
    let first = first(sets);
    let escapes = !first.right.is_some_and(Set::is_alone);
    let (delimiters, mut sides, mut rest) = (delimiters(tag), first, text);
    let mut decoded = Decoded::default();
    while let Some(&byte) = rest.first() {
        let escaped = (byte == ESCAPE && escapes).then(|| sides.escaped(&rest[1..])).flatten();
        if let Some((after, changed)) = escaped {
            (rest, sides) = (after, changed);
            continue;
        }
        let (letter, length) = sides.next(rest);
        match letter.filter(|_| byte != ESCAPE) {
            Some(letter) => decoded.read(letter),
            None => decoded.guess(&rest[..length], sides),
        }
        if length == 1 && (CONTROLS.contains(&byte) || delimiters.contains(&byte)) {
            sides = first;
        }
        rest = &rest[length..];
    }
    decoded
}

/// The characters that end an escape's effect in an element's value, as ends of lines do.
fn delimiters(tag: Tag) -> &'static [u8] {
    match standard_vr(tag) {
        VR::PN => b"\\^=",
        // These have one value, in which a backslash is a letter like others.
        VR::ST | VR::LT | VR::UT => b"",
        _ => b"\\",
    }
}

/// The sets of the beginning.
fn first(sets: &[u8]) -> Sides {
    let start = &sets[..sets.len().min(LONGEST_NAME)];
    let name = start.split(|&b| b == b'\\').next().unwrap_or_default();
    let right = match canonical(&String::from_utf8_lossy(name)).as_str() {
        "ISO_IR 13" => Some(Set::ShiftJis),
        "ISO_IR 58" => Some(Set::Chinese),
        "ISO_IR 148" => Some(Set::Latin5),
        "ISO_IR 149" => Some(Set::Korean),
        "ISO_IR 192" | "UTF8" => Some(Set::Utf8),
        "ISO_IR 203" => Some(Set::Latin9),
        "GB18030" => Some(Set::Gb("GB18030")),
        "GBK" | "GB2312" => Some(Set::Gb("GBK")),
        name => TO_THE_RIGHT.iter().map(|(_, set)| *set).find(|set| set.is_named(name)),
    };
    Sides { left: Set::Ascii, right }
}

/// The name as the standard has it, of one with other spaces, dashes and underscores: `ISO-IR 100`,
/// `ISO IR_100`. With code extensions it has another name, but is the same set.
fn canonical(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> =
        name.split([' ', '_', '-', '\0']).filter(|word| !word.is_empty()).collect();
    match words[..] {
        ["ISO", .., number] => format!("ISO_IR {number}"),
        _ => words.concat(),
    }
}

impl Sides {
    /// Reads an escape. Returns the bytes after it and the sets that then hold; none if it is
    /// unknown.
    fn escaped(self, rest: &[u8]) -> Option<(&[u8], Self)> {
        let find = |escapes: &[(&[u8], Set)]| {
            escapes.iter().find_map(|(escape, set)| Some((rest.strip_prefix(*escape)?, *set)))
        };
        let left = find(TO_THE_LEFT).map(|(after, left)| (after, Self { left, ..self }));
        left.or_else(|| {
            find(TO_THE_RIGHT).map(|(after, set)| (after, Self { right: Some(set), ..self }))
        })
    }

    /// The first letter, if it is one, and its bytes.
    fn next(self, rest: &[u8]) -> (Option<char>, usize) {
        match rest[0] {
            0x00..=0x20 | 0x7F => (Some(char::from(rest[0])), 1),
            0x21..0x80 => self.left.next(rest),
            _ => self.right.map_or((None, 1), |set| set.next(rest)),
        }
    }
}

impl Decoded {
    fn read(&mut self, letter: char) {
        self.strict.push(letter);
        self.lenient.push(letter);
    }

    fn guess(&mut self, bytes: &[u8], sides: Sides) {
        self.strict.push(char::REPLACEMENT_CHARACTER);
        for &byte in bytes {
            match byte {
                ESCAPE => {}
                byte if sides.right.is_none() => self.lenient.push(char::from(byte)),
                byte => self.lenient += &format!("\\{byte:03o}"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
