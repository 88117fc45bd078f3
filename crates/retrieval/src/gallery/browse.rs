//! Looking through a gallery without a query: a page of its records, a patient's pictures, and what can be filtered for.

use super::search::if_there;
use super::{Date, Filter, Gallery, Record};
use crate::Result;

/// Some of the records that a filter admits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many it admits in all.
    pub total: u64,
    /// Ids and records, by id.
    pub records: Vec<(u64, Record)>,
}

/// The values that fields have and how many pictures have each, most first; a picture without a value counts for none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facets {
    /// Parts of the body.
    pub body_part: Vec<(String, usize)>,
    /// Projections.
    pub view: Vec<(String, usize)>,
    /// Modalities.
    pub modality: Vec<(String, usize)>,
    /// Sexes.
    pub sex: Vec<(String, usize)>,
    /// Data sets or sites.
    pub source: Vec<(String, usize)>,
    /// Labels.
    pub label: Vec<(String, usize)>,
    /// The first and the last day of a study.
    pub study_dates: Option<(Date, Date)>,
}

impl Gallery {
    /// At most `limit` of the records that a filter admits, or of all, without the first `offset`.
    ///
    /// A picture that another process deletes meanwhile is left out.
    ///
    /// # Errors
    /// If the database fails.
    pub fn page(&self, filter: Option<&Filter>, offset: u64, limit: usize) -> Result<Page> {
        let (total, ids) = match filter {
            Some(filter) => {
                let matching = self.matching(filter)?;
                let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
                (matching.len(), matching.iter().skip(skipped).take(limit).collect())
            }
            None => {
                (self.count("SELECT count(*) FROM records")? as u64, self.ids_from(offset, limit as u64)?)
            }
        };
        let read = |id: u64| -> Result<Option<(u64, Record)>> {
            Ok(if_there(self.record(id))?.map(|record| (id, record)))
        };
        let records = ids.into_iter().map(read).filter_map(Result::transpose);
        Ok(Page { total, records: records.collect::<Result<_>>()? })
    }

    /// The ids of a patient's pictures, of the newest study first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn of_patient(&self, patient: &str) -> Result<Vec<u64>> {
        let sql = "SELECT id FROM records WHERE patient = ?1 ORDER BY study_date DESC, id DESC";
        self.ids_by(sql, [patient])
    }

    /// Which values the fields have, of each field the `most` frequent.
    ///
    /// # Errors
    /// If the database fails.
    pub fn facets(&self, most: usize) -> Result<Facets> {
        let of = |column: &str| {
            self.counts(&format!(
                "SELECT {column}, count(*) AS n FROM records WHERE {column} IS NOT NULL
                 GROUP BY 1 ORDER BY n DESC, 1 LIMIT {most}"
            ))
        };
        let labels = format!(
            "SELECT label, count(DISTINCT record) AS n FROM labels GROUP BY 1 ORDER BY n DESC, 1 LIMIT {most}"
        );
        let days = "SELECT min(study_date), max(study_date) FROM records";
        let days = self.connection.query_row(days, [], |row| Ok((row.get(0)?, row.get(1)?)));
        let (first, last): (Option<Date>, Option<Date>) = days.map_err(|source| self.failed(source))?;
        Ok(Facets {
            body_part: of("body_part")?,
            view: of("view")?,
            modality: of("modality")?,
            sex: of("sex")?,
            source: of("source")?,
            label: self.counts(&labels)?,
            study_dates: first.zip(last),
        })
    }

    fn ids_from(&self, offset: u64, limit: u64) -> Result<Vec<u64>> {
        // More than SQLite can count are more than there are.
        let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let sql = "SELECT id FROM records ORDER BY id LIMIT ?1 OFFSET ?2";
        self.ids_by(sql, [bounded(limit), bounded(offset)])
    }

    /// The ids that a statement selects.
    pub(super) fn ids_by(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<u64>> {
        let read = || -> rusqlite::Result<Vec<u64>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let ids = statement.query_map(parameters, |row| row.get::<_, i64>(0))?;
            ids.map(|id| id.map(i64::cast_unsigned)).collect()
        };
        read().map_err(|source| self.failed(source))
    }
}
