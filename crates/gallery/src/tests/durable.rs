//! Committed records stay, uncommitted ones leave no trace, and deleted ones are gone.

use super::*;

#[test]
fn what_is_committed_is_there_after_reopening() {
    let dir = folder();
    let gallery = filled(dir.path(), 20);
    let ids = gallery.ids();
    drop(gallery);
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!((gallery.ids(), gallery.len(), gallery.bits()), (ids, 20, 64));
    assert_eq!(gallery.model(), &model("m"));
    for i in 0..20 {
        let id = gallery.id_of(&format!("key-{i:05}")).unwrap().unwrap();
        let expected = entry(i);
        assert_eq!(gallery.record(id).unwrap(), expected.record);
        assert_eq!(gallery.code(id).unwrap(), expected.code);
        assert_eq!(gallery.embedding(id).unwrap(), expected.embedding);
        assert_eq!(gallery.thumbnail(id).unwrap(), expected.thumbnail);
    }
    assert_eq!(gallery.verify().unwrap(), []);
}

#[test]
fn inserting_twice_changes_nothing() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 3);
    let id = gallery.id_of("key-00001").unwrap().unwrap();
    let mut other = entry(1);
    other.record.name = "other".to_owned();
    assert_eq!(gallery.insert(&other).unwrap(), Insertion::Known(id));
    let Insertion::New(new) = gallery.insert(&entry(7)).unwrap() else {
        panic!("key-00007 is new")
    };
    assert_eq!(gallery.insert(&entry(7)).unwrap(), Insertion::Known(new));
    gallery.commit().unwrap();
    assert_eq!((gallery.len(), gallery.record(id).unwrap().name.as_str()), (4, "file-00001.png"));
}

#[test]
fn what_is_not_committed_leaves_no_trace() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 2);
    gallery.insert(&entry(5)).unwrap();
    assert!(gallery.contains("key-00005").unwrap());
    assert_eq!(gallery.len(), 2, "the index sees it after the commit");
    drop(gallery);
    let gallery = Gallery::open(dir.path()).unwrap();
    assert!(!gallery.contains("key-00005").unwrap());
    assert_eq!((gallery.len(), gallery.info().unwrap().records), (2, 2));
    assert_eq!(gallery.verify().unwrap(), []);
}

/// The files are copied while everything is open, as a kill in the middle of a transaction leaves
/// them.
#[test]
fn a_kill_between_commits_loses_only_what_came_after_the_last() {
    let (dir, copy) = (folder(), folder());
    let mut gallery = filled(dir.path(), 50);
    for i in 50..500 {
        gallery.insert(&entry(i)).unwrap();
    }
    for file in fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let survivor = Gallery::open(copy.path()).unwrap();
    assert_eq!(survivor.len(), 50);
    assert_eq!(survivor.verify().unwrap(), []);
    gallery.commit().unwrap();
    assert_eq!(gallery.len(), 500);
}

#[test]
fn a_deletion_is_at_once_and_for_good() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 30);
    let id = gallery.id_of("key-00004").unwrap().unwrap();
    assert_eq!(gallery.delete(&[id]).unwrap(), 1);
    assert_eq!(gallery.delete(&[id]).unwrap(), 0);
    assert!(!gallery.contains("key-00004").unwrap() && !gallery.ids().contains(&id));
    assert!(matches!(gallery.record(id), Err(Error::NoRecord { .. })));
    assert!(matches!(gallery.thumbnail(id), Err(Error::NoRecord { .. })));
    assert!(matches!(gallery.embedding(id), Err(Error::NoRecord { .. })));
    assert!(search(&gallery, &entry(4), 99).iter().all(|hit| hit.id != id));
    // No file of the folder has its bytes any more, though the gallery is still open.
    let needles = ["key-00004", "file-00004", "thumbnail-00004"];
    for file in fs::read_dir(dir.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for needle in needles {
            assert!(
                !bytes.windows(needle.len()).any(|window| window == needle.as_bytes()),
                "{needle} is still there"
            );
        }
    }
    drop(gallery);
    let mut gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (29, vec![]));
    // The last id is not used again either.
    let last = *gallery.ids().last().unwrap();
    gallery.delete(&[last]).unwrap();
    assert_eq!(gallery.insert(&entry(99)).unwrap(), Insertion::New(last + 1));
}

#[test]
fn a_full_disk_undoes_to_the_last_commit() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 10);
    // SQLite answers SQLITE_FULL when the database may not grow, as when the disk is full.
    let pages: i64 =
        connection(&gallery).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection(&gallery)
        .query_row(&format!("PRAGMA max_page_count = {}", pages + 5), [], |_| Ok(()))
        .unwrap();
    let error = (10..10_000).find_map(|i| gallery.insert(&entry(i)).err()).unwrap();
    let Error::Sqlite(SqliteError::DiskFull { undone, .. }) = &error else { panic!("{error}") };
    assert!(*undone > 0);
    let message = error.to_string();
    assert!(
        message.contains("no room to write") && message.contains("as of its last commit"),
        "{message}"
    );
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (10, vec![]));
    assert!(!gallery.contains("key-00010").unwrap());
    // With room again the same gallery goes on.
    connection(&gallery).query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    gallery.insert(&entry(10)).unwrap();
    gallery.commit().unwrap();
    drop(gallery);
    assert_eq!(Gallery::open(dir.path()).unwrap().len(), 11);
}

#[test]
fn a_full_disk_at_the_very_first_insertion_forgets_its_embedding_length() {
    let dir = folder();
    let mut gallery = Gallery::create(dir.path(), &model("m"), 64).unwrap();
    let pages: i64 =
        connection(&gallery).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection(&gallery)
        .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
        .unwrap();
    let mut big = entry(0);
    big.thumbnail = [&[0xff, 0xd8][..], &[0; 100_000], &[0xff, 0xd9]].concat();
    assert!(matches!(
        gallery.insert(&big),
        Err(Error::Sqlite(SqliteError::DiskFull { undone: 0, .. }))
    ));
    assert_eq!(gallery.info().unwrap().dimensions, None);
}

#[test]
fn a_gallery_that_cannot_be_written_says_so() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 2);
    connection(&gallery).pragma_update(None, "query_only", true).unwrap();
    let message = gallery.insert(&entry(5)).unwrap_err().to_string();
    assert!(
        message.contains("cannot be written") && message.contains("Nothing in it was changed"),
        "{message}"
    );
    let id = gallery.ids()[0];
    assert!(matches!(gallery.delete(&[id]), Err(Error::Sqlite(SqliteError::ReadOnly { .. }))));
    assert_eq!((gallery.len(), search(&gallery, &entry(0), 9).len()), (2, 2));
}
