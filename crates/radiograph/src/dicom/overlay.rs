//! Overlay planes (PS3.3 C.9.2): drawings of one bit a pixel, apart from the picture or in unused
//! bits of its words.

use super::header::Elements;
use super::shape::Shape;
use dicom_core::Tag;

/// The first of the sixteen groups; they are two apart.
const FIRST_GROUP: u16 = 0x6000;

/// Draws the overlays of a frame in white. One that does not fit its sides is left out: it is no
/// part of the picture.
pub(super) fn draw(elements: &Elements, shape: &Shape, words: &[u16], pixels: &mut [f32]) {
    for group in (0..16).map(|number| FIRST_GROUP + 2 * number) {
        let number = |element| elements.short(Tag(group, element));
        let Some((rows, columns)) = number(0x10).zip(number(0x11)) else { continue };
        let plane = Plane { group, rows: rows.into(), columns: columns.into() };
        match elements.bytes(Tag(group, 0x3000)) {
            Some(bits) => plane.draw_bits(elements, shape, bits, pixels),
            None => draw_embedded(number(0x102), words, pixels),
        }
    }
}

struct Plane {
    group: u16,
    rows: usize,
    columns: usize,
}

impl Plane {
    fn draw_bits(&self, elements: &Elements, shape: &Shape, bits: &[u8], pixels: &mut [f32]) {
        // The origin counts from 1, and may lie outside of the picture.
        let mut origin = elements.shorts(Tag(self.group, 0x50)).map(|n| i64::from(n as i16) - 1);
        let (top, left) = (origin.next().unwrap_or(0), origin.next().unwrap_or(0));
        let planes = elements.decimal(Tag(self.group, 0x15)).unwrap_or(1.0) as usize;
        let frame = shape.frame as usize;
        let first = if planes > frame { frame * self.rows * self.columns } else { 0 };
        for at in 0..self.rows * self.columns {
            let bit = first + at;
            let Some(byte) = bits.get(bit / 8) else { return };
            let (x, y) = (left + (at % self.columns) as i64, top + (at / self.columns) as i64);
            let inside = (0..i64::from(shape.columns)).contains(&x)
                && (0..i64::from(shape.rows)).contains(&y);
            if byte >> (bit % 8) & 1 == 1 && inside {
                pixels[y as usize * shape.columns as usize + x as usize] = 1.0;
            }
        }
    }
}

/// PS3.3 C.9.2.1.1 as it was: the overlay is one of the bits beside those stored.
fn draw_embedded(position: Option<u16>, words: &[u16], pixels: &mut [f32]) {
    let Some(position) = position.filter(|bit| (1..16).contains(bit)) else { return };
    for (pixel, _) in pixels.iter_mut().zip(words).filter(|(_, word)| *word >> position & 1 == 1) {
        *pixel = 1.0;
    }
}
