//! The storage SCP where it refuses: strangers, settings, instances, too many associations.

mod common;

use common::bytes::{associate, pdu};
use common::{
    CR, EXPLICIT, Ours, config, instance, instance_of, peer, send, started, wait_until,
    write_instances,
};
use pacs::inbox::Limits;
use pacs::scp::{Config, Listener};
use pacs::scu::Peer;
use pacs::{ClientTls, Error, ServerTls};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::tempdir;

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
