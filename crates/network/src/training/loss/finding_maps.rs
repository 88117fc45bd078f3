//! Losses of the maps of findings: they should be high in boxes and low beside them, and their most
//! salient share should predict the label. Logits are (N, H, W, F), tables (N, F).

use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Tensor, TensorData};

/// The least divisor of the error at places, as a share of all places. Without it, a batch without
/// a finding would outweigh others.
const LEAST_SHARE: f32 = 0.005;
/// The bound that keeps the logarithm of a probability finite.
const SURE: f32 = 1e-6;

/// Σ|y − p|²·BCE(p, y) / Σy over the places of pictures whose targets are `known`, summed over
/// findings: the quality focal loss with β = 2 (Li et al., "Generalized Focal Loss", NeurIPS 2020),
/// divided as in CenterNet (Zhou et al. 2019).
pub fn finding_places(logits: Tensor<4>, targets: Tensor<4>, known: Tensor<2>) -> Tensor<1> {
    let [n, h, w, f] = logits.dims();
    let miss = (sigmoid(logits.clone()) - targets.clone()).square();
    let error = miss * entropy(logits, targets.clone()) * known.reshape([n, 1, 1, f]);
    let sums = |t: Tensor<4>| t.reshape([n * h * w, f]).sum_dim(0);
    let least = LEAST_SHARE * (n * h * w) as f32;
    (sums(error) / sums(targets).clamp_min(least)).sum()
}

/// 1 − 2Σpy/(Σp + Σy) of maps and targets, the mean over pictures and findings whose target is not
/// all 0 (soft Dice, Milletari et al., "V-Net", 3DV 2016); 0 where there is none.
pub fn finding_overlap(logits: Tensor<4>, targets: Tensor<4>) -> Tensor<1> {
    let [n, h, w, f] = logits.dims();
    let sums = |t: Tensor<4>| t.reshape([n, h * w, f]).sum_dim(1).reshape([n, f]);
    let p = sigmoid(logits);
    let (both, shown) = (sums(p.clone() * targets.clone()), sums(targets));
    let dice = (both * 2.0 + 1.0) / (sums(p) + shown.clone() + 1.0);
    let there = shown.greater_scalar(1.0).float();
    ((dice.neg() + 1.0) * there.clone()).sum() / there.sum().clamp_min(1.0)
}

/// Binary cross-entropy of the mean of the largest `share` of each map's probabilities with the
/// label, weighted, the mean over pictures, summed over findings (GMIC: Shen et al., Medical Image
/// Analysis 2021).
pub fn finding_labels(
    logits: Tensor<4>,
    labels: Tensor<2>,
    weights: Tensor<2>,
    share: f64,
) -> Tensor<1> {
    let top = largest_share(sigmoid(logits), share).clamp(SURE, 1.0 - SURE);
    let right = labels.clone() * top.clone().log() + (labels.neg() + 1.0) * (top.neg() + 1.0).log();
    (right.neg() * weights).sum_dim(1).mean()
}

/// Binary cross-entropy of scores (N, F) with labels, weighted, the mean over pictures, summed over
/// findings.
pub fn finding_scores(scores: Tensor<2>, labels: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    (entropy(scores, labels) * weights).sum_dim(1).mean()
}

/// −y ln σ(x) − (1 − y) ln(1 − σ(x)), in a form that stays finite.
fn entropy<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    relu(x.clone()) - x.clone() * y + x.abs().neg().exp().add_scalar(1.0).log()
}

