//! Codes and embeddings as values of PostgreSQL and pgvector.

use pgvector::{Bit, HalfVector};
use retrieval::{Descriptor, Embedding, HashCode};

pub(super) fn from_halves(halves: &HalfVector) -> Embedding {
    Embedding::new(halves.as_slice().iter().map(|value| value.to_f32()).collect())
}

pub(super) fn to_halves(embedding: &Embedding) -> HalfVector {
    HalfVector::from_f32_slice(embedding.values())
}

/// The descriptor of an embedding; the default one if there is none.
pub(super) fn descriptor(halves: Option<&HalfVector>) -> Descriptor {
    halves.map(|halves| Descriptor::of(&from_halves(halves))).unwrap_or_default()
}

/// A code as a bit string. Bit `i` of the code is the string's bit `i`, from the left.
pub(super) fn to_bits(code: &HashCode) -> Bit {
    Bit::from_bytes(&code.to_bytes().into_iter().map(u8::reverse_bits).collect::<Vec<_>>())
}

/// Decodes a code; `None` if the bytes are none.
pub(super) fn from_bits(bytes: &[u8]) -> Option<HashCode> {
    HashCode::from_bytes(&bytes.iter().map(|byte| byte.reverse_bits()).collect::<Vec<_>>()).ok()
}

/// Decodes what `bit_send` gives: four bytes of length, then the bits. A column of the type
/// `bit(K)` would make a prepared statement unusable when another model's codes are longer.
pub(super) fn from_sent(sent: &[u8]) -> Option<HashCode> {
    from_bits(sent.get(4..)?)
}
