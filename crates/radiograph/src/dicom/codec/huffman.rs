//! Bits of an entropy-coded segment, and the Huffman codes in them (ITU-T T.81 annexes C and
//! F.2.2).
//!
//! Codes of a length are consecutive numbers, and longer ones begin behind them. So a code is found
//! in a table by its first nine bits if it is short, as nearly all are, and else by comparing with
//! the end of each length. Tables are small enough to stay in the cache of a core.

/// Bits by which short codes are looked up.
const SHORT: usize = 9;
/// Bits of the longest code.
const LONGEST: usize = 16;

/// A Huffman table.
pub(super) struct Table {
    /// The codes of at most nine bits, by the next nine bits of the stream. The upper byte is the
    /// code's length, the lower its symbol. 0 stands for a longer code, or none.
    short: Vec<u16>,
    /// The sixteen bits at which longer codes begin, by length.
    ends: [u32; LONGEST + 1],
    /// The difference between the number of a symbol and its code, by length.
    distances: [i32; LONGEST + 1],
    symbols: Vec<u8>,
}

impl Table {
    /// Makes a table from the number of codes of each length from 1 to 16, and their symbols; none
    /// if codes overlap.
    pub(super) fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Option<Self> {
        let (mut ends, mut distances) = ([0; LONGEST + 1], [0; LONGEST + 1]);
        let mut short = Vec::with_capacity(1 << SHORT);
        let (mut end, mut first) = (0_u32, 0_usize);
        for (length, &count) in (1..).zip(counts) {
            distances[length] = first as i32 - (end >> (LONGEST - length)) as i32;
            end += u32::from(count) << (LONGEST - length);
            if end > 1 << LONGEST {
                return None;
            }
            ends[length] = end;
            let next = first + usize::from(count);
            for &symbol in symbols.get(first..next)?.iter().filter(|_| length <= SHORT) {
                let places = short.len() + (1 << (SHORT - length));
                short.resize(places, (length as u16) << 8 | u16::from(symbol));
            }
            first = next;
        }
        short.resize(1 << SHORT, 0);
        Some(Self { short, ends, distances, symbols: symbols.to_vec() })
    }

    /// Length and symbol of the code that begins sixteen bits.
    #[inline]
    fn find(&self, bits: u16) -> Option<(u32, u8)> {
        match self.short[usize::from(bits) >> (LONGEST - SHORT)] {
            0 => self.find_long(bits),
            entry => Some((u32::from(entry >> 8), entry as u8)),
        }
    }

    #[cold]
    fn find_long(&self, bits: u16) -> Option<(u32, u8)> {
        let length = (SHORT + 1..=LONGEST).find(|&length| u32::from(bits) < self.ends[length])?;
        let number = i32::from(bits >> (LONGEST - length)) + self.distances[length];
        Some((length as u32, *self.symbols.get(number as usize)?))
    }
}

/// The tables that marker segments DHT have defined, by their numbers.
#[derive(Default)]
pub(super) struct Tables {
    /// The tables for the mean of a block (DC), or for differences in a lossless picture.
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
}

impl Tables {
    /// Reads a marker segment DHT (T.81 B.2.4.2).
    pub(super) fn read(&mut self, mut body: &[u8]) -> Option<()> {
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<LONGEST>()?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let table = Table::new(counts, rest.get(..total)?)?;
            let tables = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(kind & 15))? = Some(table);
            body = &rest[total..];
        }
        Some(())
    }
}

