//! Tests of all hashings: neighbours stay neighbours, a seed determines the result, and invalid
//! input is refused.

use rand::Rng;

use super::*;

use Hashing::{Itq, Lsh, Pcah, Sdh, SdhLinear, Sh};

const ALL: [Hashing; 6] = [Lsh, Pcah, Itq, Sh, Sdh, SdhLinear];

/// Feature vectors about `clusters` random centres far apart, in turn, each with its cluster as its
/// only class.
fn clustered(count: usize, dimensions: usize, clusters: usize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut draw = |scale: f32| -> Vec<f32> {
        (0..dimensions).map(|_| scale * (random.random::<f32>() - 0.5)).collect()
    };
    let centres: Vec<_> = (0..clusters).map(|_| draw(4.0)).collect();
    let near = |(centre, noise): (&Vec<f32>, Vec<f32>)| {
        centre.iter().zip(noise).map(|(c, e)| c + e).collect()
    };
    let features = (0..count).map(|i| near((&centres[i % clusters], draw(1.0)))).collect();
    let label = |i: usize, class: usize| if class == i % clusters { 1.0 } else { 0.0 };
    let labels = (0..count).map(|i| (0..clusters).map(|class| label(i, class)).collect()).collect();
    (features, labels)
}

fn codes(hasher: &Hasher, features: &[Vec<f32>]) -> Vec<HashCode> {
    features.iter().map(|feature| hasher.code(feature).unwrap()).collect()
}

/// The mean distance between codes of one cluster, and between codes of two.
fn mean_distances(codes: &[HashCode], clusters: usize) -> (f64, f64) {
    let mut sums = [(0.0, 0.0); 2];
    for (i, a) in codes.iter().enumerate() {
        for (j, b) in codes.iter().enumerate().skip(i + 1) {
            let (sum, count) = &mut sums[usize::from(i % clusters != j % clusters)];
            *sum += f64::from(a.distance(b));
            *count += 1.0;
        }
    }
    (sums[0].0 / sums[0].1, sums[1].0 / sums[1].1)
}

#[test]
fn codes_of_one_cluster_are_nearer_than_those_of_another() {
    let (features, labels) = clustered(400, 24, 8);
    for hashing in ALL {
        let hasher = hashing.fit(&features[..240], &labels[..240], 16, 5).unwrap();
        let (within, between) = mean_distances(&codes(&hasher, &features[240..]), 8);
        assert!(within < 0.7 * between, "{hashing:?}: {within} within, {between} between");
    }
}

#[test]
fn sdh_learns_what_the_features_alone_do_not_say() {
    // Six clusters. The classes pair the clusters; every other class has a second label.
    let (features, _) = clustered(300, 20, 6);
    let class = |i: usize| (i % 6) / 2;
    let row = |i| [class(i) == 0, class(i) == 1, class(i) == 2, class(i) != 1];
    let labels: Vec<Vec<f32>> =
        (0..300).map(|i| row(i).iter().map(|&has| f32::from(u8::from(has))).collect()).collect();
    let hasher = Hashing::Sdh.fit(&features[..200], &labels[..200], 32, 1).unwrap();
    let codes = codes(&hasher, &features[200..]);
    let right = (0..100).filter(|&i| {
        let nearest =
            (0..100).filter(|&j| j % 6 != i % 6).min_by_key(|&j| codes[i].distance(&codes[j]));
        nearest.is_some_and(|j| class(200 + j) == class(200 + i))
    });
    // By chance, one in five of the nearest of another cluster would be right.
    assert!(right.count() >= 95);
}

#[test]
fn linear_codes_are_the_signs_of_the_components() {
    // Samples ±(i + 1) along axis i: the components are the axes, the last first.
    let features: Vec<Vec<f32>> = (0..32)
        .map(|row| {
            (0..16).map(move |i| {
                if row / 2 == i { (1.0 - 2.0 * (row % 2) as f32) * (i + 1) as f32 } else { 0.0 }
            })
        })
        .map(Iterator::collect)
        .collect();
    let hasher = Hashing::Pcah.fit(&features, &[], 16, 0).unwrap();
    let feature: Vec<f32> = (0..16).map(|i| if i >= 12 { 1.0 } else { -1.0 }).collect();
    assert_eq!(hasher.code(&feature).unwrap().words(), [0b1111]);
    assert_eq!(format!("{hasher:?}"), "Hasher(16 values to 16 bits)");
}

#[test]
fn a_linear_hashing_is_a_layer_of_weights_and_offsets() {
    let (features, labels) = clustered(120, 20, 5);
    for hashing in [Lsh, Pcah, SdhLinear] {
        let hasher = hashing.fit(&features, &labels, 16, 2).unwrap();
        let projection = hasher.projection().unwrap();
        for feature in &features {
            let signs = projection.values(feature);
            let close =
                HashCode::from_signs(&signs).unwrap().distance(&hasher.code(feature).unwrap());
            assert!(close <= 1, "{hashing:?}: {close} bits differ, and rounding accounts for one");
        }
    }
    assert!(Sdh.fit(&features, &labels, 16, 2).unwrap().projection().is_none());
}

