//! Hash codes in, neighbours out: exact Hamming search, and the measures of retrieval.
//!
//! * [`HashCode`] and [`Embedding`] are what a network makes of a radiograph.
//! * [`Index`] answers "the k nearest codes" exactly, from memory, with the kernels of [`hamming`],
//!   ties in the order of their [`Descriptor`]s where that is asked.
//! * [`estimate`] says how likely a neighbour is relevant, and whether anything is.
//! * [`evaluation`] measures a ranking: AP, precision, recall and nDCG, with ties and confidence
//!   treated.
//! * [`map`] lays codes out in the plane.
//! * [`hashing`] makes codes of any feature vectors: the shallow baselines.
//!
//! ```
//! use retrieval::{Descriptor, HashCode, Index, Neighbor};
//!
//! let code = |word| HashCode::from_words(&[word], 64);
//! let mut index = Index::new(64)?;
//! index.insert(7, &code(0b0111)?, Descriptor::default())?;
//! index.insert(8, &code(0b1111)?, Descriptor::default())?;
//! assert_eq!(index.nearest(&code(0b0011)?, 1)?, [Neighbor { distance: 1, id: 7 }]);
//! # Ok::<(), retrieval::Error>(())
//! ```
//!
//! Nothing here knows of pixels, tensors, databases or HTTP.

pub mod estimate;
pub mod evaluation;
pub mod hamming;
pub mod hashing;
pub mod map;

mod code;
mod descriptor;
mod embedding;
mod error;
mod index;
mod model;
mod shortlist;

pub use code::{HashCode, MAX_BITS, check_bits};
pub use descriptor::Descriptor;
pub use embedding::Embedding;
pub use error::{Error, Result};
pub use index::{Index, Neighbor, Plan, Point, Ranked, Search};
pub use model::ModelId;
pub use shortlist::{SHORTLIST, SPARE};
