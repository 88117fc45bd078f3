//! QIDO-RS (PS3.18 10.6): which series and instances a server has.

use super::Client;
use super::json::{Object, text};
use crate::error::Result;
use crate::query::Query;
use crate::uids::is_uid;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::HashSet;

/// Answers asked for at once. Servers may give less.
const PAGE: usize = 500;
const ACCEPT: &str = "application/dicom+json";

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
    /// The series that fit, at most `limit`, page by page. A server that does not heed a key gives
    /// more than was asked for; what its answers tell is compared with the query once more.
    ///
    /// # Errors
    /// [`crate::Error::Http`], [`crate::Error::HttpStatus`], [`crate::Error::Answer`], and
    /// [`crate::Error::Setting`] if the query makes no sense.
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
        self.pages("/series", &keys, limit, |answer| {
            let admitted =
                query.admits(text(answer, tags::MODALITY), text(answer, tags::BODY_PART_EXAMINED));
            let study = uid(answer, tags::STUDY_INSTANCE_UID)?;
            let series = uid(answer, tags::SERIES_INSTANCE_UID)?;
            admitted.then_some(Found { study, series })
        })
    }

    /// The instances of a series.
    pub(super) fn instances(&self, Found { study, series }: &Found) -> Result<Vec<Instance>> {
        let path = format!("/studies/{study}/series/{series}/instances");
        self.pages(&path, "includefield=00080016", usize::MAX, |answer| {
            let sop_class = uid(answer, tags::SOP_CLASS_UID);
            Some(Instance { sop_class, sop_instance: uid(answer, tags::SOP_INSTANCE_UID)? })
        })
    }

    /// Asks for one page after another until one is empty, or brings nothing new as the server
    /// heeds no offset.
    fn pages<T: Clone + Eq + std::hash::Hash>(
        &self,
        path: &str,
        keys: &str,
        limit: usize,
        read: impl Fn(&Object) -> Option<T>,
    ) -> Result<Vec<T>> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let mut offset = 0;
        while found.len() < limit {
            let asked = format!("{path}?{keys}&limit={PAGE}&offset={offset}");
            let page: Vec<Object> = self.http.json(&asked, ACCEPT)?.unwrap_or_default();
            let known = seen.len();
            for one in page.iter().filter_map(&read) {
                if seen.insert(one.clone()) {
                    found.push(one);
                }
            }
            offset += page.len();
            if page.is_empty()
                || (offset > page.len()
                    && seen.len() == known
                    && page.iter().any(|one| read(one).is_some()))
            {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }
}

/// A UID of an answer, which goes into addresses: whatever else is there is no UID.
fn uid(answer: &Object, tag: Tag) -> Option<String> {
    text(answer, tag).map(str::trim).filter(|uid| is_uid(uid)).map(str::to_owned)
}
