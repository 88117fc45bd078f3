//! Look-up tables (PS3.3 C.11.1.1, C.11.2.1.1 and C.11.4.1): of modality, of values of interest, of
//! presentation.
//!
//! Descriptors are often wrong: they state 16 bits where twelve are used, more entries than there
//! are, or a first value of the wrong sign. Where descriptor and entries disagree, the entries win;
//! a table that is too short repeats its last entry (`Lut::of_item`).

use super::header::{Elements, Value};
use crate::warning::Warnings;
use dicom::Order;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// Items of a sequence that are looked at for a table that reads.
const MOST_ITEMS: u32 = 4;
const ENTRIES: &str = "entries as LUTDescriptor says";

/// Values become entries.
#[derive(Debug, PartialEq)]
pub(super) struct Lut {
    /// The value that the first entry is for. Those below it become the first entry, those above
    /// the last one the last.
    first: i32,
    entries: Vec<u16>,
    /// The largest entry of as many bits as are used.
    largest: u16,
}

impl Lut {
    /// The first table of a sequence that reads. `values` are those that it will be asked for.
    pub(super) fn of(
        elements: &Elements,
        (sequence, keyword): (Tag, &'static str),
        values: &RangeInclusive<f64>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        elements.bytes(sequence)?;
        for index in 0..MOST_ITEMS {
            let Ok(Some(item)) = elements.item(sequence, index) else { break };
            if let Some(table) = Self::of_item(&item, values, warnings) {
                return Some(table);
            }
        }
        let expected = "a descriptor, and entries for values of the picture";
        warnings.add(keyword, "without a table", expected, "it was left out");
        None
    }

    fn of_item(
        item: &Elements,
        values: &RangeInclusive<f64>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        let descriptor: Vec<u16> = item.shorts(tags::LUT_DESCRIPTOR).take(3).collect();
        let (&count, &first) = (descriptor.first()?, descriptor.get(1)?);
        let bits = descriptor.get(2).copied().unwrap_or(0);
        // Sixteen bits cannot hold 65,536: it is written as 0.
        let count = if count == 0 { 1 << 16 } else { usize::from(count) };
        let entries = entries(item.values.get(&tags::LUT_DATA)?, count, bits);
        let last = i32::try_from(entries.len()).ok()? - 1;
        if last < 1 {
            return None;
        }
        let signed = item.values.get(&tags::LUT_DESCRIPTOR)?.vr == Some(VR::SS);
        let first = first_value(first, signed, last, values)?;
        if entries.len() < count {
            let got = format!("{} entries of {count}", entries.len());
            warnings.add("LUTData", got, ENTRIES, "the last one was repeated");
        }
        let largest = largest(&entries, bits, warnings);
        Some(Self { first, entries, largest })
    }

    /// The entry for a value.
    pub(super) fn entry(&self, value: f64) -> u16 {
        let at =
            (value.round() - f64::from(self.first)).clamp(0.0, (self.entries.len() - 1) as f64);
        self.entries[at as usize]
    }

    /// The least and the greatest entry.
    pub(super) fn range(&self) -> RangeInclusive<f64> {
        let entries = || self.entries.iter().copied();
        f64::from(entries().min().unwrap_or(0))..=f64::from(entries().max().unwrap_or(0))
    }

    /// The entry for a value, as a share of the largest.
    pub(super) fn share(&self, value: f64) -> f64 {
        f64::from(self.entry(value)) / f64::from(self.largest)
    }

    /// The entry at a place in the table, as a share of the largest. The place runs from 0, the
    /// first entry, to 1, the last.
    pub(super) fn share_of_share(&self, grey: f64) -> f64 {
        self.share(f64::from(self.first) + grey * (self.entries.len() - 1) as f64)
    }
}

/// The value that the first entry is for, if any of the values lies between the first entry's and
/// the last one's.
///
/// PS3.3 C.11.2.1.1: it is signed if the values can be negative. Some writers think otherwise: the
/// other sign holds if nothing of the picture were in the table.
fn first_value(word: u16, signed: bool, last: i32, values: &RangeInclusive<f64>) -> Option<i32> {
    let (with_sign, without) = (i32::from(word as i16), i32::from(word));
    let by_rule = if signed || *values.start() < 0.0 { with_sign } else { without };
    let covers = |first: &i32| {
        f64::from(first + last) > *values.start() && f64::from(*first) < *values.end()
    };
    [by_rule, with_sign, without].into_iter().find(covers)
}

/// Entries are words, or bytes where as many of these are there as entries are meant.
fn entries(data: &Value, count: usize, bits: u16) -> Vec<u16> {
    let order = data.inside.order;
    let (pairs, last) = data.bytes.as_chunks::<2>();
    let words = pairs.iter().map(|&pair| order.short(pair));
    if !in_bytes(data, count, bits) {
        return words.take(count).collect();
    }
    // Of two bytes in a word of big endian, the first lies behind.
    let swapped = order == Order::Big && data.in_words();
    let pairs = pairs.iter().map(|&[a, b]| if swapped { [b, a] } else { [a, b] });
    let all = pairs.flatten().chain(last.iter().copied());
    all.take(count).map(u16::from).collect()
}

/// Whether an entry takes a byte. With entries of more than eight bits that is so if the bytes are
/// exactly as many; with fewer bits also if some are missing, unless the high bytes are all 0.
fn in_bytes(data: &Value, count: usize, bits: u16) -> bool {
    let (length, order) = (data.bytes.len(), data.inside.order);
    if length >= 2 * count {
        return false;
    }
    let words = || data.bytes.as_chunks::<2>().0.iter().map(|&pair| order.short(pair));
    match bits {
        1..=8 => length <= count.next_multiple_of(2) || words().any(|word| word > 0xFF),
        _ => length == count.next_multiple_of(2),
    }
}

/// The largest entry of as many bits as the entries use, whatever the descriptor says.
fn largest(entries: &[u16], bits: u16, warnings: &mut Warnings) -> u16 {
    let used = u16::BITS - entries.iter().max().map_or(16, |most| most.leading_zeros());
    let used = used.max(1);
    if u32::from(bits) != used {
        let got = format!("{bits} bits for entries of {used}");
        let expected = "as many bits as the entries of LUTData have";
        warnings.add("LUTDescriptor", got, expected, format!("{used} bits were assumed"));
    }
    u16::MAX >> (u16::BITS - used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom::Layout;

    #[test]
    fn values_beside_the_table_take_its_ends() {
        let table = Lut { first: -2, entries: vec![10, 20, 40, 255], largest: 255 };
        assert_eq!(
            [-9.0, -2.0, -0.6, 0.4, 1.0, 7.0].map(|v| table.entry(v)),
            [10, 10, 20, 40, 255, 255]
        );
        assert_eq!(table.share(7.0), 1.0);
        assert_eq!(
            [0.0, 1.0 / 3.0, 1.0].map(|v| table.share_of_share(v)),
            [10.0, 20.0, 255.0].map(|e| e / 255.0)
        );
    }

    #[test]
    fn the_first_value_has_the_sign_under_which_the_table_is_of_use() {
        let minus = |n: i16| n as u16;
        for (word, signed, last, values, expected) in [
            (minus(-3095), false, 4095, -3095.0..=1000.0, Some(-3095)),
            (minus(-1024), false, 4095, -1024.0..=3071.0, Some(-1024)),
            (40_000, false, 4095, 0.0..=65_535.0, Some(40_000)),
            (40_000, false, 4095, -1000.0..=64_535.0, Some(40_000)),
            (40_000, true, 4095, 0.0..=65_535.0, Some(40_000)),
            (minus(-100), true, 255, 0.0..=255.0, Some(-100)),
            (5_000, false, 255, 0.0..=4095.0, None),
            (0, false, 255, -4095.0..=0.0, None),
        ] {
            assert_eq!(first_value(word, signed, last, &values), expected, "{word} {values:?}");
        }
    }

    #[test]
    fn entries_of_eight_bits_are_read_from_words_and_bytes_of_both_orders() {
        let read = |bytes: &[u8], vr: VR, order, count, bits| {
            let inside = Layout { explicit: true, order };
            entries(&Value { bytes, vr: Some(vr), inside }, count, bits)
        };
        let (little, big) = (Order::Little, Order::Big);
        assert_eq!(read(&[1, 2, 3, 4], VR::OW, little, 4, 8), [1, 2, 3, 4]);
        assert_eq!(read(&[2, 1, 4, 3], VR::OW, big, 4, 8), [1, 2, 3, 4]);
        assert_eq!(read(&[2, 1, 0, 3], VR::US, big, 3, 8), [1, 2, 3]);
        assert_eq!(read(&[1, 2, 3, 4], VR::OB, big, 4, 8), [1, 2, 3, 4]);
        assert_eq!(read(&[1, 2, 3, 4], VR::UN, little, 4, 8), [1, 2, 3, 4]);
        assert_eq!(read(&[1, 0, 2, 0, 3, 0], VR::OW, little, 3, 8), [1, 2, 3]);
        assert_eq!(read(&[0, 1, 0, 2, 0, 3], VR::US, big, 3, 8), [1, 2, 3]);
        // Too few of them.
        assert_eq!(read(&[1, 0, 2, 0, 3, 0], VR::OW, little, 4, 8), [1, 2, 3]);
        assert_eq!(read(&[1, 2, 3], VR::OB, little, 8, 8), [1, 2, 3]);
        assert_eq!(read(&[1, 2, 3, 4], VR::OW, little, 4, 16), [1, 2, 3, 4]);
        assert_eq!(read(&[0, 1, 0, 2, 0, 3], VR::OW, little, 4, 12), [256, 512, 768]);
    }

    #[test]
    fn the_bits_that_are_used_count() {
        let mut warnings = Warnings::default();
        let mut of = |most, bits| largest(&[0, most], bits, &mut warnings);
        assert_eq!([of(4095, 12), of(65_520, 16), of(255, 8)], [4095, 65_535, 255]);
        assert_eq!([of(4000, 16), of(4095, 8), of(0, 8), of(200, 0)], [4095, 4095, 1, 255]);
        assert_eq!(warnings.into_vec().len(), 4);
    }
}
