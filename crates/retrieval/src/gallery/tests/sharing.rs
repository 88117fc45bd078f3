//! Several hands on one gallery.

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
    // Before refreshing, what they deleted is left out all the same.
    assert_eq!(search(&ours, &entry(1), 9).len(), 2);
    assert!(ours.refresh().unwrap());
    assert_eq!(ours.ids(), theirs.ids());
    assert!(!ours.refresh().unwrap());
}
