//! The bytes of one frame among several, and how they are stored (PS3.5 8 and A.4).
//!
//! Bytes tell how a frame is compressed, where its transfer syntax says something else.

use super::attributes::wrong;
use super::codec::found;
use super::encoding::{Encoding, Photometric};
use super::fragments::{Fragments, Offsets};
use super::header::{Elements, PixelData};
use super::samples::Shape;
use super::syntax::Codec;
use crate::error::Result;
use std::borrow::Cow;

/// A frame as it lies in the file.
pub(super) struct Frame<'a> {
    pub(super) codec: Codec,
    /// What its samples mean, as they are stored.
    pub(super) photometric: Photometric,
    parts: Vec<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// Finds the frame of this number; the first is 0.
    pub(super) fn find(
        elements: &Elements<'a>,
        stated: Codec,
        encoding: &Encoding,
        shape: &Shape,
        frame: u32,
    ) -> Result<Self> {
        if frame >= shape.frames {
            let expected = "more than the number of the frame asked for, from 0";
            return Err(wrong("NumberOfFrames", &format!("{} frames", shape.frames), expected));
        }
        match &elements.pixels {
            None => Err(wrong("PixelData", "missing", "a picture")),
            Some(PixelData::Native { bytes, .. }) => match fragments(bytes, elements.order) {
                Some(PixelData::Encapsulated { offsets, fragments }) => {
                    let offsets = Offsets::of(elements, offsets);
                    Self::find_fragments(&fragments, &offsets, stated, encoding, shape, frame)
                }
                _ => Self::find_native(bytes, stated, encoding, shape, frame),
            },
            Some(PixelData::Encapsulated { offsets, fragments }) => {
                let total = fragments.iter().map(|(_, part)| part.len()).sum();
                let photometric = stored(total, encoding, shape);
                let needed = native_bytes(encoding, photometric, shape);
                let offsets = Offsets::of(elements, offsets);
                let parts = Fragments { fragments, codec: stated, needed }.frame(
                    &offsets,
                    frame,
                    shape.frames,
                )?;
                let length = parts.iter().map(|part| part.len()).sum();
                Ok(Self {
                    codec: compression(parts[0], length, stated, needed),
                    photometric,
                    parts,
                })
            }
        }
    }

    fn find_native(
        bytes: &'a [u8],
        stated: Codec,
        encoding: &Encoding,
        shape: &Shape,
        frame: u32,
    ) -> Result<Self> {
        let photometric = stored(bytes.len(), encoding, shape);
        let needed = native_bytes(encoding, photometric, shape);
        let all = needed.saturating_mul(shape.frames as usize);
        // A stream that nothing is put around.
        if let Some(codec) = found(bytes).filter(|_| shape.frames == 1 && bytes.len() < all) {
            return Ok(Self { codec, photometric, parts: vec![bytes] });
        }
        if stated != Codec::Native && bytes.len() != all.next_multiple_of(2) {
            let expected = "compressed, as the transfer syntax says";
            return Err(wrong("PixelData", "uncompressed", expected));
        }
        let start = needed.saturating_mul(frame as usize);
        // With the byte that pads an odd number of them: of bytes swapped in pairs the last lies
        // there.
        let end = start.saturating_add(needed);
        let part = bytes.get(start..end.next_multiple_of(2)).or_else(|| bytes.get(start..end));
        let part = part.ok_or_else(|| {
            let expected =
                "Rows × Columns × SamplesPerPixel × BitsAllocated / 8 bytes a frame at least";
            wrong("PixelData", &format!("{} bytes", bytes.len()), expected)
        })?;
        Ok(Self { codec: Codec::Native, photometric, parts: vec![part] })
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Cow<'a, [u8]> {
        match self.parts[..] {
            [whole] => Cow::Borrowed(whole),
            _ => Cow::Owned(self.parts.concat()),
        }
    }
}

/// Bytes of an uncompressed frame.
pub(super) fn native_bytes(encoding: &Encoding, photometric: Photometric, shape: &Shape) -> usize {
    let samples = match photometric {
        // Two pixels share four.
        Photometric::Ybr422 => 2 * shape.pixels(),
        _ => encoding.samples() * shape.pixels(),
    };
    (samples * encoding.allocated as usize).div_ceil(8)
}

/// What samples mean that take so many bytes in all frames. Some writers say that colours are
/// halved, and store all of them.
fn stored(bytes: usize, encoding: &Encoding, shape: &Shape) -> Photometric {
    let full = encoding.photometric.full();
    let all = native_bytes(encoding, full, shape).saturating_mul(shape.frames as usize);
    if bytes.next_multiple_of(2) == all.next_multiple_of(2) { full } else { encoding.photometric }
}

/// The codec of a frame of so many bytes in fragments, of which this is the first.
fn compression(first: &[u8], length: usize, stated: Codec, needed: usize) -> Codec {
    match (found(first), stated) {
        // Pixels may begin as a stream does.
        (_, Codec::EncapsulatedNative)
            if length.next_multiple_of(2) == needed.next_multiple_of(2) =>
        {
            stated
        }
        // What is reversible may still be cut, and ring at edges.
        (Some(Codec::Jpeg2000Lossless), Codec::Jpeg2000) => stated,
        (Some(codec), _) => codec,
        (None, Codec::Native) => Codec::EncapsulatedNative,
        (None, _) => stated,
    }
}
