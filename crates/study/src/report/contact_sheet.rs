//! A contact sheet: one picture with a row for each query, its saliency map and first answers.

use answers::overlay;
use image::{GrayImage, Rgb, RgbImage, imageops};

/// The side of a tile, in pixels. A picture's longer side fills it.
pub(crate) const TILE: u32 = 128;
const GAP: u32 = 6;
const BACKGROUND: Rgb<u8> = Rgb([24, 24, 24]);
/// The colour of the line under an answer with exactly the query's labels.
const SAME_LABELS: Rgb<u8> = Rgb([86, 180, 120]);
const OTHER_LABELS: Rgb<u8> = Rgb([96, 96, 96]);

/// A query and its answers.
pub(crate) struct Row {
    /// The query.
    pub(crate) query: GrayImage,
    /// The query under its saliency map.
    pub(crate) map: RgbImage,
    /// The answers, nearest first, each with whether its labels are the query's.
    pub(crate) answers: Vec<(GrayImage, bool)>,
}

/// The rows below each other: query, map, a wider gap, answers with a line under each.
pub(crate) fn draw(rows: &[Row]) -> RgbImage {
    let columns = rows.iter().map(|row| row.answers.len()).max().unwrap_or(0) as u32 + 2;
    let (width, height) =
        (columns * (TILE + GAP) + 3 * GAP, rows.len() as u32 * (TILE + 2 * GAP) + GAP);
    let mut sheet = RgbImage::from_pixel(width, height, BACKGROUND);
    for (number, row) in (0..).zip(rows) {
        let top = GAP + number * (TILE + 2 * GAP);
        place(&mut sheet, &overlay::in_colour(&row.query), GAP, top);
        place(&mut sheet, &row.map, 2 * GAP + TILE, top);
        for (position, (answer, same)) in (2..).zip(&row.answers) {
            let left = position * (TILE + GAP) + 3 * GAP;
            place(&mut sheet, &overlay::in_colour(answer), left, top);
            let colour = if *same { SAME_LABELS } else { OTHER_LABELS };
            let line = RgbImage::from_pixel(TILE, 3, colour);
            imageops::replace(&mut sheet, &line, i64::from(left), i64::from(top + TILE + 1));
        }
    }
    sheet
}

/// Puts a picture in the middle of its tile.
fn place(sheet: &mut RgbImage, picture: &RgbImage, left: u32, top: u32) {
    let middle = |side: u32| i64::from((TILE - side.min(TILE)) / 2);
    let (x, y) =
        (i64::from(left) + middle(picture.width()), i64::from(top) + middle(picture.height()));
    imageops::replace(sheet, picture, x, y);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_has_its_tile() {
        let grey = |side| GrayImage::from_pixel(side, side, image::Luma([200]));
        let map = overlay::in_colour(&grey(TILE));
        let row = Row {
            query: grey(TILE),
            map,
            answers: vec![(grey(TILE), true), (grey(TILE / 2), false)],
        };
        let sheet = draw(&[row]);
        assert_eq!(sheet.dimensions(), (4 * (TILE + GAP) + 3 * GAP, TILE + 3 * GAP));
        let first = 2 * (TILE + GAP) + 3 * GAP;
        assert_eq!(*sheet.get_pixel(first, GAP), Rgb([200; 3]));
        assert_eq!(*sheet.get_pixel(first, GAP + TILE + 1), SAME_LABELS);
        assert_eq!(
            *sheet.get_pixel(first + TILE + GAP, GAP),
            BACKGROUND,
            "a small picture lies in the middle"
        );
    }
}
