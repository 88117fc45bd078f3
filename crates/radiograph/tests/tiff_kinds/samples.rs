//! Samples: their numbers, their depths, and their colours.

use crate::tiff::{Tiff, packed};
use crate::{ALL, H, LITTLE, W, expected, near, ramp, read, said, strip};

#[test]
fn whole_numbers_of_every_depth_in_every_order() {
    for order in ALL {
        for depth in 1..=16 {
            let largest = (1 << depth) - 1;
            let values = ramp(largest);
            let name = format!("{depth} bits {order:?}");
            near(&strip(order, depth, &values).bytes(), &expected(largest), &name);
            let white: Vec<u64> = values.iter().map(|v| largest - v).collect();
            let bytes = strip(order, depth, &white).with(262, &[0]).bytes();
            near(&bytes, &expected(largest), &format!("{name}, white is zero"));
            assert!(read(&bytes).header().inverted);
            assert_eq!(read(&bytes).header().bits_stored, depth as u8);
        }
    }
}

#[test]
fn numbers_without_an_agreed_white_reach_from_the_least_to_the_largest() {
    let floats = |bits: u32, value: fn(f64) -> u64| {
        ALL.map(|order| {
            let values: Vec<u64> = expected(4095).iter().map(|&v| value(v.into())).collect();
            strip(order, bits, &values).with(339, &[3]).bytes()
        })
    };
    let all = [
        // From 0 to 1 as they are, and from -1,000 to 3,095.
        floats(32, |v| u64::from((v as f32).to_bits())),
        floats(32, |v| u64::from((v as f32 * 4095.0 - 1000.0).to_bits())),
        floats(64, f64::to_bits),
        floats(64, |v| (v * 1e-3 - 7.0).to_bits()),
    ];
    for (kind, files) in all.iter().enumerate() {
        files.iter().for_each(|file| near(file, &expected(4095), &format!("float {kind}")));
    }
    let half: Vec<u64> = (0..W * H).map(|at| if at % 2 == 0 { 0x3800 } else { 0 }).collect();
    let picture = read(&strip(LITTLE, 16, &half).with(339, &[3]).bytes());
    assert_eq!(picture.pixels()[..2], [0.5, 0.0], "floats in [0, 1] are not stretched");
    for depth in [8, 12, 16, 32] {
        let signed: Vec<u64> = ramp(255).iter().map(|v| v.wrapping_sub(128)).collect();
        let masked: Vec<u64> = signed.iter().map(|v| v & (u64::MAX >> (64 - depth))).collect();
        near(&strip(LITTLE, depth, &masked).with(339, &[2]).bytes(), &expected(255), "signed");
    }
    for depth in [24, 32, 64] {
        let wide: Vec<u64> = ramp(4095).iter().map(|v| v + 77).collect();
        for order in ALL {
            near(&strip(order, depth, &wide).bytes(), &expected(4095), "wide");
        }
    }
    let none = [f32::NAN, f32::INFINITY, 3.0, -1.0, f32::NEG_INFINITY];
    let values: Vec<u64> = (0..W * H).map(|at| u64::from(none[at % 5].to_bits())).collect();
    let picture = read(&strip(LITTLE, 32, &values).with(339, &[3]).bytes());
    assert_eq!(picture.pixels()[..5], [0.0, 1.0, 1.0, 0.0, 0.0]);
    let flat = read(&strip(LITTLE, 16, &[5; W * H]).with(339, &[2]).bytes());
    assert!(flat.pixels().iter().all(|&grey| grey == 0.0));
}

#[test]
fn colours_side_by_side_in_planes_and_of_palettes() {
    let values = ramp(255);
    let other: Vec<u64> = values.iter().map(|v| (v * 31 + 7) % 256).collect();
    let grey = |v: usize| {
        (0.299 * values[v] as f32 + 0.587 * other[v] as f32 + 0.114 * values[v] as f32) / 255.0
    };
    let expected: Vec<f32> = (0..W * H).map(grey).collect();
    let colour = |order| Tiff::new(order, W, H).with(258, &[8, 8, 8, 8]).with(277, &[4]);
    let alpha = vec![9; W * H];
    let planes = [&values, &other, &values, &alpha];
    for order in ALL {
        let beside: Vec<u64> = (0..W * H).flat_map(|at| planes.map(|plane| plane[at])).collect();
        let beside = colour(order).with(262, &[2]).strip(packed(order, 8, W * 4, &beside));
        near(&beside.bytes(), &expected, "side by side");
        let mut apart = colour(order).with(262, &[2]).with(284, &[2]);
        for plane in planes {
            apart = apart.strip(packed(order, 8, W, plane));
        }
        near(&apart.bytes(), &expected, "in planes");
        // A palette whose greys are the luminance of its colours.
        let map: Vec<u64> =
            [257, 0, 128].iter().flat_map(|n| (0..256).map(move |v| v * n)).collect();
        let palette = strip(order, 8, &values).with(262, &[3]).with(320, &map);
        let of = |v: &u64| (0.299 * 257.0 + 0.114 * 128.0) * *v as f32 / 65_535.0;
        near(&palette.bytes(), &values.iter().map(of).collect::<Vec<_>>(), "palette");
    }
    let short = strip(LITTLE, 8, &values).with(262, &[3]).with(320, &[1; 30]).bytes();
    assert!(said(&short).contains("30 values of its palette"), "{}", said(&short));
    // Four bits, whose numbers share bytes, and a map of eight bits.
    let four = ramp(15);
    let map: Vec<u64> = (0..3).flat_map(|_| (0..16).map(|v| v * 17)).collect();
    let bytes = strip(LITTLE, 4, &four).with(262, &[3]).with(320, &map).bytes();
    near(&bytes, &four.iter().map(|&v| v as f32 / 15.0).collect::<Vec<_>>(), "palette of 4 bits");
}

#[test]
fn luminance_with_differences_of_colour() {
    let values = ramp(255);
    let grey: Vec<f32> = expected(255);
    let ycbcr = |samples: Vec<u8>, subsampling: [u64; 2]| {
        let tiff = Tiff::new(LITTLE, W, H).with(258, &[8, 8, 8]).with(277, &[3]).with(262, &[6]);
        tiff.with(530, &subsampling).strip(samples)
    };
    let plain = values.iter().flat_map(|&v| [v as u8, 128, 128]).collect();
    near(&ycbcr(plain, [1, 1]).bytes(), &grey, "whole");
    for [columns, rows] in [[2, 2], [2, 1], [4, 1], [4, 2], [1, 2]] {
        let mut units = Vec::new();
        for (top, left) in (0..H.div_ceil(rows))
            .flat_map(|y| (0..W.div_ceil(columns)).map(move |x| (y * rows, x * columns)))
        {
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (top + y, left + x))) {
                units.push(if y < H && x < W { values[y * W + x] as u8 } else { 77 });
            }
            units.extend([128, 128]);
        }
        let name = format!("{columns}×{rows}");
        near(&ycbcr(units, [columns as u64, rows as u64]).bytes(), &grey, &name);
    }
    let strange = ycbcr(vec![0; 3 * W * H], [3, 1]).bytes();
    assert!(said(&strange).contains("subsampled by 3×1"), "{}", said(&strange));
    // Red as ITU-R BT.601 has it.
    let red = (0..W * H).flat_map(|_| [76, 85, 255]).collect();
    let picture = read(&ycbcr(red, [1, 1]).bytes());
    assert!((picture.pixels()[5] - 0.299).abs() < 0.004, "{}", picture.pixels()[5]);
}
