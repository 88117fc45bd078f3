//! The frozen network against the one that is trained.

use super::Plan;
use crate::layers::Mode;
use crate::modify::Modification;
use crate::network::{Architecture, Network};
use crate::weights;
use burn::tensor::{Device, Tensor, TensorData};

fn noise(count: usize) -> Vec<f32> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

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
    for (modification, n, size) in [
        (Modification::Blur, 1, 64),
        (Modification::Blur, 17, 32),
        (Modification::Multiply, 2, 96),
        (Modification::Amplify, 2, 32),
        (Modification::Concatenate, 3, 48),
        (Modification::None, 5, 64),
    ] {
        let architecture = Architecture { bits: 48, modification };
        let network = Network::new(&architecture, 3, 5, &device);
        let plan = Plan::new(&architecture, &weights::collect(&network));
        let pictures = noise(n * size * size);
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
