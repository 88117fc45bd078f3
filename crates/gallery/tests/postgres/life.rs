//! Several writers, deletions, another model, rights, and the queue.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gallery::{Error, Gallery, Insertion, QueueLength, Record, ReindexingError, Waiting};
use retrieval::{Embedding, HashCode};

use super::server::Server;
use super::{entry, fill, folder, made, model};

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
        let keys =
            server.sql("writers", "SELECT count(*), count(DISTINCT key) FROM skiagraph.records");
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
            server.sql(
                "erased",
                &format!("SELECT count(*) FROM skiagraph.{table} WHERE record = {id}")
            ),
            "0"
        );
    }
    let Insertion::New(again) = gallery.insert(&entry(4)).unwrap() else {
        panic!("the key is free")
    };
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
    assert!(matches!(
        gallery.insert(&flat),
        Err(Error::Retrieval(retrieval::Error::EmbeddingMismatch { got: 2, expected: 3 }))
    ));
    let there = Gallery::create(&at, &model("m"), 64).unwrap_err().to_string();
    assert!(there.contains("has a gallery already"), "{there}");
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
    let recoded = |id: u64| {
        (id, HashCode::from_words(&[id, !id], 128).unwrap(), Embedding::new(vec![id as f32; 5]))
    };
    let encoded: Vec<_> = gallery.to_reindex(0, 15).unwrap().into_iter().map(recoded).collect();
    gallery.put_reindexed(&encoded).unwrap();
    assert!(matches!(
        gallery.finish_reindexing(),
        Err(Error::Reindexing(ReindexingError::Unfinished { missing: 5, .. }))
    ));
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

fn waiting(key: &str) -> Waiting {
    let record = Record { name: format!("{key}.png"), ..Record::default() };
    Waiting { key: key.to_owned(), record, picture: vec![1, 2, 3] }
}

#[test]
fn what_waits_is_claimed_once_and_what_kills_workers_is_set_aside() {
    let Some(server) = Server::start() else { return };
    let at = server.database("queue");
    let mut gallery = made(&at, 1);
    assert!(gallery.queue().unwrap().put(&[waiting("x"), waiting("\0")]).is_err());
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
    // A job that was claimed before comes alone.
    let again = other.queue().unwrap().claim("two", 9, long).unwrap();
    assert_eq!((again.len(), again[0].id, again[0].attempts), (1, mine[0].id, 2));
    // Both have encoded it: it is in the gallery once, and was taken off the queue once.
    for (gallery, jobs, left) in [(&mut gallery, &mine, 1), (&mut other, &again, 1)] {
        gallery.insert(&entry(7)).unwrap();
        assert_eq!(gallery.queue().unwrap().done(jobs).unwrap(), left);
        gallery.commit().unwrap();
    }
    other.refresh_now().unwrap();
    assert_eq!((gallery.len(), other.len()), (2, 2));
    // A job whose workers all die.
    other.queue().unwrap().fail(&theirs[0], "for a try", false).unwrap();
    server.sql("queue", "UPDATE skiagraph.jobs SET due = now(), failure = NULL, attempts = 0");
    for _ in 0..5 {
        assert_eq!(gallery.queue().unwrap().claim("doomed", 9, Duration::ZERO).unwrap().len(), 1);
    }
    assert_eq!(gallery.queue().unwrap().claim("one", 9, long).unwrap().len(), 0);
    let queue = gallery.queue().unwrap();
    assert_eq!(queue.length().unwrap(), QueueLength { due: 0, later: 0, set_aside: 1 });
    let aside = queue.set_aside().unwrap().remove(0);
    assert!(aside.deadly && aside.reason == "its workers died of it", "{aside:?}");
    assert_eq!(gallery.queue().unwrap().retry().unwrap(), 1);
    assert_eq!(gallery.queue().unwrap().claim("one", 9, long).unwrap().len(), 1);
}

#[test]
fn a_gallery_in_a_folder_has_no_queue() {
    let dir = folder();
    let error = made(dir.path(), 1).queue().err().unwrap().to_string();
    assert!(
        error.contains("has no queue") && error.contains("index its pictures directly"),
        "{error}"
    );
}

#[test]
fn who_only_writes_holds_no_codes_and_loses_none() {
    let Some(server) = Server::start() else { return };
    let at = server.database("writer");
    let mut gallery = made(&at, 3);
    let mut writer = Gallery::open_or_create_without_index(&at, &model("m"), 64).unwrap();
    let mut odd = entry(9);
    odd.record.name = "with\0 NUL".to_owned();
    writer.insert(&odd).unwrap();
    writer.insert(&entry(10)).unwrap();
    writer.commit().unwrap();
    assert_eq!(
        (writer.len(), gallery.verify().unwrap()),
        (0, vec![]),
        "what is newer than an index is no damage"
    );
    gallery.refresh_now().unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (5, vec![]));
    let id = gallery.id_of("key-00009").unwrap().unwrap();
    assert_eq!(gallery.record(id).unwrap().name, "with NUL");
    let other = Gallery::open_or_create_without_index(&at, &model("n"), 64);
    assert!(matches!(other, Err(Error::OtherModel { .. })));
}
