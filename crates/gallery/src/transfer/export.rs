//! Export of a gallery to Parquet.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::{ParquetError, Result as Written};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use retrieval::Embedding;
use serde_json::Value;

use super::columns::{Column, FIELDS, Kind, schema};
use super::{FORMAT, MANIFEST, Manifest, TABLE, VERSION, digest};
use crate::store::Which;
use crate::{Entry, Error, Gallery, Record, Result};

/// The number of pictures that are in memory together.
const ROWS: usize = 512;

impl Gallery {
    /// Writes what is committed now into a new or empty folder, as Parquet with a manifest. Other
    /// processes may go on writing. `change` replaces each record before it is written; `progress`
    /// gets the number of pictures written. The manifest comes last: without it there is no export.
    ///
    /// # Errors
    /// If the folder holds anything or cannot be written, or a picture of the gallery is damaged:
    /// then nothing is left there.
    pub fn export(
        &self,
        to: &Path,
        change: impl Fn(Record) -> Record,
        progress: impl FnMut(usize),
    ) -> Result<Manifest> {
        claim(to)?;
        let manifest = self.write_table(&to.join(TABLE), change, progress).and_then(|manifest| {
            let path = to.join(MANIFEST);
            let text = serde_json::to_string_pretty(&manifest).map_err(io::Error::from);
            let written = text.and_then(|text| fs::write(&path, text + "\n"));
            written.map(|()| manifest).map_err(|error| unwritable(&path, error))
        });
        if manifest.is_err() {
            for file in [MANIFEST, TABLE] {
                let _best_effort = fs::remove_file(to.join(file));
            }
        }
        manifest
    }

    fn write_table(
        &self,
        table: &Path,
        change: impl Fn(Record) -> Record,
        mut progress: impl FnMut(usize),
    ) -> Result<Manifest> {
        let snapshot = self.store.snapshot()?;
        let ids = self.store.ids(Which::All)?;
        let failed = |error| unwritable(table, io::Error::other(error));
        let mut writer = writer(table).map_err(failed)?;
        for ids in ids.chunks(ROWS) {
            let entries = self.entries(ids, &change)?;
            write(&mut writer, &entries).map_err(failed)?;
            progress(entries.len());
        }
        writer.close().map_err(failed)?;
        drop(snapshot);
        let durable =
            File::open(table).and_then(|file| file.sync_all()).and_then(|()| digest(table));
        let (bytes, sha256) = durable.map_err(|error| unwritable(table, error))?;
        Ok(Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: self.meta.model.clone(),
            bits: self.meta.bits,
            dimensions: self.meta.dimensions,
            records: ids.len() as u64,
            bytes,
            sha256,
        })
    }

    /// Some records with their codes, embeddings and thumbnails, in the order of their ids.
    fn entries(&self, ids: &[u64], change: impl Fn(Record) -> Record) -> Result<Vec<(u64, Entry)>> {
        let mut records: HashMap<u64, Record> = self.store.records(ids)?.into_iter().collect();
        let mut embeddings: HashMap<u64, Embedding> =
            self.store.embeddings(ids)?.into_iter().collect();
        let entry = |&id: &u64| {
            let entry = Entry {
                record: change(records.remove(&id).ok_or(Error::NoRecord { id })?),
                code: self.code(id)?,
                embedding: self.part(id, "embedding", embeddings.remove(&id))?,
                thumbnail: self.thumbnail(id)?,
            };
            Ok((id, entry))
        };
        ids.iter().map(entry).collect()
    }
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::File { action: "write", path: path.to_owned(), source }
}

/// Makes sure that a folder is there and empty. What an interrupted export left is removed.
fn claim(to: &Path) -> Result<()> {
    let unusable = |action| move |source| Error::File { action, path: to.to_owned(), source };
    fs::create_dir_all(to).map_err(unusable("make the folder"))?;
    for file in fs::read_dir(to).map_err(unusable("read the folder"))? {
        let name = file.map_err(unusable("read the folder"))?.file_name();
        if name != TABLE || to.join(MANIFEST).exists() {
            let reason = format!("it holds `{}`", name.to_string_lossy());
            return Err(Error::NotEmpty { dir: to.to_owned(), reason });
        }
    }
    Ok(())
}

