//! TIFF of every kind that scanners, viewers and research write, made entry by entry; each must
//! show the picture that the same values show as plain greys.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/tiff.rs"]
mod tiff;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use radiograph::{Error, Limits, Radiograph, decode};
use std::io::{Cursor, Write};
use std::path::Path;
use tiff::{Order, Tiff, bits, packed};

const W: usize = 21;
const H: usize = 13;
const ALL: [Order; 4] = [
    Order { big: false, little: true },
    Order { big: false, little: false },
    Order { big: true, little: true },
    Order { big: true, little: false },
];
const LITTLE: Order = ALL[0];

/// A number from 0 to `largest` for each pixel, from black to white and neither way symmetric.
fn ramp(largest: u64) -> Vec<u64> {
    let last = (W * H - 1) as u64;
    (0..=last).map(|at| (at * 8 % (last + 1)) * largest / last).collect()
}

fn expected(largest: u64) -> Vec<f32> {
    ramp(largest).iter().map(|&v| v as f32 / largest as f32).collect()
}

fn read(bytes: &[u8]) -> Radiograph {
    decode(bytes, &Limits::default()).unwrap()
}

fn said(bytes: &[u8]) -> String {
    decode(bytes, &Limits::default()).unwrap_err().to_string()
}

fn near(bytes: &[u8], expected: &[f32], name: &str) {
    let picture = read(bytes);
    assert_eq!((picture.width() as usize, picture.height() as usize), (W, H), "{name}");
    for (at, (got, expected)) in picture.pixels().iter().zip(expected).enumerate() {
        assert!((got - expected).abs() < 2e-5, "{name}: {got}, expected {expected} at {at}");
    }
}

/// Rows of greys of so many bits as one strip.
fn strip(order: Order, depth: u32, values: &[u64]) -> Tiff {
    Tiff::new(order, W, H).with(258, &[depth.into()]).strip(packed(order, depth, W, values))
}

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

#[test]
fn strips_and_tiles_under_every_compression_and_predictor() {
    let deflate = |bytes: &[u8]| {
        let mut encoder =
            flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let lzw = |bytes: &[u8]| {
        weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .encode(bytes)
            .unwrap()
    };
    let literal = |bytes: &[u8]| -> Vec<u8> {
        bytes.chunks(128).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect()
    };
    type Pack<'a> = (u64, &'a dyn Fn(&[u8]) -> Vec<u8>);
    let packs: [Pack; 5] =
        [(1, &<[u8]>::to_vec), (5, &lzw), (8, &deflate), (32_946, &deflate), (32_773, &literal)];
    for ((compression, pack), order) in packs.iter().flat_map(|pack| ALL.map(|order| (pack, order)))
    {
        for depth in [4, 8, 12, 16] {
            let largest = (1 << depth) - 1;
            let plain =
                Tiff::new(order, W, H).with(258, &[depth.into()]).with(259, &[*compression]);
            for predictor in [1, 2] {
                let rows = |tall| plain.clone().with(278, &[tall]).with(317, &[predictor]);
                let name =
                    format!("compression {compression}, {depth} bits, predictor {predictor}");
                let values = ramp(largest);
                let differences = bits::differences(&values, W, predictor == 2, largest);
                let mut strips = rows(5);
                for part in differences.chunks(5 * W) {
                    strips = strips.strip(pack(&packed(order, depth, W, part)));
                }
                near(&strips.bytes(), &expected(largest), &format!("strips, {name}"));
                let mut tiles = rows(5).with(322, &[16]).with(323, &[8]);
                for tile in bits::tiles(&values, W, [16, 8]) {
                    let tile = bits::differences(&tile, 16, predictor == 2, largest);
                    tiles = tiles.tile(pack(&packed(order, depth, 16, &tile)));
                }
                near(&tiles.bytes(), &expected(largest), &format!("tiles, {name}"));
            }
        }
        // Floats whose bytes lie apart.
        let values: Vec<f32> = expected(4095);
        let apart = |row: &[f32]| {
            let row: Vec<[u8; 4]> = row.iter().map(|v| v.to_be_bytes()).collect();
            let mut apart: Vec<u8> = (0..4).flat_map(|n| row.iter().map(move |v| v[n])).collect();
            (1..apart.len()).rev().for_each(|at| apart[at] = apart[at].wrapping_sub(apart[at - 1]));
            apart
        };
        let rows: Vec<u8> = values.chunks(W).flat_map(apart).collect();
        let float = Tiff::new(order, W, H).with(258, &[32]).with(339, &[3]).with(317, &[3]);
        near(&float.with(259, &[*compression]).strip(pack(&rows)).bytes(), &values, "predictor 3");
    }
}

