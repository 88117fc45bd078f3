//! Duplicates: a batch's pictures beside those that a gallery has under their keys.
//!
//! A SOP Instance UID names one instance for ever (PS3.5 9), so a gallery keeps the first instance
//! under it. A correction under the old UID, or somebody else's picture under a reused UID, would
//! be lost silently. So the parts that a gallery keeps of a file are compared: the file's own
//! statements in the record, and the thumbnail. A file whose bytes differ in neither, such as
//! another encoding of the same picture, holds nothing that the gallery lacks.
//!
//! A manifest may describe a known picture otherwise. The first description is kept, and the fields
//! are named whose new values are lost.

use anyhow::Result;
use gallery::{Gallery, Record};
use serde::Serialize;

use crate::contradictions::{Contradiction, lost, says_other};
use crate::decoding::Decoded;
use crate::encoding::thumbnail;

/// The greatest difference, in grey levels of 255, between points of two thumbnails of one picture.
/// Another version of a decoder or of the JPEG encoder may change them so much.
const SAME: u8 = 16;

/// Known pictures of which the gallery has something else, which it keeps.
#[derive(Default, Serialize)]
pub struct NotKept {
    /// Names of those with other content than the gallery's picture of their SOP Instance UID.
    pub differing: Vec<String>,
    /// Those that are described otherwise than in the gallery.
    pub contradicting: Vec<Contradiction>,
}

impl NotKept {
    /// The number of pictures.
    pub fn count(&self) -> usize {
        self.differing.len() + self.contradicting.len()
    }

    /// Adds a picture that is not kept, and the id of the gallery's record.
    pub(crate) fn add(&mut self, name: &str, record: Option<u64>, duplicate: Duplicate) {
        let name = name.to_owned();
        match duplicate {
            Duplicate::Same => {}
            Duplicate::OtherContent => self.differing.push(name),
            Duplicate::OtherDescription(fields) => {
                self.contradicting.push(Contradiction { name, record, fields });
            }
        }
    }

    /// Adds those of another report.
    pub(crate) fn extend(&mut self, other: Self) {
        self.differing.extend(other.differing);
        self.contradicting.extend(other.contradicting);
    }
}

/// A picture beside another one of its key, which is kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Duplicate {
    /// The kept one has all of it.
    Same,
    /// It is another picture, or of another instance.
    OtherContent,
    /// It is the same picture; these fields of it say something else.
    OtherDescription(Vec<&'static str>),
}

impl Duplicate {
    /// Compares two records of one key, and if necessary the pictures.
    fn of(kept: &Record, new: &Record, shows_other: impl FnOnce() -> Result<bool>) -> Result<Self> {
        // A key that is the hash of the bytes belongs to these bytes alone.
        if new.instance.is_some() && (says_other(kept, new) || shows_other()?) {
            return Ok(Self::OtherContent);
        }
        let fields = lost(kept, new);
        Ok(if fields.is_empty() { Self::Same } else { Self::OtherDescription(fields) })
    }

    /// Compares two pictures of one key.
    ///
    /// # Errors
    /// If a thumbnail cannot be made.
    pub(crate) fn of_pictures(kept: &Decoded, new: &Decoded) -> Result<Self> {
        let shows_other = || Ok(shows_other(&thumbnail(kept)?, &thumbnail(new)?));
        Self::of(&kept.record, &new.record, shows_other)
    }

