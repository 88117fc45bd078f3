//! Agreement of two maps: Spearman's rank correlation and structural similarity.

use super::{mean, planes, values};
use crate::model::resample::gaussian;
use burn::tensor::Tensor;

/// σ of the window of structural similarity, in pixels. The window reaches 5 pixels to each side.
const WINDOW: f32 = 1.5;
/// Constants that keep the quotients of structural similarity finite: (0.01)² and (0.03)², for
/// values in 0..=1.
const STABLE: [f32; 2] = [1e-4, 9e-4];

/// Spearman's rank correlation of two maps of one length, in −1..=1. It is Pearson's of their
/// ranks; equal values share the mean of their ranks. It is 0 for a constant map.
pub fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    // Shared ranks leave the mean of all ranks unchanged.
    let middle = (a.len() as f64 - 1.0) / 2.0;
    let products = |a: &[f64], b: &[f64]| {
        a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>()
    };
    let scale = (products(&a, &a) * products(&b, &b)).sqrt();
    if scale > 0.0 { products(&a, &b) / scale } else { 0.0 }
}

/// The ranks of values, from 0.
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let shared = below as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|place| ranks[*place] = shared);
        below += equal.len();
    }
    ranks
}

/// Mean structural similarity of two maps in 0..=1 whose rows have `width` values; at most 1. The
/// windows are Gaussian with σ 1.5 and are renormalised at the border. (Wang et al., "Image Quality
/// Assessment: From Error Visibility to Structural Similarity", IEEE Transactions on Image
/// Processing 2004.)
pub fn structural_similarity(a: &[f32], b: &[f32], width: usize) -> f64 {
    let shape = [1, 1, a.len() / width.max(1), width];
    let (a, b) = (planes(a.to_vec(), shape), planes(b.to_vec(), shape));
    let local = |x: Tensor<4>| gaussian(x, WINDOW);
    let (mean_a, mean_b) = (local(a.clone()), local(b.clone()));
    let means = mean_a.clone() * mean_b.clone();
    let squares = mean_a.square() + mean_b.square();
    let covariance = local(a.clone() * b.clone()) - means.clone();
    let variances = local(a.square() + b.square()) - squares.clone();
    let [c1, c2] = STABLE;
    let luminance = (means * 2.0 + c1) / (squares + c1);
    let structure = (covariance * 2.0 + c2) / (variances + c2);
    mean(values(luminance * structure).into_iter().map(f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[0.3, 0.1, 0.3, 0.9]), [1.5, 0.0, 1.5, 3.0]);
    }

    #[test]
    fn ranks_correlate() {
        // Only the order counts.
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[0.1, 0.2, 9.0]), 1.0);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), -1.0);
        // 1 − 6·(1 + 1)/(4·15).
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]) - 0.8).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 2.0], &[5.0, 5.0]), 0.0);
    }

    #[test]
    fn flat_maps_differ_by_their_means_alone() {
        // (2·½·1 + c)/(¼ + 1 + c).
        let similarity = structural_similarity(&[0.5; 64], &[1.0; 64], 8);
        assert!((similarity - 1.0001 / 1.2501).abs() < 1e-4, "{similarity}");
    }

    #[test]
    fn a_map_is_like_itself_and_unlike_its_reverse() {
        let board: Vec<f32> = (0..256).map(|i| ((i % 16 + i / 16) % 2) as f32).collect();
        let reverse: Vec<f32> = board.iter().map(|v| 1.0 - v).collect();
        assert!((structural_similarity(&board, &board, 16) - 1.0).abs() < 1e-4);
        // Means ½, variances ¼, covariance −¼.
        let similarity = structural_similarity(&board, &reverse, 16);
        assert!(similarity < -0.9, "{similarity}");
    }
}
