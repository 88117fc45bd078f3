//! The losses: one function per formula, each with its source.

mod ath;
mod classification;
mod csq;
mod dpn;
mod dpsh;
mod dtsh;
mod finding_maps;
mod greedy_hash;
mod hash_loss;
mod hash_net;
mod hyp2;
mod idhn;
mod instance;
mod nca;
mod ortho_hash;
mod pairs;
mod saliency_terms;
mod targets;
#[cfg(test)]
mod tests;

pub use ath::ath;
pub use classification::{cross_entropy, erased};
pub use csq::csq;
pub use dpn::dpn;
pub use dpsh::dpsh;
pub use dtsh::dtsh;
pub use finding_maps::{finding_labels, finding_overlap, finding_places, finding_scores};
pub use greedy_hash::greedy_hash;
pub use hash_loss::HashLoss;
pub(crate) use hash_loss::{LossInputs, hash_term};
pub use hash_net::hash_net;
pub use hyp2::hyp2;
pub use idhn::idhn;
pub use instance::instance_discrimination;
pub use nca::nca;
pub use ortho_hash::ortho_hash;
pub use saliency_terms::{area, disagreement, total_variation};
pub use targets::{centres, hadamard_targets};
