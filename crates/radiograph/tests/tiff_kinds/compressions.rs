//! Strips and tiles under each compression.

use crate::tiff::{Tiff, bits, packed};
use crate::{ALL, H, LITTLE, W, expected, near, ramp, said};
use std::io::Write;

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
