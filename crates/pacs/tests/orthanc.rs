//! A real Orthanc: C-STORE both ways, C-FIND and C-MOVE, STOW-RS, QIDO-RS and WADO-RS, the feed of
//! changes, and routing by a script.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::orthanc::{Orthanc, documented_script};
use common::{
    CR, Ours, config, data_set, every_syntax, instance, instance_of, is_unknown_to_dcmtk, programs,
    run, transfer_syntax, uid, wait_until, web, write_instances,
};
use pacs::dicomweb::{Client, Sent, server};
use pacs::inbox::Key;
use pacs::orthanc::Changes;
use pacs::scu::{Level, Match, Moved, Peer};
use pacs::{Authorization, Error, Event, Fetched, Query, Server, Tag};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::{TempDir, tempdir};

const STUDY: Tag = Tag(0x20, 0x0D);
const SERIES: Tag = Tag(0x20, 0x0E);
const QUIET: pacs::Events<'static> = &|_: &Event| ();

/// An Orthanc, and this project's storage SCP that it knows.
fn both(lua: &str) -> Option<(TempDir, Ours, Orthanc)> {
    let folder = tempdir().unwrap();
    let ours = Ours::start(&folder.path().join("inbox"), &config());
    let orthanc = Orthanc::start(&folder.path().join("orthanc"), ours.address.port(), lua)?;
    Some((folder, ours, orthanc))
}

fn peer(orthanc: &Orthanc) -> Peer {
    Peer::new(&orthanc.address(), "ORTHANC", "SKIAGRAPH")
}

fn api(orthanc: &Orthanc, path: &str) -> Server {
    let authorization = Some(Authorization::basic(&orthanc.password_file()).unwrap());
    Server { authorization, ..Server::new(&format!("{}{path}", orthanc.url())) }
}

fn send(orthanc: &Orthanc, folder: &Path, numbers: std::ops::Range<usize>) {
    let files = write_instances(folder, numbers);
    peer(orthanc)
        .store(&files, |path, outcome| outcome.unwrap_or_else(|error| panic!("{path:?}: {error}")))
        .unwrap();
}

fn chest() -> Query {
    let some = |text: &str| Some(text.to_owned());
    Query {
        modality: some("CR"),
        from: some("20260101"),
        to: some("20260131"),
        body_part: some("CHEST"),
    }
}

/// Checks that these numbers, and no others, wait with the bytes they were made of.
fn check(ours: &Ours, numbers: std::ops::Range<usize>) {
    assert_eq!(ours.waiting(), numbers.len() as u64, "{}", ours.log());
    for number in numbers {
        let path =
            ours.inbox.folder().join("waiting").join(format!("{}.dcm", Key::of(&uid(number))));
        assert!(data_set(&fs::read(path).unwrap()) == data_set(&instance(number)), "{number}");
    }
}

#[test]
fn c_store_both_ways() {
    let Some((folder, ours, orthanc)) = both("") else { return };
    peer(&orthanc).echo().unwrap();
    orthanc.post("/modalities/skiagraph/echo", b"{}");
    send(&orthanc, folder.path(), 0..40);
    assert_eq!(orthanc.count(), 40);
    orthanc.post("/modalities/skiagraph/store", orthanc.instances().to_string().as_bytes());
    check(&ours, 0..40);
    assert!(ours.log().contains("from ORTHANC"));
}

/// Orthanc is built on DCMTK, so syntaxes unknown to DCMTK are left out.
#[test]
fn every_transfer_syntax_goes_there_and_back_as_it_is() {
    let Some((folder, ours, orthanc)) = both("") else { return };
    let files = every_syntax(folder.path());
    let told = |path: &Path, outcome: Result<(), Error>| match outcome {
        Err(Error::NotAccepted { .. }) if is_unknown_to_dcmtk(path) => {}
        outcome => outcome.unwrap_or_else(|error| panic!("{path:?}: {error}")),
    };
    peer(&orthanc).store(&files, told).unwrap();
    orthanc.post("/modalities/skiagraph/store", orthanc.instances().to_string().as_bytes());
    assert_eq!(ours.waiting(), orthanc.count(), "{}", ours.log());
    let waiting = fs::read_dir(ours.inbox.folder().join("waiting")).unwrap();
    let kept: Vec<Vec<u8>> =
        waiting.map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    for path in
        files.iter().filter(|path| path.starts_with(folder.path()) && !is_unknown_to_dcmtk(path))
    {
        let sent = fs::read(path).unwrap();
        // Pixel data are at the end, except for a NUL after a deflated data set. Sequences before
        // them are written anew.
        let pixels = &sent[sent.len() - 128..];
        let is_end =
            |kept: &Vec<u8>| kept[kept.len() - 129..].windows(128).any(|end| end == pixels);
        let same = |kept: &Vec<u8>| transfer_syntax(kept) == transfer_syntax(&sent) && is_end(kept);
        assert!(kept.iter().any(same), "{path:?}");
    }
}

