//! The bytes of one frame among several (PS3.5 8 and A.4).

use super::attributes::wrong;
use super::header::{Elements, PixelData};
use super::samples::Shape;
use super::syntax::Codec;
use crate::error::Result;
use dicom_dictionary_std::tags;
use std::borrow::Cow;

/// The bytes of the frame `frame` (the first is 0) of `frames`.
pub(super) fn stream<'a>(
    fragments: &[(u64, &'a [u8])],
    offsets: &Offsets,
    frame: u32,
    frames: u32,
) -> Result<Cow<'a, [u8]>> {
    let range = match () {
        () if frames == 1 => 0..fragments.len(),
        () if offsets.0.len() == frames as usize => offsets.range(fragments, frame),
        () if fragments.len() == frames as usize => frame as usize..frame as usize + 1,
        () => {
            let got = format!(
                "{} fragments for {frames} frames without an offset table",
                fragments.len()
            );
            return Err(wrong("PixelData", &got, "a table, or one fragment a frame"));
        }
    };
    match fragments.get(range).unwrap_or_default() {
        [] => Err(wrong("PixelData", "empty", "a compressed frame")),
        [(_, whole)] => Ok(Cow::Borrowed(whole)),
        parts => Ok(Cow::Owned(parts.iter().flat_map(|(_, part)| *part).copied().collect())),
    }
}

/// Where frames begin, as distances from the first fragment: of the extended table, or of the basic
/// one.
pub(super) struct Offsets(Vec<u64>);

impl Offsets {
    pub(super) fn of(elements: &Elements, basic: &[u8]) -> Self {
        let (extended, _) =
            elements.bytes(tags::EXTENDED_OFFSET_TABLE).unwrap_or_default().as_chunks();
        let extended: Vec<u64> = extended.iter().map(|&bytes| u64::from_le_bytes(bytes)).collect();
        let (basic, _) = basic.as_chunks();
        let basic = basic.iter().map(|&bytes| u32::from_le_bytes(bytes).into()).collect();
        Self(if extended.is_empty() { basic } else { extended })
    }

    /// The fragments from where a frame begins to where the next one does.
    fn range(&self, fragments: &[(u64, &[u8])], frame: u32) -> std::ops::Range<usize> {
        let at = |frame: usize| match self.0.get(frame) {
            Some(&offset) => fragments.partition_point(|&(distance, _)| distance < offset),
            None => fragments.len(),
        };
        at(frame as usize)..at(frame as usize + 1)
    }
}

/// Bytes of one frame, as they lie in the file, and whether its bytes lie swapped in pairs.
pub(super) fn bytes<'a>(
    elements: &Elements<'a>,
    codec: Codec,
    shape: &Shape,
    needed: usize,
) -> Result<Cow<'a, [u8]>> {
    match (codec, &elements.pixels) {
        (_, None) => Err(wrong("PixelData", "missing", "a picture")),
        (Codec::Native, Some(PixelData::Native { bytes, .. })) => {
            let start = needed.saturating_mul(shape.frame as usize);
            // With the byte that pads an odd number of them: of bytes swapped in pairs the last
            // lies there.
            let end = start.saturating_add(needed);
            let frame = bytes.get(start..end.next_multiple_of(2)).or_else(|| bytes.get(start..end));
            frame.map(Cow::Borrowed).ok_or_else(|| {
                let expected =
                    "Rows × Columns × SamplesPerPixel × BitsAllocated / 8 bytes a frame at least";
                wrong("PixelData", &format!("{} bytes", bytes.len()), expected)
            })
        }
        (Codec::Native, _) => {
            Err(wrong("PixelData", "compressed", "uncompressed, as the transfer syntax says"))
        }
        (_, Some(PixelData::Encapsulated { offsets, fragments })) => {
            stream(fragments, &Offsets::of(elements, offsets), shape.frame, shape.frames)
        }
        _ => Err(wrong("PixelData", "uncompressed", "compressed, as the transfer syntax says")),
    }
}
