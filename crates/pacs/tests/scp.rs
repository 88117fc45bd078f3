//! The storage SCP, with this project's SCU and with hostile peers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{
    CR, EXPLICIT, Ours, config, data_set, every_syntax, instance, instance_of, transfer_syntax,
    uid, wait_until, write_instances,
};
use pacs::inbox::{Key, Limits};
use pacs::scp::{Config, Listener};
use pacs::scu::Peer;
use pacs::{ClientTls, Error, ServerTls, Timeouts};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

fn started(config: &Config) -> (TempDir, Ours) {
    let folder = tempdir().unwrap();
    let ours = Ours::start(&folder.path().join("inbox"), config);
    (folder, ours)
}

fn peer(ours: &Ours) -> Peer {
    Peer::new(&ours.address.to_string(), "SKIAGRAPH", "SENDER")
}

fn send(peer: &Peer, files: &[PathBuf]) -> Vec<Result<(), Error>> {
    let mut outcomes = Vec::new();
    peer.store(files, |_, outcome| outcomes.push(outcome)).unwrap();
    outcomes
}

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

#[test]
fn who_is_not_expected_is_rejected() {
    let (_folder, ours) = started(&Config { callers: vec!["SENDER".to_owned()], ..config() });
    peer(&ours).echo().unwrap();
    let called = Peer { ae_title: "OTHER".to_owned(), ..peer(&ours) }.echo().unwrap_err();
    assert!(matches!(called, Error::Rejected { permanent: true, .. }), "{called}");
    let calling = Peer { calling: "STRANGER".to_owned(), ..peer(&ours) }.echo().unwrap_err();
    assert!(calling.to_string().contains("calling AE title"), "{calling}");
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let refused = |config: Config| Listener::bind(&config).unwrap_err().to_string();
    assert!(refused(Config { ae_title: "A".repeat(17), ..config() }).contains("AE title"));
    assert!(refused(Config { ae_title: "A\\B".to_owned(), ..config() }).contains("backslash"));
    assert!(refused(Config { max_pdu: 100, ..config() }).contains("PDU"));
    assert!(
        refused(Config { transfer_syntaxes: vec![], ..config() }).contains("transfer syntaxes")
    );
    assert!(refused(Config { max_associations: 0, ..config() }).contains("at least 1"));
}

#[test]
fn refusals_have_their_status() {
    let (folder, ours) = started(&config());
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let report = instance_of(3, "1.2.840.10008.5.1.4.1.1.88.11", "X");
    let big = [instance(4), vec![0; 17 << 20]].concat();
    let files = [write("report", report), write("big", big), write("sound", instance(5))];
    let outcomes = send(&peer(&ours), &files);
    let status = |outcome: &Result<(), Error>| match outcome {
        Err(Error::Status { status, .. }) => *status,
        Err(Error::NotAccepted { .. }) => 1,
        Err(error) => panic!("{error}"),
        Ok(()) => 0,
    };
    assert_eq!(outcomes.iter().map(status).collect::<Vec<_>>(), [1, 0xA700, 0]);
    assert_eq!(ours.waiting(), 1);
    assert!(ours.log().contains("refused with A700"), "{}", ours.log());
}

#[test]
fn a_full_disk_is_out_of_resources() {
    let folder = tempdir().unwrap();
    let full = Limits { min_free_bytes: u64::MAX, ..common::limits() };
    let ours = Ours::start_with(&folder.path().join("inbox"), &config(), full);
    let outcomes = send(&peer(&ours), &write_instances(folder.path(), 0..2));
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, Error::Status { status: 0xA700, .. })
                && error.to_string().contains("free"),
            "{error}"
        );
    }
}

#[test]
fn too_many_are_rejected_for_now() {
    let (_folder, ours) = started(&Config { max_associations: 1, ..config() });
    let mut first = TcpStream::connect(ours.address).unwrap();
    first.write_all(&associate("SKIAGRAPH", CR, &[EXPLICIT])).unwrap();
    assert_eq!(pdu(&mut first).unwrap()[0], 2);
    let second = peer(&ours).echo().unwrap_err();
    assert!(matches!(second, Error::Rejected { permanent: false, .. }), "{second}");
    first.write_all(&[5, 0, 0, 0, 0, 4, 0, 0, 0, 0]).unwrap();
    assert_eq!(pdu(&mut first).unwrap()[0], 6, "released");
    wait_until("there is room again", || peer(&ours).echo().is_ok());
}

