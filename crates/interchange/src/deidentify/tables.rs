//! Lookup tables: besides pixels the only binary values that stay, and only as long as their
//! descriptors say (PS3.3 C.11.1.1, C.7.6.3.1.5).

use dicom::Order;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::permitted::Permitted;

/// The attribute of each descriptor, and of the data that it describes.
const TABLES: [(Tag, Tag); 5] = [
    (tags::LUT_DESCRIPTOR, tags::LUT_DATA),
    (tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA),
    (
        tags::ALPHA_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::ALPHA_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

/// The number of entries of each lookup table in a data set or an item, by the descriptors read so
/// far. A descriptor comes before its data.
#[derive(Clone, Copy, Default)]
pub(super) struct Tables([Option<usize>; TABLES.len()]);

impl Tables {
    /// Notes the number of entries that a descriptor says; other attributes are passed over.
    pub(super) fn note(&mut self, tag: Tag, value: &[u8], order: Order) {
        let described = TABLES.iter().position(|&(descriptor, _)| descriptor == tag);
        if let (Some(at), Some(&entries)) = (described, value.first_chunk()) {
            // 0 stands for 65,536, which does not fit into two bytes.
            self.0[at] = Some(usize::from(order.short(entries).wrapping_sub(1)) + 1);
        }
    }

    /// The entries of a table, of two bytes each or of one; none if the attribute is no table.
    pub(super) fn permitted(&self, tag: Tag, value: &[u8]) -> Option<Permitted> {
        let at = TABLES.iter().position(|&(_, data)| data == tag)?;
        // Without a descriptor no value is long enough.
        let entries = self.0[at].unwrap_or(usize::MAX / 2);
        let sizes = [entries * 2, entries.next_multiple_of(2)];
        let size = sizes.into_iter().find(|&size| size <= value.len());
        Some(match size {
            Some(size) if size == value.len() => Permitted::Whole,
            Some(size) => Permitted::Part(value[..size].to_vec()),
            None if value.is_empty() => Permitted::Whole,
            None => Permitted::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_entries_that_its_descriptor_says() {
        let mut tables = Tables::default();
        let of = |tables: &Tables, value: &[u8]| tables.permitted(tags::LUT_DATA, value).unwrap();
        assert_eq!(of(&tables, b"SECRET"), Permitted::Nothing);
        tables.note(tags::LUT_DESCRIPTOR, &[4, 0, 0, 0, 16, 0], Order::Little);
        assert_eq!(of(&tables, &[7; 8]), Permitted::Whole);
        assert_eq!(of(&tables, &[7; 4]), Permitted::Whole);
        assert_eq!(of(&tables, b"12345678SECRET"), Permitted::Part(b"12345678".to_vec()));
        assert_eq!(of(&tables, b"ab"), Permitted::Nothing);
        assert_eq!(
            tables.permitted(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, b"SECRET"),
            Some(Permitted::Nothing)
        );
        assert_eq!(tables.permitted(tags::ICC_PROFILE, b"SECRET"), None);
        tables.note(tags::LUT_DESCRIPTOR, &[0, 0, 0, 0, 0, 16], Order::Big);
        assert_eq!(of(&tables, &vec![7; 131_072]), Permitted::Whole);
    }
}
