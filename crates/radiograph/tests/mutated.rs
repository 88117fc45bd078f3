//! Hostile files by the hundred: headers of sound files changed so that they ask for much. Each is
//! read in a process of its own with 512 MB of addresses and a budget of 256 MB, and must neither
//! die nor take long.
//!
//! `HOSTILE=200 cargo test --release --workspace --test mutated -- --nocapture` tries 200 a format
//! and prints a table; without the variable there are 24.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use radiograph::{Limits, memory, read};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The budget of a process.
const BUDGET: u64 = 256 << 20;
const HANG: Duration = Duration::from_secs(10);
/// The variable that makes this program read one file, and nothing else.
const READ: &str = "RADIOGRAPH_HOSTILE";

/// Reads the file that the variable names, and says what became of it.
#[test]
fn child() {
    let Some(file) = std::env::var_os(READ) else { return };
    assert!(memory::limit_process(BUDGET));
    let before = status("VmRSS:");
    let start = Instant::now();
    let limits = Limits { memory_timeout: Duration::ZERO, ..Limits::default() };
    let read = read(Path::new(&file), &limits).map(|(picture, _)| picture.pixels().len());
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let peak = status("VmHWM:").saturating_sub(before);
    let said = read.map_or_else(|error| error.to_string(), |pixels| pixels.to_string());
    println!("\nOUTCOME {ms} {peak} {said}");
}

/// A line of the kernel's account of this process, in bytes.
fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|all| all.strip_prefix(line)).unwrap();
    value.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The outcome of reading a file.
struct Outcome {
    /// Pixels, or the error.
    read: Result<u64, String>,
    ms: f64,
    peak: u64,
}

fn outcome(file: &Path) -> Outcome {
    let limited = "ulimit -v 524288 && exec \"$0\" --exact child --nocapture --test-threads 1";
    let mut child = Command::new("sh");
    child.args(["-c", limited]).arg(std::env::current_exe().unwrap()).env(READ, file);
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find_map(|line| line.strip_prefix("OUTCOME "));
    let line = line.unwrap_or_else(|| {
        let why = String::from_utf8_lossy(&output.stderr);
        panic!("{} killed its process ({}): {said}{why}", kept(file).display(), output.status)
    });
    let [ms, peak, read] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    Outcome {
        read: read.parse().map_err(|_| read.to_owned()),
        ms: ms.parse().unwrap(),
        peak: peak.parse().unwrap(),
    }
}

/// Keeps a file that failed, to be looked at.
fn kept(file: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file.file_name().unwrap());
    std::fs::copy(file, &target).unwrap();
    target
}

/// Choices of how a file is changed.
struct Random(SplitMix64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, choice: &[T]) -> T {
        choice[self.below(choice.len())]
    }

    /// A byte that is more often an extreme one.
    fn byte(&mut self) -> u8 {
        let any = self.next() as u8;
        self.of(&[0, 1, 2, 0x0F, 0x7F, 0x80, 0xFE, 0xFF, any, any])
    }

    fn side(&mut self) -> u32 {
        self.of(&[1, 2, 64, 1_000, 4_096, 6_000, 8_000, 10_000, 30_000, 65_535])
    }
}

/// A format: its name, a sound file, and how a header is made to ask for much.
type Format = (&'static str, Vec<u8>, fn(&mut Vec<u8>, &mut Random));

fn formats() -> Vec<Format> {
    let picture = image::RgbImage::from_fn(200, 160, |x, y| {
        image::Rgb([(x * y / 7) as u8, x as u8, y as u8])
    });
    let encoded = |format| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::DynamicImage::from(picture.clone()).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let phantom = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom");
        std::fs::read(folder.join(name)).unwrap()
    };
    let formats: [Format; 14] = [
        ("PNG", encoded(image::ImageFormat::Png), png),
        ("JPEG", encoded(image::ImageFormat::Jpeg), jpeg),
        ("TIFF", encoded(image::ImageFormat::Tiff), tiff),
        ("JPEG 2000", phantom("rgb.j2k.dcm"), jpeg2000),
        ("HTJ2K", phantom("s12.htj2k.dcm"), jpeg2000),
        ("JPEG-LS", phantom("s12.jls.dcm"), jpeg),
        ("JPEG Lossless", phantom("rgb.jpeg70.dcm"), jpeg),
        ("JPEG Lossless, restarts", phantom("u16.ljpeg-rule7.dcm"), jpeg),
        ("JPEG Lossless, scans", phantom("rgb16.ljpeg-scans.dcm"), jpeg),
        ("JPEG-LS, lines", phantom("rgb.jls-lines.dcm"), jpeg),
        ("JPEG-LS, pixels", phantom("rgb.jls-pixels.dcm"), jpeg),
        ("JPEG in DICOM", phantom("rgb.jpeg50.dcm"), jpeg),
        ("RLE", phantom("rgb.rle.dcm"), dicom),
        ("deflated", phantom("s12.deflated.dcm"), dicom),
    ];
    formats.into()
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// Changes some bytes of what begins at `start`.
fn noise(bytes: &mut [u8], start: usize, length: usize, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let at = start + random.below(length);
        let byte = random.byte();
        put(bytes, at, &[byte]);
    }
}