#[test]
fn pages_in_black_and_white() {
    let values = ramp(1);
    let reversed = packed(LITTLE, 1, W, &values).iter().map(|byte| byte.reverse_bits()).collect();
    let bytes = Tiff::new(LITTLE, W, H).with(258, &[1]).with(266, &[2]).strip(reversed).bytes();
    near(&bytes, &expected(1), "low bits first");
    // T.6: 1 is black in the code, so that white is zero.
    let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
    for row in values.chunks(W) {
        let colours =
            row.iter().map(|&v| if v == 0 { fax::Color::Black } else { fax::Color::White });
        encoder.encode_line(colours, W as u16).unwrap();
    }
    let group_4 = encoder.finish().unwrap().finish();
    let page = |group: u64, data: Vec<u8>| {
        Tiff::new(LITTLE, W, H).with(258, &[1]).with(259, &[group]).with(262, &[0]).strip(data)
    };
    near(&page(4, group_4).bytes(), &expected(1), "T.6");
    // T.4: rows of 21 white pixels (0010111), each after a mark, with and without the first and
    // the last mark.
    let row = "0010111";
    let line = "000000000001";
    let marked = bits::of_text(&(format!("{line}{row}")).repeat(H));
    let white = vec![1.0; W * H];
    near(&page(3, marked).bytes(), &white, "T.4");
    let bare = format!("{}{row}", format!("{row}{line}").repeat(H - 1));
    near(&page(3, bits::of_text(&bare)).bytes(), &white, "T.4 without outer marks");
    assert!(said(&page(3, bits::of_text(line)).bytes()).contains("strip"));
}

/// A JPEG of greys, or of colours, without chroma to speak of.
fn jpeg(colours: bool) -> (Vec<u8>, Vec<f32>) {
    let grey = GrayImage::from_fn(W as u32, H as u32, |x, y| Luma([(x * 9 + y * 5) as u8]));
    let picture = if colours {
        let rgb = |x, y| Rgb([grey.get_pixel(x, y).0[0], 200, 90]);
        DynamicImage::ImageRgb8(RgbImage::from_fn(W as u32, H as u32, rgb))
    } else {
        DynamicImage::ImageLuma8(grey)
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let bytes = bytes.into_inner();
    let pixels = read(&bytes).pixels().to_vec();
    (bytes, pixels)
}

#[test]
fn jpegs_in_strips_with_their_tables_apart() {
    for colours in [false, true] {
        let (stream, pixels) = jpeg(colours);
        let tags = |compression: u64| {
            let tiff = Tiff::new(LITTLE, W, H).with(259, &[compression]);
            let bits: &[u64] = if colours { &[8, 8, 8] } else { &[8] };
            let samples = bits.len() as u64;
            tiff.with(258, bits).with(277, &[samples]).with(262, &[if colours { 6 } else { 1 }])
        };
        let name = format!("colours {colours}");
        near(&tags(7).strip(stream.clone()).bytes(), &pixels, &name);
        let (tables, rest) = bits::without_tables(&stream);
        let apart = tags(7).block(347, &tables).strip(rest.clone());
        near(&apart.bytes(), &pixels, &format!("{name}, tables apart"));
        near(&tags(6).strip(stream.clone()).bytes(), &pixels, &format!("{name}, old"));
        let whole = tags(6).pointer(513, stream.clone()).with(514, &[stream.len() as u64]);
        near(&whole.clone().strip(vec![0; 9]).bytes(), &pixels, &format!("{name}, one stream"));
        let header = tags(6).pointer(513, stream.clone()).with(514, &[20]).strip(vec![]);
        near(&header.bytes(), &pixels, &format!("{name}, a stream longer than said"));
        let cut = tags(7).strip(stream[..stream.len() - 9].to_vec());
        assert!(said(&cut.bytes()).contains("strip"), "{}", said(&cut.bytes()));
        let other = Tiff::new(LITTLE, W, H).with(259, &[7]).with(258, &[8]);
        if colours {
            let said = said(&other.strip(stream).bytes());
            assert!(said.contains("3 samples a pixel in a strip or tile, expected 1"), "{said}");
        }
    }
}

/// Old JPEGs as in section 22 of TIFF 6.0: tables in the directory, and strips of coded data alone.
#[test]
fn old_jpegs_with_tables_in_the_directory() {
    let (stream, pixels) = jpeg(false);
    let parts = bits::old_tables(&stream);
    let tiff =
        Tiff::new(LITTLE, W, H).with(258, &[8]).with(259, &[6]).with(262, &[1]).with(512, &[1]);
    let [quantisation, dc, ac, data] = parts;
    let tiff = tiff.pointer(519, quantisation).pointer(520, dc).pointer(521, ac).strip(data);
    near(&tiff.bytes(), &pixels, "old tables");
}

#[test]
fn the_colours_of_a_jpeg_are_those_that_the_directory_names() {
    let (stream, _) = jpeg(true);
    let of = |photometric: u64| {
        let tiff = Tiff::new(LITTLE, W, H).with(258, &[8, 8, 8]).with(277, &[3]).with(259, &[7]);
        read(&tiff.with(262, &[photometric]).strip(stream.clone()).bytes()).pixels().to_vec()
    };
    // Luminance taken for red, and so on, is another picture.
    let differ = of(2).iter().zip(of(6)).filter(|(a, b)| (*a - b).abs() > 0.02).count();
    assert!(differ > W * H / 2, "{differ}");
}

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
