//! Grad-CAM of the backbone's last stage, in closed form: only an average and a linear layer follow
//! that stage.
//!
//! α_c = 1/Z Σ ∂y/∂A_c and L = ReLU(Σ_c α_c A_c) (Selvaraju et al., "Grad-CAM: Visual Explanations
//! from Deep Networks via Gradient-based Localization", ICCV 2017). With f the average of A over
//! its Z places, ∂y/∂A_c is (∂y/∂f_c)/Z in all of them. Positive factors vanish when L is divided
//! by its largest value.

use super::{Explainer, by_batches, squares};
use crate::error::{Error, Result};
use crate::inference::saliency_map::SaliencyMap;
use crate::model::embedding::unit_length;
use crate::model::layers::Mode;
use crate::model::resnet::global_average;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use radiograph::Input;

/// The score y that is explained.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The score of each picture's highest-scoring label.
    Predicted,
    /// The score of this label.
    Label(&'a str),
    /// The cosine of the picture's features and this one's, both of the last stage. It explains why
    /// the two are neighbours.
    Similarity(&'a Input),
}

impl Explainer {
    /// Grad-CAM maps at the inputs' size, in order. They are enlarged bilinearly from the last
    /// stage's places, a thirty-second of the side. Each is 1 at its largest place, or 0 all over
    /// if no place supports the target.
    ///
    /// # Errors
    /// [`Error::InputSize`] for an input that had another preprocessing, [`Error::LabelUnknown`].
    pub fn grad_cam(&self, inputs: &[Input], target: Target<'_>) -> Result<Vec<SaliencyMap>> {
        by_batches(inputs, |batch| {
            let activations = self.activations(batch)?;
            let gradient = self.gradient(target, global_average(activations.clone()))?;
            let maps = squares(weighted(activations, gradient));
            Ok(maps
                .into_iter()
                .map(|map| peak_at_one(map).resized(self.card.preprocess.size))
                .collect())
        })
    }

    /// The last stage's activations A: (N, H/32, W/32, 512).
    fn activations<'a>(&self, inputs: impl IntoIterator<Item = &'a Input>) -> Result<Tensor<4>> {
        Ok(self.network.activations(self.tensor(inputs)?, Mode::Infer))
    }

    /// ∂y/∂f at features f (N, 512), up to a positive factor: (N or 1, 512).
    fn gradient(&self, target: Target<'_>, features: Tensor<2>) -> Result<Tensor<2>> {
        let classifier = self.network.classifier();
        Ok(match target {
            Target::Predicted => {
                let [n, _] = features.dims();
                classifier.weights().select(0, classifier.forward(features).argmax(1).reshape([n]))
            }
            Target::Label(label) => classifier.weights().narrow(0, self.position(label)?, 1),
            Target::Similarity(other) => {
                let other = unit_length(global_average(self.activations([other])?));
                towards(unit_length(features), other)
            }
        })
    }

    fn position(&self, label: &str) -> Result<usize> {
        let labels = &self.card.labels;
        let unknown = || Error::LabelUnknown { label: label.to_owned(), known: labels.join(", ") };
        labels.iter().position(|known| known == label).ok_or_else(unknown)
    }
}

/// Gradient of the cosine e·o of embeddings e (N, D) with o (1, D), times the features' length: o −
/// (e·o)e.
fn towards(embedding: Tensor<2>, other: Tensor<2>) -> Tensor<2> {
    let cosine = (embedding.clone() * other.clone()).sum_dim(1);
    other - embedding * cosine
}

/// ReLU(Σ_c α_c A_c): A (N, h, w, C), α (N or 1, C) → (N, h, w, 1).
fn weighted(activations: Tensor<4>, alpha: Tensor<2>) -> Tensor<4> {
    let [n, channels] = alpha.dims();
    relu((activations * alpha.reshape([n, 1, 1, channels])).sum_dim(3))
}

