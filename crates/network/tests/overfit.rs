//! A test that the whole network learns one batch by heart: every part of it passes gradients on.

use burn::tensor::{Device, Tensor, TensorData};
use burn_optim::{AdamWConfig, GradientsParams};
use network::{Architecture, Mode, Modification, Network, loss};

const PICTURES: usize = 8;
const SIZE: usize = 32;
const CLASSES: usize = 4;

/// A bright square whose place depends on the class, on a background that differs from picture to
/// picture.
fn picture(index: usize) -> Vec<f32> {
    let (left, top) = ((index % CLASSES) % 2 * 16, (index % CLASSES) / 2 * 16);
    let inside =
        |x: usize, y: usize| (left..left + 12).contains(&x) && (top..top + 12).contains(&y);
    let value = |x, y| {
        if inside(x, y) { 0.9 } else { 0.1 + 0.02 * ((x * 7 + y * 3 + index * 5) % 11) as f32 }
    };
    (0..SIZE * SIZE).map(|i| value(i % SIZE, i / SIZE)).collect()
}

#[test]
fn one_batch_is_learned_by_heart_with_and_without_the_saliency_network() {
    let device = Device::flex().autodiff();
    let pixels: Vec<f32> = (0..PICTURES).flat_map(picture).collect();
    let x = Tensor::<4>::from_data(TensorData::new(pixels, [PICTURES, 1, SIZE, SIZE]), &device);
    let y: Vec<f32> =
        (0..PICTURES * CLASSES).map(|i| f32::from(i / CLASSES % CLASSES == i % CLASSES)).collect();
    let y = Tensor::<2>::from_data(TensorData::new(y, [PICTURES, CLASSES]), &device);
    for modification in [Modification::Blur, Modification::None] {
        let architecture = Architecture { bits: 16, modification, ..Architecture::default() };
        let mut network = Network::new(&architecture, CLASSES, 1, &device);
        let targets = loss::hadamard_targets(CLASSES, 16, &device);
        let mut optimiser = AdamWConfig::new().init();
        let mut losses = Vec::new();
        for _ in 0..10 {
            let output = network.forward(x.clone(), Mode::Train);
            let hash =
                loss::ortho_hash(output.hash, targets.clone(), y.clone(), y.clone(), 4.0, 0.2);
            let total = hash + loss::cross_entropy(output.logits, y.clone());
            losses.push(total.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(total.backward(), &network);
            network = optimiser.step(1e-3, network, gradients);
        }
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < 0.5 * first, "{modification:?}: loss went from {first} to {last}");
    }
}
