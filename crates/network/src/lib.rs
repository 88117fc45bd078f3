//! The paper: attention saliency network, its losses, its training and its encoder.
//!
//! Each module uses only those before it: `kernels` (arithmetic), `model` (the network),
//! `inference` (pictures to codes and maps), `explain` (the quality of maps), `training`.

mod device;
mod error;
pub mod explain;
mod inference;
mod kernels;
mod model;
#[cfg(test)]
mod noise;
mod training;

pub use device::DeviceChoice;
pub use error::{Error, Result};
pub use inference::encoder::{Encoder, Encoding, Look};
pub use inference::finder::{Finder, FindingMaps};
pub use inference::saliency_map::SaliencyMap;
pub use kernels::{instruction_set, peak_products};
pub use model::embedding::EmbeddingParts;
pub use model::file::Card;
pub use model::finding::FindingCard;
pub use model::layers::Mode;
pub use model::mask::SaliencySource;
pub use model::modify::Modification;
pub use model::network::{Architecture, Network, Output, Taught};
pub use model::resnet::FEATURES;
pub use training::calibrate::{Calibrated, calibrate};
pub use training::config::{Augmentation, DataConfig, LossConfig, Optimisation, TrainConfig};
pub use training::finding::{Boxes, SaliencyConfig, SaliencyReport, train_saliency};
pub use training::loss;
pub use training::report::{EpochMetrics, SaliencyMetrics, TrainEvent, TrainOptions, TrainReport};
pub use training::targets::labels_of;
pub use training::train::train;
pub use training::validation::labelled;
