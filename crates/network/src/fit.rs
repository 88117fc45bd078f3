//! The hash layer fitted once more, when the features no longer change: by supervised discrete hashing, which finds codes of
//! the training pictures from which their labels can be told, and then the linear layer that comes nearest to them.

use crate::error::Result;
use crate::model::{Card, Model};
use crate::network::{Architecture, Network};
use crate::plan::Plan;
use crate::resnet::FEATURES;
use crate::train::Prepared;
use crate::weights::{self, Weight, Weights};
use burn::tensor::Device;
use retrieval::hashing::Hashing;

/// The model with a hash layer of these code lengths, ascending; each length's first bits are codes of their own.
///
/// What a length adds to the one before is fitted as if it stood alone: to fit it to what the shorter code lacks would give
/// bits that are good for nothing else.
pub(crate) fn hash_layer(model: Model, prepared: &Prepared, lengths: &[usize]) -> Result<Model> {
    let Model { network, card, id } = model;
    let mut weights = weights::collect(&network);
    let features = prepared.features(&Plan::new(&card.architecture, &weights));
    // A mirror image has the picture's labels.
    let labels = prepared.label_rows();
    let labels = [labels.as_slice(), &labels].concat();
    let (mut rows, mut offsets, mut shorter) = (Vec::new(), Vec::new(), 0);
    for (seed, &length) in (0..).zip(lengths) {
        let hasher = Hashing::SdhLinear.fit(&features, &labels, length - shorter, seed)?;
        let (weights, added) = hasher.layer().unwrap_or_default();
        rows.extend(weights.into_iter().flatten());
        offsets.extend(added);
        shorter = length;
    }
    let (bits, nested) = (shorter, lengths[..lengths.len() - 1].to_vec());
    let architecture = Architecture { bits, nested, ..card.architecture };
    weights.extend(layer(rows, offsets));
    let blank = Network::new(&architecture, card.labels.len(), 0, &Device::flex());
    let (network, _) = weights::apply(blank, weights)?;
    Ok(Model { network, card: Card { architecture, fitted: true, ..card }, id })
}

/// A linear layer under the names of the hash layer and of its batch normalisation, which then adds the offsets alone.
fn layer(rows: Vec<f32>, offsets: Vec<f32>) -> Weights {
    let bits = offsets.len();
    let weight = |shape: &[usize], values: Vec<f32>| Weight { shape: shape.to_vec(), values };
    [
        ("hash.weight", weight(&[bits, FEATURES], rows)),
        ("hash.bn.weight", weight(&[bits], vec![1.0; bits])),
        ("hash.bn.bias", weight(&[bits], offsets)),
        ("hash.bn.running_mean", weight(&[bits], vec![0.0; bits])),
        ("hash.bn.running_var", weight(&[bits], vec![1.0; bits])),
    ]
    .map(|(name, weight)| (name.to_owned(), weight))
    .into()
}
