//! Training: batches, losses, steps, checkpoints, the choice of an epoch, and the layers that are
//! fitted last.
//!
//! `train.rs` is the whole, `run.rs` its loop over epochs, `finding/` the stage that teaches the
//! saliency network.

mod augment;
mod batch;
pub(crate) mod calibrate;
mod checkpoint;
pub(crate) mod config;
mod copies;
pub(crate) mod finding;
mod hash_layer_fit;
pub mod loss;
mod objective;
mod optimiser;
#[cfg(test)]
mod parity;
mod prepared;
mod pretrained;
pub(crate) mod report;
mod run;
mod schedule;
pub(crate) mod targets;
pub(crate) mod train;
pub(crate) mod validation;
