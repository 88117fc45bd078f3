//! `skiagraph bench`: how fast this machine encodes and trains, and its limits.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::Serialize;
use study::bench::{Network, Plan, encode, files, machine, train};

use crate::memory;
use crate::model::shipped;
use crate::output;
use crate::terminal::Terminal;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph bench
  skiagraph bench encode --sizes 128,256,512,1024 --batches 1,16
  skiagraph bench train --network whole --json
  skiagraph bench files --pictures archive/

Close other programs first. benches/peers in the sources measures other software.";

/// Measure this machine: products, memory, encoding, files to codes, training
///
/// Each figure is the median of several rounds. Encoding and training are measured with random
/// weights, once with the whole network and once with ResNet-18 and the hash layer alone. A share
/// is that of the rate of matrix products measured in the same run. It may pass 100 %: some
/// convolutions need fewer operations than are counted.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    /// Sections to measure besides the machine
    #[arg(value_name = "SECTION", default_values = ["encode", "files", "train"])]
    sections: Vec<Section>,
    /// Networks to measure
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_values = ["resnet-18", "whole"])]
    network: Vec<NetworkName>,
    /// Sides of the pictures in pixels, multiples of 32 [default: 224 to encode, 96 to train]
    #[arg(long, value_name = "PIXELS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(32..=1024))]
    sizes: Vec<u32>,
    /// Pictures at a time [default: 1 and 16 to encode, 32 to train]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=256))]
    batches: Vec<u16>,
    /// Rounds for each median
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Pictures to encode from their files [default: the samples]
    #[arg(long, value_name = "PATH")]
    pictures: Vec<PathBuf>,
    /// Seed of weights and pictures
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Pictures at the network's size to saliency maps, embeddings and codes
    Encode,
    /// Files to codes with the model that ships: reading, decoding, resizing and encoding
    Files,
    /// Training steps
    Train,
}

/// The name of a network.
#[derive(Clone, Copy, ValueEnum)]
enum NetworkName {
    /// The backbone with the hash layer
    #[value(name = "resnet-18")]
    ResNet18,
    /// The saliency network, too
    Whole,
}

impl From<NetworkName> for Network {
    fn from(name: NetworkName) -> Self {
        match name {
            NetworkName::ResNet18 => Self::ResNet18,
            NetworkName::Whole => Self::Whole,
        }
    }
}

#[derive(Serialize)]
struct Report {
    machine: machine::Machine,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    encode: Vec<encode::Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<files::Figures>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    train: Vec<train::Row>,
}

/// Measures the sections that were asked for, and prints them.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    if let Some(size) = args.sizes.iter().find(|size| *size % 32 != 0) {
        bail!(
            "--sizes has {size}, expected multiples of 32: the network halves its pictures five times"
        );
    }
    let machine = machine::measure();
    let peak = machine.products_gflops;
    let has = |section| args.sections.contains(&section);
    let plan = |sizes: &[u32], batches: &[u16]| Plan {
        networks: args.network.iter().map(|&name| name.into()).collect(),
        sizes: or(&args.sizes, sizes),
        batches: or(&args.batches, batches).into_iter().map(usize::from).collect(),
        rounds: args.rounds.into(),
        seed: args.seed,
    };
    let report = Report {
        encode: if has(Section::Encode) {
            encode::measure(&plan(&[224], &[1, 16]), peak, &Terminal)?
        } else {
            vec![]
        },
        files: has(Section::Files).then(|| measure_files(args)).transpose()?,
        train: if has(Section::Train) {
            memory::keep_freed();
            train::measure(&plan(&[96], &[32]), &shipped("samples")?, &Terminal)?
        } else {
            vec![]
        },
        machine,
    };
    if args.json { output::json(&report) } else { print(&report) }
}

/// Measures the files that are given, or the samples, with the model that ships.
fn measure_files(args: &BenchArgs) -> Result<files::Figures> {
    let paths = match &args.pictures[..] {
        [] => vec![shipped("samples/images")?],
        given => given.to_vec(),
    };
    files::measure(&paths, &shipped("models/skiagraph.safetensors")?, args.rounds.into())
}

fn or<T: Clone>(given: &[T], otherwise: &[T]) -> Vec<T> {
    if given.is_empty() { otherwise.to_vec() } else { given.to_vec() }
}

fn print(report: &Report) -> Result<()> {
    output::lines(&report.machine.to_string())?;
    if !report.encode.is_empty() {
        let rows: Vec<_> = report.encode.iter().map(encode::cells).collect();
        output::lines(&format!("\n{}", output::table(&encode::HEADS, &rows)))?;
    }
    if let Some(files) = &report.files {
        output::lines(&format!("\n{files}"))?;
    }
    if !report.train.is_empty() {
        let rows: Vec<_> = report.train.iter().map(train::cells).collect();
        output::lines(&format!("\n{}", output::table(&train::HEADS, &rows)))?;
    }
    Ok(())
}
