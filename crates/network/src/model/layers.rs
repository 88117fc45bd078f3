//! The layers that the saliency network and the backbone share, with torchvision's parameter names.
//! Pictures are channels-last, as the kernels need them, and filters are (k, k, C, O). Files hold
//! filters as PyTorch does, (O, C, k, k).

use crate::kernels::{self, Affine};
use crate::model::weights;
use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The statistics that batch normalisation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The batch's statistics, which also update the running ones.
    Train,
    /// The batch's statistics, without updating the running ones: for a second pass over altered
    /// pictures.
    FrozenStats,
    /// The running statistics.
    Infer,
}

/// A source of initial weights. A seed determines the network.
pub(crate) struct Init<'a> {
    random: ChaCha8Rng,
    device: &'a Device,
}

impl<'a> Init<'a> {
    /// Makes weights on `device` from `seed`.
    pub(crate) fn new(seed: u64, device: &'a Device) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), device }
    }

    /// Weights that are uniform with variance 2/`fan` (He et al. 2015), a gain for ReLU.
    pub(crate) fn kaiming<const D: usize>(
        &mut self,
        shape: [usize; D],
        fan: usize,
    ) -> Param<Tensor<D>> {
        let values = self.uniform(shape.iter().product(), fan);
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    /// Filters of a convolution of this PyTorch shape, (O, C, k, k), laid out for the kernels.
    fn filters(&mut self, shape: [usize; 4], fan: usize) -> Param<Tensor<4>> {
        let values = self.uniform(shape.iter().product(), fan);
        let (values, shape) = weights::filters_last(&values, shape);
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }

    fn uniform(&mut self, count: usize, fan: usize) -> Vec<f32> {
        let bound = (6.0 / fan as f32).sqrt();
        (0..count).map(|_| self.random.random_range(-bound..bound)).collect()
    }

    fn constant(&self, count: usize, value: f32) -> Tensor<1> {
        Tensor::from_data(TensorData::new(vec![value; count], [count]), self.device)
    }
}

/// A convolution with a square kernel; zero padding keeps the size at stride 1.
#[derive(Module, Debug)]
pub(crate) struct Convolution {
    /// The filters (k, k, C, O).
    weight: Param<Tensor<4>>,
    bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    stride: usize,
}

impl Convolution {
    /// Makes a `kernel`×`kernel` convolution from `channels` to `filters`, without bias.
    pub(crate) fn new(
        init: &mut Init<'_>,
        channels: usize,
        filters: usize,
        kernel: usize,
        stride: usize,
    ) -> Self {
        let weight = init.filters([filters, channels, kernel, kernel], filters * kernel * kernel);
        Self { weight, bias: None, stride }
    }

    /// Makes a 1×1 convolution from `channels` to `filters`, with a bias that starts at `bias`.
    pub(crate) fn pointwise(
        init: &mut Init<'_>,
        channels: usize,
        filters: usize,
        bias: f32,
    ) -> Self {
        let bias = Some(Param::from_tensor(init.constant(filters, bias)));
        Self {
            weight: init.filters([filters, channels, 1, 1], channels.max(filters)),
            bias,
            stride: 1,
        }
    }

    /// (N, H, W, C) → (N, H/stride, W/stride, O).
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let padding = weight.dims()[0] / 2;
        let out = kernels::convolve(x, weight, self.stride, padding);
        match &self.bias {
            Some(bias) => {
                let bias = bias.val();
                let filters = bias.dims()[0];
                out + bias.reshape([1, 1, 1, filters])
            }
            None => out,
        }
    }
}

/// A fully connected layer. `weight` is (outputs, inputs), as in PyTorch.
#[derive(Module, Debug)]
pub(crate) struct Linear {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Linear {
    /// Makes a layer from `inputs` to `outputs`; the bias starts at 0.
    pub(crate) fn new(init: &mut Init<'_>, inputs: usize, outputs: usize) -> Self {
        let weight = init.kaiming([outputs, inputs], 6 * inputs);
        Self { weight, bias: Param::from_tensor(init.constant(outputs, 0.0)) }
    }

