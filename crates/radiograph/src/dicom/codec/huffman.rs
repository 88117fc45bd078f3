//! Bits of an entropy-coded segment, and the Huffman codes in them (ITU-T T.81 annexes C and
//! F.2.2).

/// What every sixteen bits begin with: the length of the code in the upper byte, its symbol in the
/// lower; 0 for no code.
pub(super) struct Table(Vec<u16>);

impl Table {
    /// From the number of codes of each length from 1 to 16, and their symbols; none if they
    /// overlap.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut entries = Vec::with_capacity(1 << 16);
        let mut symbols = symbols.iter();
        for (length, &count) in (1_u16..).zip(counts) {
            for &symbol in symbols.by_ref().take(count.into()) {
                let end = entries.len() + (1 << (16 - length));
                // Before there is room for them: 255 codes of one bit would take 16 MB.
                if end > 1 << 16 {
                    return None;
                }
                entries.resize(end, length << 8 | u16::from(symbol));
            }
        }
        entries.resize(1 << 16, 0);
        Some(Self(entries))
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
    pub(super) fn symbol(&mut self, table: &Table) -> Option<u8> {
        self.fill();
        let [length, symbol] = table.0[usize::from((self.buffer >> 48) as u16)].to_be_bytes();
        (length > 0).then(|| self.skip(length.into())).flatten()?;
        Some(symbol)
    }

    /// A number of `size` bits, at most 16, in the form of T.81 table F.1: halves below zero begin
    /// with a 0.
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
        let at = self.bytes.windows(2).position(|pair| pair[0] == 0xFF && pair[1] != 0)?;
        let marker = self.bytes[at + 1];
        *self = Self::new(&self.bytes[at + 2..]);
        matches!(marker, 0xD0..=0xD7).then_some(())
    }

    fn skip(&mut self, length: u32) -> Option<()> {
        self.count = self.count.checked_sub(length)?;
        self.buffer <<= length;
        Some(())
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.bytes {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                // A marker, or the end.
                [0xFF, ..] | [] => return,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.bytes = byte.1;
            self.buffer |= u64::from(byte.0) << (56 - self.count);
            self.count += 8;
        }
    }
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
        let mut bits = Bits::new(&[0b1100_1011, 0xFF, 0x00, 0xFF, 0xD0, 0b0111_1111]);
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
    }
}
