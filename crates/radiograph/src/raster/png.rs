//! Bounds on what a PNG asks for, read from its chunks (PNG, third edition) before a decoder makes
//! room for it.

use crate::error::{Error, Result};

/// Bytes that one byte of deflate can stand for (RFC 1951: a run of 258 takes two bits), rounded
/// up.
const INFLATED: u64 = 1_040;

/// Checks that a file's picture data can hold the picture that its header claims, and that its
/// palette has whole colours.
///
/// # Errors
/// [`Error::Raster`]. What else is wrong is for the decoder to tell.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    check_palette(bytes)?;
    check_size(bytes)
}

/// Checks a palette, which the decoder takes for sound: three bytes a colour, 256 at most, and no
/// more transparencies than colours.
fn check_palette(bytes: &[u8]) -> Result<()> {
    const INDEXED: u8 = 3;
    if bytes.get(25) != Some(&INDEXED) {
        return Ok(());
    }
    let mut colours = 0;
    for (name, data) in chunks(bytes) {
        let length = data.len();
        let is_sound = match &name {
            b"PLTE" => length.is_multiple_of(3) && (1..=256).contains(&(length / 3)),
            b"tRNS" => length <= colours,
            _ => continue,
        };
        if !is_sound {
            let name = name.escape_ascii();
            let expected = "1 to 256 colours of 3 bytes, and no more transparencies";
            let reason = format!("chunk {name} has {length} bytes, expected {expected}");
            return Err(Error::Raster { format: "PNG", reason });
        }
        colours = colours.max(length / 3);
    }
    Ok(())
}

fn check_size(bytes: &[u8]) -> Result<()> {
    let Some(&header) = bytes.get(16..26).and_then(<[u8]>::first_chunk::<10>) else {
        return Ok(());
    };
    let [w3, w2, w1, w0, h3, h2, h1, h0, depth, colour] = header;
    let side = |bytes| u64::from(u32::from_be_bytes(bytes));
    let (width, height) = (side([w3, w2, w1, w0]), side([h3, h2, h1, h0]));
    let samples = match colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    // The least: filters take a byte a row, and the rows of an interlaced picture end in whole
    // bytes.
    let needed = height.saturating_mul(width.saturating_mul(samples * u64::from(depth)) / 8);
    let there = picture_bytes(bytes);
    if needed > there.saturating_mul(INFLATED) {
        let reason = format!("{there} bytes of picture data cannot hold {width}×{height} pixels");
        return Err(Error::Raster { format: "PNG", reason });
    }
    Ok(())
}

/// Sums the bytes in the chunks IDAT.
fn picture_bytes(bytes: &[u8]) -> u64 {
    chunks(bytes).filter(|(name, _)| name == b"IDAT").map(|(_, data)| data.len() as u64).sum()
}

/// The EXIF block of a file, if there is one; it may come after the picture.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    chunks(bytes).find(|(name, _)| name == b"eXIf").map(|(_, data)| data)
}

/// Names and data of the chunks, the last one's as far as they are there.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let &[a, b, c, d, w, x, y, z, ref data @ ..] = rest else { return None };
        let length = (u32::from_be_bytes([a, b, c, d]) as usize).min(data.len());
        let (data, after) = data.split_at(length);
        // Four bytes of checksum.
        rest = after.get(4..).unwrap_or_default();
        Some(([w, x, y, z], data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture without checksums, with so many bytes of picture data in two chunks.
    fn file([width, height]: [u32; 2], depth: u8, colour: u8, data: usize) -> Vec<u8> {
        let chunk = |name: &[u8; 4], data: &[u8]| {
            [&(data.len() as u32).to_be_bytes()[..], name, data, &[0; 4]].concat()
        };
        let header =
            [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
        let (first, second) = (data / 2, data - data / 2);
        let data = [first, second].map(|length| chunk(b"IDAT", &vec![0; length])).concat();
        [&b"\x89PNG\r\n\x1A\n"[..], &chunk(b"IHDR", &header), &data, &chunk(b"IEND", &[])].concat()
    }

    #[test]
    fn what_the_bytes_cannot_hold_is_refused() {
        assert!(check(&file([1_000, 1_000], 8, 0, 1_000)).is_ok());
        assert!(check(&file([1_000, 1_000], 1, 0, 125)).is_ok());
        for (sides, depth, colour) in
            [([1_100, 1_000], 8, 0), ([1_000, 1_000], 16, 0), ([1_000, 1_000], 8, 6)]
        {
            let said = check(&file(sides, depth, colour, 1_000)).unwrap_err().to_string();
            assert!(said.contains("1000 bytes of picture data cannot hold"), "{said}");
        }
        assert!(check(&file([u32::MAX; 2], 16, 6, 9)).is_err());
        assert!(check(b"\x89PNG").is_ok(), "is for the decoder to tell");
    }

    #[test]
    fn a_palette_has_whole_colours() {
        let plain = file([1, 1], 8, 3, 9);
        let with = |palette: usize, transparencies: usize| {
            let chunks = [
                (palette as u32).to_be_bytes().to_vec(),
                [b"PLTE", &vec![0; palette][..], &[0; 4]].concat(),
                (transparencies as u32).to_be_bytes().to_vec(),
                [b"tRNS", &vec![0; transparencies][..], &[0; 4]].concat(),
            ];
            check(&[&plain[..33], &chunks.concat(), &plain[33..]].concat())
        };
        for (palette, transparencies) in [(3, 0), (3, 1), (768, 256)] {
            assert!(with(palette, transparencies).is_ok(), "{palette}, {transparencies}");
        }
        for (palette, transparencies) in [(0, 0), (52, 0), (771, 0), (6, 3)] {
            let said = with(palette, transparencies).unwrap_err().to_string();
            assert!(said.contains("expected 1 to 256 colours"), "{said}");
        }
    }

    #[test]
    fn exif_is_found_after_the_picture_too() {
        let plain = file([1, 1], 8, 0, 9);
        let block = b"\0\0\0\x03eXIfMM*\0\0\0\0";
        let end = plain.len() - 12;
        for at in [33, end] {
            let with = [&plain[..at], block, &plain[at..]].concat();
            assert_eq!(exif(&with), Some(&b"MM*"[..]));
            (0..with.len()).for_each(|length| _ = exif(&with[..length]));
        }
        assert_eq!(exif(&plain), None);
    }
}