#[test]
fn c_find_and_c_move_to_us() {
    let Some((folder, ours, orthanc)) = both("") else { return };
    send(&orthanc, folder.path(), 0..120);
    let series = peer(&orthanc).series(&chest(), 100).unwrap();
    assert_eq!(series.len(), 6);
    assert_eq!(peer(&orthanc).series(&chest(), 4).unwrap().len(), 4);
    let none = Query { body_part: Some("HAND".to_owned()), ..chest() };
    assert_eq!(peer(&orthanc).series(&none, 100).unwrap(), [] as [[String; 2]; 0]);
    let images = Match::from([
        (STUDY, series[0][0].clone()),
        (SERIES, series[0][1].clone()),
        (Tag(8, 0x18), String::new()),
    ]);
    assert_eq!(peer(&orthanc).find(Level::Image, &images, 1000).unwrap().len(), 20);
    assert_eq!(peer(&orthanc).find(Level::Image, &images, 7).unwrap().len(), 7, "cancelled");
    let uids = Match::from([(STUDY, "1.2.826.0.1.3680043.10.2.0".to_owned())]);
    let moved = peer(&orthanc).move_to("SKIAGRAPH", Level::Study, &uids).unwrap();
    assert_eq!(moved, Moved { completed: 100, failed: 0, warning: 0 });
    check(&ours, 0..100);
    let unknown = peer(&orthanc).move_to("NOBODY", Level::Study, &uids).unwrap_err();
    assert!(matches!(unknown, Error::Status { operation: "C-MOVE", .. }), "{unknown}");
    let Some([findscu, movescu]) = programs(["findscu", "movescu"], "dcmtk") else { return };
    let address = [String::from("127.0.0.1"), orthanc.port.to_string()];
    let ask = |program: &Path, level: &str| {
        let mut command = Command::new(program);
        command.args(["-S", "-aec", "ORTHANC", "-aet", "SKIAGRAPH"]).args(&address);
        command.args(["-k", level, "-k", "StudyInstanceUID=1.2.826.0.1.3680043.10.2.1"]);
        command
    };
    let said = run(ask(&findscu, "QueryRetrieveLevel=SERIES").args(["-k", "SeriesInstanceUID"]));
    assert_eq!(
        said.matches("10.3.5").count(),
        1,
        "as ours finds one series of the second study: {said}"
    );
    run(ask(&movescu, "QueryRetrieveLevel=STUDY").args(["-aem", "SKIAGRAPH"]));
    check(&ours, 0..120);
}

#[test]
fn dicomweb_there_and_back() {
    let Some((folder, ours, orthanc)) = both("") else { return };
    let client = Client::new(&api(&orthanc, "/dicom-web")).unwrap();
    for path in write_instances(folder.path(), 0..45) {
        assert_eq!(client.store(&path).unwrap(), Sent::Stored);
    }
    let broken = folder.path().join("broken");
    fs::write(&broken, b"no DICOM").unwrap();
    assert!(matches!(client.store(&broken), Ok(Sent::Refused(_)) | Err(Error::HttpStatus { .. })));
    let report = folder.path().join("report");
    fs::write(&report, instance_of(1000, "1.2.840.10008.5.1.4.1.1.88.11", "X")).unwrap();
    assert_eq!(client.store(&report).unwrap(), Sent::Stored);
    assert_eq!(orthanc.count(), 46);
    assert_eq!(client.series(&chest(), 100).unwrap().len(), 4);
    assert_eq!(
        client.series(&Query { modality: Some("DX".to_owned()), ..chest() }, 100).unwrap(),
        []
    );
    assert_eq!(
        client.series(&Query { from: Some("20260116".to_owned()), ..chest() }, 100).unwrap(),
        []
    );
    ours.inbox.store(&uid(3), &instance(3)).unwrap();
    let fetched = client.pull(&chest(), 100, &ours.inbox, QUIET).unwrap();
    assert_eq!((fetched.new, fetched.known, fetched.passed_over), (44, 1, 1));
    check(&ours, 0..45);
    let again = client.pull(&chest(), 100, &ours.inbox, QUIET).unwrap();
    assert_eq!((again.new, again.known, again.passed_over), (0, 45, 1));
    let stranger = Client::new(&Server::new(&format!("{}/dicom-web", orthanc.url()))).unwrap();
    let refused = stranger.series(&chest(), 1).unwrap_err().to_string();
    assert!(refused.contains("401") && refused.contains("password"), "{refused}");
}

