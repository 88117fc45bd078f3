//! Checks that every record has its parts, that they can be read, and that the index has every
//! code. The server finds changed bytes by the checksums of its pages; a server without them is a
//! fault.

use pgvector::HalfVector;
use retrieval::Index;

use super::codec::{from_halves, from_sent};
use super::connection::Connection;
use crate::store::Meta;
use crate::{Problem, Result};

/// The number of records that are read together.
const ROWS: i64 = 4096;

pub(super) fn all(connection: &Connection, index: &Index, known: &Meta) -> Result<Vec<Problem>> {
    const SQL: &str = "SELECT id, bit_send(code), embedding, thumbnails.record IS NOT NULL AND substr(thumbnail, 1, 2) = '\\xffd8',
                              xid IS NULL OR xid < $3::text::xid8
                       FROM records LEFT JOIN codes ON codes.record = id LEFT JOIN embeddings ON embeddings.record = id
                       LEFT JOIN thumbnails ON thumbnails.record = id
                       LEFT JOIN changes ON changes.record = id
                       WHERE id > $1 ORDER BY id LIMIT $2";
    let mut problems = Vec::from_iter(without_checksums(connection)?);
    let (mut last, generation) = (0_i64, known.generation.to_string());
    loop {
        let rows = connection.scan(|open| {
            let statement = open.prepared(SQL)?;
            open.session.query(&statement, &[&last, &ROWS, &generation])
        })?;
        for row in &rows {
            last = row.get(0);
            let id = last.cast_unsigned();
            match row.get::<_, Option<&[u8]>>(1) {
                None => problems.push(Problem::Missing { id, part: "code" }),
                // Records that others have added since are not in this index.
                Some(sent) if row.get::<_, bool>(4) && index.code(id) != from_sent(sent) => {
                    problems.push(Problem::NotIndexed { id })
                }
                Some(_) => {}
            }
            match row.get::<_, Option<HalfVector>>(2).map(|halves| from_halves(&halves)) {
                None => problems.push(Problem::Missing { id, part: "embedding" }),
                Some(embedding) => {
                    let checked = known
                        .check_dimensions(&embedding)
                        .and_then(|()| Ok(embedding.check()?))
                        .err();
                    let unreadable = checked.map(|error| error.to_string());
                    problems.extend(unreadable.map(|detail| Problem::Unreadable {
                        id,
                        part: "embedding",
                        detail,
                    }));
                }
            }
            if row.get::<_, Option<bool>>(3) != Some(true) {
                problems.push(Problem::Missing { id, part: "thumbnail" });
            }
        }
        if rows.len() < ROWS as usize {
            return Ok(problems);
        }
    }
}

/// The fault of a server that does not check its pages' checksums.
fn without_checksums(connection: &Connection) -> Result<Option<Problem>> {
    let checked = connection.scan(|open| {
        open.session.query_one("SELECT current_setting('data_checksums')::bool", &[])
    })?;
    Ok((!checked.get::<_, bool>(0)).then(|| Problem::Database {
        detail:
            "the server's pages have no checksums, so that it does not find changed bytes; stop \
                 it and run `pg_checksums --enable`"
                .to_owned(),
    }))
}
