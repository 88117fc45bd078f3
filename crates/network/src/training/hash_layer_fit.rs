//! The fit of the embedding layer and the hash layer after the other training, without gradients.
//!
//! Label bits come from supervised discrete hashing. It finds codes of the training pictures that
//! predict their labels, and then the linear functions nearest to the codes. Likeness comes from
//! the pictures and copies of them. The hash code is signs of the embedding's entries, so that a
//! moved embedding has a code, too. The first sixteen bits are label bits. Of a longer code's
//! further bits, half are label bits and half are likeness, so that the first bits of a code are a
//! code.

use crate::error::Result;
use crate::inference::plan::Plan;
use crate::model::embedding::{EmbeddingParts, INPUTS};
use crate::model::file::{Card, Model};
use crate::model::network::{Architecture, Network};
use crate::model::weights::{self, Weight, Weights};
use crate::training::prepared::Prepared;
use burn::tensor::Device;
use retrieval::hashing::{Projection, label_projection, likeness_projection};

/// The number of floats of a fitted embedding.
const LENGTH: usize = 256;
/// The number of first bits that are label bits alone: too few to tell pictures of one class apart.
const LABELS_ALONE: usize = 16;
/// The steepness of tanh at the border of a label bit. Held-out training pictures preferred 4 to 1
/// and 2.
const SLOPE: f32 = 4.0;
/// The seed of the starts of supervised discrete hashing.
const SEED: u64 = 0;

/// The model with embedding and hash layer fitted for these code lengths, ascending. The first bits
/// of each length are codes of their own.
///
/// Few pictures vary along few directions. Likeness bits without a direction are 1 for every
/// picture.
pub(crate) fn hash_layer(model: Model, prepared: &Prepared, lengths: &[usize]) -> Result<Model> {
    let Model { network, card, id } = model;
    let mut weights = weights::collect(&network);
    let (parts, entries) = allocate(lengths);
    let [labels, likeness] =
        projections(&Plan::new(&card.architecture, &weights), prepared, parts)?;
    weights.extend(linear("embedding.labels", labels, parts.labels, SLOPE));
    weights.extend(linear("embedding.likeness", likeness, parts.likeness, 1.0));
    weights.extend(signs(&entries, parts.length()));
    let (bits, nested) = (entries.len(), lengths[..lengths.len() - 1].to_vec());
    let architecture = Architecture { bits, nested, embedding: Some(parts), ..card.architecture };
    let blank = Network::new(&architecture, card.labels.len(), 0, &Device::flex());
    let (network, _) = weights::apply(blank, weights)?;
    Ok(Model { network, card: Card { architecture, fitted: true, ..card }, id })
}

/// The label bits and likeness of the training pictures. Mirror images and copies have the
/// pictures' labels.
fn projections(plan: &Plan, prepared: &Prepared, parts: EmbeddingParts) -> Result<[Projection; 2]> {
    let (features, labels) = (prepared.features(plan), prepared.label_rows());
    let count = labels.len();
    let (pictures, copies) = (&features[..count], &features[2 * count..]);
    let three = [labels.as_slice(), &labels, &labels].concat();
    Ok([
        label_projection(&features, &three, parts.labels, SEED)?,
        likeness_projection(pictures, copies, &labels, parts.likeness)?,
    ])
}

/// The lengths of the embedding's parts, and the positions of the entries whose signs are the
/// code's bits.
fn allocate(lengths: &[usize]) -> (EmbeddingParts, Vec<usize>) {
    let (mut of_labels, mut labels, mut likeness, mut shorter) = (Vec::new(), 0, 0, 0);
    for &length in lengths {
        let likeness_bits = (length - shorter.max(LABELS_ALONE)) / 2;
        let label_bits = length - shorter - likeness_bits;
        of_labels.extend((labels..labels + label_bits).map(|entry| (true, entry)));
        of_labels.extend((likeness..likeness + likeness_bits).map(|entry| (false, entry)));
        (labels, likeness, shorter) = (labels + label_bits, likeness + likeness_bits, length);
    }
    let entry = |(is_label, entry): (bool, usize)| if is_label { entry } else { labels + entry };
    let parts = EmbeddingParts { labels, likeness: LENGTH - labels };
    (parts, of_labels.into_iter().map(entry).collect())
}

/// A linear layer under its name, `factor` times a projection. Outputs that the projection lacks
/// are 0 for every picture.
fn linear(name: &str, projection: Projection, outputs: usize, factor: f32) -> Weights {
    let scaled = |values: Vec<f32>, len: usize| {
        let mut values: Vec<f32> = values.into_iter().map(|value| factor * value).collect();
        values.resize(len, 0.0);
        values
    };
    let rows = scaled(projection.weights.concat(), outputs * INPUTS);
    [
        (format!("{name}.weight"), Weight { shape: vec![outputs, INPUTS], values: rows }),
        (
            format!("{name}.bias"),
            Weight { shape: vec![outputs], values: scaled(projection.offsets, outputs) },
        ),
    ]
    .into()
}

/// A hash layer whose bits are the signs of these entries of an embedding. Its batch normalisation
/// is the identity.
fn signs(entries: &[usize], inputs: usize) -> Weights {
    let bits = entries.len();
    let mut rows = vec![0.0; bits * inputs];
    entries.iter().enumerate().for_each(|(bit, entry)| rows[bit * inputs + entry] = 1.0);
    let weight = |shape: &[usize], values: Vec<f32>| Weight { shape: shape.to_vec(), values };
    [
        ("hash.weight", weight(&[bits, inputs], rows)),
        ("hash.bn.weight", weight(&[bits], vec![1.0; bits])),
        ("hash.bn.bias", weight(&[bits], vec![0.0; bits])),
        ("hash.bn.running_mean", weight(&[bits], vec![0.0; bits])),
        ("hash.bn.running_var", weight(&[bits], vec![1.0; bits])),
    ]
    .map(|(name, weight)| (name.to_owned(), weight))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_its_labels_and_beyond_sixteen_bits_its_likeness() {
        let (parts, entries) = allocate(&[16, 32, 64, 128]);
        assert_eq!(parts, EmbeddingParts { labels: 72, likeness: 184 });
        let likeness = |bits: usize| entries[..bits].iter().filter(|&&entry| entry >= 72).count();
        assert_eq!([16, 32, 64, 128].map(likeness), [0, 8, 24, 56]);
        let mut sorted = entries.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..128).collect::<Vec<_>>());
        assert_eq!(allocate(&[64]).0, EmbeddingParts { labels: 40, likeness: 216 });
        assert_eq!(allocate(&[16]).1, (0..16).collect::<Vec<_>>());
        assert!(allocate(&[256]).0.likeness >= 120);
    }
}