fn peak_at_one(mut map: SaliencyMap) -> SaliencyMap {
    let largest = map.values.iter().copied().fold(0.0, f32::max);
    if largest > 0.0 {
        map.values.iter_mut().for_each(|v| *v /= largest);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{planes, samples, values};
    use crate::model::network::Network;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn weighted_sums_are_cut_at_zero() {
        // Two channels in four places; weights 1 and −2.
        let a = planes(vec![3.0, 1.0, 1.0, 1.0, 0.0, 0.0, 4.0, 1.5], [1, 2, 2, 2]);
        let alpha =
            Tensor::from_data(TensorData::new(vec![1.0_f32, -2.0], [1, 2]), &Device::flex());
        let maps = squares(weighted(a, alpha));
        assert_eq!(maps[0].values, [1.0, 0.0, 0.0, 1.0]);
        let half = SaliencyMap { size: 2, values: vec![0.5, 0.0, 0.0, 2.0] };
        assert_eq!(peak_at_one(half).values, [0.25, 0.0, 0.0, 1.0]);
    }

    /// Activations (3, 2, 2, 512) on a device.
    fn activations(device: &Device) -> Tensor<4> {
        let value = |i: usize| (i as f32 * 0.37).sin().max(0.0);
        let data = TensorData::new((0..3 * 4 * 512).map(value).collect::<Vec<_>>(), [3, 2, 2, 512]);
        Tensor::from_data(data, device)
    }

    /// Scales rows to unit length.
    fn directions(gradient: Tensor<2>) -> Vec<f32> {
        values(unit_length(gradient))
    }

    #[test]
    fn the_closed_form_is_the_gradient() {
        let inputs = samples::inputs(1);
        let explainer = samples::explainer(1);
        let device = Device::flex().autodiff();
        let other_embedding = unit_length(global_average(explainer.activations(&inputs).unwrap()));
        let network = Network::new(&samples::architecture(), 3, 1, &device);
        let cosine = |features| {
            let data = TensorData::new(values(other_embedding.clone()), [1, 512]);
            (unit_length(features) * Tensor::from_data(data, &device)).sum()
        };
        let predicted = |features| network.classifier().forward(features).max_dim(1).sum();
        let hip = |features| network.classifier().forward(features).narrow(1, 1, 1).sum();
        let scores: [(Target<'_>, &dyn Fn(Tensor<2>) -> Tensor<1>); 3] = [
            (Target::Predicted, &predicted),
            (Target::Label("hip"), &hip),
            (Target::Similarity(&inputs[0]), &cosine),
        ];
        for (target, score) in scores {
            let a = activations(&device).require_grad();
            let gradients = score(global_average(a.clone())).backward();
            let expected = directions(global_average(a.grad(&gradients).unwrap()));
            let features = global_average(activations(&Device::flex()));
            let gradient = explainer.gradient(target, features).unwrap();
            let got = directions(gradient.expand([3, 512]));
            let worst = got.iter().zip(&expected).map(|(g, e)| (g - e).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-4, "{target:?} differs by {worst}");
        }
    }

    #[test]
    fn maps_have_the_size_of_the_input() {
        let (explainer, inputs) = (samples::explainer(1), samples::inputs(2));
        for target in [Target::Predicted, Target::Label("wrist"), Target::Similarity(&inputs[1])] {
            let maps = explainer.grad_cam(&inputs, target).unwrap();
            assert_eq!(maps.len(), 2);
            assert!(
                maps.iter().all(|map| map.size == samples::SIZE && map.values.len() == 32 * 32)
            );
            assert!(maps.iter().flat_map(|map| &map.values).all(|v| (0.0..=1.0).contains(v)));
        }
        let message = explainer.grad_cam(&inputs, Target::Label("knee")).unwrap_err().to_string();
        assert!(message.contains("\"knee\"") && message.contains("chest, hip, wrist"), "{message}");
    }
}
