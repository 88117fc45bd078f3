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
    /// Which of the near ones come first.
    pub order: Order,
    /// Which records may answer.
    pub filter: Option<&'a Filter>,
    /// Whether each patient answers once, by the best of the patient's pictures. Pictures of
    /// unknown patients stand alone.
    pub group_by_patient: bool,
    /// Whether the images themselves and other pictures of their patients may answer.
    pub own: bool,
}

/// The order of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// By (Euclidean distance of the embeddings, Hamming distance, id), among the `k` + [`SPARE`]
    /// nearest descriptors of the nearest codes.
    Similarity {
        /// How many nearest codes there are to choose from; there are never fewer than embeddings
        /// are compared.
        shortlist: usize,
    },
    /// By (Hamming distance, id).
    Hamming,
}

/// The usual length of a shortlist.
pub const SHORTLIST: usize = 1000;
/// How many more embeddings than answers are wanted are read and compared.
pub const SPARE: usize = 100;

impl Default for Order {
    fn default() -> Self {
        Self::Similarity { shortlist: SHORTLIST }
    }
}

impl Order {
    /// For `k` answers: how many nearest codes are looked at, and how many of their embeddings.
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
    /// Its identity, by which a gallery that holds it knows it.
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
    /// Ids of entries that are not.
    pub unlike: &'a [u64],
    /// What gives the code of a moved embedding.
    pub rehash: Rehash<'a>,
}

/// From an embedding, and from embeddings whose codes are known, to its code: the model's hash
/// layer.
pub type Rehash<'a> = &'a dyn Fn(
    &Embedding,
    &[(Embedding, HashCode)],
) -> Result<HashCode, Box<dyn Error + Send + Sync>>;

impl<'a> Query<'a> {
    /// The `k` most similar to any of some pictures, of other patients.
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
            own: false,
        }
    }
}
