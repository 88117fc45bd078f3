//! Forms of values (PS3.5 table 6.2-1): a value that its attribute may keep stays only in the form
//! of its value representation.

use dicom::Order;
use dicom_core::{Tag, VR};

use super::permitted::Permitted;
use super::pseudonym::is_dotted;
use super::{calendar, dictionary, terms};

/// The most bytes that a character takes in any character set.
const BYTES_PER_CHARACTER: usize = 4;
/// The least number of printable bytes in a row that count as text, not as numbers.
const TEXT_RUN: usize = 6;

/// The part of a value that has the form of its value representation. Bytes and words (OB, OW …)
/// have none, so nothing of them may stay.
pub(super) fn permitted(tag: Tag, vr: VR, value: &[u8], order: Order) -> Permitted {
    match vr {
        _ if value.is_empty() => Permitted::Whole,
        VR::CS => terms::permitted(tag, value),
        VR::LT | VR::ST | VR::UT => Permitted::whole_if(is_text(vr, value)),
        VR::UR => Permitted::whole_if(value.trim_ascii_end().iter().all(u8::is_ascii_graphic)),
        VR::AE | VR::LO | VR::PN | VR::SH | VR::UC => {
            Permitted::whole_if(value.split(|&byte| byte == b'\\').all(|text| is_text(vr, text)))
        }
        VR::AS | VR::DA | VR::DS | VR::DT | VR::IS | VR::TM | VR::UI => Permitted::whole_if(
            parts(value).is_some_and(|mut parts| parts.all(|part| is_formal(vr, part))),
        ),
        VR::AT => Permitted::whole_if(are_tags(value, order) && are_numbers(tag, value, 4)),
        VR::US | VR::SS => Permitted::whole_if(are_numbers(tag, value, 2)),
        VR::UL | VR::SL | VR::FL => Permitted::whole_if(are_numbers(tag, value, 4)),
        VR::FD | VR::SV | VR::UV => Permitted::whole_if(are_numbers(tag, value, 8)),
        VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::SQ | VR::UN => Permitted::Nothing,
    }
}

/// The values of a text without their padding; none if the bytes are no UTF-8.
fn parts(value: &[u8]) -> Option<impl Iterator<Item = &str>> {
    let text = str::from_utf8(value).ok()?;
    Some(text.split('\\').map(|part| part.trim_end_matches([' ', '\0']).trim_start_matches(' ')))
}

/// Whether a value has the form that its value representation prescribes, or is empty.
fn is_formal(vr: VR, value: &str) -> bool {
    value.is_empty()
        || match vr {
            VR::AS => is_age(value),
            VR::DA => calendar::is_date(value),
            VR::DT => calendar::is_date_time(value),
            VR::TM => calendar::is_time(value),
            VR::DS => value.len() <= 16 && is_decimal(value),
            VR::IS => value.len() <= 12 && value.parse::<i32>().is_ok(),
            _ => is_strict_uid(value),
        }
}

/// Whether a text is a UID without empty components. Anything else may be no UID, and goes.
pub(super) fn is_strict_uid(text: &str) -> bool {
    dicom::is_uid(text) && is_dotted(text)
}

/// Whether a text is an age (AS): three digits and a unit.
fn is_age(value: &str) -> bool {
    let (number, unit) = value.split_at_checked(3).unwrap_or_default();
    number.bytes().all(|byte| byte.is_ascii_digit()) && matches!(unit, "D" | "W" | "M" | "Y")
}

/// Whether a text is a decimal number (DS); `NaN` and `inf`, which Rust also parses, are none.
fn is_decimal(value: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    value.bytes().all(is_allowed) && value.parse::<f64>().is_ok()
}

/// Whether a text has an allowed length, and no control characters but those that its value
/// representation allows.
fn is_text(vr: VR, text: &[u8]) -> bool {
    const ESCAPE: u8 = 0x1B;
    let (most, controls): (usize, &[u8]) = match vr {
        VR::AE | VR::SH => (16, &[ESCAPE]),
        VR::LO => (64, &[ESCAPE]),
        // Three groups of components (PS3.5 6.2.1).
        VR::PN => (3 * 64, &[ESCAPE]),
        VR::ST => (1024, b"\r\n\t\x0C\x1B"),
        VR::LT => (10_240, b"\r\n\t\x0C\x1B"),
        VR::UT => (usize::MAX / BYTES_PER_CHARACTER, b"\r\n\t\x0C\x1B"),
        _ => (usize::MAX / BYTES_PER_CHARACTER, &[ESCAPE]),
    };
    let padding = |byte: &u8| matches!(byte, b' ' | b'\0');
    let end = text.iter().rposition(|byte| !padding(byte)).map_or(0, |last| last + 1);
    let most =
        if text.is_ascii() && !text.contains(&ESCAPE) { most } else { most * BYTES_PER_CHARACTER };
    end <= most
        && text.iter().take(end).all(|byte| !byte.is_ascii_control() || controls.contains(byte))
}

