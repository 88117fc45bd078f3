//! Agreement with PyTorch, stage by stage, at weights computed from their names.
//! `tests/parity.json` has the recorded values; `benches/peers/record_parity.py` records them.

use crate::model::layers::Mode;
use crate::model::network::{Architecture, Network};
use crate::model::weights::{self, Weight, Weights};
use crate::training::loss;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;
use std::collections::BTreeMap;

const CLASSES: usize = 10;
const SIZE: usize = 64;
const BATCH: usize = 4;
const LABELS: [(usize, usize); 6] = [(0, 1), (0, 3), (1, 5), (2, 0), (3, 2), (3, 7)];

/// A summary of a tensor, as the script writes it.
#[derive(Deserialize)]
pub(crate) struct Summary {
    shape: Vec<usize>,
    sum: f64,
    squares: f64,
    step: usize,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Recorded {
    infer: BTreeMap<String, Summary>,
    train: BTreeMap<String, Summary>,
    loss: f64,
    gradients: BTreeMap<String, Summary>,
    running: BTreeMap<String, Summary>,
}

impl Summary {
    /// Checks values and sums. Values lie within `tolerance` of the largest recorded one (or of 1);
    /// sums within it of their terms' size.
    pub(crate) fn check(&self, name: &str, shape: &[usize], values: &[f32], tolerance: f64) {
        assert_eq!(self.shape, shape, "shape of {name}");
        let scale = self.values.iter().fold(1.0f64, |m, v| m.max(v.abs()));
        let got = values.iter().step_by(self.step).map(|v| f64::from(*v));
        for (i, (g, e)) in got.zip(&self.values).enumerate() {
            assert!(
                (g - e).abs() <= tolerance * scale,
                "{name}[{}]: {g}, PyTorch {e}",
                i * self.step
            );
        }
        let size = (self.squares * values.len() as f64).sqrt().max(1.0);
        let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
        assert!(
            (sum - self.sum).abs() <= tolerance * size,
            "sum of {name}: {sum}, PyTorch {}",
            self.sum
        );
    }

    fn check_tensor<const D: usize>(&self, name: &str, tensor: Tensor<D>, tolerance: f64) {
        let shape = tensor.dims();
        self.check(name, &shape, &tensor.into_data().iter::<f32>().collect::<Vec<_>>(), tolerance);
    }
}

/// The script's `noise`: uniform in [−0.5, 0.5) from a name.
fn noise(name: &str, count: usize) -> Vec<f32> {
    let mut state =
        name.bytes().fold(0x811C_9DC5_u32, |s, b| (s ^ u32::from(b)).wrapping_mul(0x0100_0193));
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// The script's `fill`: a weight by its name and shape.
fn fill(name: &str, shape: &[usize]) -> Vec<f32> {
    let norm = name.contains("bn") || name.contains("downsample.1");
    let (offset, scale) = match shape {
        _ if name.ends_with("running_mean") => (0.0, 0.2),
        _ if name.ends_with("running_var") => (1.0, 0.5),
        [_] if norm && name.ends_with("weight") => (1.0, 0.2),
        [_] => (0.0, 0.2),
        _ => {
            let fan_in: usize = shape[1..].iter().product();
            (0.0, 2.0 * 3f32.sqrt() * (2.0 / fan_in as f32).sqrt())
        }
    };
    noise(name, shape.iter().product()).into_iter().map(|v| offset + scale * v).collect()
}

fn network(device: &Device) -> Network {
    let network = Network::new(&Architecture::default(), CLASSES, 0, device);
    let filled: Weights = weights::collect(&network)
        .into_iter()
        .map(|(name, w)| (name.clone(), Weight { values: fill(&name, &w.shape), shape: w.shape }))
        .collect();
    weights::apply(network, filled).unwrap().0
}

fn input(device: &Device) -> Tensor<4> {
    let values: Vec<f32> =
        noise("input", BATCH * SIZE * SIZE).into_iter().map(|v| v + 0.5).collect();
    Tensor::from_data(TensorData::new(values, [BATCH, 1, SIZE, SIZE]), device)
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("../../tests/parity.json")).unwrap()
}

#[test]
fn every_stage_agrees_with_pytorch() {
    let (device, expected) = (Device::flex(), recorded().infer);
    let network = network(&device);
    let output = network.forward(input(&device), Mode::Infer);
    expected["saliency"].check_tensor("saliency", output.saliency, 1e-4);
    expected["modified"].check_tensor("modified", output.modified.clone(), 1e-4);
    let stages = network.backbone().stages((output.modified - 0.449) / 0.226, Mode::Infer);
    for (name, stage) in ["stem", "layer1", "layer2", "layer3", "layer4"].iter().zip(stages) {
        expected[*name].check_tensor(name, stage.permute([0, 3, 1, 2]), 1e-4);
    }
    expected["features"].check_tensor("features", output.features, 1e-4);
    expected["embedding"].check_tensor("embedding", output.embedding, 1e-4);
    expected["hash"].check_tensor("hash", output.hash, 1e-4);
    expected["logits"].check_tensor("logits", output.logits, 1e-4);
}

#[test]
fn training_loss_gradients_and_running_statistics_agree_with_pytorch() {
    let (device, expected) = (Device::flex().autodiff(), recorded());
    let network = network(&device);
    let output = network.forward(input(&device), Mode::Train);
    expected.train["saliency"].check_tensor("saliency", output.saliency.clone(), 1e-4);
    expected.train["features"].check_tensor("features", output.features.clone(), 1e-4);
    let mut y = vec![0.0; BATCH * CLASSES];
    LABELS.iter().for_each(|(sample, label)| y[sample * CLASSES + label] = 1.0);
    let y = Tensor::<2>::from_data(TensorData::new(y, [BATCH, CLASSES]), &device);
    let targets = loss::hadamard_targets(CLASSES, 64, &device);
    let share = y.clone() / y.clone().sum_dim(1);
    let loss = loss::ortho_hash(output.hash, targets, share, y, 8.0, 0.3);
    let value = f64::from(loss.clone().into_scalar::<f32>());
    assert!((value - expected.loss).abs() < 1e-4, "loss {value}, PyTorch {}", expected.loss);
    let gradients = weights::collect_gradients(&network, &loss.backward());
    for (name, summary) in &expected.gradients {
        let gradient = gradients.get(name).unwrap_or_else(|| panic!("no gradient of {name}"));
        summary.check(name, &gradient.shape, &gradient.values, 1e-3);
    }
    let after = weights::collect(&network);
    for (name, summary) in &expected.running {
        summary.check(name, &after[name].shape, &after[name].values, 1e-4);
    }
}