    /// The device of its weights.
    pub(crate) fn device(&self) -> Device {
        self.weight.device()
    }

    /// The weights (outputs, inputs).
    pub(crate) fn weights(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// (N, inputs) → (N, outputs).
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weights().transpose()) + self.bias.val().unsqueeze()
    }
}

/// Batch normalisation (Ioffe and Szegedy 2015), ε 10⁻⁵, momentum 0.1, running variance unbiased.
#[derive(Module, Debug)]
pub(crate) struct BatchNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
}

pub(crate) const EPSILON: f32 = 1e-5;
const MOMENTUM: f32 = 0.1;

impl BatchNorm {
    /// Makes a normalisation of `channels` channels, the identity at first.
    pub(crate) fn new(init: &Init<'_>, channels: usize) -> Self {
        Self {
            weight: Param::from_tensor(init.constant(channels, 1.0)),
            bias: Param::from_tensor(init.constant(channels, 0.0)),
            running_mean: RunningState::new(init.constant(channels, 0.0)),
            running_var: RunningState::new(init.constant(channels, 1.0)),
        }
    }

    /// Normalises (N, H, W, C).
    pub(crate) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.fused(x, None, false, mode)
    }

    /// Normalises, then ReLU.
    pub(crate) fn relu(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.fused(x, None, true, mode)
    }

    /// Normalises, adds `residual`, then ReLU: the end of a residual block.
    pub(crate) fn add_relu(&self, x: Tensor<4>, residual: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.fused(x, Some(residual), true, mode)
    }

    fn fused(
        &self,
        x: Tensor<4>,
        residual: Option<Tensor<4>>,
        relu: bool,
        mode: Mode,
    ) -> Tensor<4> {
        let (mean, variance) = match mode {
            Mode::Infer => (self.running_mean.value_sync(), self.running_var.value_sync()),
            Mode::Train | Mode::FrozenStats => kernels::statistics(x.clone()),
        };
        if mode == Mode::Train {
            let [n, h, w, _] = x.dims();
            self.follow(mean.clone(), variance.clone(), (n * h * w) as f32);
        }
        let (gamma, beta) = (self.weight.val(), self.bias.val());
        kernels::normalise(
            x,
            residual,
            Affine { gamma, beta, mean, variance, epsilon: EPSILON },
            relu,
        )
    }

    /// Moves the running statistics towards those of a batch of `count` values a channel.
    fn follow(&self, mean: Tensor<1>, variance: Tensor<1>, count: f32) {
        let unbiased = variance * (count / (count - 1.0).max(1.0));
        let blend = |old: Tensor<1>, new: Tensor<1>| old * (1.0 - MOMENTUM) + new * MOMENTUM;
        self.running_mean.update(blend(self.running_mean.value_sync(), mean).detach());
        self.running_var.update(blend(self.running_var.value_sync(), unbiased).detach());
    }
}

/// The input of spatial attention: the maximum and the mean over channels, (N, H, W, C) → (N, H, W,
/// 2).
pub(crate) fn places(x: Tensor<4>) -> Tensor<4> {
    Tensor::cat(vec![x.clone().max_dim(3), x.mean_dim(3)], 3)
}

/// 3×3 convolution, batch normalisation, ReLU.
#[derive(Module, Debug)]
pub(crate) struct ConvBnRelu {
    conv: Convolution,
    bn: BatchNorm,
}

impl ConvBnRelu {
    /// Makes a layer from `channels` to `filters`.
    pub(crate) fn new(init: &mut Init<'_>, channels: usize, filters: usize, stride: usize) -> Self {
        Self {
            conv: Convolution::new(init, channels, filters, 3, stride),
            bn: BatchNorm::new(init, filters),
        }
    }

    /// (N, H, W, C) → (N, H/stride, W/stride, O).
    pub(crate) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        self.bn.relu(self.conv.forward(x), mode)
    }
}
