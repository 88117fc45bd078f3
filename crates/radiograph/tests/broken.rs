//! Real files that were broken on purpose: each is refused at once, in words that say where and
//! why, within the memory that docs/dicom.md states. `cargo test --release -p radiograph --test
//! broken -- --nocapture` prints the table of docs/results/dicom.md.
#![expect(clippy::unwrap_used, reason = "tests")]

use radiograph::{Limits, read};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Bytes that may be allocated a pixel, and beside all pixels.
const PIXEL: u64 = 16;
const BESIDE: u64 = 16 << 20;
/// Milliseconds.
const HANG: f64 = 2000.0;

/// A file, what is wrong with it, and what its error must say.
const BROKEN: [(&str, &str, &[&str]); 14] = [
    (
        "bits_stored_gt_allocated.dcm",
        "20 bits stored of 16",
        &["(0028,0101) BitsStored", "20", "expected 1 to"],
    ),
    ("empty.dcm", "no bytes", &["empty", "expected a PNG, JPEG, TIFF or DICOM"]),
    (
        "no_pixel_data.dcm",
        "no picture",
        &["(7FE0,0010) PixelData", "missing", "expected a picture"],
    ),
    (
        "no_preamble.dcm",
        "no preamble and no DICM",
        &["expected PNG, JPEG, TIFF, or DICOM", "begin 02 00 00 00"],
    ),
    ("no_rows.dcm", "no Rows", &["(0028,0010) Rows", "missing", "expected 1 to 65535"]),
    (
        "preamble_only.dcm",
        "ends after DICM",
        &["(0002,0010) TransferSyntaxUID", "missing", "expected the UID"],
    ),
    (
        "rows_huge.dcm",
        "4 billion pixels",
        &["(0028,0010) Rows", "65535×65535", "expected at most 100000000"],
    ),
    ("rows_zero.dcm", "no row", &["(0028,0010) Rows", "is 0", "expected 1 to 65535"]),
    ("text.dcm", "text", &["expected PNG, JPEG, TIFF, or DICOM", "begin 74 68 69 73"]),
    ("text.png", "text after a PNG's first bytes", &["PNG does not decode", "IHDR"]),
    ("truncated.jpg", "cut off", &["JPEG does not decode", "got no marker FFD9", "expected one"]),
    (
        "truncated_header.dcm",
        "cut off in the header",
        &["(0002,0013)", "byte 300", "got 0 bytes", "expected the 16"],
    ),
    (
        "truncated_j2k.dcm",
        "cut off in a fragment",
        &["(7FE0,0010)", "got 13622 bytes", "expected the 65536"],
    ),
    (
        "truncated_pixels.dcm",
        "half of the pixels",
        &["(7FE0,0010)", "got 193057 bytes", "expected the 387200"],
    ),
];

/// The folder of the files beside a checkout of the project. Where there is none, a message says
/// so.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dicom");
    if folder.join("broken").is_dir() {
        return Some(folder);
    }
    let said = format!("NOT TESTED: no files in {}\n", folder.display());
    // Past the test harness, which shows what a test prints only where it fails.
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    None
}

/// The outcome of reading a file in a process of its own.
struct Outcome {
    /// Pixels, or the error.
    read: Result<u64, String>,
    ms: f64,
    /// Bytes at the peak beside those before.
    peak: u64,
}

/// The variable that makes this program read one file, and nothing else.
const READ: &str = "RADIOGRAPH_READ";

/// Reads the file that the variable names, and says what became of it.
#[test]
fn child() {
    let Some(file) = std::env::var_os(READ) else { return };
    let before = memory("VmRSS:");
    let start = Instant::now();
    let read =
        read(Path::new(&file), &Limits::default()).map(|(picture, _)| picture.pixels().len());
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let peak = memory("VmHWM:").saturating_sub(before);
    match read {
        Ok(pixels) => println!("\nOUTCOME {ms} {peak} {pixels}"),
        Err(error) => println!("\nOUTCOME {ms} {peak} {error}"),
    }
}

