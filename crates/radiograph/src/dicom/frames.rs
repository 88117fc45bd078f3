//! The bytes of one frame among several, and how they are stored (PS3.5 8 and A.4).
//!
//! If the bytes of a frame contradict its transfer syntax, they tell how it is compressed.

use super::attributes::wrong;
use super::codec::found;
use super::encoding::{Encoding, Photometric};
use super::fragments::{Fragments, Offsets};
use super::header::{Elements, PixelData, fragments};
use super::shape::Shape;
use super::syntax::Codec;
use crate::error::Result;
use crate::warning::Warnings;
use std::borrow::Cow;

/// A frame as it lies in the file.
pub(super) struct Frame<'a> {
    pub(super) codec: Codec,
    /// The meaning of its samples as they are stored.
    pub(super) photometric: Photometric,
    parts: Vec<&'a [u8]>,
}

impl<'a> Frame<'a> {
    /// Finds the frame that is asked for.
    pub(super) fn find(
        elements: &Elements<'a>,
        stated: Codec,
        encoding: &Encoding,
        shape: &Shape,
        warnings: &mut Warnings,
    ) -> Result<Self> {
        if shape.frame >= shape.frames {
            let expected = "more than the number of the frame asked for, from 0";
            return Err(wrong("NumberOfFrames", &format!("{} frames", shape.frames), expected));
        }
        let search = Search { elements, stated, encoding, shape };
        let found = match &elements.pixels {
            None => return Err(wrong("PixelData", "missing", "a picture")),
            Some(PixelData::Native { bytes, .. }) => match fragments(bytes, elements.order) {
                Some(inside) => search.fragments(&inside, warnings),
                None => search.native(bytes),
            },
            Some(PixelData::Encapsulated(inside)) => search.fragments(inside, warnings),
        }?;
        found.warn(stated, encoding, warnings);
        Ok(found)
    }

    /// Warns of what its file does not say of it as it is.
    fn warn(&self, stated: Codec, encoding: &Encoding, warnings: &mut Warnings) {
        if self.codec.name() != stated.name() {
            let read = format!("it was read as {}", self.codec.name());
            let got = format!("one of {}", stated.name());
            warnings.add("TransferSyntaxUID", got, "one of how the frame is compressed", read);
        }
        if self.photometric != encoding.photometric {
            let expected = "YBR_FULL, as all samples are stored";
            let assumed = "that was assumed";
            warnings.add("PhotometricInterpretation", "YBR_FULL_422", expected, assumed);
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Cow<'a, [u8]> {
        match self.parts[..] {
            [whole] => Cow::Borrowed(whole),
            _ => Cow::Owned(self.parts.concat()),
        }
    }
}

/// Search for a frame, with what its file says of all of them.
struct Search<'s, 'a> {
    elements: &'s Elements<'a>,
    stated: Codec,
    encoding: &'s Encoding,
    shape: &'s Shape,
}

impl<'a> Search<'_, 'a> {
    /// Finds the frame in compressed Pixel Data.
    fn fragments(
        &self,
        inside: &dicom::Fragments<'a>,
        warnings: &mut Warnings,
    ) -> Result<Frame<'a>> {
        let fragments = &inside.fragments[..];
        let (photometric, needed) = self.stored(fragments.iter().map(|(_, part)| part.len()).sum());
        let offsets = Offsets::of(self.elements, inside.offsets);
        let parts = Fragments { fragments, codec: self.stated, needed }
            .frame(&offsets, self.shape, warnings)?;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let codec = match (found(parts[0]), self.stated) {
            // Pixels may begin as a stream does.
            (_, Codec::EncapsulatedNative) if padded(length) == padded(needed) => self.stated,
            // What is reversible may still be cut, and ring at edges.
            (Some(Codec::Jpeg2000Lossless), Codec::Jpeg2000) => self.stated,
            (Some(codec), _) => codec,
            (None, Codec::Native) => Codec::EncapsulatedNative,
            (None, _) => self.stated,
        };
        Ok(Frame { codec, photometric, parts })
    }

    /// Finds the frame in uncompressed Pixel Data.
    fn native(&self, bytes: &'a [u8]) -> Result<Frame<'a>> {
        let (photometric, needed) = self.stored(bytes.len());
        let all = needed.saturating_mul(self.shape.frames as usize);
        // A stream that nothing is put around.
        if let Some(codec) = found(bytes).filter(|_| self.shape.frames == 1 && bytes.len() < all) {
            return Ok(Frame { codec, photometric, parts: vec![bytes] });
        }
        if self.stated != Codec::Native && bytes.len() != padded(all) {
            let expected = "compressed, as the transfer syntax says";
            return Err(wrong("PixelData", "uncompressed", expected));
        }
        let start = needed.saturating_mul(self.shape.frame as usize);
        // With the byte that pads an odd number of them: of bytes swapped in pairs the last lies
        // there.
        let end = start.saturating_add(needed);
        let part = bytes.get(start..padded(end)).or_else(|| bytes.get(start..end));
        let part = part.ok_or_else(|| {
            let expected =
                "Rows × Columns × SamplesPerPixel × BitsAllocated / 8 bytes a frame at least";
            wrong("PixelData", &format!("{} bytes", bytes.len()), expected)
        })?;
        Ok(Frame { codec: Codec::Native, photometric, parts: vec![part] })
    }
    /// Returns the meaning of the samples, and the bytes of one frame, where all frames have
    /// `bytes`. Some writers state halved colours, and store all of them.
    fn stored(&self, bytes: usize) -> (Photometric, usize) {
        let (stated, full) = (self.encoding.photometric, self.encoding.photometric.full());
        let [stated_bytes, full_bytes] =
            [stated, full].map(|photometric| native_bytes(self.encoding, photometric, self.shape));
        let all = full_bytes.saturating_mul(self.shape.frames as usize);
        if padded(bytes) == padded(all) { (full, full_bytes) } else { (stated, stated_bytes) }
    }
}

/// Bytes with the one that makes their number even.
fn padded(bytes: usize) -> usize {
    bytes.saturating_add(bytes % 2)
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
