//! Character sets: the standard's examples, names by their components, what is damaged.

use super::*;
use dicom_dictionary_std::tags;
use proptest::prelude::*;

fn name(sets: &[u8], bytes: &[u8]) -> String {
    decode(sets, tags::PATIENT_NAME, bytes).strict
}

/// Decodes a name, and says which it was where it is another one than expected.
fn check(cases: &[(&[u8], &[u8], &str)]) {
    for (sets, bytes, expected) in cases {
        let sets_shown = String::from_utf8_lossy(sets);
        assert_eq!(name(sets, bytes), *expected, "{sets_shown}: {}", bytes.escape_ascii());
    }
}

/// The examples of PS3.5 Annexes H, I, J and K, and what other sets there are.
#[test]
fn the_standards_examples_read_as_they_should() {
    check(&[
        (b"", b"ABC1234", "ABC1234"),
        (b"ISO_IR 100", b"Buc^J\xE9r\xF4me", "Buc^Jérôme"),
        (b"ISO_IR 101", b"W\xB3adys\xB3aw", "Władysław"),
        (b"ISO_IR 109", b"\xA6\xA5", "Ĥ\u{FFFD}"),
        (b"ISO_IR 110", b"\xBF", "ŋ"),
        (b"ISO_IR 126", b"\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος"),
        (b"ISO_IR 127", b"\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار"),
        (b"ISO_IR 138", b"\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה"),
        (b"ISO_IR 144", b"\xBB\xEE\xDA\xE1\xD5\xDC\xD1\xE3\xE0\xD3", "Люксембург"),
        (b"ISO_IR 148", b"\xC7avu\xFEo\xF0lu\xDD\xFD\xDE\xD0", "ÇavuşoğluİıŞĞ"),
        (b"ISO_IR 166", b"\xB9\xD2\xC1\xCA\xA1\xD8\xC5", "นามสกุล"),
        (b"ISO_IR 203", b"\xBCuvre^\xA4\xA6\xA8\xB4\xB8\xBD\xBE\xE9", "Œuvre^€ŠšŽžœŸé"),
        (b"ISO_IR 13", b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        (b"ISO_IR 192", "王^小東".as_bytes(), "王^小東"),
        (b"GB18030", b"\xCD\xF5^\xD0\xA1\xB6\xAB", "王^小东"),
        (b"GBK", b"\xCD\xF5^\xD0\xA1\xB6\xAB", "王^小东"),
        (b"\\ISO 2022 IR 87", b"\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B", "山田^太郎"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\xD4\xCF\xC0\xDE=\x1B$B;3ED\x1B(J", "ﾔﾏﾀﾞ=山田"),
        (b"\\ISO 2022 IR 159", b"\x1B$(D0!\x1B(B^A", "丂^A"),
        (b"\\ISO 2022 IR 149", b"\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7", "洪^吉洞"),
        (b"\\ISO 2022 IR 58", b"\x1B$)A\xCD\xF5\\\x1B$)A\xD0\xA1", "王\\小"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 144", b"\xE9\x1B-L\xBB\\\xE9", "éЛ\\é"),
        (b"ISO 2022 IR 6\\ISO 2022 IR 203", b"\x1B-b\xA4", "€"),
    ]);
}

/// PS3.5 6.1.2.5.3, in every kind of set.
#[test]
fn the_first_set_is_back_after_a_delimiter() {
    check(&[
        (
            b"ISO 2022 IR 100\\ISO 2022 IR 149",
            b"\xE7^\x1B$)C\xA4\xCA^\xE7=\x1B$)C\xA4\xCA=\xE7",
            "ç^ㅚ^ç=ㅚ=ç",
        ),
        (b"ISO 2022 IR 100\\ISO 2022 IR 144", b"\x1B-L\xBB^\xE9=\x1B-L\xBB=\xE9", "Л^é=Л=é"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 58", b"\x1B$)A\xCD\xF5^\xE9\\\xE9", "王^é\\é"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\x1B-A\xE9^\xB1", "é^ｱ"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 13", b"\x1B)I\xB1\x1B(J^\xE9", "ｱ^é"),
        // A set to the right stays when the left one changes.
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\x1B$B;3\x1B(J\xB1", "山ｱ"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 13", b"\x1B)I\xB1\x1B(J\xB2", "ｱｲ"),
        // Also where the writer forgot to go back before the delimiter.
        (b"\\ISO 2022 IR 87", b"\x1B$B;3ED^\x1B$BB@O:\x1B(B", "山田^太郎"),
        (b"\\ISO 2022 IR 87", b"\x1B$B;3ED=\x1B$BB@O:", "山田=太郎"),
        // Bytes of letters that are delimiters elsewhere.
        (b"\\ISO 2022 IR 87", b"\x1B$B3^=H\\1\x1B(B^A", "笠夙椡^A"),
        (b"ISO_IR 13", b"\x83\x5C^\x94\x5C=\xB1\x81\x60", "ソ^能=ｱ〜"),
        (b"GB18030", b"\x81\x5C\x81\x5E^\x81\x30\x84\x36", "乗乛^¥"),
        (b"ISO_IR 13\\ISO 2022 IR 87", b"\x1B(JTEST \x1B$B%k\x1B(J+\x1B$B%+\x1B(J", "TEST ル+カ"),
    ]);
}

#[test]
fn what_delimits_depends_on_the_element() {
    let sets = b"ISO 2022 IR 100\\ISO 2022 IR 144";
    let read = |tag, bytes: &[u8]| decode(sets, tag, bytes).strict;
    assert_eq!(read(tags::STUDY_DESCRIPTION, b"\x1B-L\xBB^\xBB=\xBB\\\xE9"), "Л^Л=Л\\é");
    assert_eq!(read(tags::PATIENT_COMMENTS, b"\x1B-L\xBB\\\xBB\r\n\xE9\t\xE9"), "Л\\Л\r\né\té");
}

#[test]
fn names_of_sets_may_be_misspelt() {
    check(&[
        (b"ISO-IR 100 ", b"\xE9", "é"),
        (b"iso_ir_100", b"\xE9", "é"),
        (b"ISO_IR_192", "é".as_bytes(), "é"),
        (b"UTF-8", "é".as_bytes(), "é"),
        (b"ISO 2022 IR 203\0", b"\xA4", "€"),
        (b"KLINGON", b"plain", "plain"),
    ]);
}

/// Each of these would be another name if it were guessed.
#[test]
fn what_is_not_of_its_set_shows() {
    let cases: [(&[u8], &[u8]); 17] = [
        (b"", b"M\xFCller"),
        (b"KLINGON", b"M\xFCller"),
        (b"ISO_IR 192", b"a\xFFb"),
        (b"ISO_IR 192", b"\xE7\x8E"),
        (b"ISO_IR 192", b"\xC0\xAF"),
        (b"ISO_IR 192", b"\x1B$B;3\x1B(B"),
        (b"GB18030", b"\xCD\xF5\xD0 "),
        (b"\\ISO 2022 IR 58", b"\x1B$)A\xCD^"),
        (b"GB18030", b"\xCD"),
        (b"GBK", b"\x81\x30\x84\x36"),
        (b"ISO_IR 166", b"\xFC"),
        (b"ISO_IR 13", b"\xA0"),
        (b"\\ISO 2022 IR 149", b"\xFB\xF3"),
        (b"\\ISO 2022 IR 149", b"\x1B$)C\xFB^"),
        (b"\\ISO 2022 IR 87", b"a\x1B"),
        (b"\\ISO 2022 IR 87", b"\x1B$B;"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 149", b"\x1B%5a"),
    ];
    for (sets, bytes) in cases {
        let read = name(sets, bytes);
        assert!(read.contains('\u{FFFD}'), "{}: {read}", bytes.escape_ascii());
    }
}

#[test]
fn a_guess_keeps_apart_what_differs() {
    let guess = |sets: &[u8], bytes: &[u8]| decode(sets, tags::PATIENT_ID, bytes).lenient;
    assert_eq!(guess(b"", b"M\xFCller"), "Müller");
    assert_eq!(guess(b"ISO_IR 192", b"M\xFCller"), "M\\374ller");
    assert_eq!(guess(b"\\ISO 2022 IR 87", b"a\x1B"), "a");
}

proptest! {
    #[test]
    fn no_bytes_panic_and_all_are_read(sets in 0..9_usize, bytes: Vec<u8>) {
        let all: [&[u8]; 9] = [
            b"", b"ISO_IR 13", b"\\ISO 2022 IR 87", b"ISO_IR 149", b"ISO_IR 58", b"ISO_IR 192",
            b"GB18030", b"GBK", b"ISO_IR 203",
        ];
        let read = decode(all[sets], tags::PATIENT_NAME, &bytes);
        prop_assert!(bytes.is_empty() || !read.strict.is_empty() || bytes.contains(&ESCAPE));
    }

    #[test]
    fn plain_text_is_itself(bytes in proptest::collection::vec(b' '..0x7F, 0..40)) {
        let text = String::from_utf8(bytes).unwrap();
        for sets in [&b""[..], b"ISO_IR 100", b"GB18030", b"ISO 2022 IR 149", b"ISO_IR 192"] {
            prop_assert_eq!(name(sets, text.as_bytes()), &text[..]);
        }
    }
}
