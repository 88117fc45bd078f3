//! The paper's figure: picture, saliency map, modified picture, backbone, embedding, hash code.
//!
//! `network.rs` is the whole figure. It names every part and their order; each part has a file
//! here.

pub(crate) mod embedding;
pub(crate) mod file;
pub(crate) mod finding;
pub(crate) mod hash;
pub(crate) mod layers;
pub(crate) mod mask;
pub(crate) mod modify;
pub(crate) mod network;
pub(crate) mod resample;
pub(crate) mod resnet;
pub(crate) mod saliency;
pub(crate) mod weights;
