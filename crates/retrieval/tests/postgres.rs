//! A gallery on a PostgreSQL server: the same answers as from a folder, and what only a server has to show.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use retrieval::gallery::{
    Date, Entry, Example, Filter, Gallery, Insertion, Query, QueueLength, Record, Waiting,
};
use retrieval::{Embedding, Error, HashCode, ModelId};
use tempfile::TempDir;

#[path = "common/server.rs"]
mod server;
use server::Server;

fn model(name: &str) -> ModelId {
    ModelId(name.to_owned())
}

/// Entries of all shapes: with and without labels, reports, patients, dates, and letters of many alphabets.
fn entry(i: u64) -> Entry {
    let word = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 3);
    let parts = ["CHEST", "hand", "Knee"];
    Entry {
        record: Record {
            key: format!("key-{i:05}"),
            name: format!("Bild «{i:05}».png"),
            labels: (0..i % 3)
                .map(|n| format!("{}-{n}", if i.is_multiple_of(2) { "Label" } else { "label" }))
                .collect(),
            patient: i.is_multiple_of(2).then(|| format!("patient-{}", i % 10)),
            study: i.is_multiple_of(5).then(|| format!("1.2.{i}")),
            body_part: (!i.is_multiple_of(7)).then(|| parts[(i % 3) as usize].to_owned()),
            view: i.is_multiple_of(4).then(|| "PA".to_owned()),
            sex: i.is_multiple_of(3).then(|| "F".to_owned()),
            source: Some(format!("Source {}", i % 2)),
            age: (!i.is_multiple_of(4)).then_some((i % 90) as u32),
            study_date: (!i.is_multiple_of(3))
                .then(|| Date::new(2020, 1 + (i % 12) as u8, 1 + (i % 28) as u8))
                .flatten(),
            report: i
                .is_multiple_of(3)
                .then(|| format!("Finding-{i:05}: no pleural effusion, Erguß links {}.", i % 4)),
            width: 10,
            height: 20,
            ..Record::default()
        },
        code: HashCode::from_words(&[word], 64).unwrap(),
        embedding: Embedding::new(vec![i as f32, -0.5, 0.25]),
        thumbnail: [&[0xff, 0xd8][..], format!("thumbnail-{i:05}").as_bytes(), &[0xff, 0xd9]].concat(),
    }
}

fn fill(gallery: &mut Gallery, entries: std::ops::Range<u64>) {
    for i in entries {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn made(at: &Path, n: u64) -> Gallery {
    let mut gallery = Gallery::create(at, &model("m"), 64).unwrap();
    fill(&mut gallery, 0..n);
    gallery
}

const FILTERS: [&str; 18] = [
    "body_part = 'chest'",
    "body_part != 'HAND' and age >= 18",
    "label = 'LABEL-1'",
    "label != 'label-0'",
    "label = null",
    "not label = 'label-0' or sex = 'f'",
    "view in ('pa', 'ap') and not age < 40",
    "study_date >= 2020-05-01 and study_date < 2020-09-15",
    "report ~ 'pleural effusion'",
    "report ~ 'effusion pleural'",
    "report ~ 'ergu*'",
    "report ~ 'FINDING-00012'",
    "report != null and patient = 'patient-4'",
    "patient = 'Patient-4'",
    "id > 10 and id <= 100 and width = 10",
    "source > 'source 0'",
    "key in ('key-00003', 'key-00008')",
    "name = 'bild «00005».PNG'",
];

#[test]
fn the_same_answers_as_from_a_folder() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("same"));
    let (ours, theirs) = (made(dir.path(), 300), made(&at, 300));
    assert_eq!((theirs.ids(), theirs.model(), theirs.bits()), (ours.ids(), ours.model(), 64));
    for id in ours.ids() {
        assert_eq!(theirs.record(id).unwrap(), ours.record(id).unwrap());
        assert_eq!(theirs.code(id).unwrap(), ours.code(id).unwrap());
        assert_eq!(theirs.embedding(id).unwrap(), ours.embedding(id).unwrap());
        assert_eq!(theirs.thumbnail(id).unwrap(), ours.thumbnail(id).unwrap());
    }
    assert_eq!(theirs.facets(9).unwrap(), ours.facets(9).unwrap());
    assert_eq!(theirs.of_patient("patient-4").unwrap(), ours.of_patient("patient-4").unwrap());
    assert_eq!(theirs.verify().unwrap(), []);
    for text in FILTERS {
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(theirs.matching(&filter).unwrap(), ours.matching(&filter).unwrap(), "{text}");
        let page = |gallery: &Gallery| gallery.page(Some(&filter), 2, 5).unwrap();
        assert_eq!(page(&theirs), page(&ours), "{text}");
    }
    let (mine, yours) = (ours.info().unwrap(), theirs.info().unwrap());
    assert_eq!(
        (yours.records, yours.patients, yours.sources, yours.labels),
        (mine.records, mine.patients, mine.sources, mine.labels)
    );
    assert!(yours.bytes > 0);
}

