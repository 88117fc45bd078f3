//! Kinds that are not read, and damaged files.

use crate::tiff::Tiff;
use crate::{ALL, H, LITTLE, W, ramp, read, said, strip};
use radiograph::{Error, Limits, decode};
use std::path::Path;

#[test]
fn kinds_that_are_not_read_say_what_to_do() {
    let plain = strip(LITTLE, 8, &ramp(255));
    for (tag, values, part) in [
        (259, &[34_712][..], "compression 34712 (JPEG 2000) is not decoded"),
        (259, &[50_000], "Zstandard"),
        (262, &[8], "photometric interpretation 8 is not read"),
        (339, &[6], "samples of format 6"),
        (258, &[0], "samples of 0 bits"),
        (317, &[3], "predictor 3"),
        (277, &[0], "0 samples a pixel"),
        (278, &[0], "strips of 0 rows"),
        (262, &[2], "1 samples a pixel, expected 3"),
    ] {
        let said = said(&plain.clone().with(tag, values).bytes());
        assert!(said.contains(part) && said.starts_with("TIFF does not decode"), "{said}");
    }
    let mixed = Tiff::new(LITTLE, W, H).with(258, &[5, 6, 5]).with(277, &[3]).with(262, &[2]);
    assert!(said(&mixed.strip(vec![0; 2 * W * H]).bytes()).contains("samples of different forms"));
}

#[test]
fn a_cut_file_is_an_error() {
    let mut files = vec![
        strip(ALL[3], 12, &ramp(4095)).bytes(),
        strip(LITTLE, 16, &ramp(65_535)).with(274, &[6]).bytes(),
    ];
    files.push(
        strip(LITTLE, 8, &ramp(255)).with(254, &[1]).then(strip(LITTLE, 8, &ramp(255))).bytes(),
    );
    for bytes in files {
        let whole = read(&bytes);
        for length in 0..bytes.len() {
            if let Ok(picture) = decode(&bytes[..length], &Limits::default()) {
                assert_eq!(picture.pixels().len(), whole.pixels().len(), "{length}");
            }
        }
        assert!(decode(&bytes[..bytes.len() / 2], &Limits::default()).is_err());
    }
}

/// Small files of every kind, which fuzzing starts from too, with each byte damaged.
#[test]
fn damage_is_an_error_or_another_picture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/decode");
    let limits = Limits { max_pixels: 1 << 16, max_memory: 32 << 20, ..Limits::default() };
    let (mut files, mut read) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(decode(&bytes, &limits).is_ok(), "{}", path.display());
        files += 1;
        for (at, change) in (0..bytes.len()).flat_map(|at| [1, 0x40, 0x80, 0xFF].map(|c| (at, c))) {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            match decode(&damaged, &limits) {
                Ok(picture) => {
                    assert!(picture.pixels().iter().all(|grey| (0.0..=1.0).contains(grey)));
                    read += 1;
                }
                Err(error) => {
                    assert!(!matches!(error, Error::Panicked), "{} at {at}", path.display());
                }
            }
        }
    }
    assert!(files > 20 && read > 1_000, "{files} files, {read} read");
}
