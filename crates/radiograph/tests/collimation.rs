//! Borders that collimation left are cut off for the network, and nothing else is.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use radiograph::{Frame, Preprocess, Radiograph, Region};
use serde::Deserialize;
use serde::de::value::{Error, MapDeserializer};

const SIDE: u32 = 256;

fn picture(grey: impl Fn(u32, u32) -> f32) -> Radiograph {
    let pixels = (0..SIDE * SIDE).map(|at| grey(at % SIDE, at / SIDE)).collect();
    Radiograph::new(SIDE, SIDE, pixels).unwrap()
}

fn cropping() -> Preprocess {
    Preprocess { crop: true, ..Preprocess::default() }
}

fn region(radiograph: &Radiograph) -> Region {
    cropping().apply(radiograph).frame.region
}

/// Something to see everywhere: no line of it is even.
fn anatomy(x: u32, y: u32) -> f32 {
    0.35 + 0.2 * (x as f32 / 9.0).sin() + 0.1 * (y as f32 / 5.0).cos()
}

/// Anatomy in columns 40 to 215 and rows 30 to 235, where `sides` (left, top, right, bottom) have a
/// border.
fn bordered(sides: [bool; 4], border: impl Fn(u32, u32) -> f32) -> Radiograph {
    let [left, top, right, bottom] = sides;
    let outside = |x, y| left && x < 40 || top && y < 30 || right && x >= 216 || bottom && y >= 236;
    picture(|x, y| if outside(x, y) { border(x, y) } else { anatomy(x, y) })
}

/// The region from a first to a last column and row, and one more on each side that is cut.
fn kept(columns: [u32; 2], rows: [u32; 2]) -> Region {
    let share = |at: u32| f64::from(at) / f64::from(SIDE);
    let ([left, right], [top, bottom]) = (columns, rows);
    let (width, height) = (share(right - left), share(bottom - top));
    Region { left: share(left), top: share(top), width, height }
}

#[test]
fn borders_are_cut_on_the_sides_that_have_them() {
    for (sides, expected) in [
        ([false; 4], Region::WHOLE),
        ([true, false, false, false], kept([39, 256], [0, 256])),
        ([false, true, false, true], kept([0, 256], [29, 237])),
        ([true, true, false, false], kept([39, 256], [29, 256])),
        ([true; 4], kept([39, 217], [29, 237])),
    ] {
        for grey in [0.0, 0.04, 1.0] {
            assert_eq!(region(&bordered(sides, |_, _| grey)), expected, "{sides:?}, {grey}");
        }
    }
}

#[test]
fn a_border_may_be_noisy_have_a_marker_and_another_border_inside() {
    let noise = |x: u32, y: u32| 0.02 * ((x * 31 + y * 17) % 7) as f32 / 7.0;
    let letter =
        |x: u32, y: u32| (8..24).contains(&x) && (50..74).contains(&y) && (x < 12 || y > 69);
    let marked = bordered([true; 4], |x, y| if letter(x, y) { 1.0 } else { noise(x, y) });
    assert_eq!(region(&marked), kept([39, 217], [29, 237]));
    let film = |x: u32, y: u32| if x < 16 || y < 12 { 1.0 } else { 0.0 };
    assert_eq!(region(&bordered([true; 4], film)), kept([39, 217], [29, 237]));
}

#[test]
fn an_edge_a_little_askew_is_cut_outside_the_picture() {
    let askew = picture(|x, y| if x < 40 + y / 80 { 0.0 } else { anatomy(x, y) });
    assert_eq!(region(&askew), kept([39, 256], [0, 256]));
    let oblique = picture(|x, y| if x < 40 + y / 4 { 0.0 } else { anatomy(x, y) });
    assert_eq!(region(&oblique), Region::WHOLE);
}

