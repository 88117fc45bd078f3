//! Counts and descriptions of a gallery.

use super::*;

#[test]
fn info_counts() {
    let dir = folder();
    let info = filled(dir.path(), 10).info().unwrap();
    assert_eq!((info.records, info.unindexed, info.patients, info.dimensions), (10, 0, 5, Some(3)));
    assert_eq!(info.sources, [("test".to_owned(), 10)]);
    assert_eq!(info.labels[0], ("chest".to_owned(), 10));
    let text = info.to_string();
    assert!(
        text.contains("pictures    10\n")
            && text.contains("codes       64 bits, embeddings of 3 values"),
        "{text}"
    );
}
