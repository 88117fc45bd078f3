//! The attention FCN: a fully convolutional encoder–decoder that maps a radiograph to its saliency.
//!
//! It has four stages, CBAM (Woo et al. 2018) in the bottleneck, and skips through attention gates
//! (Oktay et al. 2018). Its sigmoid head is at a quarter of the size, enlarged bilinearly. It takes
//! about 18 % of ResNet-18's multiply-adds.
//!
//! It has two variants. One has a single map, which it learns through retrieval alone. The other
//! has a map for each finding, and is taught where findings lie (`finding/`). It has one more
//! residual block at 1/8 and two more at 1/16, and takes standardised grey; S is the largest of its
//! maps.

use crate::model::layers::{BatchNorm, ConvBnRelu, Convolution, Init, Linear, Mode, places};
use crate::model::resample;
use crate::model::resnet::{BasicBlock, global_average};
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

/// Channels of the four stages.
const WIDTHS: [usize; 4] = [16, 32, 64, 128];
/// CBAM's reduction of channels in its small perceptron.
const REDUCTION: usize = 16;
/// The bias of the head at first: σ(1) ≈ 0.73, so that at first most of the picture reaches the
/// backbone.
const HEAD_BIAS: f32 = 1.0;
/// The bias of the findings' heads at first: σ(−3) ≈ 0.05, as findings fill little of a picture.
const FINDING_BIAS: f32 = -3.0;
/// The greatest grey that counts as black. Padding and shutters say nothing of a picture's
/// exposure.
const BLACK: f32 = 0.02;
/// The least deviation that a picture's grey is divided by, so that a uniform picture stays finite.
const LEAST_DEVIATION: f32 = 0.02;

/// Convolutional block attention: weighs channels, then places (Woo et al. 2018).
#[derive(Module, Debug)]
struct Cbam {
    fc1: Linear,
    fc2: Linear,
    spatial: Convolution,
    spatial_bn: BatchNorm,
}

impl Cbam {
    fn new(init: &mut Init<'_>, channels: usize) -> Self {
        Self {
            fc1: Linear::new(init, channels, channels / REDUCTION),
            fc2: Linear::new(init, channels / REDUCTION, channels),
            spatial: Convolution::new(init, 2, 1, 7, 1),
            spatial_bn: BatchNorm::new(init, 1),
        }
    }

    fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let [n, h, w, c] = x.dims();
        let perceptron = |v: Tensor<2>| self.fc2.forward(relu(self.fc1.forward(v)));
        let largest = x.clone().reshape([n, h * w, c]).max_dim(1).reshape([n, c]);
        let channels = sigmoid(perceptron(global_average(x.clone())) + perceptron(largest));
        let x = x * channels.reshape([n, 1, 1, c]);
        let seen = self.spatial.forward(places(x.clone())); // N×H×W×1
        x * sigmoid(self.spatial_bn.forward(seen, mode))
    }
}

/// An attention gate: α = σ(ψᵀ ReLU(θx + φg + b)) weighs a skip x by the coarser g.
#[derive(Module, Debug)]
struct AttentionGate {
    theta: Convolution,
    phi: Convolution,
    psi: Convolution,
}

impl AttentionGate {
    fn new(init: &mut Init<'_>, skip: usize, coarse: usize) -> Self {
        let inner = skip / 2;
        Self {
            theta: Convolution::new(init, skip, inner, 1, 1),
            phi: Convolution::pointwise(init, coarse, inner, 0.0),
            psi: Convolution::pointwise(init, inner, 1, 0.0),
        }
    }

    /// `skip` (N, 2H, 2W, C) and `coarse` (N, H, W, G) → gated skip.
    fn forward(&self, skip: Tensor<4>, coarse: Tensor<4>) -> Tensor<4> {
        let seen = resample::double(self.phi.forward(coarse));
        let alpha = sigmoid(self.psi.forward(relu(self.theta.forward(skip.clone()) + seen)));
        skip * alpha
    }
}

/// The saliency network.
#[derive(Module, Debug)]
pub(crate) struct AttentionFcn {
    enc1: Vec<ConvBnRelu>,
    enc2: Vec<ConvBnRelu>,
    enc3: Vec<ConvBnRelu>,
    enc4: Vec<ConvBnRelu>,
    cbam: Cbam,
    gate3: AttentionGate,
    dec3: ConvBnRelu,
    gate2: AttentionGate,
    dec2: ConvBnRelu,
    head: Convolution,
    /// The residual blocks at 1/8 and at 1/16; empty without findings.
    res3: Vec<BasicBlock>,
    res4: Vec<BasicBlock>,
    /// The layer that scores the findings of the whole picture; used in training alone.
    help: Option<Linear>,
}

/// The logits of findings.
pub(crate) struct FindingLogits {
    /// The logits of every place (N, H/4, W/4, F).
    pub places: Tensor<4>,
    /// The logits of the picture (N, F), from the mean of the last stage.
    pub picture: Tensor<2>,
}

impl AttentionFcn {
    /// Makes the variant with one map, with initial weights from `init`.
    pub(crate) fn new(init: &mut Init<'_>) -> Self {
        Self::with_head(init, 1, HEAD_BIAS)
    }

    /// Makes the variant with a map for each of `findings` findings, with initial weights from
    /// `init`.
    pub(crate) fn of_findings(init: &mut Init<'_>, findings: usize) -> Self {
        let [.., w3, w4] = WIDTHS;
        let mut fcn = Self::with_head(init, findings, FINDING_BIAS);
        fcn.res3 = vec![BasicBlock::new(init, w3, w3, 1)];
        fcn.res4 = (0..2).map(|_| BasicBlock::new(init, w4, w4, 1)).collect();
        fcn.help = Some(Linear::new(init, w4, findings));
        fcn
    }

