//! The paper: attention saliency network, its losses, its training and its encoder.

mod augment;
mod batch;
mod calibrate;
mod checkpoint;
mod config;
mod copies;
mod device;
mod embedding;
mod encoder;
mod error;
pub mod explain;
mod finding;
mod hash;
mod hash_layer_fit;
mod kernels;
mod layers;
pub mod loss;
mod mask;
mod model;
mod modify;
mod network;
mod optimiser;
#[cfg(test)]
mod parity;
mod plan;
mod pretrained;
mod rehash;
mod resample;
mod resnet;
mod run;
mod saliency;
mod saliency_map;
mod targets;
mod train;
mod validation;
mod weights;

pub use calibrate::{Calibrated, calibrate};
pub use config::{Augmentation, DataConfig, LossConfig, Optimisation, TrainConfig};
pub use device::DeviceChoice;
pub use embedding::EmbeddingParts;
pub use encoder::{Encoder, Encoding, Look};
pub use error::{Error, Result};
pub use finding::{
    Boxes, Finder, FindingCard, FindingMaps, SaliencyConfig, SaliencyMetrics, SaliencyReport,
    train_saliency,
};
pub use kernels::{instruction_set, peak_products};
pub use layers::Mode;
pub use mask::SaliencySource;
pub use model::Card;
pub use modify::Modification;
pub use network::{Architecture, Network, Output, Taught};
pub use resnet::FEATURES;
pub use saliency_map::SaliencyMap;
pub use targets::labels_of;
pub use train::{EpochMetrics, TrainEvent, TrainOptions, TrainReport, train};
pub use validation::labelled;
