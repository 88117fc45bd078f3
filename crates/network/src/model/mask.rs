//! Fixed maps in place of learned saliency: the baselines of the saliency network.

use crate::model::resample::bilinear_rows;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The number of places of the random map along a side, before it is enlarged.
const GRID: usize = 8;

/// The source of saliency maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaliencySource {
    /// The attention FCN.
    #[default]
    Learned,
    /// A Gaussian around the centre, σ a quarter of the side: what matters is mostly in the middle.
    Centre,
    /// One smooth random map for all pictures.
    Random,
}

impl SaliencySource {
    /// The map of a fixed source: `size`×`size` values in (0, 1], row by row.
    pub(crate) fn fixed(self, size: usize) -> Option<Vec<f32>> {
        match self {
            Self::Learned => None,
            Self::Centre => Some(centre(size)),
            Self::Random => Some(random(size)),
        }
    }
}

fn centre(size: usize) -> Vec<f32> {
    let bell = bell(size);
    bell.iter().flat_map(|y| bell.iter().map(move |x| x * y)).collect()
}

/// A Gaussian around the middle of `size` samples, σ a quarter of them, 1 at its peak.
pub(crate) fn bell(size: usize) -> Vec<f32> {
    let (middle, sigma) = ((size as f32 - 1.0) / 2.0, size as f32 / 4.0);
    (0..size).map(|i| (-((i as f32 - middle) / sigma).powi(2) / 2.0).exp()).collect()
}

fn random(size: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let grid: Vec<f32> = (0..GRID * GRID).map(|_| random.random()).collect();
    let rows = bilinear_rows(GRID, size.div_ceil(GRID));
    let rows: Vec<&[f32]> = rows.chunks_exact(GRID).take(size).collect();
    let at = |y: &[f32], x: &[f32]| -> f32 {
        let row = |j: usize| -> f32 { x.iter().zip(&grid[j * GRID..]).map(|(w, v)| w * v).sum() };
        y.iter().enumerate().filter(|(_, w)| **w != 0.0).map(|(j, w)| w * row(j)).sum()
    };
    rows.iter().flat_map(|y| rows.iter().map(move |x| at(y, x))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_maps_are_maps() {
        for source in [SaliencySource::Centre, SaliencySource::Random] {
            let map = source.fixed(96).unwrap();
            assert_eq!(map.len(), 96 * 96);
            assert!(map.iter().all(|v| (0.0..=1.0).contains(v)));
        }
        let map = centre(64);
        assert!(map[32 * 64 + 32] > 0.99 && map[0] < 0.03);
    }
}
