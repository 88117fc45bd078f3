//! The steps from stored values to grey (PS3.3 C.11): modality, padding, values of interest,
//! presentation.
//!
//! Every step maps one value to one value, so that all of them together are a table: a pixel costs
//! one look-up.

use super::encoding::{Encoding, Photometric};
use super::groups::Groups;
use super::header::Elements;
use super::lut::Lut;
use super::modality::Modality;
use super::window::{Shape, Window};
use crate::warning::Warnings;
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// Share of the pixels that may turn black, and that may turn white, where a file gives no window.
const CLIP: f64 = 0.001;

/// Modality values to grey (PS3.3 C.11.2).
#[derive(Debug)]
enum Interest {
    Window(Window),
    Table(Lut),
    /// The file does not say: from nearly the smallest value to nearly the largest.
    Automatic,
}

/// The steps from stored values to grey levels on a screen.
#[derive(Debug)]
pub(super) struct Pipeline {
    modality: Modality,
    interest: Interest,
    presentation: Option<Lut>,
    /// True if low values are white.
    inverted: bool,
    /// Stored values that are no picture. They are black, and do not count for an automatic window.
    padding: Option<RangeInclusive<i32>>,
}

impl Pipeline {
    /// Reads the attributes. What makes no sense of them is left out.
    pub(super) fn of(
        elements: &Elements,
        groups: &Groups,
        encoding: &Encoding,
        warnings: &mut Warnings,
    ) -> Self {
        let levels = |of_frames| Groups::levels(of_frames, elements);
        let modality = Modality::of(levels(&groups.transformations), encoding, warnings);
        let values = modality.range(&encoding.range());
        let found =
            levels(&groups.windows).find_map(|level| Interest::of(level, &values, warnings));
        let table = (tags::PRESENTATION_LUT_SEQUENCE, "PresentationLUTSequence");
        Self {
            modality,
            interest: found.unwrap_or(Interest::Automatic),
            presentation: Lut::of(elements, table, &(0.0..=f64::from(u16::MAX)), warnings),
            inverted: inverted(elements, encoding, warnings),
            padding: padding(elements, encoding, warnings),
        }
    }

    /// The same with a window for this frame, where the file gives none. Colours need none: their
    /// luminance is grey already.
    pub(super) fn of_frame(self, encoding: &Encoding, frame: &[u16]) -> Self {
        match (&self.interest, encoding.photometric) {
            (Interest::Automatic, Photometric::Monochrome { .. }) => {
                Self { interest: self.automatic(encoding, frame), ..self }
            }
            _ => self,
        }
    }

    /// The grey, in [0, 1], of every word that a pixel can be stored as.
    pub(super) fn table(&self, encoding: &Encoding) -> Vec<f32> {
        let words = 0..=u16::MAX >> (16 - encoding.allocated);
        words.map(|word| self.grey(encoding.value(word)) as f32).collect()
    }

    /// The modality values that are black and white, if grey is linear between them.
    pub(super) fn window(&self, encoding: &Encoding) -> Option<[f64; 2]> {
        let monochrome = matches!(encoding.photometric, Photometric::Monochrome { .. });
        let Interest::Window(window) = &self.interest else { return None };
        let [low, high] = window.ends().filter(|_| monochrome && self.presentation.is_none())?;
        Some(if self.inverted { [high, low] } else { [low, high] })
    }

    /// Whether low values are white.
    pub(super) fn inverted(&self) -> bool {
        self.inverted
    }

    fn grey(&self, stored: i32) -> f64 {
        if self.is_padding(stored) {
            return 0.0;
        }
        let grey = self.interest.grey(self.modality.value(stored));
        let grey = self.presentation.as_ref().map_or(grey, |table| table.share_of_share(grey));
        if self.inverted { 1.0 - grey } else { grey }
    }

    fn is_padding(&self, stored: i32) -> bool {
        self.padding.as_ref().is_some_and(|padding| padding.contains(&stored))
    }

    /// A window from the value that [`CLIP`] of the pixels lie below to the one that as many lie
    /// above.
    fn automatic(&self, encoding: &Encoding, frame: &[u16]) -> Interest {
        let mut counts = vec![0_u64; 1 << encoding.allocated];
        frame.iter().for_each(|&word| counts[usize::from(word)] += 1);
        let mut values: Vec<(f64, u64)> = (0..=u16::MAX)
            .zip(counts)
            .filter(|&(word, count)| count > 0 && !self.is_padding(encoding.value(word)))
            .map(|(word, count)| (self.modality.value(encoding.value(word)), count))
            .collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = values.iter().map(|(_, count)| count).sum();
        let at = |share: f64| {
            let mut left = (share * total.saturating_sub(1) as f64).round() as u64;
            let reached = |&&(_, count): &&(f64, u64)| {
                left.checked_sub(count).map(|rest| left = rest).is_none()
            };
            values.iter().find(reached).map_or(0.0, |&(value, _)| value)
        };
        let (low, high) = (at(CLIP), at(1.0 - CLIP));
        let width = (high - low).max(f64::MIN_POSITIVE);
        Interest::Window(Window { centre: low + width / 2.0, width, shape: Shape::LinearExact })
    }
}

impl Interest {
    /// The table of a group of attributes, or else its window, if it has one.
    fn of(level: &Elements, values: &RangeInclusive<f64>, warnings: &mut Warnings) -> Option<Self> {
        let table = Lut::of(level, (tags::VOILUT_SEQUENCE, "VOILUTSequence"), values, warnings);
        table.map(Self::Table).or_else(|| Window::of(level, warnings).map(Self::Window))
    }

    fn grey(&self, value: f64) -> f64 {
        match self {
            Self::Window(window) => window.grey(value),
            Self::Table(table) => table.share(value),
            Self::Automatic => 0.0,
        }
    }
}

/// PS3.3 C.11.6: the shape says it, where there is one; otherwise the photometric interpretation.
fn inverted(elements: &Elements, encoding: &Encoding, warnings: &mut Warnings) -> bool {
    let monochrome1 = encoding.photometric == Photometric::Monochrome { inverted: true };
    let Some(shape) = elements.text(tags::PRESENTATION_LUT_SHAPE) else { return monochrome1 };
    match shape.to_ascii_uppercase().as_str() {
        "INVERSE" => true,
        "IDENTITY" => false,
        _ => {
            let assumed = "PhotometricInterpretation was believed";
            warnings.add("PresentationLUTShape", shape, "IDENTITY or INVERSE", assumed);
            monochrome1
        }
    }
}

/// PS3.3 C.7.5.1.1.2: one value, or all between two. What would leave no picture is left out.
fn padding(
    elements: &Elements,
    encoding: &Encoding,
    warnings: &mut Warnings,
) -> Option<RangeInclusive<i32>> {
    let stored = |word: u16| if encoding.signed { i32::from(word as i16) } else { i32::from(word) };
    let value = stored(elements.short(tags::PIXEL_PADDING_VALUE)?);
    let limit = elements.short(tags::PIXEL_PADDING_RANGE_LIMIT).map_or(value, stored);
    let padding = value.min(limit)..=value.max(limit);
    let all = encoding.range();
    if f64::from(*padding.start()) <= *all.start() && f64::from(*padding.end()) >= *all.end() {
        let got = format!("{limit}, from {value}");
        let expected = "a range that leaves values to the picture";
        warnings.add("PixelPaddingRangeLimit", got, expected, "it was left out");
        return None;
    }
    Some(padding)
}
