//! DCMTK's programs against our storage SCP, and our SCU against its own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Ours, Running, config, free_port, programs, run, shared_files, wait_until, write_instances};
use pacs::scp::Config;
use pacs::scu::Peer;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::tempdir;

/// How `storescu` is told to propose a transfer syntax.
const OPTIONS: [(&str, &str); 11] = [
    ("1.2.840.10008.1.2.1", "-xe"),
    ("1.2.840.10008.1.2", "-xi"),
    ("1.2.840.10008.1.2.4.50", "-xy"),
    ("1.2.840.10008.1.2.4.51", "-xx"),
    ("1.2.840.10008.1.2.4.57", "-xs"),
    ("1.2.840.10008.1.2.4.70", "-xs"),
    ("1.2.840.10008.1.2.4.80", "-xt"),
    ("1.2.840.10008.1.2.4.81", "-xu"),
    ("1.2.840.10008.1.2.4.90", "-xv"),
    ("1.2.840.10008.1.2.4.91", "-xw"),
    ("1.2.840.10008.1.2.5", "-xr"),
];

fn to_us(program: &Path, ours: &Ours) -> Command {
    let mut command = Command::new(program);
    let port = ours.address.port().to_string();
    command.args(["-aec", "SKIAGRAPH", "127.0.0.1", &port]);
    command
}

#[test]
fn echoscu_is_answered_and_told_apart() {
    let Some([echoscu]) = programs(["echoscu"], "dcmtk") else { return };
    let folder = tempdir().unwrap();
    let ours = Ours::start(
        &folder.path().join("inbox"),
        &Config { callers: vec!["ECHOSCU".to_owned()], max_pdu: 4096, ..config() },
    );
    run(&mut to_us(&echoscu, &ours));
    run(to_us(&echoscu, &ours).args(["--repeat", "50"]));
    let stranger = to_us(&echoscu, &ours).args(["-aet", "STRANGER"]).output().unwrap();
    assert!(!stranger.status.success());
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("Calling AE Title Not Recognized"));
}

#[test]
fn storescu_sends_every_transfer_syntax() {
    let Some([storescu, dcmdump]) = programs(["storescu", "dcmdump"], "dcmtk") else { return };
    let Some(files) = shared_files() else { return };
    for path in files {
        let folder = tempdir().unwrap();
        let ours = Ours::start(&folder.path().join("inbox"), &config());
        let dump = |path: &Path, tag: &str| run(Command::new(&dcmdump).args(["-Un", "+P", tag]).arg(path));
        let syntax = value(&dump(&path, "0002,0010"));
        let option = OPTIONS.iter().find(|(uid, _)| *uid == syntax).unwrap().1;
        run(to_us(&storescu, &ours).arg(option).arg(&path));
        let kept: Vec<PathBuf> = fs::read_dir(ours.inbox.folder().join("waiting"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(kept.len(), 1, "{path:?}");
        assert_eq!(value(&dump(&kept[0], "0002,0010")), syntax);
        // The whole data set as DCMTK prints it, but for the file meta group and for lengths of sequences, which it
        // writes anew.
        let (ours, theirs) = (printed(&dcmdump, &kept[0]), printed(&dcmdump, &path));
        assert_eq!(ours.len(), theirs.len(), "{path:?}");
        let differs = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs);
        let start = |line: &String| line.chars().take(80).collect::<String>();
        assert!(
            differs.is_none(),
            "{path:?}: {:?}",
            differs.map(|(ours, theirs)| [start(ours), start(theirs)])
        );
    }
}

/// What stands in brackets or after an equals sign.
fn value(dump: &str) -> String {
    dump.split(['[', ']']).nth(1).unwrap().to_owned()
}

fn printed(dcmdump: &Path, path: &Path) -> Vec<String> {
    let dump = run(Command::new(dcmdump).args(["-q", "+L", "+R", "4096"]).arg(path));
    let is_kept = |line: &&str| {
        let line = line.trim_start();
        let is_element =
            line.starts_with('(') && !line.starts_with("(0002,") && !line.starts_with("(fffe,e00d");
        is_element && !line.starts_with("(fffe,e0dd") && !line.contains(",0000) UL")
    };
    // `(Sequence with undefined length #=1)` tells the tag and the count.
    let plain =
        |line: &str| line.split(" # ").next().unwrap().replace("undefined", "explicit").trim_end().to_owned();
    dump.lines().filter(is_kept).map(plain).collect()
}

#[test]
fn storescu_is_refused_what_the_decoder_does_not_read() {
    let Some([storescu]) = programs(["storescu"], "dcmtk") else { return };
    let Some(files) = shared_files() else { return };
    let folder = tempdir().unwrap();
    let explicit = vec![common::EXPLICIT.to_owned()];
    let ours = Ours::start(&folder.path().join("inbox"), &Config { transfer_syntaxes: explicit, ..config() });
    let compressed = files.iter().find(|path| path.to_string_lossy().contains("j2k_lossless")).unwrap();
    let sent = to_us(&storescu, &ours).arg("-xv").arg(compressed).output().unwrap();
    assert!(!sent.status.success() && ours.waiting() == 0);
}

#[test]
fn many_instances_of_several_storescu_at_once() {
    let Some([storescu]) = programs(["storescu"], "dcmtk") else { return };
    let folder = tempdir().unwrap();
    let ours = Ours::start(&folder.path().join("inbox"), &config());
    let files = write_instances(folder.path(), 0..200);
    let senders = files.chunks(50).map(|some| {
        // Halfway into the neighbour's: what two send at once is kept once.
        let at = files.iter().position(|path| path == &some[0]).unwrap();
        let both = files.iter().cycle().skip(at).take(75);
        Running(to_us(&storescu, &ours).args(both).spawn().unwrap())
    });
    for mut sender in senders.collect::<Vec<_>>() {
        assert!(sender.0.wait().unwrap().success());
    }
    assert_eq!(ours.waiting(), 200);
    assert_eq!(ours.log().matches(" stored: ").count(), 200);
    assert_eq!(ours.log().matches(" known: ").count(), 100);
}

#[test]
fn storescp_takes_what_we_send() {
    let Some([storescp]) = programs(["storescp"], "dcmtk") else { return };
    let folder = tempdir().unwrap();
    let received = folder.path().join("received");
    fs::create_dir(&received).unwrap();
    let port = free_port();
    let mut command = Command::new(storescp);
    command.args(["+xa", "-aet", "STORESCP", "-od"]).arg(&received).arg(port.to_string());
    let _running = Running(command.spawn().unwrap());
    let peer = Peer::new(&format!("127.0.0.1:{port}"), "STORESCP", "SKIAGRAPH");
    wait_until("storescp answers", || peer.echo().is_ok());
    let mut files = write_instances(folder.path(), 0..20);
    files.extend(shared_files().unwrap_or_default());
    files.push(folder.path().join("missing"));
    let mut outcomes = BTreeMap::new();
    peer.store(&files, |path, outcome| drop(outcomes.insert(path.to_owned(), outcome))).unwrap();
    let missing = outcomes.remove(&folder.path().join("missing")).unwrap();
    assert!(missing.unwrap_err().to_string().contains("missing"));
    for (path, outcome) in &outcomes {
        assert!(outcome.is_ok(), "{path:?}: {outcome:?}");
    }
    assert_eq!(outcomes.len(), files.len() - 1);
    assert!(fs::read_dir(&received).unwrap().count() >= 20);
}
