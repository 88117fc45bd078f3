//! Supervised discrete hashing: sgn(Pᵀφ(x)), φ being the similarities exp(−‖x − aᵢ‖²/σ) to anchors.
//! P is such that the codes predict the labels: min over B ∈ ±1, W, P of ‖Y − WᵀB‖² + λ‖W‖² + ν‖B −
//! Pᵀφ(X)‖². The three are solved in turn, B bit by bit. "Supervised Discrete Hashing", Shen, Shen,
//! Liu and Shen, 2015.
//!
//! The linear kind departs from the paper. φ is x itself, and there is an offset. Y is centred, so
//! that no bit is spent on what most samples share. Of several starts the one that predicts the
//! labels best is kept, as short codes depend much on it.

use faer::linalg::solvers::Llt;
use faer::prelude::{ReborrowMut, Solve};
use faer::{ColMut, Mat, MatRef, Side};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{HashingError, Result, sign};

/// The greatest number of samples that are anchors.
const ANCHORS: usize = 1000;
/// The number of rounds over W, B and P.
const ITERATIONS: usize = 5;
/// λ: a greater one keeps the label weights W smaller.
const LAMBDA: f64 = 1.0;
/// ν: a greater one keeps the codes nearer to the function of the features.
const NU: f64 = 1e-5;
/// The number of starts of the linear kind.
const STARTS: usize = 10;
/// The addition to the diagonal of φφᵀ, as in the authors' program: anchors may coincide.
const RIDGE: f64 = 1e-2;
/// The addition to the diagonal where φ is x, as a share of the diagonal's mean. Held-out training
/// pictures chose it (docs/notebook.md).
const LINEAR_RIDGE: f64 = 3.5e-3;
/// The most sweeps over one sample's bits. No bit changes after a few; the limit ends a cycle due
/// to rounding.
const MAX_SWEEPS: usize = 10;

/// A linear function of the similarities to anchors.
#[derive(Clone)]
pub(super) struct Kernel {
    /// The anchors, one a column: dimensions × anchors.
    anchors: Mat<f64>,
    /// ‖aᵢ‖².
    norms: Vec<f64>,
    /// σ: the mean of the samples' squared distances to the anchors.
    width: f64,
    /// P: anchors × bits.
    weights: Mat<f64>,
}

/// Fits to centred samples x (dimensions × samples) and their labels, one row a sample.
pub(super) fn fit(
    x: MatRef<'_, f64>,
    labels: &[Vec<f32>],
    bits: usize,
    random: &mut ChaCha8Rng,
) -> Result<Kernel> {
    let labels = label_matrix(labels, x.ncols())?;
    let drawn = rand::seq::index::sample(random, x.ncols(), x.ncols().min(ANCHORS)).into_vec();
    let anchors = Mat::from_fn(x.nrows(), drawn.len(), |i, anchor| x[(i, drawn[anchor])]);
    let norms: Vec<f64> = anchors.col_iter().map(|anchor| anchor.squared_norm_l2()).collect();
    let distances = squared_distances(anchors.as_ref(), &norms, x);
    let width = distances.sum() / (distances.nrows() * distances.ncols()) as f64;
    let phi = similarities(distances, width);
    let regression = ridge(phi.as_ref(), RIDGE)?;
    let (weights, _) = learn(phi.as_ref(), labels.as_ref(), bits, &regression, random)?;
    Ok(Kernel { anchors, norms, width, weights })
}

/// Fits P (dimensions × bits) and an offset a bit to centred samples x (dimensions × samples) and
/// their labels. Each of `groups` groups of bits is fitted on its own.
pub(super) fn fit_linear(
    x: MatRef<'_, f64>,
    labels: &[Vec<f32>],
    groups: &[usize],
    random: &mut ChaCha8Rng,
) -> Result<(Mat<f64>, Vec<f64>)> {
    let labels = centred(label_matrix(labels, x.ncols())?);
    let regression = ridge(x, LINEAR_RIDGE * x.squared_norm_l2() / x.nrows() as f64)?;
    let (mut columns, mut offsets) = (Vec::new(), Vec::new());
    for &bits in groups {
        let (weights, codes) = best_start(x, labels.as_ref(), bits, &regression, random)?;
        columns.extend(weights.col_iter().map(|column| column.to_owned()));
        // The best offsets for centred samples.
        offsets.extend(codes.row_iter().map(|row| row.sum() / x.ncols() as f64));
    }
    Ok((Mat::from_fn(x.nrows(), columns.len(), |i, bit| columns[bit][i]), offsets))
}

/// P and B of the start that predicts the labels best.
fn best_start(
    x: MatRef<'_, f64>,
    labels: MatRef<'_, f64>,
    bits: usize,
    regression: &Llt<f64>,
    random: &mut ChaCha8Rng,
) -> Result<(Mat<f64>, Mat<f64>)> {
    let mut start = || learn(x, labels, bits, regression, random);
    let mut best = start()?;
    let mut least = residual(best.1.as_ref(), labels)?;
    for _ in 1..STARTS {
        let other = start()?;
        let other_residual = residual(other.1.as_ref(), labels)?;
        if other_residual < least {
            (best, least) = (other, other_residual);
        }
    }
    Ok(best)
}