/// Puts bytes into a compressed frame, which begins at `stream`; the fragment that holds it says
/// so, if there is one.
fn insert(bytes: &mut Vec<u8>, stream: usize, at: usize, inserted: Vec<u8>) {
    if bytes.get(stream.wrapping_sub(8)..stream.wrapping_sub(4)) == Some(&[0xFE, 0xFF, 0, 0xE0]) {
        let length = u32::from_le_bytes(bytes[stream - 4..stream].try_into().unwrap());
        put(bytes, stream - 4, &(length + inserted.len() as u32).to_le_bytes());
    }
    bytes.splice(at..at, inserted);
}

/// The position of a frame's last marker: EOI, or EOC.
fn end(bytes: &[u8]) -> usize {
    bytes.windows(2).rposition(|pair| pair == [0xFF, 0xD9]).unwrap()
}

/// Sets Rows and Columns of a DICOM file, if it is one.
fn attributes(bytes: &mut [u8], width: u32, height: u32) {
    for (element, side) in [(0x11, width), (0x10, height)] {
        if let Some(at) = position(bytes, &[0x28, 0, element, 0, b'U', b'S', 2, 0]) {
            put(bytes, at + 8, &(side as u16).to_le_bytes());
        }
    }
}

#[expect(clippy::ptr_arg, reason = "one of several mutations of one type")]
fn dicom(bytes: &mut Vec<u8>, random: &mut Random) {
    attributes(bytes, random.side(), random.side());
    let start = position(bytes, &[0x28, 0, 2, 0]).unwrap_or(132);
    if random.below(2) == 0 {
        let length = 200.min(bytes.len() - start);
        noise(bytes, start, length, random);
    }
    if let Some(items) = position(bytes, &[0xFE, 0xFF, 0, 0xE0]) {
        noise(bytes, items, 100, random);
    }
}

/// Sides, a progressive process, many scans, and noise.
fn jpeg(bytes: &mut Vec<u8>, random: &mut Random) {
    let (width, height) = (random.side(), random.side());
    attributes(bytes, width, height);
    let stream = position(bytes, &[0xFF, 0xD8]).unwrap();
    let frames =
        [0xC0, 0xC1, 0xC3, 0xF7].map(|process| position(&bytes[stream..], &[0xFF, process, 0]));
    let frame = stream + frames.into_iter().flatten().min().unwrap();
    let sides = [(height as u16).to_be_bytes(), (width as u16).to_be_bytes()].concat();
    put(bytes, frame + 5, &sides);
    if random.below(3) == 0 {
        let process = random.of(&[0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xF7]);
        put(bytes, frame + 1, &[process]);
    }
    if random.below(3) == 0 {
        let scan = frame + position(&bytes[frame..], &[0xFF, 0xDA]).unwrap();
        let copies = bytes[scan..bytes.len().min(scan + 40)].repeat(2 * (1 + random.below(1_000)));
        insert(bytes, stream, scan, copies);
    }
    if random.below(2) == 0 {
        noise(bytes, stream, frame + 40 - stream, random);
    }
    if random.below(4) == 0 {
        let end = end(bytes);
        insert(bytes, stream, end, vec![0; 300_000]);
    }
}

/// Sides, tiles, layers, levels, code blocks and precincts.
fn jpeg2000(bytes: &mut Vec<u8>, random: &mut Random) {
    let (width, height) = (random.side(), random.side());
    attributes(bytes, width, height);
    let size = position(bytes, &[0xFF, 0x4F, 0xFF, 0x51]).unwrap();
    let tile = [random.of(&[1, 2, 16, 64, width]), random.of(&[1, 2, 16, 64, height])];
    for (at, side) in [(8, width), (12, height), (24, tile[0]), (28, tile[1])] {
        put(bytes, size + at, &side.to_be_bytes());
    }
    let coding = size + position(&bytes[size..], &[0xFF, 0x52]).unwrap();
    let fields = [random.byte() & 15, 0, random.byte() & 1, random.byte(), 0, random.byte() & 31];
    if random.below(2) == 0 {
        put(bytes, coding + 4, &fields);
    }
    if random.below(2) == 0 {
        let block = [random.of(&[0, 1, 4]), random.of(&[0, 1, 4])];
        put(bytes, coding + 10, &block);
    }
    if random.below(3) == 0 {
        // Precincts of a few pixels, as the length of the segment says.
        let levels = usize::from(bytes[coding + 9] & 31) + 1;
        let precincts = vec![random.of(&[0x10, 0x11, 0x22, 0x88]); levels];
        insert(bytes, size, coding + 14, precincts);
        put(bytes, coding + 2, &(12 + levels as u16).to_be_bytes());
        put(bytes, coding + 4, &[1]);
    }
    if random.below(3) == 0 {
        noise(bytes, size, coding + 30 - size, random);
    }
    if random.below(3) == 0 {
        let part = size + position(&bytes[size..], &[0xFF, 0x90]).unwrap_or(0);
        let length = u32::from_be_bytes(bytes[part + 6..part + 10].try_into().unwrap());
        put(bytes, part + 6, &length.wrapping_add(300_000).to_be_bytes());
        let end = end(bytes);
        insert(bytes, size, end, vec![0; 300_000]);
    }
}

