//! Checks of files before they are used: doubts about their pictures, and faults.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Result;
use network::Encoder;
use radiograph::{Input, Preprocess};
use rayon::prelude::*;
use serde::Serialize;

use crate::decoding::{Decoded, decode, is_without_picture};
use crate::duplicates::Duplicate;
use crate::encoding::encode;
use crate::file_warnings;
use crate::image_qc::{self, Doubt};
use crate::listing::Listed;

/// The number of files that are decoded together.
const BATCH: usize = 16;

/// The findings for a file.
#[derive(Serialize)]
pub struct Checked {
    /// The file's name.
    pub name: String,
    /// Doubts about its picture.
    pub doubts: Vec<Doubt>,
    /// Faults of the file that were put up with, and a SOP Instance UID that it shares with another
    /// picture.
    pub warnings: Vec<String>,
    /// Why it is passed over: what kind of DICOM object without a picture it is.
    pub without_picture: Option<String>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// A picture, and what it and its file give to doubt.
struct Picture {
    input: Input,
    doubts: Vec<Doubt>,
    warnings: Vec<String>,
}

/// Checks files. `advance` gets the number of files of every batch.
///
/// # Errors
/// If the network fails. A file that cannot be read is among the results.
pub fn check(
    encoder: &Encoder,
    listed: &[Listed],
    advance: impl Fn(usize),
) -> Result<Vec<Checked>> {
    let (mut checked, preprocess) = (Vec::with_capacity(listed.len()), encoder.preprocess());
    let mut first_files = FirstFiles { preprocess, files: HashMap::new() };
    for batch in listed.chunks(BATCH) {
        let decoded: Vec<_> = batch.par_iter().map(|file| decode(file, preprocess)).collect();
        let pictures = batch.iter().zip(decoded).map(|(file, decoded)| {
            let picture = decoded.map(|decoded| first_files.picture(file, decoded));
            (file.record.name.clone(), picture)
        });
        checked.extend(check_batch(encoder, pictures.collect())?);
        advance(batch.len());
    }
    Ok(checked)
}

/// The first files of SOP Instance UIDs, each of which belongs to one picture for ever.
struct FirstFiles<'a> {
    preprocess: &'a Preprocess,
    files: HashMap<String, &'a Listed>,
}

impl<'a> FirstFiles<'a> {
    /// A file's picture, with a warning if it shares its UID with another one.
    fn picture(&mut self, file: &'a Listed, decoded: Decoded) -> Picture {
        let mut warnings = file_warnings::lines(&decoded.warnings);
        warnings.extend(self.warning(file, &decoded));
        Picture { input: decoded.input, doubts: decoded.doubts, warnings }
    }

    fn warning(&mut self, file: &'a Listed, decoded: &Decoded) -> Option<String> {
        let first = match self.files.entry(decoded.record.instance.clone()?) {
            Entry::Vacant(vacant) => {
                vacant.insert(file);
                return None;
            }
            Entry::Occupied(occupied) => *occupied.get(),
        };
        // It is read again, as memory does not hold all pictures.
        let kept = decode(first, self.preprocess).ok()?;
        let duplicate = Duplicate::of_pictures(&kept, decoded).ok()?;
        (duplicate == Duplicate::OtherContent).then(|| {
            format!(
                "it has the SOP Instance UID of {}, and another picture or description; a gallery \
                 keeps the first of them only",
                first.record.name
            )
        })
    }
}

/// A file's name, and its picture.
type Named = (String, Result<Picture>);

/// Checks pictures. Those that could be read are encoded together.
fn check_batch(encoder: &Encoder, pictures: Vec<Named>) -> Result<Vec<Checked>> {
    let readable = pictures.iter().filter_map(|(_, picture)| picture.as_ref().ok());
    let inputs: Vec<Input> = readable.map(|picture| picture.input.clone()).collect();
    let mut encodings = encode(encoder, &inputs)?.into_iter();
    let one = |(name, picture): Named| -> Result<Checked> {
        match picture {
            Ok(Picture { input, mut doubts, warnings }) => {
                if let Some(encoding) = encodings.next() {
                    doubts.extend(image_qc::of_network(encoder, &input, &encoding, &doubts)?);
                }
                Ok(Checked { name, doubts, warnings, without_picture: None, error: None })
            }
            Err(error) => {
                let reason = Some(error.root_cause().to_string());
                let (without_picture, error) = match is_without_picture(&error) {
                    true => (reason, None),
                    false => (None, reason),
                };
                let (doubts, warnings) = (Vec::new(), Vec::new());
                Ok(Checked { name, doubts, warnings, without_picture, error })
            }
        }
    };
    pictures.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn two_pictures_of_one_uid_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let phantom = "../radiograph/tests/data/dicom/u8.native.dcm";
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(phantom)).unwrap();
        let mut inverted = bytes.clone();
        let at = bytes.len() - 2000;
        inverted[at..].iter_mut().for_each(|byte| *byte = !*byte);
        let files = [("first.dcm", &bytes), ("copy.dcm", &bytes), ("other.dcm", &inverted)];
        let listed = files.map(|(name, bytes)| {
            fs::write(folder.path().join(name), bytes).unwrap();
            Listed::bare(&folder.path().join(name))
        });
        let preprocess = &Preprocess::default();
        let mut first_files = FirstFiles { preprocess, files: HashMap::new() };
        let warnings = listed.each_ref().map(|file| {
            let decoded = decode(file, preprocess).unwrap();
            first_files.picture(file, decoded).warnings
        });
        assert_eq!([warnings[0].len(), warnings[1].len()], [0, 0], "{warnings:?}");
        assert!(
            warnings[2][0].contains("SOP Instance UID") && warnings[2][0].contains("first.dcm")
        );
    }
}
