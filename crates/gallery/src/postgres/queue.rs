//! The table of pictures that wait to be encoded.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::Postgres;
use super::session::CHANGE;
use super::write::without_nul;
use crate::queue::JobQueue;
use crate::{Job, QueueLength, Record, Result, SetAside, Waiting};

/// The greatest number of attempts at a job. It may be among others the first time, and is alone
/// after that.
const ATTEMPTS: i32 = 5;
/// The reason given for a job whose last worker died before it could give one.
const DIED: &str = "its workers died of it";

impl JobQueue for Postgres {
    fn put(&mut self, pictures: &[Waiting]) -> Result<usize> {
        const SQL: &str = "INSERT INTO jobs (key, record, picture)
                           SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM keys WHERE key = $1) ON CONFLICT DO NOTHING";
        self.connection.write(CHANGE, |open| {
            let statement = open.prepared(SQL)?;
            open.session.in_transaction(|| {
                let mut new = 0;
                for Waiting { key, record, picture } in pictures {
                    new +=
                        open.session.execute(&statement, &[key, &without_nul(record), picture])?;
                }
                Ok(new as usize)
            })
        })
    }

    fn record(&self, key: &str) -> Result<Option<Record>> {
        let sql = "SELECT record FROM jobs WHERE key = $1";
        let rows = self.connection.read(|open| {
            let statement = open.prepared(sql)?;
            open.session.query(&statement, &[&key])
        })?;
        rows.first().map(|row| self.record_in(row, 0)).transpose()
    }

    fn claim(&mut self, worker: &str, most: usize, lease: Duration) -> Result<Vec<Job>> {
        const GIVE_UP: &str =
            "UPDATE jobs SET set_aside = true, claim = NULL, failure = coalesce(failure, $2)
                               WHERE NOT set_aside AND due <= now() AND attempts >= $1";
        const SQL: &str = "UPDATE jobs SET claim = gen_random_uuid(), worker = $1, attempts = attempts + 1, failure = NULL,
                                          due = now() + make_interval(secs => $2)
                           WHERE id IN (SELECT id FROM jobs WHERE NOT set_aside AND due <= now() AND (attempts > 0) = $4
                                        ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED)
                           RETURNING id, claim::text, attempts, record, picture";
        let seconds = lease.as_secs_f64();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.connection.write(CHANGE, |open| {
            let (give_up, claim) = (open.prepared(GIVE_UP)?, open.prepared(SQL)?);
            open.session.execute(&give_up, &[&ATTEMPTS, &DIED])?;
            let fresh = open.session.query(&claim, &[&worker, &seconds, &most, &false])?;
            if fresh.is_empty() {
                open.session.query(&claim, &[&worker, &seconds, &1_i64, &true])
            } else {
                Ok(fresh)
            }
        })?;
        let job = |row: &Row| {
            let record = self.record_in(row, 3);
            let attempts = row.get::<_, i32>(2).unsigned_abs();
            Ok(Job {
                id: row.get(0),
                claim: row.get(1),
                attempts,
                record: record?,
                picture: row.get(4),
            })
        };
        rows.iter().map(job).collect()
    }

    fn done(&mut self, jobs: &[Job]) -> Result<usize> {
        let (ids, claims): (Vec<i64>, Vec<String>) =
            jobs.iter().map(|job| (job.id, job.claim.clone())).unzip();
        let sql = "DELETE FROM jobs USING unnest($1::bigint[], $2::text[]) AS mine (id, claim)
                   WHERE jobs.id = mine.id AND jobs.claim = mine.claim::uuid";
        let deleted = self.change(|open| {
            let statement = open.prepared(sql)?;
            open.session.execute(&statement, &[&ids, &claims])
        })?;
        Ok(deleted as usize)
    }

    fn fail(&mut self, job: &Job, reason: &str, hopeless: bool) -> Result<()> {
        const SQL: &str = "UPDATE jobs SET claim = NULL, failure = $3, set_aside = $4 OR attempts >= $5,
                                          due = now() + make_interval(secs => 2.0 ^ least(attempts, 10))
                           WHERE id = $1 AND claim = $2::text::uuid";
        self.connection.write(CHANGE, |open| {
            let statement = open.prepared(SQL)?;
            open.session.execute(&statement, &[&job.id, &job.claim, &reason, &hopeless, &ATTEMPTS])
        })?;
        Ok(())
    }

    fn length(&self) -> Result<QueueLength> {
        const SQL: &str = "SELECT count(*) FILTER (WHERE NOT set_aside AND due <= now()),
                                  count(*) FILTER (WHERE NOT set_aside AND due > now()),
                                  count(*) FILTER (WHERE set_aside) FROM jobs";
        let row = self.connection.read(|open| open.session.query_one(SQL, &[]))?;
        let count = |column: usize| row.get::<_, i64>(column) as usize;
        Ok(QueueLength { due: count(0), later: count(1), set_aside: count(2) })
    }

    fn set_aside(&self) -> Result<Vec<SetAside>> {
        let sql = "SELECT id, coalesce(record ->> 'name', ''), coalesce(failure, '') FROM jobs
                   WHERE set_aside ORDER BY id";
        let rows = self.connection.read(|open| open.session.query(sql, &[]))?;
        let one = |row: &Row| {
            let reason: String = row.get(2);
            SetAside { id: row.get(0), name: row.get(1), deadly: reason == DIED, reason }
        };
        Ok(rows.iter().map(one).collect())
    }

    fn retry(&mut self) -> Result<usize> {
        let sql = "UPDATE jobs SET set_aside = false, attempts = 0, failure = NULL, due = now() WHERE set_aside";
        let retried = self.connection.write(CHANGE, |open| open.session.execute(sql, &[]))?;
        Ok(retried as usize)
    }
}

impl Postgres {
    /// The record of a job, in a column of its row.
    fn record_in(&self, row: &Row, column: usize) -> Result<Record> {
        let read = row.try_get::<_, Json<Record>>(column);
        read.map(|record| record.0)
            .map_err(|_| self.connection.damaged("a job does not read".to_owned()))
    }
}
