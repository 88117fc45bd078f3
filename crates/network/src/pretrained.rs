//! torchvision's ResNet-18 weights into the backbone, from `.pth` or `.safetensors`.

use crate::error::{Error, Result};
use crate::network::Network;
use crate::weights::{self, Weight, Weights};
use pytorch_reader::{DType, PytorchReader, Tensor};
use std::path::Path;

/// The stem's weight, summed over colours for a one-channel radiograph.
const STEM: &str = "conv1.weight";

/// Replaces the backbone's weights by those of a file that holds torchvision's names (with or without the
/// `fc` layer, which has no place here). A three-channel stem is summed to the network's first channel.
///
/// # Errors
/// [`Error::WeightsUnreadable`], [`Error::WeightMissing`], [`Error::WeightShape`].
pub(crate) fn into_backbone(network: Network, path: &Path) -> Result<Network> {
    let mut file = read(path)?;
    let own = weights::collect(&network);
    if let (Some(stem), Some(ours)) = (file.get_mut(STEM), own.get(STEM)) {
        fit_stem(stem, ours);
    }
    // What the backbone does not have keeps its initial value; what it has must be in the file.
    let merged = own
        .into_iter()
        .filter(|(name, _)| !is_backbone(name))
        .chain(file.into_iter().filter(|(name, _)| is_backbone(name)))
        .collect();
    Ok(weights::apply(network, merged)?.0)
}

fn is_backbone(name: &str) -> bool {
    ["conv1.", "bn1.", "layer"].iter().any(|start| name.starts_with(start))
}

fn fit_stem(stem: &mut Weight, ours: &Weight) {
    if stem.shape.get(1) != Some(&3) || ours.shape.get(1) == Some(&3) {
        return;
    }
    let area = stem.shape[2] * stem.shape[3];
    let channels = ours.shape[1];
    let mut values = vec![0.0; stem.shape[0] * channels * area];
    for (filter, colours) in stem.values.chunks_exact(3 * area).enumerate() {
        for (i, value) in colours.iter().enumerate() {
            values[filter * channels * area + i % area] += value;
        }
    }
    *stem = Weight { shape: vec![stem.shape[0], channels, stem.shape[2], stem.shape[3]], values };
}

fn read(path: &Path) -> Result<Weights> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    if path.extension().is_some_and(|e| e == "safetensors") {
        return Ok(weights::from_bytes(&bytes, path)?.0);
    }
    let bad = |reason: String| Error::WeightsUnreadable { path: path.into(), reason };
    let reader = PytorchReader::new(path).map_err(|e| bad(e.to_string()))?;
    let mut weights = Weights::new();
    for (name, tensor) in reader.into_tensors() {
        if let Some(values) = floats(&tensor).map_err(bad)? {
            weights.insert(name, Weight { shape: tensor.shape().to_vec(), values });
        }
    }
    Ok(weights)
}

/// Values of a floating-point tensor; none for integers such as `num_batches_tracked`.
fn floats(tensor: &Tensor) -> std::result::Result<Option<Vec<f32>>, String> {
    let size = tensor.dtype().size();
    let one: fn(&[u8]) -> f32 = match tensor.dtype() {
        DType::F32 => |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        DType::F16 => |b| half::f16::from_le_bytes([b[0], b[1]]).to_f32(),
        DType::BF16 => |b| half::bf16::from_le_bytes([b[0], b[1]]).to_f32(),
        _ => return Ok(None),
    };
    let bytes = tensor.read().map_err(|e| e.to_string())?;
    Ok(Some(bytes.chunks_exact(size).map(one).collect()))
}
