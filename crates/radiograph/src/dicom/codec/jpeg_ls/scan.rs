//! Lines of a JPEG-LS scan (ITU-T T.87 annexes A and B).
//!
//! A line is coded sample by sample. Where all neighbours are alike, it is coded as a run of the
//! sample to the left and the sample that ends the run. Colours follow each other line by line,
//! each with its own neighbours and run index; or pixel by pixel, where a run is one of equal
//! pixels. All colours share the contexts.

use super::bits::Bits;
use super::context::{Contexts, Parameters, RUN_LENGTHS};

/// A line and the one above it. Each has a pixel more at both ends, as neighbours of the others.
pub(super) struct Lines {
    above: Vec<u16>,
    line: Vec<u16>,
    /// Samples of a pixel.
    samples: usize,
    /// The index of the expected run length (T.87, `RUNindex`).
    run_index: usize,
}

impl Lines {
    /// Lines of so many pixels, before the first.
    pub(super) fn new(width: usize, samples: usize) -> Self {
        let [above, line] = [(); 2].map(|()| vec![0; (width + 2) * samples]);
        Self { above, line, samples, run_index: 0 }
    }

    /// Begins anew, as the picture does.
    pub(super) fn begin(&mut self) {
        self.above.fill(0);
        self.line.fill(0);
        self.run_index = 0;
    }

    /// Samples of the line that was decoded last.
    pub(super) fn last(&self) -> &[u16] {
        &self.above[self.samples..self.above.len() - self.samples]
    }

    /// Decodes the next line.
    pub(super) fn next(
        &mut self,
        bits: &mut Bits,
        parameters: &Parameters,
        contexts: &mut Contexts,
    ) -> Option<()> {
        let (samples, length) = (self.samples, self.line.len());
        // To the right of a line is its last pixel, and to the left the first of the one above.
        self.above.copy_within(length - 2 * samples..length - samples, length - samples);
        self.line[..samples].copy_from_slice(&self.above[samples..2 * samples]);
        let mut at = samples;
        while at < length - samples {
            let (context, predicted) = self.neighbours(parameters, at);
            let mut others = at + 1..at + samples;
            if context == 0 && others.all(|at| self.neighbours(parameters, at).0 == 0) {
                at = self.run(bits, parameters, contexts, at)?;
                continue;
            }
            self.line[at] = contexts.sample(bits, parameters, context, predicted)?;
            for at in at + 1..at + samples {
                let (context, predicted) = self.neighbours(parameters, at);
                self.line[at] = contexts.sample(bits, parameters, context, predicted)?;
            }
            at += samples;
        }
        std::mem::swap(&mut self.above, &mut self.line);
        Some(())
    }

    /// Context and prediction of a sample by its neighbours (A.3 and A.4.1).
    #[inline]
    fn neighbours(&self, parameters: &Parameters, at: usize) -> (i32, i32) {
        let left = i32::from(self.line[at - self.samples]);
        let [corner, above, right] =
            [at - self.samples, at, at + self.samples].map(|at| i32::from(self.above[at]));
        let context = parameters.context([right - above, above - corner, corner - left]);
        let (low, high) = (left.min(above), left.max(above));
        // Beyond both is an edge; between them a slope.
        let predicted = match corner {
            _ if corner >= high => low,
            _ if corner <= low => high,
            _ => left + above - corner,
        };
        (context, predicted)
    }

    /// Decodes a run, and the pixel that ends it unless the line does. Returns the position behind.
    fn run(
        &mut self,
        bits: &mut Bits,
        parameters: &Parameters,
        contexts: &mut Contexts,
        start: usize,
    ) -> Option<usize> {
        let (samples, line_end) = (self.samples, self.line.len() - self.samples);
        let end = start + samples * self.run_length(bits, (line_end - start) / samples)?;
        for at in start..end {
            self.line[at] = self.line[at - samples];
        }
        if end == line_end {
            return Some(end);
        }
        for at in end..end + samples {
            let [left, above] = [self.line[at - samples], self.above[at]].map(i32::from);
            let alike = samples == 1 && (left - above).abs() <= parameters.near;
            let error = contexts.run_end(bits, parameters, alike, self.run_index)?;
            self.line[at] = match alike {
                true => parameters.sample(left, error),
                false => parameters.sample(above, if above < left { -error } else { error }),
            };
        }
        self.run_index = self.run_index.saturating_sub(1);
        Some(end + samples)
    }

    /// Pixels of a run, at most those left in the line (A.7.1).
    fn run_length(&mut self, bits: &mut Bits, left: usize) -> Option<usize> {
        let mut length = 0;
        while bits.number(1)? == 1 {
            let part = 1 << RUN_LENGTHS[self.run_index];
            length += part;
            if length <= left {
                self.run_index = (self.run_index + 1).min(RUN_LENGTHS.len() - 1);
            }
            if length >= left {
                return Some(left);
            }
        }
        length += bits.number(RUN_LENGTHS[self.run_index])? as usize;
        (length <= left).then_some(length)
    }
}
