//! PCA hashing: sgn(Vᵀx), V being the K eigenvectors of XXᵀ with the greatest eigenvalues.
//! "AnnoSearch: Image Auto-Annotation by Search", Wang, Zhang, Jing and Ma, 2006.

use faer::{Mat, MatRef, Side};

use super::{HashingError, Result};

/// The principal components of centred samples x (dimensions × samples), one a column: dimensions ×
/// bits.
pub(super) fn fit(x: MatRef<'_, f64>, bits: usize) -> Result<Mat<f64>> {
    let components = fit_at_most(x, bits)?;
    match components.ncols() {
        got if got < bits => Err(HashingError::Directions { got, expected: bits }),
        _ => Ok(components),
    }
}

/// At most `count` principal components; fewer if the samples vary along fewer directions.
pub(super) fn fit_at_most(x: MatRef<'_, f64>, count: usize) -> Result<Mat<f64>> {
    let (dimensions, samples) = x.shape();
    // XXᵀ and XᵀX have the same eigenvalues but for zeros. If XᵀXu = λu, then XXᵀ(Xu) = λ(Xu). So
    // the smaller one is enough.
    let mut components = if samples < dimensions {
        x * leading(x.transpose() * x, count)?
    } else {
        leading(x * x.transpose(), count)?
    };
    orient(&mut components);
    Ok(components)
}

/// The eigenvectors of a positive semidefinite matrix with the greatest eigenvalues, the greatest
/// first: `count`, or as many as are not 0.
pub(super) fn leading(scatter: Mat<f64>, count: usize) -> Result<Mat<f64>> {
    let eigen = scatter
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| HashingError::Decomposition { what: "principal components" })?;
    let (values, size) = (eigen.S().column_vector(), scatter.nrows());
    // Rounding makes an eigenvalue of 0 small instead, and its eigenvector noise.
    let least = values[size - 1] * size as f64 * f64::EPSILON;
    let rank = values.iter().filter(|&&value| value > least).count();
    Ok(Mat::from_fn(size, rank.min(count), |i, rank| eigen.U()[(i, size - 1 - rank)]))
}

/// Scales the columns to length 1 and makes the entry of the greatest magnitude positive, the first
/// of equal ones. An eigenvector's sign is arbitrary otherwise.
pub(super) fn orient(components: &mut Mat<f64>) {
    for column in components.col_iter_mut() {
        let greatest = column
            .as_ref()
            .iter()
            .fold(0.0_f64, |best, &x| if x.abs() > best.abs() { x } else { best });
        let scale = column.norm_l2().copysign(greatest);
        column.iter_mut().for_each(|value| *value /= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The samples ±s·e for each axis e and its spread s: the components are the axes, the widest
    /// first.
    fn axes(spreads: &[f64]) -> Mat<f64> {
        Mat::from_fn(spreads.len(), 2 * spreads.len(), |i, sample| {
            let sign = if sample % 2 == 0 { 1.0 } else { -1.0 };
            if sample / 2 == i { sign * spreads[i] } else { 0.0 }
        })
    }

    fn assert_close(a: &Mat<f64>, b: &Mat<f64>) {
        assert_eq!(a.shape(), b.shape());
        assert!((a - b).norm_max() < 1e-9, "{a:?} {b:?}");
    }

    #[test]
    fn components_are_the_axes_by_spread() {
        let components = fit(axes(&[2.0, 1.0, 7.0, 4.0]).as_ref(), 3).unwrap();
        let expected =
            faer::mat![[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        assert_close(&components, &expected);
    }

    #[test]
    fn the_greatest_entry_of_a_component_is_positive() {
        // ±5 along (−0.8, 0.6), ±1 across.
        let x = faer::mat![[-4.0, 4.0, 0.6, -0.6], [3.0, -3.0, 0.8, -0.8]];
        assert_close(&fit(x.as_ref(), 2).unwrap(), &faer::mat![[0.8, 0.6], [-0.6, 0.8]]);
    }

    #[test]
    fn fewer_samples_than_dimensions_give_the_same_components() {
        let x = Mat::from_fn(9, 6, |i, sample| {
            ((7 * i + 3 * sample * sample + i * sample) % 11) as f64 - 5.0
        });
        let by_gram = fit(x.as_ref(), 4).unwrap();
        let mut by_scatter = leading(&x * x.transpose(), 4).unwrap();
        orient(&mut by_scatter);
        assert_close(&by_gram, &by_scatter);
        assert_close(&(by_gram.transpose() * &by_gram), &Mat::identity(4, 4));
    }

    #[test]
    fn directions_without_spread_are_no_components() {
        let message = |x: &Mat<f64>, bits| fit(x.as_ref(), bits).unwrap_err().to_string();
        assert!(
            message(&axes(&[1.0, 0.0, 2.0]), 3)
                .contains("2 independent directions; expected at least 3")
        );
        // Two points, whatever their dimensions, lie on one line.
        assert!(
            message(&faer::mat![[1.0, -1.0], [2.0, -2.0], [0.1, -0.1]], 2)
                .contains("1 independent")
        );
        assert!(message(&axes(&[1.0, 2.0]), 16).contains("2 independent"));
    }
}
