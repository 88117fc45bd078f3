//! Windows of values of interest (PS3.3 C.11.2.1.2 and C.11.2.1.3).

use super::header::Elements;
use crate::warning::Warnings;
use dicom_dictionary_std::tags;

/// The curve of a window from black to white (PS3.3 C.11.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    Linear,
    LinearExact,
    Sigmoid,
}

/// A range of modality values that are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) centre: f64,
    pub(super) width: f64,
    pub(super) shape: Shape,
}

impl Window {
    /// The first window whose width has a meaning.
    pub(super) fn of(level: &Elements, warnings: &mut Warnings) -> Option<Self> {
        level.bytes(tags::WINDOW_CENTER).or_else(|| level.bytes(tags::WINDOW_WIDTH))?;
        let (centres, widths) =
            (level.numbers(tags::WINDOW_CENTER), level.numbers(tags::WINDOW_WIDTH));
        let mut pairs = centres.iter().zip(&widths).map(|(&centre, &width)| centre.zip(width));
        let at = pairs.position(|pair| pair.is_some_and(|(_, width)| width > 0.0));
        if at != Some(0) {
            let got = |tag| level.text(tag).unwrap_or_else(|| "missing".to_owned());
            let (centre, width) = (got(tags::WINDOW_CENTER), got(tags::WINDOW_WIDTH));
            let assumed = match at {
                Some(_) => "the first such window was taken",
                None => "the range of values was shown",
            };
            let got = format!("{width} with a centre of {centre}");
            warnings.add("WindowWidth", got, "a number above 0, and a centre", assumed);
        }
        let (centre, width) = centres[at?].zip(widths[at?])?;
        let shape = match shape(level, warnings) {
            // A linear window of less than 1 has no meaning but as an exact one.
            Shape::Linear if width < 1.0 => Shape::LinearExact,
            shape => shape,
        };
        Some(Self { centre, width, shape })
    }

    /// Its lower and upper end, if grey is linear between them.
    pub(super) fn ends(&self) -> Option<[f64; 2]> {
        let half = self.width / 2.0;
        (self.shape != Shape::Sigmoid).then_some([self.centre - half, self.centre + half])
    }

    /// The grey of a modality value, in [0, 1].
    pub(super) fn grey(&self, value: f64) -> f64 {
        let Self { centre, width, shape } = *self;
        let ramp = |low: f64, width: f64| ((value - low) / width.max(1e-9)).clamp(0.0, 1.0);
        match shape {
            // PS3.3 C.11.2.1.3.1: y = 1 / (1 + exp(−4 (x − c) / w)).
            Shape::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - centre) / width).exp()),
            // PS3.3 C.11.2.1.3.2: from c − w/2 to c + w/2.
            Shape::LinearExact => ramp(centre - width / 2.0, width),
            // PS3.3 C.11.2.1.2.1: from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
            Shape::Linear => ramp(centre - 0.5 - (width - 1.0) / 2.0, width - 1.0),
        }
    }
}

fn shape(level: &Elements, warnings: &mut Warnings) -> Shape {
    let Some(function) = level.text(tags::VOILUT_FUNCTION) else { return Shape::Linear };
    let (shape, term) = match function.to_ascii_uppercase().replace([' ', '-'], "_").as_str() {
        "LINEAR_EXACT" => (Shape::LinearExact, "LINEAR_EXACT"),
        "SIGMOID" => (Shape::Sigmoid, "SIGMOID"),
        _ => (Shape::Linear, "LINEAR"),
    };
    if function != term {
        let expected = "LINEAR, LINEAR_EXACT or SIGMOID";
        warnings.add("VOILUTFunction", function, expected, format!("{term} was assumed"));
    }
    shape
}
