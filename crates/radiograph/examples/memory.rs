//! The memory that decoding takes, in bytes a pixel, and for refused files in all. A process of its
//! own reads one file. Its peak is printed beside the bytes that decoding took of the memory
//! budget.
//!
//! ```sh
//! cargo run --release --workspace --example memory -- FILE…
//! ```
#![expect(clippy::print_stdout, reason = "a measurement prints what it found")]

use radiograph::{Limits, memory, read};
use std::error::Error;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if let [file] = &files[..] {
        return measure(Path::new(file));
    }
    println!(
        "| File | Megapixels | Peak, bytes a pixel | Taken of the budget, bytes a pixel | ms |\n|---|---|---|---|---|"
    );
    for file in files {
        // Of a process of its own, as the kernel keeps one peak for each.
        Command::new(std::env::current_exe()?).arg(file).status()?;
    }
    Ok(())
}

fn measure(file: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = file.metadata()?.len();
    let before = status("VmRSS:")?;
    let start = std::time::Instant::now();
    let picture = read(file, &Limits::default());
    let ms = start.elapsed().as_millis();
    let peak = status("VmHWM:")?.saturating_sub(before).saturating_sub(bytes);
    let taken = memory::for_pictures().taken().1;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Ok((picture, _)) = picture else {
        println!("| {name} | refused | {} KB | {} KB | {ms} |", peak / 1024, taken / 1024);
        return Ok(());
    };
    let pixels = picture.pixels().len() as f64;
    let [peak, taken] = [peak, taken].map(|bytes| bytes as f64 / pixels);
    println!("| {name} | {:.1} | {peak:.1} | {taken:.1} | {ms} |", pixels / 1e6);
    Ok(())
}

/// A line of the kernel's account of this process, in bytes.
fn status(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(value.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
