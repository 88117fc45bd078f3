//! Encoding: from pictures at the network's size to saliency maps, embeddings and codes.

use anyhow::Result;
use network::{Architecture, Encoder};
use radiograph::{Frame, Input, Preprocess};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::machine::{forget_peak, peak_memory};
use super::{Plan, median, rows, seconds};
use crate::progress::Observer;

/// Figures of one network, size and batch.
#[derive(Serialize)]
pub struct Row {
    network: &'static str,
    size: u32,
    batch: usize,
    milliseconds: f64,
    pictures_per_second: f64,
    gflops: f64,
    /// The share of the rate of matrix products.
    share_of_peak: f64,
    peak_mib: Option<f64>,
}

/// Measures every row of the plan; `peak` in GFLOP/s.
///
/// # Errors
/// If a network cannot be made, or fails.
pub fn measure(plan: &Plan, peak: f64, observer: &dyn Observer) -> Result<Vec<Row>> {
    let progress = observer.steps("encoding", rows(plan).count());
    let mut measured = Vec::new();
    for (network, size, batch) in rows(plan) {
        let name = network.name();
        progress.at(measured.len(), format!("{name}, {size} px, batch {batch}"));
        let architecture =
            Architecture { modification: network.modification(), ..Architecture::default() };
        let preprocess = Preprocess { size, ..Preprocess::default() };
        forget_peak();
        let encoder =
            Encoder::untrained(&architecture, &preprocess, &["any".to_owned()], plan.seed)?;
        let inputs: Vec<Input> = (0..batch).map(|i| noise(size, plan.seed + i as u64)).collect();
        encoder.encode(&inputs)?;
        let times = (0..plan.rounds).map(|_| seconds(|| encoder.encode(&inputs)));
        let times: Vec<f64> =
            times.map(|(encoded, time)| encoded.map(|_| time)).collect::<Result<_, _>>()?;
        let time = median(times);
        let gflops = (encoder.operations() * batch) as f64 / time / 1e9;
        measured.push(Row {
            network: name,
            size,
            batch,
            milliseconds: time * 1e3,
            pictures_per_second: batch as f64 / time,
            gflops,
            share_of_peak: gflops / peak,
            peak_mib: peak_memory(),
        });
    }
    progress.finish();
    Ok(measured)
}

/// A picture of random grey, as its contents do not affect the time.
fn noise(size: u32, seed: u64) -> Input {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let pixels = (0..size * size).map(|_| random.random()).collect();
    Input { size, pixels, frame: Frame::full(size) }
}

/// The heads of a table of rows.
pub const HEADS: [&str; 8] =
    ["encode", "px", "batch", "ms", "pictures/s", "GFLOP/s", "share", "peak MiB"];

/// The cells of a row.
pub fn cells(row: &Row) -> Vec<String> {
    vec![
        row.network.to_owned(),
        row.size.to_string(),
        row.batch.to_string(),
        format!("{:.1}", row.milliseconds),
        format!("{:.1}", row.pictures_per_second),
        format!("{:.0}", row.gflops),
        format!("{:.0} %", 100.0 * row.share_of_peak),
        row.peak_mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.0}")),
    ]
}
