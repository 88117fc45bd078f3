//! Stored values to modality values (PS3.3 C.11.1).

use super::encoding::Encoding;
use super::header::Elements;
use super::lut::Lut;
use crate::warning::Warnings;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// Stored values to modality values.
#[derive(Debug)]
pub(super) enum Modality {
    Rescale { slope: f64, intercept: f64 },
    Table(Lut),
}

impl Modality {
    /// The first of several groups of attributes that says how; stored values as they are, where
    /// none does.
    pub(super) fn of<'a>(
        levels: impl Iterator<Item = &'a Elements<'a>>,
        encoding: &Encoding,
        warnings: &mut Warnings,
    ) -> Self {
        let sequence = (tags::MODALITY_LUT_SEQUENCE, "ModalityLUTSequence");
        for level in levels {
            if let Some(table) = Lut::of(level, sequence, &encoding.range(), warnings) {
                return Self::Table(table);
            }
            if let Some(rescale) = Self::rescale(level, warnings) {
                return rescale;
            }
        }
        Self::Rescale { slope: 1.0, intercept: 0.0 }
    }

    /// None where there is neither a slope nor an intercept.
    fn rescale(level: &Elements, warnings: &mut Warnings) -> Option<Self> {
        level.bytes(tags::RESCALE_SLOPE).or_else(|| level.bytes(tags::RESCALE_INTERCEPT))?;
        let mut number = |tag: Tag, attribute, usual: f64| {
            let number = level.numbers(tag).first().copied().flatten();
            number.filter(|n| *n != 0.0 || usual == 0.0).unwrap_or_else(|| {
                let got = level.text(tag).unwrap_or_else(|| "missing or empty".to_owned());
                let expected = if usual == 0.0 { "a number" } else { "a number other than 0" };
                warnings.add(attribute, got, expected, format!("{usual} was assumed"));
                usual
            })
        };
        let slope = number(tags::RESCALE_SLOPE, "RescaleSlope", 1.0);
        let intercept = number(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0);
        Some(Self::Rescale { slope, intercept })
    }

    /// The modality value of a stored one.
    pub(super) fn value(&self, stored: i32) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => f64::from(stored) * slope + intercept,
            Self::Table(table) => table.entry(stored.into()).into(),
        }
    }

    /// The least and the greatest value that stored ones in a range can become.
    pub(super) fn range(&self, stored: &RangeInclusive<f64>) -> RangeInclusive<f64> {
        match self {
            Self::Rescale { slope, intercept } => {
                let (a, b) = (stored.start() * slope + intercept, stored.end() * slope + intercept);
                a.min(b)..=a.max(b)
            }
            Self::Table(table) => table.range(),
        }
    }
}