pub(super) fn writer(path: &Path) -> Written<SerializedFileWriter<File>> {
    let compression = Compression::ZSTD(ZstdLevel::try_new(3)?);
    let properties =
        WriterProperties::builder().set_compression(compression).set_dictionary_enabled(false);
    SerializedFileWriter::new(File::create(path)?, schema()?, Arc::new(properties.build()))
}

pub(super) fn write(
    writer: &mut SerializedFileWriter<File>,
    entries: &[(u64, Entry)],
) -> Written<()> {
    let mut group = writer.next_row_group()?;
    let ids: Vec<i64> = entries.iter().map(|(id, _)| id.cast_signed()).collect();
    column::<Int64Type>(&mut group, &ids, None)?;
    let records = entries.iter().map(|(_, entry)| serde_json::to_value(&entry.record));
    let records = records.collect::<serde_json::Result<Vec<_>>>();
    let records = records.map_err(|error| ParquetError::General(error.to_string()))?;
    for field in FIELDS {
        fields(&mut group, &records, &field)?;
    }
    let entries = || entries.iter().map(|(_, entry)| entry);
    let labels = entries()
        .map(|entry| entry.record.labels.iter().map(|label| bytes(label.as_bytes())).collect());
    lists::<ByteArrayType>(&mut group, labels)?;
    let codes: Vec<_> = entries().map(|entry| bytes(&entry.code.to_bytes())).collect();
    column::<ByteArrayType>(&mut group, &codes, None)?;
    lists::<FloatType>(&mut group, entries().map(|entry| entry.embedding.values().to_vec()))?;
    let thumbnails: Vec<_> = entries().map(|entry| bytes(&entry.thumbnail)).collect();
    column::<ByteArrayType>(&mut group, &thumbnails, None)?;
    group.close().map(|_| ())
}

/// Writes a column of a record's field.
fn fields(
    group: &mut SerializedRowGroupWriter<'_, File>,
    records: &[Value],
    field: &Column,
) -> Written<()> {
    let values: Vec<&Value> = records.iter().map(|record| &record[field.name]).collect();
    let present: Vec<i16> = values.iter().map(|value| i16::from(!value.is_null())).collect();
    let levels = (!field.required).then_some((&present[..], None));
    match field.kind {
        Kind::Text => {
            let texts: Vec<_> =
                values.iter().filter_map(|value| Some(bytes(value.as_str()?.as_bytes()))).collect();
            column::<ByteArrayType>(group, &texts, levels)
        }
        Kind::Number => {
            let numbers: Vec<i64> = values.iter().filter_map(|value| value.as_i64()).collect();
            column::<Int64Type>(group, &numbers, levels)
        }
    }
}

/// Writes a column of lists, which may be empty.
fn lists<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    lists: impl Iterator<Item = Vec<T::T>>,
) -> Written<()> {
    let (mut values, mut defined, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for list in lists {
        // An empty list takes a place without a value.
        defined.extend(vec![i16::from(!list.is_empty()); list.len().max(1)]);
        repeated.extend((0..list.len().max(1)).map(|i| i16::from(i > 0)));
        values.extend(list);
    }
    column::<T>(group, &values, Some((&defined, Some(&repeated))))
}

/// Writes a column of values, with the levels of definition and repetition where not every row has
/// one.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: Option<(&[i16], Option<&[i16]>)>,
) -> Written<()> {
    let missing = || ParquetError::General("fewer columns than fields".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    let (defined, repeated) =
        levels.map_or((None, None), |(defined, repeated)| (Some(defined), repeated));
    column.typed::<T>().write_batch(values, defined, repeated)?;
    column.close()
}

fn bytes(bytes: &[u8]) -> ByteArray {
    ByteArray::from(bytes.to_vec())
}
