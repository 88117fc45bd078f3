//! The display of a training run: a progress bar of the running epoch, and a line for each finished
//! one.

use std::collections::BTreeMap;

use ingest::Rejected;
use network::{EpochMetrics, SaliencyMetrics, TrainEvent};
use radiograph::dataset::Skipped;

use crate::ingest_messages;
use crate::progress::Progress;

/// The progress bar of the running epoch, and its counts.
#[derive(Default)]
pub(crate) struct TrainingDisplay {
    /// The name of the run, if there are several.
    name: String,
    bar: Option<Progress>,
    epochs: usize,
    steps: usize,
}

impl TrainingDisplay {
    /// A display of one run of several.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: format!("{name}: "), ..Self::default() }
    }

    /// Shows an event on standard error.
    pub(crate) fn show(&mut self, event: &TrainEvent) {
        match event {
            TrainEvent::Started { training, validation, skipped, epochs_done, epochs, steps } => {
                (self.epochs, self.steps) = (*epochs, *steps);
                if !skipped.is_empty() {
                    eprintln!("{}", ingest_messages::describe_rejected(&rejected(skipped)));
                }
                let name = &self.name;
                eprintln!(
                    "{name}{training} pictures to learn from, {validation} to judge by, {steps} steps an epoch"
                );
                if *epochs_done > 0 {
                    eprintln!("{name}going on after epoch {epochs_done}/{epochs}");
                }
            }
            TrainEvent::Step { epoch, step, loss, images_per_second } => {
                let (name, epochs) = (&self.name, self.epochs);
                let heading =
                    || Progress::steps(&format!("{name}epoch {epoch}/{epochs}"), self.steps);
                let bar = self.bar.get_or_insert_with(heading);
                bar.at(*step, format!("{images_per_second:.1} images/s, loss {loss:.4}"));
            }
            TrainEvent::Epoch(metrics) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish();
                }
                eprintln!("{}{}", self.name, epoch_line(metrics, self.epochs));
            }
            TrainEvent::SaliencyEpoch(metrics) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish();
                }
                eprintln!("{}", saliency_line(metrics, self.epochs));
            }
            TrainEvent::Fitted(validation) => {
                eprintln!(
                    "{}hash layer fitted: validation macro P@10 {}",
                    self.name,
                    figures(validation)
                );
            }
        }
    }
}

/// Figures by code length, for a message.
pub(crate) fn figures(by_bits: &BTreeMap<usize, f64>) -> String {
    let figures: Vec<String> =
        by_bits.iter().map(|(bits, figure)| format!("{figure:.3} at {bits} bits")).collect();
    if figures.is_empty() { "-".to_owned() } else { figures.join(", ") }
}

fn saliency_line(metrics: &SaliencyMetrics, epochs: usize) -> String {
    let pointing: String = metrics
        .pointing
        .iter()
        .map(|(finding, share)| format!("  {finding} pointed at {share:.3}"))
        .collect();
    format!(
        "epoch {}/{epochs}  loss {:.4} (places {:.4}, overlap {:.4}, labels {:.4}, help {:.4}){pointing}  \
         {:.1} images/s  {:.0} s",
        metrics.epoch,
        metrics.loss,
        metrics.places,
        metrics.overlap,
        metrics.labels,
        metrics.help,
        metrics.images_per_second,
        metrics.seconds,
    )
}

fn epoch_line(metrics: &EpochMetrics, epochs: usize) -> String {
    let by_bits: String = metrics
        .validation_by_bits
        .iter()
        .map(|(bits, figure)| format!(", {figure:.3} at {bits}"))
        .collect();
    let validation =
        metrics.validation.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}{by_bits}"));
    format!(
        "epoch {}/{epochs}  loss {:.4} (hash {:.4}, class {:.4})  mean saliency {:.3}  \
         validation macro P@10 {validation}  {:.1} images/s  {:.0} s",
        metrics.epoch,
        metrics.loss,
        metrics.hash,
        metrics.classification,
        metrics.saliency_mean,
        metrics.images_per_second,
        metrics.seconds,
    )
}

/// The rows that could not be used, for a message.
pub(crate) fn rejected(skipped: &[Skipped]) -> Vec<Rejected> {
    skipped.iter().map(Rejected::from).collect()
}
