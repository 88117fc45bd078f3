//! The patient's directions and the distance of pixels, as DICOM headers state them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod dicom_file;

use dicom_file::{EXPLICIT, File};
use radiograph::{Limits, Orientation, Spacing, decode};

fn orientation(text: &[u8]) -> Option<Orientation> {
    let mut file = File::new(EXPLICIT);
    file.put((0x20, 0x20), b"CS", text);
    decode(&file.bytes(), &Limits::default()).unwrap().header().orientation.clone()
}

fn spacing(pixel: &[u8], imager: &[u8]) -> Option<Spacing> {
    let mut file = File::new(EXPLICIT);
    file.put((0x28, 0x30), b"DS", pixel).put((0x18, 0x1164), b"DS", imager);
    decode(&file.bytes(), &Limits::default()).unwrap().header().spacing
}

#[test]
fn directions_are_letters_of_bipeds() {
    let [right, down] = ["L", "FP"].map(str::to_owned);
    assert_eq!(orientation(br"L\FP"), Some(Orientation { right, down }));
    for wrong in [&br"L\"[..], br"\F ", b"L ", br"LE\D", br"LLLL\F", b""] {
        assert_eq!(orientation(wrong), None, "{wrong:?}");
    }
}

#[test]
fn calibrated_distances_come_before_those_at_the_detector() {
    let known = |rows, columns, at_detector| Some(Spacing { rows, columns, at_detector });
    assert_eq!(spacing(br"0.1\0.2 ", br"0.15\0.3"), known(0.1, 0.2, false));
    assert_eq!(spacing(b"", br"0.15\0.3"), known(0.15, 0.3, true));
    assert_eq!(spacing(br"0.15\0.15 ", br"0.150\0.150"), known(0.15, 0.15, true));
    for wrong in [&b"0.1 "[..], br"0\0 ", br"-1\-1 ", br"NaN\1 ", br"1e9\1e9 ", br"a\b "] {
        assert_eq!(spacing(wrong, b""), None, "{wrong:?}");
    }
}
