//! Measurements: how well models retrieve, methods beside each other, what saliency maps are worth,
//! and how fast a machine is.
//!
//! Nothing here prints: an [`Observer`](progress::Observer) is told of progress.

pub mod bench;
pub mod compare;
pub mod demonstration;
pub mod evaluation;
pub mod near_copies;
pub mod progress;
pub mod relevance;
pub mod report;
mod roles;
pub mod saliency;
pub mod tasks;

pub use roles::role;
