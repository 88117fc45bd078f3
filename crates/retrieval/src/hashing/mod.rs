//! Hash codes of given feature vectors: the shallow baselines that a learnt network is measured
//! against.
//!
//! A hashing is fitted to samples and then gives any feature vector of their length its code.
//! Features are centred on the samples' mean; a bit is 1 for a value `>= 0`, as of a hash layer.
//! Matrices hold one sample a column, except where a paper's formula has it the other way, which is
//! said there.
//!
//! ```
//! use retrieval::hashing::Hashing;
//!
//! let features: Vec<Vec<f32>> = (0..8).map(|i| vec![i as f32, (i * i) as f32]).collect();
//! let hasher = Hashing::Lsh.fit(&features, &[], 16, 0)?;
//! assert_eq!(hasher.code(&features[3])?.bits(), 16);
//! # Ok::<(), retrieval::hashing::HashingError>(())
//! ```

mod error;
mod itq;
mod likeness;
mod lsh;
mod pcah;
mod projection;
mod samples;
mod sdh;
mod sh;

use std::fmt;

use faer::{Mat, MatRef};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{HashCode, check_bits};
use error::Result;

pub use error::HashingError;
pub use projection::{LABEL_GROUP, Projection, label_projection, likeness_projection};
use samples::Samples;

/// A method that turns feature vectors into codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hashing {
    /// Locality-sensitive hashing by random hyperplanes (Charikar 2002). It uses only the samples'
    /// mean.
    Lsh,
    /// The signs of the principal components (Wang et al. 2006).
    Pcah,
    /// Iterative quantisation: principal components turned towards the corners of the cube (Gong
    /// and Lazebnik 2011).
    Itq,
    /// Spectral hashing: the lowest waves along the principal components (Weiss et al. 2008).
    Sh,
    /// Supervised discrete hashing: codes from which the labels can be told (Shen et al. 2015).
    Sdh,
    /// Supervised discrete hashing that is linear in the features, as a network's hash layer is. It
    /// takes the best of several starts and centres the labels.
    SdhLinear,
}

impl Hashing {
    /// Fits the hashing to feature vectors of one length, a row a sample.
    ///
    /// `labels` has the weight of each class for each sample, 0 if the sample lacks the class. A
    /// sample may have several classes or none. Only the two kinds of SDH read it. `bits` is the
    /// code's length. The same arguments give the same hasher on any number of threads.
    ///
    /// # Errors
    /// * `bits` is no code length.
    /// * There are fewer than 2 samples, or all are equal.
    /// * Rows differ in length, or have a value that is not finite.
    /// * For SDH: the labels are not parallel to the samples, differ in length, are empty, or are
    ///   not finite.
    /// * For PCAH, ITQ and SH: the features vary along fewer than `bits` independent directions.
    /// * A decomposition does not converge.
    pub fn fit(
        self,
        features: &[Vec<f32>],
        labels: &[Vec<f32>],
        bits: usize,
        seed: u64,
    ) -> Result<Hasher> {
        check_bits(bits)?;
        let Samples { mean, centred } = Samples::new(features)?;
        let x = centred.as_ref();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let function = match self {
            Self::Lsh => Function::linear(lsh::fit(x.nrows(), bits, &mut random)),
            Self::Pcah => Function::linear(pcah::fit(x, bits)?),
            Self::Itq => Function::linear(itq::fit(x, bits, &mut random)?),
            Self::Sh => Function::Spectral(sh::fit(x, bits)?),
            Self::Sdh => Function::Kernel(sdh::fit(x, labels, bits, &mut random)?),
            Self::SdhLinear => {
                let (directions, offsets) = sdh::fit_linear(x, labels, &[bits], &mut random)?;
                Function::Affine(directions, offsets)
            }
        };
        Ok(Hasher { mean, function, bits })
    }
}

/// The mean of feature vectors and their `count` principal components, one a column: dimensions ×
/// count.
pub(crate) fn principal_components(
    features: &[Vec<f32>],
    count: usize,
) -> Result<(Vec<f64>, Mat<f64>)> {
    let Samples { mean, centred } = Samples::new(features)?;
    Ok((mean, pcah::fit(centred.as_ref(), count)?))
}

/// A fitted hashing.
#[derive(Clone)]
pub struct Hasher {
    /// The samples' mean.
    mean: Vec<f64>,
    function: Function,
    bits: usize,
}

/// The real-valued function whose signs are the code.
#[derive(Clone)]
enum Function {
    /// A matrix with one component or hyperplane a column, dimensions × bits, and an offset for
    /// each bit.
    Affine(Mat<f64>, Vec<f64>),
    Spectral(sh::Spectral),
    Kernel(sdh::Kernel),
}

impl Function {
    /// Hyperplanes through the mean.
    fn linear(directions: Mat<f64>) -> Self {
        let offsets = vec![0.0; directions.ncols()];
        Self::Affine(directions, offsets)
    }

    /// The values whose signs are the codes of centred feature vectors: bits × vectors.
    fn values(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        match self {
            Self::Affine(directions, offsets) => {
                let mut values = directions.transpose() * x;
                for column in values.col_iter_mut() {
                    column.iter_mut().zip(offsets).for_each(|(value, offset)| *value += offset);
                }
                values
            }
            Self::Spectral(spectral) => spectral.values(x),
            Self::Kernel(kernel) => kernel.values(x),
        }
    }
}

impl Hasher {
    /// The code of a feature vector.
    ///
    /// # Errors
    /// If it is of another length than the samples, or holds a value that is not finite.
    pub fn code(&self, feature: &[f32]) -> Result<HashCode> {
        let centred = samples::centre(feature, &self.mean)?;
        let column = MatRef::from_column_major_slice(&centred, centred.len(), 1);
        let values = self.function.values(column);
        // The signs are used, not the values: a small negative value rounded to f32 would be −0,
        // which counts as positive.
        let signs: Vec<f32> = values.col(0).iter().map(|&value| sign(value) as f32).collect();
        Ok(HashCode::from_signs(&signs)?)
    }

    /// The linear functions whose values are `>= 0` where a bit is 1. `None` for a function that is
    /// not linear.
    #[must_use]
    pub fn projection(&self) -> Option<Projection> {
        let Function::Affine(directions, offsets) = &self.function else { return None };
        Some(Projection::about(&self.mean, directions.as_ref(), offsets))
    }

    /// The length of the codes in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The length of the feature vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }
}

/// Shows the sizes alone: hundreds of numbers tell nobody anything.
impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({} values to {} bits)", self.dimensions(), self.bits)
    }
}

/// The sign of a value: 1 for a set bit, −1 for another. 0 gives 1, as in a code.
fn sign(value: f64) -> f64 {
    if value >= 0.0 { 1.0 } else { -1.0 }
}

#[cfg(test)]
mod tests;
