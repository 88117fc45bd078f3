//! The embedding: a point in Euclidean space, f32 in use and f16 at rest.

use std::fmt;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::{Error, Result};

/// A network's real-valued code. Stored as f16, little-endian, so that what is read back is rounded
/// to 11 bits.
#[derive(Clone, PartialEq)]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// An embedding of any length.
    #[must_use]
    pub fn new(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// The values.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.0
    }

    /// The Euclidean distance of two embeddings of one length (the longer one's excess is left
    /// out).
    #[must_use]
    pub fn distance(&self, other: &Self) -> f32 {
        debug_assert_eq!(self.0.len(), other.0.len(), "embeddings of two lengths have no distance");
        self.squared_distance(other).sqrt()
    }

    /// The square of the Euclidean distance.
    ///
    /// Always summed in the same order, so that equal embeddings give equal distances: ties stay
    /// ties.
    #[must_use]
    pub fn squared_distance(&self, other: &Self) -> f32 {
        const LANES: usize = 16;
        let (a, a_tail) = self.0.as_chunks::<LANES>();
        let (b, b_tail) = other.0.as_chunks::<LANES>();
        // Independent sums, which the compiler turns into vectors; one sum would forbid it.
        let mut sums = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let difference = a[lane] - b[lane];
                sums[lane] += difference * difference;
            }
        }
        let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| (a - b) * (a - b)).sum();
        sums.iter().sum::<f32>() + tail
    }

    /// Two bytes a value: f16, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
    }

    /// The embedding whose [`Embedding::to_bytes`] this is.
    ///
    /// # Errors
    /// If there is half a value, or one that is not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(Error::EmbeddingBytes { got: bytes.len() });
        }
        let halves: Vec<f16> = pairs.iter().map(|&pair| f16::from_le_bytes(pair)).collect();
        let mut values = vec![0.0; halves.len()];
        halves.convert_to_f32_slice(&mut values);
        match values.iter().position(|value| !value.is_finite()) {
            Some(position) => Err(Error::EmbeddingValue { position, got: values[position] }),
            None => Ok(Self(values)),
        }
    }

    /// Checks that every value is finite, as f16 too.
    ///
    /// # Errors
    /// If a value is not.
    pub fn check(&self) -> Result<()> {
        match self.0.iter().position(|&value| !f16::from_f32(value).is_finite()) {
            Some(position) => Err(Error::EmbeddingValue { position, got: self.0[position] }),
            None => Ok(()),
        }
    }
}

/// Shows the length alone: hundreds of numbers tell nobody anything.
impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} values)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_euclidean() {
        let zero = Embedding::new(vec![0.0; 19]);
        let mut values = vec![0.0; 19];
        (values[1], values[18]) = (3.0, 4.0);
        assert!((zero.distance(&Embedding::new(values)) - 5.0).abs() < 1e-6);
        assert!(zero.distance(&zero).abs() < 1e-9);
    }

    #[test]
    fn bytes_round_trip_to_f16() {
        let embedding = Embedding::new(vec![0.5, -1.25, 0.1]);
        let back = Embedding::from_bytes(&embedding.to_bytes()).unwrap();
        assert_eq!(back.values()[..2], [0.5, -1.25]);
        assert!((back.values()[2] - 0.1).abs() < 1e-4);
        assert_eq!(Embedding::from_bytes(&back.to_bytes()).unwrap(), back);
    }

    #[test]
    fn damaged_bytes_are_refused() {
        assert!(Embedding::from_bytes(&[0; 3]).unwrap_err().to_string().contains("3 bytes"));
        let infinite = Embedding::new(vec![0.0, 70_000.0]);
        assert!(infinite.check().is_err());
        assert!(
            Embedding::from_bytes(&infinite.to_bytes())
                .unwrap_err()
                .to_string()
                .contains("position 1")
        );
    }
}