    fn with_head(init: &mut Init<'_>, maps: usize, bias: f32) -> Self {
        let [w1, w2, w3, w4] = WIDTHS;
        let mut stage =
            |from, to| vec![ConvBnRelu::new(init, from, to, 2), ConvBnRelu::new(init, to, to, 1)];
        let (enc2, enc3, enc4) = (stage(w1, w2), stage(w2, w3), stage(w3, w4));
        Self {
            enc1: vec![ConvBnRelu::new(init, 1, w1, 2)],
            enc2,
            enc3,
            enc4,
            cbam: Cbam::new(init, w4),
            gate3: AttentionGate::new(init, w3, w4),
            dec3: ConvBnRelu::new(init, w4 + w3, w3, 1),
            gate2: AttentionGate::new(init, w2, w3),
            dec2: ConvBnRelu::new(init, w3 + w2, w2, 1),
            head: Convolution::pointwise(init, w2, maps, bias),
            res3: Vec::new(),
            res4: Vec::new(),
            help: None,
        }
    }

    /// Radiographs (N, 1, H, W) in [0, 1] → saliency maps (N, 1, H, W) in (0, 1). H and W are
    /// multiples of 16.
    pub(crate) fn forward(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let [n, _, h, w] = x.dims();
        let x = if self.help.is_some() { standardised(x) } else { x };
        let (_, d2) = self.decoded(x, mode);
        let maps = sigmoid(self.head.forward(d2)); //                                  N×H/4×W/4×F
        let map = if maps.dims()[3] > 1 { maps.max_dim(3) } else { maps }; //          N×H/4×W/4×1
        resample::quadruple(map.reshape([n, 1, h / 4, w / 4])) //                      N×1×H×W
    }

    /// Standardised radiographs (N, 1, H, W) → logits of the findings; `None` in the variant with
    /// one map.
    pub(crate) fn findings(&self, x: Tensor<4>, mode: Mode) -> Option<FindingLogits> {
        let help = self.help.as_ref()?;
        let (e4, d2) = self.decoded(x, mode);
        Some(FindingLogits {
            places: self.head.forward(d2),
            picture: help.forward(global_average(e4)),
        })
    }

    /// (N, 1, H, W) → the last stage of the encoder (N, H/16, W/16, 128), and of the decoder (N,
    /// H/4, W/4, 32).
    fn decoded(&self, x: Tensor<4>, mode: Mode) -> (Tensor<4>, Tensor<4>) {
        let [n, _, h, w] = x.dims();
        let x = x.reshape([n, h, w, 1]); //                                            N×H×W×1
        let e1 = through(&self.enc1, x, mode); //                                      N×H/2×W/2×16
        let e2 = through(&self.enc2, e1, mode); //                                     N×H/4×W/4×32
        let e3 = residual(&self.res3, through(&self.enc3, e2.clone(), mode), mode); // N×H/8×W/8×64
        // N×H/16×W/16×128
        let e4 = residual(&self.res4, through(&self.enc4, e3.clone(), mode), mode);
        let e4 = self.cbam.forward(e4, mode);
        let d3 = self.decode(&self.gate3, &self.dec3, e4.clone(), e3, mode); //        N×H/8×W/8×64
        let d2 = self.decode(&self.gate2, &self.dec2, d3, e2, mode); //                N×H/4×W/4×32
        (e4, d2)
    }

    fn decode(
        &self,
        gate: &AttentionGate,
        conv: &ConvBnRelu,
        coarse: Tensor<4>,
        skip: Tensor<4>,
        mode: Mode,
    ) -> Tensor<4> {
        let gated = gate.forward(skip, coarse.clone());
        conv.forward(Tensor::cat(vec![resample::double(coarse), gated], 3), mode)
    }
}

fn through(layers: &[ConvBnRelu], x: Tensor<4>, mode: Mode) -> Tensor<4> {
    layers.iter().fold(x, |x, layer| layer.forward(x, mode))
}

fn residual(blocks: &[BasicBlock], x: Tensor<4>, mode: Mode) -> Tensor<4> {
    blocks.iter().fold(x, |x, block| block.forward(x, mode))
}

/// The mean and deviation of a picture's grey where it is not black.
pub(crate) fn exposure(pixels: &[f32]) -> (f32, f32) {
    let seen = || pixels.iter().filter(|grey| **grey > BLACK).map(|grey| f64::from(*grey));
    let count = seen().count().max(1) as f64;
    let mean = seen().sum::<f64>() / count;
    let variance = seen().map(|grey| (grey - mean).powi(2)).sum::<f64>() / count;
    (mean as f32, (variance.sqrt() as f32).max(LEAST_DEVIATION))
}

/// (X − mean)/deviation of each picture (N, 1, H, W), both over places that are not black. So a
/// bright picture is not salient as a whole.
fn standardised(x: Tensor<4>) -> Tensor<4> {
    let [n, _, h, w] = x.dims();
    let rows = x.clone().reshape([n, h * w]);
    let seen = rows.clone().greater_scalar(BLACK).float();
    let count = seen.clone().sum_dim(1).clamp_min(1.0);
    let mean = (rows.clone() * seen.clone()).sum_dim(1) / count.clone();
    let deviation = (((rows.clone() - mean.clone()).square() * seen).sum_dim(1) / count).sqrt();
    ((rows - mean) / deviation.clamp_min(LEAST_DEVIATION)).reshape([n, 1, h, w])
}
