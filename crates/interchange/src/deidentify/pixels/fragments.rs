//! Fragments of compressed frames (PS3.5 A.4): taken apart, scrubbed, and put together again.

use std::ops::Range;

use dicom::{Layout, Reader};

use super::stream::{Stream, wrong};
use super::{Compression, Shape, jpeg, jpeg2000, rle};
use crate::error::Result;

/// Bytes of an item's header.
const ITEM_HEADER: usize = 8;

/// Compressed frames in their fragments.
pub(in crate::deidentify) struct Fragments {
    stream: Stream,
    /// The end of each fragment in the stream.
    ends: Vec<usize>,
    /// The first fragment of each frame.
    frames: Vec<usize>,
    /// Whether the basic offset table is written; else it is empty.
    with_offsets: bool,
}

/// Scrubs compressed Pixel Data: its value is an item with the offset table, then one for each
/// fragment.
///
/// # Errors
/// If the frames do not parse, or their transfer syntax is not one that can be scrubbed.
pub(in crate::deidentify) fn scrub(
    value: &[u8],
    layout: Layout,
    transfer_syntax: &str,
    shape: &Shape,
) -> Result<Fragments> {
    let (offsets, mut fragments) = read(value, layout)?;
    let compression = Compression::found(&fragments.stream.bytes, transfer_syntax);
    let compression = compression.ok_or_else(|| wrong("its transfer syntax cannot be scrubbed"))?;
    match compression {
        Compression::Jpeg => fragments.walk(shape, jpeg::scrub)?,
        Compression::Jpeg2000 => fragments.walk(shape, jpeg2000::scrub)?,
        Compression::Rle | Compression::Plain => {
            fragments.frames = fragments.by_offsets(&offsets, shape.frames)?;
            for frame in fragments.ranges() {
                match compression {
                    Compression::Rle => rle::scrub(&mut fragments.stream, frame, shape)?,
                    _ => {
                        let stored = Shape { frames: 1, ..*shape }.stored(frame.len());
                        let end = frame.start.saturating_add(stored.bytes(1));
                        fragments.stream.blank(end..frame.end);
                    }
                }
            }
        }
    }
    let frames = fragments.frames.len();
    // Readers need no table for one frame, or for frames of one fragment each.
    fragments.with_offsets = !offsets.is_empty() || frames > 1 && frames != fragments.ends.len();
    Ok(fragments)
}

/// The offset table, and the fragments one after the other.
fn read(value: &[u8], layout: Layout) -> Result<(Vec<usize>, Fragments)> {
    let encapsulated = Reader::new(value, 0, layout).fragments()?;
    let (table, _) = encapsulated.offsets.as_chunks();
    let offsets = table.iter().map(|&offset| u32::from_le_bytes(offset) as usize).collect();
    let (mut bytes, mut ends) = (Vec::with_capacity(value.len()), Vec::new());
    for (_, fragment) in encapsulated.fragments {
        bytes.extend(fragment);
        ends.push(bytes.len());
    }
    let stream = Stream { bytes, blanked: 0 };
    Ok((offsets, Fragments { stream, ends, frames: Vec::new(), with_offsets: false }))
}

impl Fragments {
    /// Scrubs frames whose streams say where they end: `scrub` takes the start of one and returns
    /// its end. The rest of a frame's last fragment is blanked, and fragments after the last frame
    /// are left out.
    fn walk(
        &mut self,
        shape: &Shape,
        scrub: impl Fn(&mut Stream, usize) -> Result<usize>,
    ) -> Result<()> {
        let mut fragment = 0;
        while fragment < self.ends.len() && self.frames.len() < shape.frames as usize {
            let start = self.start(fragment);
            let end = scrub(&mut self.stream, start)?;
            let last = self.ends.partition_point(|&ends| ends < end);
            let next = self.start(last + 1);
            self.stream.blank(end..next);
            self.frames.push(fragment);
            fragment = last + 1;
        }
        let used = self.start(fragment);
        self.stream.blank(used..self.stream.bytes.len());
        self.stream.bytes.truncate(used);
        self.ends.truncate(fragment);
        Ok(())
    }

    /// The first fragment of each frame, where streams do not say it: all fragments are of one
    /// frame, or each is one, or the offset table says it.
    fn by_offsets(&self, offsets: &[usize], frames: u32) -> Result<Vec<usize>> {
        let count = self.ends.len();
        match frames as usize {
            1 => Ok(vec![0]),
            frames if frames == count => Ok((0..count).collect()),
            frames if frames == offsets.len() => {
                let starts: Vec<usize> = (0..count).map(|fragment| self.offset(fragment)).collect();
                let first = |offset: &usize| starts.binary_search(offset).ok();
                let firsts = offsets.iter().map(first).collect::<Option<Vec<_>>>();
                let firsts =
                    firsts.filter(|firsts| firsts.first() == Some(&0) && firsts.is_sorted());
                firsts.ok_or_else(|| wrong("its offset table points beside its fragments"))
            }
            _ => Err(wrong("it has no offset table, and not one fragment a frame")),
        }
    }

    /// The range of each frame in the stream.
    fn ranges(&self) -> Vec<Range<usize>> {
        let end = |frame: usize| {
            self.frames.get(frame + 1).map_or(self.stream.bytes.len(), |&next| self.start(next))
        };
        self.frames
            .iter()
            .enumerate()
            .map(|(frame, &first)| self.start(first)..end(frame))
            .collect()
    }

