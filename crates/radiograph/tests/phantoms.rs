//! Phantoms compressed by DCMTK and GDCM in every transfer syntax, and greys as dcm2pnm shows them.
//! `benches/peers/phantoms.py` makes the files, and `odd_frames.py` those whose frames are unusual.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use radiograph::{Error, Limits, Options, Radiograph, decode, decode_with};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom")
}

/// Name, and bytes, of the DICOM files, in order.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".dcm"))
        .map(|name| (name.clone(), std::fs::read(folder().join(name)).unwrap()))
        .collect();
    files.sort();
    files
}

fn read(name: &str) -> Radiograph {
    radiograph::read(&folder().join(name), &Limits::default()).unwrap().0
}

fn rms(a: &Radiograph, b: &Radiograph) -> f32 {
    let squares = a.pixels().iter().zip(b.pixels()).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    (squares / a.pixels().len() as f32).sqrt()
}

#[test]
fn a_phantom_is_the_same_in_every_lossless_syntax_and_nearly_so_in_the_others() {
    let mut compared = 0;
    for (name, bytes) in files().iter().filter(|(name, _)| !name.starts_with("grey-")) {
        let (phantom, syntax) = name.split_once('.').unwrap();
        let native = read(&format!("{phantom}.native.dcm"));
        let picture = decode(bytes, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let lossy = ["jpeg50", "jpeg51", "jls-near", "j2k-lossy", "htj2k-lossy"]
            .iter()
            .any(|s| syntax.starts_with(s));
        if lossy {
            let error = rms(&picture, &native);
            assert!(error > 0.0 && error < 0.04, "{name} is {error} off");
        } else {
            assert!(picture.pixels() == native.pixels(), "{name}");
        }
        compared += 1;
    }
    assert!(compared > 130, "{compared} phantoms");
}

#[test]
fn what_a_file_says_wrong_of_its_frames_is_told() {
    let warnings = |name: &str| {
        let warnings = read(name).header().warnings.clone();
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    for (name, expected) in [
        ("u12.as-baseline-ljpeg.dcm", "one of lossy JPEG, expected"),
        ("u12.as-jls-j2k.dcm", "it was read as JPEG 2000"),
        ("u12.as-j2k-htj2k.dcm", "it was read as High-Throughput JPEG 2000"),
        ("u12.as-native-items.dcm", "one of no compression, expected"),
        ("ybr.native-422.dcm", "PhotometricInterpretation is YBR_FULL_422, expected YBR_FULL"),
        ("frames.off-by-8.dcm", "an offset table that points to other places"),
        ("frames.swapped-table.dcm", "frames were found by their marks"),
    ] {
        assert!(warnings(name).contains(expected), "{name}: {}", warnings(name));
    }
    for sound in ["frames.halves.dcm", "frames.jpeg70.dcm", "u12.j2k-all.dcm", "rgb.rle.dcm"] {
        assert_eq!(warnings(sound), "", "{sound}");
    }
}

#[test]
fn each_frame_is_itself_in_every_syntax() {
    let frame = |bytes: &[u8], frame| {
        decode_with(bytes, &Limits::default(), &Options { frame, overlays: false })
    };
    let native = std::fs::read(folder().join("frames.native.dcm")).unwrap();
    let frames: Vec<Radiograph> = (0..3).map(|at| frame(&native, at).unwrap()).collect();
    assert!(rms(&frames[0], &frames[1]) > 0.1 && rms(&frames[1], &frames[2]) > 0.1);
    assert_eq!(frames[0].header().frames, 3);
    for (name, bytes) in files().iter().filter(|(name, _)| name.starts_with("frames.")) {
        for (at, expected) in (0..).zip(&frames) {
            assert!(frame(bytes, at).unwrap().pixels() == expected.pixels(), "{name}, frame {at}");
        }
        let said = frame(bytes, 3).unwrap_err().to_string();
        assert!(said.contains("NumberOfFrames is 3 frames"), "{name}: {said}");
    }
}

/// Grey levels of a raw PGM.
fn pgm(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let picture =
        bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_whitespace()).nth(3).unwrap().0
            + 1;
    bytes[picture..].to_vec()
}

#[test]
fn greys_are_those_of_dcm2pnm() {
    let mut compared = 0;
    for (name, _) in files().iter().filter(|(name, _)| name.starts_with("grey-")) {
        let picture = read(name);
        let shown = pgm(&folder().join(name.replace(".dcm", ".pgm")));
        assert_eq!(shown.len(), picture.pixels().len(), "{name}");
        let off = |(grey, &level): (&f32, &u8)| ((grey * 255.0).round() - f32::from(level)).abs();
        let worst = picture.pixels().iter().zip(&shown).map(off).fold(0.0, f32::max);
        assert!(worst <= 1.0, "{name} is up to {worst} levels off");
        compared += 1;
    }
    assert!(compared > 15, "{compared} greys");
}

/// The file with the value of an element of two bytes changed.
fn with(bytes: &[u8], element: u16, value: u16) -> Vec<u8> {
    let [low, high] = element.to_le_bytes();
    let tag = [0x28, 0, low, high, b'U', b'S', 2, 0];
    let at = bytes.windows(tag.len()).position(|part| part == tag).unwrap() + tag.len();
    [&bytes[..at], &value.to_le_bytes(), &bytes[at + 2..]].concat()
}

#[test]
fn samples_of_more_bits_than_are_allocated_are_refused_and_signs_are_none_of_them() {
    // What fuzzing found: a table of 256 greys, asked for the 272nd.
    let twelve = std::fs::read(folder().join("u12.j2k.dcm")).unwrap();
    let as_eight = [(0x100, 8), (0x101, 8), (0x102, 7)];
    let boast =
        as_eight.iter().fold(twelve, |bytes, &(element, value)| with(&bytes, element, value));
    let said = decode(&boast, &Limits::default()).unwrap_err().to_string();
    assert!(
        said.contains("(7FE0,0010)")
            && said.contains("expected at most 255, as BitsAllocated is 8"),
        "{said}"
    );
    // The same code stream said to be signed in SIZ and in the file: all values are 128 less, and
    // the picture is the same.
    let eight = std::fs::read(folder().join("u8.j2k.dcm")).unwrap();
    let mut signed = with(&eight, 0x103, 1);
    let siz = signed.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]).unwrap() + 42;
    assert_eq!(signed[siz], 7, "8 bits, unsigned");
    signed[siz] = 0x87;
    let [signed, unsigned] =
        [signed, eight].map(|bytes| decode(&bytes, &Limits::default()).unwrap());
    assert!(signed.pixels() == unsigned.pixels());
}