/// Y (classes × samples): the weight of each class for a sample, 0 if it lacks the class.
pub(super) fn label_matrix(labels: &[Vec<f32>], samples: usize) -> Result<Mat<f64>> {
    if labels.len() != samples {
        return Err(HashingError::LabelCount { got: labels.len(), expected: samples });
    }
    let classes = labels[0].len();
    if let Some(row) = labels.iter().find(|row| row.is_empty() || row.len() != classes) {
        return Err(HashingError::LabelMismatch { got: row.len(), expected: classes.max(1) });
    }
    match labels.iter().flatten().find(|label| !label.is_finite()) {
        Some(&got) => Err(HashingError::LabelValue { got }),
        None => {
            Ok(Mat::from_fn(classes, samples, |class, sample| f64::from(labels[sample][class])))
        }
    }
}

/// Rows less their means.
pub(super) fn centred(mut labels: Mat<f64>) -> Mat<f64> {
    let samples = labels.ncols() as f64;
    for row in labels.row_iter_mut() {
        let mean = row.sum() / samples;
        row.iter_mut().for_each(|label| *label -= mean);
    }
    labels
}

/// The error of predicting the labels from the codes: ‖Y − WᵀB‖² + λ‖W‖² at the best W.
fn residual(codes: MatRef<'_, f64>, labels: MatRef<'_, f64>) -> Result<f64> {
    let weights = ridge(codes, LAMBDA)?.solve(codes * labels.transpose());
    Ok((labels - weights.transpose() * codes).squared_norm_l2()
        + LAMBDA * weights.squared_norm_l2())
}

/// ‖aᵢ − xⱼ‖² of the columns: anchors × samples.
fn squared_distances(anchors: MatRef<'_, f64>, norms: &[f64], x: MatRef<'_, f64>) -> Mat<f64> {
    let mut distances = anchors.transpose() * x;
    for (column, sample) in distances.col_iter_mut().zip(x.col_iter()) {
        let own = sample.squared_norm_l2();
        // Rounding may give less than 0 for a sample that is an anchor itself.
        let distance =
            |(product, norm): (&mut f64, &f64)| *product = (own + norm - 2.0 * *product).max(0.0);
        column.iter_mut().zip(norms).for_each(distance);
    }
    distances
}

/// φ: exp(−distance/σ).
fn similarities(mut distances: Mat<f64>, width: f64) -> Mat<f64> {
    let similarity = |distance: &mut f64| *distance = (-*distance / width).exp();
    distances.col_iter_mut().for_each(|column| column.iter_mut().for_each(similarity));
    distances
}

/// Fits P (anchors × bits) and B (bits × samples) to φ (anchors × samples), Y (classes × samples)
/// and the regression on φ.
fn learn(
    phi: MatRef<'_, f64>,
    labels: MatRef<'_, f64>,
    bits: usize,
    regression: &Llt<f64>,
    random: &mut ChaCha8Rng,
) -> Result<(Mat<f64>, Mat<f64>)> {
    let mut codes =
        Mat::from_fn(bits, phi.ncols(), |_, _| if random.random() { 1.0 } else { -1.0 });
    let mut weights = regression.solve(phi * codes.transpose());
    for _ in 0..ITERATIONS {
        let label_weights = ridge(codes.as_ref(), LAMBDA)?.solve(&codes * labels.transpose());
        let mut targets = &label_weights * labels;
        targets += faer::Scale(NU) * (weights.transpose() * phi);
        descend(
            &mut codes,
            targets.as_ref(),
            (&label_weights * label_weights.transpose()).as_ref(),
        );
        weights = regression.solve(phi * codes.transpose());
    }
    Ok((weights, codes))
}

/// The decomposition of MMᵀ + λI, ready to solve.
pub(super) fn ridge(m: MatRef<'_, f64>, lambda: f64) -> Result<Llt<f64>> {
    let mut gram = m * m.transpose();
    gram.diagonal_mut().column_vector_mut().iter_mut().for_each(|value| *value += lambda);
    gram.llt(Side::Lower).map_err(|_| HashingError::Decomposition { what: "regression" })
}

/// Lowers ‖WᵀB‖² − 2 tr(BᵀQ) one bit after another, each the best beside the others: b = sgn(q −
/// B'ᵀW'w). B' and W' leave out the bit. B and Q are bits × samples, `gram` is WWᵀ. Samples do not
/// depend on each other.
fn descend(codes: &mut Mat<f64>, targets: MatRef<'_, f64>, gram: MatRef<'_, f64>) {
    let mut residuals = targets - gram * &*codes;
    for (code, residual) in codes.col_iter_mut().zip(residuals.col_iter_mut()) {
        descend_one(code, residual, gram);
    }
}

