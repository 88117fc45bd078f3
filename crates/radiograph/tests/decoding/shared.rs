//! Files that lie beside a checkout of the project, where they do.

use radiograph::{Limits, Preprocess};
use std::path::{Path, PathBuf};

/// The data that lies beside a checkout of the project, where it does.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dicom");
    folder.is_dir().then_some(folder)
}

#[test]
fn broken_files_are_refused_and_good_ones_read() {
    let Some(folder) = shared() else { return };
    let limits = Limits::default();
    // Said to be JPEG, this is JPEG 2000 all the same.
    let other = "wrong_transfer_syntax.dcm";
    let (picture, _) = radiograph::read(&folder.join("broken").join(other), &limits).unwrap();
    assert_eq!(picture.header().warnings[0].subject, "TransferSyntaxUID");
    for entry in std::fs::read_dir(folder.join("broken")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(other) {
            continue;
        }
        let error =
            radiograph::read(&path, &limits).expect_err(&path.to_string_lossy()).to_string();
        assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    }
    let read = |name: &str| radiograph::read(&folder.join(name), &limits).unwrap().0;
    // Grey at (9, 7), (100, 220), (400, 300) and on average, by pydicom 3.0's modality table and
    // windowing.
    let references = [
        ("cr_mono1_10bit_chest_explicit_le.dcm", [0.311828, 0.387097, 0.535679], 0.546570),
        ("cr_mono1_10bit_implicit_le.dcm", [0.311828, 0.387097, 0.535679], 0.546570),
        ("cr_mono2_10bit.dcm", [0.237537, 0.312805, 0.461388], 0.472280),
        ("cr_mono1_16bit.dcm", [0.275380, 0.350576, 0.499016], 0.509898),
        ("cr_mono1_12bit_signed_rescale.dcm", [0.275214, 0.350427, 0.498901], 0.509785),
    ];
    // Their windows differ, so their greys do; what the network sees may only where a window cuts
    // something off.
    let original = Preprocess::default().apply(&read("cr_mono1_10bit_chest_explicit_le.dcm"));
    for (name, points, mean) in references {
        let picture = read(name);
        for (&(x, y), expected) in [(9, 7), (100, 220), (400, 300)].iter().zip(points) {
            let got = picture.pixels()[y * 440 + x];
            assert!(
                (got - expected).abs() < 2e-5,
                "{name} at {x}, {y}: {got}, expected {expected}"
            );
        }
        let got = picture.pixels().iter().map(|&p| f64::from(p)).sum::<f64>() / (440.0 * 440.0);
        assert!((got - mean).abs() < 2e-5, "{name}: mean {got}, expected {mean}");
        let seen = Preprocess::default().apply(&picture);
        let worst = seen
            .pixels
            .iter()
            .zip(&original.pixels)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.02, "{name} looks different by {worst}");
    }
    let (low_black, low_white) =
        (read("cxr_nih_jpeg_baseline_mono2.dcm"), read("cxr_nih_jpeg_baseline_mono1.dcm"));
    assert!(
        low_black.pixels().iter().zip(low_white.pixels()).all(|(a, b)| (a + b - 1.0).abs() < 1e-5)
    );
    // The same picture in every lossless syntax, and nearly so in the others.
    let lossless =
        ["rg3_extremity_rle.dcm", "rg3_extremity_jpeg_lossless.dcm", "rg3_extremity_jpegls.dcm"];
    let lossy = [
        "rg3_extremity_j2k_lossy.dcm",
        "rg3_extremity_jpegls_near.dcm",
        "rg3_extremity_jpeg_ext12.dcm",
    ];
    let original = read("rg3_extremity_j2k_lossless.dcm");
    for name in lossless {
        assert!(read(name).pixels() == original.pixels(), "{name}");
    }
    for name in lossy {
        let squares = read(name)
            .pixels()
            .iter()
            .zip(original.pixels())
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>();
        let error = (squares / original.pixels().len() as f32).sqrt();
        assert!(error < 0.02, "{name} is {error} off");
    }
    assert_eq!(
        (read("rg1_chest_j2k_lossy_15bit.dcm").width(), original.header().bits_stored),
        (1841, 10)
    );
}
