//! From stored values to grey: bits, modality rescale, window, inversion (PS3.3 C.7.6.3, C.11.1, C.11.2).

/// How a pixel is stored.
pub(super) struct Encoding {
    /// Bits a pixel takes: 8 or 16.
    pub allocated: u32,
    /// Bits that mean something, the lowest ones.
    pub stored: u32,
    /// Two's complement.
    pub signed: bool,
    /// MONOCHROME1: low is white.
    pub inverted: bool,
}

impl Encoding {
    /// The first `count` values of little-endian bytes; none if there are too few. Bits above those stored,
    /// where old files keep overlays, are masked.
    pub(super) fn values(&self, bytes: &[u8], count: usize) -> Option<Vec<i32>> {
        if self.allocated == 8 {
            return Some(bytes.get(..count)?.iter().map(|&b| self.value(b.into())).collect());
        }
        let words = bytes.get(..count.checked_mul(2)?)?.chunks_exact(2);
        Some(words.map(|w| self.value(u16::from_le_bytes([w[0], w[1]]))).collect())
    }

    fn value(&self, raw: u16) -> i32 {
        let unused = 32 - self.stored;
        if self.signed {
            (i32::from(raw) << unused) >> unused
        } else {
            ((u32::from(raw) << unused) >> unused) as i32
        }
    }
}

/// A linear VOI window, in modality units.
pub(super) struct Window {
    pub centre: f64,
    pub width: f64,
}

/// What happens to stored values on their way to the screen.
pub(super) struct Pipeline {
    pub slope: f64,
    pub intercept: f64,
    pub window: Option<Window>,
    pub window_applies: bool,
    pub inverted: bool,
}

/// Grey in [0, 1]; without a window, from the smallest value of the picture to the largest.
pub(super) fn display(stored: &[i32], pipeline: &Pipeline) -> Vec<f32> {
    let modality = |value: i32| f64::from(value) * pipeline.slope + pipeline.intercept;
    let window = pipeline.window.as_ref().filter(|_| pipeline.window_applies);
    let (low, high) = match window {
        // PS3.3 C.11.2.1.2.1: from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
        Some(w) => (w.centre - 0.5 - (w.width - 1.0) / 2.0, w.centre - 0.5 + (w.width - 1.0) / 2.0),
        None => stored
            .iter()
            .map(|&v| modality(v))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v))),
    };
    let scale = 1.0 / (high - low).max(1e-9);
    let grey = |value: i32| ((modality(value) - low) * scale).clamp(0.0, 1.0) as f32;
    stored.iter().map(|&value| if pipeline.inverted { 1.0 - grey(value) } else { grey(value) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_above_those_stored_are_masked_and_signs_kept() {
        let unsigned = Encoding { allocated: 16, stored: 12, signed: false, inverted: false };
        assert_eq!(unsigned.values(&[0xFF, 0xFF, 0x01, 0x10], 2).unwrap(), [0x0FFF, 1]);
        let signed = Encoding { allocated: 16, stored: 12, signed: true, inverted: false };
        assert_eq!(signed.values(&[0xFF, 0x0F, 0xFF, 0x07], 2).unwrap(), [-1, 2047]);
        assert!(signed.values(&[0, 0, 0], 2).is_none());
    }

    #[test]
    fn window_rescale_and_inversion_follow_the_standard() {
        let window = Some(Window { centre: 100.5, width: 101.0 });
        let mut pipeline =
            Pipeline { slope: 2.0, intercept: -50.0, window, window_applies: true, inverted: false };
        // Modality values 50, 100, 150 are the window's start, middle and end.
        assert_eq!(display(&[50, 75, 100, 500], &pipeline), [0.0, 0.5, 1.0, 1.0]);
        pipeline.inverted = true;
        assert_eq!(display(&[50, 75, 100, 0], &pipeline), [1.0, 0.5, 0.0, 1.0]);
    }
}
