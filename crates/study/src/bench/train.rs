//! Training: the time of a step and the memory of the process, measured on the training code
//! itself.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use network::{DeviceChoice, TrainConfig, TrainEvent, TrainOptions};
use radiograph::dataset::{Dataset, Split};
use serde::Serialize;

use super::machine::{forget_peak, peak_memory};
use super::{Plan, median, rows};
use crate::progress::Observer;

/// The number of steps that only warm up.
const WARM_UP: usize = 2;

/// Figures of one network, size and batch.
#[derive(Serialize)]
pub struct Row {
    network: &'static str,
    size: u32,
    batch: usize,
    milliseconds_per_step: f64,
    pictures_per_second: f64,
    peak_mib: Option<f64>,
}

/// Trains on the samples for one epoch for each row.
///
/// # Errors
/// If the samples cannot be read or trained on.
pub fn measure(plan: &Plan, samples: &Path, observer: &dyn Observer) -> Result<Vec<Row>> {
    let mut dataset = Dataset::open(samples)?;
    dataset.items.iter_mut().for_each(|item| item.split = Some(Split::Train));
    let progress = observer.steps("training", rows(plan).count());
    let mut measured = Vec::new();
    for (network, size, batch) in rows(plan) {
        let name = network.name();
        progress.at(measured.len(), format!("{name}, {size} px, batch {batch}"));
        let mut config = TrainConfig::default();
        config.architecture.modification = network.modification();
        config.preprocess.size = size;
        config.data.validation = 0.0;
        (config.optimisation.batch, config.optimisation.epochs) = (batch, 1);
        config.optimisation.seed = plan.seed;
        forget_peak();
        let time = median(steps(&config, &dataset)?);
        measured.push(Row {
            network: name,
            size,
            batch,
            milliseconds_per_step: time * 1e3,
            pictures_per_second: batch as f64 / time,
            peak_mib: peak_memory(),
        });
    }
    progress.finish();
    Ok(measured)
}

/// The time of each step of one epoch, in seconds.
fn steps(config: &TrainConfig, dataset: &Dataset) -> Result<Vec<f64>> {
    let folder = tempfile::tempdir()?;
    let options = TrainOptions {
        out: folder.path().join("run"),
        resume: false,
        seed: None,
        device: DeviceChoice::Cpu,
    };
    let (mut times, mut last) = (Vec::new(), Instant::now());
    network::train(config, dataset, &options, &mut |event| {
        if let TrainEvent::Step { .. } = event {
            times.push(last.elapsed().as_secs_f64());
        }
        last = Instant::now();
    })?;
    Ok(times.into_iter().skip(WARM_UP).collect())
}

/// The heads of a table of rows.
pub const HEADS: [&str; 6] = ["train", "px", "batch", "ms/step", "pictures/s", "peak MiB"];

/// The cells of a row.
pub fn cells(row: &Row) -> Vec<String> {
    vec![
        row.network.to_owned(),
        row.size.to_string(),
        row.batch.to_string(),
        format!("{:.0}", row.milliseconds_per_step),
        format!("{:.1}", row.pictures_per_second),
        row.peak_mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.0}")),
    ]
}
