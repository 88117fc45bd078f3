//! Tests of the gallery: durability, erasure, refusals, damage.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::*;

fn model(name: &str) -> ModelId {
    ModelId(name.to_owned())
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A recognisable entry: number `i` has the code with `i % 65` ones.
fn entry(i: u64) -> Entry {
    let word = if i.is_multiple_of(65) { 0 } else { u64::MAX >> (64 - i % 65) };
    Entry {
        record: Record {
            key: format!("key-{i:05}"),
            name: format!("file-{i:05}.png"),
            labels: vec!["chest".to_owned(), format!("label-{}", i % 3)],
            patient: i.is_multiple_of(2).then(|| format!("patient-{}", i % 10)),
            source: Some("test".to_owned()),
            view: None,
            body_part: Some("CHEST".to_owned()),
            licence: None,
            width: 10,
            height: 20,
        },
        code: HashCode::from_words(&[word], 64).unwrap(),
        embedding: Embedding::new(vec![i as f32, -0.5, 0.25]),
        thumbnail: [&[0xff, 0xd8][..], format!("thumbnail-{i:05}").as_bytes(), &[0xff, 0xd9]].concat(),
    }
}

fn filled(dir: &Path, n: u64) -> Gallery {
    let mut gallery = Gallery::create(dir, &model("m"), 64).unwrap();
    for i in 0..n {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
    gallery
}

fn query(code: &HashCode, k: usize) -> Query<'_> {
    Query { code, embedding: None, k, within: None, rerank: None, exclude_patient: None, exclude_key: None }
}

/// Another program's hand on the database.
fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join(DATABASE)).unwrap()
}

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
    let Insertion::New(new) = gallery.insert(&entry(7)).unwrap() else { panic!("key-00007 is new") };
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

/// The files as a kill in the middle of a transaction leaves them: copied while everything is open.
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
    assert!(gallery.delete(id).unwrap());
    assert!(!gallery.delete(id).unwrap());
    assert!(!gallery.contains("key-00004").unwrap() && !gallery.ids().contains(&id));
    assert!(matches!(gallery.record(id), Err(Error::NoRecord { .. })));
    assert!(matches!(gallery.thumbnail(id), Err(Error::NoRecord { .. })));
    assert!(matches!(gallery.embedding(id), Err(Error::NoRecord { .. })));
    assert!(gallery.search(&query(&entry(4).code, 99)).unwrap().iter().all(|hit| hit.id != id));
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
    gallery.delete(last).unwrap();
    assert_eq!(gallery.insert(&entry(99)).unwrap(), Insertion::New(last + 1));
}

#[test]
fn a_search_filters_and_ranks() {
    let dir = folder();
    let gallery = filled(dir.path(), 64);
    let (code, embedding) = (entry(10).code, Embedding::new(vec![12.4, -0.5, 0.25]));
    let numbers = |query: &Query<'_>| -> Vec<u64> {
        gallery.search(query).unwrap().iter().map(|hit| hit.record.key[4..].parse().unwrap()).collect()
    };
    let plain = query(&code, 5);
    assert_eq!(numbers(&plain), [10, 9, 11, 8, 12]);
    assert_eq!(
        numbers(&Query { k: 0, rerank: Some(9), embedding: Some(&embedding), ..plain }),
        [] as [u64; 0]
    );
    assert_eq!(numbers(&Query { within: Some(1), ..plain }), [10, 9, 11]);
    assert_eq!(numbers(&Query { exclude_key: Some("key-00010"), ..plain }), [9, 11, 8, 12, 7]);
    assert_eq!(numbers(&Query { exclude_patient: Some("patient-0"), ..plain }), [9, 11, 8, 12, 7]);
    assert_eq!(numbers(&Query { exclude_patient: Some("patient-2"), k: 6, ..plain }), [10, 9, 11, 8, 7, 13]);
    let reranked = Query { embedding: Some(&embedding), rerank: Some(9), ..plain };
    assert_eq!(numbers(&reranked), [12, 13, 11, 14, 10]);
    assert_eq!(numbers(&Query { within: Some(2), ..reranked }), [12, 11, 10, 9, 8]);
    let hits = gallery.search(&Query { embedding: Some(&embedding), ..plain }).unwrap();
    assert_eq!((hits[0].distance, hits[0].record.key.as_str()), (0, "key-00010"));
    assert!((hits[0].euclidean.unwrap() - 2.4).abs() < 1e-3);
}

#[test]
fn a_query_that_does_not_fit_is_refused() {
    let dir = folder();
    let gallery = filled(dir.path(), 3);
    let long = HashCode::from_signs(&[1.0; 128]).unwrap();
    let message = gallery.search(&query(&long, 1)).unwrap_err().to_string();
    assert_eq!(message, "a hash code of 128 bits; expected 64 bits, as all codes here");
    let code = entry(0).code;
    let flat = Embedding::new(vec![0.0; 2]);
    let message =
        gallery.search(&Query { embedding: Some(&flat), ..query(&code, 1) }).unwrap_err().to_string();
    assert_eq!(message, "an embedding of 2 values; expected 3 values, as all embeddings here");
    let error = gallery.search(&Query { rerank: Some(5), ..query(&code, 1) }).unwrap_err();
    assert!(matches!(error, Error::NoQueryEmbedding));
}

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
         models cannot be compared. Use the gallery's own model, or index the pictures again into a new gallery: \
         skiagraph index --model <MODEL> --gallery <NEW FOLDER> <PICTURES>",
        dir.path().display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(matches!(Gallery::open_or_create(dir.path(), &model("m"), 32), Err(Error::OtherModel { .. })));
    assert_eq!(Gallery::open_or_create(dir.path(), &model("m"), 64).unwrap().len(), 1);
}

