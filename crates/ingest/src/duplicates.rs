//! Duplicates: a batch's pictures beside those that a gallery has under their keys.
//!
//! A SOP Instance UID names one instance for ever (PS3.5 9), so a gallery keeps the first instance
//! under it. A correction under the old UID, or somebody else's picture under a reused UID, would
//! be lost silently. So the parts that a gallery keeps of a file are compared: the file's own
//! statements in the record, and the thumbnail. A file whose bytes differ in neither, such as
//! another encoding of the same picture, holds nothing that the gallery lacks.

use anyhow::Result;
use gallery::{Gallery, Record};

use crate::decoding::Decoded;
use crate::encoding::thumbnail;

/// The greatest difference, in grey levels of 255, between points of two thumbnails of one picture.
/// Another version of a decoder or of the JPEG encoder may change them so much.
const SAME: u8 = 16;

/// The pictures of a batch, divided into new and known ones.
#[derive(Default)]
pub(crate) struct Partition {
    /// Pictures whose keys it does not have.
    pub(crate) fresh: Vec<Decoded>,
    /// Number of pictures whose keys it has.
    pub(crate) known: usize,
    /// Names of the known pictures with other content under their SOP Instance UID.
    pub(crate) differing: Vec<String>,
}

impl Partition {
    /// Sorts the pictures of a batch, in their order; of two with one key the first is fresh.
    ///
    /// # Errors
    /// If the gallery fails.
    pub(crate) fn of(gallery: &Gallery, pictures: Vec<Decoded>) -> Result<Self> {
        let mut partition = Self::default();
        for picture in pictures {
            let id = gallery.id_of(&picture.record.key)?;
            let first = partition.fresh.iter().find(|first| first.record.key == picture.record.key);
            let differs = match (id, first) {
                (None, None) => {
                    partition.fresh.push(picture);
                    continue;
                }
                _ if picture.record.instance.is_none() => false,
                (Some(id), _) => differs(gallery, id, &picture.record, &thumbnail(&picture)?)?,
                (None, Some(first)) => is_other(
                    (&first.record, &thumbnail(first)?),
                    (&picture.record, &thumbnail(&picture)?),
                ),
            };
            partition.known += 1;
            partition.differing.extend(differs.then_some(picture.record.name));
        }
        Ok(partition)
    }
}

/// Tells whether a gallery's picture has other content than this record and thumbnail of the same
/// key.
///
/// # Errors
/// If the gallery fails.
pub(crate) fn differs(
    gallery: &Gallery,
    id: u64,
    record: &Record,
    thumbnail: &[u8],
) -> Result<bool> {
    // A key that is the hash of the bytes belongs to these bytes alone.
    if record.instance.is_none() {
        return Ok(false);
    }
    let kept = gallery.record(id)?;
    // A damaged thumbnail is for `gallery verify` to report.
    let kept_thumbnail = gallery.thumbnail(id).unwrap_or_else(|_| thumbnail.to_owned());
    Ok(is_other((&kept, &kept_thumbnail), (record, thumbnail)))
}

fn is_other(kept: (&Record, &[u8]), new: (&Record, &[u8])) -> bool {
    says_other(kept.0, new.0) || shows_other(kept.1, new.1)
}

/// Tells whether two records contradict each other in what files state. A missing statement is no
/// contradiction.
fn says_other(kept: &Record, new: &Record) -> bool {
    fn contradict<T: PartialEq>(kept: &Option<T>, new: &Option<T>) -> bool {
        kept.is_some() && new.is_some() && kept != new
    }
    let of_file = [
        contradict(&kept.study, &new.study),
        contradict(&kept.series, &new.series),
        contradict(&kept.study_date, &new.study_date),
        (kept.width, kept.height) != (new.width, new.height),
    ];
    // A manifest names patients by source, and describes pictures as it likes.
    let same_source = kept.source == new.source;
    let described = [
        contradict(&kept.patient, &new.patient),
        contradict(&kept.modality, &new.modality),
        contradict(&kept.body_part, &new.body_part),
        contradict(&kept.view, &new.view),
        contradict(&kept.sex, &new.sex),
        contradict(&kept.age, &new.age),
    ];
    of_file.contains(&true) || same_source && described.contains(&true)
}

/// Tells whether two thumbnails show different pictures.
fn shows_other(kept: &[u8], new: &[u8]) -> bool {
    if kept == new {
        return false;
    }
    let grey = |jpeg: &[u8]| Some(image::load_from_memory(jpeg).ok()?.into_luma8());
    let (Some(kept), Some(new)) = (grey(kept), grey(new)) else { return false };
    kept.dimensions() != new.dimensions()
        || kept.as_raw().iter().zip(new.as_raw()).any(|(a, b)| a.abs_diff(*b) > SAME)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;
    use crate::thumbnail::jpeg;

    fn record() -> Record {
        let text = |text: &str| Some(text.to_owned());
        Record {
            instance: text("1.2"),
            patient: text("a"),
            width: 4,
            height: 4,
            ..Record::default()
        }
    }

    #[test]
    fn records_that_contradict_each_other_are_of_other_content() {
        let kept = record();
        let silent = Record { patient: None, ..record() };
        let other = Record { patient: Some("b".to_owned()), ..record() };
        let named = Record { source: Some("s".to_owned()), ..other.clone() };
        let wide = Record { width: 5, ..record() };
        let all = [&kept, &silent, &other, &named, &wide].map(|new| says_other(&kept, new));
        assert_eq!(all, [false, false, true, false, true]);
    }

    #[test]
    fn thumbnails_that_differ_by_rounding_are_of_one_picture() {
        let jpeg = |more: u8, at: u32| {
            let picture = GrayImage::from_fn(64, 64, |x, y| {
                Luma([(x + y) as u8 + if x < at && y < at { more } else { 0 }])
            });
            jpeg(&picture, 80).unwrap()
        };
        assert!(!shows_other(&jpeg(0, 0), &jpeg(2, 64)));
        assert!(shows_other(&jpeg(0, 0), &jpeg(90, 8)), "a marker in a corner");
        assert!(!shows_other(&jpeg(0, 0), b"no picture"));
    }
}
