//! The states of an instance in an inbox, and failures that must do no harm.

use super::*;
use crate::Error;
use tempfile::{TempDir, tempdir};

const SMALL: Limits = Limits { max_instance_bytes: 1 << 20, min_free_bytes: 0 };

fn inbox() -> (TempDir, Inbox) {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(&folder.path().join("inbox"), SMALL).unwrap();
    (folder, inbox)
}

fn counts(waiting: u64, taken: u64, failed: u64, done: u64) -> Counts {
    Counts { waiting, taken, failed, done, differing: 0 }
}

/// Takes one instance.
fn take(consumer: &mut Consumer) -> Option<Item> {
    let mut items = consumer.take(1).unwrap();
    assert!(items.len() <= 1);
    items.pop()
}

#[test]
fn an_instance_waits_is_taken_and_is_remembered_when_done() {
    let (_folder, inbox) = inbox();
    assert_eq!(inbox.store("1.2", b"first").unwrap(), Stored::New);
    assert_eq!(inbox.store("1.3", b"second").unwrap(), Stored::New);
    assert_eq!(inbox.counts().unwrap(), counts(2, 0, 0, 0));
    let mut consumer = inbox.consumer().unwrap();
    let item = take(&mut consumer).unwrap();
    assert_eq!((item.key(), fs::read(item.path()).unwrap()), (Key::of("1.2"), b"first".to_vec()));
    assert_eq!(inbox.counts().unwrap(), counts(1, 1, 0, 0));
    consumer.done(item).unwrap();
    assert_eq!(inbox.counts().unwrap(), counts(1, 0, 0, 1));
    assert_eq!(inbox.store("1.2", b"first").unwrap(), Stored::Known);
    let second = take(&mut consumer).unwrap();
    assert!(take(&mut consumer).is_none());
    assert_eq!(inbox.store("1.4", b"later").unwrap(), Stored::New);
    assert_eq!(take(&mut consumer).unwrap().key(), Key::of("1.4"), "what came later is seen");
    drop(second);
}

#[test]
fn a_known_uid_is_kept_once_in_every_state_and_other_bytes_are_told() {
    let (_folder, inbox) = inbox();
    let again = || (inbox.store("1.2", b"first").unwrap(), inbox.store("1.2 ", b"other").unwrap());
    let once = (Stored::Known, Stored::Differs);
    assert!(!inbox.knows("1.2").unwrap());
    inbox.store("1.2", b"first").unwrap();
    assert!(inbox.knows("1.2").unwrap());
    assert_eq!(again(), once, "waiting");
    let mut consumer = inbox.consumer().unwrap();
    let item = take(&mut consumer).unwrap();
    assert_eq!(again(), once, "taken");
    consumer.fail(item, "no picture").unwrap();
    assert_eq!(again(), once, "failed");
    assert!(inbox.retry(&Key::of("1.2")).unwrap());
    let item = take(&mut consumer).unwrap();
    assert_eq!(fs::read(item.path()).unwrap(), b"first");
    consumer.done(item).unwrap();
    assert_eq!(again(), once, "done");
    let differing = |differing| Counts { differing, ..counts(0, 0, 0, 1) };
    assert_eq!(inbox.counts().unwrap(), differing(1), "the same other bytes are counted once");
    assert_eq!(inbox.store("1.2", b"a third").unwrap(), Stored::Differs);
    assert_eq!(inbox.counts().unwrap(), differing(2));
}

#[test]
fn failures_say_why_and_wait_again() {
    let (_folder, inbox) = inbox();
    inbox.store("1.2", b"x").unwrap();
    let mut consumer = inbox.consumer().unwrap();
    let item = take(&mut consumer).unwrap();
    consumer.fail(item, "not a picture").unwrap();
    let failures = inbox.failures().unwrap();
    assert_eq!(failures[0].reason, "not a picture");
    assert!(failures[0].unix_seconds > 1_700_000_000 && failures[0].path.exists());
    assert!(inbox.retry(&failures[0].key).unwrap());
    assert!(!inbox.retry(&failures[0].key).unwrap());
    assert_eq!(inbox.counts().unwrap(), counts(1, 0, 0, 0));
    assert_eq!(inbox.failures().unwrap(), []);
    assert_eq!(fs::read_dir(inbox.folder().join("failed")).unwrap().count(), 0);
}

