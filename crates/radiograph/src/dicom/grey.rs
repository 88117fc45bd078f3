//! From stored values to grey (PS3.3 C.11): modality, padding, values of interest, presentation.
//!
//! Every step maps one value to one value, so that all of them together are a table: a pixel costs
//! one look-up.

use super::attributes::wrong;
use super::encoding::{Encoding, Photometric};
use super::header::Elements;
use super::lut::Lut;
use crate::error::Result;
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// Share of the pixels that may turn black, and that may turn white, where a file gives no window.
const CLIP: f64 = 0.001;

/// Stored values to modality values (PS3.3 C.11.1).
#[derive(Debug)]
enum Modality {
    Rescale { slope: f64, intercept: f64 },
    Table(Lut),
}

/// How a window runs from black to white (PS3.3 C.11.2.1.3).
#[derive(Clone, Copy, Debug)]
enum Shape {
    Linear,
    LinearExact,
    Sigmoid,
}

/// Modality values to grey (PS3.3 C.11.2).
#[derive(Debug)]
enum Interest {
    Window {
        centre: f64,
        width: f64,
        shape: Shape,
    },
    Table(Lut),
    /// The file does not say: from nearly the smallest value to nearly the largest.
    Automatic,
}

/// What happens to stored values on their way to the screen.
#[derive(Debug)]
pub(super) struct Pipeline {
    modality: Modality,
    interest: Interest,
    presentation: Option<Lut>,
    /// Low is white.
    inverted: bool,
    /// Stored values that are no picture: they are black, and count for no window.
    padding: Option<RangeInclusive<i32>>,
}

impl Pipeline {
    /// Reads and checks the attributes.
    pub(super) fn of(elements: &Elements, encoding: &Encoding) -> Result<Self> {
        let modality = modality(elements, encoding)?;
        // PS3.3 C.11.2.1.1: the table's input is what the modality step gives, and is signed as
        // that is.
        let signed = match &modality {
            Modality::Rescale { slope, intercept } => {
                let lowest = if encoding.signed { -1.0 } else { 0.0 };
                encoding.signed || intercept + slope.min(slope * lowest) < 0.0
            }
            Modality::Table(_) => false,
        };
        let interest = match Lut::of(elements, tags::VOILUT_SEQUENCE, signed)? {
            Some(table) => Interest::Table(table),
            None => window(elements)?,
        };
        Ok(Self {
            modality,
            interest,
            presentation: Lut::of(elements, tags::PRESENTATION_LUT_SEQUENCE, false)?,
            inverted: inverted(elements, encoding),
            padding: padding(elements, encoding),
        })
    }

    /// The grey, in [0, 1], of every word that a pixel of this frame can be stored as.
    pub(super) fn table(&self, encoding: &Encoding, frame: &[u16]) -> Vec<f32> {
        let words = 0..=u16::MAX >> (16 - encoding.allocated);
        let interest = match &self.interest {
            Interest::Automatic => &self.automatic(encoding, frame),
            given => given,
        };
        words.map(|word| self.grey(encoding.value(word), interest) as f32).collect()
    }

    /// Whether low values are white.
    pub(super) fn inverted(&self) -> bool {
        self.inverted
    }

    fn grey(&self, stored: i32, interest: &Interest) -> f64 {
        if self.is_padding(stored) {
            return 0.0;
        }
        let grey = interest.grey(self.modality.value(stored));
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
        Interest::Window { centre: low + width / 2.0, width, shape: Shape::LinearExact }
    }
}

impl Modality {
    fn value(&self, stored: i32) -> f64 {
        match self {
            Self::Rescale { slope, intercept } => f64::from(stored) * slope + intercept,
            Self::Table(table) => table.entry(stored.into()).into(),
        }
    }
}

impl Interest {
    fn grey(&self, value: f64) -> f64 {
        let ramp = |low: f64, width: f64| ((value - low) / width.max(1e-9)).clamp(0.0, 1.0);
        match self {
            // PS3.3 C.11.2.1.3.1: y = 1 / (1 + exp(−4 (x − c) / w)).
            Self::Window { centre, width, shape: Shape::Sigmoid } => {
                1.0 / (1.0 + (-4.0 * (value - centre) / width).exp())
            }
            // PS3.3 C.11.2.1.3.2: from c − w/2 to c + w/2.
            Self::Window { centre, width, shape: Shape::LinearExact } => {
                ramp(centre - width / 2.0, *width)
            }
            // PS3.3 C.11.2.1.2.1: from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
            Self::Window { centre, width, shape: Shape::Linear } => {
                ramp(centre - 0.5 - (width - 1.0) / 2.0, width - 1.0)
            }
            Self::Table(table) => table.share(value),
            Self::Automatic => 0.0,
        }
    }
}

fn modality(elements: &Elements, encoding: &Encoding) -> Result<Modality> {
    if let Some(table) = Lut::of(elements, tags::MODALITY_LUT_SEQUENCE, encoding.signed)? {
        return Ok(Modality::Table(table));
    }
    let slope = elements.decimal(tags::RESCALE_SLOPE).unwrap_or(1.0);
    if slope == 0.0 {
        return Err(wrong("RescaleSlope", "0", "not 0"));
    }
    Ok(Modality::Rescale {
        slope,
        intercept: elements.decimal(tags::RESCALE_INTERCEPT).unwrap_or(0.0),
    })
}

/// The first window, if there is one whose width has a meaning.
fn window(elements: &Elements) -> Result<Interest> {
    let function = elements.text(tags::VOILUT_FUNCTION);
    let (shape, narrowest) = match function.as_deref().unwrap_or("LINEAR") {
        "LINEAR" => (Shape::Linear, 1.0),
        "LINEAR_EXACT" => (Shape::LinearExact, f64::MIN_POSITIVE),
        "SIGMOID" => (Shape::Sigmoid, f64::MIN_POSITIVE),
        other => return Err(wrong("VOILUTFunction", other, "LINEAR, LINEAR_EXACT or SIGMOID")),
    };
    let found = elements.decimal(tags::WINDOW_CENTER).zip(elements.decimal(tags::WINDOW_WIDTH));
    Ok(match found.filter(|&(_, width)| width >= narrowest) {
        Some((centre, width)) => Interest::Window { centre, width, shape },
        None => Interest::Automatic,
    })
}

/// PS3.3 C.11.6: the shape says it, where there is one; otherwise the photometric interpretation.
fn inverted(elements: &Elements, encoding: &Encoding) -> bool {
    match elements.text(tags::PRESENTATION_LUT_SHAPE).as_deref() {
        Some("INVERSE") => true,
        Some("IDENTITY") => false,
        _ => encoding.photometric == Photometric::Monochrome { inverted: true },
    }
}

/// PS3.3 C.7.5.1.1.2: one value, or all between two.
fn padding(elements: &Elements, encoding: &Encoding) -> Option<RangeInclusive<i32>> {
    let stored = |word: u16| if encoding.signed { i32::from(word as i16) } else { i32::from(word) };
    let value = stored(elements.short(tags::PIXEL_PADDING_VALUE)?);
    let limit = elements.short(tags::PIXEL_PADDING_RANGE_LIMIT).map_or(value, stored);
    Some(value.min(limit)..=value.max(limit))
}