/// Lowers the objective over one sample's bits. `residual` is always q − WWᵀb.
fn descend_one(mut code: ColMut<'_, f64>, mut residual: ColMut<'_, f64>, gram: MatRef<'_, f64>) {
    for _ in 0..MAX_SWEEPS {
        let mut changed = false;
        for bit in 0..code.nrows() {
            let best = sign(residual[bit] + gram[(bit, bit)] * code[bit]);
            let change = best - code[bit];
            if change != 0.0 {
                code[bit] = best;
                residual
                    .rb_mut()
                    .iter_mut()
                    .zip(gram.col(bit).iter())
                    .for_each(|(r, g)| *r -= change * g);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
}

impl Kernel {
    /// Pᵀφ(x) of centred feature vectors (dimensions × vectors): bits × vectors.
    pub(super) fn values(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let distances = squared_distances(self.anchors.as_ref(), &self.norms, x);
        self.weights.transpose() * similarities(distances, self.width)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::lsh;
    use super::*;

    /// ‖WᵀB‖² − 2 tr(BᵀQ) of one sample.
    fn objective(code: &[f64], target: &[f64], gram: &Mat<f64>) -> f64 {
        let products = |i: usize| (0..code.len()).map(move |j| code[i] * gram[(i, j)] * code[j]);
        (0..code.len()).map(|i| products(i).sum::<f64>() - 2.0 * code[i] * target[i]).sum()
    }

    #[test]
    fn bits_of_unrelated_weights_are_the_signs_of_their_targets() {
        let targets = faer::mat![[0.5, -2.0], [-0.1, 3.0], [0.0, -1.0]];
        let mut codes = Mat::from_fn(3, 2, |_, _| -1.0);
        descend(&mut codes, targets.as_ref(), Mat::identity(3, 3).as_ref());
        assert_eq!(codes, faer::mat![[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]);
    }

    #[test]
    fn no_bit_alone_can_be_improved() {
        let random = &mut ChaCha8Rng::seed_from_u64(3);
        let (weights, targets) = (lsh::fit(12, 5, random), lsh::fit(12, 40, random));
        let gram = &weights * weights.transpose();
        let start = Mat::from_fn(12, 40, |i, j| if (i * j) % 3 == 0 { 1.0 } else { -1.0 });
        let mut codes = start.clone();
        descend(&mut codes, targets.as_ref(), gram.as_ref());
        for sample in 0..40 {
            let column = |m: &Mat<f64>| m.col(sample).iter().copied().collect::<Vec<f64>>();
            let (code, target) = (column(&codes), column(&targets));
            let reached = objective(&code, &target, &gram);
            assert!(reached <= objective(&column(&start), &target, &gram));
            for bit in 0..12 {
                let mut other = code.clone();
                other[bit] = -other[bit];
                assert!(
                    reached <= objective(&other, &target, &gram) + 1e-9,
                    "bit {bit} of {sample}"
                );
            }
        }
    }

    #[test]
    fn distances_and_similarities_are_as_defined() {
        let (anchors, x) = (faer::mat![[0.0, 3.0], [0.0, 4.0]], faer::mat![[3.0, 1.0], [4.0, 0.0]]);
        let distances = squared_distances(anchors.as_ref(), &[0.0, 25.0], x.as_ref());
        assert_eq!(distances, faer::mat![[25.0, 1.0], [0.0, 20.0]]);
        let phi = similarities(distances, 10.0);
        assert_eq!((phi[(1, 0)], phi[(0, 0)]), (1.0, (-2.5_f64).exp()));
    }

    #[test]
    fn labels_that_do_not_fit_the_samples_are_refused() {
        let message = |labels: &[Vec<f32>]| label_matrix(labels, 2).unwrap_err().to_string();
        assert!(message(&[]).contains("labels of 0 samples; expected 2"));
        assert!(message(&[vec![1.0], vec![1.0, 0.0]]).contains("2 classes; expected 1"));
        assert!(message(&[vec![], vec![]]).contains("0 classes; expected 1"));
        assert!(message(&[vec![1.0], vec![f32::NAN]]).contains("NaN"));
        let y = label_matrix(&[vec![1.0, 0.0, 0.5], vec![0.0; 3]], 2).unwrap();
        assert_eq!(y, faer::mat![[1.0, 0.0], [0.0, 0.0], [0.5, 0.0]]);
        assert_eq!(centred(y), faer::mat![[0.5, -0.5], [0.0, 0.0], [0.25, -0.25]]);
    }

    #[test]
    fn labels_are_told_from_codes_that_differ_where_they_do() {
        let labels = faer::mat![[0.5, 0.5, -0.5, -0.5]];
        let of = |codes: [f64; 4]| {
            residual(Mat::from_fn(1, 4, |_, i| codes[i]).as_ref(), labels.as_ref()).unwrap()
        };
        assert!(of([1.0, 1.0, -1.0, -1.0]) < of([1.0, 1.0, 1.0, -1.0]));
        assert!((of([1.0, -1.0, 1.0, -1.0]) - 1.0).abs() < 1e-12);
    }
}
