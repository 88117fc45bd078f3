//! A server under load: many clients at once that search, browse and upload; then how long answers
//! took, how many were refused, and whether its memory stays as it is. With `--kill`, clients also
//! save answers and send files to be indexed, the server is killed and started again meanwhile, and
//! whatever it acknowledged has to be there in the end.
//!
//! ```sh
//! # 64 clients for five minutes, of the samples
//! cargo test --release --workspace --bench load
//! cargo test --release --workspace --bench load -- --seconds 1800 --clients 8
//! cargo test --release --workspace --bench load -- --gallery g
//! # The server is killed every ten seconds.
//! cargo test --release --workspace --bench load -- --seconds 60 --kill 10
//! # Uploads of 64 megapixels, with a memory budget of 2048 MB
//! cargo test --release --workspace --bench load -- --seconds 120 --largest 2048
//! ```

#![expect(clippy::unwrap_used, reason = "a measurement that fails ends")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it found")]
#![allow(missing_docs, reason = "a program")]

mod client;
mod kept;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use client::{Client, Taken};
use kept::Kept;
use server::Server;

fn main() {
    let option = |name: &str| {
        let mut given = std::env::args().skip_while(|argument| argument != name).skip(1);
        given.next()
    };
    let number =
        |name: &str, usual: u64| option(name).map_or(usual, |value| value.parse().unwrap());
    let (clients, seconds) = (number("--clients", 64), number("--seconds", 300));
    let largest = option("--largest").map(|megabytes| megabytes.parse::<u64>().unwrap());
    let life = option("--kill").map(|seconds| Duration::from_secs(seconds.parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let gallery = option("--gallery").map_or_else(|| index(folder.path(), &samples), PathBuf::from);
    let mut server = Server::start(&gallery, largest);
    let address = server.address.clone();
    let sample = || fs::read(samples.join("images/nih/00004048_015.jpg")).unwrap();
    let picture = largest.map_or_else(sample, |_| largest_picture());
    let (taken, kept) = (Mutex::new(Vec::new()), life.map(|_| Kept::default()));
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    println!("second  server's memory, MB");
    thread::scope(|scope| {
        for number in 0..clients {
            let (taken, kept) = (&taken, kept.as_ref());
            let client = Client::new(&address, number, &picture, largest.is_some());
            scope.spawn(move || client.run(end, taken, kept));
        }
        let step = life.unwrap_or(Duration::from_secs((seconds / 20).max(1)));
        while Instant::now() < end {
            println!("{:6}  {:.0}", start.elapsed().as_secs(), server.megabytes());
            thread::sleep(step.min(end - Instant::now()));
            if life.is_some() {
                server.kill_and_start_again();
            }
        }
    });
    println!("{:6}  {:.0}", start.elapsed().as_secs(), server.megabytes());
    println!("server's peak, MB: {:.0}", server.peak_megabytes());
    report(&taken.into_inner().unwrap(), start.elapsed().as_secs_f64());
    println!("failures that the log tells of: {:?}", server.failures());
    if let Some(kept) = kept {
        kept.check(&server, &gallery);
    }
}

/// A picture with as many pixels as a server accepts, grey of 16 bits, as a PNG file.
fn largest_picture() -> Vec<u8> {
    let grey = |x: u32, y: u32| image::Luma([((x * 7 + y * 3) % 65_521) as u16]);
    let picture = image::ImageBuffer::<_, Vec<u16>>::from_fn(8_000, 8_000, grey);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(picture).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A gallery of the samples.
fn index(folder: &Path, samples: &Path) -> PathBuf {
    let gallery = folder.join("g");
    let mut command = Command::new(env!("CARGO_BIN_EXE_skiagraph"));
    command
        .arg("index")
        .arg("--gallery")
        .arg(&gallery)
        .arg("--manifest")
        .arg(samples.join("manifest.csv"));
    assert!(command.status().unwrap().success());
    gallery
}

fn report(taken: &[Taken], seconds: f64) {
    let mut kinds = BTreeMap::<&str, Vec<f64>>::new();
    let mut statuses = BTreeMap::<u16, usize>::new();
    for &(kind, status, milliseconds) in taken {
        *statuses.entry(status).or_default() += 1;
        if (200..300).contains(&status) {
            kinds.entry(kind).or_default().push(milliseconds);
        }
    }
    println!("\nkind        answered   a second   p50 ms   p99 ms   most ms");
    for (kind, mut times) in kinds {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let rate = times.len() as f64 / seconds;
        println!(
            "{kind:10} {:9} {rate:10.1} {:8.1} {:8.1} {:9.1}",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
    let other: usize =
        statuses.iter().filter(|(s, _)| !matches!(s, 200..300 | 429 | 503)).map(|(_, n)| n).sum();
    println!("\nstatuses: {statuses:?}; neither answered nor told to come again: {other}");
}