/// Whether a value is of numbers of `size` bytes, not more than the attribute may have, and does
/// not read as text.
fn are_numbers(tag: Tag, value: &[u8], size: usize) -> bool {
    value.len().is_multiple_of(size)
        && match dictionary::max_count(tag) {
            Some(most) => value.len() <= most * size && !is_printable(value),
            None => !value.windows(TEXT_RUN).any(is_printable),
        }
}

/// Whether all bytes are printable, and too many for a coincidence.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.len() >= TEXT_RUN && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether all numbers are tags of attributes that the dictionary has.
fn are_tags(value: &[u8], order: Order) -> bool {
    let (tags, _) = value.as_chunks();
    let tag = |&[g0, g1, e0, e1]: &[u8; 4]| Tag(order.short([g0, g1]), order.short([e0, e1]));
    tags.iter().map(tag).all(dictionary::is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    fn stays(tag: Tag, vr: VR, value: &[u8]) -> bool {
        permitted(tag, vr, value, Order::Little) == Permitted::Whole
    }

    #[test]
    fn values_have_the_forms_of_table_6_2_1() {
        let good: [(VR, &[u8]); 16] = [
            (VR::AS, b"018M"),
            (VR::DA, b"20240229"),
            (VR::DA, b"20240229\\20240301 "),
            (VR::DT, b"20240229101112.123456+0100"),
            (VR::DT, b"2024"),
            (VR::TM, b"101112.5"),
            (VR::TM, b"10"),
            (VR::DS, b" 1.5e-3\\-7 "),
            (VR::DS, b"2048\0"),
            (VR::IS, b"-12"),
            (VR::UI, b"1.2.840\0"),
            (VR::LO, "Ångström".as_bytes()),
            (VR::LO, b"\x1B$B;3ED\x1B(B"),
            (VR::SH, b"T-D4000 "),
            (VR::ST, b"two\r\nlines"),
            (VR::PN, b"A^B=C^D=E^F"),
        ];
        for (vr, value) in good {
            assert!(stays(tags::ROWS, vr, value), "{vr:?} {value:?}");
        }
        let bad: [(VR, &[u8]); 20] = [
            (VR::AS, b"18 years"),
            (VR::AS, b"abcY"),
            (VR::DA, b"20240230"),
            (VR::DA, b"SECRET"),
            (VR::DT, b"20240229SECRET"),
            (VR::TM, b"0612345678"),
            (VR::TM, b"250000"),
            (VR::DS, b"NaN"),
            (VR::DS, b"infinity"),
            (VR::DS, b"SECRET"),
            (VR::DS, b"1.2345678901234567"),
            (VR::IS, b"12345678901"),
            (VR::IS, b"1.5"),
            (VR::UI, b"1.2.SECRET"),
            (VR::SH, b"a text of seventeen"),
            (VR::LO, &[b'x'; 65]),
            (VR::LO, b"two\nlines"),
            (VR::UR, b"a name"),
            (VR::UN, b"SECRET"),
            (VR::OB, b"SECRET"),
        ];
        for (vr, value) in bad {
            assert!(!stays(tags::ROWS, vr, value), "{vr:?} {value:?}");
        }
    }

    #[test]
    fn numbers_are_not_too_many_and_no_text() {
        assert!(stays(tags::ROWS, VR::US, &[1, 2]));
        assert!(!stays(tags::ROWS, VR::US, &[1, 2, 3, 4]) && !stays(tags::ROWS, VR::US, &[1]));
        assert!(stays(tags::LUT_DESCRIPTOR, VR::US, &[0, 1, 0, 0, 16, 0]));
        assert!(!stays(tags::LUT_DESCRIPTOR, VR::US, b"SECRET"));
        assert!(stays(tags::DIMENSION_INDEX_VALUES, VR::UL, &[1, 0, 0, 0, 2, 0, 0, 0]));
        assert!(!stays(tags::DIMENSION_INDEX_VALUES, VR::UL, b"\x01\0SECRET"));
        // Number of Frames, and no tag.
        assert!(stays(tags::FRAME_INCREMENT_POINTER, VR::AT, &[0x28, 0, 8, 0]));
        assert!(!stays(tags::FRAME_INCREMENT_POINTER, VR::AT, b"JOHN"));
    }
}