/// Random queries, with filters, k, patients and re-ranking, have one answer: in a folder, on a server, and for distances in SQL.
#[test]
fn queries_have_one_answer() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("parity"));
    let (ours, theirs) = (made(dir.path(), 2_000), made(&at, 2_000));
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    };
    let query = (any::<u64>(), 0..40_usize, 0..FILTERS.len() * 2, any::<bool>(), any::<bool>());
    let ran = TestRunner::new(config).run(&query, |(word, k, filter, grouped, reranked)| {
        let (code, embedding) =
            (HashCode::from_words(&[word], 64).unwrap(), Embedding::new(vec![word as u16 as f32, 0.0, 0.0]));
        let images = [Example { code: &code, embedding: &embedding, key: "", patient: Some("patient-2") }];
        let filter: Option<Filter> = FILTERS.get(filter).map(|text| text.parse().unwrap());
        let query = Query {
            filter: filter.as_ref(),
            group_by_patient: grouped,
            rerank: reranked.then_some(100),
            ..Query::nearest(&images, k)
        };
        prop_assert_eq!(theirs.search(&query).unwrap(), ours.search(&query).unwrap());
        Ok(())
    });
    ran.unwrap();
    let code = entry(7).code;
    let bits: String = (0..64).map(|i| if code.words()[0] >> i & 1 == 1 { '1' } else { '0' }).collect();
    let told = server.sql("parity", &format!("SELECT id, distance FROM skiagraph.nearest(B'{bits}', 50)"));
    let near = ours.index().nearest(&code, 50).unwrap();
    let expected: Vec<String> = near.iter().map(|near| format!("{}|{}", near.id, near.distance)).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    let told = server.sql(
        "parity",
        &format!(
            "SELECT id FROM skiagraph.radiographs WHERE body_part = 'hand' AND 'Label-0' = ANY (labels)
         ORDER BY code OPERATOR(public.<~>) B'{bits}', id LIMIT 5"
        ),
    );
    assert_eq!(told.lines().count(), 5);
}

#[test]
fn writers_at_the_same_time_leave_no_gap() {
    let Some(server) = Server::start() else { return };
    let at = server.database("writers");
    drop(made(&at, 1));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u64)
            .map(|writer| {
                let at = &at;
                scope.spawn(move || {
                    let mut gallery = Gallery::open(at).unwrap();
                    for i in 0..100 {
                        // Half of the keys are two writers'.
                        gallery.insert(&entry(1 + i * 3 + writer / 2 * (i % 2))).unwrap();
                        if i % (writer + 1) == 0 {
                            gallery.commit().unwrap();
                        }
                        if i % 29 == 0 {
                            gallery.delete(&[1 + i]).unwrap();
                        }
                    }
                    gallery.commit().unwrap();
                })
            })
            .collect();
        let follower = scope.spawn(|| {
            let mut gallery = Gallery::open(&at).unwrap();
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                seen += usize::from(gallery.refresh().unwrap());
            }
            gallery.refresh().unwrap();
            (seen, gallery.ids())
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        let (seen, ids) = follower.join().unwrap();
        let fresh = Gallery::open(&at).unwrap();
        assert_eq!(ids, fresh.ids());
        assert_eq!(fresh.verify().unwrap(), []);
        let keys = server.sql("writers", "SELECT count(*), count(DISTINCT key) FROM skiagraph.records");
        assert_eq!(keys, format!("{0}|{0}", fresh.len()));
        assert!(seen > 10, "{seen}");
    });
}

