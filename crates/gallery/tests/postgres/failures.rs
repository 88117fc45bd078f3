//! A server that is down, hangs, or is a stranger's; and a gallery that is restored.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use gallery::{Error, Example, Gallery, Query};

use super::server::Server;
use super::{entry, fill, folder, made};

#[test]
fn while_the_server_is_down_what_was_read_is_answered() {
    let Some(server) = Server::start() else { return };
    let at = server.database("down");
    let mut gallery = made(&at, 200);
    let code = entry(7).code;
    let ask = |gallery: &Gallery| {
        let embedding = entry(7).embedding;
        let images = [Example { code: &code, embedding: &embedding, key: "", patient: None }];
        gallery.search(&Query { include_same_patient: true, ..Query::nearest(&images, 10) })
    };
    let before = ask(&gallery).unwrap();
    let other = gallery.another().unwrap();
    server.control("stop");
    let error = gallery.refresh().unwrap_err();
    assert!(
        matches!(error, Error::Unreachable { .. }) && error.to_string().contains("answers"),
        "{error}"
    );
    assert_eq!((ask(&gallery).unwrap(), ask(&other).unwrap()), (before.clone(), before.clone()));
    assert!(matches!(gallery.insert(&entry(500)), Err(Error::Unreachable { .. })));
    assert!(
        matches!(gallery.refresh_now(), Err(Error::Unreachable { .. })),
        "the newest is not what was kept"
    );
    assert!(gallery.age().as_secs() < 60);
    server.control("start");
    thread::sleep(Duration::from_secs(4));
    gallery.insert(&entry(500)).unwrap();
    gallery.commit().unwrap();
    assert_eq!((gallery.len(), ask(&other).unwrap()), (201, before));
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
    assert!(
        matches!(Gallery::open(Path::new(&clear)), Err(Error::Unreachable { .. })),
        "not in the clear"
    );
    let error = Gallery::open(Path::new(&with(&strange))).unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    let nowhere =
        Gallery::open(Path::new(&with(Path::new("/nowhere/ca.crt")))).unwrap_err().to_string();
    assert!(nowhere.contains("/nowhere/ca.crt"), "{nowhere}");
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
    assert_eq!(
        (old.len(), old.contains("key-00003").unwrap(), old.verify().unwrap()),
        (30, true, vec![])
    );
    fill(&mut old, 50..55);
    assert_eq!((old.len(), old.verify().unwrap()), (35, vec![]));
}

/// A copy by SQL has other transactions; two statements announce that to all followers.
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
