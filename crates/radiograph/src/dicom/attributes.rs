//! Values of elements: text in its character set, numbers, and the attributes that describe the picture.

use super::grey::{Encoding, Pipeline, Window, WindowShape};
use super::header::Elements;
use crate::decode::Limits;
use crate::error::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

/// Bytes of the longest text taken for one: identifiers have 64 characters at most.
const LONGEST_TEXT: usize = 1024;

impl Elements<'_> {
    /// A text without its padding, if there is any.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let bytes = self.values.get(&tag).filter(|bytes| bytes.len() <= LONGEST_TEXT)?;
        let text = self
            .character_set()
            .decode(bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
        let text = text.trim_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// PS3.3 C.12.1.1.2; the first of several, as only person names and the like change sets within a value.
    fn character_set(&self) -> SpecificCharacterSet {
        let bytes = self.values.get(&tags::SPECIFIC_CHARACTER_SET).copied().unwrap_or_default();
        let code = bytes.split(|&b| b == b'\\').next().unwrap_or_default();
        let code = std::str::from_utf8(code).unwrap_or_default().trim_matches(['\0', ' ']);
        SpecificCharacterSet::from_code(code).unwrap_or_default()
    }

    /// The first of one or several decimal strings.
    fn decimal(&self, tag: Tag) -> Option<f64> {
        let text = self.text(tag)?;
        text.split('\\').next()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn short(&self, tag: Tag) -> Option<u16> {
        Some(u16::from_le_bytes(*self.values.get(&tag)?.first_chunk()?))
    }

    fn required(&self, tag: Tag, attribute: &'static str, expected: &'static str) -> Result<u16> {
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
        limits.check_pixels(columns.into(), rows.into())?;
        Ok((columns.into(), rows.into()))
    }

    /// How pixels are stored (PS3.3 C.7.6.3).
    pub(super) fn encoding(&self) -> Result<Encoding> {
        let allocated = self.required(tags::BITS_ALLOCATED, "BitsAllocated", "8 or 16")?;
        let stored = self.short(tags::BITS_STORED).unwrap_or(allocated);
        let high = self.short(tags::HIGH_BIT).unwrap_or(stored.saturating_sub(1));
        let samples = self.short(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let photometric = self.text(tags::PHOTOMETRIC_INTERPRETATION).unwrap_or_default();
        if !matches!(allocated, 8 | 16) {
            return Err(wrong("BitsAllocated", &allocated.to_string(), "8 or 16"));
        }
        if stored == 0 || stored > allocated {
            return Err(wrong("BitsStored", &stored.to_string(), "1 to BitsAllocated"));
        }
        if high >= allocated || high + 1 < stored {
            return Err(wrong("HighBit", &high.to_string(), "BitsStored − 1 to BitsAllocated − 1"));
        }
        if samples != 1 {
            return Err(wrong("SamplesPerPixel", &samples.to_string(), "1, as greyscale radiographs have"));
        }
        if !matches!(photometric.as_str(), "MONOCHROME1" | "MONOCHROME2") {
            return Err(wrong("PhotometricInterpretation", &photometric, "MONOCHROME1 or MONOCHROME2"));
        }
        Ok(Encoding {
            allocated: allocated.into(),
            stored: stored.into(),
            lowest: (high + 1 - stored).into(),
            signed: self.short(tags::PIXEL_REPRESENTATION) == Some(1),
            inverted: photometric == "MONOCHROME1",
        })
    }

    /// What turns stored values into grey (PS3.3 C.11.1 and C.11.2).
    pub(super) fn pipeline(&self, encoding: &Encoding) -> Result<Pipeline> {
        let slope = self.decimal(tags::RESCALE_SLOPE).unwrap_or(1.0);
        if slope == 0.0 {
            return Err(wrong("RescaleSlope", "0", "not 0"));
        }
        // A modality table is not applied; the window, which is in the table's units, is void then.
        let window =
            if self.values.contains_key(&tags::MODALITY_LUT_SEQUENCE) { None } else { self.window()? };
        let intercept = self.decimal(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
        Ok(Pipeline { slope, intercept, window, inverted: encoding.inverted })
    }

    /// The first window, if there is one whose width has a meaning.
    fn window(&self) -> Result<Option<Window>> {
        let function = self.text(tags::VOILUT_FUNCTION);
        let (shape, narrowest) = match function.as_deref().unwrap_or("LINEAR") {
            "LINEAR" => (WindowShape::Linear, 1.0),
            "LINEAR_EXACT" => (WindowShape::LinearExact, f64::MIN_POSITIVE),
            "SIGMOID" => (WindowShape::Sigmoid, f64::MIN_POSITIVE),
            other => return Err(wrong("VOILUTFunction", other, "LINEAR, LINEAR_EXACT or SIGMOID")),
        };
        let found = self.decimal(tags::WINDOW_CENTER).zip(self.decimal(tags::WINDOW_WIDTH));
        Ok(found.filter(|(_, width)| *width >= narrowest).map(|(centre, width)| Window {
            centre,
            width,
            shape,
        }))
    }
}

/// An attribute that makes no sense. What was found may be anything: it is shortened, and shown without control
/// characters.
pub(super) fn wrong(attribute: &'static str, got: &str, expected: &'static str) -> Error {
    let got = if got.is_empty() {
        "empty".into()
    } else {
        got.chars().take(64).flat_map(char::escape_debug).collect()
    };
    Error::DicomAttribute { attribute, got, expected }
}
