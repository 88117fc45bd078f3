//! The page that is the picture, and the way up that it is.

use crate::tiff::Tiff;
use crate::{ALL, H, LITTLE, W, expected, near, ramp, read, strip};

#[test]
fn the_first_page_in_full_is_the_picture() {
    let full = strip(LITTLE, 8, &ramp(255));
    let small = |entries: &[(u16, u64)]| {
        let tiff = Tiff::new(LITTLE, 7, 4).with(258, &[8]).strip(vec![9; 28]);
        entries.iter().fold(tiff, |tiff, (tag, value)| tiff.with(*tag, &[*value]))
    };
    for order in ALL {
        let full = strip(order, 8, &ramp(255));
        let labelled = Tiff::new(order, 7, 4).with(258, &[8]).with(254, &[1]).strip(vec![9; 28]);
        near(&labelled.clone().then(full.clone()).bytes(), &expected(255), "after a copy");
        near(&labelled.below(full).bytes(), &expected(255), "below a copy");
    }
    near(&small(&[(255, 2)]).then(full.clone()).bytes(), &expected(255), "SubfileType");
    near(&small(&[(254, 4)]).then(full.clone()).bytes(), &expected(255), "after a mask");
    near(&full.clone().then(small(&[(254, 1)])).bytes(), &expected(255), "before a copy");
    near(&full.clone().below(small(&[(254, 1)])).bytes(), &expected(255), "above a copy");
    near(&full.clone().then(small(&[])).bytes(), &expected(255), "a page of its own");
    // Nothing is said: a copy of the same shape.
    near(&small(&[]).then(full.clone()).bytes(), &expected(255), "unlabelled");
    let other = Tiff::new(LITTLE, 4, 7).with(258, &[8]).strip(vec![9; 28]);
    assert_eq!(read(&other.clone().then(full).bytes()).width(), 4, "another shape");
    let copies = small(&[(254, 1)]).then(strip(LITTLE, 8, &ramp(255)).with(254, &[1]));
    near(&copies.bytes(), &expected(255), "the largest, where all are copies");
}

#[test]
fn an_orientation_turns_the_picture() {
    for order in ALL {
        let stored = strip(order, 12, &ramp(4095));
        let upright = read(&stored.clone().with(274, &[6]).bytes());
        assert_eq!((upright.width() as usize, upright.height() as usize), (H, W));
        let first: Vec<f32> = (0..H).map(|y| expected(4095)[(H - 1 - y) * W]).collect();
        assert_eq!(upright.pixels()[..H], first[..], "{order:?}");
        near(&stored.with(274, &[9]).bytes(), &expected(4095), "no orientation");
    }
}
