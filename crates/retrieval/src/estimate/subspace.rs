//! Where known embeddings lie: a plane of few dimensions. How far another lies off it tells how unlike them it is (the residual
//! of "ViM: Out-of-Distribution with Virtual-logit Matching", Wang, Li, Feng and Zhang, CVPR 2022, here about the mean).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::hashing::principal_components;
use crate::{Embedding, Error};

/// Dimensions of the plane, where there are embeddings enough.
const RANK: usize = 64;

/// The plane through the mean of embeddings along their principal components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub(super) struct Subspace {
    mean: Embedding,
    /// Orthonormal, each as long as the mean.
    components: Vec<Embedding>,
}

/// The mean and then the components as f16, in base 64.
#[derive(Serialize, Deserialize)]
struct Stored {
    dimensions: usize,
    values: String,
}

impl Subspace {
    /// Of embeddings of one length; none where they have no directions.
    pub(super) fn fit(embeddings: &[Embedding]) -> Option<Self> {
        let features: Vec<Vec<f32>> = embeddings.iter().map(|e| e.values().to_vec()).collect();
        let rank = RANK.min(embeddings.len() / 2).min(features.first()?.len() / 2);
        let (mean, components) = principal_components(&features, rank).ok()?;
        let to_embedding = |values: Vec<f64>| Embedding::new(values.into_iter().map(|v| v as f32).collect());
        let components = components.col_iter().map(|column| to_embedding(column.iter().copied().collect()));
        Some(Self { mean: to_embedding(mean), components: components.collect() })
    }

    /// The Euclidean distance of an embedding of the same length from the plane.
    pub(super) fn distance(&self, embedding: &Embedding) -> f64 {
        let pairs = embedding.values().iter().zip(self.mean.values());
        let mut off: Vec<f64> = pairs.map(|(&value, &mean)| f64::from(value) - f64::from(mean)).collect();
        for component in &self.components {
            let along: f64 = off.iter().zip(component.values()).map(|(off, &c)| off * f64::from(c)).sum();
            off.iter_mut().zip(component.values()).for_each(|(off, &c)| *off -= along * f64::from(c));
        }
        off.iter().map(|value| value * value).sum::<f64>().sqrt()
    }
}

impl From<Subspace> for Stored {
    fn from(space: Subspace) -> Self {
        let rows = std::iter::once(&space.mean).chain(&space.components);
        let bytes: Vec<u8> = rows.flat_map(Embedding::to_bytes).collect();
        Self { dimensions: space.mean.values().len(), values: BASE64.encode(bytes) }
    }
}

impl TryFrom<Stored> for Subspace {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self, Error> {
        let damaged = |reason: String| Error::Estimator { reason };
        let bytes = BASE64.decode(&stored.values).map_err(|error| damaged(error.to_string()))?;
        let row = stored.dimensions.saturating_mul(2);
        if row == 0 || bytes.is_empty() || !bytes.len().is_multiple_of(row) {
            return Err(damaged(format!(
                "{} bytes are no rows of {} values",
                bytes.len(),
                stored.dimensions
            )));
        }
        let mut rows = bytes.chunks_exact(row).map(Embedding::from_bytes).collect::<Result<Vec<_>, _>>()?;
        let components = rows.split_off(1);
        Ok(Self { mean: rows.remove(0), components })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a plane of two dimensions in a space of eight, near (1, 0, …).
    fn known() -> Vec<Embedding> {
        let point = |i: usize| {
            let (x, y) = ((i as f32 * 0.7).sin(), (i as f32 * 1.3).cos());
            Embedding::new(vec![1.0, x, 0.5 * y, 0.0, 0.0, 0.0, 0.0, 0.0])
        };
        (0..5).map(point).collect()
    }

    #[test]
    fn what_is_on_the_plane_is_near_and_what_is_off_it_is_far() {
        let space = Subspace::fit(&known()).unwrap();
        assert!(known().iter().all(|e| space.distance(e) < 1e-3));
        let off = Embedding::new(vec![1.0, 0.3, 0.1, 0.0, 0.0, 0.0, 0.7, 0.0]);
        assert!((space.distance(&off) - 0.7).abs() < 1e-3);
    }

    #[test]
    fn what_is_stored_is_read_and_damage_is_named() {
        let space = Subspace::fit(&known()).unwrap();
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

    #[test]
    fn nothing_is_fitted_to_points_without_directions() {
        assert!(Subspace::fit(&[]).is_none());
        assert!(Subspace::fit(&vec![Embedding::new(vec![1.0; 8]); 9]).is_none());
    }
}
