//! What a gallery stores of one radiograph, and its rows in the database.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::{Embedding, HashCode};

/// What is known of a radiograph. `Debug` shows neither the patient nor the key and the name, which may tell who
/// it is.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The identity: the SOP Instance UID, or the hex of the file's SHA-256.
    pub key: String,
    /// The file's name, or its path in a manifest.
    pub name: String,
    /// In the order given.
    pub labels: Vec<String>,
    /// The patient, unique across sources. A query's own patient can be kept from answering it.
    pub patient: Option<String>,
    /// The data set or site.
    pub source: Option<String>,
    /// The projection.
    pub view: Option<String>,
    /// The part of the body.
    pub body_part: Option<String>,
    /// The licence of the picture.
    pub licence: Option<String>,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("labels", &self.labels)
            .field("source", &self.source)
            .field("view", &self.view)
            .field("body_part", &self.body_part)
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

/// All that is stored of a radiograph.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What is known of it.
    pub record: Record,
    /// Its code in Hamming space.
    pub code: HashCode,
    /// Its code in Euclidean space.
    pub embedding: Embedding,
    /// A small JPEG of it.
    pub thumbnail: Vec<u8>,
}

/// What an insertion came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// The entry is new and has this id.
    New(u64),
    /// The key was there already, under this id; nothing changed.
    Known(u64),
}

/// Writes the rows of an entry; its id.
pub(super) fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<u64> {
    let Record { key, name, labels, patient, source, view, body_part, licence, width, height } =
        &entry.record;
    connection
        .prepare_cached(
            "INSERT INTO records (key, name, patient, source, view, body_part, licence, width, height)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![key, name, patient, source, view, body_part, licence, width, height])?;
    let id = connection.last_insert_rowid();
    for (position, label) in labels.iter().enumerate() {
        connection
            .prepare_cached("INSERT INTO labels (record, position, label) VALUES (?1, ?2, ?3)")?
            .execute(params![id, position as i64, label])?;
    }
    for (sql, bytes) in [
        ("INSERT INTO codes (record, code) VALUES (?1, ?2)", &entry.code.to_bytes()),
        ("INSERT INTO embeddings (record, embedding) VALUES (?1, ?2)", &entry.embedding.to_bytes()),
        ("INSERT INTO thumbnails (record, thumbnail) VALUES (?1, ?2)", &entry.thumbnail),
    ] {
        connection.prepare_cached(sql)?.execute(params![id, bytes])?;
    }
    Ok(id.cast_unsigned())
}

/// Reads a record, if there is one with this id.
pub(super) fn read(connection: &Connection, id: u64) -> rusqlite::Result<Option<Record>> {
    let id = id.cast_signed();
    let record = connection
        .prepare_cached(
            "SELECT key, name, patient, source, view, body_part, licence, width, height FROM records WHERE id = ?1",
        )?
        .query_row([id], from_row)
        .optional()?;
    let Some(mut record) = record else { return Ok(None) };
    record.labels = connection
        .prepare_cached("SELECT label FROM labels WHERE record = ?1 ORDER BY position")?
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(record))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        key: row.get(0)?,
        name: row.get(1)?,
        labels: Vec::new(),
        patient: row.get(2)?,
        source: row.get(3)?,
        view: row.get(4)?,
        body_part: row.get(5)?,
        licence: row.get(6)?,
        width: row.get(7)?,
        height: row.get(8)?,
    })
}