#[test]
fn what_is_something_else_is_refused_and_left_untouched() {
    let holds = |dir: &Path| -> BTreeSet<_> {
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
    assert!(message.contains("has the format 99, but this program knows formats up to 1"), "{message}");
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
fn a_full_disk_undoes_to_the_last_commit() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 10);
    // SQLite answers SQLITE_FULL when the database may not grow, as when the disk is full.
    let pages: i64 = gallery.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    gallery.connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 5), [], |_| Ok(())).unwrap();
    let error = (10..10_000).find_map(|i| gallery.insert(&entry(i)).err()).unwrap();
    let Error::DiskFull { undone, .. } = &error else { panic!("{error}") };
    assert!(*undone > 0);
    let message = error.to_string();
    assert!(message.contains("no room to write") && message.contains("as of its last commit"), "{message}");
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (10, vec![]));
    assert!(!gallery.contains("key-00010").unwrap());
    // With room again the same gallery goes on.
    gallery.connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
    gallery.insert(&entry(10)).unwrap();
    gallery.commit().unwrap();
    drop(gallery);
    assert_eq!(Gallery::open(dir.path()).unwrap().len(), 11);
}

#[test]
fn a_full_disk_at_the_very_first_insertion_forgets_its_embedding_length() {
    let dir = folder();
    let mut gallery = Gallery::create(dir.path(), &model("m"), 64).unwrap();
    let pages: i64 = gallery.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    gallery.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    let mut big = entry(0);
    big.thumbnail = vec![0; 100_000];
    assert!(matches!(gallery.insert(&big), Err(Error::DiskFull { undone: 0, .. })));
    assert_eq!(gallery.info().unwrap().dimensions, None);
}

#[test]
fn a_gallery_that_cannot_be_written_says_so() {
    let dir = folder();
    let mut gallery = filled(dir.path(), 2);
    gallery.connection.pragma_update(None, "query_only", true).unwrap();
    let message = gallery.insert(&entry(5)).unwrap_err().to_string();
    assert!(
        message.contains("cannot be written") && message.contains("Nothing in it was changed"),
        "{message}"
    );
    let id = gallery.ids()[0];
    assert!(matches!(gallery.delete(id), Err(Error::ReadOnly { .. })));
    assert_eq!((gallery.len(), gallery.search(&query(&entry(0).code, 9)).unwrap().len()), (2, 2));
}

#[test]
fn other_processes_changes_arrive_by_refreshing() {
    let dir = folder();
    let mut ours = filled(dir.path(), 3);
    let mut theirs = Gallery::open(dir.path()).unwrap();
    assert!(!ours.refresh().unwrap());
    theirs.insert(&entry(10)).unwrap();
    theirs.commit().unwrap();
    let gone = theirs.id_of("key-00001").unwrap().unwrap();
    theirs.delete(gone).unwrap();
    // Before refreshing, what they deleted is left out all the same.
    let hits =
        ours.search(&Query { embedding: Some(&entry(1).embedding), ..query(&entry(1).code, 9) }).unwrap();
    assert_eq!(hits.len(), 2);
    assert!(ours.refresh().unwrap());
    assert_eq!(ours.ids(), theirs.ids());
    assert!(!ours.refresh().unwrap());
}

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
    let mut noticed = 0;
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        // Past the header, where the page has its cells.
        bytes[page * 4096 + 100..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &bytes).unwrap();
        let sound = Gallery::open(dir.path())
            .and_then(|gallery| gallery.verify())
            .is_ok_and(|found| found.is_empty());
        noticed += usize::from(!sound);
    }
    assert_eq!(noticed, whole.len() / 4096);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(
        !Gallery::open(dir.path()).and_then(|gallery| gallery.verify()).is_ok_and(|found| found.is_empty())
    );
}

#[test]
fn info_counts() {
    let dir = folder();
    let info = filled(dir.path(), 10).info().unwrap();
    assert_eq!((info.records, info.unindexed, info.patients, info.dimensions), (10, 0, 5, Some(3)));
    assert_eq!(info.sources, [("test".to_owned(), 10)]);
    assert_eq!(info.labels[0], ("chest".to_owned(), 10));
    let text = info.to_string();
    assert!(
        text.contains("pictures    10\n") && text.contains("codes       64 bits, embeddings of 3 values"),
        "{text}"
    );
}

#[test]
fn debug_tells_no_patient() {
    let text = format!("{:?}", entry(4));
    assert!(!text.contains("patient-") && !text.contains("key-") && !text.contains("file-"), "{text}");
}