#[test]
fn tls_and_certificates_of_clients() {
    let tls = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let server = ServerTls {
        certificate: tls("server.pem"),
        key: tls("server.key"),
        client_authorities: Some(tls("authority.pem")),
    };
    let (folder, ours) = started(&Config { tls: Some(server), ..config() });
    let client = ClientTls {
        authorities: tls("authority.pem"),
        identity: Some((tls("client.pem"), tls("client.key"))),
        server_name: Some("localhost".to_owned()),
    };
    let secure = Peer { tls: Some(client.clone()), ..peer(&ours) };
    secure.echo().unwrap();
    assert!(send(&secure, &write_instances(folder.path(), 0..3)).iter().all(Result::is_ok));
    assert_eq!(ours.waiting(), 3);
    Peer { tls: Some(ClientTls { identity: None, ..client.clone() }), ..peer(&ours) }
        .echo()
        .unwrap_err();
    Peer {
        tls: Some(ClientTls { server_name: Some("other".to_owned()), ..client }),
        ..peer(&ours)
    }
    .echo()
    .unwrap_err();
    peer(&ours).echo().unwrap_err();
    secure.echo().unwrap();
}

#[test]
fn a_stop_ends_idle_associations_at_once() {
    let (_folder, ours) = started(&config());
    let mut idle = TcpStream::connect(ours.address).unwrap();
    idle.write_all(&associate("SKIAGRAPH", CR, &[EXPLICIT])).unwrap();
    assert_eq!(pdu(&mut idle).unwrap()[0], 2);
    let begin = Instant::now();
    drop(ours);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!(pdu(&mut idle).unwrap()[0], 7, "aborted");
}

// Hostile peers.

/// An A-ASSOCIATE-RQ with one presentation context, number 1.
fn associate(called: &str, sop_class: &str, syntaxes: &[&str]) -> Vec<u8> {
    let item = |kind: u8, value: &[u8]| {
        [&[kind, 0], &(value.len() as u16).to_be_bytes()[..], value].concat()
    };
    let syntaxes: Vec<u8> = syntaxes.iter().flat_map(|uid| item(0x40, uid.as_bytes())).collect();
    let context = [&[1, 0, 0, 0][..], &item(0x30, sop_class.as_bytes()), &syntaxes].concat();
    let user = [item(0x51, &0_u32.to_be_bytes()), item(0x52, b"1.2.3")].concat();
    let titles = format!("{called:<16}{:<16}", "HOSTILE");
    let body = [
        &[0, 1, 0, 0][..],
        titles.as_bytes(),
        &[0; 32],
        &item(0x10, b"1.2.840.10008.3.1.1.1"),
        &item(0x20, &context),
        &item(0x50, &user),
    ];
    framed(1, &body.concat())
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0], &(body.len() as u32).to_be_bytes()[..], body].concat()
}

/// A P-DATA-TF with one value.
fn data(header: u8, value: &[u8]) -> Vec<u8> {
    framed(4, &[&(value.len() as u32 + 2).to_be_bytes()[..], &[1, header], value].concat())
}

/// A command set from element numbers and values.
fn command(elements: &[(u16, &[u8])]) -> Vec<u8> {
    let element = |&(number, value): &(u16, &[u8])| {
        [&[0, 0], &number.to_le_bytes()[..], &(value.len() as u32).to_le_bytes(), value].concat()
    };
    elements.iter().flat_map(element).collect()
}

/// The next PDU, with its header; `None` if the connection ends.
fn pdu(stream: &mut TcpStream) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut header = [0; 6];
    stream.read_exact(&mut header).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(header[2..].try_into().unwrap()) as usize];
    stream.read_exact(&mut bytes).ok()?;
    Some([&header[..], &bytes].concat())
}

fn hasty() -> Config {
    let timeouts = Timeouts {
        // On a busy machine, the test's own sending may take its time.
        association: Duration::from_secs(2),
        idle: Duration::from_millis(800),
        pdu: Duration::from_millis(600),
        message: Duration::from_millis(1500),
    };
    Config { timeouts, ..config() }
}

/// Sends these bytes after an association. Returns the types of all PDUs that come back until the
/// end.
fn after_association(ours: &Ours, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(ours.address).unwrap();
    stream.write_all(&associate("SKIAGRAPH", CR, &[EXPLICIT])).unwrap();
    assert_eq!(pdu(&mut stream).unwrap()[0], 2);
    let _ = stream.write_all(bytes);
    std::iter::from_fn(|| pdu(&mut stream)).map(|pdu| pdu[0]).collect()
}

