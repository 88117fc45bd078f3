//! Numbers of a row: of any number of bits, in either order of bytes, as differences, with signs,
//! as floats.

use half::f16;

use super::bad;
use super::directory::Directory;
use crate::error::Result;

const BITS: u16 = 258;
const SAMPLES: u16 = 277;
const PREDICTOR: u16 = 317;
const SAMPLE_FORMAT: u16 = 339;
/// Samples of a pixel. Colours have four; further ones are masks.
const MAX_SAMPLES: u64 = 64;
/// Bits of whole numbers whose largest is white.
const WHITE_BITS: u32 = 16;

/// The type of a sample's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    Unsigned,
    Signed,
    Float,
}

/// The differences that are stored in place of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// Differences of neighbouring samples.
    Horizontal,
    /// Differences of the bytes of floats. A row stores all first bytes, then all second ones, and
    /// so on.
    Float,
}

/// Form of a row's samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) bits: u32,
    /// Samples of a pixel that lie side by side.
    pub(super) samples: usize,
    /// Whether low values are white.
    pub(super) inverted: bool,
    pub(super) predictor: Predictor,
    numbers: Numbers,
    little: bool,
}

impl Form {
    /// Reads the form of a page.
    ///
    /// # Errors
    /// [`crate::Error::Raster`], also for forms that are not read.
    pub(super) fn of(directory: &Directory, photometric: u64) -> Result<Self> {
        let numbers = match common(directory, SAMPLE_FORMAT, 1)? {
            // 4 is "undefined".
            1 | 4 => Numbers::Unsigned,
            2 => Numbers::Signed,
            3 => Numbers::Float,
            other => return Err(bad(format!("samples of format {other}, expected real numbers"))),
        };
        let bits = common(directory, BITS, 1)?;
        match (numbers, bits) {
            (Numbers::Float, 16 | 32 | 64) | (Numbers::Unsigned | Numbers::Signed, 1..=64) => {}
            (Numbers::Float, _) => {
                return Err(bad(format!("floats of {bits} bits, expected 16, 32 or 64")));
            }
            _ => return Err(bad(format!("samples of {bits} bits, expected 1 to 64"))),
        }
        Ok(Self {
            bits: bits as u32,
            samples: samples(directory)?,
            inverted: photometric == 0,
            predictor: predictor(directory, numbers)?,
            numbers,
            little: directory.file.little,
        })
    }

    /// Samples of eight bits as a decoder gives them.
    pub(super) fn decoded(self, samples: usize) -> Self {
        Self { bits: 8, samples, predictor: Predictor::None, numbers: Numbers::Unsigned, ..self }
    }

    /// The same of so many samples side by side.
    pub(super) fn side_by_side(self, samples: usize) -> Self {
        Self { samples, ..self }
    }

    /// Whether the numbers are floats.
    pub(super) fn is_float(&self) -> bool {
        self.numbers == Numbers::Float
    }

    /// Whether the form does not say which value is white.
    pub(super) fn has_no_white(&self) -> bool {
        self.numbers != Numbers::Unsigned || self.bits > WHITE_BITS
    }

