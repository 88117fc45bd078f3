//! A test whether maps depend on what was learned: weights are randomised from the head of the
//! saliency network downwards.
//!
//! Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018: the cascading randomisation. A
//! map that does not change comes from the architecture, not from learning.

use super::agreement::{spearman, structural_similarity};
use super::{Explainer, mean, stretched};
use crate::error::Result;
use crate::inference::saliency_map::SaliencyMap;
use crate::model::network::Network;
use crate::model::weights::{self, Weights};
use burn::tensor::Device;
use radiograph::Input;

/// Parts of the saliency network from its head down to its first convolution.
const STAGES: [&str; 10] =
    ["head", "dec2", "gate2", "dec3", "gate3", "cbam", "enc4", "enc3", "enc2", "enc1"];

/// The agreement of maps with the trained network's, once a stage and all above it have random
/// weights. The values are means over pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Randomised {
    /// The lowest stage with random weights.
    pub stage: &'static str,
    /// Spearman's rank correlation of the places within the picture.
    pub spearman: f64,
    /// Structural similarity within the picture, of maps stretched to 0..=1.
    pub structural_similarity: f64,
}

impl Explainer {
    /// Randomises one stage after the other, each as `seed` initialises it, and compares maps. The
    /// result is empty for a network whose saliency was not learned with the rest.
    ///
    /// # Errors
    /// [`crate::Error::InputSize`] for an input that had another preprocessing.
    pub fn randomise(&self, inputs: &[Input], seed: u64) -> Result<Vec<Randomised>> {
        if !self.network.learns_saliency() {
            return Ok(Vec::new());
        }
        let original = self.saliency(inputs)?;
        let random = weights::collect(&self.untrained(seed));
        let mut mixed = weights::collect(&self.network);
        STAGES
            .into_iter()
            .map(|stage| {
                mixed.extend(part(&random, stage));
                let maps = self.with_weights(mixed.clone())?.saliency(inputs)?;
                Ok(compare(stage, inputs, &original, &maps))
            })
            .collect()
    }

    fn untrained(&self, seed: u64) -> Network {
        Network::new(&self.card.architecture, self.card.labels.len(), seed, &Device::flex())
    }

    /// A network with these weights. It is built anew, as a clone would share the running
    /// statistics.
    fn with_weights(&self, weights: Weights) -> Result<Self> {
        let (network, _) = weights::apply(self.untrained(0), weights)?;
        Ok(Self { network, card: self.card.clone() })
    }
}

/// The weights of a stage of the saliency network.
fn part(weights: &Weights, stage: &str) -> Weights {
    let start = format!("saliency.{stage}.");
    weights
        .iter()
        .filter(|(name, _)| name.starts_with(&start))
        .map(|(n, w)| (n.clone(), w.clone()))
        .collect()
}

fn compare(
    stage: &'static str,
    inputs: &[Input],
    original: &[SaliencyMap],
    maps: &[SaliencyMap],
) -> Randomised {
    let pairs: Vec<(f64, f64)> = inputs
        .iter()
        .zip(original.iter().zip(maps))
        .map(|(input, (a, b))| {
            let [a, b] = [a, b].map(|map| stretched(&map.within(&input.frame)));
            (spearman(&a, &b), structural_similarity(&a, &b, input.frame.width as usize))
        })
        .collect();
    Randomised {
        stage,
        spearman: mean(pairs.iter().map(|(spearman, _)| *spearman)),
        structural_similarity: mean(pairs.iter().map(|(_, similarity)| *similarity)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::samples;

    #[test]
    fn the_stages_are_all_of_the_saliency_network() {
        let weights = weights::collect(&samples::explainer(1).network);
        let all = weights.keys().filter(|name| name.starts_with("saliency.")).count();
        assert_eq!(STAGES.iter().map(|stage| part(&weights, stage).len()).sum::<usize>(), all);
        assert!(STAGES.iter().all(|stage| !part(&weights, stage).is_empty()));
    }

    #[test]
    fn the_same_weights_give_the_same_maps_and_others_do_not() {
        let (explainer, inputs) = (samples::explainer(1), samples::inputs(3));
        let before = explainer.saliency(&inputs).unwrap();
        let same = explainer.randomise(&inputs, 1).unwrap();
        assert_eq!(same.iter().map(|r| r.stage).collect::<Vec<_>>(), STAGES);
        assert!(
            same.iter().all(|r| r.spearman > 0.999 && r.structural_similarity > 0.999),
            "{same:?}"
        );
        let other = explainer.randomise(&inputs, 2).unwrap();
        let last = &other[STAGES.len() - 1];
        assert!(last.spearman < 0.95 && last.structural_similarity < 0.95, "{last:?}");
        assert_eq!(explainer.saliency(&inputs).unwrap(), before);
    }
}
