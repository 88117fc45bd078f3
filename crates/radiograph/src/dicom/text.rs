//! Text in its character set, or in several with escapes between (PS3.3 C.12.1.1.2, PS3.5 6.1.2.5).

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

const ESCAPE: u8 = 0x1B;
/// The escapes to sets of one byte a character, or of two with the high bit set (PS3.3 tables
/// C.12-3 and C.12-4).
const ESCAPES: &[(&[u8], &str)] = &[
    (b")I", "ISO_IR 13"),
    (b"-A", "ISO_IR 100"),
    (b"-B", "ISO_IR 101"),
    (b"-C", "ISO_IR 109"),
    (b"-D", "ISO_IR 110"),
    (b"-L", "ISO_IR 144"),
    (b"-G", "ISO_IR 127"),
    (b"-F", "ISO_IR 126"),
    (b"-H", "ISO_IR 138"),
    (b"-M", "ISO_IR 148"),
    (b"-T", "ISO_IR 166"),
    (b"$)C", "ISO_IR 149"),
    (b"$)A", "ISO 2022 IR 58"),
];
/// The escapes back to Roman letters, which leave the first set for bytes with the high bit.
const TO_FIRST: [&[u8]; 2] = [b"(B", b"(J"];
/// The escapes to sets of two bytes of seven bits, JIS X 0208 and JIS X 0212, which ISO-2022-JP has
/// as well.
const JAPANESE: [&[u8]; 2] = [b"$B", b"$(D"];

/// Where Latin-5 (ISO_IR 148, Turkish) is not Latin-1.
const LATIN_5: [(char, char); 6] =
    [('Ð', 'Ğ'), ('Ý', 'İ'), ('Þ', 'Ş'), ('ð', 'ğ'), ('ý', 'ı'), ('þ', 'ş')];

/// A text, by the value of Specific Character Set: its first set holds where no escape has changed
/// it, and again after the delimiter of values or the end of a line.
pub(super) fn decode(sets: &[u8], text: &[u8]) -> String {
    let first = std::str::from_utf8(sets.split(|&b| b == b'\\').next().unwrap_or_default())
        .unwrap_or_default();
    let mut parts = text.split(|&b| b == ESCAPE);
    let mut decoded = in_set(first, parts.next().unwrap_or_default());
    for part in parts {
        decoded += &escaped(part, first);
    }
    decoded
}

/// What follows an escape character. An unknown escape is passed over, and the first set holds.
fn escaped(part: &[u8], first: &str) -> String {
    if JAPANESE.iter().any(|escape| part.starts_with(escape)) {
        return in_set("ISO_IR 87", &[&[ESCAPE][..], part].concat());
    }
    if let Some(rest) = TO_FIRST.iter().find_map(|escape| part.strip_prefix(*escape)) {
        return in_set(first, rest);
    }
    let found = ESCAPES.iter().find_map(|(escape, set)| Some((*set, part.strip_prefix(*escape)?)));
    let Some((set, rest)) = found else { return in_set(first, part) };
    let end = rest.iter().position(|b| b"\\\r\n\x0C\t".contains(b)).unwrap_or(rest.len());
    in_set(set, &rest[..end]) + &in_set(first, &rest[end..])
}

/// In one set; in UTF-8, as far as it is, where a set is unknown or the bytes are not of it.
fn in_set(name: &str, bytes: &[u8]) -> String {
    let name = canonical(name);
    if name == "ISO_IR 148" {
        let latin_1 = in_set("ISO_IR 100", bytes);
        return latin_1
            .chars()
            .map(|c| LATIN_5.iter().find(|(of_1, _)| *of_1 == c).map_or(c, |p| p.1))
            .collect();
    }
    let decoded = SpecificCharacterSet::from_code(&name).unwrap_or_default().decode(bytes);
    decoded.unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned())
}

/// The name as the standard has it, of one with other spaces, dashes and underscores: `ISO-IR 100`,
/// `ISO IR_100`. With code extensions it has another name, but is the same set.
fn canonical(name: &str) -> String {
    let words: Vec<&str> =
        name.split([' ', '_', '-', '\0']).filter(|word| !word.is_empty()).collect();
    match words[..] {
        ["ISO", .., "58"] => "ISO 2022 IR 58".to_owned(),
        ["ISO", .., number] => format!("ISO_IR {number}"),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of PS3.5 Annexes H, I, J and K, and what other sets there are.
    #[test]
    fn the_standards_examples_read_as_they_should() {
        let cases: [(&[u8], &[u8], &str); 12] = [
            (b"", b"ABC1234", "ABC1234"),
            (b"ISO_IR 100", b"Buc^J\xE9r\xF4me", "Buc^Jérôme"),
            (b"ISO_IR 144", b"\xBB\xEE\xDA\xE1\xD5\xDC\xD1\xE3\xE0\xD3", "Люксембург"),
            (b"ISO_IR 148", b"\xDD\xFD\xFE", "İış"),
            (b"ISO_IR 192", "王^小東".as_bytes(), "王^小東"),
            (b"GB18030", b"\xCD\xF5^\xD0\xA1\xB6\xAB", "王^小东"),
            (b"GBK", b"\xCD\xF5^\xD0\xA1\xB6\xAB", "王^小东"),
            (b"\\ISO 2022 IR 87", b"\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B", "山田^太郎"),
            (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\xD4\xCF\xC0\xDE=\x1B$B;3ED\x1B(J", "ﾔﾏﾀﾞ=山田"),
            (b"\\ISO 2022 IR 149", b"\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7", "洪^吉洞"),
            (b"\\ISO 2022 IR 58", b"\x1B$)A\xCD\xF5\\\x1B$)A\xD0\xA1", "王\\小"),
            (b"ISO 2022 IR 100\\ISO 2022 IR 144", b"\xE9\x1B-L\xBB\\\xE9", "éЛ\\é"),
        ];
        for (sets, bytes, expected) in cases {
            assert_eq!(decode(sets, bytes), expected, "{}", String::from_utf8_lossy(sets));
        }
    }

    #[test]
    fn names_may_be_misspelt_and_bytes_may_be_wrong() {
        assert_eq!(decode(b"ISO-IR 100 ", b"\xE9"), "é");
        assert_eq!(decode(b"ISO_IR_192", "é".as_bytes()), "é");
        assert_eq!(decode(b"KLINGON", b"plain"), "plain");
        assert!(decode(b"ISO_IR 192", b"a\xFFb").starts_with('a'));
        assert_eq!(decode(b"\\ISO 2022 IR 87", b"a\x1B"), "a");
    }
}
