//! The filter language: any text is a filter, or refused in words that can be shown.

use gallery::Filter;

/// Reads the bytes as a filter.
///
/// # Panics
/// If the error cannot be shown.
pub fn parse(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Err(error) = text.parse::<Filter>() {
        let said = error.to_string();
        assert!(said.len() < 1000 + 4 * text.len() && !said.contains('\0'), "{said:?} cannot be shown");
    }
}
