//! Unique identifiers (PS3.5 9).

/// Tells whether a text can be a UID: 1 to 64 digits and points. Empty components and leading zeros
/// are accepted: the standard forbids them, but old equipment writes them.
pub fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_told_from_paths() {
        assert!(is_uid("1.2.3") && is_uid("2.25.63551737209383994231147909241968702057"));
        for wrong in ["", "../../x", "1.2 ", "1.2\0", "1.a", "1.2.3\\4", &"1".repeat(65)] {
            assert!(!is_uid(wrong), "{wrong}");
        }
    }
}
