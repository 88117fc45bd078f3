//! Searching a gallery: a shortlist by Hamming distance, its order by Euclidean distance,
//! exclusions, grouping, records.

use std::collections::{HashMap, HashSet};

use retrieval::{Descriptor, Embedding, HashCode, MAX_BITS, Neighbor, Plan, Point, Ranked, Search};
use roaring::RoaringTreemap;
use serde::Serialize;

use crate::store::Which;
use crate::{Error, Gallery, Order, Query, Record, Result};

/// An answer to a query.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Hit {
    /// The record's id in the gallery.
    pub id: u64,
    /// The Hamming distance, in bits.
    pub distance: u32,
    /// The Euclidean distance of the embeddings.
    pub euclidean: f32,
    /// The record.
    pub record: Record,
}

/// A point to search around.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) code: HashCode,
    pub(super) embedding: Embedding,
}

/// A possible hit.
struct Candidate {
    neighbor: Neighbor,
    euclidean: f32,
}

impl Gallery {
    /// The most similar committed pictures, in the order that [`Query::order`] says. The list of
    /// nearest codes is exact: no code outside it is nearer than one in it. Of equally near codes
    /// it has those with the nearer [`Descriptor`]s. If patients answer once, the list is
    /// lengthened until it has `k` of them.
    ///
    /// A picture that another process has deleted meanwhile is left out.
    ///
    /// # Errors
    /// [`Error::EmptyQuery`] if the query has neither an image nor an entry to be like. If it does
    /// not fit the gallery, an entry of its feedback is not there, re-hashing fails, or the
    /// database fails.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>> {
        let targets = self.targets_of(query)?;
        let only = query.filter.map(|filter| self.matching(filter)).transpose()?;
        let except = self.excluded(query)?;
        self.check_codes(only.as_ref(), &except)?;
        let [codes, mut compared] = query.order.lengths(query.k);
        let mut search = Search {
            k: codes,
            radius: query.within.unwrap_or(MAX_BITS as u32),
            only: only.as_ref(),
            except: Some(&except),
        };
        let points: Vec<Point> = targets.iter().map(|target| target.point(query.order)).collect();
        loop {
            let mut near = self.index.near_any(&points, &search, Plan::Best)?;
            let all = near.len() < search.k && near.len() <= compared;
            if query.order != Order::Hamming {
                near.sort_unstable_by_key(|ranked| (ranked.tie, ranked.distance, ranked.id));
                near.truncate(compared);
            }
            let mut candidates = self.candidates(near, &targets)?;
            if query.order != Order::Hamming {
                candidates.sort_by(|a, b| {
                    a.euclidean.total_cmp(&b.euclidean).then(a.neighbor.cmp(&b.neighbor))
                });
            }
            let hits = self.hits(&candidates, query)?;
            if all || !query.group_by_patient || hits.len() >= query.k {
                return Ok(hits);
            }
            (search.k, compared) = (search.k.saturating_mul(4), compared.saturating_mul(4));
        }
    }

    fn targets_of(&self, query: &Query<'_>) -> Result<Vec<Target>> {
        for image in query.images {
            self.meta.check_dimensions(image.embedding)?;
        }
        let given = query.images.iter();
        let given =
            given.map(|image| Target { code: *image.code, embedding: image.embedding.clone() });
        let given: Vec<Target> = given.collect();
        let targets = match &query.feedback {
            Some(feedback) => self.moved(&given, feedback)?,
            None => given,
        };
        if targets.is_empty() { Err(Error::EmptyQuery) } else { Ok(targets) }
    }

    /// The candidates of the nearest codes, without pictures that were deleted meanwhile.
    fn candidates(&self, near: Vec<Ranked>, targets: &[Target]) -> Result<Vec<Candidate>> {
        let ids: Vec<u64> = near.iter().map(|ranked| ranked.id).collect();
        let embeddings: HashMap<u64, Embedding> =
            self.store.embeddings(&ids)?.into_iter().collect();
        let candidate = |neighbor: Neighbor| {
            let Some(embedding) = embeddings.get(&neighbor.id) else {
                // A record without its embedding is damage.
                return if_there(self.embedding(neighbor.id)).map(|_| None);
            };
            self.meta.check_dimensions(embedding)?;
            let distances = targets.iter().map(|target| target.embedding.distance(embedding));
            Ok(Some(Candidate { neighbor, euclidean: distances.fold(f32::INFINITY, f32::min) }))
        };
        near.into_iter().map(Neighbor::from).map(candidate).filter_map(Result::transpose).collect()
    }

    /// The first `k` candidates whose records are there, with them. If patients answer once, only
    /// each patient's first counts.
    fn hits(&self, candidates: &[Candidate], query: &Query<'_>) -> Result<Vec<Hit>> {
        let (mut hits, mut answered) = (Vec::new(), HashSet::new());
        for candidates in candidates.chunks(query.k.max(1)) {
            let ids: Vec<u64> = candidates.iter().map(|candidate| candidate.neighbor.id).collect();
            let mut records: HashMap<u64, Record> = self.store.records(&ids)?.into_iter().collect();
            for Candidate { neighbor: Neighbor { id, distance }, euclidean } in candidates {
                let Some(record) = records.remove(id) else { continue };
                let first =
                    record.patient.as_ref().is_none_or(|patient| answered.insert(patient.clone()));
                if first || !query.group_by_patient {
                    hits.push(Hit { id: *id, distance: *distance, euclidean: *euclidean, record });
                }
            }
            if hits.len() >= query.k {
                break;
            }
        }
        hits.truncate(query.k);
        Ok(hits)
    }

    /// The ids that may not answer: judged entries, and unless wanted the images themselves and
    /// their patients' pictures. Without an image, the entries to be like stand for it.
    fn excluded(&self, query: &Query<'_>) -> Result<RoaringTreemap> {
        let mut ids: RoaringTreemap = query
            .feedback
            .iter()
            .flat_map(|judged| judged.like.iter().chain(judged.unlike))
            .collect();
        if query.include_same_patient {
            return Ok(ids);
        }
        for image in query.images {
            if let Some(patient) = image.patient {
                ids.extend(self.of_patient(patient)?);
            }
            ids.extend(self.store.ids(Which::OfKey(image.key))?);
        }
        let entries =
            query.feedback.filter(|_| query.images.is_empty()).map_or(&[][..], |f| f.like);
        for &id in entries {
            let patient = if_there(self.record(id))?.and_then(|record| record.patient);
            ids.extend(patient.map_or(Ok(Vec::new()), |patient| self.of_patient(&patient))?);
        }
        Ok(ids)
    }
}

impl Target {
    fn point(&self, order: Order) -> Point {
        let descriptor = (order != Order::Hamming).then(|| Descriptor::of(&self.embedding));
        Point { code: self.code, descriptor }
    }
}

/// Returns `None` if another process has deleted the record meanwhile.
fn if_there<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(Error::NoRecord { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