#[test]
fn what_is_deleted_is_gone_and_its_key_free() {
    let Some(server) = Server::start() else { return };
    let at = server.database("erased");
    let mut gallery = made(&at, 30);
    let id = gallery.id_of("key-00004").unwrap().unwrap();
    assert_eq!((gallery.delete(&[id]).unwrap(), gallery.delete(&[id]).unwrap()), (1, 0));
    assert!(matches!(gallery.record(id), Err(Error::NoRecord { .. })));
    assert!(!gallery.contains("key-00004").unwrap() && !gallery.ids().contains(&id));
    for table in ["codes", "embeddings", "thumbnails", "labels", "reports"] {
        assert_eq!(
            server.sql("erased", &format!("SELECT count(*) FROM skiagraph.{table} WHERE record = {id}")),
            "0"
        );
    }
    let Insertion::New(again) = gallery.insert(&entry(4)).unwrap() else { panic!("the key is free") };
    assert!(again > 30);
    assert!(gallery.commit().is_ok() && gallery.compact().is_ok());
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (30, vec![]));
}

#[test]
fn what_is_not_committed_leaves_no_trace() {
    let Some(server) = Server::start() else { return };
    let at = server.database("undone");
    let mut gallery = made(&at, 2);
    gallery.insert(&entry(5)).unwrap();
    assert!(gallery.contains("key-00005").unwrap());
    assert!(gallery.export(&folder().path().join("export"), |record| record, |_| {}).is_err());
    drop(gallery);
    let mut gallery = Gallery::open(&at).unwrap();
    assert!(!gallery.contains("key-00005").unwrap());
    let mut flat = entry(6);
    flat.embedding = Embedding::new(vec![0.0; 2]);
    assert!(matches!(gallery.insert(&flat), Err(Error::EmbeddingMismatch { got: 2, expected: 3 })));
    assert!(Gallery::create(&at, &model("m"), 64).is_err());
    let other = Gallery::open_or_create(&at, &model("other"), 64).unwrap_err().to_string();
    assert!(other.contains("holds codes of the model m") && other.contains("/undone"), "{other}");
    let none = server.database("none");
    assert!(Gallery::open(&none).unwrap_err().to_string().contains("no schema `skiagraph`"));
}

#[test]
fn another_models_codes_take_the_places_at_once() {
    let Some(server) = Server::start() else { return };
    let at = server.database("reindexed");
    let (mut gallery, mut follower) = (made(&at, 20), Gallery::open(&at).unwrap());
    gallery.begin_reindexing(&model("n"), 128).unwrap();
    let recoded =
        |id: u64| (id, HashCode::from_words(&[id, !id], 128).unwrap(), Embedding::new(vec![id as f32; 5]));
    let encoded: Vec<_> = gallery.to_reindex(0, 15).unwrap().into_iter().map(recoded).collect();
    gallery.put_reindexed(&encoded).unwrap();
    assert!(matches!(gallery.finish_reindexing(), Err(Error::ReindexingUnfinished { missing: 5, .. })));
    fill(&mut follower, 20..22);
    let rest: Vec<_> = gallery.to_reindex(15, 99).unwrap().into_iter().map(recoded).collect();
    assert_eq!(rest.len(), 7);
    gallery.put_reindexed(&rest).unwrap();
    gallery.finish_reindexing().unwrap();
    assert_eq!((gallery.bits(), gallery.len(), gallery.model()), (128, 22, &model("n")));
    assert!(matches!(follower.insert(&entry(30)), Err(Error::Reindexed { .. })));
    follower.refresh().unwrap();
    assert_eq!((follower.bits(), follower.ids()), (128, gallery.ids()));
    assert_eq!(follower.verify().unwrap(), []);
    gallery.begin_reindexing(&model("m"), 64).unwrap();
    gallery.cancel_reindexing().unwrap();
    assert_eq!(gallery.reindexing_to(), None);
    let mut new = entry(40);
    new.code = HashCode::from_words(&[1, 2], 128).unwrap();
    new.embedding = Embedding::new(vec![0.0; 5]);
    follower.insert(&new).unwrap();
    follower.commit().unwrap();
    assert_eq!(follower.len(), 23);
}

