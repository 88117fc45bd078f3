//! The machine: its description and its limits.

use std::fmt;
use std::fs;
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use super::seconds;

/// The processor and its limits (the roofline of Williams, Waterman and Patterson, 2009).
#[derive(Serialize)]
pub struct Machine {
    processor: String,
    threads: usize,
    /// The instruction set of the kernels that this processor runs.
    instruction_set: &'static str,
    memory_gib: Option<f64>,
    /// The rate of the encoder's own matrix products on data in cache, on one thread.
    products_gflops_one_thread: f64,
    /// The rate on all threads.
    pub products_gflops: f64,
    /// The rate at which all threads read memory.
    read_gb_per_s: f64,
}

/// Measures for about two seconds.
pub fn measure() -> Machine {
    let threads = rayon::current_num_threads();
    let peak = |threads| network::peak_products(threads, Duration::from_millis(500)) / 1e9;
    Machine {
        processor: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        threads,
        instruction_set: network::instruction_set(),
        memory_gib: proc_field("/proc/meminfo", "MemTotal").map(|kib| kib / f64::from(1 << 20)),
        products_gflops_one_thread: peak(1),
        products_gflops: peak(threads),
        read_gb_per_s: read_rate() / 1e9,
    }
}

/// Bytes a second of adding up 512 MiB, the best of five.
fn read_rate() -> f64 {
    let data = vec![1_u64; 1 << 26];
    let sum = || {
        data.par_chunks(1 << 16).map(|chunk| chunk.iter().fold(0, |a: u64, b| a ^ b)).sum::<u64>()
    };
    let times = (0..5).map(|_| seconds(|| std::hint::black_box(sum())).1);
    size_of_val(&data[..]) as f64 / times.fold(f64::INFINITY, f64::min)
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// A value from a file of Linux, such as `VmHWM:   123 kB`.
pub fn proc_field(file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The most memory that this process has held since [`forget_peak`], in MiB; Linux only.
pub(crate) fn peak_memory() -> Option<f64> {
    proc_field("/proc/self/status", "VmHWM").map(|kib| kib / 1024.0)
}

/// Begins a new peak. If that is not possible, the old one stays.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory_gib.map_or_else(String::new, |gib| format!(", {gib:.0} GiB"));
        writeln!(
            f,
            "{}, {} threads, {}{memory}",
            self.processor, self.threads, self.instruction_set
        )?;
        write!(
            f,
            "matrix products {:.0} GFLOP/s ({:.0} on one thread); reading memory {:.1} GB/s",
            self.products_gflops, self.products_gflops_one_thread, self.read_gb_per_s
        )
    }
}