    /// The largest number of so many bits.
    pub(super) fn largest(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// Bytes of a row of so many pixels.
    pub(super) fn row_bytes(&self, width: usize) -> usize {
        (width * self.samples * self.bits as usize).div_ceil(8)
    }

    /// Reads the values of a row: in [0, 1] if the form says which value is white. `words` is room
    /// for what is between.
    pub(super) fn read(&self, row: &mut [u8], words: &mut Vec<u64>, values: &mut [f64]) {
        words.clear();
        match self.predictor {
            Predictor::Float => self.whole_floats(row, words),
            _ => self.words(row, values.len(), words),
        }
        if self.predictor == Predictor::Horizontal {
            for at in self.samples..words.len() {
                words[at] = words[at].wrapping_add(words[at - self.samples]) & self.largest();
            }
        }
        for (value, &word) in values.iter_mut().zip(&*words) {
            *value = self.value(word);
        }
    }

    /// Reads so many numbers. Those that do not fill bytes begin at the highest bit.
    fn words(&self, row: &[u8], count: usize, words: &mut Vec<u64>) {
        let joined = |all: u64, &byte: &u8| all << 8 | u64::from(byte);
        let little = |word: &[u8]| word.iter().rev().fold(0, joined);
        if self.bits.is_multiple_of(8) {
            let numbers = row.chunks_exact(self.bits as usize / 8);
            if self.little {
                words.extend(numbers.map(little));
            } else {
                words.extend(numbers.map(|word| word.iter().fold(0, joined)));
            }
            return;
        }
        let (mut held, mut bits) = (0_u128, 0);
        for &byte in row {
            held = held << 8 | u128::from(byte);
            bits += 8;
            while bits >= self.bits && words.len() < count {
                bits -= self.bits;
                words.push((held >> bits) as u64 & self.largest());
            }
        }
    }

    /// Reads floats whose bytes lie apart, as differences (Adobe Photoshop TIFF technical note 3).
    fn whole_floats(&self, row: &mut [u8], words: &mut Vec<u64>) {
        for at in self.samples..row.len() {
            row[at] = row[at].wrapping_add(row[at - self.samples]);
        }
        let count = row.len() / (self.bits as usize / 8);
        let float = |at| row[at..].iter().step_by(count).fold(0, |all, &b| all << 8 | u64::from(b));
        words.extend((0..count).map(float));
    }

    fn value(&self, word: u64) -> f64 {
        match (self.numbers, self.bits) {
            (Numbers::Unsigned, 1..=WHITE_BITS) => {
                let word = if self.inverted { self.largest() - word } else { word };
                word as f64 / self.largest() as f64
            }
            (Numbers::Unsigned, _) => word as f64,
            (Numbers::Signed, bits) => ((word << (64 - bits)) as i64 >> (64 - bits)) as f64,
            (Numbers::Float, 16) => f16::from_bits(word as u16).to_f64(),
            (Numbers::Float, 32) => f32::from_bits(word as u32).into(),
            (Numbers::Float, _) => f64::from_bits(word),
        }
    }
}

/// The value that a tag gives for all samples.
fn common(directory: &Directory, tag: u16, default: u64) -> Result<u64> {
    let values = directory.values(tag)?;
    let first = values.first().copied().unwrap_or(default);
    if values.iter().any(|&value| value != first) {
        return Err(bad(format!("samples of different forms (tag {tag}), expected one form")));
    }
    Ok(first)
}

fn samples(directory: &Directory) -> Result<usize> {
    match directory.value(SAMPLES)?.unwrap_or(1) {
        samples @ 1..=MAX_SAMPLES => Ok(samples as usize),
        samples => Err(bad(format!("{samples} samples a pixel, expected 1 to {MAX_SAMPLES}"))),
    }
}

fn predictor(directory: &Directory, numbers: Numbers) -> Result<Predictor> {
    match (directory.value(PREDICTOR)?.unwrap_or(1), numbers) {
        (1, _) => Ok(Predictor::None),
        (2, _) => Ok(Predictor::Horizontal),
        (3, Numbers::Float) => Ok(Predictor::Float),
        (other, _) => Err(bad(format!("predictor {other}, expected 1, 2, or 3 for floats"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(bits: u32, numbers: Numbers) -> Form {
        let (inverted, predictor) = (false, Predictor::None);
        Form { bits, samples: 1, inverted, predictor, numbers, little: true }
    }

    fn read(form: Form, row: &[u8], count: usize) -> Vec<f64> {
        let mut values = vec![0.0; count];
        form.read(&mut row.to_vec(), &mut Vec::new(), &mut values);
        values
    }

    #[test]
    fn packed_numbers_begin_at_the_highest_bit() {
        let of = |bits, row: &[u8], count| read(form(bits, Numbers::Unsigned), row, count);
        assert_eq!(of(1, &[0b1010_0000], 3), [1.0, 0.0, 1.0]);
        assert_eq!(of(12, &[0xFF, 0xF0, 0x00], 2), [1.0, 0.0]);
        assert_eq!(of(12, &[0x80, 0x0F, 0xFF], 2), [2048.0 / 4095.0, 1.0]);
        assert_eq!(of(4, &[0x5F, 0x30], 3), [5.0 / 15.0, 1.0, 3.0 / 15.0]);
        assert_eq!(of(10, &[0xFF, 0xC0, 0x10], 2), [1.0, 1.0 / 1023.0]);
        let white = Form { inverted: true, ..form(12, Numbers::Unsigned) };
        assert_eq!(read(white, &[0xFF, 0xF0, 0x00], 2), [0.0, 1.0]);
    }

    #[test]
    fn whole_bytes_stand_in_the_files_order() {
        assert_eq!(read(form(16, Numbers::Unsigned), &[0xFF, 0xFF, 0, 0], 2), [1.0, 0.0]);
        let big = Form { little: false, ..form(24, Numbers::Unsigned) };
        assert_eq!(read(big, &[0, 1, 2, 1, 0, 0], 2), [258.0, 65_536.0]);
        assert_eq!(read(form(8, Numbers::Signed), &[0xFF, 0x80], 2), [-1.0, -128.0]);
        assert_eq!(read(form(12, Numbers::Signed), &[0xFF, 0xF8, 0x00], 2), [-1.0, -2048.0]);
        let double = (-2.5_f64).to_le_bytes();
        assert_eq!(read(form(64, Numbers::Float), &double, 1), [-2.5]);
        assert_eq!(read(form(16, Numbers::Float), &[0x00, 0x3C], 1), [1.0]);
    }

    #[test]
    fn differences_are_summed() {
        let horizontal = |form| Form { predictor: Predictor::Horizontal, ..form };
        let words = [1_u16, 0xFFFF, 2].map(u16::to_le_bytes).concat();
        let row = read(horizontal(form(16, Numbers::Unsigned)), &words, 3);
        assert_eq!(row, [1.0 / 65_535.0, 0.0, 2.0 / 65_535.0]);
        let floats = [0.5_f32, -3.25, 7.0].map(f32::to_be_bytes);
        let mut apart: Vec<u8> = (0..4).flat_map(|byte| floats.map(|float| float[byte])).collect();
        (1..apart.len()).rev().for_each(|at| apart[at] = apart[at].wrapping_sub(apart[at - 1]));
        let float = Form { predictor: Predictor::Float, ..form(32, Numbers::Float) };
        assert_eq!(read(float, &apart, 3), [0.5, -3.25, 7.0]);
    }
}
