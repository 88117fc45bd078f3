//! The descriptor: a few bytes of an embedding, which lie beside its code in the index.
//!
//! Many pictures may be equally far from a query in Hamming space: a code has few values, and a
//! gallery may have millions of pictures. Descriptors put such ties in the order of likeness before
//! any embedding is read. A descriptor is a random projection of the embedding's direction onto
//! [`LENGTH`] axes of signs (Achlioptas, "Database-friendly random projections", 2003), each
//! coordinate rounded to a byte. Its distances are those of the embeddings up to a factor that
//! strays by 1/√(2·32), an eighth. The axes are fixed, so a descriptor follows from its embedding
//! alone, on every machine.

use std::sync::LazyLock;

use crate::Embedding;

/// Coordinates of a descriptor, a byte each.
pub(crate) const LENGTH: usize = 32;
/// Steps of a byte for a coordinate of 1, its standard deviation for an embedding of unit length:
/// ±4 fit a byte.
const STEPS: f32 = 32.0;
/// Values of an embedding whose axes are made beforehand.
const READY: usize = 2048;

/// A descriptor's coordinates.
pub(crate) type Bytes = [i8; LENGTH];

/// Signs of a value on all axes.
type Signs = [f32; LENGTH];

static AXES: LazyLock<Vec<Signs>> = LazyLock::new(|| (0..READY).map(signs).collect());

/// A short description of an embedding, kept in the index. The default stands for a missing
/// embedding.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Descriptor(pub(crate) Bytes);

impl Descriptor {
    /// The descriptor of an embedding of any length; only the embedding's direction counts.
    #[must_use]
    pub fn of(embedding: &Embedding) -> Self {
        let values = embedding.values();
        let length =
            values.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let mut sums = [0.0_f32; LENGTH];
        for (i, value) in values.iter().enumerate() {
            let made;
            let signs = match AXES.get(i) {
                Some(signs) => signs,
                None => {
                    made = signs(i);
                    &made
                }
            };
            for (sum, sign) in sums.iter_mut().zip(signs) {
                *sum += sign * value;
            }
        }
        // A cast from a float stops at the ends of the range.
        Self(sums.map(|sum| (sum / length * STEPS).round() as i8))
    }

    /// The square of the distance of two descriptors.
    #[must_use]
    pub fn squared_distance(&self, other: &Self) -> u32 {
        squared_distance(&self.0, &other.0)
    }
}

/// The square of the Euclidean distance, at most 32 · 255².
pub(crate) fn squared_distance(a: &Bytes, b: &Bytes) -> u32 {
    let square = |(a, b): (&i8, &i8)| {
        let difference = i32::from(*a) - i32::from(*b);
        difference * difference
    };
    a.iter().zip(b).map(square).sum::<i32>().cast_unsigned()
}

/// The signs of an embedding's value on all axes: bits of SplitMix64 (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", 2014).
fn signs(i: usize) -> Signs {
    let mut bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    std::array::from_fn(|axis| if bits >> axis & 1 == 1 { 1.0 } else { -1.0 })
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn random(rng: &mut ChaCha8Rng, length: usize) -> Embedding {
        Embedding::new((0..length).map(|_| rng.random_range(-1.0..1.0)).collect())
    }

    fn unit(values: impl Iterator<Item = f32>) -> Embedding {
        let values: Vec<f32> = values.collect();
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        Embedding::new(values.iter().map(|value| value / length).collect())
    }

    #[test]
    fn distances_are_those_of_the_embeddings() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut ratios = Vec::new();
        for _ in 0..300 {
            let (a, b) = (random(&mut rng, 512), random(&mut rng, 512));
            let a = unit(a.values().iter().copied());
            // Near ones and far ones.
            let share = rng.random_range(0.1..1.0);
            let b = unit(a.values().iter().zip(b.values()).map(|(a, b)| a + share * 0.1 * b));
            let (a8, b8) = (Descriptor::of(&a), Descriptor::of(&b));
            ratios.push(
                (a8.squared_distance(&b8) as f32).sqrt() / STEPS / 32_f32.sqrt() / a.distance(&b),
            );
        }
        let mean = ratios.iter().sum::<f32>() / ratios.len() as f32;
        let spread = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f32>() / ratios.len() as f32;
        assert!((mean - 1.0).abs() < 0.05 && spread.sqrt() < 0.16, "{mean} {}", spread.sqrt());
    }

    #[test]
    fn only_the_direction_counts_and_any_length_will_do() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for length in [1, 3, 512, READY + 5] {
            let embedding = random(&mut rng, length);
            let longer =
                Embedding::new(embedding.values().iter().map(|value| 8.0 * value).collect());
            assert_eq!(Descriptor::of(&longer), Descriptor::of(&embedding), "{length}");
            assert_ne!(Descriptor::of(&embedding), Descriptor::default());
        }
        assert_eq!(Descriptor::of(&Embedding::new(vec![0.0; 8])), Descriptor::default());
    }

    #[test]
    fn the_axes_never_change() {
        // Segments on disks hold descriptors: other axes need another format of theirs.
        let ramp = Embedding::new((0..64).map(|i| (i as f32 - 20.0) / 100.0).collect());
        assert_eq!(Descriptor::of(&ramp).0[..8], [42, -20, -30, -22, 49, -6, -3, -39]);
    }
}
