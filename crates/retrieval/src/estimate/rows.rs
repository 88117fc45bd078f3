//! Embeddings of one length as text: f16 in base 64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::EstimatorError;
use crate::Embedding;

/// Embeddings one after the other, as base 64.
#[derive(Serialize, Deserialize)]
pub(super) struct Rows {
    dimensions: usize,
    values: String,
}

impl Rows {
    /// Encodes embeddings of one length.
    pub(super) fn of(embeddings: &[Embedding]) -> Self {
        let dimensions = embeddings.first().map_or(0, |first| first.values().len());
        let bytes: Vec<u8> = embeddings.iter().flat_map(Embedding::to_bytes).collect();
        Self { dimensions, values: BASE64.encode(bytes) }
    }

    /// Decodes the embeddings; at least one.
    pub(super) fn embeddings(self) -> Result<Vec<Embedding>, EstimatorError> {
        let damaged = |reason: String| EstimatorError { reason };
        let bytes = BASE64.decode(&self.values).map_err(|error| damaged(error.to_string()))?;
        let row = self.dimensions.saturating_mul(2);
        if row == 0 || bytes.is_empty() || !bytes.len().is_multiple_of(row) {
            return Err(damaged(format!(
                "{} bytes are no rows of {} values",
                bytes.len(),
                self.dimensions
            )));
        }
        let embedding =
            |row| Embedding::from_bytes(row).map_err(|error| damaged(error.to_string()));
        bytes.chunks_exact(row).map(embedding).collect()
    }
}
