//! Iterative quantisation: the signs of the principal components turned by R, which brings the
//! samples nearest to their codes: min ‖B − VR‖², V being the projected samples. It alternates B =
//! sgn(VR) with BᵀV = UΣWᵀ and R = WUᵀ. "Iterative Quantization: A Procrustean Approach to Learning
//! Binary Codes", Gong and Lazebnik, 2011.

use faer::{Mat, MatRef};
use rand_chacha::ChaCha8Rng;

use super::{HashingError, Result, lsh, pcah, sign};

/// The paper's number of iterations; little changes after them.
const ITERATIONS: usize = 50;

/// The rotated principal components of centred samples x (dimensions × samples): dimensions × bits.
pub(super) fn fit(x: MatRef<'_, f64>, bits: usize, random: &mut ChaCha8Rng) -> Result<Mat<f64>> {
    let components = pcah::fit(x, bits)?;
    let projected = x.transpose() * &components;
    let mut rotation = random_rotation(bits, random);
    for _ in 0..ITERATIONS {
        rotation = turn(projected.as_ref(), rotation.as_ref())?;
    }
    Ok(components * rotation)
}

/// A random orthogonal matrix, from a normal one.
fn random_rotation(size: usize, random: &mut ChaCha8Rng) -> Mat<f64> {
    lsh::fit(size, size, random).qr().compute_Q()
}

/// The orthogonal matrix that brings V (samples × bits) nearest to the codes that V has under
/// `rotation`.
fn turn(v: MatRef<'_, f64>, rotation: MatRef<'_, f64>) -> Result<Mat<f64>> {
    let codes = signs(v * rotation);
    let svd = (codes.transpose() * v)
        .svd()
        .map_err(|_| HashingError::Decomposition { what: "rotation of the components" })?;
    Ok(svd.V() * svd.U().transpose())
}

fn signs(mut values: Mat<f64>) -> Mat<f64> {
    values
        .col_iter_mut()
        .for_each(|column| column.iter_mut().for_each(|value| *value = sign(*value)));
    values
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// ‖sgn(VR) − VR‖².
    fn quantisation_error(v: &Mat<f64>, rotation: &Mat<f64>) -> f64 {
        let turned = v * rotation;
        (signs(turned.clone()) - turned).squared_norm_l2()
    }

    #[test]
    fn the_quantisation_error_never_increases() {
        for seed in 0..5 {
            let random = &mut ChaCha8Rng::seed_from_u64(seed);
            let v = lsh::fit(300, 16, random);
            let mut rotation = random_rotation(16, random);
            let mut errors = vec![quantisation_error(&v, &rotation)];
            for _ in 0..ITERATIONS {
                rotation = turn(v.as_ref(), rotation.as_ref()).unwrap();
                errors.push(quantisation_error(&v, &rotation));
            }
            assert!(errors.is_sorted_by(|a, b| *b <= a + 1e-9), "{errors:?}");
            assert!(
                errors[ITERATIONS] < 0.95 * errors[0],
                "{} to {}",
                errors[0],
                errors[ITERATIONS]
            );
        }
    }

    #[test]
    fn rotations_stay_orthogonal() {
        let random = &mut ChaCha8Rng::seed_from_u64(7);
        let (v, start) = (lsh::fit(40, 8, random), random_rotation(8, random));
        for rotation in [turn(v.as_ref(), start.as_ref()).unwrap(), start] {
            assert!(
                (rotation.transpose() * &rotation - Mat::<f64>::identity(8, 8)).norm_max() < 1e-9
            );
        }
    }

    #[test]
    fn the_corners_of_a_turned_square_are_turned_back() {
        // The corners of a square, on the axes: turned by 45°, each falls on a corner (±1, ±1).
        let root = 2.0_f64.sqrt();
        let v = faer::mat![[root, 0.0], [0.0, root], [-root, 0.0], [0.0, -root]];
        let (sin, cos) = 0.3_f64.sin_cos();
        let mut rotation = faer::mat![[cos, -sin], [sin, cos]];
        assert!(quantisation_error(&v, &rotation) > 0.1);
        rotation = turn(v.as_ref(), rotation.as_ref()).unwrap();
        assert!(quantisation_error(&v, &rotation) < 1e-9);
    }
}
