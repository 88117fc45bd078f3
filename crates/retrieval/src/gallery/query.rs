//! What a gallery is asked.

use std::error::Error;

use super::Filter;
use crate::{Embedding, HashCode};

/// What to look for: the like of some pictures, of some entries of the gallery, or of both.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Pictures to find the like of. An entry is as far from several as from the nearest of them.
    pub images: &'a [Example<'a>],
    /// Which entries are like what is wanted, and which are not.
    pub feedback: Option<Feedback<'a>>,
    /// The most hits wanted.
    pub k: usize,
    /// The greatest Hamming distance wanted, in bits.
    pub within: Option<u32>,
    /// Order so many of the nearest codes (at least `k`) by Euclidean distance, and answer the first `k` of them.
    pub rerank: Option<usize>,
    /// Which records may answer.
    pub filter: Option<&'a Filter>,
    /// Whether each patient answers once, by the best of the patient's pictures. Pictures of unknown patients stand alone.
    pub group_by_patient: bool,
    /// Whether the images themselves and other pictures of their patients may answer.
    pub own: bool,
}

/// A picture as the model encoded it.
#[derive(Clone, Copy)]
pub struct Example<'a> {
    /// Its code.
    pub code: &'a HashCode,
    /// Its embedding.
    pub embedding: &'a Embedding,
    /// Its identity, by which a gallery that holds it knows it.
    pub key: &'a str,
    /// Its patient.
    pub patient: Option<&'a str>,
}

/// Judged entries of the gallery, which move the query towards some and away from others. None of them answers.
#[derive(Clone, Copy)]
pub struct Feedback<'a> {
    /// Ids of entries that are like what is wanted.
    pub like: &'a [u64],
    /// Ids of entries that are not.
    pub unlike: &'a [u64],
    /// What gives the code of a moved embedding.
    pub rehash: Rehash<'a>,
}

/// From an embedding, and from embeddings whose codes are known, to its code: the model's hash layer.
pub type Rehash<'a> =
    &'a dyn Fn(&Embedding, &[(Embedding, HashCode)]) -> Result<HashCode, Box<dyn Error + Send + Sync>>;

impl<'a> Query<'a> {
    /// The `k` nearest to any of some pictures, of other patients.
    #[must_use]
    pub fn nearest(images: &'a [Example<'a>], k: usize) -> Self {
        Self {
            images,
            feedback: None,
            k,
            within: None,
            rerank: None,
            filter: None,
            group_by_patient: false,
            own: false,
        }
    }
}
