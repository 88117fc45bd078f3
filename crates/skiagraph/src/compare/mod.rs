//! Comparison of methods on the same data, splits, backbone, budget and bits. Every cell is kept,
//! so that a comparison continues after a kill.

pub(crate) mod cell;
pub(crate) mod config;
pub(crate) mod encodings;
mod failures;
pub(crate) mod measure;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod report;
mod shallow;
