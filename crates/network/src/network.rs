//! The paper's figure: radiograph → saliency map → modified image → embedding → hash code, end to end.

use crate::hash::{HashLayer, unit_length};
use crate::layers::{Init, Linear, Mode};
use crate::modify::Modification;
use crate::resnet::{FEATURES, ResNet18};
use crate::saliency::AttentionFcn;
use crate::weights;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Grey level statistics that ImageNet weights expect: the mean of the three channels' means and deviations.
pub(crate) const GREY_MEAN: f32 = 0.449;
pub(crate) const GREY_DEVIATION: f32 = 0.226;

/// What defines a network apart from its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Architecture {
    /// Bits of a hash code: 16 to 256, a multiple of 16.
    pub bits: usize,
    /// How the saliency map modifies the radiograph; `none` leaves the saliency network out.
    pub modification: Modification,
}

impl Default for Architecture {
    fn default() -> Self {
        Self { bits: 64, modification: Modification::Blur }
    }
}

/// The whole network.
#[derive(Module, Debug)]
pub struct Network {
    saliency: Option<AttentionFcn>,
    backbone: ResNet18,
    hash: HashLayer,
    classifier: Linear,
    #[module(skip)]
    modification: Modification,
}

/// Everything a forward pass gives.
#[derive(Clone, Debug)]
pub struct Output {
    /// Saliency maps S (N, 1, H, W), in (0, 1).
    pub saliency: Tensor<4>,
    /// Modified images X' (N, 1 or 2, H, W).
    pub modified: Tensor<4>,
    /// Features (N, 512).
    pub features: Tensor<2>,
    /// Embeddings E (N, 512): the features at unit length.
    pub embedding: Tensor<2>,
    /// u (N, K), whose signs are the hash code.
    pub hash: Tensor<2>,
    /// Class scores (N, C), used in training alone.
    pub logits: Tensor<2>,
}

impl Network {
    /// Initial weights from `seed`, for `classes` training labels.
    pub fn new(architecture: &Architecture, classes: usize, seed: u64, device: &Device) -> Self {
        let init = &mut Init::new(seed, device);
        let modification = architecture.modification;
        weights::identify(Self {
            backbone: ResNet18::new(init, modification.channels()),
            hash: HashLayer::new(init, architecture.bits),
            classifier: Linear::new(init, FEATURES, classes),
            saliency: (modification != Modification::None).then(|| AttentionFcn::new(init)),
            modification,
        })
    }

    /// Radiographs X (N, 1, H, W) in [0, 1], H and W multiples of 16 → everything above.
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Output {
        let saliency = self.saliency_of(x.clone(), mode); //                  S:  N×1×H×W
        let modified = self.modification.apply(x, saliency.clone()); //       X': N×1×H×W
        let features = self.features(modified.clone(), mode); //              f:  N×512
        let embedding = unit_length(features.clone()); //                     E:  N×512
        let hash = self.hash.forward(features.clone(), mode); //              u:  N×K, code = sgn(u)
        let logits = self.classifier.forward(features.clone()); //            N×C
        Output { saliency, modified, features, embedding, hash, logits }
    }

    /// Saliency maps alone; ones for a network without the saliency network.
    pub fn saliency_of(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        match &self.saliency {
            Some(fcn) => fcn.forward(x, mode),
            None => x.ones_like(),
        }
    }

    /// Class scores of X⊙(1−S), the radiograph without what is salient: (N, C).
    pub fn classify_without(&self, x: Tensor<4>, saliency: Tensor<4>, mode: Mode) -> Tensor<2> {
        let erased = x * (saliency.neg() + 1.0);
        let erased = if self.modification == Modification::Concatenate {
            Tensor::cat(vec![erased.clone(), erased.zeros_like()], 1)
        } else {
            erased
        };
        self.classifier.forward(self.features(erased, mode))
    }

    fn features(&self, modified: Tensor<4>, mode: Mode) -> Tensor<2> {
        self.backbone.forward((modified - GREY_MEAN) / GREY_DEVIATION, mode)
    }

    /// Where its weights are.
    pub(crate) fn device(&self) -> Device {
        self.classifier.device()
    }

    /// Whether a saliency network is part of it.
    pub fn has_saliency(&self) -> bool {
        self.saliency.is_some()
    }

    /// The backbone, for comparison with another implementation.
    #[cfg(test)]
    pub(crate) fn backbone(&self) -> &ResNet18 {
        &self.backbone
    }
}
