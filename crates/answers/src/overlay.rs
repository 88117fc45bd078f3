//! Saliency maps over radiographs, and pictures beside each other.

use anyhow::{Context, Result, bail};
use image::{GrayImage, Luma, Rgb, RgbImage, imageops};

/// Inferno, the perceptual colour map of matplotlib, at ten even steps from 0 to 1.
const COLOURS: [[u8; 3]; 10] = [
    [0, 0, 4],
    [27, 12, 65],
    [74, 12, 107],
    [120, 28, 109],
    [165, 44, 96],
    [207, 68, 70],
    [237, 105, 37],
    [251, 155, 6],
    [247, 209, 61],
    [252, 255, 164],
];
/// The share of the X-ray that the most salient point hides.
const OPACITY: f32 = 0.5;
/// The least range of values of a map that is drawn with full contrast. A smaller one is drawn as
/// nearly flat, so that noise does not look like a finding.
const LEAST_SPAN: f32 = 0.1;

/// The X-ray under its saliency map: the more salient, the more colour.
/// `saliency` is parallel to the pixels; colours run from its least to its most salient point.
///
/// # Errors
/// If the map has not one value for each pixel.
pub fn overlay(picture: &GrayImage, saliency: &[f32]) -> Result<RgbImage> {
    paint(picture, saliency, |grey, salient| {
        let opacity = OPACITY * salient;
        colour(salient)
            .map(|channel| (f32::from(channel) * opacity + f32::from(grey) * (1.0 - opacity)) as u8)
    })
}

/// The saliency map alone, in colour. Arguments as for [`overlay`].
///
/// # Errors
/// As for [`overlay`].
pub fn map_alone(picture: &GrayImage, saliency: &[f32]) -> Result<RgbImage> {
    paint(picture, saliency, |_, salient| colour(salient))
}

fn paint(
    picture: &GrayImage,
    saliency: &[f32],
    pixel: impl Fn(u8, f32) -> [u8; 3],
) -> Result<RgbImage> {
    let (width, height) = picture.dimensions();
    if saliency.len() != width as usize * height as usize {
        bail!(
            "a saliency map of {} values cannot lie over {width} × {height} pixels",
            saliency.len()
        );
    }
    let bytes =
        picture.as_raw().iter().zip(relative(saliency)).flat_map(|(&grey, s)| pixel(grey, s));
    RgbImage::from_raw(width, height, bytes.collect()).context("a picture is three bytes a pixel")
}

/// The saliency relative to its range: from 0 at the least salient point to at most 1 at the most
/// salient one.
pub fn relative(saliency: &[f32]) -> impl Iterator<Item = f32> {
    let least = saliency.iter().copied().fold(f32::INFINITY, f32::min);
    let most = saliency.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = (most - least).max(LEAST_SPAN);
    saliency.iter().map(move |s| (s - least) / span)
}

/// The colour of a value in 0..=1, between the two nearest steps of the colour map.
fn colour(value: f32) -> [u8; 3] {
    let position = value.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let step = (position as usize).min(COLOURS.len() - 2);
    let part = position - step as f32;
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(COLOURS[step][channel]), f32::from(COLOURS[step + 1][channel]));
        (from + (to - from) * part).round() as u8
    })
}

/// The gap between two pictures, in pixels.
const GAP: u32 = 8;
const BACKGROUND: Rgb<u8> = Rgb([24, 24, 24]);

/// Pictures below each other, with a gap of background between.
pub fn below(pictures: &[RgbImage]) -> RgbImage {
    let height: u32 =
        pictures.iter().map(|picture| picture.height() + GAP).sum::<u32>().saturating_sub(GAP);
    let width = pictures.iter().map(RgbImage::width).max().unwrap_or(0);
    let mut sheet = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut top = 0;
    for picture in pictures {
        imageops::replace(&mut sheet, picture, 0, i64::from(top));
        top += picture.height() + GAP;
    }
    sheet
}

/// Pictures of one height beside each other, with a gap of background between.
pub fn beside(pictures: &[RgbImage]) -> RgbImage {
    let width: u32 =
        pictures.iter().map(|picture| picture.width() + GAP).sum::<u32>().saturating_sub(GAP);
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(0);
    let mut sheet = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut left = 0;
    for picture in pictures {
        imageops::replace(&mut sheet, picture, i64::from(left), 0);
        left += picture.width() + GAP;
    }
    sheet
}

/// A grey picture in colour.
pub fn in_colour(picture: &GrayImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let Luma([grey]) = *picture.get_pixel(x, y);
        Rgb([grey; 3])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_salient_point_keeps_its_grey_and_the_most_salient_is_coloured() {
        let picture = GrayImage::from_pixel(2, 1, Luma([200]));
        let painted = overlay(&picture, &[0.2, 0.9]).unwrap();
        assert_eq!(painted.get_pixel(0, 0), &Rgb([200; 3]));
        let Rgb([red, _, blue]) = *painted.get_pixel(1, 0);
        assert!(red > blue + 30, "{red} {blue}");
    }

    #[test]
    fn a_flat_map_is_not_drawn_as_a_find() {
        let picture = GrayImage::from_pixel(2, 1, Luma([100]));
        assert_eq!(map_alone(&picture, &[0.5, 0.5]).unwrap().get_pixel(1, 0), &Rgb(COLOURS[0]));
        assert!(map_alone(&picture, &[0.5]).is_err());
    }

    #[test]
    fn the_colour_map_meets_its_steps() {
        assert_eq!(colour(0.0), COLOURS[0]);
        assert_eq!(colour(1.0), COLOURS[9]);
        assert_eq!(colour(1.0 / 3.0), COLOURS[3]);
    }

    #[test]
    fn pictures_lie_beside_each_other() {
        let sheet = beside(&[RgbImage::new(10, 20), RgbImage::new(5, 20)]);
        assert_eq!(sheet.dimensions(), (23, 20));
        assert_eq!(below(&[sheet, RgbImage::new(5, 20)]).dimensions(), (23, 48));
    }
}
