//! The frozen network against the trained one.

use super::Plan;
use crate::device::DeviceChoice;
use crate::model::embedding::EmbeddingParts;
use crate::model::file::{self, Model};
use crate::model::layers::Mode;
use crate::model::mask::SaliencySource;
use crate::model::modify::Modification;
use crate::model::network::{Architecture, Network, Taught};
use crate::model::weights;
use crate::noise::noise;
use burn::tensor::{Device, Tensor, TensorData};
use half::bf16;
use radiograph::Limits;
use radiograph::dataset::Dataset;
use std::path::Path;

fn close<const D: usize>(got: &[f32], expected: Tensor<D>, name: &str) {
    let expected: Vec<f32> = expected.into_data().iter::<f32>().collect();
    assert_eq!(got.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
    let worst = got.iter().zip(&expected).map(|(g, e)| (g - e).abs()).fold(0.0, f32::max);
    assert!(worst <= 1e-4 * scale, "{name} differs by {worst}");
}

#[test]
fn it_gives_what_the_network_gives() {
    let device = Device::flex();
    use SaliencySource::{Centre, Learned, Random};
    let parts = |labels, likeness| Some(EmbeddingParts { labels, likeness });
    let taught = |findings, backbone| Some(Taught { findings, backbone });
    for (modification, saliency, taught, attention, embedding, n, size) in [
        (Modification::Blur, Learned, None, false, None, 1, 64),
        (Modification::Blur, Centre, None, true, parts(24, 40), 17, 32),
        (Modification::Multiply, Learned, None, false, parts(10, 7), 2, 96),
        (Modification::Amplify, Random, None, false, None, 2, 32),
        (Modification::Concatenate, Learned, None, false, parts(16, 80), 3, 48),
        (Modification::None, Learned, None, true, parts(72, 184), 5, 64),
        (Modification::Amplify, Learned, taught(3, 32), false, None, 2, 96),
        (Modification::Blur, Learned, taught(1, 64), false, parts(10, 7), 2, 64),
    ] {
        let architecture = Architecture {
            bits: 48,
            modification,
            saliency,
            taught,
            attention,
            embedding,
            ..Architecture::default()
        };
        let network = Network::new(&architecture, 3, 5, &device);
        let plan = Plan::new(&architecture, &weights::collect(&network));
        let pictures: Vec<f32> = noise(n * size * size, 7).iter().map(|grey| grey + 0.5).collect();
        let x = Tensor::from_data(TensorData::new(pictures.clone(), [n, 1, size, size]), &device);
        let expected = network.forward(x, Mode::Infer);
        for _ in 0..2 {
            let got = plan.run(&pictures, size);
            close(&got.saliency, expected.saliency.clone(), "saliency");
            close(&got.embedding, expected.embedding.clone(), "embedding");
            close(&got.hash, expected.hash.clone(), "hash");
        }
    }
}

/// The shipped model, and samples as its input.
fn shipped(count: usize) -> (Model, Vec<f32>) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let model =
        file::read(&workspace.join("models/skiagraph.safetensors"), DeviceChoice::Cpu).unwrap();
    let samples = Dataset::open(&workspace.join("samples")).unwrap();
    let every = samples.items.len() / count;
    let pixels = samples.items.iter().step_by(every).take(count).flat_map(|item| {
        let (picture, _) = radiograph::read(&item.path, &Limits::default()).unwrap();
        model.card.preprocess.apply(&picture).pixels
    });
    let pixels = pixels.collect();
    (model, pixels)
}

fn differing(a: &[f32], b: &[f32]) -> usize {
    a.iter().zip(b).filter(|(a, b)| (**a >= 0.0) != (**b >= 0.0)).count()
}

#[test]
fn codes_of_real_radiographs_are_those_of_the_network() {
    const PICTURES: usize = 160;
    let (model, pixels) = shipped(PICTURES);
    let size = model.card.preprocess.size as usize;
    let plan = Plan::new(&model.card.architecture, &weights::collect(&model.network));
    let got = plan.run(&pixels, size);
    let x = Tensor::from_data(TensorData::new(pixels, [PICTURES, 1, size, size]), &Device::flex());
    let expected = model.network.forward(x, Mode::Infer);
    close(&got.embedding, expected.embedding, "embedding");
    let expected: Vec<f32> = expected.hash.into_data().iter::<f32>().collect();
    let differing = differing(&got.hash, &expected);
    assert!(differing * 10_000 <= expected.len(), "{differing} of {} bits differ", expected.len());
}

#[test]
#[ignore = "a measurement: cargo test --release -p network -- --ignored --nocapture bf16"]
fn bits_that_bf16_weights_change() {
    let (model, pixels) = shipped(500);
    let size = model.card.preprocess.size as usize;
    let exact = weights::collect(&model.network);
    let mut rounded = exact.clone();
    for weight in rounded.values_mut().filter(|weight| weight.shape.len() > 1) {
        weight.values.iter_mut().for_each(|v| *v = bf16::from_f32(*v).to_f32());
    }
    let [a, b] = [exact, rounded]
        .map(|weights| Plan::new(&model.card.architecture, &weights).run(&pixels, size));
    println!("{} of {} bits differ", differing(&a.hash, &b.hash), a.hash.len());
}
