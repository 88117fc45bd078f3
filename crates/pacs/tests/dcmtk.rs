//! DCMTK's programs against this project's storage SCP, and its SCU against theirs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{
    Ours, Running, config, data_set, every_syntax, free_port, is_unknown_to_dcmtk, programs, run,
    transfer_syntax, wait_until, write_instances,
};
use pacs::scp::Config;
use pacs::scu::Peer;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::tempdir;

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

/// DCMTK's own receiver, which keeps what comes over the line unchanged, gets the same files.
/// `dcmsend` does not send a file's exact bytes: it leaves out the padding of a data set
/// (FFFC,FFFC), writes lengths anew, and so on.
#[test]
fn dcmsend_sends_every_transfer_syntax() {
    let Some([dcmsend, storescp]) = programs(["dcmsend", "storescp"], "dcmtk") else { return };
    let folder = tempdir().unwrap();
    let theirs = Theirs::start(&storescp, &folder.path().join("theirs"), &["+B"]);
    let ours = Ours::start(&folder.path().join("inbox"), &config());
    let mut consumer = ours.inbox.consumer().unwrap();
    for path in every_syntax(folder.path()).iter().filter(|path| !is_unknown_to_dcmtk(path)) {
        let sent = fs::read(path).unwrap();
        run(to_us(&dcmsend, &ours).arg("-dn").arg(path));
        let item = consumer.take(1).unwrap().pop().unwrap();
        let kept = the_only(item.path().parent().unwrap());
        // An uncompressed instance is sent in the form that the receiver prefers.
        let (before, after) = (transfer_syntax(&sent), transfer_syntax(&kept));
        assert!(
            before == after || (NATIVE.contains(&&*before) && NATIVE.contains(&&*after)),
            "{path:?}"
        );
        let expected =
            if before == REFUSED_BY_STORESCP { sent } else { theirs.take(&dcmsend, path) };
        assert!(data_set(&kept) == data_set(&expected), "{path:?}");
    }
}

const NATIVE: [&str; 3] = [common::EXPLICIT, common::IMPLICIT, "1.2.840.10008.1.2.2"];
/// Lossless JPEG of any predictor, which `dcmsend` sends.
const REFUSED_BY_STORESCP: &str = "1.2.840.10008.1.2.4.57";

/// Removes the file from a folder with only one.
fn the_only(folder: &Path) -> Vec<u8> {
    let files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{folder:?}");
    let bytes = fs::read(&files[0]).unwrap();
    fs::remove_file(&files[0]).unwrap();
    bytes
}

/// DCMTK's storage SCP, which takes every transfer syntax.
struct Theirs {
    port: u16,
    folder: PathBuf,
    _running: Running,
}

impl Theirs {
    fn start(storescp: &Path, folder: &Path, options: &[&str]) -> Self {
        fs::create_dir(folder).unwrap();
        let port = free_port();
        let mut command = Command::new(storescp);
        command
            .args(["+xa", "-aet", "STORESCP"])
            .args(options)
            .arg("-od")
            .arg(folder)
            .arg(port.to_string());
        let running = Running(command.spawn().unwrap());
        let theirs = Self { port, folder: folder.to_owned(), _running: running };
        wait_until("storescp answers", || theirs.peer().echo().is_ok());
        theirs
    }

    /// The file that it keeps when `dcmsend` sends one.
    fn take(&self, dcmsend: &Path, path: &Path) -> Vec<u8> {
        run(Command::new(dcmsend).args(["-dn", "127.0.0.1", &self.port.to_string()]).arg(path));
        the_only(&self.folder)
    }

    fn peer(&self) -> Peer {
        Peer::new(&format!("127.0.0.1:{}", self.port), "STORESCP", "SKIAGRAPH")
    }
}

#[test]
fn storescu_is_refused_what_the_decoder_does_not_read() {
    let Some([storescu]) = programs(["storescu"], "dcmtk") else { return };
    let folder = tempdir().unwrap();
    let explicit = vec![common::EXPLICIT.to_owned()];
    let ours = Ours::start(
        &folder.path().join("inbox"),
        &Config { transfer_syntaxes: explicit, ..config() },
    );
    let files = every_syntax(folder.path());
    let compressed = files.iter().find(|path| path.ends_with("u12.j2k.dcm")).unwrap();
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
        // Each begins halfway through the other's: an instance that two send at once is kept once.
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
    let theirs = Theirs::start(&storescp, &folder.path().join("received"), &[]);
    let mut files = write_instances(folder.path(), 0..20);
    files.extend(every_syntax(folder.path()).into_iter().filter(|path| {
        !is_unknown_to_dcmtk(path)
            && transfer_syntax(&fs::read(path).unwrap()) != REFUSED_BY_STORESCP
    }));
    files.push(folder.path().join("missing"));
    let mut outcomes = BTreeMap::new();
    theirs
        .peer()
        .store(&files, |path, outcome| drop(outcomes.insert(path.to_owned(), outcome)))
        .unwrap();
    let missing = outcomes.remove(&folder.path().join("missing")).unwrap();
    assert!(missing.unwrap_err().to_string().contains("missing"));
    for (path, outcome) in &outcomes {
        assert!(outcome.is_ok(), "{path:?}: {outcome:?}");
    }
    assert_eq!(outcomes.len(), files.len() - 1);
    assert!(fs::read_dir(&theirs.folder).unwrap().count() >= 20);
}
