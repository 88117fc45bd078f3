//! The way up that a raster file asks for (TIFF 6.0, Orientation; EXIF has the same).
//!
//! Cameras, telephones and scanners store rows as the sensor gave them, and a number that says how
//! to turn the picture. Viewers turn it. So radiographs are turned here, before any other step:
//! their sides, thumbnails, codes and boxes are those of the upright picture.

use super::tiff::ORIENTATION;
use super::tiff::directory::File;

/// The bytes that some writers put before the block.
const PREFIX: &[u8] = b"Exif\0\0";

/// The orientation that an EXIF block states, from 1 to 8.
pub(super) fn of_exif(block: &[u8]) -> Option<u64> {
    let block = block.strip_prefix(PREFIX).unwrap_or(block);
    File::open(block)?.first().ok()?.value(ORIENTATION).ok()?
}

/// Turns a picture upright. Returns its sides and pixels; numbers that are no orientation leave it
/// as it is.
pub(super) fn upright(
    orientation: u64,
    [width, height]: [u32; 2],
    pixels: Vec<f32>,
) -> ([u32; 2], Vec<f32>) {
    let sides = if (5..=8).contains(&orientation) { [height, width] } else { [width, height] };
    let (w, h) = (width as usize, height as usize);
    // Where the upright picture's pixel at x and y is stored.
    let stored: fn(usize, usize, usize, usize) -> (usize, usize) = match orientation {
        2 => |x, y, w, _| (w - 1 - x, y),
        3 => |x, y, w, h| (w - 1 - x, h - 1 - y),
        4 => |x, y, _, h| (x, h - 1 - y),
        5 => |x, y, _, _| (y, x),
        6 => |x, y, _, h| (y, h - 1 - x),
        7 => |x, y, w, h| (w - 1 - y, h - 1 - x),
        8 => |x, y, w, _| (w - 1 - y, x),
        _ => return (sides, pixels),
    };
    let mut turned = Vec::with_capacity(pixels.len());
    for y in 0..sides[1] as usize {
        turned.extend((0..sides[0] as usize).map(|x| {
            let (x, y) = stored(x, y, w, h);
            pixels[y * w + x]
        }));
    }
    (sides, turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with this orientation, as a value of this type, in either order of bytes.
    fn block(big: bool, kind: u16, orientation: u8) -> Vec<u8> {
        let order: &[u8] = if big { b"MM" } else { b"II" };
        let short = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let long = |n: u16| if big { [[0, 0], short(n)] } else { [short(n), [0, 0]] }.concat();
        let value = match (kind, big) {
            (4, true) => [0, 0, 0, orientation],
            (3, true) => [0, orientation, 0, 0],
            _ => [orientation, 0, 0, 0],
        };
        [
            order,
            &short(42),
            &long(8),
            &short(1),
            &short(274),
            &short(kind),
            &long(1),
            &value,
            &[0; 4],
        ]
        .concat()
    }

    #[test]
    fn blocks_of_either_order_are_read() {
        for big in [false, true] {
            for kind in [1, 3, 4] {
                let block = block(big, kind, 6);
                assert_eq!(of_exif(&block), Some(6), "{big} {kind}");
                assert_eq!(of_exif(&[PREFIX, &block].concat()), Some(6));
                (0..block.len()).for_each(|length| _ = of_exif(&block[..length]));
            }
        }
        assert_eq!(of_exif(b"Exif\0\0"), None);
    }

    #[test]
    fn every_orientation_turns_its_own_way() {
        // Stored rows 1 2 3 and 4 5 6; the first row and column lie as TIFF 6.0 says.
        let stored: Vec<f32> = (1..=6).map(|n| n as f32).collect();
        for (orientation, sides, expected) in [
            (1, [3, 2], [1, 2, 3, 4, 5, 6]),
            (2, [3, 2], [3, 2, 1, 6, 5, 4]),
            (3, [3, 2], [6, 5, 4, 3, 2, 1]),
            (4, [3, 2], [4, 5, 6, 1, 2, 3]),
            (5, [2, 3], [1, 4, 2, 5, 3, 6]),
            (6, [2, 3], [4, 1, 5, 2, 6, 3]),
            (7, [2, 3], [6, 3, 5, 2, 4, 1]),
            (8, [2, 3], [3, 6, 2, 5, 1, 4]),
            (0, [3, 2], [1, 2, 3, 4, 5, 6]),
            (9, [3, 2], [1, 2, 3, 4, 5, 6]),
        ] {
            let (got, pixels) = upright(orientation, [3, 2], stored.clone());
            assert_eq!(
                (got, pixels),
                (sides, expected.map(|n| n as f32).to_vec()),
                "{orientation}"
            );
        }
    }
}
