//! The rate at which instances are received, beside DCMTK's `storescp`: the same files from the
//! same sender, `dcmsend`, in turn. This project's listener syncs files to the disk before it
//! acknowledges them; `storescp` leaves that to the system.
//!
//! `cargo bench -p pacs --bench receive`
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of the command line")]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{Ours, Running, config, free_port, instance, programs, run, wait_until};
use pacs::scu::Peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const ROUNDS: usize = 7;

fn main() {
    let Some(tools) = programs(["dcmsend", "storescp"], "dcmtk") else { return };
    for (kilobytes, count) in [(512, 200), (8 << 10, 24)] {
        for associations in [1, 4] {
            compare(&tools, kilobytes, count, associations);
        }
    }
}

/// Measures both in turn, so that other load of the machine affects both. Returns the medians of
/// rates and of their ratios.
fn compare(
    [dcmsend, storescp]: &[PathBuf; 2],
    kilobytes: usize,
    count: usize,
    associations: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let folders: Vec<PathBuf> =
        (0..associations).map(|i| folder.path().join(i.to_string())).collect();
    for number in 0..count {
        let part = &folders[number % associations];
        fs::create_dir_all(part).unwrap();
        fs::write(part.join(number.to_string()), sized(number, kilobytes << 10)).unwrap();
    }
    let send = |port: u16| {
        let begin = Instant::now();
        let start = |part: &PathBuf| {
            let mut command = Command::new(dcmsend);
            command.args(["-aec", "SKIAGRAPH", "+sd", "127.0.0.1", &port.to_string()]).arg(part);
            std::thread::spawn(move || run(&mut command))
        };
        for sender in folders.iter().map(start).collect::<Vec<_>>() {
            sender.join().unwrap();
        }
        begin.elapsed().as_secs_f64()
    };
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        seconds[0].push(ours(count, send));
        seconds[1].push(theirs(storescp, count, send));
    }
    let ratios: Vec<f64> =
        seconds[0].iter().zip(&seconds[1]).map(|(ours, theirs)| theirs / ours).collect();
    let rate = |seconds: &[f64]| (kilobytes * count) as f64 / 1024.0 / median(seconds);
    println!(
        "{count} of {kilobytes} KiB over {associations}: ours {:.0} MiB/s, storescp {:.0} MiB/s, ratio {:.2} ({:.2} to {:.2})",
        rate(&seconds[0]),
        rate(&seconds[1]),
        median(&ratios),
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    );
}

fn ours(count: usize, send: impl Fn(u16) -> f64) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let ours = Ours::start(&folder.path().join("inbox"), &config());
    let seconds = send(ours.address.port());
    assert_eq!(ours.waiting(), count as u64);
    seconds
}

fn theirs(storescp: &Path, count: usize, send: impl Fn(u16) -> f64) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = Command::new(storescp);
    // The options match this project's listener: bytes as they come, PDUs of 128 KiB, associations
    // side by side.
    command
        .args(["+xa", "+B", "--fork", "-pdu", "131072", "-od"])
        .arg(folder.path())
        .arg(port.to_string());
    let _running = Running(command.spawn().unwrap());
    let peer = Peer::new(&format!("127.0.0.1:{port}"), "STORESCP", "SKIAGRAPH");
    wait_until("storescp answers", || peer.echo().is_ok());
    let seconds = send(port);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), count);
    seconds
}

/// An instance with so many bytes of pixel data.
fn sized(number: usize, bytes: usize) -> Vec<u8> {
    let mut file = instance(number);
    file.truncate(file.len() - 256 - 4);
    file.extend((bytes as u32).to_le_bytes());
    file.extend((0..bytes).map(|i| ((i * 31) >> 3) as u8));
    file
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
