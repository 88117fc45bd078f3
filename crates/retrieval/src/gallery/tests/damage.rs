//! Damaged bytes are noticed and named.

use super::*;

#[test]
fn verify_names_every_damage() {
    let dir = folder();
    let ids = filled(dir.path(), 8).ids();
    let hand = raw(dir.path());
    hand.pragma_update(None, "foreign_keys", false).unwrap();
    for (sql, id) in [
        ("DELETE FROM codes WHERE record = ?1", ids[0]),
        ("UPDATE codes SET code = x'0011' WHERE record = ?1", ids[1]),
        ("UPDATE embeddings SET embedding = x'001122' WHERE record = ?1", ids[2]),
        ("UPDATE embeddings SET embedding = x'0011' WHERE record = ?1", ids[3]),
        ("UPDATE embeddings SET embedding = x'007c00000000' WHERE record = ?1", ids[4]),
        ("DELETE FROM thumbnails WHERE record = ?1", ids[5]),
        ("UPDATE thumbnails SET thumbnail = x'00' WHERE record = ?1", ids[6]),
        ("DELETE FROM records WHERE id = ?1", ids[7]),
    ] {
        assert_eq!(hand.execute(sql, [id.cast_signed()]).unwrap(), 1);
    }
    drop(hand);
    let gallery = Gallery::open(dir.path()).unwrap();
    assert_eq!(gallery.info().unwrap().unindexed, 1);
    let problems: Vec<String> = gallery.verify().unwrap().iter().map(ToString::to_string).collect();
    for expected in [
        format!("record {} has no code", ids[0]),
        format!("record {} has a damaged code: 16 bits; expected 64", ids[1]),
        format!("record {} has a damaged embedding: an embedding of 3 bytes", ids[2]),
        format!("record {} has a damaged embedding: an embedding of 1 values; expected 3", ids[3]),
        format!("record {} has a damaged embedding: an embedding with inf at position 0", ids[4]),
        format!("record {} has no thumbnail", ids[5]),
        format!("record {} has a damaged thumbnail", ids[6]),
        format!("row {} of `codes` belongs to no record", ids[7]),
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(&expected)),
            "{expected} is not in {problems:#?}"
        );
    }
}

#[test]
fn damaged_pages_are_an_error_or_a_problem_never_a_panic() {
    let dir = folder();
    drop(filled(dir.path(), 300));
    let path = dir.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let (mut noticed, mut used) = (0, 0);
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        // A leaf without cells, of an empty table, has nothing there to damage.
        let header = &whole[page * 4096..][if page == 0 { 100..105 } else { 0..5 }];
        used += usize::from(!(header[0] >= 10 && header[3..] == [0, 0]));
        // Past the header, where the page has its cells.
        bytes[page * 4096 + 100..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let sound = Gallery::open(dir.path())
            .and_then(|gallery| gallery.verify())
            .is_ok_and(|found| found.is_empty());
        noticed += usize::from(!sound);
    }
    assert_eq!(noticed, used);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(
        !Gallery::open(dir.path()).and_then(|gallery| gallery.verify()).is_ok_and(|found| found.is_empty())
    );
}

#[test]
fn a_changed_byte_is_noticed_or_changes_nothing() {
    let dir = folder();
    drop(filled(dir.path(), 40));
    let path = dir.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let all = |gallery: &Gallery| -> Vec<_> {
        let parts = |id| (gallery.record(id).ok(), gallery.code(id).ok(), gallery.embedding(id).ok());
        gallery.ids().into_iter().map(|id| (parts(id), gallery.thumbnail(id).ok())).collect()
    };
    let before = (all(&Gallery::open(dir.path()).unwrap()), model("m"));
    let mut noticed = 0;
    let changed: Vec<usize> = (0..whole.len()).step_by(307).collect();
    for &at in &changed {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        let found = Gallery::open(dir.path()).and_then(|gallery| Ok((gallery.verify()?, gallery)));
        match found {
            Ok((problems, gallery)) if problems.is_empty() => {
                assert_eq!((all(&gallery), gallery.model().clone()), before, "byte {at}");
            }
            _ => noticed += 1,
        }
    }
    assert!(noticed > 0);
}
