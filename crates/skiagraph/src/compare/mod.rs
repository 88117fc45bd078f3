//! Methods beside each other: the same data, splits, backbone, budget and bits, every cell kept so
//! that a comparison goes on after a kill.

pub(crate) mod cell;
pub(crate) mod config;
pub(crate) mod encodings;
mod failures;
pub(crate) mod measure;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod report;
mod shallow;
