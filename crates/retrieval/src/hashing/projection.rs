//! Linear functions of feature vectors, fitted in closed form for a network's layer.

use faer::MatRef;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::samples::{self, Samples};
use super::{HashingError, Result, likeness, sdh};

/// The number of label bits that are fitted together. Each group predicts the labels on its own, so
/// that a few groups are enough. Held-out training pictures preferred eight to twelve, sixteen and
/// more.
pub const LABEL_GROUP: usize = 8;

/// Linear functions of a feature vector. Each is a row of weights and an offset.
#[derive(Clone, PartialEq, Debug)]
pub struct Projection {
    /// A row for each function, as long as a feature vector.
    pub weights: Vec<Vec<f32>>,
    /// The offset of each function.
    pub offsets: Vec<f32>,
}

impl Projection {
    /// The functions w·(x − mean) + offset, a direction w a column.
    pub(super) fn about(mean: &[f64], directions: MatRef<'_, f64>, offsets: &[f64]) -> Self {
        let row = |at: usize| directions.col(at).iter().map(|&weight| weight as f32).collect();
        let of_mean =
            |at: usize| directions.col(at).iter().zip(mean).map(|(w, m)| w * m).sum::<f64>();
        Self {
            weights: (0..directions.ncols()).map(row).collect(),
            offsets: offsets
                .iter()
                .enumerate()
                .map(|(at, offset)| (offset - of_mean(at)) as f32)
                .collect(),
        }
    }

    /// The values at a feature vector.
    #[must_use]
    pub fn values(&self, feature: &[f32]) -> Vec<f32> {
        let value = |(row, offset): (&Vec<f32>, &f32)| {
            row.iter().zip(feature).map(|(weight, x)| weight * x).sum::<f32>() + offset
        };
        self.weights.iter().zip(&self.offsets).map(value).collect()
    }
}

/// Functions whose signs predict the labels, by linear supervised discrete hashing in groups of
/// [`LABEL_GROUP`].
///
/// `features` has a row a sample, `labels` how much each class counts for it; `bits` is a multiple
/// of the group.
///
/// # Errors
/// Those of [`super::Hashing::fit`] by SDH.
pub fn label_projection(
    features: &[Vec<f32>],
    labels: &[Vec<f32>],
    bits: usize,
    seed: u64,
) -> Result<Projection> {
    let Samples { mean, centred } = Samples::new(features)?;
    let groups = vec![LABEL_GROUP; bits / LABEL_GROUP];
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let (directions, offsets) = sdh::fit_linear(centred.as_ref(), labels, &groups, random)?;
    Ok(Projection::about(&mean, directions.as_ref(), &offsets))
}

/// Functions that differ much between pictures of the same labels, and little between a picture and
/// its copy. Each has mean 0 and variance 1; the best comes first. There are at most `count`, fewer
/// if the samples vary along fewer directions.
///
/// `features` and `copies` have a row a sample, the copies being of the same pictures changed a
/// little; `labels` as in [`label_projection`].
///
/// # Errors
/// Those of [`super::Hashing::fit`] by SDH; if there are not as many copies as features.
pub fn likeness_projection(
    features: &[Vec<f32>],
    copies: &[Vec<f32>],
    labels: &[Vec<f32>],
    count: usize,
) -> Result<Projection> {
    let Samples { mean, centred } = Samples::new(features)?;
    if copies.len() != features.len() {
        return Err(HashingError::CopyCount { got: copies.len(), expected: features.len() });
    }
    let labels = sdh::centred(sdh::label_matrix(labels, features.len())?);
    let noise = samples::differences(copies, features)?;
    let directions = likeness::fit(centred.as_ref(), noise.as_ref(), labels.as_ref(), count)?;
    Ok(Projection::about(&mean, directions.as_ref(), &vec![0.0; directions.ncols()]))
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    /// Pictures of four classes, each with two copies. Features are the class, one of 40 places
    /// along each of six axes, and noise. The copies differ in the noise alone.
    fn pictures(count: usize) -> [Vec<Vec<f32>>; 3] {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut draw = || random.random::<f32>() - 0.5;
        let (mut features, mut copies, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..count {
            let class = i % 4;
            let own: Vec<f32> = (0..6).map(|_| 0.5 * draw()).collect();
            let mut row = || -> Vec<f32> {
                let of_class = (0..4).map(|c| if c == class { 8.0 } else { 0.0 });
                let told = of_class.chain(own.iter().copied()).map(|x| (x, 0.02));
                told.chain([(0.0, 3.0); 10]).map(|(x, noise)| x + noise * draw()).collect()
            };
            features.push(row());
            copies.push(row());
            labels.push((0..4).map(|c| f32::from(u8::from(c == class))).collect());
        }
        [features, copies, labels]
    }

    fn signs(projection: &Projection, feature: &[f32]) -> Vec<bool> {
        projection.values(feature).iter().map(|value| *value >= 0.0).collect()
    }

    fn differing(a: &[bool], b: &[bool]) -> usize {
        a.iter().zip(b).filter(|(a, b)| a != b).count()
    }

    #[test]
    fn likeness_knows_a_copy_and_not_the_class() {
        let [features, copies, labels] = pictures(240);
        let projection =
            likeness_projection(&features[..160], &copies[..160], &labels[..160], 6).unwrap();
        assert_eq!(projection.weights.len(), 6);
        let codes: Vec<_> = features[160..].iter().map(|f| signs(&projection, f)).collect();
        let of_copies: Vec<_> = copies[160..].iter().map(|f| signs(&projection, f)).collect();
        let mean = |of: &dyn Fn(usize) -> usize| (0..80).map(of).sum::<usize>() as f64 / 80.0;
        let to_copy = mean(&|i| differing(&codes[i], &of_copies[i]));
        let within = mean(&|i| differing(&codes[i], &codes[(i + 4) % 80]));
        let between = mean(&|i| differing(&codes[i], &codes[(i + 1) % 80]));
        assert!(to_copy < 0.5, "{to_copy} bits to the copy");
        assert!(
            within > 2.0 && (within - between).abs() < 0.8,
            "{within} within, {between} between"
        );
    }

    #[test]
    fn label_bits_tell_the_class_group_by_group() {
        let [features, _, labels] = pictures(160);
        let projection = label_projection(&features[..120], &labels[..120], 16, 1).unwrap();
        let codes: Vec<_> = features[120..].iter().map(|f| signs(&projection, f)).collect();
        for group in [0..8, 8..16] {
            for i in 0..36 {
                let near = differing(&codes[i][group.clone()], &codes[i + 4][group.clone()]);
                let far = differing(&codes[i][group.clone()], &codes[i + 1][group.clone()]);
                assert!(near < far, "{near} within and {far} between, {i}");
            }
        }
        assert_eq!(projection, label_projection(&features[..120], &labels[..120], 16, 1).unwrap());
    }

    #[test]
    fn fewer_directions_than_asked_give_fewer_functions() {
        let [features, copies, labels] = pictures(12);
        let projection = likeness_projection(&features, &copies, &labels, 200).unwrap();
        assert!((1..12).contains(&projection.weights.len()), "{}", projection.weights.len());
        let message =
            likeness_projection(&features, &copies[1..], &labels, 4).unwrap_err().to_string();
        assert!(message.contains("11 copies; expected 12"), "{message}");
    }
}
