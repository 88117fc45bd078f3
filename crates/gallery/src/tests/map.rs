//! The map beside the index: its contents, and the files that are refused.

use super::*;

#[test]
fn a_map_shows_the_pictures_that_are_there() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 40);
    assert_eq!(gallery.plot().unwrap(), None, "none was drawn");
    assert_eq!(gallery.draw_map(1, |_| ()).unwrap(), 40);
    let plot = gallery.plot().unwrap().unwrap();
    assert_eq!((plot.ids.len(), plot.places.len(), plot.newer), (40, 40, 0));
    let of = |plot: &Plot, name: &str| {
        plot.traits.iter().find(|found| found.name == name).unwrap().clone()
    };
    assert_eq!(
        of(&plot, "body_part"),
        Trait { name: "body_part", values: vec!["CHEST".to_owned()], of: vec![0; 40] }
    );
    assert_eq!(of(&plot, "view"), Trait { name: "view", values: Vec::new(), of: vec![0; 40] });
    let label = of(&plot, "label");
    assert_eq!(label.values, ["label-0", "label-1", "label-2"]);
    assert_eq!(label.of[..4], [0, 1, 2, 0]);

    let first = plot.ids[0];
    gallery.delete(&[first]).unwrap();
    gallery.insert(&entry(40)).unwrap();
    gallery.commit().unwrap();
    let later = gallery.plot().unwrap().unwrap();
    assert_eq!(
        (later.ids, later.places, later.newer),
        (plot.ids[1..].to_vec(), plot.places[1..].to_vec(), 1)
    );
}

#[test]
fn compacting_takes_what_was_deleted_off_the_map_and_lets_a_damaged_one_go() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 40);
    gallery.draw_map(1, |_| ()).unwrap();
    let (path, before) = (dir.path().join("map.bin"), gallery.plot().unwrap().unwrap());
    let (gone, size) = (before.ids[7], fs::metadata(&path).unwrap().len());
    gallery.delete(&[gone]).unwrap();
    gallery.compact().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), size - 12);
    assert_eq!(
        gallery.plot().unwrap().unwrap().places,
        [&before.places[..7], &before.places[8..]].concat()
    );
    fs::write(&path, "half").unwrap();
    gallery.compact().unwrap();
    assert!(!path.exists() && gallery.plot().unwrap().is_none());
}

#[test]
fn a_damaged_map_is_told_and_one_of_another_model_is_none() {
    let dir = folder();
    let gallery = filled(dir.path(), 5);
    gallery.draw_map(1, |_| ()).unwrap();
    let path = dir.path().join("map.bin");
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(gallery.plot().unwrap_err().to_string().contains("is damaged"), "{at}");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(gallery.plot().is_err(), "{at}");
    }
    let other = folder();
    filled(other.path(), 5);
    let mut gallery = Gallery::open(other.path()).unwrap();
    gallery.meta.model = model("another");
    fs::write(other.path().join("map.bin"), &whole).unwrap();
    assert_eq!(gallery.plot().unwrap(), None);
}
