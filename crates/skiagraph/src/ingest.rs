//! Files to radiographs to network inputs: what `index`, `search`, `eval` and `demo` share.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, LazyLock};
use std::thread;

use anyhow::{Context, Result, bail};
use image::GrayImage;
use network::{Encoder, Encoding};
use pacs::attempts;
use radiograph::dataset::{Item, Skipped};
use radiograph::{ContentHash, Input, Limits, Preprocess, Radiograph};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use retrieval::gallery::{Entry, Gallery, Insertion, Record};
use serde::Serialize;

use crate::anonymous::Deidentification;
use crate::fault;
use crate::gate::{self, Doubt, Doubtful};
use crate::known_pictures::{self, Sorted};
use crate::output;
use crate::report::overlay;

/// How many pictures are decoded, encoded and committed together.
pub(crate) const BATCH: usize = 32;
/// Batches decoded ahead of the one that is being encoded.
const AHEAD: usize = 1;
/// The longer side of a gallery's thumbnails, in pixels.
const THUMBNAIL_SIDE: u32 = 256;
const THUMBNAIL_QUALITY: u8 = 80;

/// A file to read, and what a manifest says of it; its record has no key yet.
#[derive(Clone, Default)]
pub(crate) struct Listed {
    pub(crate) path: PathBuf,
    pub(crate) record: Record,
    /// What takes identities out of it before it is read, if anything does.
    pub(crate) deidentification: Option<Arc<Deidentification>>,
}

/// A file that is no usable radiograph, and why.
#[derive(Debug, Serialize)]
pub(crate) struct Rejected {
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl From<&Skipped> for Rejected {
    fn from(row: &Skipped) -> Self {
        Self { name: row.name.clone(), reason: row.reason.clone() }
    }
}

/// A picture ready for the network. The full-size pixels are gone: a batch of large ones would not fit.
pub(crate) struct Decoded {
    pub(crate) record: Record,
    pub(crate) thumbnail: GrayImage,
    pub(crate) input: Input,
    pub(crate) doubts: Vec<Doubt>,
}

impl Listed {
    /// A bare file, of which nothing is known but its name.
    pub(crate) fn bare(path: &Path) -> Self {
        let name = path.display().to_string();
        Self { path: path.to_owned(), record: Record { name, ..Record::default() }, ..Self::default() }
    }

    /// A row of a manifest.
    pub(crate) fn from_item(item: &Item) -> Self {
        let column = |name: &str| item.columns.get(name).filter(|cell| !cell.trim().is_empty()).cloned();
        let record = Record {
            name: item.name.clone(),
            labels: item.labels.clone(),
            patient: patient_across_sources(item),
            source: item.source.clone(),
            view: item.view.clone(),
            licence: item.licence.clone(),
            study: column("study"),
            series: column("series"),
            modality: column("modality"),
            body_part: column("body_part"),
            sex: column("sex"),
            age: column("age").and_then(|age| age.trim().parse().ok()),
            study_date: column("study_date").and_then(|date| date.trim().parse().ok()),
            report: column("report"),
            ..Record::default()
        };
        Self { path: item.path.clone(), record, ..Self::default() }
    }
}

/// The patient's name in a world of several sources, each of which numbers its own patients.
pub(crate) fn patient_across_sources(item: &Item) -> Option<String> {
    let patient = item.patient.as_ref()?;
    Some(format!("{}/{patient}", item.source.as_deref().unwrap_or_default()))
}

/// The radiographs at the paths: files as they are, folders with all that is in them, in order of name.
///
/// # Errors
/// If a path is not there, or there is not one radiograph in a folder.
pub(crate) fn list_paths(paths: &[PathBuf]) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    for path in paths {
        let kind = fs::metadata(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let before = found.len();
        if kind.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
        if found.len() == before {
            bail!(
                "there is no radiograph (PNG, JPEG, TIFF or DICOM file) in the folder `{}`",
                path.display()
            );
        }
    }
    Ok(found.iter().map(|path| Listed::bare(path)).collect())
}

/// Adds the radiographs under a folder. Links to folders are not followed: they may go in circles.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read the folder `{}`", folder.display());
    let mut entries =
        fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).with_context(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().with_context(unreadable)?.is_dir() {
            walk(&path, found)?;
        } else if path.is_file() && looks_like_a_radiograph(&path) {
            found.push(path);
        }
    }
    Ok(())
}

