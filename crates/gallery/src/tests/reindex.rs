//! Re-indexing to another model: resumable, at once, seen by every process.

use super::*;

/// The entry as another model encodes it.
fn recoded(id: u64) -> (u64, HashCode, Embedding) {
    (id, HashCode::from_words(&[id, !id], 128).unwrap(), Embedding::new(vec![id as f32; 5]))
}

fn recode_all(gallery: &mut Gallery) {
    for id in gallery.to_reindex(0, usize::MAX >> 1).unwrap() {
        gallery.put_reindexed(&[recoded(id)]).unwrap();
    }
}

#[test]
fn a_gallery_changes_to_another_model_while_it_is_used() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 20);
    let mut other = Gallery::open(dir.path()).unwrap();
    gallery.begin_reindexing(&model("next"), 128).unwrap();
    let first: Vec<_> = gallery.to_reindex(0, 7).unwrap().into_iter().map(recoded).collect();
    gallery.put_reindexed(&first).unwrap();
    // A kill and a new start; meanwhile another process inserts and deletes.
    drop(gallery);
    other.insert(&entry(50)).unwrap();
    other.delete(&[first[0].0, first[6].0 + 1]).unwrap();
    let mut gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(gallery.reindexing_to(), Some((&model("next"), 128)));
    gallery.begin_reindexing(&model("next"), 128).unwrap();
    assert_eq!(gallery.to_reindex(0, 99).unwrap().len(), 13);
    assert_eq!(gallery.to_reindex(15, 2).unwrap(), [16, 17]);
    assert_eq!(
        search(&gallery, &entry(10), 1)[0].distance,
        0,
        "the old codes answer until the end"
    );
    assert!(matches!(
        gallery.finish_reindexing(),
        Err(Error::Reindexing(ReindexingError::Unfinished { missing: 13, .. }))
    ));
    recode_all(&mut gallery);
    gallery.put_reindexed(&[recoded(first[0].0)]).unwrap();
    gallery.finish_reindexing().unwrap();

    assert_eq!((gallery.model(), gallery.bits(), gallery.len()), (&model("next"), 128, 19));
    assert_eq!((gallery.reindexing_to(), gallery.verify().unwrap()), (None, vec![]));
    let (id, code, embedding) = recoded(10);
    assert_eq!(gallery.index().nearest(&code, 1).unwrap()[0].id, id);
    assert_eq!(gallery.embedding(id).unwrap(), embedding);
    // The other process may not write the old model's codes any more. It sees the new ones when it
    // refreshes.
    assert!(matches!(other.insert(&entry(60)), Err(Error::Reindexed { .. })));
    assert!(other.refresh().unwrap());
    assert_eq!((other.model(), other.ids()), (gallery.model(), gallery.ids()));
    drop(gallery);
    assert_eq!(Gallery::open(dir.path()).unwrap().verify().unwrap(), []);
}

#[test]
fn a_reindexing_refuses_what_does_not_fit() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 3);
    assert!(matches!(
        gallery.put_reindexed(&[recoded(1)]),
        Err(Error::Reindexing(ReindexingError::NotBegun { .. }))
    ));
    assert!(matches!(
        gallery.finish_reindexing(),
        Err(Error::Reindexing(ReindexingError::NotBegun { .. }))
    ));
    assert!(matches!(
        gallery.begin_reindexing(&model("m"), 64),
        Err(Error::Reindexing(ReindexingError::SameModel { .. }))
    ));
    gallery.begin_reindexing(&model("next"), 128).unwrap();
    assert!(matches!(
        gallery.begin_reindexing(&model("third"), 64),
        Err(Error::Reindexing(ReindexingError::OtherModel { .. }))
    ));
    let (id, _, embedding) = recoded(1);
    let short = [(id, entry(1).code, embedding)];
    assert!(matches!(
        gallery.put_reindexed(&short),
        Err(Error::Retrieval(retrieval::Error::CodeMismatch { got: 64, expected: 128 }))
    ));
    gallery.put_reindexed(&[recoded(1)]).unwrap();
    let (id, code, _) = recoded(2);
    let flat = [(id, code, Embedding::new(vec![0.0; 3]))];
    assert!(matches!(
        gallery.put_reindexed(&flat),
        Err(Error::Retrieval(retrieval::Error::EmbeddingMismatch { got: 3, expected: 5 }))
    ));
    gallery.cancel_reindexing().unwrap();
    assert_eq!((gallery.reindexing_to(), gallery.model()), (None, &model("m")));
    gallery.begin_reindexing(&model("third"), 64).unwrap();
    assert_eq!(gallery.to_reindex(0, 99).unwrap().len(), 3, "nothing is left of what was given up");
}
