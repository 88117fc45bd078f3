//! Import of a gallery from Parquet. No byte of it is trusted.

use std::collections::HashSet;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use retrieval::{Embedding, HashCode};
use serde_json::{Map, Value};

use super::columns::{CODE, EMBEDDING, FIELDS, ID, LABELS, THUMBNAIL};
use super::{FORMAT, MANIFEST, Manifest, TABLE, VERSION, digest, failed, pages};
use crate::record::check_thumbnail;
use crate::{DATABASE, Entry, Error, Gallery, Location, Result, segment_name};

/// The number of pictures that become durable together.
const BATCH: usize = 512;
/// The greatest length of a manifest, in bytes.
const MAX_MANIFEST: u64 = 1 << 16;

impl Gallery {
    /// Makes a gallery of an export: in a folder that does not exist or is empty, or on a server
    /// without one. The pictures get new ids, in their old order. `progress` gets the number of
    /// pictures read.
    ///
    /// # Errors
    /// If the export is not whole or not what its manifest says, or the gallery cannot be written:
    /// then no gallery is made. One on a server may have the first pictures.
    pub fn import(
        from: &Path,
        to: impl Into<Location>,
        mut progress: impl FnMut(usize),
    ) -> Result<Self> {
        let manifest = manifest(from)?;
        let to = match to.into() {
            Location::Folder(folder) => folder,
            server => {
                let mut gallery = Self::create(&server, &manifest.model, manifest.bits)?;
                gallery.add(from, &manifest, &mut progress)?;
                return Ok(gallery);
            }
        };
        let to = to.as_path();
        if fs::read_dir(to).is_ok_and(|mut files| files.next().is_some()) {
            return Err(Error::NotEmpty {
                dir: to.to_owned(),
                reason: "it holds files".to_owned(),
            });
        }
        // The gallery gets its name when it is whole.
        let unfinished = unfinished(to);
        discard(&unfinished);
        let filled =
            Self::create(&unfinished, &manifest.model, manifest.bits).and_then(|mut gallery| {
                gallery.add(from, &manifest, &mut progress)?;
                gallery.settle()
            });
        let unwritable =
            |source| Error::File { action: "make the folder", path: to.to_owned(), source };
        let made = filled.and_then(|()| fs::rename(&unfinished, to).map_err(unwritable));
        if made.is_err() {
            discard(&unfinished);
        }
        made.and_then(|()| Self::open(to))
    }

    /// Adds an export's pictures to a gallery, which is made if there is none. A picture that it
    /// has already stays as it is, so that an interrupted import can be repeated.
    ///
    /// # Errors
    /// If the export is not whole or of another model, or the gallery cannot be written; it may
    /// have the first pictures then.
    pub fn import_into(
        from: &Path,
        to: impl Into<Location>,
        mut progress: impl FnMut(usize),
    ) -> Result<Self> {
        let manifest = manifest(from)?;
        let mut gallery = Self::open_or_create(to, &manifest.model, manifest.bits)?;
        gallery.add(from, &manifest, &mut progress)?;
        gallery.settle()?;
        Ok(gallery)
    }

    /// Adds an export's pictures, a durable batch at a time.
    fn add(
        &mut self,
        from: &Path,
        manifest: &Manifest,
        progress: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let table = from.join(TABLE);
        // The `parquet` crate panics on some damaged files.
        let filled = catch_unwind(AssertUnwindSafe(|| fill(self, &table, manifest, progress)));
        filled.unwrap_or_else(|_| Err(failed(&table, "the Parquet decoder fails on it")))
    }
}

fn unfinished(to: &Path) -> PathBuf {
    to.with_added_extension("importing")
}

/// Removes what an interrupted import left, and nothing else.
fn discard(dir: &Path) {
    for file in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.starts_with(DATABASE) || segment_name::is_segment(&name) {
            let _best_effort = fs::remove_file(file.path());
        }
    }
    let _best_effort = fs::remove_dir(dir);
}

