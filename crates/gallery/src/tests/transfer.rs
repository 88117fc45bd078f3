//! Export to Parquet and import; damaged exports.

use super::*;
use std::convert::identity;

fn exported(n: u64) -> (TempDir, std::path::PathBuf, Gallery) {
    let parent = folder();
    let gallery = filled(&parent.path().join("gallery"), n);
    let export = parent.path().join("export");
    gallery.export(&export, identity, |_| {}).unwrap();
    (parent, export, gallery)
}

#[test]
fn a_gallery_goes_there_and_back() {
    let parent = folder();
    let mut gallery = filled(&parent.path().join("gallery"), 1300);
    let mut bare = entry(2000);
    bare.record = crate::Record { key: "bare".to_owned(), ..Default::default() };
    gallery.insert(&bare).unwrap();
    gallery.commit().unwrap();
    let export = parent.path().join("export");
    let mut written = 0;
    let manifest = gallery.export(&export, identity, |n| written += n).unwrap();
    assert_eq!(
        (manifest.records, manifest.bits, manifest.dimensions, written),
        (1301, 64, Some(3), 1301)
    );
    let to = parent.path().join("again");
    let mut read = 0;
    let again = Gallery::import(&export, &to, |n| read += n).unwrap();
    assert_eq!((again.len(), again.model(), read), (1301, gallery.model(), 1301));
    assert_eq!(again.verify().unwrap(), []);
    for (a, b) in gallery.ids().into_iter().zip(again.ids()).step_by(50).chain([(1301, 1301)]) {
        assert_eq!(gallery.record(a).unwrap(), again.record(b).unwrap());
        assert_eq!(gallery.code(a).unwrap(), again.code(b).unwrap());
        assert_eq!(gallery.embedding(a).unwrap(), again.embedding(b).unwrap());
        assert_eq!(gallery.thumbnail(a).unwrap(), again.thumbnail(b).unwrap());
    }
    assert!(matches!(gallery.export(&export, identity, |_| {}), Err(Error::NotEmpty { .. })));
    assert!(matches!(Gallery::import(&export, &to, |_| {}), Err(Error::NotEmpty { .. })));
}

#[test]
fn an_empty_gallery_goes_there_and_back() {
    let (parent, export, _) = exported(0);
    assert!(Gallery::import(&export, &parent.path().join("again"), |_| {}).unwrap().is_empty());
}

#[test]
fn a_damaged_export_makes_no_gallery_and_leaves_nothing() {
    let (parent, export, _) = exported(20);
    let (table, manifest) = (export.join("gallery.parquet"), export.join("manifest.json"));
    let (whole, said) = (fs::read(&table).unwrap(), fs::read_to_string(&manifest).unwrap());
    let to = parent.path().join("again");
    let import = || Gallery::import(&export, &to, |_| {}).map(|_| ()).unwrap_err().to_string();
    fs::write(&table, &whole[..whole.len() - 1]).unwrap();
    assert!(import().contains("expected"), "{}", import());
    fs::write(&table, &whole).unwrap();
    for (from, to, says) in [
        ("\"version\": 1", "\"version\": 2", "version 2"),
        ("\"records\": 20", "\"records\": 21", "20 different pictures; expected 21"),
        ("\"bits\": 64", "\"bits\": 128", "64 bits; expected 128"),
        ("\"bits\": 64", "\"bits\": 63", "63"),
        ("{", "[", "manifest.json"),
    ] {
        fs::write(&manifest, said.replace(from, to)).unwrap();
        assert!(import().contains(says), "{}", import());
    }
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2, "the gallery and the export");
}

#[test]
fn any_changed_byte_of_a_table_is_an_error_even_if_its_checksum_is_forged() {
    let (parent, export, _) = exported(5);
    let (table, manifest) = (export.join("gallery.parquet"), export.join("manifest.json"));
    let (whole, said) = (fs::read(&table).unwrap(), fs::read_to_string(&manifest).unwrap());
    let sum = |bytes: &[u8]| {
        use sha2::{Digest, Sha256};
        hex::encode(Sha256::digest(bytes))
    };
    for at in (0..whole.len()).step_by(whole.len() / 300) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        fs::write(&table, &damaged).unwrap();
        fs::write(&manifest, said.replace(&sum(&whole), &sum(&damaged))).unwrap();
        // A changed byte of a text or a picture may be read all the same; it may not panic or hang.
        let _whatever =
            Gallery::import(&export, &parent.path().join(format!("again-{at}")), |_| {});
    }
}
