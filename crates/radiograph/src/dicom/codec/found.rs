//! The compression of a frame, found by its bytes: a transfer syntax may name another.

use super::super::syntax::Codec;
use super::{END, SOI, codestream, jpeg_ls, lossless, segments};
use crate::raster::jpeg::is_frame;

/// The first bytes of a file of JPEG 2000, which some writers put around a code stream.
const BOX: [u8; 8] = [0, 0, 0, 12, b'j', b'P', b' ', b' '];

/// The codec of a frame of which these are the first bytes; none, if they tell nothing.
pub(in super::super) fn found(stream: &[u8]) -> Option<Codec> {
    if stream.starts_with(&SOI) {
        return segments(stream).find_map(|segment| match segment.marker {
            lossless::START_OF_FRAME => Some(Codec::JpegLossless),
            jpeg_ls::START_OF_FRAME => Some(Codec::JpegLs),
            marker => is_frame(marker).then_some(Codec::JpegDct),
        });
    }
    if is_rle(stream) {
        return Some(Codec::Rle);
    }
    if !stream.starts_with(&codestream::START) && !stream.starts_with(&BOX) {
        return None;
    }
    let kind = codestream::kind(codestream::from_start(stream)?)?;
    Some(match kind {
        _ if kind.high_throughput => Codec::HighThroughput,
        _ if kind.reversible => Codec::Jpeg2000Lossless,
        _ => Codec::Jpeg2000,
    })
}

/// Whether a fragment begins a frame, of which it need not hold more than the first bytes.
pub(in super::super) fn begins(fragment: &[u8]) -> bool {
    fragment.starts_with(&[SOI[0], SOI[1], 0xFF])
        || fragment.starts_with(&codestream::START)
        || fragment.starts_with(&BOX)
        || is_rle(fragment)
}

/// Whether a fragment may end a frame. RLE has no mark of its end.
pub(in super::super) fn ends(fragment: &[u8], codec: Codec) -> bool {
    let padding = fragment.iter().rev().take_while(|&&byte| byte == 0).count();
    codec == Codec::Rle || fragment[..fragment.len() - padding].ends_with(&END)
}

/// Whether bytes begin as RLE does (PS3.5 G.5): with the number of segments and where each begins,
/// the first behind this header.
fn is_rle(stream: &[u8]) -> bool {
    let Some(header) = stream.first_chunk::<64>() else { return false };
    let (numbers, _) = header.as_chunks::<4>();
    let numbers: Vec<usize> = numbers.iter().map(|&n| u32::from_le_bytes(n) as usize).collect();
    let (count, offsets) = (numbers[0], &numbers[1..]);
    let (Some(used), Some(unused)) = (offsets.get(..count), offsets.get(count..)) else {
        return false;
    };
    used.first() == Some(&64) && used.is_sorted() && unused.iter().all(|&offset| offset == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_tells_its_kind() {
        let frame = |marker: u8| {
            [&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0xFF, 0xC3, 0xFF, marker, 0, 3, 8][..], &END].concat()
        };
        let kinds = [0xC0, 0xC1, 0xC2, 0xC3, 0xF7, 0xC4].map(|marker| found(&frame(marker)));
        let dct = Some(Codec::JpegDct);
        assert_eq!(kinds, [dct, dct, dct, Some(Codec::JpegLossless), Some(Codec::JpegLs), None]);
        let mut rle = vec![0; 70];
        (rle[0], rle[4], rle[8]) = (2, 64, 67);
        assert_eq!(found(&rle), Some(Codec::Rle));
        rle[12] = 68;
        assert_eq!(found(&rle), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn fragments_begin_and_end_frames() {
        assert!(begins(&[0xFF, 0xD8, 0xFF]) && begins(&[0xFF, 0x4F, 0xFF, 0x51]) && begins(&BOX));
        assert!(!begins(&[0xFF, 0xD8, 0]) && !begins(&[]) && !begins(&[0; 64]));
        assert!(ends(&[1, 0xFF, 0xD9], Codec::JpegLs) && ends(&[0xFF, 0xD9, 0, 0], Codec::JpegDct));
        assert!(!ends(&[0xFF, 0xD9, 1], Codec::JpegLs) && !ends(&[], Codec::JpegLs));
        assert!(ends(&[7], Codec::Rle));
    }
}