#[test]
fn what_is_no_border_is_left() {
    // A limb before black, with a fingertip that points to the left; dark anatomy that touches
    // every side; a disc.
    let limb = |x: u32, y: u32| {
        let finger = (60..120).contains(&x) && (100..112).contains(&y);
        let across = (f64::from(y) - 106.0) / 60.0;
        let hand = x >= 120 && f64::from(x) > 120.0 + 60.0 * across * across;
        if finger || hand { 0.2 + anatomy(x, y) } else { 0.0 }
    };
    assert_eq!(region(&picture(limb)), Region::WHOLE);
    let lungs =
        |x: u32, y: u32| 0.06 * (x as f32 / 20.0).sin().abs() + if y > 200 { 0.4 } else { 0.0 };
    assert_eq!(region(&picture(lungs)), Region::WHOLE);
    let disc = |x: u32, y: u32| {
        let away = (f64::from(x) - 128.0).hypot(f64::from(y) - 128.0);
        if away < 90.0 { anatomy(x, y) } else { 0.0 }
    };
    assert_eq!(region(&picture(disc)), Region::WHOLE);
}

#[test]
fn what_leaves_too_little_or_shows_nothing_is_left() {
    let stamp = |x: u32, y: u32| {
        let inside = (90..170).contains(&x) && (90..170).contains(&y);
        if inside { anatomy(x, y) } else { 0.0 }
    };
    assert_eq!(region(&picture(stamp)), Region::WHOLE);
    assert_eq!(region(&picture(|_, _| 0.0)), Region::WHOLE);
    assert_eq!(region(&Radiograph::new(1, 1, vec![0.5]).unwrap()), Region::WHOLE);
}

#[test]
fn the_network_sees_the_field_alone_in_the_middle() {
    let field = bordered([true; 4], |_, _| 0.0);
    let input = Preprocess { size: 89, clip: 0.0, crop: true }.apply(&field);
    // 178 × 208 pixels are kept.
    assert_eq!((input.frame.left, input.frame.width), (6, 76));
    assert_eq!((input.frame.top, input.frame.height), (0, 89));
    let plain = Preprocess { size: 89, ..Preprocess::default() }.apply(&field);
    assert_eq!(plain.frame, Frame::full(89));
}

#[test]
fn a_cropped_input_keeps_track_of_its_region_when_it_is_turned() {
    let input = cropping().apply(&bordered([true, false, false, false], |_, _| 0.0));
    // What was cut at the left is cut above.
    let Region { left, top, width, height } = input.turned().frame.region;
    assert_eq!((left, top), (0.0, 39.0 / 256.0));
    assert_eq!((width, height), (1.0, 217.0 / 256.0));
}

#[test]
fn old_settings_mean_that_nothing_is_cut() {
    let read = |setting: &'static str, value: bool| {
        Preprocess::deserialize(MapDeserializer::<_, Error>::new([(setting, value)].into_iter()))
    };
    assert!(read("crop", true).unwrap().crop);
    let empty: [(&str, u32); 0] = [];
    let old = Preprocess::deserialize(MapDeserializer::<_, Error>::new(empty.into_iter())).unwrap();
    assert!(!old.crop);
}

proptest! {
    #[test]
    fn any_picture_keeps_a_plausible_region_of_whole_pixels(
        width in 1u32..400,
        height in 1u32..40,
        pixels in prop::collection::vec(prop::sample::select(vec![0.0f32, 0.0, 0.5, 1.0]), 40),
    ) {
        let (width, height) = if pixels[0] > 0.0 { (height, width) } else { (width, height) };
        let grey = |at: u32| pixels[(at % width * 40 / width) as usize];
        let radiograph = Radiograph::new(width, height, (0..width * height).map(grey).collect()).unwrap();
        let input = cropping().apply(&radiograph);
        let region = input.frame.region;
        prop_assert!(region.width * region.height >= 0.25);
        prop_assert!(region.left >= 0.0 && region.left + region.width <= 1.0 + 1e-9);
        prop_assert!(!region.columns(width).is_empty() && !region.rows(height).is_empty());
        prop_assert!(input.pixels.iter().all(|p| (0.0..=1.0).contains(p)));
    }
}
