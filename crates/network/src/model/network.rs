//! The paper's figure: radiograph → saliency map → modified image → embedding → hash code, end to
//! end.

use crate::model::embedding::{EmbeddingLayer, EmbeddingParts, unit_length};
use crate::model::hash::HashLayer;
use crate::model::layers::{Init, Linear, Mode};
use crate::model::mask::SaliencySource;
use crate::model::modify::Modification;
use crate::model::resample::resize;
use crate::model::resnet::{FEATURES, ResNet18, global_average};
use crate::model::saliency::AttentionFcn;
use crate::model::weights;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// The grey level statistics that ImageNet weights expect: the mean over three channels of their
/// means and deviations.
pub(crate) const GREY_MEAN: f32 = 0.449;
pub(crate) const GREY_DEVIATION: f32 = 0.226;

/// The definition of a network, apart from its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Architecture {
    /// The length of a hash code in bits: 16 to 256, a multiple of 16.
    pub bits: usize,
    /// Shorter code lengths whose first bits are codes of their own. The loss is computed for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<usize>,
    /// The modification of the radiograph by the saliency map; `none` leaves the saliency network
    /// out.
    pub modification: Modification,
    /// The source of the saliency map.
    pub saliency: SaliencySource,
    /// The saliency network that was trained first and alone; `None` if it is learned with the
    /// rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taught: Option<Taught>,
    /// Spatial attention after the backbone's first block, as the method ATH has it.
    pub attention: bool,
    /// The parts of an embedding layer, which is fitted after all other training. Without one the
    /// embedding is the features, and the hash layer reads them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<EmbeddingParts>,
}

/// A saliency network that was taught where findings lie. It is frozen while the rest is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taught {
    /// The number of its maps. S is the largest of them at each place.
    pub findings: usize,
    /// The side of the square that the backbone sees, in pixels. X and S are larger and are
    /// resampled to it.
    pub backbone: usize,
}

impl Default for Architecture {
    fn default() -> Self {
        Self {
            bits: 64,
            nested: Vec::new(),
            modification: Modification::Blur,
            saliency: SaliencySource::Learned,
            taught: None,
            attention: false,
            embedding: None,
        }
    }
}

impl Architecture {
    /// The code lengths: the nested ones, and the whole code's.
    pub fn code_lengths(&self) -> impl Iterator<Item = usize> {
        self.nested.iter().copied().chain([self.bits])
    }

    /// Checks that codes can have these lengths. Returns the reason if not.
    pub(crate) fn check(&self) -> Result<(), String> {
        let bits = self.bits;
        if !bits.is_multiple_of(16) || !(16..=256).contains(&bits) {
            return Err(format!(
                "architecture.bits is {bits}, expected a multiple of 16 from 16 to 256"
            ));
        }
        self.embedding.map_or(Ok(()), EmbeddingParts::check)?;
        if let Some(Taught { findings, backbone }) = self.taught
            && !((1..=256).contains(&findings)
                && backbone % 32 == 0
                && (32..=1024).contains(&backbone))
        {
            return Err(format!(
                "architecture.taught has {findings} findings and a backbone of {backbone} pixels, expected 1 to 256, and a \
                 multiple of 32 from 32 to 1024"
            ));
        }
        match self.nested.iter().all(|n| n % 16 == 0 && (16..bits).contains(n)) {
            true => Ok(()),
            false => Err(format!(
                "architecture.nested has another number than multiples of 16 below {bits}"
            )),
        }
    }

    /// The number of floats of an embedding.
    pub fn embedding_length(&self) -> usize {
        self.embedding.map_or(FEATURES, EmbeddingParts::length)
    }

    /// Tells whether it has a saliency network that learns with the rest.
    pub fn learns_saliency(&self) -> bool {
        self.has_saliency() && self.taught.is_none()
    }

    /// Tells whether it has a saliency network.
    pub fn has_saliency(&self) -> bool {
        self.modification != Modification::None && self.saliency == SaliencySource::Learned
    }
}

/// The whole network.
#[derive(Module, Debug)]
pub struct Network {
    saliency: Option<AttentionFcn>,
    backbone: ResNet18,
    embedding: Option<EmbeddingLayer>,
    hash: HashLayer,
    classifier: Linear,
    /// A learned vector for each label (C, K), if the loss has them; used in training alone.
    proxies: Option<Param<Tensor<2>>>,
    #[module(skip)]
    modification: Modification,
    #[module(skip)]
    source: SaliencySource,
    #[module(skip)]
    taught: Option<Taught>,
}

/// The results of a forward pass.
#[derive(Clone, Debug)]
pub struct Output {
    /// Saliency maps S (N, 1, H, W), in (0, 1).
    pub saliency: Tensor<4>,
    /// Modified images X' (N, 1 or 2, H, W).
    pub modified: Tensor<4>,
    /// Features (N, 512).
    pub features: Tensor<2>,
    /// Embeddings E, at unit length: (N, 512) without an embedding layer, otherwise (N, labels +
    /// likeness).
    pub embedding: Tensor<2>,
    /// The hash layer's outputs u (N, K), whose signs are the hash code.
    pub hash: Tensor<2>,
    /// Class scores (N, C), used in training alone.
    pub logits: Tensor<2>,
}

