//! From stored values to grey: bits, modality rescale, window, inversion (PS3.3 C.7.6.3, C.11.1, C.11.2).

/// How a pixel is stored.
pub(super) struct Encoding {
    /// Bits a pixel takes: 8 or 16.
    pub(super) allocated: u32,
    /// Bits that mean something.
    pub(super) stored: u32,
    /// The lowest of them.
    pub(super) lowest: u32,
    /// Two's complement.
    pub(super) signed: bool,
    /// MONOCHROME1: low is white.
    pub(super) inverted: bool,
}

impl Encoding {
    /// The value of a pixel. Bits beside those stored, where old files keep overlays, are masked.
    pub(super) fn value(&self, raw: u16) -> i32 {
        let unused = 32 - self.stored;
        let raw = u32::from(raw >> self.lowest) << unused;
        if self.signed { raw as i32 >> unused } else { (raw >> unused) as i32 }
    }
}

/// How a VOI window runs from black to white.
#[derive(Clone, Copy)]
pub(super) enum WindowShape {
    Linear,
    LinearExact,
    Sigmoid,
}

/// A VOI window, in modality units.
pub(super) struct Window {
    pub(super) centre: f64,
    pub(super) width: f64,
    pub(super) shape: WindowShape,
}

/// What happens to stored values on their way to the screen.
pub(super) struct Pipeline {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) window: Option<Window>,
    /// Low is white.
    pub(super) inverted: bool,
}

/// Grey in [0, 1]; without a window, from the smallest value of the picture to the largest.
pub(super) fn display(stored: impl Iterator<Item = i32> + Clone, pipeline: &Pipeline) -> Vec<f32> {
    let Pipeline { slope, intercept, inverted, .. } = *pipeline;
    let modality = move |value: i32| f64::from(value) * slope + intercept;
    let turned = |grey: f64| (if inverted { 1.0 - grey } else { grey }) as f32;
    let (low, high) = match pipeline.window {
        // PS3.3 C.11.2.1.3.1: y = 1 / (1 + exp(−4 (x − c) / w)).
        Some(Window { centre, width, shape: WindowShape::Sigmoid }) => {
            let grey = |value| 1.0 / (1.0 + (-4.0 * (modality(value) - centre) / width).exp());
            return stored.map(|value| turned(grey(value))).collect();
        }
        // PS3.3 C.11.2.1.3.2: from c − w/2 to c + w/2.
        Some(Window { centre, width, shape: WindowShape::LinearExact }) => {
            (centre - width / 2.0, centre + width / 2.0)
        }
        // PS3.3 C.11.2.1.2.1: from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
        Some(Window { centre, width, shape: WindowShape::Linear }) => {
            (centre - 0.5 - (width - 1.0) / 2.0, centre - 0.5 + (width - 1.0) / 2.0)
        }
        None => {
            let widen = |(low, high): (f64, f64), value| (low.min(value), high.max(value));
            stored.clone().map(modality).fold((f64::INFINITY, f64::NEG_INFINITY), widen)
        }
    };
    let scale = 1.0 / (high - low).max(1e-9);
    stored.map(|value| turned(((modality(value) - low) * scale).clamp(0.0, 1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(encoding: &Encoding, raw: &[u16]) -> Vec<i32> {
        raw.iter().map(|&r| encoding.value(r)).collect()
    }

    #[test]
    fn bits_beside_those_stored_are_masked_and_signs_kept() {
        let unsigned = Encoding { allocated: 16, stored: 12, lowest: 0, signed: false, inverted: false };
        assert_eq!(values(&unsigned, &[0xFFFF, 0x1001]), [0x0FFF, 1]);
        let signed = Encoding { signed: true, ..unsigned };
        assert_eq!(values(&signed, &[0x0FFF, 0x07FF, 0xF800]), [-1, 2047, -2048]);
        let upper = Encoding { lowest: 4, signed: false, ..signed };
        assert_eq!(values(&upper, &[0xFFFF, 0x001F]), [0x0FFF, 1]);
        let all = Encoding { allocated: 16, stored: 16, lowest: 0, signed: true, inverted: false };
        assert_eq!(values(&all, &[0x8000, 0x7FFF]), [-32768, 32767]);
    }

    #[test]
    fn window_rescale_and_inversion_follow_the_standard() {
        let window = |shape, width| Some(Window { centre: 100.5, width, shape });
        let mut pipeline = Pipeline {
            slope: 2.0,
            intercept: -50.0,
            window: window(WindowShape::Linear, 101.0),
            inverted: false,
        };
        let grey = |pipeline: &Pipeline, stored: [i32; 4]| display(stored.into_iter(), pipeline);
        // Modality values 50, 100, 150 are the window's start, middle and end.
        assert_eq!(grey(&pipeline, [50, 75, 100, 500]), [0.0, 0.5, 1.0, 1.0]);
        pipeline.inverted = true;
        assert_eq!(grey(&pipeline, [50, 75, 100, 0]), [1.0, 0.5, 0.0, 1.0]);
        // A width of 1 is a step: black up to c − 0.5, white above.
        pipeline = Pipeline { window: window(WindowShape::Linear, 1.0), inverted: false, ..pipeline };
        assert_eq!(grey(&pipeline, [0, 75, 76, 500]), [0.0, 0.0, 1.0, 1.0]);
        // From 50.5 to 150.5.
        pipeline.window = window(WindowShape::LinearExact, 100.0);
        assert_eq!(grey(&pipeline, [0, 75, 101, 500]), [0.0, 0.495, 1.0, 1.0]);
        pipeline.window = window(WindowShape::Sigmoid, 100.0);
        // x − c = 49.5 at 100: 1 / (1 + exp(−1.98)).
        assert!((grey(&pipeline, [100, 0, 0, 0])[0] - 0.878_681).abs() < 1e-6);
    }

    #[test]
    fn without_a_window_the_picture_sets_the_range_and_a_constant_one_is_black() {
        let pipeline = Pipeline { slope: -1.0, intercept: 0.0, window: None, inverted: false };
        assert_eq!(display([0, 5, 10].into_iter(), &pipeline), [1.0, 0.5, 0.0]);
        assert_eq!(display([7, 7].into_iter(), &pipeline), [0.0, 0.0]);
    }
}
