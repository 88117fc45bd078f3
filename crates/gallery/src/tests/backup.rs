//! Copies that are taken while a gallery is used.

use super::*;

#[test]
fn a_copy_is_a_gallery_as_of_its_moment() {
    let (dir, parent) = (folder(), folder());
    let mut gallery = filled(dir.path(), 40);
    let mut writer = Gallery::open(dir.path()).unwrap();
    writer.insert(&entry(100)).unwrap();
    let to = parent.path().join("copy");
    gallery.back_up(&to).unwrap();
    writer.commit().unwrap();
    gallery.refresh().unwrap();
    let copy = Gallery::open(&to).unwrap();
    assert_eq!((copy.len(), gallery.len()), (40, 41));
    assert_eq!(copy.verify().unwrap(), []);
    assert_eq!(search(&copy, &entry(7), 5), search(&filled(folder().path(), 40), &entry(7), 5));
    assert!(matches!(gallery.back_up(&to), Err(Error::NotEmpty { .. })));
}

#[test]
fn a_copy_that_cannot_be_made_leaves_nothing() {
    let (dir, parent) = (folder(), folder());
    let gallery = filled(dir.path(), 5);
    let file = parent.path().join("file");
    fs::write(&file, "text").unwrap();
    assert!(gallery.back_up(&file).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"text");
}
