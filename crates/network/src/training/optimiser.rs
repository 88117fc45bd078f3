//! AdamW in the form of Burn's optimisers. Its state and files are those of Burn's own; its step is
//! one pass.

use crate::kernels::{self, Step};
use burn::tensor::{Device, Tensor};
use burn_optim::{AdamWState, AdaptiveMomentumState, LearningRate, Optimizer};

/// β₁ and β₂ of Kingma and Ba (2015).
const DECAY: [f32; 2] = [0.9, 0.999];
const EPSILON: f32 = 1e-5;

/// AdamW (Loshchilov and Hutter 2019).
#[derive(Clone)]
pub(crate) struct AdamW {
    pub weight_decay: f32,
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let zeros = || gradient.zeros_like();
        let mut moments = state.map_or_else(
            || AdaptiveMomentumState::new(0, zeros(), zeros()),
            |state| state.momentum,
        );
        moments.time += 1;
        let step = Step {
            learning_rate: learning_rate as f32,
            weight_decay: self.weight_decay,
            decay: DECAY,
            epsilon: EPSILON,
            time: moments.time as i32,
        };
        let (parameter, first, second) =
            kernels::adamw(parameter, gradient, moments.moment_1, moments.moment_2, step);
        (parameter, Some(AdamWState::new(AdaptiveMomentumState::new(moments.time, first, second))))
    }

    fn to_device<const D: usize>(mut state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use burn_optim::AdamWConfig;

    #[test]
    fn it_steps_as_burns_does() {
        let device = Device::flex();
        let tensor = |f: fn(f32) -> f32| {
            let values: Vec<f32> = (0..40_000).map(|i| f(i as f32)).collect();
            Tensor::<1>::from_data(TensorData::new(values, [40_000]), &device)
        };
        let burns = AdamWConfig::new().with_weight_decay(0.1).build();
        let own = AdamW { weight_decay: 0.1 };
        let start = tensor(|i| (i * 0.37).sin());
        let (mut p, mut q) = ((start.clone(), None), (start, None));
        for gradient in [tensor(|i| (i * 0.11).cos()), tensor(|i| (i * 0.05).sin() * 3.0)] {
            p = burns.step(0.01, p.0, gradient.clone(), p.1);
            q = own.step(0.01, q.0, gradient, q.1);
        }
        let worst = (p.0 - q.0).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-6, "differs by {worst}");
    }
}