/// Reads the manifest, and checks that the table is the one it describes.
fn manifest(from: &Path) -> Result<Manifest> {
    let (path, table) = (from.join(MANIFEST), from.join(TABLE));
    let length = fs::metadata(&path).map_err(|error| failed(&path, error))?.len();
    if length > MAX_MANIFEST {
        return Err(failed(
            &path,
            format!("it has {length} bytes; expected at most {MAX_MANIFEST}"),
        ));
    }
    let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| failed(&path, error))?;
    if manifest.format != FORMAT || manifest.version != VERSION {
        let Manifest { format, version, .. } = manifest;
        return Err(failed(
            &path,
            format!(
                "it is a `{format}` of version {version}; expected a `{FORMAT}` of version {VERSION}"
            ),
        ));
    }
    let (bytes, sha256) = digest(&table).map_err(|error| failed(&table, error))?;
    if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
        let expected = format!("{} bytes and SHA-256 {}", manifest.bytes, manifest.sha256);
        return Err(failed(
            &table,
            format!("it has {bytes} bytes and SHA-256 {sha256}; expected {expected}"),
        ));
    }
    Ok(manifest)
}

fn fill(
    gallery: &mut Gallery,
    table: &Path,
    manifest: &Manifest,
    progress: &mut dyn FnMut(usize),
) -> Result<()> {
    let bad = |error: parquet::errors::ParquetError| failed(table, error);
    let file = File::open(table).map_err(|error| failed(table, error))?;
    let reader = SerializedFileReader::new(file.try_clone().map_err(|error| failed(table, error))?)
        .map_err(bad)?;
    let bounded = pages::check(&file, reader.metadata().row_groups())
        .map_err(|error| failed(table, error))?;
    bounded.map_err(|reason| failed(table, reason))?;
    let (mut rows, mut keys) = (0, HashSet::new());
    for row in reader.get_row_iter(None).map_err(bad)? {
        rows += 1;
        let entry = entry(&row.map_err(bad)?)
            .map_err(|reason| failed(table, format!("row {rows}: {reason}")))?;
        gallery.insert(&entry)?;
        keys.insert(entry.record.key);
        if rows % BATCH as u64 == 0 {
            gallery.commit()?;
            progress(BATCH);
        }
    }
    gallery.commit()?;
    progress(rows as usize % BATCH);
    let got = keys.len();
    if got as u64 != manifest.records {
        return Err(failed(
            table,
            format!("it has {got} different pictures; expected {}", manifest.records),
        ));
    }
    Ok(())
}

/// Converts a row to an entry, or returns its fault.
fn entry(row: &Row) -> std::result::Result<Entry, String> {
    let mut record = Map::new();
    let (mut code, mut embedding, mut thumbnail) = (None, None, None);
    for (name, field) in row.get_column_iter() {
        match (name.as_str(), field) {
            (ID, _) => {}
            (CODE, Field::Bytes(bytes)) => code = HashCode::from_bytes(bytes.data()).ok(),
            (THUMBNAIL, Field::Bytes(bytes)) => thumbnail = Some(bytes.data().to_vec()),
            (EMBEDDING, Field::ListInternal(list)) => {
                let value = |field: &Field| {
                    if let Field::Float(value) = field { Some(*value) } else { None }
                };
                embedding = list.elements().iter().map(value).collect::<Option<Vec<f32>>>();
            }
            (LABELS, Field::ListInternal(list)) => {
                record.insert(name.clone(), list.elements().iter().map(json).collect());
            }
            (name, field) if FIELDS.iter().any(|known| known.name == name) => {
                record.insert(name.to_owned(), json(field));
            }
            (name, _) => return Err(format!("a column `{name}` of that type is not known")),
        }
    }
    let thumbnail = thumbnail.ok_or("it has no thumbnail")?;
    check_thumbnail(&thumbnail).map_err(|error| error.to_string())?;
    Ok(Entry {
        record: serde_json::from_value(Value::Object(record)).map_err(|error| error.to_string())?,
        code: code.ok_or("it has no hash code")?,
        embedding: Embedding::new(embedding.ok_or("it has no embedding")?),
        thumbnail,
    })
}

fn json(field: &Field) -> Value {
    match field {
        Field::Str(text) => Value::from(text.as_str()),
        Field::Long(number) => Value::from(*number),
        _ => Value::Null,
    }
}
