//! Looking through a gallery without a query: a page of its records, a patient's pictures, and the
//! values to filter by.

use crate::store::{Field, Which};
use crate::{Date, Filter, Gallery, Record, Result};

/// A page of the records that a filter admits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The number of records that the filter admits in all.
    pub total: u64,
    /// Ids and records, by id.
    pub records: Vec<(u64, Record)>,
}

/// The values of fields, and the number of pictures with each, most first. A picture without a
/// value is not counted.
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
    /// Returns at most `limit` of the records that a filter admits, or of all, without the first
    /// `offset`.
    ///
    /// A picture that another process deletes meanwhile is left out.
    ///
    /// # Errors
    /// If the database fails.
    pub fn page(&self, filter: Option<&Filter>, offset: u64, limit: usize) -> Result<Page> {
        let (total, ids) = match filter {
            Some(filter) => {
                let matching = self.store.ids(Which::Matching(filter))?;
                let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
                (matching.len(), matching.into_iter().skip(skipped).take(limit).collect())
            }
            None => {
                let page = Which::Page { offset, limit: limit as u64 };
                (self.store.totals()?.records, self.store.ids(page)?)
            }
        };
        let mut records = self.store.records(&ids)?;
        records.sort_unstable_by_key(|(id, _)| *id);
        Ok(Page { total: total as u64, records })
    }

    /// The ids of a patient's pictures, of the newest study first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn of_patient(&self, patient: &str) -> Result<Vec<u64>> {
        self.store.ids(Which::OfPatient(patient))
    }

    /// The `most` frequent values of each field.
    ///
    /// # Errors
    /// If the database fails.
    pub fn facets(&self, most: usize) -> Result<Facets> {
        let of = |field| self.store.counts(field, most);
        Ok(Facets {
            body_part: of(Field::BodyPart)?,
            view: of(Field::View)?,
            modality: of(Field::Modality)?,
            sex: of(Field::Sex)?,
            source: of(Field::Source)?,
            label: of(Field::Label)?,
            study_dates: self.store.totals()?.study_dates,
        })
    }
}
