//! Comparison of methods on the same data, splits, backbone, budget and bits. Every run is kept,
//! so that a comparison continues after a kill.

pub mod config;
mod encodings;
pub mod experiment;
mod failures;
pub mod measure;
pub mod origin;
pub mod page;
pub mod report;
pub mod run;
mod shallow;