/// Orthanc sends its body in chunks.
#[test]
fn orthanc_posts_to_our_stow_rs() {
    let Some((folder, _ours, orthanc)) = both("") else { return };
    let token = folder.path().join("token");
    fs::write(&token, "open sesame").unwrap();
    let authorization = Some(Authorization::bearer(&token).unwrap());
    let web =
        Ours::start_web(&folder.path().join("web"), &server::Config { authorization, ..web() });
    let us = |token: &str| {
        let url = format!("http://{}/dicom-web/", web.address);
        json!({ "Url": url, "HttpHeaders": { "Authorization": format!("Bearer {token}") } })
    };
    orthanc.put("/dicom-web/servers/us", &us("open sesame"));
    orthanc.put("/dicom-web/servers/stranger", &us("please"));
    send(&orthanc, folder.path(), 0..30);
    let all = json!({ "Resources": orthanc.instances(), "Synchronous": true }).to_string();
    orthanc.post("/dicom-web/servers/us/stow", all.as_bytes());
    check(&web, 0..30);
    orthanc.post("/dicom-web/servers/us/stow", all.as_bytes());
    check(&web, 0..30);
    assert_eq!(web.log().matches(" known: ").count(), 30, "{}", web.log());
    assert!(!orthanc.accepts("/dicom-web/servers/stranger/stow", all.as_bytes()));
    assert!(web.log().contains("authorization"), "{}", web.log());
}

#[test]
fn the_feed_of_changes_goes_on_where_it_ended() {
    let Some((folder, ours, mut orthanc)) = both("") else { return };
    let changes = Changes::new(&api(&orthanc, "")).unwrap();
    assert_eq!(changes.pull(&ours.inbox, QUIET).unwrap(), Fetched::default());
    send(&orthanc, folder.path(), 0..150);
    assert_eq!(changes.pull(&ours.inbox, QUIET).unwrap().new, 150);
    check(&ours, 0..150);
    assert_eq!(changes.pull(&ours.inbox, QUIET).unwrap(), Fetched::default());
    send(&orthanc, folder.path(), 150..160);
    let deleted =
        orthanc.post("/tools/lookup", uid(155).as_bytes())[0]["Path"].as_str().unwrap().to_owned();
    ureq::delete(format!("{}{deleted}", orthanc.url()))
        .header("Authorization", "Basic YWxpY2U6c2VjcmV0")
        .call()
        .unwrap();
    let fetched = changes.pull(&ours.inbox, QUIET).unwrap();
    // A deleted instance is no longer among the changes.
    assert_eq!((fetched.new, fetched.known, fetched.passed_over), (9, 0, 0));
    // An inbox that lost its position reads everything again, and keeps nothing twice.
    fs::remove_dir_all(ours.inbox.folder().join("positions")).unwrap();
    fs::create_dir(ours.inbox.folder().join("positions")).unwrap();
    let again = changes.pull(&ours.inbox, QUIET).unwrap();
    assert_eq!((again.new, again.known, again.passed_over), (0, 159, 0));
    // A server that begins anew counts from the start.
    orthanc.reset();
    send(&orthanc, folder.path(), 160..165);
    assert_eq!(changes.pull(&ours.inbox, QUIET).unwrap().new, 5);
    assert_eq!(ours.waiting(), 164);
}

#[test]
fn a_script_routes_what_orthanc_receives_to_us() {
    let Some((folder, ours, orthanc)) = both(&documented_script()) else { return };
    send(&orthanc, folder.path(), 0..10);
    wait_until("everything is routed", || ours.waiting() == 10);
    check(&ours, 0..10);
    let other = folder.path().join("other");
    fs::write(&other, instance_of(11, CR, "OTHER")).unwrap();
    peer(&orthanc).store(&[other], |_, outcome| outcome.unwrap()).unwrap();
    wait_until("the study that grew is routed again", || ours.waiting() == 11);
}