#[test]
fn the_mean_changes_nothing() {
    // With few clusters ITQ would make equal bits, whose rotation among themselves depends on
    // rounding alone.
    let (features, labels) = clustered(100, 16, 25);
    let each = |rows: &[Vec<f32>], f: fn(f32) -> f32| -> Vec<Vec<f32>> {
        rows.iter().map(|row| row.iter().map(|x| f(*x)).collect()).collect()
    };
    // The values are coarse enough that the shift is exact, as iterations would amplify a rounding
    // error.
    let features = each(&features, |x| (x * 1024.0).round() / 1024.0);
    let shifted = each(&features, |x| x + 64.0);
    for hashing in ALL {
        let [a, b] =
            [&features, &shifted].map(|x| codes(&hashing.fit(x, &labels, 16, 3).unwrap(), x));
        let changed: u32 = a.iter().zip(&b).map(|(a, b)| a.distance(b)).sum();
        assert!(changed <= 8, "{hashing:?}: {changed} bits of 1600");
    }
}

#[test]
fn a_seed_names_the_codes() {
    let (features, labels) = clustered(60, 20, 3);
    for hashing in ALL {
        let fit = |seed| codes(&hashing.fit(&features, &labels, 16, seed).unwrap(), &features);
        assert_eq!(fit(1), fit(1), "{hashing:?}");
        let drawn = matches!(hashing, Lsh | Itq | Sdh | SdhLinear);
        assert_eq!(fit(1) != fit(2), drawn, "{hashing:?}");
    }
}

#[test]
fn fewer_samples_than_dimensions_will_do() {
    let (features, labels) = clustered(40, 300, 4);
    for hashing in ALL {
        let hasher = hashing.fit(&features, &labels, 32, 0).unwrap();
        assert_eq!((hasher.bits(), hasher.dimensions()), (32, 300));
        let (within, between) = mean_distances(&codes(&hasher, &features), 4);
        assert!(within < between, "{hashing:?}: {within} within, {between} between");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let (features, labels) = clustered(20, 8, 2);
    for hashing in ALL {
        let message = |features: &[Vec<f32>], bits| {
            hashing.fit(features, &labels, bits, 0).unwrap_err().to_string()
        };
        assert!(message(&features, 20).contains("20 bits"));
        assert!(message(&[], 16).contains("at least 2"));
        assert!(message(&[vec![1.0], vec![1.0, 2.0]], 16).contains("expected 1 values"));
        assert!(message(&[vec![1.0], vec![f32::NAN]], 16).contains("NaN"));
        assert!(message(&vec![vec![1.0; 4]; 20], 16).contains("equal"));
        let few = hashing.fit(&features, &labels, 16, 0);
        match hashing {
            Lsh | Sdh | SdhLinear => assert_eq!(few.unwrap().bits(), 16),
            _ => assert!(
                few.unwrap_err()
                    .to_string()
                    .contains("8 independent directions; expected at least 16")
            ),
        }
    }
    assert!(
        Hashing::Sdh
            .fit(&features, &labels[1..], 16, 0)
            .unwrap_err()
            .to_string()
            .contains("19 samples")
    );
}

#[test]
fn feature_vectors_that_do_not_fit_the_hasher_are_refused() {
    let (features, _) = clustered(20, 8, 2);
    let hasher = Hashing::Lsh.fit(&features, &[], 16, 0).unwrap();
    assert!(hasher.code(&[0.0; 7]).unwrap_err().to_string().contains("7 values; expected 8"));
    let mut damaged = features[0].clone();
    damaged[3] = f32::NEG_INFINITY;
    assert!(hasher.code(&damaged).unwrap_err().to_string().contains("-inf at position 3"));
}

#[test]
fn extreme_features_do_not_panic() {
    let (features, labels) = clustered(60, 20, 3);
    for scale in [1e-40, 1e-20, 1e20, 1e37] {
        let scaled: Vec<Vec<f32>> =
            features.iter().map(|row| row.iter().map(|x| x * scale).collect()).collect();
        for hashing in ALL {
            let hasher = hashing.fit(&scaled, &labels, 16, 0).unwrap();
            let (within, between) = mean_distances(&codes(&hasher, &scaled), 3);
            assert!(within < between, "{hashing:?} at {scale}: {within} within, {between} between");
        }
    }
}

#[test]
fn configurations_name_hashings_in_lower_case() {
    let names = ALL.map(|hashing| serde_json::to_string(&hashing).unwrap());
    assert_eq!(names, ["\"lsh\"", "\"pcah\"", "\"itq\"", "\"sh\"", "\"sdh\"", "\"sdh_linear\""]);
    assert_eq!(serde_json::from_str::<Hashing>("\"sdh\"").unwrap(), Hashing::Sdh);
}