/// The position of a compressed picture's last fragment, and its length.
fn last_fragment(bytes: &[u8]) -> Option<(usize, usize)> {
    let at = bytes
        .windows(12)
        .position(|b| b.starts_with(&[0xE0, 0x7F, 0x10, 0x00, b'O']) && b.ends_with(&[0xFF; 4]))?;
    let (mut at, mut last) = (at + 12, None);
    while bytes.get(at..at + 4) == Some(&[0xFE, 0xFF, 0x00, 0xE0]) {
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        last = Some((at + 8, length));
        at += 8 + length;
    }
    last
}

#[test]
fn a_compressed_stream_cut_short_is_an_error_or_the_whole_picture_but_never_a_part_of_it() {
    let mut tried = 0;
    for (name, bytes) in &files() {
        let Some((start, length)) = last_fragment(bytes).filter(|_| !name.starts_with("frames"))
        else {
            continue;
        };
        let whole = decode(bytes, &Limits::default()).unwrap();
        // Ever nearer to the end, where decoders are most easily content.
        let lengths = (0..length).step_by(97).chain(length.saturating_sub(16)..length);
        for kept in lengths {
            let mut cut = [&bytes[..start], &bytes[start..start + kept]].concat();
            cut[start - 4..start].copy_from_slice(&(kept as u32).to_le_bytes());
            match decode(&cut, &Limits::default()) {
                Ok(picture) => assert!(picture == whole, "{name}: {kept} of {length} bytes"),
                Err(error) => {
                    assert!(!matches!(error, Error::Panicked), "{name}: {kept} of {length} bytes")
                }
            }
        }
        tried += 1;
    }
    assert!(tried > 30, "{tried} streams");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_files_of_every_syntax_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_the_picture in any::<bool>(),
        file in any::<prop::sample::Index>(),
    ) {
        let files = files();
        let (name, mut bytes) = files[file.index(files.len())].clone();
        let start = if in_the_picture { bytes.len() / 2 } else { 132 };
        for (at, value) in changes {
            let at = start + at.index(bytes.len() - start);
            bytes[at] = value;
        }
        if let Err(error) = decode(&bytes, &Limits { max_bytes: 1 << 20, max_pixels: 1 << 20, ..Limits::default() }) {
            prop_assert!(!matches!(error, Error::Panicked), "{}", name);
            prop_assert!(!error.to_string().contains("PHANTOM"));
        }
    }
}
