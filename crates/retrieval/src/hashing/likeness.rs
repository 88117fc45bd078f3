//! Directions along which pictures of the same labels differ and copies of one picture do not:
//! linear discriminants (Fisher 1936) with each picture as a class.
//!
//! Regression removes from a picture's features x what its labels explain. S is the scatter of the
//! rest between pictures, N that of copy − original. The directions w with the greatest wᵀSw / wᵀNw
//! vary most between pictures for their noise. With N = LLᵀ they are L⁻ᵀa of the leading
//! eigenvectors a of L⁻¹SL⁻ᵀ. Directions along which classes differ are left out of S: a bit that a
//! whole class shares does not tell its pictures apart. Principal components come first, as
//! directions of little variance are noise.

use faer::linalg::solvers::Llt;
use faer::prelude::Solve;
use faer::{Mat, MatRef, Scale, Side};

use super::{HashingError, Result, pcah, sdh};

/// The number of principal components that directions are made of. On held-out training pictures,
/// more of them found copies no better.
const COMPONENTS: usize = 256;
/// The addition to the diagonal of N, as a share of its mean.
const NOISE_FLOOR: f64 = 0.01;
/// λ of the regression on the labels.
const LAMBDA: f64 = 1.0;
/// The least length of a class direction, as a share of the longest. Shorter ones are rounding
/// errors.
const LEAST: f64 = 1e-3;

/// Fits at most `count` directions to centred samples x (dimensions × samples). Each is a column,
/// the best first, and the samples have variance 1 along it. `noise` is copy − original; `labels`
/// (classes × samples) are centred.
pub(super) fn fit(
    x: MatRef<'_, f64>,
    noise: MatRef<'_, f64>,
    labels: MatRef<'_, f64>,
    count: usize,
) -> Result<Mat<f64>> {
    // The distance of each class from the mean: classes × dimensions.
    let classes = sdh::ridge(labels, LAMBDA)?.solve(labels * x.transpose());
    let rest = x - classes.transpose() * labels;
    let components = pcah::fit_at_most(rest.as_ref(), COMPONENTS)?;
    if components.ncols() == 0 {
        return Ok(components);
    }
    let between = scatter((components.transpose() * &rest).as_ref());
    let noise = with_floor(scatter((components.transpose() * noise).as_ref()));
    let keep = complement((&classes * &components).as_ref())?;
    let between = &keep * between * &keep;
    let directions = components * keep * discriminants(between.as_ref(), noise.as_ref(), count)?;
    Ok(of_unit_variance(directions, x))
}

/// The mean of yyᵀ over the columns y.
fn scatter(y: MatRef<'_, f64>) -> Mat<f64> {
    Scale(1.0 / y.ncols() as f64) * (y * y.transpose())
}

/// Adds noise to a scatter, so that no direction is without.
fn with_floor(mut scatter: Mat<f64>) -> Mat<f64> {
    let diagonal = scatter.diagonal_mut().column_vector_mut();
    let mean = diagonal.as_ref().iter().sum::<f64>() / diagonal.nrows() as f64;
    // Copies equal to their originals have no noise: every direction is as good then.
    let floor = if mean > 0.0 { NOISE_FLOOR * mean } else { 1.0 };
    diagonal.iter_mut().for_each(|value| *value += floor);
    scatter
}

/// The projection I − QQᵀ that removes the span of the rows.
fn complement(rows: MatRef<'_, f64>) -> Result<Mat<f64>> {
    let size = rows.ncols();
    let svd = rows
        .thin_svd()
        .map_err(|_| HashingError::Decomposition { what: "directions of the classes" })?;
    let lengths = svd.S().column_vector();
    let count = lengths.iter().filter(|&&length| length > LEAST * lengths[0]).count();
    let q = svd.V().subcols(0, count);
    Ok(Mat::<f64>::identity(size, size) - q * q.transpose())
}

/// The directions of the greatest wᵀSw / wᵀNw, at most `count`.
fn discriminants(s: MatRef<'_, f64>, n: MatRef<'_, f64>, count: usize) -> Result<Mat<f64>> {
    let what = "scatter of copies";
    let noise: Llt<f64> = n.llt(Side::Lower).map_err(|_| HashingError::Decomposition { what })?;
    let lower = noise.L();
    // L⁻¹S, and then L⁻¹(L⁻¹S)ᵀ = L⁻¹SL⁻ᵀ.
    let half = solve_lower(lower, s.to_owned());
    let whitened = solve_lower(lower, half.transpose().to_owned());
    let symmetric = Scale(0.5) * (&whitened + whitened.transpose());
    let mut leading = pcah::leading(symmetric, count)?;
    faer::linalg::triangular_solve::solve_upper_triangular_in_place(
        lower.transpose(),
        leading.as_mut(),
        faer::Par::Seq,
    );
    Ok(leading)
}