/// By its name (so that a broken picture is reported, not passed over) or by its first bytes
/// (DICOM files often have no telling name).
fn looks_like_a_radiograph(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if ["png", "jpg", "jpeg", "tif", "tiff", "dcm", "dicom"]
        .contains(&extension.to_ascii_lowercase().as_str())
    {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(132).read_to_end(&mut start));
    // A DICOMDIR is a table of contents, not a picture.
    read.is_ok()
        && path.file_name().is_some_and(|name| name != "DICOMDIR")
        && (start.get(128..132) == Some(b"DICM")
            || [&b"\x89PNG"[..], b"\xff\xd8\xff", b"II*\0", b"MM\0*"]
                .iter()
                .any(|magic| start.starts_with(magic)))
}

/// Reads one file whole, for a command that needs its full-size pixels.
pub(crate) fn read(path: &Path) -> Result<(Radiograph, String)> {
    let (radiograph, hash) = radiograph::read(path, &Limits::default())?;
    fault::at(hash);
    let key = key(&radiograph, hash);
    Ok((radiograph, key))
}

/// A picture's identity: the SOP Instance UID, or the hash of its file.
pub(crate) fn key(radiograph: &Radiograph, hash: ContentHash) -> String {
    radiograph.header().sop_instance_uid.clone().unwrap_or_else(|| hash.to_string())
}

/// Files read together.
pub(crate) struct Batch {
    /// Files of the batch, usable or not.
    pub(crate) files: usize,
    /// The usable ones, in their order.
    pub(crate) pictures: Vec<Decoded>,
    pub(crate) rejected: Vec<Rejected>,
}

/// Gives the files to `consume`, a batch at a time; the next batch is decoded meanwhile, and no more than that.
pub(crate) fn for_each_batch(
    listed: &[Listed],
    preprocess: &Preprocess,
    consume: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    for_each_batch_begun(listed, preprocess, |_| Ok(()), consume)
}

/// The same; `begin` hears of a batch before any of its files is read.
pub(crate) fn for_each_batch_begun(
    listed: &[Listed],
    preprocess: &Preprocess,
    begin: impl Fn(&[Listed]) -> Result<()> + Send,
    mut consume: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    let (sender, receiver) = sync_channel(AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || {
            let decode = |batch| begin(batch).map(|()| decode_batch(batch, preprocess));
            // Nobody receives any more when `consume` has failed, with its own error.
            listed.chunks(BATCH).try_for_each(|batch| sender.send(decode(batch)))
        });
        receiver.into_iter().try_for_each(|batch| consume(batch?))
    })
}

/// Threads that decode, and may wait for memory meanwhile. In a server some of it is held until a picture is encoded, which the
/// other threads do.
static DECODERS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| ThreadPoolBuilder::new().build().ok());

/// Reads and prepares the files in parallel.
fn decode_batch(batch: &[Listed], preprocess: &Preprocess) -> Batch {
    let decode_all = || batch.par_iter().map(|listed| decode(listed, preprocess)).collect();
    let results: Vec<_> = DECODERS.as_ref().map_or_else(decode_all, |threads| threads.install(decode_all));
    let (mut pictures, mut rejected) = (Vec::new(), Vec::new());
    for (result, listed) in results.into_iter().zip(batch) {
        match result {
            Ok(picture) => pictures.push(picture),
            Err(error) => {
                // The errors above the root name the file, which is named already.
                let reason = error.root_cause().to_string();
                rejected.push(Rejected { name: listed.record.name.clone(), reason });
            }
        }
    }
    Batch { files: batch.len(), pictures, rejected }
}

