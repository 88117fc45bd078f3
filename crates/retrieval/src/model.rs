//! The identity of a model: only codes of the same model may be compared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identity of weights and preprocessing together. Two codes are comparable if and only if
/// theirs are equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
