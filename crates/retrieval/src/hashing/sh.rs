//! Spectral hashing: bits sgn(sin(ωx + π/2)) of the lowest waves along the principal components,
//! the eigenfunctions of the Laplacian of uniformly filled intervals. A wave has ω = πk/R over a
//! component's range R, x being counted from the range's lower end. "Spectral Hashing", Weiss,
//! Torralba and Fergus, 2008.

use std::f64::consts::PI;

use faer::{Mat, MatRef};

use super::{Result, pcah};

/// Principal components and the waves along them.
#[derive(Clone)]
pub(super) struct Spectral {
    /// The principal components, one a column: dimensions × bits.
    components: Mat<f64>,
    /// The waves, one for each bit.
    waves: Vec<Wave>,
}

/// cos(ω(x − start)) along one component.
#[derive(Clone, PartialEq, Debug)]
struct Wave {
    component: usize,
    /// The frequency, in radians a unit of length.
    omega: f64,
    /// The least value of the samples along the component.
    start: f64,
}

/// Principal components and waves of centred samples x (dimensions × samples).
pub(super) fn fit(x: MatRef<'_, f64>, bits: usize) -> Result<Spectral> {
    let components = pcah::fit(x, bits)?;
    let projected = components.transpose() * x;
    let ranges: Vec<_> = projected.row_iter().map(|row| range(row.iter().copied())).collect();
    Ok(Spectral { components, waves: lowest(&ranges, bits) })
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    })
}

/// The waves of the least ω over the components' ranges. Equal ones come in the order of the
/// components.
///
/// The eigenvalue of a wave along several components is the sum of their ω². The paper takes only
/// waves along one component, as the others' bits would be products of theirs.
fn lowest(ranges: &[(f64, f64)], count: usize) -> Vec<Wave> {
    let along = |(component, &(low, high)): (usize, &(f64, f64))| {
        (1..=count).map(move |k| Wave {
            component,
            omega: k as f64 * PI / (high - low),
            start: low,
        })
    };
    let mut waves: Vec<_> = ranges.iter().enumerate().flat_map(along).collect();
    waves.sort_by(|a, b| a.omega.total_cmp(&b.omega));
    waves.truncate(count);
    waves
}

impl Spectral {
    /// The waves' heights at centred feature vectors (dimensions × vectors): bits × vectors.
    pub(super) fn values(&self, x: MatRef<'_, f64>) -> Mat<f64> {
        let projected = self.components.transpose() * x;
        Mat::from_fn(self.waves.len(), x.ncols(), |bit, vector| {
            let Wave { component, omega, start } = self.waves[bit];
            // sin(t + π/2) = cos t
            (omega * (projected[(component, vector)] - start)).cos()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sign;
    use super::*;

    #[test]
    fn the_lowest_waves_are_taken_first() {
        // ω/π: 1/4, 2/4, 3/4, … along the first component, 1/2, 1, … along the second, 1/1.5, …
        // along the third.
        let waves = lowest(&[(-1.0, 3.0), (0.0, 2.0), (-0.5, 1.0)], 6);
        let expected = [(0, 0.25), (0, 0.5), (1, 0.5), (2, 1.0 / 1.5), (0, 0.75), (0, 1.0)];
        for (wave, (component, omega)) in waves.iter().zip(expected) {
            assert_eq!(wave.component, component);
            assert!((wave.omega - omega * PI).abs() < 1e-12, "{wave:?}");
        }
        assert_eq!((waves.len(), waves[0].start, waves[3].start), (6, -1.0, -0.5));
    }

    #[test]
    fn a_range_of_nothing_has_no_waves() {
        assert!(lowest(&[(1.0, 1.0), (0.0, 1.0)], 16).iter().all(|wave| wave.component == 1));
    }

    #[test]
    fn bits_change_where_the_waves_cross_zero() {
        let waves = lowest(&[(0.0, 8.0)], 3);
        let spectral = Spectral { components: Mat::identity(1, 1), waves };
        let bits = |x: f64| -> Vec<f64> {
            spectral
                .values(Mat::from_fn(1, 1, |_, _| x).as_ref())
                .col(0)
                .iter()
                .map(|&v| sign(v))
                .collect()
        };
        // Half a wave crosses at 4, a whole one at 2 and 6, one and a half at 4/3, 4 and 20/3.
        assert_eq!(bits(0.5), [1.0, 1.0, 1.0]);
        assert_eq!(bits(1.5), [1.0, 1.0, -1.0]);
        assert_eq!(bits(3.0), [1.0, -1.0, -1.0]);
        assert_eq!(bits(5.0), [-1.0, -1.0, 1.0]);
        assert_eq!(bits(7.0), [-1.0, 1.0, -1.0]);
    }
}