/// Reads and prepares one file.
pub(crate) fn decode(listed: &Listed, preprocess: &Preprocess) -> Result<Decoded> {
    if let Some(deidentification) = &listed.deidentification {
        return deidentification.decode(listed, preprocess);
    }
    let (radiograph, key) = read(&listed.path)?;
    Ok(prepare(&radiograph, key, listed.record.clone(), preprocess))
}

/// A file's bytes, and one more than is allowed at most, which whoever reads them refuses.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = Limits::default().max_bytes.saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(bytes)
}

/// Prepares a file that is in memory.
pub(crate) fn decode_bytes(bytes: &[u8], known: Record, preprocess: &Preprocess) -> Result<Decoded> {
    let radiograph = radiograph::decode(bytes, &Limits::default())?;
    let hash = ContentHash::of(bytes);
    fault::at(hash);
    let key = key(&radiograph, hash);
    Ok(prepare(&radiograph, key, known, preprocess))
}

fn prepare(radiograph: &Radiograph, key: String, known: Record, preprocess: &Preprocess) -> Decoded {
    let record = described(radiograph, key, known);
    let thumbnail = overlay::shrink(radiograph, THUMBNAIL_SIDE);
    let (input, doubts) = (preprocess.apply(radiograph), gate::of_pixels(radiograph));
    Decoded { record, thumbnail, input, doubts }
}

/// What is known of a picture, and what its file says where nothing is.
pub(crate) fn described(radiograph: &Radiograph, key: String, known: Record) -> Record {
    let header = radiograph.header();
    let or_header = |known: Option<String>, header: &Option<String>| known.or_else(|| header.clone());
    Record {
        key,
        patient: or_header(known.patient, &header.patient_id),
        study: or_header(known.study, &header.study_instance_uid),
        series: or_header(known.series, &header.series_instance_uid),
        instance: header.sop_instance_uid.clone(),
        modality: or_header(known.modality, &header.modality),
        body_part: or_header(known.body_part, &header.body_part),
        view: or_header(known.view, &header.view),
        sex: or_header(known.sex, &header.sex),
        age: known.age.or(header.age),
        study_date: known.study_date.or_else(|| header.study_date.as_ref()?.parse().ok()),
        width: radiograph.width(),
        height: radiograph.height(),
        ..known
    }
}

/// Encodes inputs, a batch at a time; the encodings are parallel to them.
pub(crate) fn encode(encoder: &Encoder, inputs: &[Input]) -> Result<Vec<Encoding>> {
    let mut encodings = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(BATCH) {
        encodings.extend(encoder.encode(batch).context("cannot encode a batch of pictures")?);
    }
    Ok(encodings)
}

/// Encodes pictures; the encodings are parallel to them.
pub(crate) fn encode_pictures(encoder: &Encoder, pictures: &[Decoded]) -> Result<Vec<Encoding>> {
    let inputs: Vec<Input> = pictures.iter().map(|picture| picture.input.clone()).collect();
    encode(encoder, &inputs)
}

/// A picture's thumbnail as a gallery stores it, a JPEG file's bytes.
pub(crate) fn thumbnail(picture: &Decoded) -> Result<Vec<u8>> {
    overlay::grey_jpeg(&picture.thumbnail, THUMBNAIL_QUALITY)
}

/// What a gallery stores of encoded pictures, which the encodings are parallel to.
pub(crate) fn entries(pictures: Vec<Decoded>, encodings: Vec<Encoding>) -> Result<Vec<Entry>> {
    let entry = |(picture, encoding): (Decoded, Encoding)| {
        let thumbnail = thumbnail(&picture)?;
        let Encoding { code, embedding, .. } = encoding;
        Ok(Entry { record: picture.record, code, embedding, thumbnail })
    };
    pictures.into_par_iter().zip(encodings).map(entry).collect()
}

