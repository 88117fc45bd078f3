//! Bits of a JPEG-LS scan, and the codes in them (ITU-T T.87 A.5.3 and C.1).
//!
//! A zero bit follows each byte FF, so that only a marker has a byte above 7F behind it.

use super::super::huffman::has_ff;

/// Bits that are there after filling by bytes, unless a marker or the end comes before.
const FILLED: u32 = 57;

/// Reads bits, the highest first, without the zeros that follow each byte FF.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    buffer: u64,
    count: u32,
    /// Whether the last byte was FF.
    stuffed: bool,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, count: 0, stuffed: false }
    }

    /// Number of zeros before the next 1, which is read, too.
    #[inline]
    pub(super) fn unary(&mut self) -> Option<u32> {
        self.fill();
        if self.buffer.leading_zeros() >= self.count {
            // The longest codes are longer than what is filled at least.
            self.fill_by_bytes();
        }
        let zeros = self.buffer.leading_zeros();
        if zeros >= self.count {
            return None;
        }
        self.skip(zeros + 1);
        Some(zeros)
    }

    /// A number of so many bits, at most 32.
    #[inline]
    pub(super) fn number(&mut self, bits: u32) -> Option<u32> {
        if bits == 0 {
            return Some(0);
        }
        self.fill();
        if bits > self.count {
            return None;
        }
        let number = (self.buffer >> (64 - bits)) as u32;
        self.skip(bits);
        Some(number)
    }

    /// Leaves what is left of this interval and goes on after the restart marker that follows.
    pub(super) fn restart(&mut self) -> Option<()> {
        let marks = |pair: &[u8]| pair[0] == 0xFF && (0x80..=0xFE).contains(&pair[1]);
        let at = self.bytes.windows(2).position(marks)?;
        let marker = self.bytes[at + 1];
        *self = Self::new(&self.bytes[at + 2..]);
        matches!(marker, 0xD0..=0xD7).then_some(())
    }

    #[inline]
    fn skip(&mut self, bits: u32) {
        self.count -= bits;
        self.buffer = self.buffer.checked_shl(bits).unwrap_or_default();
    }

    /// Makes room for a number: 32 bits, unless a marker or the end comes before.
    #[inline]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        match self.bytes.first_chunk().map(|&eight| u64::from_be_bytes(eight)) {
            Some(word) if !self.stuffed && !has_ff(word) => {
                // Bits of a byte that has no room yet are the same when they come again.
                self.buffer |= word >> self.count;
                let taken = (64 - self.count) / 8;
                self.bytes = &self.bytes[taken as usize..];
                self.count += 8 * taken;
            }
            _ => self.fill_by_bytes(),
        }
    }

    fn fill_by_bytes(&mut self) {
        while self.count < FILLED {
            let (byte, width) = match (self.bytes, self.stuffed) {
                ([], _)
                | ([0xFF], _)
                | ([0xFF, 0x80..=0xFF, ..], _)
                | ([0x80..=0xFF, ..], true) => {
                    return;
                }
                ([byte, ..], stuffed) => (*byte, if stuffed { 7 } else { 8 }),
            };
            self.bytes = &self.bytes[1..];
            self.buffer |= u64::from(byte) << (64 - width - self.count);
            self.count += width;
            self.stuffed = byte == 0xFF;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_behind_ff_are_left_out_and_markers_end() {
        // Nine ones, 01, 10, 1, eight zeros and a one; a marker; eight bits.
        let mut bits = Bits::new(&[0xFF, 0b0101_1010, 1, 0xFF, 0xFF, 0xD3, 0x80, 0xFF, 0xD9]);
        assert_eq!([bits.number(9), bits.unary(), bits.number(2)], [Some(511), Some(1), Some(2)]);
        assert_eq!([bits.unary(), bits.unary(), bits.unary()], [Some(0), Some(8), None]);
        bits.restart().unwrap();
        assert_eq!([bits.number(8), bits.number(1)], [Some(0x80), None]);
        assert_eq!(bits.restart(), None);
    }

    #[test]
    fn long_codes_are_read_wherever_they_begin() {
        for skipped in 1..64 {
            let mut bytes = vec![0; 20];
            bytes[(skipped + 55) / 8] = 0x80 >> ((skipped + 55) % 8);
            let mut bits = Bits::new(&bytes);
            bits.number(skipped.min(32) as u32).unwrap();
            bits.number(skipped.saturating_sub(32) as u32).unwrap();
            assert_eq!(bits.unary(), Some(55), "behind {skipped} bits");
        }
    }

    #[test]
    fn many_bits_are_the_same_by_words_and_by_bytes() {
        let bytes: Vec<u8> = (0..4_000_u32).map(|at| (at * 37 % 251) as u8).collect();
        let mut bits = Bits::new(&bytes);
        let (mut at, bit) = (0, |at: usize| bytes[at / 8] >> (7 - at % 8) & 1);
        for width in (1..=17).cycle() {
            if at + width > 8 * bytes.len() {
                break;
            }
            let expected = (at..at + width).fold(0, |n, at| n << 1 | u32::from(bit(at)));
            assert_eq!(bits.number(width as u32), Some(expected), "at bit {at}");
            at += width;
        }
    }
}
