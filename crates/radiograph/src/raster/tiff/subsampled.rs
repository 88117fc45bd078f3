//! Uncompressed colours of which several pixels share the differences (TIFF 6.0, section 21).
//!
//! A unit has the luminance of h × v pixels, row by row, and one sample of each difference.

use std::io::{Read, Result};

/// A reader of whole pixels of three samples, from one of units.
pub(super) struct Unsubsampled<R> {
    units: R,
    width: usize,
    /// Columns and rows of a unit.
    unit: [usize; 2],
    coded: Vec<u8>,
    /// The rows of a row of units, and how many of their bytes were read.
    rows: Vec<u8>,
    read: usize,
}

impl<R: Read> Unsubsampled<R> {
    /// Rows of so many pixels.
    pub(super) fn new(units: R, width: usize, unit: [usize; 2]) -> Self {
        let [columns, rows] = unit;
        let coded = vec![0; width.div_ceil(columns) * (columns * rows + 2)];
        let rows = vec![0; width * rows * 3];
        Self { units, width, unit, coded, read: rows.len(), rows }
    }

    fn advance(&mut self) -> Result<()> {
        self.units.read_exact(&mut self.coded)?;
        let [columns, rows] = self.unit;
        for (number, unit) in self.coded.chunks_exact(columns * rows + 2).enumerate() {
            let (luminances, differences) = unit.split_at(columns * rows);
            for (at, &luminance) in luminances.iter().enumerate() {
                let (x, y) = (number * columns + at % columns, at / columns);
                if x < self.width {
                    let pixel = [luminance, differences[0], differences[1]];
                    self.rows[(y * self.width + x) * 3..][..3].copy_from_slice(&pixel);
                }
            }
        }
        self.read = 0;
        Ok(())
    }
}

impl<R: Read> Read for Unsubsampled<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.read == self.rows.len() {
            self.advance()?;
        }
        let count = out.len().min(self.rows.len() - self.read);
        out[..count].copy_from_slice(&self.rows[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_of_a_unit_share_differences_and_what_is_beyond_the_side_is_left() {
        // Three columns and two rows, in units of 2×2.
        let units = [1, 2, 4, 5, 90, 91, 3, 0, 6, 0, 92, 93];
        let mut rows = [0; 18];
        Unsubsampled::new(&units[..], 3, [2, 2]).read_exact(&mut rows).unwrap();
        let first = [1, 90, 91, 2, 90, 91, 3, 92, 93];
        assert_eq!(rows, [first, [4, 90, 91, 5, 90, 91, 6, 92, 93]].concat()[..]);
        assert!(Unsubsampled::new(&units[..11], 3, [2, 2]).read_exact(&mut rows).is_err());
    }
}
