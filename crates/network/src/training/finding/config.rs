//! The section `[saliency]` of a training configuration: how a saliency network is taught where
//! findings lie.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The training of the saliency network. Seed and preprocessing are the configuration's, except the
/// size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SaliencyConfig {
    /// The file of a trained saliency network. Training for retrieval uses it, frozen. Without it,
    /// the saliency network learns with the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<PathBuf>,
    /// The side of the square that the backbone sees beside such a network, in pixels: a multiple
    /// of 32.
    pub backbone: usize,
    /// The findings that get a map, as boxes or labels name them. If empty, all with boxes on
    /// enough pictures do.
    pub findings: Vec<String>,
    /// The number of training pictures with boxes that a finding needs to get a map, if none are
    /// named.
    pub least_boxed: usize,
    /// The side of the square that the network sees, in pixels: a multiple of 16.
    pub size: u32,
    /// The side of the crops that it is trained on, in pixels: a multiple of 16.
    pub crop: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The number of steps of an epoch.
    pub steps: usize,
    /// The number of crops of a step.
    pub batch: usize,
    /// The share of the crops that are of pictures with a finding.
    pub bearing: f64,
    /// The share of those crops that lie near a box.
    pub aimed: f64,
    /// The highest learning rate of the one cycle (Smith and Topin 2018).
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// The norm above which the gradient of a weight is shortened.
    pub clip: f32,
    /// The weight of the overlap of maps and boxes (soft Dice).
    pub overlap: f32,
    /// The weight of predicting the label from a map's most salient share, if boxes say that a
    /// finding is seen or absent.
    pub label: f32,
    /// The same weight, if only a label says that a finding is somewhere in the picture.
    pub label_alone: f32,
    /// The share of a map's places that predict the label.
    pub top_share: f64,
    /// The weight of predicting the labels from the encoder's last stage.
    pub help: f32,
}

impl Default for SaliencyConfig {
    fn default() -> Self {
        Self {
            network: None,
            backbone: 224,
            findings: Vec::new(),
            least_boxed: 10,
            size: 320,
            crop: 192,
            epochs: 60,
            steps: 48,
            batch: 16,
            bearing: 0.5,
            aimed: 0.85,
            learning_rate: 2e-3,
            weight_decay: 0.02,
            clip: 5.0,
            overlap: 0.5,
            label: 0.5,
            label_alone: 0.2,
            top_share: 0.01,
            help: 1.0,
        }
    }
}

impl SaliencyConfig {
    /// Checks every value. Returns the reason if one is not allowed.
    pub(crate) fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: f64| {
            ((0.0..=1.0).contains(&value), format!("saliency.{name} is {value}, expected 0 to 1"))
        };
        let side = |name: &str, value: usize| {
            let holds = value.is_multiple_of(16) && (64..=1024).contains(&value);
            (
                holds,
                format!("saliency.{name} is {value}, expected a multiple of 16 from 64 to 1024"),
            )
        };
        let positive = |name: &str, value: usize, least: usize| {
            (value >= least, format!("saliency.{name} is {value}, expected at least {least}"))
        };
        let rules = [
            side("size", self.size as usize),
            side("crop", self.crop),
            (
                self.backbone.is_multiple_of(32) && (32..=1024).contains(&self.backbone),
                format!(
                    "saliency.backbone is {}, expected a multiple of 32 from 32 to 1024",
                    self.backbone
                ),
            ),
            positive("epochs", self.epochs, 1),
            positive("steps", self.steps, 1),
            positive("batch", self.batch, 2),
            share("bearing", self.bearing),
            share("aimed", self.aimed),
            share("top_share", self.top_share),
            (
                self.learning_rate > 0.0,
                format!("saliency.learning_rate is {}, expected above 0", self.learning_rate),
            ),
            (self.clip > 0.0, format!("saliency.clip is {}, expected above 0", self.clip)),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }

    /// The learning rate at `done`, a share of the run. It rises over the first three tenths from
    /// 1/25 of the highest, then falls to nearly 0, each along half a cosine.
    pub(crate) fn rate(&self, done: f64) -> f64 {
        const RISE: f64 = 0.3;
        let between = |from: f64, to: f64, part: f64| {
            to + (from - to) * 0.5 * (1.0 + (std::f64::consts::PI * part.clamp(0.0, 1.0)).cos())
        };
        let highest = self.learning_rate;
        if done < RISE {
            between(highest / 25.0, highest, done / RISE)
        } else {
            between(highest, highest * 1e-4, (done - RISE) / (1.0 - RISE))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls_once() {
        let config = SaliencyConfig::default();
        let rates =
            [0.0, 0.15, 0.3, 0.65, 1.0].map(|done| config.rate(done) / config.learning_rate);
        assert!((rates[0] - 0.04).abs() < 1e-9 && (rates[2] - 1.0).abs() < 1e-9 && rates[4] < 2e-4);
        assert!(
            rates[0] < rates[1]
                && rates[1] < rates[2]
                && rates[3] < rates[2]
                && rates[4] < rates[3]
        );
    }

    #[test]
    fn wrong_values_are_named() {
        let reason = |config: SaliencyConfig| config.check().unwrap_err();
        let default = SaliencyConfig::default;
        assert!(default().check().is_ok());
        assert!(reason(SaliencyConfig { size: 100, ..default() }).contains("saliency.size is 100"));
        assert!(reason(SaliencyConfig { batch: 1, ..default() }).contains("at least 2"));
        assert!(
            reason(SaliencyConfig { aimed: 1.5, ..default() }).contains("saliency.aimed is 1.5")
        );
    }
}
