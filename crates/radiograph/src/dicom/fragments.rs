//! The fragments of a compressed frame among those of others (PS3.5 A.4).
//!
//! A frame lies in one fragment or in several. An offset table tells which. It may be empty, and
//! some tables are wrong: they count from another place, or are out of order. So a table is
//! believed only if a frame begins wherever it points. Otherwise frames are found by their own
//! first and last bytes; where these tell nothing, each fragment is a frame.

use super::attributes::wrong;
use super::codec::{begins, ends};
use super::header::Elements;
use super::shape::Shape;
use super::syntax::Codec;
use crate::error::Result;
use crate::warning::Warnings;
use dicom_dictionary_std::tags;

/// The fragments of all frames.
pub(super) struct Fragments<'f, 'a> {
    /// The fragments, each with its distance in bytes from the first.
    pub(super) fragments: &'f [dicom::Fragment<'a>],
    /// The compression that the transfer syntax states.
    pub(super) codec: Codec,
    /// Bytes of a frame that is not compressed.
    pub(super) needed: usize,
}

impl<'a> Fragments<'_, 'a> {
    /// The fragments of one frame of several; there is one at least.
    pub(super) fn frame(
        &self,
        offsets: &Offsets,
        shape: &Shape,
        warnings: &mut Warnings,
    ) -> Result<Vec<&'a [u8]>> {
        let (at, frames) = (shape.frame as usize, shape.frames as usize);
        let starts = if frames == 1 { Some(vec![0]) } else { self.starts(offsets, frames) };
        let Some(starts) = starts else {
            let count = self.fragments.len();
            let got = format!("{count} fragments for {frames} frames without an offset table");
            return Err(wrong("PixelData", &got, "a table, or frames that begin in fragments"));
        };
        let table = offsets.starts(self.fragments).filter(|_| offsets.0[0] == 0);
        if !offsets.0.is_empty() && frames > 1 && table.as_ref() != Some(&starts) {
            let got = "an offset table that points to other places";
            let assumed = "frames were found by their marks";
            warnings.add("PixelData", got, "one that points to where frames begin", assumed);
        }
        let end = starts.get(at + 1).copied().unwrap_or(self.fragments.len());
        match self.fragments.get(starts[at]..end) {
            None | Some([]) => Err(wrong("PixelData", "empty", "a compressed frame")),
            Some(parts) => Ok(parts.iter().map(|&(_, part)| part).collect()),
        }
    }

    /// The fragments in which frames begin; none, where nothing tells.
    fn starts(&self, offsets: &Offsets, frames: usize) -> Option<Vec<usize>> {
        let whole = |starts: &Vec<usize>| starts.len() == frames && starts[0] == 0;
        let table = offsets.starts(self.fragments).filter(whole);
        if let Some(table) = table.as_ref().filter(|table| self.all_begin(table)) {
            return Some(table.clone());
        }
        [self.by_marks(true), self.by_marks(false), self.by_length()]
            .into_iter()
            .find(whole)
            .or_else(|| (self.fragments.len() == frames).then(|| (0..frames).collect()))
            .or(table)
    }

    fn all_begin(&self, starts: &[usize]) -> bool {
        self.codec == Codec::EncapsulatedNative
            || starts.iter().all(|&at| begins(self.fragments[at].1))
    }

    /// Fragments that begin as frames do; if `strict`, only behind one that ends so.
    fn by_marks(&self, strict: bool) -> Vec<usize> {
        let starts = |&at: &usize| {
            let behind_end = at == 0 || !strict || ends(self.fragments[at - 1].1, self.codec);
            behind_end && begins(self.fragments[at].1)
        };
        (0..self.fragments.len()).filter(starts).collect()
    }

    /// Fragments that begin where frames do that are not compressed.
    fn by_length(&self) -> Vec<usize> {
        let (mut starts, mut length) = (Vec::new(), self.needed);
        for (at, (_, part)) in self.fragments.iter().enumerate() {
            if length.next_multiple_of(2) == self.needed.next_multiple_of(2) {
                starts.push(at);
                length = 0;
            }
            length += part.len();
        }
        starts
    }
}

