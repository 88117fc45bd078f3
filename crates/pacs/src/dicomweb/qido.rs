//! QIDO-RS (PS3.18 10.6): a search for a server's series and instances.
//!
//! Servers differ in their pages. Some give fewer answers than asked for, ignore offset, limit or
//! keys, or repeat the same pages for ever. So a list ends with the first page without a new
//! answer. Every list has a limit on its pages and answers.

use super::Client;
use super::json::{Object, Page, text};
use crate::error::Result;
use crate::query::Query;
use dicom::is_uid;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::HashSet;
use std::hash::Hash;

/// Answers asked for at once. Servers may give less, and some refuse to be asked for more.
const PAGE: usize = 200;
/// Pages of one list.
const MAX_PAGES: usize = 10_000;
/// Answers of one list.
const MAX_ANSWERS: usize = 2_000_000;
const ACCEPT: &str = "application/dicom+json, application/json;q=0.9";

/// A series that a server has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
}

/// An instance of a series: SOP Class and Instance UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Instance {
    pub(super) sop_class: Option<String>,
    pub(super) sop_instance: String,
}

impl Client {
    /// The series that fit, at most `limit`, page by page. A server may ignore a key and answer
    /// with more, so its answers are compared with the query again.
    ///
    /// # Errors
    /// [`crate::Error::Http`], [`crate::Error::HttpStatus`], [`crate::Error::Answer`], also of a
    /// list without end, and [`crate::Error::Setting`] if the query makes no sense.
    pub fn series(&self, query: &Query, limit: usize) -> Result<Vec<Found>> {
        let [modality, body_part] = query.codes()?;
        let mut keys = String::from("includefield=00180015");
        for (key, value) in
            [("Modality", modality), ("StudyDate", query.dates()?), ("BodyPartExamined", body_part)]
        {
            if !value.is_empty() {
                keys += &format!("&{key}={}", value.replace(' ', "%20"));
            }
        }
        let read = |answer: &Object| {
            let study = uid(answer, tags::STUDY_INSTANCE_UID)?;
            let series = uid(answer, tags::SERIES_INSTANCE_UID)?;
            Some(Found { study, series })
        };
        let admits = |answer: &Object| {
            query.admits(text(answer, tags::MODALITY), text(answer, tags::BODY_PART_EXAMINED))
                && query.admits_day(text(answer, tags::STUDY_DATE))
        };
        self.pages(&format!("/series?{keys}"), limit, read, admits)
    }

    /// The instances of a series.
    pub(super) fn instances(&self, Found { study, series }: &Found) -> Result<Vec<Instance>> {
        let path = format!("/studies/{study}/series/{series}/instances?includefield=00080016");
        let read = |answer: &Object| {
            let sop_class = uid(answer, tags::SOP_CLASS_UID);
            Some(Instance { sop_class, sop_instance: uid(answer, tags::SOP_INSTANCE_UID)? })
        };
        self.pages(&path, usize::MAX, read, |_| true)
    }

    /// Asks for one page after another, and keeps what is admitted of them.
    fn pages<T: Clone + Eq + Hash>(
        &self,
        asked: &str,
        limit: usize,
        read: impl Fn(&Object) -> Option<T>,
        admits: impl Fn(&Object) -> bool,
    ) -> Result<Vec<T>> {
        let (mut found, mut seen, mut offset) = (Vec::new(), HashSet::new(), 0);
        for _ in 0..MAX_PAGES {
            let page = self.page(&format!("{asked}&limit={PAGE}&offset={offset}"))?;
            offset += page.len();
            let known = seen.len();
            for (answer, one) in page.iter().filter_map(|answer| Some((answer, read(answer)?))) {
                if seen.insert(one.clone()) && admits(answer) {
                    found.push(one);
                }
            }
            if seen.len() == known || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
            if seen.len() > MAX_ANSWERS {
                break;
            }
        }
        let got = format!("{} answers, and no end of them", seen.len());
        Err(self.http.answer(asked, got, "a list that ends; ask for less, as by days"))
    }

    fn page(&self, path: &str) -> Result<Vec<Object>> {
        Ok(self.http.json(path, ACCEPT)?.map(Page::objects).unwrap_or_default())
    }
}

/// A UID of an answer. It goes into addresses, so any other text counts as none.
fn uid(answer: &Object, tag: Tag) -> Option<String> {
    let padding = |c: char| c.is_whitespace() || c == '\0';
    text(answer, tag)
        .map(|uid| uid.trim_matches(padding))
        .filter(|uid| is_uid(uid))
        .map(str::to_owned)
}
