//! A gallery's queries.

use std::error::Error;

use retrieval::{Embedding, HashCode, SHORTLIST, SPARE};

use crate::Filter;

/// A search for entries like some pictures, like some entries of the gallery, or both.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// The pictures to search for. An entry's distance to several is that to the nearest.
    pub images: &'a [Example<'a>],
    /// The entries that were judged like or unlike what is wanted.
    pub feedback: Option<Feedback<'a>>,
    /// The greatest number of hits.
    pub k: usize,
    /// The greatest Hamming distance, in bits.
    pub within: Option<u32>,
    /// The order of the hits.
    pub order: Order,
    /// The filter of the records that may answer.
    pub filter: Option<&'a Filter>,
    /// True if each patient answers once, by the patient's best picture. Each picture of an unknown
    /// patient answers by itself.
    pub group_by_patient: bool,
    /// True if the images themselves and other pictures of their patients may answer.
    pub include_same_patient: bool,
}

/// The order of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Order by (Euclidean distance of the embeddings, Hamming distance, id), among the `k` +
    /// [`SPARE`] nearest descriptors of the nearest codes.
    Similarity {
        /// The number of nearest codes to choose from. There are at least as many as embeddings are
        /// compared.
        shortlist: usize,
    },
    /// Order by (Hamming distance, id).
    Hamming,
}

impl Default for Order {
    fn default() -> Self {
        Self::Similarity { shortlist: SHORTLIST }
    }
}

impl Order {
    /// The number of nearest codes to look at for `k` answers, and of their embeddings to read.
    pub(super) fn lengths(self, k: usize) -> [usize; 2] {
        match self {
            Self::Similarity { shortlist } if k > 0 => [shortlist.max(k + SPARE), k + SPARE],
            _ => [k, k],
        }
    }
}

/// A picture as the model encoded it.
#[derive(Clone, Copy)]
pub struct Example<'a> {
    /// Its code.
    pub code: &'a HashCode,
    /// Its embedding.
    pub embedding: &'a Embedding,
    /// Its key, by which a gallery that holds it recognises it.
    pub key: &'a str,
    /// Its patient.
    pub patient: Option<&'a str>,
}

/// Judged entries of the gallery, which move the query towards some and away from others. None of
/// them answers.
#[derive(Clone, Copy)]
pub struct Feedback<'a> {
    /// Ids of entries that are like what is wanted.
    pub like: &'a [u64],
    /// Ids of entries that are unlike what is wanted.
    pub unlike: &'a [u64],
    /// The function that hashes a moved embedding.
    pub encode_embedding: EncodeEmbedding<'a>,
}

/// The model's hash layer: from an embedding, and from embeddings whose codes are known, to its
/// code.
pub type EncodeEmbedding<'a> = &'a dyn Fn(
    &Embedding,
    &[(Embedding, HashCode)],
) -> Result<HashCode, Box<dyn Error + Send + Sync>>;

impl<'a> Query<'a> {
    /// A query for the `k` entries of other patients that are most similar to any of some pictures.
    #[must_use]
    pub fn nearest(images: &'a [Example<'a>], k: usize) -> Self {
        Self {
            images,
            feedback: None,
            k,
            within: None,
            order: Order::default(),
            filter: None,
            group_by_patient: false,
            include_same_patient: false,
        }
    }
}
