//! Initial weights of training: torchvision's ResNet-18 weights for the backbone, from `.pth` or
//! `.safetensors`, or a model of this program.

use crate::error::{Error, Result};
use crate::model::network::Network;
use crate::model::weights::{self, Weight, Weights};
use pytorch_reader::{DType, PytorchReader, Tensor};
use std::path::Path;

/// The name of the stem's weight, which is summed over colours for a one-channel radiograph.
const STEM: &str = "conv1.weight";

/// The network with the weights of a file. From a model of this program, every weight with a
/// matching name and shape is taken; from any other file, the backbone's weights.
///
/// # Errors
/// [`Error::File`], [`Error::WeightsUnreadable`], [`Error::WeightMissing`], [`Error::WeightShape`].
pub(crate) fn start_from(network: Network, path: &Path) -> Result<Network> {
    let (weights, card) = read(path)?;
    if card.is_none() {
        return into_backbone(network, weights);
    }
    let mut own = weights::collect(&network);
    for (name, weight) in weights {
        match own.get_mut(&name) {
            Some(place) if place.shape == weight.shape => *place = weight,
            _ => {}
        }
    }
    Ok(weights::apply(network, own)?.0)
}

/// Replaces the backbone's weights by those of a file with torchvision's names. The `fc` layer,
/// which has no place here, may be there or not. A three-channel stem is summed to the network's
/// first channel.
fn into_backbone(network: Network, mut file: Weights) -> Result<Network> {
    let own = weights::collect(&network);
    if let (Some(stem), Some(ours)) = (file.get_mut(STEM), own.get(STEM)) {
        fit_stem(stem, ours);
    }
    // Weights outside the backbone keep their initial values; those of the backbone must be in the
    // file.
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

/// Reads weights, and the card of a model of this program.
fn read(path: &Path) -> Result<(Weights, Option<String>)> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    if path.extension().is_some_and(|e| e == "safetensors") {
        return weights::from_bytes(&bytes, path);
    }
    let bad = |reason: String| Error::WeightsUnreadable { path: path.into(), reason };
    let reader = PytorchReader::new(path).map_err(|e| bad(e.to_string()))?;
    let mut weights = Weights::new();
    for (name, tensor) in reader.into_tensors() {
        if let Some(values) = floats(&tensor).map_err(bad)? {
            weights.insert(name, Weight { shape: tensor.shape().to_vec(), values });
        }
    }
    Ok((weights, None))
}

/// The values of a floating-point tensor; `None` for integers such as `num_batches_tracked`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::Architecture;
    use crate::training::parity::Summary;
    use burn::tensor::Device;
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::process::Command;

    /// The path of a Python with PyTorch: the system's, or one that this installs below the target
    /// folder.
    fn python() -> Option<PathBuf> {
        let has_torch = |python: &Path| {
            let probe =
                Command::new(python).args(["-c", "import torch, safetensors, numpy"]).output();
            probe.is_ok_and(|p| p.status.success())
        };
        let system = PathBuf::from("python3");
        if has_torch(&system) {
            return Some(system);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pytorch");
        let own = folder.join("bin/python");
        if !has_torch(&own) {
            // Without any Python, PyTorch cannot be installed.
            Command::new(&system).args(["-m", "venv"]).arg(&folder).status().ok()?;
            let install = ["-m", "pip", "install", "--quiet", "torch", "numpy", "safetensors"];
            let installed = Command::new(&own).args(install).status();
            assert!(
                installed.is_ok_and(|s| s.success()),
                "pip could not install torch, numpy and safetensors"
            );
        }
        Some(own)
    }

    #[test]
    fn torchvision_weights_load_from_both_formats() {
        let Some(python) = python() else {
            eprintln!("no python3 on this machine: torchvision weights are not tested");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/peers/record_parity.py");
        let made = Command::new(python)
            .arg(script)
            .arg("--checkpoints")
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(made.success());
        let text = std::fs::read_to_string(folder.path().join("values.json")).unwrap();
        let expected: BTreeMap<String, Summary> = serde_json::from_str(&text).unwrap();
        for file in ["resnet18.pth", "resnet18.safetensors"] {
            let network = Network::new(&Architecture::default(), 3, 0, &Device::flex());
            let loaded = start_from(network, &folder.path().join(file)).unwrap();
            let weights = weights::collect(&loaded);
            for (name, summary) in &expected {
                summary.check(name, &weights[name].shape, &weights[name].values, 1e-5);
            }
        }
    }

    #[test]
    fn a_file_that_is_no_checkpoint_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["weights.pth", "weights.safetensors"] {
            let path = folder.path().join(name);
            std::fs::write(&path, b"no weights").unwrap();
            let network = Network::new(&Architecture::default(), 3, 0, &Device::flex());
            let message = start_from(network, &path).unwrap_err().to_string();
            assert!(
                message.contains(name) && message.contains("not a readable weights file"),
                "{message}"
            );
        }
    }
}