#[test]
fn one_consumes_and_what_it_had_taken_waits_for_the_next() {
    let (_folder, inbox) = inbox();
    inbox.store("1.2", b"x").unwrap();
    let mut consumer = inbox.consumer().unwrap();
    let other = Inbox::open(inbox.folder(), SMALL).unwrap();
    assert!(matches!(other.consumer(), Err(Error::ConsumerBusy { .. })));
    let item = take(&mut consumer).unwrap();
    consumer.give_back(item).unwrap();
    let _taken = take(&mut consumer).unwrap();
    drop(consumer);
    assert_eq!(other.counts().unwrap(), counts(0, 1, 0, 0));
    let mut consumer = other.consumer().unwrap();
    assert_eq!(take(&mut consumer).unwrap().key(), Key::of("1.2"));
}

#[test]
fn what_consumers_die_of_is_put_aside_alone() {
    let (_folder, inbox) = inbox();
    let deadly = Key::of("1.7");
    for i in 0..41 {
        inbox.store(&format!("1.{i}"), b"x").unwrap();
    }
    let mut deaths = 0;
    // Works until it dies on the deadly one, or nothing is left.
    let mut work = || {
        let mut consumer = inbox.consumer().unwrap();
        loop {
            let items = consumer.take(32).unwrap();
            if items.iter().any(|item| item.key() == deadly) {
                deaths += 1;
                consumer.attempts().count_death().unwrap();
                return false;
            }
            if items.is_empty() {
                return true;
            }
            items.into_iter().for_each(|item| consumer.done(item).unwrap());
        }
    };
    while !work() {}
    assert_eq!(inbox.counts().unwrap(), counts(0, 0, 1, 40));
    let failures = inbox.failures().unwrap();
    assert_eq!((failures[0].key, failures[0].deadly), (deadly, true));
    assert!(failures[0].reason.contains("died 3 times"), "{}", failures[0].reason);
    // It is tried again alone, so that later instances are safe beside it.
    inbox.retry(&deadly).unwrap();
    inbox.store("1.99", b"x").unwrap();
    while !work() {}
    assert_eq!(inbox.counts().unwrap(), counts(0, 0, 1, 41));
    assert_eq!(deaths, 1 + 3 + 3, "one in company");
}

#[test]
fn a_consumer_that_ends_in_order_did_not_die() {
    let (_folder, inbox) = inbox();
    inbox.store("1.2", b"x").unwrap();
    for _ in 0..9 {
        take(&mut inbox.consumer().unwrap()).unwrap();
    }
    assert_eq!(inbox.consumer().unwrap().take(9).unwrap().len(), 1);
}

#[test]
fn a_death_between_two_steps_is_mended() {
    let (_folder, inbox) = inbox();
    inbox.store("1.2", b"done").unwrap();
    inbox.store("1.3", b"failed").unwrap();
    let mut consumer = inbox.consumer().unwrap();
    let (done, failed) = (take(&mut consumer).unwrap(), take(&mut consumer).unwrap());
    // One is remembered and not yet removed; one has a reason and is not yet moved.
    let bytes = fs::read(done.path()).unwrap();
    inbox.processed.add(&done.key(), &digest_of(&mut bytes.as_slice()).unwrap()).unwrap();
    fs::write(inbox.path("failed", &failed.key()).with_extension("json"), "{").unwrap();
    drop(consumer);
    let mut consumer = inbox.consumer().unwrap();
    assert_eq!(inbox.counts().unwrap(), counts(1, 0, 0, 1));
    assert_eq!(fs::read_dir(inbox.folder().join("failed")).unwrap().count(), 0);
    assert_eq!(take(&mut consumer).unwrap().key(), Key::of("1.3"));
}

