//! The name of a model: whose codes may be compared with whose.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identifies weights and preprocessing together; two codes are comparable if and only if these are
/// equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