/// The header's fields with a sound checksum, chunks of odd lengths, and picture data of zeros that
/// unpack far.
fn png(bytes: &mut Vec<u8>, random: &mut Random) {
    put(bytes, 16, &random.side().to_be_bytes());
    put(bytes, 20, &random.side().to_be_bytes());
    let fields = [random.of(&[1, 8, 16]), random.of(&[0, 2, 3, 4, 6]), 0, 0, random.of(&[0, 1])];
    put(bytes, 24, &fields);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    put(bytes, 29, &crc.sum().to_be_bytes());
    if random.below(2) == 0 {
        use std::io::Write;
        let mut zeros = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zeros.write_all(&vec![0; 1 << (10 + random.below(16))]).unwrap();
        let data = [&b"IDAT"[..], &zeros.finish().unwrap()].concat();
        let mut crc = flate2::Crc::new();
        crc.update(&data);
        let chunk =
            [&(data.len() as u32 - 4).to_be_bytes()[..], &data, &crc.sum().to_be_bytes()].concat();
        bytes.splice(33..33, chunk);
    } else {
        noise(bytes, 33, 60, random);
    }
}

/// Values, counts and types of the directory's entries.
fn tiff(bytes: &mut Vec<u8>, random: &mut Random) {
    let directory = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let entries = usize::from(bytes[directory]);
    let mut sides = [random.side(), random.side()].into_iter();
    for entry in (0..entries).map(|entry| directory + 2 + 12 * entry) {
        let tag = u16::from_le_bytes([bytes[entry], bytes[entry + 1]]);
        if let (256 | 257, Some(side)) = (tag, sides.next()) {
            put(bytes, entry + 2, &[4, 0, 1, 0, 0, 0]);
            put(bytes, entry + 8, &side.to_le_bytes());
        } else if random.below(4) == 0 {
            let count = random.of(&[0, 1, 2, 1_000, 100_000, u32::MAX]);
            put(bytes, entry + 4, &count.to_le_bytes());
        } else if random.below(4) == 0 {
            let value = random.of(&[0, 1, 5, 7, 8, 32_773, 65_535, 1 << 20, u32::MAX]);
            put(bytes, entry + 8, &value.to_le_bytes());
        } else if random.below(8) == 0 {
            let tag = random.of(&[322_u16, 323, 324, 325, 338, 347, 530]);
            put(bytes, entry, &tag.to_le_bytes());
        }
    }
    if random.below(3) == 0 {
        bytes.extend(vec![0; 400_000]);
    }
}

#[test]
fn hostile_files_take_no_more_than_the_budget() {
    let count = std::env::var("HOSTILE").map_or(24, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    println!(
        "\n| Format | Files | Read | Most bytes | Largest peak, MB | Of a file that is refused, MB | Longest, ms | Of a file that is refused, ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, sound, change) in formats() {
        let [mut read, mut most, mut peak, mut refused] = [0_u64; 4];
        let (mut ms, mut refused_ms) = (0.0_f64, 0.0_f64);
        for number in 0..count {
            let mut bytes = sound.clone();
            change(&mut bytes, &mut Random(SplitMix64::seed_from_u64(number)));
            let file = folder.path().join(format!("{}-{number}", name.replace(' ', "-")));
            std::fs::write(&file, &bytes).unwrap();
            let outcome = outcome(&file);
            let took = || {
                format!(
                    "{}: {} bytes, {} ms, {:?}",
                    kept(&file).display(),
                    outcome.peak,
                    outcome.ms,
                    outcome.read
                )
            };
            assert!(outcome.peak < BUDGET && outcome.ms < HANG.as_millis() as f64, "{}", took());
            most = most.max(bytes.len() as u64);
            (peak, ms) = (peak.max(outcome.peak), ms.max(outcome.ms));
            match &outcome.read {
                Ok(_) => read += 1,
                Err(said) => {
                    assert!(!said.contains("the decoder failed"), "{}", took());
                    (refused, refused_ms) = (refused.max(outcome.peak), refused_ms.max(outcome.ms));
                }
            }
            std::fs::remove_file(&file).unwrap();
        }
        let [peak, refused] = [peak, refused].map(|bytes| bytes as f64 / 1e6);
        println!(
            "| {name} | {count} | {read} | {most} | {peak:.1} | {refused:.1} | {ms:.0} | {refused_ms:.0} |"
        );
    }
}
