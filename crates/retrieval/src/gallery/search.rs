//! Searching a gallery: Hamming candidates, exclusions, re-ranking, grouping, records.

use std::collections::{HashMap, HashSet};

use roaring::RoaringTreemap;
use serde::Serialize;

use super::store::Which;
use super::{Gallery, Query, Record};
use crate::{Embedding, Error, HashCode, Neighbor, Result, Search};

/// An answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Hit {
    /// The record's id in the gallery.
    pub id: u64,
    /// The Hamming distance, in bits.
    pub distance: u32,
    /// The Euclidean distance of the embeddings.
    pub euclidean: f32,
    /// What is known of it.
    pub record: Record,
}

/// Where a query looks.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) code: HashCode,
    pub(super) embedding: Embedding,
}

/// What may become a hit.
struct Candidate {
    neighbor: Neighbor,
    euclidean: f32,
    /// Where it matters.
    patient: Option<String>,
}

impl Gallery {
    /// The nearest committed pictures, ordered by (distance, id), or if re-ranked by (Euclidean distance, distance, id). The
    /// Hamming stage is exact; re-ranking orders its shortlist alone. When patients answer once, the shortlist is lengthened until
    /// `k` of them are on it.
    ///
    /// A picture that another process has deleted meanwhile is left out.
    ///
    /// # Errors
    /// [`Error::EmptyQuery`] if the query has neither an image nor an entry to be like. If it does not fit the gallery, an entry
    /// of its feedback is not there, re-hashing fails, or the database fails.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>> {
        let points = self.points_of(query)?;
        let only = query.filter.map(|filter| self.matching(filter)).transpose()?;
        let except = self.excluded(query)?;
        let search = Search {
            k: query.k.max(if query.k == 0 { 0 } else { query.rerank.unwrap_or(0) }),
            radius: query.within.unwrap_or(crate::MAX_BITS as u32),
            only: only.as_ref(),
            except: Some(&except),
        };
        let mut shortlist = self.shortlist(&points, search, query)?;
        if query.rerank.is_some() {
            shortlist.sort_by(|a, b| a.euclidean.total_cmp(&b.euclidean).then(a.neighbor.cmp(&b.neighbor)));
        }
        if query.group_by_patient {
            let mut answered = HashSet::new();
            shortlist.retain(|c| c.patient.as_ref().is_none_or(|patient| answered.insert(patient.clone())));
        }
        self.hits(shortlist, query.k)
    }

    fn points_of(&self, query: &Query<'_>) -> Result<Vec<Point>> {
        for image in query.images {
            self.meta.check_dimensions(image.embedding)?;
        }
        let given = query.images.iter();
        let given = given.map(|image| Point { code: *image.code, embedding: image.embedding.clone() });
        let given: Vec<Point> = given.collect();
        let points = match &query.feedback {
            Some(feedback) => self.moved(&given, feedback)?,
            None => given,
        };
        if points.is_empty() { Err(Error::EmptyQuery) } else { Ok(points) }
    }

    /// The nearest, nearest first: as many as the search asks for, and more if too few patients are among them.
    fn shortlist(
        &self,
        points: &[Point],
        mut search: Search<'_>,
        query: &Query<'_>,
    ) -> Result<Vec<Candidate>> {
        loop {
            let near = self.nearest_to_any(points, &search)?;
            let complete = near.len() < search.k;
            let candidates = self.candidates(near, points, query.group_by_patient)?;
            if complete || !query.group_by_patient || patients(&candidates) >= query.k {
                return Ok(candidates);
            }
            search.k = search.k.saturating_mul(4);
        }
    }

    /// Neighbours of several points, each by the nearest of them: no other entry can be among the first `k`.
    fn nearest_to_any(&self, points: &[Point], search: &Search<'_>) -> Result<Vec<Neighbor>> {
        let codes: Vec<HashCode> = points.iter().map(|point| point.code).collect();
        let mut near = self.index.search(&codes, search, crate::Plan::Best)?.concat();
        near.sort_unstable();
        let mut seen = HashSet::new();
        near.retain(|neighbor| seen.insert(neighbor.id));
        near.truncate(search.k);
        Ok(near)
    }

    /// Without the pictures that are gone meanwhile.
    fn candidates(&self, near: Vec<Neighbor>, points: &[Point], grouped: bool) -> Result<Vec<Candidate>> {
        let ids: Vec<u64> = near.iter().map(|neighbor| neighbor.id).collect();
        let embeddings: HashMap<u64, Embedding> = self.store.embeddings(&ids)?.into_iter().collect();
        let records = if grouped { self.store.records(&ids)? } else { Vec::new() };
        let mut records: HashMap<u64, Record> = records.into_iter().collect();
        let candidate = |neighbor: Neighbor| {
            let Some(embedding) = embeddings.get(&neighbor.id) else {
                // One that has a record lacks its embedding: that is damage.
                return if_there(self.embedding(neighbor.id)).map(|_| None);
            };
            self.meta.check_dimensions(embedding)?;
            let distances = points.iter().map(|point| point.embedding.distance(embedding));
            let euclidean = distances.fold(f32::INFINITY, f32::min);
            let patient = records.remove(&neighbor.id).and_then(|record| record.patient);
            Ok(Some(Candidate { neighbor, euclidean, patient }))
        };
        near.into_iter().map(candidate).filter_map(Result::transpose).collect()
    }

    /// The first `k` whose records are there, with them.
    fn hits(&self, candidates: Vec<Candidate>, k: usize) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for candidates in candidates.chunks(k.max(1)) {
            let ids: Vec<u64> = candidates.iter().map(|candidate| candidate.neighbor.id).collect();
            let mut records: HashMap<u64, Record> = self.store.records(&ids)?.into_iter().collect();
            hits.extend(candidates.iter().filter_map(|candidate| {
                let Neighbor { id, distance } = candidate.neighbor;
                let record = records.remove(&id)?;
                Some(Hit { id, distance, euclidean: candidate.euclidean, record })
            }));
            if hits.len() >= k {
                break;
            }
        }
        hits.truncate(k);
        Ok(hits)
    }

    /// The ids of what was judged, and unless wanted of the images themselves and of their patients' pictures. Where there is no
    /// image, the entries to be like stand for it.
    fn excluded(&self, query: &Query<'_>) -> Result<RoaringTreemap> {
        let mut ids: RoaringTreemap =
            query.feedback.iter().flat_map(|judged| judged.like.iter().chain(judged.unlike)).collect();
        if query.own {
            return Ok(ids);
        }
        for image in query.images {
            if let Some(patient) = image.patient {
                ids.extend(self.store.ids(Which::OfPatient(patient))?);
            }
            ids.extend(self.store.ids(Which::OfKey(image.key))?);
        }
        let entries = query.feedback.filter(|_| query.images.is_empty()).map_or(&[][..], |f| f.like);
        for &id in entries {
            ids.extend(self.store.ids(Which::OfPatientOf(id))?);
        }
        Ok(ids)
    }
}

/// How many patients there are, each picture of an unknown one counted as one.
fn patients(candidates: &[Candidate]) -> usize {
    let known: HashSet<&String> = candidates.iter().filter_map(|c| c.patient.as_ref()).collect();
    known.len() + candidates.iter().filter(|c| c.patient.is_none()).count()
}

/// None if another process has deleted the record meanwhile.
fn if_there<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(Error::NoRecord { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
