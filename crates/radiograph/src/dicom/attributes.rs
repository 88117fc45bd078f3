//! Values of elements: text, codes and numbers.

use super::header::{Elements, Value};
use super::vocabulary::Said;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::warning::Warnings;
use dicom::text;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

/// Bytes of the longest list of numbers taken for one.
const LONGEST_LIST: usize = 1024;
/// The largest number taken for one.
const LARGEST_NUMBER: f64 = 1e15;

impl<'a> Elements<'a> {
    /// The bytes of a value, if there are any.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        self.values.get(&tag).map(|value| value.bytes).filter(|bytes| !bytes.is_empty())
    }

    /// A text without its padding, if there is any. What is not of its character set is guessed.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        text::lenient(self.character_sets(), tag, self.bytes(tag)?)
    }

    /// The same, with U+FFFD for what is not of its character set, or for a text that is too long.
    pub(super) fn strict_text(&self, tag: Tag) -> Option<String> {
        text::strict(self.character_sets(), tag, self.bytes(tag)?)
    }

    fn character_sets(&self) -> &'a [u8] {
        self.bytes(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default()
    }

    /// The value of a code string, and the code and meaning of a code sequence's first item.
    /// Damaged values count as missing.
    pub(super) fn said(&self, word: Tag, codes: Tag) -> Said {
        let item = self.first_item(codes).ok().flatten();
        let of_item = |tag| item.as_ref().and_then(|item| item.text(tag));
        let (code, meaning) = (of_item(tags::CODE_VALUE), of_item(tags::CODE_MEANING));
        Said { word: self.text(word), code, meaning }
    }

    /// Decimal or integer strings, as many as are numbers.
    pub(super) fn decimals(&self, tag: Tag) -> Vec<f64> {
        self.numbers(tag).into_iter().map_while(|number| number).collect()
    }

    /// Decimal or integer strings, or numbers that were written in binary; none for each that is no
    /// number.
    pub(super) fn numbers(&self, tag: Tag) -> Vec<Option<f64>> {
        match self.values.get(&tag).and_then(Value::binary) {
            Some(numbers) => numbers.into_iter().map(reasonable).collect(),
            None => self.text(tag).map_or_else(Vec::new, |text| {
                text.split('\\').map(|part| decimal(part).and_then(reasonable)).collect()
            }),
        }
    }

    /// The first of one or several decimal strings.
    pub(super) fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag).first().copied()
    }

    /// The first of one or several numbers of two bytes.
    pub(super) fn short(&self, tag: Tag) -> Option<u16> {
        self.shorts(tag).next()
    }

    /// Numbers of two bytes.
    pub(super) fn shorts(&self, tag: Tag) -> impl Iterator<Item = u16> + use<'a> {
        let value = self.values.get(&tag);
        let (pairs, _) = value.map(|value| value.bytes).unwrap_or_default().as_chunks();
        let order = value.map_or(self.order, |value| value.inside.order);
        pairs.iter().map(move |&pair| order.short(pair))
    }

    pub(super) fn required(
        &self,
        tag: Tag,
        attribute: &'static str,
        expected: &'static str,
    ) -> Result<u16> {
        self.short(tag).ok_or_else(|| wrong(attribute, "missing", expected))
    }

    /// Columns and rows, within the limits.
    pub(super) fn sides(&self, limits: &Limits) -> Result<(u32, u32)> {
        let rows = self.required(tags::ROWS, "Rows", "1 to 65535")?;
        let columns = self.required(tags::COLUMNS, "Columns", "1 to 65535")?;
        for (attribute, side) in [("Rows", rows), ("Columns", columns)] {
            if side == 0 {
                return Err(wrong(attribute, "0", "1 to 65535"));
            }
        }
        limits.check_sides(
            "DICOM attribute (0028,0011) Columns, with (0028,0010) Rows,",
            columns.into(),
            rows.into(),
        )?;
        Ok((columns.into(), rows.into()))
    }

    /// Frames; one where the file does not say, or says nonsense.
    pub(super) fn frames(&self, warnings: &mut Warnings) -> u32 {
        if self.bytes(tags::NUMBER_OF_FRAMES).is_none() {
            return 1;
        }
        let number = self.numbers(tags::NUMBER_OF_FRAMES).first().copied().flatten();
        match number.filter(|n| n.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(n)) {
            Some(frames) => frames as u32,
            None => {
                let got = self.text(tags::NUMBER_OF_FRAMES).unwrap_or_default();
                warnings.add("NumberOfFrames", got, "1 or more", "1 was assumed");
                1
            }
        }
    }
}

impl Value<'_> {
    /// The numbers of a value representation of numbers.
    fn binary(&self) -> Option<Vec<f64>> {
        if self.bytes.len() > LONGEST_LIST {
            return None;
        }
        let order = self.inside.order;
        let (twos, _) = self.bytes.as_chunks::<2>();
        let (fours, _) = self.bytes.as_chunks::<4>();
        let (eights, _) = self.bytes.as_chunks::<8>();
        let shorts = twos.iter().map(|&bytes| order.short(bytes));
        let longs = fours.iter().map(|&bytes| order.long(bytes));
        match self.vr? {
            VR::US => Some(shorts.map(f64::from).collect()),
            VR::SS => Some(shorts.map(|n| f64::from(n as i16)).collect()),
            VR::UL => Some(longs.map(f64::from).collect()),
            VR::SL => Some(longs.map(|n| f64::from(n as i32)).collect()),
            VR::FL => Some(longs.map(|n| f64::from(f32::from_bits(n))).collect()),
            VR::FD => Some(eights.iter().map(|&bytes| order.double(bytes)).collect()),
            _ => None,
        }
    }
}

/// A decimal string, also one with a decimal comma.
fn decimal(part: &str) -> Option<f64> {
    part.trim_matches([' ', '\0', '\t', '\r', '\n']).replacen(',', ".", 1).parse().ok()
}

/// Sums and quotients of such numbers are numbers.
fn reasonable(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.abs() <= LARGEST_NUMBER)
}

/// An attribute that makes no sense. What was found may be anything: it is shortened, and shown
/// without control characters.
pub(super) fn wrong(attribute: &'static str, got: &str, expected: &'static str) -> Error {
    let got = if got.is_empty() {
        "empty".into()
    } else {
        got.chars().take(64).flat_map(char::escape_debug).collect()
    };
    Error::DicomAttribute { attribute, got, expected }
}