/// The starts of frames, as distances in bytes from the first fragment. They are those of the
/// extended offset table, or of the basic one.
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

    /// The fragments to which a table points that is in order; none, if it points to anything
    /// else. It may be measured from another place than the first fragment.
    fn starts(&self, fragments: &[dicom::Fragment]) -> Option<Vec<usize>> {
        let first = *self.0.first()?;
        let start = |&offset: &u64| {
            let distance = offset.checked_sub(first)?;
            fragments.binary_search_by_key(&distance, |&(distance, _)| distance).ok()
        };
        let starts: Vec<usize> = self.0.iter().map(start).collect::<Option<_>>()?;
        starts.is_sorted_by(|one, next| one < next).then_some(starts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &[u8] = &[0xFF, 0xD8, 0xFF, 0xDB];
    const END: &[u8] = &[1, 2, 0xFF, 0xD9, 0, 0];
    const WHOLE: &[u8] = &[0xFF, 0xD8, 0xFF, 0xD9];

    /// Numbers of fragments of each of so many frames.
    fn counts(parts: &[&[u8]], codec: Codec, offsets: &[u64], frames: u32) -> Vec<usize> {
        let (mut distance, mut fragments) = (0, Vec::new());
        for &part in parts {
            fragments.push((distance, part));
            distance += 8 + part.len() as u64;
        }
        let all = Fragments { fragments: &fragments, codec, needed: 6 };
        let offsets = Offsets(offsets.to_vec());
        (0..frames)
            .map(|frame| {
                let shape = Shape { columns: 1, rows: 1, frames, frame };
                let parts = all.frame(&offsets, &shape, &mut Warnings::default());
                parts.map_or(0, |parts| parts.len())
            })
            .collect()
    }

    #[test]
    fn frames_are_found_by_their_marks() {
        let parts = [START, END, WHOLE, START, &[7], END];
        assert_eq!(counts(&parts, Codec::JpegDct, &[], 3), [2, 1, 3]);
        assert_eq!(counts(&parts, Codec::JpegDct, &[], 1), [6]);
        assert_eq!(counts(&parts, Codec::JpegDct, &[], 2), [0, 0]);
        // A fragment that begins as a frame does, within one.
        assert_eq!(counts(&[START, START, END, WHOLE], Codec::JpegDct, &[], 2), [3, 1]);
        // What ends without a mark.
        assert_eq!(counts(&[START, &[7], START, &[7]], Codec::JpegDct, &[], 2), [2, 2]);
        assert_eq!(counts(&[&[7], &[8]], Codec::JpegDct, &[], 2), [1, 1]);
        assert_eq!(counts(&[], Codec::JpegDct, &[], 2), [0, 0]);
        assert_eq!(counts(&[], Codec::JpegDct, &[], 1), [0]);
    }

    #[test]
    fn a_table_is_believed_where_frames_begin() {
        // Fragments at 0, 12, 26 and 38.
        let parts = [START, END, START, END];
        for table in [[0, 26], [8, 34], [12, 38], [26, 0], [0, 12], [0, 27], [0, 0], [5, 1]] {
            assert_eq!(counts(&parts, Codec::JpegDct, &table, 2), [2, 2], "{table:?}");
        }
        let unmarked: [&[u8]; 4] = [&[1, 2], &[3], &[4], &[5]];
        assert_eq!(counts(&unmarked, Codec::JpegDct, &[0, 10], 2), [1, 3]);
        assert_eq!(counts(&unmarked, Codec::JpegDct, &[8, 18], 2), [1, 3]);
        assert_eq!(counts(&unmarked, Codec::JpegDct, &[0, 11], 2), [0, 0]);
    }

    #[test]
    fn frames_that_are_not_compressed_are_found_by_their_length() {
        let parts: [&[u8]; 4] = [&[0; 6], &[0; 2], &[0; 4], &[0; 6]];
        assert_eq!(counts(&parts, Codec::EncapsulatedNative, &[], 3), [1, 2, 1]);
        assert_eq!(counts(&parts, Codec::EncapsulatedNative, &[0, 14, 36], 3), [1, 2, 1]);
    }
}
