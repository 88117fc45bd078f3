//! The hash code: 16 to 256 bits in `u64` words.

use std::fmt;

use crate::{Error, Result};

/// The longest code, in bits.
pub const MAX_BITS: usize = 256;
const WORDS: usize = MAX_BITS / 64;

/// A binary code in Hamming space; its length is a multiple of 16 bits, from 16 to 256.
///
/// Bit `i` is bit `i % 64` of word `i / 64`; bits past the length are 0. `Display` is the hex of
/// [`HashCode::to_bytes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashCode {
    words: [u64; WORDS],
    bits: u16,
}

impl HashCode {
    /// The code of a hash layer's output `u`: bit `i` is 1 for `u[i] >= 0` (so −0 gives 1).
    ///
    /// # Errors
    /// If the length is no code length, or a value is NaN and so has no sign.
    pub fn from_signs(u: &[f32]) -> Result<Self> {
        check_bits(u.len())?;
        if let Some(position) = u.iter().position(|value| value.is_nan()) {
            return Err(Error::CodeOfNan { position });
        }
        let mut words = [0; WORDS];
        for (i, &value) in u.iter().enumerate() {
            words[i / 64] |= u64::from(value >= 0.0) << (i % 64);
        }
        Ok(Self { words, bits: u.len() as u16 })
    }

    /// The code in `bits.div_ceil(64)` words.
    ///
    /// # Errors
    /// If `bits` is no code length, the number of words is another, or a bit past the length is
    /// set.
    pub fn from_words(words: &[u64], bits: usize) -> Result<Self> {
        check_bits(bits)?;
        let expected = bits.div_ceil(64);
        if words.len() != expected {
            return Err(Error::CodeWords { got: words.len(), expected, bits });
        }
        let beyond = if bits.is_multiple_of(64) { 0 } else { u64::MAX << (bits % 64) };
        if words[expected - 1] & beyond != 0 {
            return Err(Error::CodeTail { bits });
        }
        let mut all = [0; WORDS];
        all[..expected].copy_from_slice(words);
        Ok(Self { words: all, bits: bits as u16 })
    }

    /// The code whose [`HashCode::to_bytes`] this is.
    ///
    /// # Errors
    /// If no code has that many bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        check_bits(bytes.len() * 8)?;
        let mut words = [0; WORDS];
        for (i, &byte) in bytes.iter().enumerate() {
            words[i / 8] |= u64::from(byte) << (8 * (i % 8));
        }
        Ok(Self { words, bits: (bytes.len() * 8) as u16 })
    }

    /// `bits / 8` bytes; bit `i` of the code is bit `i % 8` of byte `i / 8`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words().iter().flat_map(|word| word.to_le_bytes()).take(self.bits() / 8).collect()
    }

    /// The length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        usize::from(self.bits)
    }

    /// The words that hold the bits: 1 to 4.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words[..self.bits().div_ceil(64)]
    }

    /// The number of bits in which two codes of one length differ. Of two lengths, the missing bits
    /// count as 0.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        debug_assert_eq!(self.bits, other.bits, "codes of two lengths have no distance");
        self.words.iter().zip(&other.words).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl fmt::Display for HashCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

impl fmt::Debug for HashCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashCode({self})")
    }
}

/// Checks that a code may have so many bits.
///
/// # Errors
/// If no code has that length.
pub fn check_bits(bits: usize) -> Result<()> {
    if bits == 0 || bits > MAX_BITS || !bits.is_multiple_of(16) {
        return Err(Error::CodeLength { got: bits });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Index;

    /// Any code: its signs.
    fn signs() -> impl Strategy<Value = Vec<f32>> {
        (1_usize..=16).prop_flat_map(|n| {
            prop::collection::vec(prop_oneof![Just(-1.0_f32), Just(1.0)], n * 16)
        })
    }

    #[test]
    fn zero_and_minus_zero_are_ones() {
        let mut u = [-1.0; 16];
        u[0] = 0.0;
        u[9] = -0.0;
        let code = HashCode::from_signs(&u).unwrap();
        assert_eq!(
            (code.to_string().as_str(), code.words(), code.bits()),
            ("0102", &[0x0201][..], 16)
        );
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for bits in [0, 8, 15, 17, 272] {
            let error = HashCode::from_signs(&vec![1.0; bits]).unwrap_err().to_string();
            assert!(error.contains(&format!("{bits} bits")), "{error}");
            assert!(Index::new(bits).is_err());
        }
        let mut u = [1.0; 32];
        u[5] = f32::NAN;
        assert!(HashCode::from_signs(&u).unwrap_err().to_string().contains("position 5"));
        assert!(HashCode::from_words(&[0, 0], 64).is_err());
        assert!(HashCode::from_words(&[0], 128).is_err());
        assert!(HashCode::from_words(&[1 << 48], 48).is_err());
        assert!(HashCode::from_words(&[1 << 47], 48).is_ok());
        assert!(HashCode::from_bytes(&[1, 2, 3]).is_err());
    }

    proptest! {
        #[test]
        fn bytes_and_words_round_trip(u in signs()) {
            let code = HashCode::from_signs(&u).unwrap();
            prop_assert_eq!(code.bits(), u.len());
            prop_assert_eq!(HashCode::from_bytes(&code.to_bytes()).unwrap(), code);
            prop_assert_eq!(HashCode::from_words(code.words(), code.bits()).unwrap(), code);
        }

        #[test]
        fn the_distance_counts_differing_signs(u in signs(), seed in any::<u64>()) {
            let v: Vec<f32> =
                u.iter().enumerate().map(|(i, x)| if seed >> (i % 64) & 1 == 1 { -x } else { *x }).collect();
            let differing = u.iter().zip(&v).filter(|(a, b)| a != b).count();
            let (a, b) = (HashCode::from_signs(&u).unwrap(), HashCode::from_signs(&v).unwrap());
            prop_assert_eq!(a.distance(&b) as usize, differing);
            prop_assert_eq!(b.distance(&a) as usize, differing);
        }
    }
}
