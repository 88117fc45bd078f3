//! Bits, differences, tiles, and the parts of a JPEG.

/// Bytes of zeros and ones in text, filled with zeros.
pub(crate) fn of_text(text: &str) -> Vec<u8> {
    let bit = |(at, digit): (usize, &u8)| (digit - b'0') << (7 - at);
    text.as_bytes().chunks(8).map(|byte| byte.iter().enumerate().map(bit).sum()).collect()
}

/// Differences to the number before in a row, if `differ`.
pub(crate) fn differences(values: &[u64], width: usize, differ: bool, largest: u64) -> Vec<u64> {
    let before = |at: usize| if differ && !at.is_multiple_of(width) { values[at - 1] } else { 0 };
    (0..values.len()).map(|at| values[at].wrapping_sub(before(at)) & largest).collect()
}

/// Tiles of a picture, filled with zeros.
pub(crate) fn tiles(values: &[u64], width: usize, [columns, rows]: [usize; 2]) -> Vec<Vec<u64>> {
    let height = values.len() / width;
    let corners = (0..height.div_ceil(rows))
        .flat_map(|y| (0..width.div_ceil(columns)).map(move |x| (x * columns, y * rows)));
    let pixel =
        |x: usize, y: usize| if x < width && y < height { values[y * width + x] } else { 0 };
    corners
        .map(|(left, top)| {
            (0..rows)
                .flat_map(|y| (0..columns).map(move |x| pixel(left + x, top + y)))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Marker and bytes of each segment up to the start of the scan, and all from there on.
fn segments(stream: &[u8]) -> (Vec<(u8, &[u8])>, &[u8]) {
    let (mut at, mut segments) = (2, Vec::new());
    while stream[at + 1] != 0xDA {
        let end = at + 2 + usize::from(u16::from_be_bytes([stream[at + 2], stream[at + 3]]));
        segments.push((stream[at + 1], &stream[at..end]));
        at = end;
    }
    (segments, &stream[at..])
}

/// The tables of a JPEG as a stream of their own, and the stream without them.
pub(crate) fn without_tables(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (segments, scan) = segments(stream);
    let of = |tables: bool| -> Vec<u8> {
        let wanted = segments.iter().filter(|(marker, _)| [0xC4, 0xDB].contains(marker) == tables);
        wanted.flat_map(|(_, segment)| segment.to_vec()).collect()
    };
    let tables = [&[0xFF, 0xD8][..], &of(true), &[0xFF, 0xD9]].concat();
    (tables, [&[0xFF, 0xD8][..], &of(false), scan].concat())
}

/// The first table of each kind, and the coded data, of a JPEG of greys.
pub(crate) fn old_tables(stream: &[u8]) -> [Vec<u8>; 4] {
    let (segments, scan) = segments(stream);
    let (mut quantisation, mut huffman) = (None, [None, None]);
    for (marker, segment) in segments {
        match marker {
            0xDB => quantisation = quantisation.or(Some(segment[5..69].to_vec())),
            0xC4 => {
                let mut rest = &segment[4..];
                while let [class, table @ ..] = rest {
                    let length = 16 + table[..16].iter().map(|&n| usize::from(n)).sum::<usize>();
                    let slot = &mut huffman[usize::from(class >> 4)];
                    *slot = slot.take().or(Some(table[..length].to_vec()));
                    rest = &table[length..];
                }
            }
            _ => {}
        }
    }
    let [dc, ac] = huffman.map(|table| table.expect("a table"));
    let header = 2 + usize::from(u16::from_be_bytes([scan[2], scan[3]]));
    let data = scan[header..scan.len() - 2].to_vec();
    [quantisation.expect("a table"), dc, ac, data]
}
