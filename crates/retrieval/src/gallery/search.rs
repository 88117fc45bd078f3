//! Searching a gallery: Hamming candidates, exclusions, re-ranking, records.

use roaring::RoaringTreemap;
use serde::Serialize;

use super::{Gallery, Record};
use crate::{Embedding, Error, HashCode, Neighbor, Result, Search};

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The query's code.
    pub code: &'a HashCode,
    /// The query's embedding. With it each hit has its Euclidean distance, and the shortlist can be re-ranked.
    pub embedding: Option<&'a Embedding>,
    /// The most hits wanted.
    pub k: usize,
    /// The greatest Hamming distance wanted, in bits.
    pub within: Option<u32>,
    /// Order so many of the nearest codes (at least `k`) by Euclidean distance, and answer the first `k` of them.
    pub rerank: Option<usize>,
    /// Leave out this patient's pictures.
    pub exclude_patient: Option<&'a str>,
    /// Leave out the picture with this key.
    pub exclude_key: Option<&'a str>,
}

/// An answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Hit {
    /// The record's id in the gallery.
    pub id: u64,
    /// The Hamming distance, in bits.
    pub distance: u32,
    /// The Euclidean distance of the embeddings, if the query has one.
    pub euclidean: Option<f32>,
    /// What is known of it.
    pub record: Record,
}

impl Gallery {
    /// The nearest committed pictures, ordered by (distance, id), or if re-ranked by (Euclidean distance, distance,
    /// id). The Hamming stage is exact; re-ranking orders its shortlist alone.
    ///
    /// A picture that another process has deleted meanwhile is left out.
    ///
    /// # Errors
    /// If the query does not fit the gallery, has no embedding to re-rank by, or the database fails.
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>> {
        if query.rerank.is_some() && query.embedding.is_none() {
            return Err(Error::NoQueryEmbedding);
        }
        if let Some(embedding) = query.embedding {
            self.check_dimensions(embedding)?;
        }
        let mut candidates = self.candidates(query)?;
        if query.rerank.is_some() {
            candidates.sort_by(|(a, a_euclidean), (b, b_euclidean)| {
                a_euclidean
                    .unwrap_or(f32::INFINITY)
                    .total_cmp(&b_euclidean.unwrap_or(f32::INFINITY))
                    .then(a.cmp(b))
            });
        }
        let mut hits = Vec::new();
        for (Neighbor { id, distance }, euclidean) in candidates {
            if hits.len() == query.k {
                break;
            }
            match self.record(id) {
                Ok(record) => hits.push(Hit { id, distance, euclidean, record }),
                Err(Error::NoRecord { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(hits)
    }

    /// The nearest codes, with their Euclidean distances if the query has an embedding.
    fn candidates(&self, query: &Query<'_>) -> Result<Vec<(Neighbor, Option<f32>)>> {
        let excluded = self.excluded(query)?;
        let wanted = query.k.max(if query.k == 0 { 0 } else { query.rerank.unwrap_or(0) });
        let mut search = Search { except: Some(&excluded), ..Search::nearest(wanted) };
        search.radius = query.within.unwrap_or(search.radius);
        let nearest = self.index.search_one(query.code, &search)?;
        nearest.into_iter().filter_map(|neighbor| self.with_euclidean(neighbor, query).transpose()).collect()
    }

    /// None if the picture is gone meanwhile.
    fn with_euclidean(
        &self,
        neighbor: Neighbor,
        query: &Query<'_>,
    ) -> Result<Option<(Neighbor, Option<f32>)>> {
        let Some(embedding) = query.embedding else { return Ok(Some((neighbor, None))) };
        match self.embedding(neighbor.id) {
            Ok(other) => {
                self.check_dimensions(&other)?;
                Ok(Some((neighbor, Some(embedding.distance(&other)))))
            }
            Err(Error::NoRecord { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the query's own patient and of the query itself.
    fn excluded(&self, query: &Query<'_>) -> Result<RoaringTreemap> {
        let read = || -> rusqlite::Result<RoaringTreemap> {
            let sql = "SELECT id FROM records WHERE patient = ?1 UNION SELECT id FROM records WHERE key = ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            let ids = statement
                .query_map((query.exclude_patient, query.exclude_key), |row| row.get::<_, i64>(0))?;
            ids.map(|id| id.map(i64::cast_unsigned)).collect()
        };
        read().map_err(|source| self.failed(source))
    }
}
