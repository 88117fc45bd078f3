//! Hash codes of embeddings by the hash layer alone, for embeddings without a radiograph.

use retrieval::{Embedding, HashCode};

use crate::error::{Error, Result};
use crate::inference::encoder::Encoder;
use crate::model::resnet::FEATURES;

/// The lengths of features that are tried: from 2^-4 to 2^12, each 4 % above the last.
const SHORTEST: f32 = 0.0625;
const RATIO: f32 = 1.04;
const LENGTHS: i32 = 283;

impl Encoder {
    /// The code of an embedding.
    ///
    /// A fitted hash layer reads the embedding itself. A trained one reads features, whose
    /// direction is the embedding. Their length is found again: it is the one at which the `known`
    /// embeddings get most of their known bits. Without any, all lengths are equally good and one
    /// in the middle is taken.
    ///
    /// # Errors
    /// [`Error::EmbeddingLength`] for an embedding that is not the model's.
    pub fn encode_embedding(
        &self,
        embedding: &Embedding,
        known: &[(Embedding, HashCode)],
    ) -> Result<HashCode> {
        let (got, expected) =
            (embedding.values().len(), self.card().architecture.embedding_length());
        if got != expected {
            return Err(Error::EmbeddingLength { got, expected });
        }
        if self.card().architecture.embedding.is_some() {
            return Ok(HashCode::from_signs(&self.hash_of(embedding.values())[..self.bits()])?);
        }
        let layer = |embedding: &Embedding| Line::of(self, embedding);
        let known = known.iter().map(|(embedding, code)| Ok((layer(embedding)?, code)));
        let known = known.collect::<Result<Vec<_>>>()?;
        let right = |length: f32| {
            known.iter().map(|(line, code)| line.agreeing(length, code)).sum::<usize>()
        };
        let lengths = (0..LENGTHS).map(|i| SHORTEST * RATIO.powi(i));
        let best: Vec<f32> = most(lengths.map(|length| (right(length), length)));
        let middle = best.get(best.len() / 2).copied().unwrap_or(SHORTEST);
        Ok(HashCode::from_signs(&layer(embedding)?.at(middle)[..self.bits()])?)
    }
}

/// The lengths with the highest count.
fn most(counted: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    let (mut most, mut best) = (0, Vec::new());
    for (count, length) in counted {
        if count > most {
            (most, best) = (count, Vec::new());
        }
        if count == most {
            best.push(length);
        }
    }
    best
}

/// The outputs u for features of one direction: a straight line in their length, since the hash
/// layer is affine.
struct Line {
    start: Vec<f32>,
    slope: Vec<f32>,
}

impl Line {
    fn of(encoder: &Encoder, embedding: &Embedding) -> Result<Self> {
        let got = embedding.values().len();
        if got != FEATURES {
            return Err(Error::EmbeddingLength { got, expected: FEATURES });
        }
        let (start, end) = (encoder.hash_of(&[0.0; FEATURES]), encoder.hash_of(embedding.values()));
        let slope = end.iter().zip(&start).map(|(end, start)| end - start).collect();
        Ok(Self { start, slope })
    }

    fn at(&self, length: f32) -> Vec<f32> {
        self.start.iter().zip(&self.slope).map(|(start, slope)| start + length * slope).collect()
    }

    /// The number of bits of a code, perhaps a shortened one, that are right at a length.
    fn agreeing(&self, length: f32, code: &HashCode) -> usize {
        let u = self.at(length);
        let set = |i: usize| code.words()[i / 64] >> (i % 64) & 1 == 1;
        u.iter().take(code.bits()).enumerate().filter(|(i, u)| (**u >= 0.0) == set(*i)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceChoice;
    use radiograph::dataset::Dataset;
    use radiograph::{Input, Limits};
    use std::path::{Path, PathBuf};

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Two encoders: one whose hash layer reads embeddings, and one whose hash layer reads
    /// features.
    fn shipped() -> [Encoder; 2] {
        ["models/skiagraph.safetensors", "models/skiagraph-224.safetensors"]
            .map(|model| Encoder::load(&workspace().join(model), DeviceChoice::Cpu).unwrap())
    }

    #[test]
    fn known_embeddings_get_their_codes_again() {
        shipped().into_iter().for_each(|encoder| know_their_codes(&encoder));
    }

    fn know_their_codes(encoder: &Encoder) {
        let samples = Dataset::open(&workspace().join("samples")).unwrap();
        let inputs = samples.items.iter().step_by(31).map(|item| {
            let (picture, _) = radiograph::read(&item.path, &Limits::default()).unwrap();
            encoder.preprocess().apply(&picture)
        });
        let inputs: Vec<Input> = inputs.collect();
        for encoding in encoder.encode(&inputs).unwrap() {
            // The embedding is rounded as in a gallery.
            let stored = Embedding::from_bytes(&encoding.embedding.to_bytes()).unwrap();
            let code =
                encoder.encode_embedding(&stored, &[(stored.clone(), encoding.code)]).unwrap();
            assert!(
                code.distance(&encoding.code) <= 1,
                "{} bits differ",
                code.distance(&encoding.code)
            );
        }
    }

    #[test]
    fn an_embedding_of_another_model_is_refused() {
        for encoder in shipped() {
            let message = encoder
                .encode_embedding(&Embedding::new(vec![1.0; 3]), &[])
                .unwrap_err()
                .to_string();
            let expected = encoder.card().architecture.embedding_length();
            assert!(message.contains(&format!("3 values; expected {expected}")), "{message}");
        }
    }
}