#[test]
fn limits_are_kept_and_nothing_stays_behind() {
    let (_folder, inbox) = inbox();
    let large = vec![0; 1 << 20];
    assert_eq!(inbox.store("1.2", &large).unwrap(), Stored::New);
    let mut incoming = inbox.begin().unwrap();
    incoming.append(&large).unwrap();
    assert!(
        matches!(incoming.append(&[0]), Err(Error::InstanceTooLarge { limit }) if limit == 1 << 20)
    );
    drop(incoming);
    drop(inbox.begin().unwrap());
    assert_eq!(fs::read_dir(inbox.incoming.folder()).unwrap().count(), 0);
    assert_eq!(inbox.counts().unwrap(), counts(1, 0, 0, 0));
    let greedy = Limits { min_free_bytes: u64::MAX, ..SMALL };
    let full = Inbox::open(inbox.folder(), greedy).unwrap();
    assert!(matches!(full.store("1.3", b"x"), Err(Error::OutOfSpace { .. })));
}

#[test]
fn hostile_uids_stay_in_the_folder() {
    let (folder, inbox) = inbox();
    for uid in ["../../x", "/etc/passwd", "a\0b", "", ".", &"9".repeat(100_000), "CON", "\u{202e}"]
    {
        assert_eq!(inbox.store(uid, uid.as_bytes()).unwrap(), Stored::New, "{uid:.20}");
    }
    assert_eq!(inbox.counts().unwrap().waiting, 8);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_dead_are_cleared_and_the_living_are_not() {
    let (_folder, inbox) = inbox();
    let dead = inbox.folder().join("incoming/4711");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("0"), b"half").unwrap();
    fs::write(dead.with_extension("lock"), b"").unwrap();
    let mut incoming = inbox.begin().unwrap();
    incoming.append(b"al").unwrap();
    let other = Inbox::open(inbox.folder(), SMALL).unwrap();
    assert!(!dead.exists() && !dead.with_extension("lock").exists());
    incoming.append(b"ive").unwrap();
    assert_eq!(incoming.commit("1.2").unwrap(), Stored::New);
    drop(other);
    assert_eq!(
        fs::read_dir(inbox.folder().join("incoming")).unwrap().count(),
        2,
        "a folder and its lock"
    );
}

#[test]
fn another_folder_is_no_inbox() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    let refused = Inbox::open(folder.path(), SMALL).unwrap_err();
    assert!(matches!(refused, Error::NotAnInbox { .. }), "{refused}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let newer = tempdir().unwrap();
    fs::write(newer.path().join("format"), "skiagraph inbox 2\n").unwrap();
    assert!(matches!(Inbox::open(newer.path(), SMALL), Err(Error::NotAnInbox { .. })));
}

#[test]
fn many_store_the_same_and_one_is_new() {
    let (_folder, inbox) = inbox();
    let other = Inbox::open(inbox.folder(), SMALL).unwrap();
    let store =
        |inbox: &Inbox| (0..50).map(|i| inbox.store(&format!("1.{i}"), b"same").unwrap()).collect();
    let all: Vec<Vec<Stored>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            [&inbox, &inbox, &other, &other].map(|i| scope.spawn(move || store(i))).into();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(all.iter().flatten().filter(|&&stored| stored == Stored::New).count(), 50);
    assert_eq!(all.iter().flatten().filter(|&&stored| stored == Stored::Known).count(), 150);
    assert_eq!(inbox.counts().unwrap().waiting, 50);
}

#[test]
fn positions_are_kept_apart_by_feed() {
    let (_folder, inbox) = inbox();
    assert_eq!(inbox.position("http://a").unwrap(), None);
    inbox.set_position("http://a", 7).unwrap();
    inbox.set_position("http://b", 9).unwrap();
    inbox.set_position("http://a", 8).unwrap();
    assert_eq!(
        (inbox.position("http://a").unwrap(), inbox.position("http://b").unwrap()),
        (Some(8), Some(9))
    );
}

#[cfg(unix)]
#[test]
fn the_owner_alone_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, inbox) = inbox();
    inbox.store("1.2", b"x").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(inbox.folder()), 0o700);
    assert_eq!(mode(&inbox.path("waiting", &Key::of("1.2"))), 0o600);
}
