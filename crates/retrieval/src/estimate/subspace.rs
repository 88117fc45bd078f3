//! A plane of few dimensions that holds the known embeddings. The distance of another embedding
//! from it tells how unlike them it is: the residual of "ViM: Out-of-Distribution with
//! Virtual-logit Matching", Wang, Li, Feng and Zhang, CVPR 2022, here about the mean. Models whose
//! embedding is their features have one; other estimators keep exemplars.

use serde::{Deserialize, Serialize};

use super::EstimatorError;
use super::rows::Rows;
use crate::Embedding;

/// The plane through the mean of embeddings along their principal components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Rows", into = "Rows")]
pub(super) struct Subspace {
    mean: Embedding,
    /// Orthonormal vectors, each as long as the mean.
    components: Vec<Embedding>,
}

impl Subspace {
    /// The Euclidean distance of an embedding of the same length from the plane.
    pub(super) fn distance(&self, embedding: &Embedding) -> f64 {
        let pairs = embedding.values().iter().zip(self.mean.values());
        let mut off: Vec<f64> =
            pairs.map(|(&value, &mean)| f64::from(value) - f64::from(mean)).collect();
        for component in &self.components {
            let along: f64 =
                off.iter().zip(component.values()).map(|(off, &c)| off * f64::from(c)).sum();
            off.iter_mut()
                .zip(component.values())
                .for_each(|(off, &c)| *off -= along * f64::from(c));
        }
        off.iter().map(|value| value * value).sum::<f64>().sqrt()
    }
}

/// The mean and then the components.
impl From<Subspace> for Rows {
    fn from(space: Subspace) -> Self {
        Self::of(&[&[space.mean][..], &space.components].concat())
    }
}

impl TryFrom<Rows> for Subspace {
    type Error = EstimatorError;

    fn try_from(rows: Rows) -> Result<Self, EstimatorError> {
        let mut rows = rows.embeddings()?;
        let components = rows.split_off(1);
        Ok(Self { mean: rows.remove(0), components })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plane of two dimensions in a space of eight, about (1, 0, …).
    fn space() -> Subspace {
        let axis = |i: usize| Embedding::new((0..8).map(|j| f32::from(u8::from(i == j))).collect());
        Subspace { mean: axis(0), components: vec![axis(1), axis(2)] }
    }

    #[test]
    fn what_is_on_the_plane_is_near_and_what_is_off_it_is_far() {
        let space = space();
        let on = Embedding::new(vec![1.0, -0.4, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(space.distance(&on) < 1e-6);
        let off = Embedding::new(vec![1.0, 0.3, 0.1, 0.0, 0.0, 0.0, 0.7, 0.0]);
        assert!((space.distance(&off) - 0.7).abs() < 1e-3);
    }

    #[test]
    fn what_is_stored_is_read_and_damage_is_named() {
        let space = space();
        let text = serde_json::to_string(&space).unwrap();
        let read: Subspace = serde_json::from_str(&text).unwrap();
        let off = Embedding::new(vec![0.0, 0.3, 0.1, 0.0, 0.0, 0.0, 0.7, 0.0]);
        assert!((read.distance(&off) - space.distance(&off)).abs() < 1e-3);
        for (bad, said) in [
            (r#"{"dimensions":8,"values":"AAAA"}"#, "3 bytes are no rows of 8 values"),
            (r#"{"dimensions":0,"values":""}"#, "0 bytes"),
            (r#"{"dimensions":8,"values":"?"}"#, "symbol"),
        ] {
            let error = serde_json::from_str::<Subspace>(bad).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
