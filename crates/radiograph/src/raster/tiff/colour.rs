//! The meaning of samples, and their grey (TIFF 6.0, sections 8, 16, 20 and 21).

use super::super::luma;
use super::bad;
use super::directory::Directory;
use super::samples::Form;
use crate::error::Result;

const COLOUR_MAP: u16 = 320;
const INK_SET: u16 = 332;
const COEFFICIENTS: u16 = 529;
const REFERENCE: u16 = 532;

/// The meaning of a pixel's samples.
pub(super) enum Colour {
    /// The first sample is grey.
    Grey,
    /// The first sample is an index of this table of greys.
    Palette(Vec<f32>),
    Rgb,
    Cmyk,
    YCbCr(Luminance),
}

/// The weights and ranges by which luminance and differences of colour become red, green and blue.
pub(super) struct Luminance {
    /// Parts of red, green and blue in the luminance.
    parts: [f32; 3],
    /// Values, from 0 to 1, of black or no difference, and extents to the largest.
    black: [f32; 3],
    extent: [f32; 3],
}

impl Colour {
    /// Reads what samples of this form mean.
    ///
    /// # Errors
    /// [`crate::Error::Raster`], also for kinds that are not read.
    pub(super) fn of(photometric: u64, directory: &Directory, form: &Form) -> Result<Self> {
        let colour = match photometric {
            0 | 1 => Self::Grey,
            2 => Self::Rgb,
            3 => Self::Palette(palette(directory, form)?),
            5 if directory.value(INK_SET)?.unwrap_or(1) == 1 => Self::Cmyk,
            6 => Self::YCbCr(Luminance::of(directory, form)?),
            _ => {
                return Err(bad(format!(
                    "photometric interpretation {photometric} is not read, expected grey, RGB, a \
                     palette, CMYK or YCbCr: save it as grey"
                )));
            }
        };
        if form.samples < colour.samples() {
            let (got, expected) = (form.samples, colour.samples());
            return Err(bad(format!("{got} samples a pixel, expected {expected} for its colours")));
        }
        if form.has_no_white() && !matches!(colour, Self::Grey | Self::Rgb) {
            let bits = form.bits;
            return Err(bad(format!(
                "colours of floats or of {bits} bits with a sign: save as RGB"
            )));
        }
        Ok(colour)
    }

    /// Samples of a pixel that say its grey.
    pub(super) fn samples(&self) -> usize {
        match self {
            Self::Grey | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr(_) => 3,
            Self::Cmyk => 4,
        }
    }

    /// Turns a row grey: of planes, or of one row with so many samples a pixel side by side.
    pub(super) fn grey(&self, rows: &[Vec<f64>], form: &Form, out: &mut [f64]) {
        let at = |channel: usize, x: usize| match rows {
            [one] => one[x * form.samples + channel],
            planes => planes[channel][x],
        };
        let three = |x| [at(0, x), at(1, x), at(2, x)];
        let shown = |x| three(x).map(|value| value as f32);
        for (x, grey) in out.iter_mut().enumerate() {
            *grey = match self {
                Self::Grey => at(0, x),
                Self::Palette(greys) => {
                    f64::from(greys[(at(0, x) * form.largest() as f64).round() as usize])
                }
                Self::Rgb if form.has_no_white() => weighted(three(x)),
                Self::Rgb => luma(shown(x)).into(),
                Self::Cmyk => {
                    let paper = 1.0 - at(3, x) as f32;
                    luma(shown(x).map(|ink| (1.0 - ink) * paper)).into()
                }
                Self::YCbCr(luminance) => luma(luminance.rgb(shown(x))).into(),
            };
        }
    }
}

/// Luminance of colours that may be beyond [0, 1].
fn weighted([red, green, blue]: [f64; 3]) -> f64 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// Greys of a palette, one for each number that a sample can be.
fn palette(directory: &Directory, form: &Form) -> Result<Vec<f32>> {
    let map = directory.values(COLOUR_MAP)?;
    let colours = 1_usize << form.bits.min(16);
    if form.bits > 16 || map.len() != 3 * colours {
        let (got, bits) = (map.len(), form.bits);
        return Err(bad(format!(
            "{got} values of its palette, expected 3 for each of {bits} bits"
        )));
    }
    // Some writers use eight bits of sixteen.
    let white = if map.iter().all(|&value| value < 256) { 255.0 } else { 65_535.0 };
    let value = |at: usize| map[at] as f32 / white;
    Ok((0..colours).map(|n| luma([n, n + colours, n + 2 * colours].map(value))).collect())
}

impl Luminance {
    fn of(directory: &Directory, form: &Form) -> Result<Self> {
        let parts = directory.fractions(COEFFICIENTS)?;
        let sensible = |parts: &[f32; 3]| parts.iter().all(|part| (0.01..1.0).contains(part));
        let parts = <[f32; 3]>::try_from(parts).ok().filter(sensible);
        let largest = form.largest() as f32;
        let middle = (largest + 1.0) / 2.0;
        let usual = [0.0, largest, middle, largest, middle, largest];
        let given = <[f32; 6]>::try_from(directory.fractions(REFERENCE)?).ok();
        let rises = |pairs: &[f32; 6]| pairs.chunks_exact(2).all(|pair| pair[0] < pair[1]);
        let [y0, y1, b0, b1, r0, r1] = given.filter(rises).unwrap_or(usual).map(|v| v / largest);
        Ok(Self {
            parts: parts.unwrap_or([0.299, 0.587, 0.114]),
            black: [y0, b0, r0],
            extent: [y1 - y0, b1 - b0, r1 - r0],
        })
    }

    fn rgb(&self, samples: [f32; 3]) -> [f32; 3] {
        let [y, blue, red] = std::array::from_fn(|n| (samples[n] - self.black[n]) / self.extent[n]);
        // A difference reaches to 127 where luminance reaches to 255.
        let [blue, red] = [blue, red].map(|difference| difference * 127.0 / 255.0);
        let [of_red, of_green, of_blue] = self.parts;
        let red = y + 2.0 * (1.0 - of_red) * red;
        let blue = y + 2.0 * (1.0 - of_blue) * blue;
        let green = (y - of_red * red - of_blue * blue) / of_green;
        [red, green, blue].map(|colour| colour.clamp(0.0, 1.0))
    }
}
