//! A state of the database, and the changes since an earlier one.

use std::thread;
use std::time::Instant;

use pgvector::{Bit, HalfVector};
use retrieval::{Index, ModelId, check_bits};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::{Kind, Type};

use super::address::Address;
use super::codec::{descriptor, from_bits, from_halves, from_sent};
use super::session::{Answer, SLOW, Session};
use super::{Postgres, PostgresError, schema};
use crate::Result;
use crate::store::{Change, Coded, Meta, Next, Snapshot};

/// The number of connections that read codes at the same time.
const READERS: usize = 4;

/// A transaction that reads one state.
pub(super) struct ReadTransaction<'a> {
    store: &'a Postgres,
    began: Instant,
}

impl<'a> ReadTransaction<'a> {
    pub(super) fn begin(store: &'a Postgres) -> Result<Self> {
        // Ending it would end the transaction of the insertions, too.
        if store.connection.busy.get() {
            let reason = "insertions are not committed yet".to_owned();
            let gallery = store.connection.location.clone();
            return Err(PostgresError::Server { gallery, reason, undone: 0 }.into());
        }
        let began = Instant::now();
        store.connection.read(|open| {
            open.session.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        })?;
        store.connection.busy.set(true);
        Ok(Self { store, began })
    }

    /// The gallery's identity among all others.
    pub(super) fn gallery(&self) -> Result<String> {
        self.store
            .connection
            .read(|open| Ok(open.session.query_one("SELECT gallery::text FROM meta", &[])?.get(0)))
    }
}

impl Drop for ReadTransaction<'_> {
    fn drop(&mut self) {
        // A broken connection has no transaction to end.
        let _ended = self.store.connection.read(|open| open.session.batch_execute("COMMIT"));
        self.store.connection.busy.set(false);
    }
}

impl Snapshot for ReadTransaction<'_> {
    fn meta(&self) -> Result<Meta> {
        const SQL: &str =
            "SELECT model, bits, dimensions, rebuilt, next_model, next_bits, next_dimensions, gallery::text,
                                  pg_snapshot_xmin(pg_current_snapshot())::text, format FROM meta";
        let connection = &self.store.connection;
        let row = connection.read(|open| {
            let statement = open.prepared(SQL)?;
            open.session.query_one(&statement, &[])
        })?;
        schema::check_format(connection, row.get(9))?;
        let count = |column: usize| row.get::<_, Option<i32>>(column).map(|count| count as usize);
        let (bits, rebuilt) = (count(1).unwrap_or(0), row.get::<_, i64>(3).cast_unsigned());
        check_bits(bits).map_err(|error| connection.damaged(format!("it says it has {error}")))?;
        let oldest: String = row.get(8);
        let next: Option<String> = row.get(4);
        self.store.cache().follow(rebuilt);
        let generation = oldest.parse().unwrap_or(0);
        let segment = self.store.named(row.get(7), rebuilt)?;
        Ok(Meta {
            model: ModelId(row.get(0)),
            bits,
            dimensions: count(2),
            generation,
            rebuilt,
            segment: segment.filter(|name| name.generation <= generation),
            next: next.map(|model| Next {
                model: ModelId(model),
                bits: count(5).unwrap_or(0),
                dimensions: count(6),
            }),
        })
    }

    /// Reads over several connections, which all see this state.
    fn codes(&self, meta: &Meta) -> Result<(Index, Vec<u64>)> {
        let connection = &self.store.connection;
        let (snapshot, tables) = connection.read(|open| {
            let snapshot: String =
                open.session.query_one("SELECT pg_export_snapshot()", &[])?.get(0);
            Ok((snapshot, partitions(&open.session)?))
        })?;
        // Another server may have answered, which does not have this state.
        let codes = copy_together(&connection.address, connection.is_primary(), &snapshot, &tables);
        let mut codes =
            codes.map_or_else(|| connection.scan(|open| copy(&open.session, &tables)), Ok)?;
        codes.sort_unstable_by_key(|(id, _)| *id);
        let damaged =
            codes.extract_if(.., |(_, coded)| coded.is_none()).map(|(id, _)| id).collect();
        let whole = codes.iter().filter_map(|(id, coded)| coded.as_ref().map(|coded| (*id, coded)));
        let index = Index::of(
            whole.map(|(id, (code, descriptor))| (id, code.words(), *descriptor)),
            meta.bits,
        );
        Ok((index?, damaged))
    }

    fn changes(&self, since: u64, each: &mut dyn FnMut(u64, Change)) -> Result<()> {
        // Looked up row by row: a join of partitioned tables is planned as if all of them were
        // read.
        const SQL: &str = "SELECT record,
                               (SELECT bit_send(code) FROM codes WHERE codes.record = changes.record),
                               (SELECT embedding FROM embeddings WHERE embeddings.record = changes.record)
                           FROM changes WHERE xid >= $1::text::xid8";
        let since = since.to_string();
        let rows = self.store.connection.scan(|open| {
            let statement = open.prepared(SQL)?;
            open.session.query(&statement, &[&since])
        })?;
        for row in rows {
            let (id, sent) = (row.get::<_, i64>(0).cast_unsigned(), row.get::<_, Option<&[u8]>>(1));
            let Some(sent) = sent else {
                self.store.cache().forget(id);
                each(id, Change::Deleted);
                continue;
            };
            let halves = row.get::<_, Option<HalfVector>>(2);
            // A search compares embeddings of new records, too: the cache must have them while the
            // database is unreachable.
            if let Some(halves) = &halves {
                self.store.cache().keep(id, |cached| cached.embedding = Some(from_halves(halves)));
            }
            let descriptor = descriptor(halves.as_ref());
            each(
                id,
                from_sent(sent)
                    .map_or(Change::Damaged, |code| Change::Inserted((code, descriptor))),
            );
        }
        self.store.current.set(Some(self.began));
        Ok(())
    }
}

