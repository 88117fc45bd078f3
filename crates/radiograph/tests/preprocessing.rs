//! The preprocessing: geometry, averages, and that neither brightness nor contrast changes what the
//! network sees.

use proptest::prelude::*;
use radiograph::{Frame, Input, Preprocess, Radiograph, Region};
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

fn square(size: u32) -> Preprocess {
    Preprocess { size, ..Preprocess::default() }
}

#[test]
fn the_aspect_is_kept_and_grey_stretched() {
    let pixels: Vec<f32> = (0..400 * 100).map(|i| 0.25 + 0.5 * ((i % 400) / 200) as f32).collect();
    let input = square(64).apply(&Radiograph::new(400, 100, pixels).unwrap());
    assert_eq!(input.frame, Frame { top: 24, height: 16, ..Frame::full(64) });
    assert_eq!(input.pixels.len(), 64 * 64);
    assert_eq!(
        (input.pixels[0], input.pixels[30 * 64 + 5], input.pixels[30 * 64 + 60]),
        (0.0, 0.0, 1.0)
    );
    assert!(Radiograph::new(0, 5, vec![]).is_err());
}

#[test]
fn shrinking_averages_the_area_of_each_pixel() {
    // Blocks of 4 × 4, each a checkerboard about its own mean.
    let mean = |column: u32, row: u32| (column + 8 * row) as f32 / 128.0 + 0.25;
    let pixel = |i: u32| {
        let (x, y) = (i % 32, i / 32);
        mean(x / 4, y / 4) + if (x + y) % 2 == 0 { 0.2 } else { -0.2 }
    };
    let radiograph = Radiograph::new(32, 32, (0..32 * 32).map(pixel).collect()).unwrap();
    let input = Preprocess { clip: 0.0, ..square(8) }.apply(&radiograph);
    for (i, got) in (0u32..).zip(input.pixels) {
        let expected = (mean(i % 8, i / 8) - mean(0, 0)) / (mean(7, 7) - mean(0, 0));
        assert!((got - expected).abs() < 1e-5, "pixel {i}: {got}, expected {expected}");
    }
}

#[test]
fn a_burnt_in_marker_does_not_set_the_scale() {
    let mut pixels: Vec<f32> =
        (0..128 * 128).map(|i| 0.2 + 0.2 * (i % 128) as f32 / 127.0).collect();
    pixels[..20].fill(1.0);
    let input = Preprocess::default().apply(&Radiograph::new(128, 128, pixels).unwrap());
    let row = &input.pixels[64 * 128..65 * 128];
    assert!(row[0] < 0.01 && row[127] > 0.99 && (row[64] - 0.5).abs() < 0.02);
}

#[test]
fn a_constant_picture_is_black() {
    let input = Preprocess::default().apply(&Radiograph::new(3, 5, vec![0.5; 15]).unwrap());
    assert!(input.pixels.iter().all(|&p| p == 0.0));
}

#[test]
fn settings_that_make_no_sense_are_refused_when_read() {
    let read = |setting: &'static str, value: f64| {
        Preprocess::deserialize(MapDeserializer::<_, Error>::new([(setting, value)].into_iter()))
    };
    assert_eq!(read("clip", 0.25).unwrap().clip, 0.25);
    assert!(read("clip", 0.5).unwrap_err().to_string().contains("clip is 0.5, expected"));
    assert!(read("clip", f64::NAN).is_err() && read("clip", -0.1).is_err());
    assert!(read("clipp", 0.1).unwrap_err().to_string().contains("unknown field"));
    let size = |size: u32| {
        Preprocess::deserialize(MapDeserializer::<_, Error>::new([("size", size)].into_iter()))
    };
    assert_eq!(size(96).unwrap().size, 96);
    assert!(size(0).unwrap_err().to_string().contains("size is 0, expected 1 to 4096"));
    assert!(size(1 << 31).is_err());
}

