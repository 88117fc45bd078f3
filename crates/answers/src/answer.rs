//! A question to a gallery and its answer: the hits, and estimates of their relevance. `search` and
//! the server share it.

use gallery::{Example, Feedback, Filter, Gallery, Hit, Order, Query, Record};
use network::{Encoder, Encoding};
use retrieval::estimate::{Estimate, Estimator, NEIGHBORS, evidence};
use retrieval::{Embedding, HashCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The order of the hits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerOrder {
    /// The most similar first, by the distance of their embeddings, among the nearest codes
    #[default]
    Similarity,
    /// The pictures whose codes differ in the fewest bits first; ties go to the record added first
    Hamming,
}

impl AnswerOrder {
    /// The order to ask the gallery for. `shortlist` of the nearest codes are compared by
    /// embedding.
    pub fn of(self, shortlist: usize) -> Order {
        match self {
            Self::Similarity => Order::Similarity { shortlist },
            Self::Hamming => Order::Hamming,
        }
    }
}

/// A question to a gallery; see [`Query`].
pub struct Question<'a> {
    /// The query's pictures and their records.
    pub pictures: &'a [(&'a Record, &'a Encoding)],
    /// Entries towards which the query is moved.
    pub like: &'a [u64],
    /// Entries away from which it is moved.
    pub unlike: &'a [u64],
    /// The number of hits.
    pub k: usize,
    /// The most bits in which a hit differs.
    pub within: Option<u32>,
    /// The order of the hits.
    pub order: Order,
    /// The rule that records must pass.
    pub filter: Option<&'a Filter>,
    /// True for one hit of each patient.
    pub group_by_patient: bool,
    /// True to admit the query's own patient.
    pub include_same_patient: bool,
}

/// The hits and their estimates. There are no estimates for a model without an estimator, nor after
/// feedback, for which it was not fitted.
///
/// # Errors
/// If the gallery fails.
pub fn answer(
    gallery: &Gallery,
    encoder: &Encoder,
    question: &Question<'_>,
) -> gallery::Result<(Vec<Hit>, Option<Estimate>)> {
    // A single entry alone is searched for as its own picture would be.
    let lone = match (question.pictures, question.like, question.unlike) {
        ([], &[id], []) => Some(Entry::read(gallery, id)?),
        _ => None,
    };
    let pictures = question.pictures.iter().map(|(record, encoding)| example(record, encoding));
    let examples: Vec<Example> = pictures.chain(lone.as_ref().map(Entry::example)).collect();
    let moved = lone.is_none() && !(question.like.is_empty() && question.unlike.is_empty());
    let encode_embedding = |embedding: &Embedding, known: &[(Embedding, HashCode)]| {
        encoder.encode_embedding(embedding, known).map_err(Into::into)
    };
    let feedback = Feedback {
        like: question.like,
        unlike: question.unlike,
        encode_embedding: &encode_embedding,
    };
    let mut hits = gallery.search(&Query {
        feedback: moved.then_some(feedback),
        within: question.within,
        order: question.order,
        filter: question.filter,
        group_by_patient: question.group_by_patient,
        include_same_patient: question.include_same_patient,
        // There are at least as many hits as estimates need, whatever number is shown.
        ..Query::nearest(&examples, question.k.max(NEIGHBORS))
    })?;
    let embeddings: Vec<&Embedding> = examples.iter().map(|example| example.embedding).collect();
    let estimator = encoder.card().estimator.as_ref().filter(|_| !moved);
    let estimate =
        estimator.and_then(|estimator| estimate(estimator, &embeddings, gallery.bits(), &hits));
    hits.truncate(question.k);
    Ok((hits, estimate))
}

/// The estimates for a query's hits. The query has one or several pictures, given by their
/// embeddings, and is as strange as the least strange of them. `bits` is the length of the codes.
fn estimate(
    estimator: &Estimator,
    query: &[&Embedding],
    bits: usize,
    hits: &[Hit],
) -> Option<Estimate> {
    let strangeness = |embedding: &Embedding| estimator.strangeness(embedding);
    let query = query.iter().min_by(|a, b| strangeness(a).total_cmp(&strangeness(b)))?;
    let neighbor = |hit: &Hit| f64::from(hit.distance) / bits as f64;
    let neighbors: Vec<(f64, f64, &[String])> = hits
        .iter()
        .take(NEIGHBORS)
        .map(|hit| (neighbor(hit), f64::from(hit.euclidean), hit.record.labels.as_slice()))
        .collect();
    Some(estimator.estimate(query, &evidence(&neighbors, estimator.kinds())))
}

/// An encoded picture as part of a query.
pub fn example<'a>(record: &'a Record, encoding: &'a Encoding) -> Example<'a> {
    let Encoding { code, embedding, .. } = encoding;
    Example { code, embedding, key: &record.key, patient: record.patient.as_deref() }
}

/// An entry of the gallery to search for.
struct Entry {
    record: Record,
    code: HashCode,
    embedding: Embedding,
}

impl Entry {
    fn read(gallery: &Gallery, id: u64) -> gallery::Result<Self> {
        let (record, code) = (gallery.record(id)?, gallery.code(id)?);
        Ok(Self { record, code, embedding: gallery.embedding(id)? })
    }

    fn example(&self) -> Example<'_> {
        let Self { record, code, embedding } = self;
        Example { code, embedding, key: &record.key, patient: record.patient.as_deref() }
    }
}