    /// Compares a record and its thumbnail with a gallery's of the same key.
    ///
    /// # Errors
    /// If the gallery fails, or the thumbnail cannot be made.
    pub(crate) fn in_gallery(
        gallery: &Gallery,
        id: u64,
        record: &Record,
        thumbnail: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Self> {
        let shows_other = || {
            // A damaged thumbnail is for `gallery verify` to report.
            let Ok(kept) = gallery.thumbnail(id) else { return Ok(false) };
            Ok(shows_other(&kept, &thumbnail()?))
        };
        Self::of(&gallery.record(id)?, record, shows_other)
    }
}

/// The pictures of a batch, divided into new and known ones.
#[derive(Default)]
pub(crate) struct Partition {
    /// Pictures whose keys it does not have.
    pub(crate) fresh: Vec<Decoded>,
    /// Number of pictures whose keys it has.
    pub(crate) known: usize,
    /// The known ones of which it has something else.
    pub(crate) not_kept: NotKept,
}

impl Partition {
    /// Sorts the pictures of a batch, in their order; of two with one key the first is fresh.
    ///
    /// # Errors
    /// If the gallery fails.
    pub(crate) fn of(gallery: &Gallery, pictures: Vec<Decoded>) -> Result<Self> {
        let mut partition = Self::default();
        for picture in pictures {
            let record = &picture.record;
            let first = partition.fresh.iter().find(|first| first.record.key == record.key);
            let id = gallery.id_of(&record.key)?;
            let duplicate = match (id, first) {
                (Some(id), _) => {
                    Duplicate::in_gallery(gallery, id, record, || thumbnail(&picture))?
                }
                (None, Some(first)) => Duplicate::of_pictures(first, &picture)?,
                (None, None) => {
                    partition.fresh.push(picture);
                    continue;
                }
            };
            partition.known += 1;
            partition.not_kept.add(&record.name, id, duplicate);
        }
        Ok(partition)
    }
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
    use std::path::Path;

    use gallery::Entry;
    use image::{GrayImage, Luma};
    use radiograph::Preprocess;
    use retrieval::{Embedding, HashCode, ModelId};

    use super::*;
    use crate::decoding::decode;
    use crate::listing::Listed;
    use crate::thumbnail::jpeg;

    /// The picture of a manifest's row.
    fn row(path: &Path, labels: &[&str], age: Option<u32>) -> Decoded {
        let mut listed = Listed::bare(path);
        listed.record.labels = labels.iter().map(|&label| label.to_owned()).collect();
        listed.record.age = age;
        decode(&listed, &Preprocess::default()).unwrap()
    }

    /// A gallery of one picture.
    fn gallery(folder: &Path, picture: &Decoded) -> Gallery {
        let mut gallery = Gallery::create(folder, &ModelId("m".to_owned()), 16).unwrap();
        let entry = Entry {
            record: picture.record.clone(),
            code: HashCode::from_words(&[1], 16).unwrap(),
            embedding: Embedding::new(vec![0.5]),
            thumbnail: thumbnail(picture).unwrap(),
        };
        gallery.insert(&entry).unwrap();
        gallery.commit().unwrap();
        gallery
    }

    #[test]
    fn a_row_that_describes_a_known_picture_otherwise_is_named_with_its_fields() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        GrayImage::from_fn(64, 64, |x, y| Luma([(x + y) as u8])).save(at("a.png")).unwrap();
        GrayImage::from_fn(64, 64, |x, _| Luma([x as u8])).save(at("b.png")).unwrap();
        let rows = vec![
            row(&at("a.png"), &["other"], Some(41)),
            row(&at("a.png"), &["one"], None),
            row(&at("a.png"), &[], None),
            row(&at("b.png"), &["one"], None),
            row(&at("b.png"), &["other"], None),
        ];
        let gallery = gallery(&at("g"), &row(&at("a.png"), &["one"], Some(40)));
        let Partition { fresh, known, not_kept } = Partition::of(&gallery, rows).unwrap();
        assert_eq!((fresh.len(), known, &not_kept.differing[..]), (1, 4, &[][..]));
        let named = |name: &str, record, fields: &[&'static str]| {
            let name = at(name).display().to_string();
            Contradiction { name, record, fields: fields.to_vec() }
        };
        let expected =
            [named("a.png", Some(1), &["labels", "age"]), named("b.png", None, &["labels"])];
        assert_eq!(not_kept.contradicting, expected);
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