#[test]
fn a_machine_starts_from_its_own_file() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("files"));
    let with_files = format!(
        "{}?snapshots={}",
        at.display(),
        dir.path().join("a b").display().to_string().replace(' ', "%20")
    );
    let with_files = Path::new(&with_files);
    let mut gallery = made(&at, 9_000);
    drop(Gallery::open(with_files).unwrap());
    let files = || std::fs::read_dir(dir.path().join("a b")).unwrap().count();
    assert_eq!(files(), 2, "a segment, and what names it");
    gallery.delete(&[17]).unwrap();
    fill(&mut gallery, 9_000..9_010);
    let again = Gallery::open(with_files).unwrap();
    assert_eq!((again.ids(), again.verify().unwrap()), (gallery.ids(), vec![]));
    assert!(again.index().fresh() < 100, "{} codes came from the server", again.index().fresh());
    again.draw_map(1, |_| {}).unwrap();
    assert_eq!(again.plot().unwrap().unwrap().ids.len(), 9_009);
    assert!(gallery.draw_map(1, |_| {}).unwrap_err().to_string().contains("snapshots=FOLDER"));
}

#[test]
fn while_the_server_is_down_what_was_read_is_answered() {
    let Some(server) = Server::start() else { return };
    let at = server.database("down");
    let mut gallery = made(&at, 200);
    let code = entry(7).code;
    let ask = |gallery: &Gallery| {
        let embedding = entry(7).embedding;
        let images = [Example { code: &code, embedding: &embedding, key: "", patient: None }];
        gallery.search(&Query { own: true, ..Query::nearest(&images, 10) })
    };
    let before = ask(&gallery).unwrap();
    let other = gallery.another().unwrap();
    server.control("stop");
    let error = gallery.refresh().unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.to_string().contains("answers"), "{error}");
    assert_eq!((ask(&gallery).unwrap(), ask(&other).unwrap()), (before.clone(), before.clone()));
    assert!(matches!(gallery.insert(&entry(500)), Err(Error::Unreachable { .. })));
    assert!(gallery.age().as_secs() < 60);
    server.control("start");
    thread::sleep(Duration::from_secs(4));
    gallery.insert(&entry(500)).unwrap();
    gallery.commit().unwrap();
    assert_eq!((gallery.len(), ask(&other).unwrap()), (201, before));
}

#[test]
fn rights_are_the_least() {
    let Some(server) = Server::start() else { return };
    let at = server.database("rights");
    drop(made(&at, 3));
    server.sql(
        "rights",
        "CREATE ROLE ward LOGIN IN ROLE skiagraph_reader; CREATE ROLE site LOGIN IN ROLE skiagraph_writer",
    );
    let as_role = |role: &str| {
        Gallery::open(Path::new(&at.to_str().unwrap().replace("postgres@", &format!("{role}@"))))
    };
    let mut reader = as_role("ward").unwrap();
    assert_eq!((reader.len(), reader.record(1).unwrap().name.as_str()), (3, "Bild «00000».png"));
    let message = reader.insert(&entry(9)).unwrap_err().to_string();
    assert!(message.contains("refused: permission denied"), "{message}");
    assert!(reader.delete(&[1]).is_err());
    let mut writer = as_role("site").unwrap();
    writer.insert(&entry(9)).unwrap();
    writer.commit().unwrap();
    assert_eq!(writer.delete(&[1]).unwrap(), 1);
    assert!(writer.begin_reindexing(&model("n"), 64).is_err());
    reader.refresh().unwrap();
    assert_eq!(reader.ids(), writer.ids());
}

