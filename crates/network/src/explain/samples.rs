//! A small untrained network and pictures, for the tests of this folder.

use super::Explainer;
use crate::model::file::Card;
use crate::model::network::{Architecture, Network};
use burn::tensor::Device;
use radiograph::{Frame, Input, Preprocess};

pub(super) const SIZE: u32 = 32;

pub(super) fn architecture() -> Architecture {
    Architecture { bits: 16, ..Architecture::default() }
}

pub(super) fn preprocess() -> Preprocess {
    Preprocess { size: SIZE, ..Preprocess::default() }
}

pub(super) fn labels() -> Vec<String> {
    ["chest", "hip", "wrist"].map(str::to_owned).to_vec()
}

pub(super) fn explainer(seed: u64) -> Explainer {
    let (architecture, labels) = (architecture(), labels());
    let network = Network::new(&architecture, labels.len(), seed, &Device::flex());
    Explainer { network, card: Card::new(&architecture, &preprocess(), &labels, 0, seed) }
}

/// Pictures that fill all rows but the first four and the last four, no two alike.
pub(super) fn inputs(count: usize) -> Vec<Input> {
    let frame = Frame { top: 4, height: SIZE - 8, ..Frame::full(SIZE) };
    let filled = |y: u32| (frame.top..frame.top + frame.height).contains(&y);
    let value = |k: usize, i: u32| {
        ((i % SIZE) as f32 * 0.3 + (i / SIZE) as f32 * 0.1 * k as f32).sin().abs()
    };
    let pixel = |k, i| if filled(i / SIZE) { value(k, i) } else { 0.0 };
    let picture =
        |k| Input { size: SIZE, pixels: (0..SIZE * SIZE).map(|i| pixel(k, i)).collect(), frame };
    (1..=count).map(picture).collect()
}