/// Reads bits, the highest first, without the zeros that follow each byte FF.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, count: 0 }
    }

    /// The symbol of the next code; none where the bits end or are no code.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Table) -> Option<u8> {
        self.fill();
        let (length, symbol) = table.find((self.buffer >> 48) as u16)?;
        self.skip(length)?;
        Some(symbol)
    }

    /// A number of `size` bits, at most 16, in the form of T.81 table F.1: halves below zero begin
    /// with a 0.
    #[inline]
    pub(super) fn number(&mut self, size: u8) -> Option<i32> {
        if size == 0 {
            return Some(0);
        }
        self.fill();
        let value = (self.buffer >> (64 - u32::from(size))) as i32;
        self.skip(size.into())?;
        Some(if value >> (size - 1) == 0 { value - (1 << size) + 1 } else { value })
    }

    /// Leaves what is left of this segment and goes on after the restart marker that follows.
    pub(super) fn restart(&mut self) -> Option<()> {
        let marks = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF);
        let at = self.bytes.windows(2).position(marks)?;
        let marker = self.bytes[at + 1];
        *self = Self::new(&self.bytes[at + 2..]);
        matches!(marker, 0xD0..=0xD7).then_some(())
    }

    #[inline]
    fn skip(&mut self, length: u32) -> Option<()> {
        self.count = self.count.checked_sub(length)?;
        self.buffer <<= length;
        Some(())
    }

    /// Makes room for a code or a number: 32 bits, unless a marker or the end comes before.
    #[inline]
    fn fill(&mut self) {
        if self.count > 32 {
            return;
        }
        match self.bytes.first_chunk().map(|&eight| u64::from_be_bytes(eight)) {
            Some(word) if !has_ff(word) => {
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
        while self.count <= 56 {
            let (byte, rest) = match self.bytes {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                // A marker, or the end.
                [0xFF, ..] | [] => return,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.bytes = rest;
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }
}

/// Whether one of eight bytes is FF: only there a 1 is added to what has all bits set.
#[inline]
pub(super) fn has_ff(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(ONES) & word & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_are_read_past_stuffed_bytes_and_restarts() {
        // Codes 0, 10, 110 for 5, 6, 7.
        let mut counts = [0; 16];
        counts[..3].copy_from_slice(&[1, 1, 1]);
        let table = Table::new(&counts, &[5, 6, 7]).unwrap();
        // 110 | 0 | 10 | 11 (3), then FF 00, then a restart marker, then 0 ….
        let mut bits = Bits::new(&[0b1100_1011, 0xFF, 0x00, 0xFF, 0xFF, 0xD0, 0b0111_1111]);
        assert_eq!(
            [bits.symbol(&table), bits.symbol(&table), bits.symbol(&table)],
            [Some(7), Some(5), Some(6)]
        );
        assert_eq!([bits.number(2), bits.number(8)], [Some(3), Some(255)]);
        assert_eq!(bits.symbol(&table), None);
        bits.restart().unwrap();
        assert_eq!([bits.symbol(&table), bits.symbol(&table)], [Some(5), None]);
        assert_eq!(Bits::new(&[0b0101_0000]).number(3), Some(-5));
        assert!(Table::new(&[3; 16], &[0; 48]).is_none());
        assert!(Table::new(&[255; 16], &[0; 16 * 255]).is_none());
        assert!(Table::new(&[1; 16], &[0; 15]).is_none());
    }

    #[test]
    fn long_codes_are_found_by_their_lengths() {
        // A code of each length: 0, 10, 110, …, fifteen ones and a zero.
        let symbols: Vec<u8> = (100..116).collect();
        let table = Table::new(&[1; 16], &symbols).unwrap();
        for (length, &symbol) in (1..=16_u32).zip(&symbols) {
            let code = 0xFFFF_u16.checked_shl(17 - length).unwrap_or_default();
            assert_eq!(table.find(code), Some((length, symbol)), "{length}");
            assert_eq!(table.find(code | (0x7FFF >> (length - 1)) >> 1), Some((length, symbol)));
        }
        assert_eq!(table.find(0xFFFF), None);
        // Nine bits, then two codes of twelve.
        let mut counts = [0; 16];
        (counts[8], counts[11]) = (1, 2);
        let table = Table::new(&counts, &[1, 2, 3]).unwrap();
        assert_eq!(
            [0x0000, 0x0080, 0x0090].map(|bits| table.find(bits).map(|found| found.1)),
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(table.find(0x00A0), None);
    }

    #[test]
    fn a_byte_of_ones_is_seen_wherever_it_lies() {
        assert!(!has_ff(0x0001_7F80_FEFE_8000));
        for byte in 0..8 {
            assert!(
                has_ff(0xFF << (8 * byte)) && has_ff(0xFEFE_FEFE_FEFE_FEFE | 0xFF << (8 * byte))
            );
        }
    }

    #[test]
    fn many_bits_are_the_same_by_words_and_by_bytes() {
        let mut counts = [0; 16];
        counts[4] = 17;
        let symbols: Vec<u8> = (0..17).collect();
        let table = Table::new(&counts, &symbols).unwrap();
        // Codes of five bits: 0, 1, …, 16, again and again, stuffed where a byte is FF.
        let codes: Vec<u8> = (0..2_000).map(|at| (at * 7 % 17) as u8).collect();
        let bits: Vec<u8> =
            codes.iter().flat_map(|c| (0..5).rev().map(move |b| c >> b & 1)).collect();
        let bytes: Vec<u8> =
            bits.chunks(8).map(|b| b.iter().fold(0, |n, bit| n << 1 | bit)).collect();
        let mut reader = Bits::new(&bytes);
        assert!(codes.iter().all(|&code| reader.symbol(&table) == Some(code)));
        assert_eq!(reader.symbol(&table), None);
    }
}