/// What became of the files.
#[derive(Default, Serialize)]
pub(crate) struct Filled {
    pub(crate) added: usize,
    pub(crate) known: usize,
    /// Those known that have other content under their SOP Instance UID; the gallery keeps what it had.
    pub(crate) differing: Vec<String>,
    pub(crate) rejected: Vec<Rejected>,
    /// Those that were not read, as processes died of them.
    pub(crate) set_aside: Vec<String>,
    /// Those added that may be inverted, turned, several in one or have text in them.
    pub(crate) doubtful: Vec<Doubtful>,
    pub(crate) seconds: f64,
}

/// Puts those of a batch that are new into a gallery, for good.
///
/// # Errors
/// If the gallery fails.
pub(crate) fn fill_batch(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    filled: &mut Filled,
) -> Result<()> {
    filled.rejected.extend(batch.rejected);
    let Sorted { fresh, known, differing } = Sorted::of(gallery, batch.pictures)?;
    filled.known += known;
    filled.differing.extend(differing);
    filled.doubtful.extend(fresh.iter().filter_map(Doubtful::of));
    let encodings = encode_pictures(encoder, &fresh)?;
    for entry in entries(fresh, encodings)? {
        match gallery.insert(&entry)? {
            Insertion::New(_) => filled.added += 1,
            // Another process was faster.
            Insertion::Known(id) => {
                filled.known += 1;
                let differs = known_pictures::differs(gallery, id, &entry.record, &entry.thumbnail)?;
                filled.differing.extend(differs.then_some(entry.record.name));
            }
        }
    }
    gallery.commit().context("cannot store a batch of pictures")
}

impl Filled {
    /// What somebody has to look at, as lines of text: the rejected files, those that were set aside, those with other
    /// content; a few of each at most.
    pub(crate) fn describe(&self) -> Vec<String> {
        let aside = |name: &String| format!("  set aside {name}: {}", attempts::reason());
        let other =
            |name: &String| format!("  other content under a known SOP Instance UID, kept the first: {name}");
        let mut lines = Vec::new();
        if !self.rejected.is_empty() {
            lines.push(describe_rejected(&self.rejected));
        }
        lines.extend(few(self.set_aside.iter().map(aside)));
        lines.extend(few(self.differing.iter().map(other)));
        lines
    }

    /// Whether all came to its end, if not all files could be used.
    ///
    /// # Errors
    /// [`output::Warning`] where files were set aside or had other content.
    pub(crate) fn check(&self) -> Result<()> {
        output::warn(self.set_aside.len(), self.differing.len())
    }
}

/// The rejected files as lines of text, a few at most.
pub(crate) fn describe_rejected(rejected: &[Rejected]) -> String {
    let line = |file: &Rejected| format!("  rejected {}: {}", file.name, file.reason);
    few(rejected.iter().map(line)).join("\n")
}

/// The first lines, made plain, and how many more there are.
fn few(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 20;
    let more = lines.len().saturating_sub(SHOWN);
    let mut few: Vec<_> = lines.take(SHOWN).map(|line| output::plain(&line).into_owned()).collect();
    if more > 0 {
        few.push(format!("  … and {more} more (all of them with --json)"));
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_pictures_in_order_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("b")).unwrap();
        fs::write(at("b/1.PNG"), "broken, but named as a picture").unwrap();
        fs::write(at("a"), b"\x89PNG\r\n").unwrap();
        fs::write(at("readme.txt"), "text").unwrap();
        fs::write(at(".hidden.png"), "").unwrap();
        let mut dicom = vec![0; 128];
        dicom.extend(b"DICM");
        fs::write(at("c.1.2.3"), &dicom).unwrap();
        fs::write(at("DICOMDIR"), &dicom).unwrap();
        let found = list_paths(&[folder.path().to_owned()]).unwrap();
        let paths: Vec<_> = found.into_iter().map(|listed| listed.path).collect();
        assert_eq!(paths, [at("a"), at("b/1.PNG"), at("c.1.2.3")]);
    }

    #[test]
    fn an_empty_folder_and_a_missing_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = list_paths(&[folder.path().to_owned()]).err().unwrap();
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
        let error = list_paths(&[folder.path().join("gone.png")]).err().unwrap();
        assert!(error.to_string().contains("gone.png"), "{error}");
    }
}
