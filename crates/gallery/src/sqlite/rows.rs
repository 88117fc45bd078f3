//! Entries as rows of the database, with their checksums.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{Entry, Record};

/// The columns of the table `records` between its id and its checksum, in the order of [`values`]
/// and [`from_row`].
const COLUMNS: &str = "key, name, patient, study, series, instance, modality, body_part, view, sex, age, study_date, \
                       source, licence, width, height";

/// Writes the rows of an entry. Returns its id.
pub(super) fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<u64> {
    let record = &entry.record;
    let sql = format!(
        "INSERT INTO records ({COLUMNS}, crc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
    );
    let values = values(record).into_iter().chain([Value::Integer(checksum(record).into())]);
    connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    let id = connection.last_insert_rowid();
    for (position, label) in record.labels.iter().enumerate() {
        connection
            .prepare_cached("INSERT INTO labels (record, position, label) VALUES (?1, ?2, ?3)")?
            .execute(params![id, position as i64, label])?;
    }
    if let Some(report) = &record.report {
        connection
            .prepare_cached("INSERT INTO reports (record, report) VALUES (?1, ?2)")?
            .execute(params![id, report])?;
    }
    for (sql, bytes) in [
        ("INSERT INTO codes (record, code, crc) VALUES (?1, ?2, ?3)", &entry.code.to_bytes()),
        (
            "INSERT INTO embeddings (record, embedding, crc) VALUES (?1, ?2, ?3)",
            &entry.embedding.to_bytes(),
        ),
        ("INSERT INTO thumbnails (record, thumbnail, crc) VALUES (?1, ?2, ?3)", &entry.thumbnail),
    ] {
        connection.prepare_cached(sql)?.execute(params![id, bytes, crc32fast::hash(bytes)])?;
    }
    Ok(id.cast_unsigned())
}

/// Reads a record and the checksum that it was stored with, if there is one with this id.
pub(super) fn read(
    connection: &Connection,
    id: u64,
) -> rusqlite::Result<Option<(Record, Option<u32>)>> {
    let id = id.cast_signed();
    let sql = format!(
        "SELECT {COLUMNS}, report, crc FROM records LEFT JOIN reports ON reports.record = id WHERE id = ?1"
    );
    let row = |row: &Row<'_>| Ok((from_row(row)?, row.get(17)?));
    let found = connection.prepare_cached(&sql)?.query_row([id], row).optional()?;
    let Some((mut record, crc)) = found else { return Ok(None) };
    record.labels = connection
        .prepare_cached("SELECT label FROM labels WHERE record = ?1 ORDER BY position")?
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((record, crc)))
}

/// CRC-32 of a record's fields, labels and report, each with its kind and length before it.
pub(super) fn checksum(record: &Record) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    let labels = record.labels.iter().cloned().map(Value::Text);
    for value in values(record).into_iter().chain([record.report.clone().into()]).chain(labels) {
        let (kind, bytes) = match value {
            Value::Integer(number) => (1, number.to_le_bytes().to_vec()),
            Value::Text(text) => (2, text.into_bytes()),
            _ => (0, Vec::new()),
        };
        crc.update(&[kind]);
        crc.update(&(bytes.len() as u64).to_le_bytes());
        crc.update(&bytes);
    }
    crc.finalize()
}

/// Adds checksums to the rows of a gallery without them.
pub(super) fn add_checksums(connection: &Connection) -> rusqlite::Result<()> {
    let ids: Vec<i64> = connection
        .prepare("SELECT id FROM records")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        if let Some((record, _)) = read(connection, id.cast_unsigned())? {
            let sql = "UPDATE records SET crc = ?2 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute((id, checksum(&record)))?;
        }
        for part in ["code", "embedding", "thumbnail"] {
            let read = format!("SELECT {part} FROM {part}s WHERE record = ?1");
            let bytes: Option<Vec<u8>> =
                connection.prepare_cached(&read)?.query_row([id], |row| row.get(0)).optional()?;
            if let Some(bytes) = bytes {
                let write = format!("UPDATE {part}s SET crc = ?2 WHERE record = ?1");
                connection.prepare_cached(&write)?.execute((id, crc32fast::hash(&bytes)))?;
            }
        }
    }
    Ok(())
}

/// The values of [`COLUMNS`].
fn values(record: &Record) -> [Value; 16] {
    let text = |text: &Option<String>| Value::from(text.clone());
    [
        record.key.clone().into(),
        record.name.clone().into(),
        text(&record.patient),
        text(&record.study),
        text(&record.series),
        text(&record.instance),
        text(&record.modality),
        text(&record.body_part),
        text(&record.view),
        text(&record.sex),
        record.age.into(),
        record.study_date.map(String::from).into(),
        text(&record.source),
        text(&record.licence),
        record.width.into(),
        record.height.into(),
    ]
}

/// A record from [`COLUMNS`] and the report. Its labels are read elsewhere.
fn from_row(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        key: row.get(0)?,
        name: row.get(1)?,
        labels: Vec::new(),
        patient: row.get(2)?,
        study: row.get(3)?,
        series: row.get(4)?,
        instance: row.get(5)?,
        modality: row.get(6)?,
        body_part: row.get(7)?,
        view: row.get(8)?,
        sex: row.get(9)?,
        age: row.get(10)?,
        study_date: row.get(11)?,
        source: row.get(12)?,
        licence: row.get(13)?,
        width: row.get(14)?,
        height: row.get(15)?,
        report: row.get(16)?,
    })
}