impl Network {
    /// Makes a network with initial weights from `seed`, for `classes` training labels.
    pub fn new(architecture: &Architecture, classes: usize, seed: u64, device: &Device) -> Self {
        let init = &mut Init::new(seed, device);
        let modification = architecture.modification;
        weights::identify(Self {
            backbone: ResNet18::new(init, modification.channels(), architecture.attention),
            hash: HashLayer::new(init, architecture.embedding_length(), architecture.bits),
            classifier: Linear::new(init, FEATURES, classes),
            saliency: architecture.has_saliency().then(|| match architecture.taught {
                Some(taught) => AttentionFcn::of_findings(init, taught.findings),
                None => AttentionFcn::new(init),
            }),
            embedding: architecture.embedding.map(|parts| EmbeddingLayer::new(init, parts)),
            proxies: None,
            modification,
            source: architecture.saliency,
            taught: architecture.taught,
        })
    }

    /// Adds a learned vector for each label. They start as `proxies` (C, K).
    pub(crate) fn with_proxies(self, proxies: Tensor<2>) -> Self {
        weights::identify(Self { proxies: Some(Param::from_tensor(proxies)), ..self })
    }

    /// A copy of the network without the vectors that only a loss uses.
    pub(crate) fn without_proxies(&self) -> Self {
        Self { proxies: None, ..self.clone() }
    }

    /// The vectors of the labels (C, K), if there are any.
    pub(crate) fn proxies(&self) -> Option<Tensor<2>> {
        self.proxies.as_ref().map(Param::val)
    }

    /// Runs the network: radiographs X (N, 1, H, W) in [0, 1], H and W multiples of 16 → all
    /// results.
    pub fn forward(&self, x: Tensor<4>, mode: Mode) -> Output {
        let saliency = self.saliency_of(x.clone(), mode); //                  S:  N×1×H×W
        self.forward_with_saliency(x, saliency, mode)
    }

    /// Runs the network as [`Network::forward`] does, but with given maps S (N, 1, H, W).
    pub fn forward_with_saliency(&self, x: Tensor<4>, saliency: Tensor<4>, mode: Mode) -> Output {
        let modified = self.modified(x, saliency.clone()); //                 X': N×1×H×W
        let (middle, last) = self.stages(modified.clone(), mode);
        let features = global_average(last); //                               f:  N×512
        let embedding = match &self.embedding {
            Some(layer) => layer.forward(features.clone(), middle), //        E:  N×256
            None => unit_length(features.clone()), //                         E:  N×512
        };
        // A trained hash layer reads the features, a fitted one the embedding.
        let hashed = if self.embedding.is_some() { embedding.clone() } else { features.clone() };
        let hash = self.hash.forward(hashed, mode); //                        u:  N×K, code = sgn(u)
        let logits = self.classifier.forward(features.clone()); //            N×C
        Output { saliency, modified, features, embedding, hash, logits }
    }

    /// X and S → X', at the backbone's size.
    fn modified(&self, x: Tensor<4>, saliency: Tensor<4>) -> Tensor<4> {
        match self.taught {
            Some(Taught { backbone, .. }) => {
                self.modification.apply(resize(x, backbone), resize(saliency, backbone))
            }
            None => self.modification.apply(x, saliency),
        }
    }

    /// The hash layer as when encoding: rows of its inputs → u (N, K). They are embeddings (N, E),
    /// or features (N, 512) without an embedding layer.
    pub(crate) fn hash_of(&self, rows: Tensor<2>) -> Tensor<2> {
        self.hash.forward(rows, Mode::Infer)
    }

    /// The saliency maps alone; all ones for a network without saliency.
    pub fn saliency_of(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let [_, _, side, _] = x.dims();
        match (&self.saliency, self.source.fixed(side)) {
            // It is frozen, so that it keeps what it was taught.
            (Some(fcn), _) if self.taught.is_some() => fcn.forward(x, Mode::Infer).detach(),
            (Some(fcn), _) => fcn.forward(x, mode),
            (None, Some(map)) if self.modification != Modification::None => {
                let map =
                    Tensor::<4>::from_data(TensorData::new(map, [1, 1, side, side]), &x.device());
                map.expand(x.dims())
            }
            _ => x.ones_like(),
        }
    }

    /// Class scores of X⊙(1−S), the radiograph without its salient part: (N, C).
    pub fn classify_without(&self, x: Tensor<4>, saliency: Tensor<4>, mode: Mode) -> Tensor<2> {
        let erased = x * (saliency.neg() + 1.0);
        let erased = if self.modification == Modification::Concatenate {
            Tensor::cat(vec![erased.clone(), erased.zeros_like()], 1)
        } else {
            erased
        };
        self.classifier.forward(global_average(self.stages(erased, mode).1))
    }

    /// The third and the last stage of modified images.
    fn stages(&self, modified: Tensor<4>, mode: Mode) -> (Tensor<4>, Tensor<4>) {
        self.backbone.forward(grey_levels(modified), mode)
    }

    /// Activations A of the last stage, before their average: (N, H/32, W/32, 512).
    pub(crate) fn activations(&self, x: Tensor<4>, mode: Mode) -> Tensor<4> {
        let saliency = self.saliency_of(x.clone(), mode);
        self.stages(self.modified(x, saliency), mode).1
    }

    /// The layer that scores the labels.
    pub(crate) fn classifier(&self) -> &Linear {
        &self.classifier
    }

    /// The device of its weights.
    pub(crate) fn device(&self) -> Device {
        self.classifier.device()
    }

    /// Tells whether it has a saliency network that learns with the rest.
    pub fn learns_saliency(&self) -> bool {
        self.saliency.is_some() && self.taught.is_none()
    }

    /// The backbone, for comparison with another implementation.
    #[cfg(test)]
    pub(crate) fn backbone(&self) -> &ResNet18 {
        &self.backbone
    }
}

/// Modified images as the backbone expects them.
fn grey_levels(modified: Tensor<4>) -> Tensor<4> {
    (modified - GREY_MEAN) / GREY_DEVIATION
}