/// The name of a table of codes, and of the table with the same records' embeddings.
type Partition = (String, String);

/// The partitions of codes and embeddings. Both are spread over as many tables by the same hash of
/// the same number, and named after it.
fn partitions(session: &Session) -> Answer<Vec<Partition>> {
    let of = |parent: &str| -> Answer<Vec<String>> {
        let sql = format!(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{parent}'::regclass ORDER BY 1"
        );
        Ok(session.query(sql.as_str(), &[])?.iter().map(|row| row.get(0)).collect())
    };
    Ok(of("codes")?.into_iter().zip(of("embeddings")?).collect())
}

/// An id, and its index entry if its code can be read.
type CodedRow = (u64, Option<Coded>);

/// Reads the codes of all partitions over several connections. Nothing if one fails.
fn copy_together(
    address: &Address,
    is_primary: bool,
    snapshot: &str,
    tables: &[Partition],
) -> Option<Vec<CodedRow>> {
    let to = if is_primary { TargetSessionAttrs::ReadWrite } else { TargetSessionAttrs::Any };
    let share = tables.len().div_ceil(READERS).max(1);
    let read = |tables: &[Partition]| {
        let session = address.connect(to)?;
        session.set_timeout(SLOW);
        // The snapshot's name is the server's own word.
        session.batch_execute(&format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{snapshot}'"
        ))?;
        copy(&session, tables)
    };
    thread::scope(|scope| {
        let readers: Vec<_> =
            tables.chunks(share).map(|tables| scope.spawn(|| read(tables))).collect();
        let parts = readers.into_iter().map(|reader| reader.join().ok()?.ok());
        parts.collect::<Option<Vec<Vec<CodedRow>>>>().map(|parts| parts.concat())
    })
}

/// Reads the codes of some partitions.
fn copy(session: &Session, tables: &[Partition]) -> Answer<Vec<CodedRow>> {
    // A type of an extension has another number in every database; it is read by its name.
    let halfvec = Type::new("halfvec".to_owned(), 0, Kind::Simple, "public".to_owned());
    let types = [Type::INT8, Type::BIT, halfvec];
    let mut codes = Vec::new();
    for (table, embeddings) in tables {
        let sql = format!(
            "COPY (SELECT record, code, embedding FROM {table} LEFT JOIN {embeddings} USING (record))
             TO STDOUT (FORMAT binary)"
        );
        session.copy_out(&sql, &types, |row| {
            let (id, code): (i64, Bit) = (row.try_get(0)?, row.try_get(1)?);
            let descriptor = descriptor(row.try_get::<Option<HalfVector>>(2)?.as_ref());
            codes.push((
                id.cast_unsigned(),
                from_bits(code.as_bytes()).map(|code| (code, descriptor)),
            ));
            Ok(())
        })?;
    }
    Ok(codes)
}