/// L⁻¹M.
fn solve_lower(lower: MatRef<'_, f64>, mut m: Mat<f64>) -> Mat<f64> {
    faer::linalg::triangular_solve::solve_lower_triangular_in_place(
        lower,
        m.as_mut(),
        faer::Par::Seq,
    );
    m
}

/// Scales each column so that samples have variance 1 along it and its entry of the greatest
/// magnitude is positive.
fn of_unit_variance(mut directions: Mat<f64>, x: MatRef<'_, f64>) -> Mat<f64> {
    pcah::orient(&mut directions);
    let projected = directions.transpose() * x;
    for (column, values) in directions.col_iter_mut().zip(projected.row_iter()) {
        let deviation = (values.squared_norm_l2() / x.ncols() as f64).sqrt().max(f64::MIN_POSITIVE);
        column.iter_mut().for_each(|value| *value /= deviation);
    }
    directions
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::lsh;
    use super::*;

    /// wᵀMw.
    fn form(m: MatRef<'_, f64>, w: &[f64]) -> f64 {
        let size = w.len();
        (0..size).map(|i| (0..size).map(|j| w[i] * m[(i, j)] * w[j]).sum::<f64>()).sum()
    }

    #[test]
    fn no_other_direction_tells_more_beside_its_noise() {
        let random = &mut ChaCha8Rng::seed_from_u64(5);
        let (a, b) = (lsh::fit(6, 20, random), lsh::fit(6, 20, random));
        let (s, n) = (scatter(a.as_ref()), scatter(b.as_ref()));
        let directions = discriminants(s.as_ref(), n.as_ref(), 3).unwrap();
        let ratio = |w: &[f64]| form(s.as_ref(), w) / form(n.as_ref(), w);
        let column = |at: usize| directions.col(at).iter().copied().collect::<Vec<f64>>();
        let best = ratio(&column(0));
        assert!(best >= ratio(&column(1)) && ratio(&column(1)) >= ratio(&column(2)));
        for _ in 0..2000 {
            let other: Vec<f64> = lsh::fit(6, 1, random).col(0).iter().copied().collect();
            assert!(ratio(&other) <= best + 1e-9);
        }
        // The directions are conjugate: each adds information to the others.
        let cross = directions.transpose() * &n * &directions;
        assert!((0..3).all(|i| (0..i).all(|j| cross[(i, j)].abs() < 1e-9)), "{cross:?}");
    }

    #[test]
    fn what_classes_differ_in_is_taken_away() {
        let rows = faer::mat![[1.0, 1.0, 0.0], [2.0, 2.0, 0.0]];
        let keep = complement(rows.as_ref()).unwrap();
        let expected = faer::mat![[0.5, -0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 1.0]];
        assert!((keep - expected).norm_max() < 1e-12);
    }

    #[test]
    fn directions_have_unit_variance_and_do_not_follow_the_labels() {
        let random = &mut ChaCha8Rng::seed_from_u64(8);
        let own = lsh::fit(5, 400, random);
        let label = |i: usize| if i.is_multiple_of(2) { 1.0 } else { -1.0 };
        let x = Mat::from_fn(5, 400, |row, i| {
            own[(row, i)] + if row == 2 { 6.0 * label(i) } else { 0.0 }
        });
        let noise = Scale(0.1) * lsh::fit(5, 400, random);
        let labels = Mat::from_fn(1, 400, |_, i| label(i));
        let directions = fit(x.as_ref(), noise.as_ref(), labels.as_ref(), 4).unwrap();
        let values = directions.transpose() * &x;
        for row in values.row_iter() {
            assert!((row.squared_norm_l2() / 400.0 - 1.0).abs() < 1e-9);
            let with_label = row.iter().enumerate().map(|(i, v)| v * label(i)).sum::<f64>() / 400.0;
            assert!(with_label.abs() < 0.05, "{with_label}");
        }
    }
}
