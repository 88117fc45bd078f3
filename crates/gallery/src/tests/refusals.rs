//! Refused operations, which leave the gallery as it was.

use super::*;

#[test]
fn an_entry_that_does_not_fit_is_refused_and_changes_nothing() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 1);
    gallery.insert(&entry(1)).unwrap();
    let mut keyless = entry(2);
    keyless.record.key.clear();
    let mut infinite = entry(2);
    infinite.embedding = Embedding::new(vec![0.0, 1e9, 0.0]);
    let mut flat = entry(2);
    flat.embedding = Embedding::new(vec![0.0; 2]);
    let mut short = entry(2);
    short.code = HashCode::from_signs(&[1.0; 16]).unwrap();
    for bad in [keyless, infinite, flat, short] {
        gallery.insert(&bad).unwrap_err();
    }
    gallery.commit().unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (2, vec![]));
}

#[test]
fn another_model_is_refused_with_the_way_out() {
    let dir = folder();
    drop(filled(dir.path(), 1));
    let error = Gallery::open_or_create(dir.path(), &model("other"), 64).unwrap_err();
    let expected = format!(
        "the gallery `{}` holds codes of the model m (64 bits), but the model in use is other (64 bits); codes of two \
         models cannot be compared. Use the gallery's own model, re-index the gallery to the other, or index \
         the pictures into a new gallery",
        dir.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(matches!(
        Gallery::open_or_create(dir.path(), &model("m"), 32),
        Err(Error::OtherModel { .. })
    ));
    assert_eq!(Gallery::open_or_create(dir.path(), &model("m"), 64).unwrap().len(), 1);
}

#[test]
fn what_is_something_else_is_refused_and_left_untouched() {
    let holds = |dir: &Path| -> std::collections::BTreeSet<_> {
        fs::read_dir(dir)
            .unwrap()
            .map(|file| file.unwrap())
            .map(|f| (f.file_name(), fs::read(f.path()).unwrap()))
            .collect()
    };
    let refuse = |dir: &Path, open: &str, create: &str| {
        let before = holds(dir);
        let message = Gallery::open(dir).unwrap_err().to_string();
        assert!(message.contains(open), "{message}");
        let message = Gallery::create(dir, &model("m"), 64).unwrap_err().to_string();
        assert!(message.contains(create), "{message}");
        assert!(Gallery::open_or_create(dir, &model("m"), 64).is_err());
        assert_eq!(holds(dir), before);
    };
    let dir = folder();
    fs::write(dir.path().join("letter.txt"), "dear").unwrap();
    refuse(dir.path(), "has no `gallery.sqlite`", "it holds `letter.txt`");
    let dir = folder();
    fs::write(dir.path().join(DATABASE), "short").unwrap();
    refuse(dir.path(), "shorter than any database", "it is a gallery already");
    fs::write(dir.path().join(DATABASE), [7; 4096]).unwrap();
    refuse(dir.path(), "is not an SQLite database", "it is a gallery already");
    let dir = folder();
    raw(dir.path()).execute_batch("CREATE TABLE theirs (x); PRAGMA journal_mode = WAL").unwrap();
    refuse(dir.path(), "belongs to another program", "it is a gallery already");
    let missing = dir.path().join("none");
    assert!(Gallery::open(&missing).unwrap_err().to_string().contains("there is no such folder"));
    assert!(!missing.exists());
    assert!(Gallery::create(&missing, &model("m"), 65).is_err());
    assert!(!missing.exists());
}

#[test]
fn a_newer_format_is_refused() {
    let dir = folder();
    drop(filled(dir.path(), 1));
    raw(dir.path()).pragma_update(None, "user_version", 99).unwrap();
    let message = Gallery::open(dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("has the format 99, but this program knows formats up to 3"),
        "{message}"
    );
}

#[test]
fn an_interrupted_creation_is_begun_again() {
    let dir = folder();
    fs::write(dir.path().join("gallery.sqlite.new"), "half").unwrap();
    fs::write(dir.path().join("gallery.sqlite.new-journal"), "half").unwrap();
    assert!(Gallery::create(dir.path(), &model("m"), 64).unwrap().is_empty());
    assert!(!dir.path().join("gallery.sqlite.new").exists());
}

#[test]
fn debug_tells_no_patient() {
    let text = format!("{:?}", entry(4));
    assert!(
        !text.contains("patient-") && !text.contains("key-") && !text.contains("file-"),
        "{text}"
    );
}
