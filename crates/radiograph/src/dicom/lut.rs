//! Look-up tables (PS3.3 C.11.1.1, C.11.2.1.1 and C.11.4.1): of modality, of values of interest, of
//! presentation.

use super::attributes::wrong;
use super::header::Elements;
use crate::error::Result;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// What values become.
#[derive(Debug, PartialEq)]
pub(super) struct Lut {
    /// The value that the first entry is for. Those below it become the first entry, those above
    /// the last one the last.
    first: i32,
    entries: Vec<u16>,
    /// The largest entry that its bits allow.
    largest: u16,
}

impl Lut {
    /// The table in the first item of a sequence. `signed` is how the value that its first entry is
    /// for is written.
    pub(super) fn of(elements: &Elements, sequence: Tag, signed: bool) -> Result<Option<Self>> {
        let Some(item) = elements.first_item(sequence)? else { return Ok(None) };
        let descriptor: Vec<u16> = item.shorts(tags::LUT_DESCRIPTOR).take(3).collect();
        let [count, first, bits] = descriptor[..] else {
            return Err(wrong(
                "LUTDescriptor",
                &format!("{} values", descriptor.len()),
                "3 values",
            ));
        };
        // Sixteen bits cannot hold 65,536: it is written as 0.
        let count = if count == 0 { 1 << 16 } else { usize::from(count) };
        if !(1..=16).contains(&bits) {
            return Err(wrong("LUTDescriptor", &format!("{bits} bits"), "entries of 1 to 16 bits"));
        }
        let first = if signed { i32::from(first as i16) } else { i32::from(first) };
        let largest = u16::MAX >> (16 - bits);
        Ok(Some(Self { first, entries: entries(&item, count, largest)?, largest }))
    }

    /// The entry for a value.
    pub(super) fn entry(&self, value: f64) -> u16 {
        let at =
            (value.round() - f64::from(self.first)).clamp(0.0, (self.entries.len() - 1) as f64);
        self.entries[at as usize]
    }

    /// The entry for a value, as a share of the largest.
    pub(super) fn share(&self, value: f64) -> f64 {
        f64::from(self.entry(value)) / f64::from(self.largest)
    }

    /// As [`share`](Self::share), of a value in [0, 1] that runs over the whole table.
    pub(super) fn share_of_share(&self, grey: f64) -> f64 {
        self.share(f64::from(self.first) + grey * (self.entries.len() - 1) as f64)
    }
}

/// Entries are words, or bytes where as many of these are there as entries are meant.
fn entries(item: &Elements, count: usize, largest: u16) -> Result<Vec<u16>> {
    let bytes = item.bytes(tags::LUT_DATA).unwrap_or_default();
    let entries: Vec<u16> = if bytes.len() < 2 * count && largest <= 0xFF {
        bytes.iter().map(|&byte| byte.into()).take(count).collect()
    } else {
        item.shorts(tags::LUT_DATA).take(count).collect()
    };
    if entries.len() < count {
        let got = format!("{} bytes", bytes.len());
        return Err(wrong("LUTData", &got, "as many entries as LUTDescriptor says"));
    }
    Ok(entries.into_iter().map(|entry| entry.min(largest)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
