//! Teaching the saliency network where to look: a map for each finding, and their union as S.
//!
//! Retrieval alone does not teach a network where lesions lie: its map becomes one of brightness.
//! Here the attention FCN is trained first and alone. If a data set has boxes, they say where a
//! finding lies. If it has labels alone, the most salient share of a map must predict the label,
//! which trains a classifier and does not localise. `lessons.rs` is what each picture teaches,
//! `crop.rs` the part of it that a step sees, `batch.rs` the choice of pictures, `run.rs` the loop.
//! The model file is `model/finding.rs`; `inference/finder.rs` is what others call.

mod batch;
mod config;
mod crop;
mod lessons;
mod run;
#[cfg(test)]
mod tests;

pub use config::SaliencyConfig;
pub use lessons::Boxes;
pub use run::{SaliencyReport, train_saliency};