#[test]
fn a_server_that_hangs_is_as_one_that_is_not_there() {
    let Some(server) = Server::start() else { return };
    let at = server.database("hangs");
    let mut gallery = made(&at, 50);
    let before = gallery.record(7).unwrap();
    server.signal("STOP");
    thread::sleep(Duration::from_millis(1200));
    let start = Instant::now();
    let error = gallery.refresh().unwrap_err().to_string();
    assert!(error.contains("did not answer in time"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(gallery.record(7).unwrap(), before);
    assert!(start.elapsed() < Duration::from_secs(1), "others need not wait, too");
    server.signal("CONT");
    thread::sleep(Duration::from_secs(4));
    fill(&mut gallery, 50..60);
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (60, vec![]));
}

#[test]
fn tls_is_spoken_and_a_stranger_is_refused() {
    let Some(server) = Server::start() else { return };
    let at = server.database("secret");
    drop(made(&at, 3));
    server.control("stop");
    let certificate = server.demand_tls();
    server.control("start");
    assert!(matches!(Gallery::open(&at), Err(Error::Unreachable { .. })));
    let with = |certificate: &Path| {
        format!("{}?sslmode=require&sslrootcert={}", at.display(), certificate.display())
    };
    assert_eq!(Gallery::open(Path::new(&with(&certificate))).unwrap().len(), 3);
    let (dir, stranger) = (folder(), Server::start().unwrap());
    let strange = dir.path().join("stranger.crt");
    std::fs::copy(stranger.demand_tls(), &strange).unwrap();
    let plain = Server::start().unwrap();
    let clear = format!("{}?sslrootcert={}", plain.address("postgres"), certificate.display());
    assert!(matches!(Gallery::open(Path::new(&clear)), Err(Error::Unreachable { .. })), "not in the clear");
    let error = Gallery::open(Path::new(&with(&strange))).unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let nowhere = Gallery::open(Path::new(&with(Path::new("/nowhere/ca.crt")))).unwrap_err().to_string();
    assert!(nowhere.contains("/nowhere/ca.crt"), "{nowhere}");
}

fn waiting(key: &str) -> Waiting {
    let record = Record { name: format!("{key}.png"), ..Record::default() };
    Waiting { key: key.to_owned(), record, picture: vec![1, 2, 3] }
}

#[test]
fn what_waits_is_claimed_once_and_what_kills_workers_is_set_aside() {
    let Some(server) = Server::start() else { return };
    let at = server.database("queue");
    let mut gallery = made(&at, 1);
    let mut broken = waiting("broken");
    broken.record.name = "\0".to_owned();
    assert!(gallery.queue().unwrap().put(&[waiting("x"), broken]).is_err());
    let three = ["a", "b", "c"].map(waiting);
    assert_eq!(gallery.queue().unwrap().put(&three).unwrap(), 3, "all or none of them is there");
    assert_eq!(gallery.queue().unwrap().put(&three).unwrap(), 0);
    let mut other = Gallery::open(&at).unwrap();
    let (short, long) = (Duration::from_millis(500), Duration::from_secs(60));
    let mine = gallery.queue().unwrap().claim("one", 2, short).unwrap();
    let theirs = other.queue().unwrap().claim("two", 9, long).unwrap();
    assert_eq!((mine.len(), theirs.len()), (2, 1));
    assert_eq!(other.queue().unwrap().claim("two", 9, long).unwrap().len(), 0);
    thread::sleep(short * 2);
    // What was claimed before comes alone.
    let again = other.queue().unwrap().claim("two", 9, long).unwrap();
    assert_eq!((again.len(), again[0].id, again[0].attempts), (1, mine[0].id, 2));
    // Both have encoded it: it is there once, and off the queue once.
    for (gallery, jobs, left) in [(&mut gallery, &mine, 1), (&mut other, &again, 1)] {
        gallery.insert(&entry(7)).unwrap();
        assert_eq!(gallery.queue().unwrap().done(jobs).unwrap(), left);
        gallery.commit().unwrap();
    }
    other.refresh_now().unwrap();
    assert_eq!((gallery.len(), other.len()), (2, 2));
    // One whose workers all die.
    other.queue().unwrap().fail(&theirs[0], "for a try", false).unwrap();
    server.sql("queue", "UPDATE skiagraph.jobs SET due = now(), failure = NULL, attempts = 0");
    for _ in 0..5 {
        assert_eq!(gallery.queue().unwrap().claim("doomed", 9, Duration::ZERO).unwrap().len(), 1);
    }
    assert_eq!(gallery.queue().unwrap().claim("one", 9, long).unwrap().len(), 0);
    let queue = gallery.queue().unwrap();
    assert_eq!(queue.length().unwrap(), QueueLength { due: 0, later: 0, set_aside: 1 });
    assert_eq!(queue.set_aside().unwrap()[0].1, "its workers died of it");
    assert_eq!(gallery.queue().unwrap().retry().unwrap(), 1);
    assert_eq!(gallery.queue().unwrap().claim("one", 9, long).unwrap().len(), 1);
}

#[test]
fn a_gallery_in_a_folder_has_no_queue() {
    let dir = folder();
    let error = made(dir.path(), 1).queue().err().unwrap().to_string();
    assert!(error.contains("has no queue") && error.contains("skiagraph index"), "{error}");
}

/// docs/deployment.md, Backup and restore.
#[test]
fn a_gallery_is_restored_as_it_was_at_a_time() {
    let Some(server) = Server::start() else { return };
    server.control("stop");
    server.archive();
    server.control("start");
    let at = server.database("restored");
    let mut gallery = made(&at, 20);
    let base = server.base_backup();
    fill(&mut gallery, 20..30);
    let time = server.sql("restored", "SELECT clock_timestamp()");
    thread::sleep(Duration::from_millis(50));
    gallery.delete(&[3]).unwrap();
    fill(&mut gallery, 30..40);
    server.sql("restored", "SELECT pg_switch_wal()");
    thread::sleep(Duration::from_secs(1));
    let restored = server.restored(&base, &time);
    let mut old = Gallery::open(Path::new(&restored.address("restored"))).unwrap();
    assert_eq!((old.len(), old.contains("key-00003").unwrap(), old.verify().unwrap()), (30, true, vec![]));
    fill(&mut old, 50..55);
    assert_eq!((old.len(), old.verify().unwrap()), (35, vec![]));
}

/// A copy by SQL has other transactions; two statements say so to all who follow.
#[test]
fn a_dump_becomes_a_gallery_again() {
    let Some(server) = Server::start() else { return };
    drop(made(&server.database("dumped"), 20));
    let to = server.database("loaded");
    server.dump("dumped", "loaded");
    server.sql("loaded", "UPDATE skiagraph.changes SET xid = pg_current_xact_id(); UPDATE skiagraph.meta SET rebuilt = rebuilt + 1");
    let (mut gallery, mut follower) = (Gallery::open(&to).unwrap(), Gallery::open(&to).unwrap());
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (20, vec![]));
    fill(&mut gallery, 20..25);
    follower.refresh_now().unwrap();
    assert_eq!((follower.ids(), follower.verify().unwrap()), (gallery.ids(), vec![]));
}