/// A line of the kernel's account of this process, in bytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|all| all.strip_prefix(line)).unwrap_or(" 0 kB");
    value.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn outcome(file: &Path) -> Outcome {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", "child", "--nocapture"]).env(READ, file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {said}", file.display());
    let line = said.lines().find_map(|line| line.strip_prefix("OUTCOME ")).unwrap();
    let [ms, peak, read] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let read = read.parse().map_err(|_| read.to_owned());
    Outcome { read, ms: ms.parse().unwrap(), peak: peak.parse().unwrap() }
}

/// Checks that a file was read, or refused, in time and within its memory.
fn check(file: &Path, outcome: &Outcome) {
    let bytes = file.metadata().unwrap().len();
    let allowed = bytes + BESIDE + PIXEL * outcome.read.as_ref().unwrap_or(&0);
    assert!(outcome.ms < HANG, "{} took {} ms", file.display(), outcome.ms);
    assert!(
        outcome.peak <= allowed,
        "{} took {} bytes, allowed {allowed}",
        file.display(),
        outcome.peak
    );
}

#[test]
fn broken_files_are_refused_with_where_and_why() {
    let Some(folder) = folder() else { return };
    println!("\n| File | What is wrong | Error | ms | Peak MB |\n|---|---|---|---|---|");
    for (name, wrong, expected) in BROKEN {
        let file = folder.join("broken").join(name);
        let outcome = outcome(&file);
        check(&file, &outcome);
        let said = outcome.read.unwrap_err();
        let text = said.strip_prefix(&format!("{}: ", file.display())).unwrap();
        println!(
            "| {name} | {wrong} | {text} | {:.1} | {:.1} |",
            outcome.ms,
            outcome.peak as f64 / 1e6
        );
        for part in expected {
            assert!(text.contains(part), "{name}: {text}, expected {part}");
        }
    }
    let there = std::fs::read_dir(folder.join("broken")).unwrap().count();
    // One has another stream than its transfer syntax says, which `decoding.rs` reads.
    assert_eq!(there, BROKEN.len() + 1, "broken files that this test does not know");
}

/// A PNG's chunk with its checksum.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let (mut crc, named) = (flate2::Crc::new(), [&name[..], data].concat());
    crc.update(&named);
    [&(data.len() as u32).to_be_bytes()[..], &named, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of 64,000,000 rows of one pixel, whose data would hold them.
fn thin() -> Vec<u8> {
    let header =
        [&1_u32.to_be_bytes()[..], &64_000_000_u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut rows = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    (0..2_000).for_each(|_| rows.write_all(&[0; 64_000]).unwrap());
    let data = chunk(b"IDAT", &rows.finish().unwrap());
    [&b"\x89PNG\r\n\x1A\n"[..], &chunk(b"IHDR", &header), &data, &chunk(b"IEND", &[])].concat()
}

/// Files of less than a kilobyte that made decoders take gigabytes, and a picture that no step can
/// take.
#[test]
fn bombs_are_refused_at_once_in_a_few_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thin.png"), thin()).unwrap();
    let tiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bombs");
    for (file, expected) in [
        (tiles.join("dcm_j2k_8000_tile1.dcm"), "64000000 tiles in"),
        (tiles.join("j2k_tile2_4000.dcm"), "4000000 tiles in"),
        (tiles.join("htj2k_201_tile1_4000.dcm"), "16000000 tiles in"),
        (
            folder.path().join("thin.png"),
            "claims 1×64000000 pixels, expected sides of at most 65535",
        ),
    ] {
        let Outcome { read, ms, peak } = outcome(&file);
        let said = read.unwrap_err();
        assert!(said.contains(expected), "{said}");
        println!(
            "{}: {} bytes, {ms:.1} ms, {peak} bytes",
            file.display(),
            file.metadata().unwrap().len()
        );
        assert!(ms < 100.0 && peak < 4 << 20, "{}: {ms} ms, {peak} bytes", file.display());
    }
}

#[test]
fn sound_files_are_read_within_the_same_memory() {
    let Some(folder) = folder() else { return };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "dcm")) {
        let outcome = outcome(&file);
        check(&file, &outcome);
        assert!(outcome.read.is_ok(), "{}: {:?}", file.display(), outcome.read);
    }
}
