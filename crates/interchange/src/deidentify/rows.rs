//! Rows of the tables in `standard/`.

use dicom_core::Tag;

/// The rows of a table, without its head.
pub(super) fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().skip(1)
}

/// The rows of a table of two columns, of which the first is a tag.
pub(super) fn rows_by_tag(table: &'static str) -> impl Iterator<Item = (Tag, &'static str)> {
    lines(table).filter_map(|line| {
        let (digits, cell) = line.split_once(',')?;
        Some((tag(digits)?, cell))
    })
}

/// The tag of eight hexadecimal digits; none for a row that is of many tags.
pub(super) fn tag(digits: &str) -> Option<Tag> {
    let number = u32::from_str_radix(digits, 16).ok()?;
    Some(Tag((number >> 16) as u16, number as u16))
}
