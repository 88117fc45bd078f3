//! The storage SCP with hostile peers: garbage, false instances, and silence.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::bytes::{associate, command, data, framed, pdu, store};
use common::{
    CR, EXPLICIT, Ours, config, data_set, instance, instance_of, peer, started, uid, wait_until,
};
use pacs::Timeouts;
use pacs::scp::Config;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

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
