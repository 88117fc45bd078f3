//! ResNet-18 (He et al. 2016) in torchvision's layout and parameter names, without its classifier.

use crate::kernels;
use crate::model::layers::{BatchNorm, Convolution, Init, Mode, places};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// The number of channels of the last stage.
pub const FEATURES: usize = 512;
/// The number of channels of the third stage.
pub(crate) const MIDDLE: usize = 256;

/// A residual block: two 3×3 convolutions beside a shortcut.
#[derive(Module, Debug)]
pub(crate) struct BasicBlock {
    conv1: Convolution,
    bn1: BatchNorm,
    conv2: Convolution,
    bn2: BatchNorm,
    /// The 1×1 convolution and normalisation of a shortcut that changes shape.
    downsample: Option<(Convolution, BatchNorm)>,
}

impl BasicBlock {
    /// Makes a block from `channels` to `filters`.
    pub(crate) fn new(init: &mut Init<'_>, channels: usize, filters: usize, stride: usize) -> Self {
        let downsample = (stride != 1 || channels != filters).then(|| {
            (Convolution::new(init, channels, filters, 1, stride), BatchNorm::new(init, filters))
        });
        Self {
            conv1: Convolution::new(init, channels, filters, 3, stride),
            bn1: BatchNorm::new(init, filters),
            conv2: Convolution::new(init, filters, filters, 3, 1),
            bn2: BatchNorm::new(init, filters),
            downsample,
        }
    }

    /// (N, H, W, C) → (N, H/stride, W/stride, O).
    pub(crate) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some((conv, bn)) => bn.forward(conv.forward(x.clone()), mode),
            None => x.clone(),
        };
        let x = self.bn1.relu(self.conv1.forward(x), mode);
        self.bn2.add_relu(self.conv2.forward(x), shortcut, mode)
    }
}

/// The backbone.
#[derive(Module, Debug)]
pub(crate) struct ResNet18 {
    conv1: Convolution,
    bn1: BatchNorm,
    layer1: Vec<BasicBlock>,
    layer2: Vec<BasicBlock>,
    layer3: Vec<BasicBlock>,
    layer4: Vec<BasicBlock>,
    /// 3×3 convolution over the mean and maximum of the first block's channels: ATH's spatial
    /// attention.
    attention: Option<Convolution>,
}

impl ResNet18 {
    /// Makes a backbone for pictures of `channels` channels, with or without spatial attention.
    pub(crate) fn new(init: &mut Init<'_>, channels: usize, attention: bool) -> Self {
        let mut stage = |channels, filters, stride| {
            vec![
                BasicBlock::new(init, channels, filters, stride),
                BasicBlock::new(init, filters, filters, 1),
            ]
        };
        let (layer1, layer2) = (stage(64, 64, 1), stage(64, 128, 2));
        let (layer3, layer4) = (stage(128, MIDDLE, 2), stage(MIDDLE, FEATURES, 2));
        Self {
            conv1: Convolution::new(init, channels, 64, 7, 2),
            bn1: BatchNorm::new(init, 64),
            layer1,
            layer2,
            layer3,
            layer4,
            attention: attention.then(|| Convolution::new(init, 2, 1, 3, 1)),
        }
    }

    /// (N, C, H, W) → the third stage (N, H/16, W/16, 256) and the last (N, H/32, W/32, 512).
    pub(crate) fn forward(&self, x: Tensor<4>, mode: Mode) -> (Tensor<4>, Tensor<4>) {
        let x = self.stem(x, mode); //                         N×H/4×W/4×64
        let x = self.first(x, mode); //                        N×H/4×W/4×64
        let x = through(&self.layer2, x, mode); //             N×H/8×W/8×128
        let x = through(&self.layer3, x, mode); //             N×H/16×W/16×256
        (x.clone(), through(&self.layer4, x, mode)) //         N×H/32×W/32×512
    }

    /// 7×7 convolution and 3×3 maximum, each at stride 2: (N, C, H, W) → (N, H/4, W/4, 64).
    fn stem(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let channels_last = x.permute([0, 2, 3, 1]);
        kernels::max_pool(self.bn1.relu(self.conv1.forward(channels_last), mode))
    }

    /// The first stage, with spatial attention after its first block if there is any.
    fn first(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let Some(attention) = &self.attention else { return through(&self.layer1, x, mode) };
        let x = self.layer1[0].forward(x, mode);
        let weights = sigmoid(attention.forward(places(x.clone())));
        through(&self.layer1[1..], x * weights, mode)
    }

    /// The five stages one after the other, for comparison with another implementation.
    #[cfg(test)]
    pub(crate) fn stages(&self, x: Tensor<4>, mode: Mode) -> Vec<Tensor<4>> {
        let mut stages = vec![self.stem(x, mode)];
        for layer in [&self.layer1, &self.layer2, &self.layer3, &self.layer4] {
            let last = stages[stages.len() - 1].clone();
            stages.push(through(layer, last, mode));
        }
        stages
    }
}

fn through(blocks: &[BasicBlock], x: Tensor<4>, mode: Mode) -> Tensor<4> {
    blocks.iter().fold(x, |x, block| block.forward(x, mode))
}

/// (N, H, W, C) → (N, C).
pub(crate) fn global_average(x: Tensor<4>) -> Tensor<2> {
    let [n, h, w, c] = x.dims();
    x.reshape([n, h * w, c]).mean_dim(1).reshape([n, c])
}
