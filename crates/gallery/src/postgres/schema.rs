//! The tables: making, recognising and migrating them.

use retrieval::ModelId;

use super::PostgresError;
use super::connection::Connection;
use super::session::CHANGE;
use crate::{Error, Result};

/// `FORMATS[v]` takes a database from format `v` to `v + 1`.
const FORMATS: &[&str] = &[include_str!("formats/1.sql")];

/// Makes an empty gallery, whole or not at all.
pub(super) fn create(connection: &Connection, model: &ModelId, bits: usize) -> Result<()> {
    if format(connection)?.is_some() {
        return Err(PostgresError::Exists { gallery: connection.location.clone() }.into());
    }
    connection.write(CHANGE, |open| {
        open.session.in_transaction(|| {
            open.session.batch_execute("CREATE EXTENSION IF NOT EXISTS vector")?;
            for format in FORMATS {
                open.session.batch_execute(&format.replace("{bits}", &bits.to_string()))?;
            }
            let (format, bits) = (FORMATS.len() as i32, bits as i32);
            let sql = "INSERT INTO meta (format, model, bits) VALUES ($1, $2, $3)";
            open.session.execute(sql, &[&format, &model.0, &bits]).map(|_| ())
        })
    })
}

/// The format of a database's gallery, if it has one.
pub(super) fn format(connection: &Connection) -> Result<Option<i32>> {
    connection.read(|open| {
        let there =
            open.session.query_one("SELECT to_regclass('skiagraph.meta') IS NOT NULL", &[])?;
        if !there.get::<_, bool>(0) {
            return Ok(None);
        }
        Ok(Some(open.session.query_one("SELECT format FROM skiagraph.meta", &[])?.get(0)))
    })
}

/// Checks that there is a gallery of a known format.
pub(super) fn check(connection: &Connection) -> Result<()> {
    match format(connection)? {
        Some(format) => check_format(connection, format),
        None => Err(Error::NotAGallery {
            gallery: connection.location.clone(),
            reason: "its database has no schema `skiagraph`; make a gallery there first".to_owned(),
        }),
    }
}

pub(super) fn check_format(connection: &Connection, got: i32) -> Result<()> {
    let (got, expected) = (i64::from(got), FORMATS.len() as i64);
    if got > expected {
        return Err(Error::NewerGallery { gallery: connection.location.clone(), got, expected });
    }
    Ok(())
}