/// The mean of the largest `share` of the places of each map, (N, H, W, F) → (N, F); at least one
/// place.
fn largest_share(maps: Tensor<4>, share: f64) -> Tensor<2> {
    let [n, h, w, f] = maps.dims();
    let count = ((h * w) as f64 * share).ceil().max(1.0) as usize;
    let values: Vec<f32> = maps.clone().detach().into_data().iter::<f32>().collect();
    let mut chosen = vec![0.0f32; values.len()];
    for map in 0..n * f {
        let first = map / f * h * w * f + map % f;
        let mut places: Vec<usize> = (0..h * w).map(|place| first + place * f).collect();
        // Of equal places the first ones come first.
        let order = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then(a.cmp(b));
        places.select_nth_unstable_by(count - 1, order);
        places[..count].iter().for_each(|&place| chosen[place] = 1.0 / count as f32);
    }
    let chosen = Tensor::from_data(TensorData::new(chosen, [n, h, w, f]), &maps.device());
    (maps * chosen).reshape([n, h * w, f]).sum_dim(1).reshape([n, f])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn map(values: &[f32], shape: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    fn table(values: &[f32]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), &Device::flex())
    }

    fn check(got: Tensor<1>, expected: f64) {
        let got = f64::from(got.into_scalar::<f32>());
        assert!((got - expected).abs() < 1e-5, "got {got}, expected {expected}");
    }

    const LOGITS: [f32; 8] = [2.0, -1.0, 0.5, -3.0, -0.2, 1.5, -2.0, 0.0];
    const TARGETS: [f32; 8] = [1.0, 0.0, 0.4, 0.0, 0.9, 0.0, 0.2, 0.0];

    /// The logits and targets of one of two findings, which lie interleaved.
    fn places(finding: usize) -> impl Iterator<Item = (f64, f64)> {
        let pairs = LOGITS.into_iter().zip(TARGETS).skip(finding).step_by(2);
        pairs.map(|(x, y)| (1.0 / (1.0 + f64::from(-x).exp()), f64::from(y)))
    }

    fn cross(p: f64, y: f64) -> f64 {
        -y * p.ln() - (1.0 - y) * (1.0 - p).ln()
    }

    #[test]
    fn errors_at_places_count_where_targets_are_known() {
        let shape = [1, 2, 2, 2];
        let sum =
            |finding| places(finding).map(|(p, y)| (p - y).powi(2) * cross(p, y)).sum::<f64>();
        // The second finding is absent: the divisor is half a percent of the four places.
        let expected = [sum(0) / 2.5, sum(1) / 0.02];
        let loss = |known: [f32; 2]| {
            finding_places(map(&LOGITS, shape), map(&TARGETS, shape), table(&known))
        };
        check(loss([1.0, 0.0]), expected[0]);
        assert!(
            (f64::from(loss([1.0, 1.0]).into_scalar::<f32>()) - expected[0] - expected[1]).abs()
                < 1e-3
        );
    }

    #[test]
    fn overlap_is_of_what_is_there() {
        let (p, y, both) =
            places(0).fold((0.0, 0.0, 0.0), |(a, b, c), (p, y)| (a + p, b + y, c + p * y));
        let shape = [1, 2, 2, 2];
        check(
            finding_overlap(map(&LOGITS, shape), map(&TARGETS, shape)),
            1.0 - (2.0 * both + 1.0) / (p + y + 1.0),
        );
        check(finding_overlap(map(&LOGITS, shape), map(&[0.0; 8], shape)), 0.0);
    }

    #[test]
    fn the_largest_places_tell_the_label() {
        let mut first: Vec<f64> = places(0).map(|(p, _)| p).collect();
        first.sort_by(|a, b| b.total_cmp(a));
        let top = (first[0] + first[1]) / 2.0;
        let shape = [1, 2, 2, 2];
        let loss = |weights: [f32; 2]| {
            finding_labels(map(&LOGITS, shape), table(&[1.0, 0.0]), table(&weights), 0.5)
        };
        check(loss([1.0, 0.0]), cross(top, 1.0));
        check(loss([0.0, 0.0]), 0.0);
        check(
            finding_scores(table(&[0.3, 9.0]), table(&[1.0, 1.0]), table(&[2.0, 0.0])),
            2.0 * (1.0 + (-0.3f64).exp()).ln(),
        );
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let extreme = [90.0, -90.0, 90.0, -90.0, 0.0, 0.0, 90.0, -90.0];
        let shape = [1, 2, 2, 2];
        let (x, y) = (map(&extreme, shape), map(&TARGETS, shape));
        let one = || table(&[1.0, 1.0]);
        let losses = [
            finding_places(x.clone(), y.clone(), one()),
            finding_overlap(x.clone(), y),
            finding_labels(x, table(&[0.0, 1.0]), one(), 0.01),
        ];
        losses.into_iter().for_each(|loss| assert!(loss.into_scalar::<f32>().is_finite()));
    }
}
