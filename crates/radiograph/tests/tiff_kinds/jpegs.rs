//! JPEG within TIFF.

use crate::tiff::{Tiff, bits};
use crate::{H, LITTLE, W, near, read, said};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use std::io::Cursor;

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
