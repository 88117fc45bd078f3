//! Galleries of older formats, as the programs of their time wrote them.

use super::*;

/// A gallery of the first format: records 1 to 4, and 6, of which the fifth was deleted.
const FORMAT_1: &[u8] = include_bytes!("../../tests/golden/format-1.sqlite");

#[test]
fn a_gallery_of_the_first_format_opens_and_is_brought_up_to_date() {
    let dir = folder();
    fs::write(dir.path().join(DATABASE), FORMAT_1).unwrap();
    let mut gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(
        (gallery.ids(), gallery.model(), gallery.generation()),
        (vec![1, 2, 3, 4, 6], &model("golden"), 1)
    );
    let expected = Record {
        key: "key-3".to_owned(),
        name: "film-3.png".to_owned(),
        view: Some("PA".to_owned()),
        body_part: Some("CHEST".to_owned()),
        source: Some("golden".to_owned()),
        width: 103,
        height: 200,
        ..Record::default()
    };
    assert_eq!(gallery.record(4).unwrap(), expected);
    assert_eq!(gallery.record(3).unwrap().labels, ["label-0", "label-1"]);
    assert_eq!(gallery.record(3).unwrap().patient.unwrap(), "patient-1");
    assert_eq!(gallery.code(4).unwrap().words(), [7]);
    assert_eq!(gallery.embedding(4).unwrap().values(), [3.0, 0.5, -0.25]);
    assert_eq!(gallery.thumbnail(4).unwrap(), [0xff, 0xd8, 3, 0xff, 0xd9]);
    assert_eq!(gallery.verify().unwrap(), []);
    gallery.insert(&entry(1)).unwrap();
    gallery.commit().unwrap();
    assert_eq!((gallery.ids(), gallery.generation()), (vec![1, 2, 3, 4, 6, 7], 2));
    drop(gallery);
    assert_eq!(Gallery::open(dir.path()).unwrap().verify().unwrap(), []);
}