    /// The start of a fragment in the stream; the end of the stream, if there is no such fragment.
    fn start(&self, fragment: usize) -> usize {
        let before = fragment.checked_sub(1).map(|before| self.ends.get(before).copied());
        before.map_or(0, |end| end.unwrap_or(self.stream.bytes.len()))
    }

    /// The distance of a fragment's item from the first fragment's; it grows with the fragment.
    fn offset(&self, fragment: usize) -> usize {
        self.start(fragment) + fragment * ITEM_HEADER
    }

    /// The value of the first item: the basic offset table, or nothing.
    pub(in crate::deidentify) fn offset_table(&self) -> Vec<u8> {
        let offsets = self
            .frames
            .iter()
            .filter(|_| self.with_offsets)
            .map(|&first| self.offset(first) as u32);
        offsets.flat_map(u32::to_le_bytes).collect()
    }

    /// The values of the other items.
    pub(in crate::deidentify) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len())
            .map(|fragment| &self.stream.bytes[self.start(fragment)..self.ends[fragment]])
    }

    /// The number of bytes that were no zeros, and are now.
    pub(in crate::deidentify) fn blanked(&self) -> u64 {
        self.stream.blanked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::uids;

    const JPEG: &str = "1.2.840.10008.1.2.4.50";
    const PLAIN: &str = "1.2.840.10008.1.2.1.98";

    fn scrubbed(
        syntax: &str,
        frames: u32,
        offsets: &[u32],
        fragments: &[&[u8]],
    ) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
        let table: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let item = |bytes: &[u8]| {
            [&[0xFE, 0xFF, 0, 0xE0][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
        };
        let value: Vec<u8> =
            std::iter::once(&table[..]).chain(fragments.iter().copied()).flat_map(item).collect();
        let shape =
            Shape { rows: 2, columns: 2, samples: 1, allocated: 8, frames, subsampled: false };
        let fragments = scrub(&value, Layout::EXPLICIT, syntax, &shape)?;
        Ok((fragments.offset_table(), fragments.iter().map(<[u8]>::to_vec).collect()))
    }

    #[test]
    fn frames_over_several_fragments_are_found_and_the_rest_is_blanked_or_left_out() {
        let jpeg = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, b'S', b'S', 0xFF, 0xD9];
        let clean = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 0, 0, 0xFF, 0xD9];
        let ended = [&jpeg[..], b"SECRET"].concat();
        let fragments: [&[u8]; 5] = [&jpeg[..4], &jpeg[4..], &ended, &jpeg, b"SECRET"];
        let (offsets, fragments) = scrubbed(JPEG, 2, &[], &fragments).unwrap();
        assert_eq!(fragments, [&clean[..4], &clean[4..], &[&clean[..], &[0; 6]].concat()]);
        assert_eq!(offsets, [0, 0, 0, 0, 26, 0, 0, 0]);
        // One fragment a frame needs no table; a wrong one is written anew.
        assert!(scrubbed(JPEG, 2, &[], &[&jpeg, &jpeg]).unwrap().0.is_empty());
        assert_eq!(
            scrubbed(JPEG, 2, &[0, 77], &[&jpeg, &jpeg]).unwrap().0,
            [0, 0, 0, 0, 18, 0, 0, 0]
        );
    }

    #[test]
    fn frames_that_are_not_compressed_are_cut() {
        let (_, fragments) = scrubbed(PLAIN, 2, &[], &[b"1234SECRET", b"5678"]).unwrap();
        assert_eq!(fragments, [b"1234\0\0\0\0\0\0".to_vec(), b"5678".to_vec()]);
        let (offsets, fragments) =
            scrubbed(PLAIN, 2, &[0, 20], &[b"12", b"34", b"56", b"78SE"]).unwrap();
        assert_eq!((offsets.len(), fragments[3].as_slice()), (8, &b"78\0\0"[..]));
        for offsets in [&[][..], &[0, 3], &[20, 0]] {
            assert!(scrubbed(PLAIN, 2, offsets, &[b"12", b"34", b"56", b"78"]).is_err());
        }
        assert!(scrubbed("1.2.840.10008.1.2.1", 1, &[], &[b"1234"]).is_err());
    }

    #[test]
    fn a_stream_of_another_kind_than_its_transfer_syntax_is_scrubbed_as_what_it_is() {
        let jpeg = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, b'S', b'S', 0xFF, 0xD9];
        let clean = [0xFF, 0xD8, 0xFF, 0xFE, 0, 4, 0, 0, 0xFF, 0xD9].to_vec();
        for claimed in ["1.2.840.10008.1.2.4.90", uids::RLE_LOSSLESS, "1.2.840.10008.1.2.1"] {
            let (_, fragments) = scrubbed(claimed, 1, &[], &[&jpeg]).unwrap();
            assert_eq!(fragments, std::slice::from_ref(&clean), "{claimed}");
        }
        // Pixels that are not compressed may begin with any bytes; Part 2 is not known.
        let (_, fragments) = scrubbed(PLAIN, 1, &[], &[&jpeg]).unwrap();
        assert_eq!(fragments, [[&jpeg[..4], &[0; 6]].concat()]);
        assert!(scrubbed("1.2.840.10008.1.2.4.92", 1, &[], &[&[0xFF, 0x4F, 0xFF, 0x51]]).is_err());
    }
}