proptest! {
    #[test]
    fn the_frame_lies_in_the_square_and_fills_its_longer_side(width in 1u32..=70_000, height in 1u32..=70_000, size in 1u32..=512) {
        let frame = square(size).frame(Region::WHOLE, width, height);
        prop_assert!(frame.width >= 1 && frame.left + frame.width <= size);
        prop_assert!(frame.height >= 1 && frame.top + frame.height <= size);
        prop_assert_eq!(if width >= height { frame.width } else { frame.height }, size);
        let other = size - frame.left - frame.width;
        prop_assert!(other == frame.left || other == frame.left + 1, "centred");
    }

    #[test]
    fn brightness_and_contrast_do_not_matter(
        pixels in prop::collection::vec(0.0f32..1.0, 30 * 20),
        gain in 0.2f32..0.9,
        size in 8u32..64,
    ) {
        let offset = (1.0 - gain) / 2.0;
        let other = pixels.iter().map(|p| p * gain + offset).collect();
        let one = square(size).apply(&Radiograph::new(30, 20, pixels).unwrap());
        let other = square(size).apply(&Radiograph::new(30, 20, other).unwrap());
        prop_assert!(one.pixels.iter().all(|p| (0.0..=1.0).contains(p)));
        prop_assert!(one.pixels.iter().zip(&other.pixels).all(|(a, b)| (a - b).abs() < 1e-3));
        let frame = one.frame;
        for (i, &pixel) in (0u32..).zip(&one.pixels) {
            let (x, y) = (i % size, i / size);
            let inside = (frame.left..frame.left + frame.width).contains(&x) && (frame.top..frame.top + frame.height).contains(&y);
            prop_assert!(inside || pixel == 0.0, "black around the picture");
        }
    }
}

#[test]
fn inputs_are_inverted_within_their_frame_and_turned_clockwise() {
    let radiograph = Radiograph::new(2, 1, vec![0.0, 1.0]).unwrap();
    let input = Preprocess { clip: 0.0, ..square(4) }.apply(&radiograph);
    assert_eq!((input.frame.top, input.frame.height), (1, 2));
    let inverted = input.inverted();
    assert_eq!((inverted.pixels[0], inverted.pixels[4], inverted.pixels[7]), (0.0, 1.0, 0.0));
    // What was left is above, what was above is right.
    let turned = input.turned();
    assert_eq!(turned.frame, Frame { left: 1, width: 2, ..Frame::full(4) });
    assert_eq!([turned.pixels[1], turned.pixels[13]], [input.pixels[4], input.pixels[7]]);
    assert_eq!(input.turned().turned().turned().turned(), input);
    assert_eq!(input.inverted().inverted().pixels[5], input.pixels[5]);
}

#[test]
fn the_inner_part_is_without_what_surrounds_it() {
    // A border of a twentieth of the side, and a step in the middle.
    let size = 40;
    let grey = |i: usize| match (i % size, i / size) {
        (x, y) if [x, y].iter().any(|at| !(2..size - 2).contains(at)) => 1.0,
        (x, _) => {
            if x < size / 2 {
                0.2
            } else {
                0.6
            }
        }
    };
    let pixels: Vec<f32> = (0..size * size).map(grey).collect();
    let whole = Input { size: size as u32, pixels, frame: Frame::full(size as u32) };
    let inner = whole.inner();
    assert_eq!(
        (inner.size, inner.frame, inner.pixels.len()),
        (whole.size, whole.frame, whole.pixels.len())
    );
    let at = |x: usize, y: usize| inner.pixels[y * size + x];
    assert!((at(10, 20) - 0.2).abs() < 1e-6 && (at(30, 20) - 0.6).abs() < 1e-6);
    // Of the border there is at most the twentieth of a pixel that interpolation takes.
    assert!(
        inner.pixels.iter().all(|grey| (0.2 - 1e-6..0.65).contains(grey)),
        "{:?}",
        &inner.pixels[..4]
    );
    let flat = Input { pixels: vec![0.3; size * size], ..whole };
    assert!(flat.inner().pixels.iter().all(|grey| (grey - 0.3).abs() < 1e-6));
}
