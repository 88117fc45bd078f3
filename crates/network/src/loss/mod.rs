//! The losses: one function per formula, each with its source.

mod classification;
mod ortho_hash;
mod saliency_terms;

pub use classification::{cross_entropy, erased};
pub use ortho_hash::{hadamard_targets, ortho_hash};
pub use saliency_terms::{area, disagreement, total_variation};
