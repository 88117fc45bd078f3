//! Several processes that use one gallery.

use super::*;

#[test]
fn other_processes_changes_arrive_by_refreshing() {
    let dir = folder();
    let mut ours = filled(dir.path(), 3);
    let mut theirs = Gallery::open(dir.path()).unwrap();
    assert!(!ours.refresh().unwrap());
    theirs.insert(&entry(10)).unwrap();
    theirs.commit().unwrap();
    let gone = theirs.id_of("key-00001").unwrap().unwrap();
    theirs.delete(&[gone]).unwrap();
    // Even before a refresh, pictures that they deleted are left out.
    assert_eq!(search(&ours, &entry(1), 9).len(), 2);
    assert!(ours.refresh().unwrap());
    assert_eq!(ours.ids(), theirs.ids());
    assert!(!ours.refresh().unwrap());
}

#[test]
fn a_second_writer_is_told_to_wait_and_changes_nothing() {
    let dir = folder();
    let mut ours = filled(dir.path(), 3);
    let mut theirs = Gallery::open(dir.path()).unwrap();
    connection(&theirs).busy_timeout(std::time::Duration::from_millis(50)).unwrap();
    ours.insert(&entry(3)).unwrap();
    let id = theirs.ids()[0];
    for error in [theirs.insert(&entry(4)).unwrap_err(), theirs.delete(&[id]).unwrap_err()] {
        let message = error.to_string();
        assert!(
            matches!(error, Error::Sqlite(SqliteError::Busy { .. }))
                && message.contains("by another process"),
            "{message}"
        );
    }
    assert_eq!(search(&theirs, &entry(1), 9).len(), 3, "it reads all the same");
    ours.commit().unwrap();
    theirs.insert(&entry(4)).unwrap();
    theirs.commit().unwrap();
    assert!(ours.refresh().unwrap());
    assert_eq!((ours.len(), theirs.len(), ours.verify().unwrap()), (5, 5, vec![]));
}
