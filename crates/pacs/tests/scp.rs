//! The storage SCP with this project's SCU: what is sent is kept.

mod common;

use common::bytes::{associate, pdu, store};
use common::{
    CR, EXPLICIT, config, data_set, every_syntax, instance, instance_of, peer, send, started,
    transfer_syntax, uid, write_instances,
};
use pacs::inbox::Key;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpStream;

#[test]
fn what_is_sent_is_kept_with_every_byte() {
    let (folder, ours) = started(&config());
    peer(&ours).echo().unwrap();
    let files = write_instances(folder.path(), 0..30);
    let outcomes = send(&peer(&ours), &files);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(ours.waiting(), 30);
    let mut consumer = ours.inbox.consumer().unwrap();
    while let Some(item) = consumer.take(1).unwrap().pop() {
        let number = (0..30).find(|&i| Key::of(&uid(i)) == item.key()).unwrap();
        let kept = fs::read(item.path()).unwrap();
        assert_eq!(data_set(&kept), data_set(&instance(number)));
        consumer.done(item).unwrap();
    }
    assert!(send(&peer(&ours), &files).iter().all(Result::is_ok), "what is known is success");
    assert_eq!((ours.waiting(), ours.inbox.counts().unwrap().done), (0, 30));
    assert!(!ours.log().contains("SECRET") && !ours.log().contains(&uid(1)), "{}", ours.log());
}

#[test]
fn other_bytes_under_a_known_uid_are_answered_with_a_warning() {
    let (_folder, ours) = started(&config());
    let corrected = instance_of(1, CR, "CORRECTED^PATIENT");
    let mut stream = TcpStream::connect(ours.address).unwrap();
    stream.write_all(&associate("SKIAGRAPH", CR, &[EXPLICIT])).unwrap();
    pdu(&mut stream).unwrap();
    let mut status = |bytes: &[u8]| {
        stream.write_all(&store(&uid(1), data_set(bytes))).unwrap();
        let answer = pdu(&mut stream).unwrap();
        // (0000,0900) Status, of two bytes.
        let at = answer.windows(8).position(|bytes| bytes == [0, 0, 0, 9, 2, 0, 0, 0]).unwrap() + 8;
        let said = String::from_utf8_lossy(&answer).contains("kept the first");
        (u16::from_le_bytes([answer[at], answer[at + 1]]), said)
    };
    let (first, again) = (status(&instance(1)), status(&instance(1)));
    assert_eq!([first, again, status(&corrected)], [(0, false), (0, false), (0xB006, true)]);
    assert_eq!((ours.waiting(), ours.inbox.counts().unwrap().differing), (1, 1));
    assert!(
        ours.log().contains("another data set under a known UID: kept the first"),
        "{}",
        ours.log()
    );
    let mut consumer = ours.inbox.consumer().unwrap();
    let kept = fs::read(consumer.take(1).unwrap()[0].path()).unwrap();
    assert_eq!(data_set(&kept), data_set(&instance(1)));
    // This project's SCU takes a warning as success: the peer has the instance.
    let path = ours.inbox.folder().join("corrected.dcm");
    fs::write(&path, corrected).unwrap();
    assert!(send(&peer(&ours), &[path])[0].is_ok());
}

#[test]
fn every_transfer_syntax_is_kept_with_every_byte() {
    let (folder, ours) = started(&config());
    let mut files = every_syntax(folder.path());
    files.retain(|path| path.starts_with(folder.path()));
    let outcomes = send(&peer(&ours), &files);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let sent = files.iter().map(|path| fs::read(path).unwrap());
    let waiting = fs::read_dir(ours.inbox.folder().join("waiting")).unwrap();
    let kept = waiting.map(|entry| fs::read(entry.unwrap().path()).unwrap());
    // A deflated data set may have odd length, and is sent with a NUL that makes it even.
    let content = |file: Vec<u8>| {
        let mut content = data_set(&file).to_vec();
        content.resize(content.len().next_multiple_of(2), 0);
        (transfer_syntax(&file), content)
    };
    assert!(sent.map(content).collect::<BTreeSet<_>>() == kept.map(content).collect());
}