#[test]
fn garbage_ends_its_own_association_alone() {
    let (_folder, ours) = started(&hasty());
    let whole = store("1.2.3", b"x");
    let command_alone = &whole[..whole.len() - data(2, b"x").len()];
    let cases: [&[u8]; 13] = [
        b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",
        &[4, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        &[5, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        &[99, 0, 0, 0, 0, 1, 0],
        &framed(4, &[0xFF; 20]),
        &framed(4, &[0, 0, 0, 1, 1]),
        &data(2, b"a data set without a command"),
        &data(3, b"no command set"),
        &data(3, &command(&[(0x100, &[1]), (0x800, &[1, 1])])),
        &data(3, &command(&[(0x100, &[0x30, 0x80]), (0x800, &[1, 1])])),
        &[command_alone, command_alone].concat(),
        &data(1, &[0; 70_000]),
    ];
    for (at, case) in cases.iter().enumerate() {
        let answers = after_association(&ours, case);
        // An abort may be lost, as the listener closes with bytes unread.
        assert!(answers.is_empty() || answers == [7], "case {at}: {answers:?}");
    }
    for case in cases {
        let mut stream = TcpStream::connect(ours.address).unwrap();
        let _ = stream.write_all(case);
        let _ = pdu(&mut stream);
    }
    wait_until("it answers", || peer(&ours).echo().is_ok());
    assert_eq!(ours.waiting(), 0);
    assert_eq!(
        fs::read_dir(ours.inbox.folder().join("incoming")).unwrap().count(),
        2,
        "nothing half is left"
    );
}

/// C-STORE of a CR with this SOP Instance UID and data set.
fn store(uid: &str, data_set: &[u8]) -> Vec<u8> {
    let mut value = uid.as_bytes().to_vec();
    value.resize(value.len().next_multiple_of(2), 0);
    let class = format!("{CR}\0");
    let command = command(&[
        (2, class.as_bytes()),
        (0x100, &[1, 0]),
        (0x110, &[1, 0]),
        (0x800, &[1, 0]),
        (0x1000, &value),
    ]);
    [data(3, &command), data(2, data_set)].concat()
}

#[test]
fn hostile_instances_are_refused_and_the_association_goes_on() {
    let (_folder, ours) = started(&hasty());
    let other_class = instance_of(4, "1.2.840.10008.5.1.4.1.1.2", "X");
    let cancel = data(3, &command(&[(0x100, &[0xFF, 0x0F]), (0x120, &[1, 0]), (0x800, &[1, 1])]));
    let find = data(3, &command(&[(0x100, &[0x20, 0]), (0x110, &[1, 0]), (0x800, &[1, 1])]));
    let bytes = [
        store("../../x", b"anything"),
        store("1.2.3\n", b"anything"),
        store(&uid(2), data_set(&instance(1))),
        store(&uid(4), data_set(&other_class)),
        store(&uid(5), b"anything"),
        store(&uid(6), b""),
        cancel,
        find,
        store(&uid(7), data_set(&instance(7))),
        vec![5, 0, 0, 0, 0, 4, 0, 0, 0, 0],
    ];
    assert_eq!(after_association(&ours, &bytes.concat()), [4, 4, 4, 4, 4, 4, 4, 4, 6]);
    let log = ours.log();
    for (status, times) in [("0117", 2), ("A900", 2), ("C000", 2)] {
        assert_eq!(log.matches(&format!("refused with {status}")).count(), times, "{log}");
    }
    assert!(!log.contains("..") && !log.contains("SECRET"), "{log}");
    assert_eq!(ours.waiting(), 1);
}

#[test]
fn the_slow_are_cut_off_wherever_they_stop() {
    let (_folder, ours) = started(&hasty());
    let begin = Instant::now();
    let whole = associate("SKIAGRAPH", CR, &[EXPLICIT]);
    let mut silent = TcpStream::connect(ours.address).unwrap();
    let mut half = TcpStream::connect(ours.address).unwrap();
    half.write_all(&whole[..50]).unwrap();
    let dripping = std::thread::spawn({
        let (address, whole) = (ours.address, whole.clone());
        move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let sent = whole.iter().take_while(|&&byte| {
                std::thread::sleep(Duration::from_millis(50));
                stream.write_all(&[byte]).is_ok()
            });
            sent.count()
        }
    });
    assert!(pdu(&mut silent).is_none() && pdu(&mut half).is_none());
    assert!(dripping.join().unwrap() < whole.len());
    // Within an association: silence, half a PDU, half a message, empty PDUs for ever.
    assert_eq!(after_association(&ours, &[]), [7]);
    assert_eq!(after_association(&ours, &[4, 0, 0, 0]), [7]);
    assert_eq!(after_association(&ours, &data(1, b"")), [7]);
    let mut stream = TcpStream::connect(ours.address).unwrap();
    stream.write_all(&whole).unwrap();
    assert_eq!(pdu(&mut stream).unwrap()[0], 2);
    while stream.write_all(&framed(4, &[])).is_ok() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    wait_until("it answers", || peer(&ours).echo().is_ok());
}
