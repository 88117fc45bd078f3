//! Writes what files look like as PGM of 16 bits, for comparison with other decoders
//! (`benches/peers/dicom.py`).
//!
//! ```text
//! cargo run --release -p radiograph --example grey -- [--times N] OUT FILE…
//! ```
//! A JSON line a file: its name, its sides, the milliseconds that decoding takes (the least of N),
//! or the error.
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use radiograph::{Limits, Radiograph, decode};

fn main() -> io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let times = if arguments.first().is_some_and(|a| a == "--times") {
        arguments.drain(..2).next_back().and_then(|n| n.parse().ok()).unwrap_or(1)
    } else {
        1
    };
    let Some((out, files)) = arguments.split_first() else {
        return Err(io::Error::other("expected a folder to write to, and files"));
    };
    for file in files {
        let bytes = std::fs::read(file)?;
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
        match timed(&bytes, times) {
            Ok((picture, ms)) => {
                write(&Path::new(out).join(format!("{name}.pgm")), &picture)?;
                let (columns, rows) = (picture.width(), picture.height());
                println!(r#"{{"file":{file:?},"columns":{columns},"rows":{rows},"ms":{ms:.3}}}"#);
            }
            Err(error) => println!(r#"{{"file":{file:?},"error":{:?}}}"#, error.to_string()),
        }
    }
    Ok(())
}

fn timed(bytes: &[u8], times: u32) -> radiograph::Result<(Radiograph, f64)> {
    let mut least = f64::INFINITY;
    let mut picture = None;
    for _ in 0..times.max(1) {
        let start = Instant::now();
        picture = Some(decode(bytes, &Limits::default())?);
        least = least.min(start.elapsed().as_secs_f64() * 1000.0);
    }
    picture.map(|picture| (picture, least)).ok_or(radiograph::Error::Empty)
}

fn write(path: &Path, picture: &Radiograph) -> io::Result<()> {
    let mut file = io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "P5 {} {} 65535", picture.width(), picture.height())?;
    for &grey in picture.pixels() {
        file.write_all(&((grey * 65535.0).round() as u16).to_be_bytes())?;
    }
    file.flush()
}
