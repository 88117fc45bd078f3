//! Values of elements: text, codes and numbers.

use super::header::Elements;
use super::text::{self, Decoded};
use super::vocabulary::Said;
use crate::error::{Error, Result};
use crate::limits::Limits;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Bytes of the longest text taken for one: identifiers have 64 characters at most.
const LONGEST_TEXT: usize = 1024;

impl<'a> Elements<'a> {
    /// The bytes of a value, if there are any.
    pub(super) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        self.values.get(&tag).map(|value| value.bytes).filter(|bytes| !bytes.is_empty())
    }

    /// A text without its padding, if there is any. What is not of its character set is guessed.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let bytes = self.bytes(tag).filter(|bytes| bytes.len() <= LONGEST_TEXT)?;
        unpadded(&self.decoded(tag, bytes).lenient)
    }

    /// The same, with U+FFFD for what is not of its character set, or for a text that is too long.
    pub(super) fn strict_text(&self, tag: Tag) -> Option<String> {
        let bytes = self.bytes(tag)?;
        if bytes.len() > LONGEST_TEXT {
            return Some(char::REPLACEMENT_CHARACTER.to_string());
        }
        unpadded(&self.decoded(tag, bytes).strict)
    }

    fn decoded(&self, tag: Tag, bytes: &[u8]) -> Decoded {
        text::decode(self.bytes(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default(), tag, bytes)
    }

    /// What a code string says, and what the first item of a sequence of codes does; nothing, where
    /// that is damaged.
    pub(super) fn said(&self, word: Tag, codes: Tag) -> Said {
        let item = self.first_item(codes).ok().flatten();
        let of_item = |tag| item.as_ref().and_then(|item| item.text(tag));
        let (code, meaning) = (of_item(tags::CODE_VALUE), of_item(tags::CODE_MEANING));
        Said { word: self.text(word), code, meaning }
    }

    /// Decimal or integer strings, as many as are numbers.
    pub(super) fn decimals(&self, tag: Tag) -> Vec<f64> {
        let text = self.text(tag).unwrap_or_default();
        text.split('\\')
            .map_while(|part| part.trim().parse().ok())
            .filter(|n: &f64| n.is_finite())
            .collect()
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
        let (pairs, _) = self.bytes(tag).unwrap_or_default().as_chunks();
        let order = self.order;
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

    /// Frames; one where the file does not say.
    pub(super) fn frames(&self) -> Result<u32> {
        match self.text(tags::NUMBER_OF_FRAMES) {
            None => Ok(1),
            Some(text) => text
                .parse()
                .ok()
                .filter(|frames| (1..=i32::MAX as u32).contains(frames))
                .ok_or_else(|| wrong("NumberOfFrames", &text, "1 or more")),
        }
    }
}

fn unpadded(text: &str) -> Option<String> {
    let text = text.trim_matches(['\0', ' ']);
    (!text.is_empty()).then(|| text.to_owned())
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
