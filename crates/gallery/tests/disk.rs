//! A full disk and a read-only one: small file systems that are mounted for the test alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use common::{MODELS, code, process, store, task};
use gallery::{DATABASE, Error, Gallery, SqliteError};
use retrieval::ModelId;

/// Runs a test of this file again, in a folder with so many megabytes. Reports it if mounting is
/// not allowed.
fn run_on_a_disk_of(megabytes: usize, test: &str) {
    let dir = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=\"$1\"m none \"$2\" && shift 2 && exec \"$@\"";
    let test = process(test, dir.path(), "on it");
    for rights in [&["--mount"][..], &["--mount", "--map-root-user"]] {
        let may = Command::new("unshare")
            .args(rights)
            .args(["sh", "-c", "mount -t tmpfs none /tmp"])
            .output();
        if may.is_ok_and(|output| output.status.success()) {
            let mut command = Command::new("unshare");
            command
                .args(rights)
                .args(["sh", "-c", mount, "sh", &megabytes.to_string()])
                .arg(dir.path());
            command.arg(test.get_program()).args(test.get_args());
            command.envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
            assert!(command.status().unwrap().success());
            return;
        }
    }
    // This goes past the test harness, which shows a test's output only if it fails.
    std::io::stderr().write_all(b"NOT TESTED, as no file system may be mounted\n").unwrap();
    assert!(std::env::var_os("CI").is_none());
}

fn create(dir: &Path) -> Gallery {
    Gallery::create(&dir.join("gallery"), &ModelId(MODELS[0].to_owned()), 64).unwrap()
}

/// Takes all the room but so many bytes.
fn fill(path: &Path, but: usize) {
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    let length = fs::metadata(path).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(length.saturating_sub(but as u64))
        .unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name());
    files.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_full_disk_loses_nothing_and_says_so() {
    let Some((dir, _)) = task() else {
        return run_on_a_disk_of(16, "a_full_disk_loses_nothing_and_says_so");
    };
    // The first file is the one to remove in the end.
    fill(&dir.join("others"), 6_000_000);
    let mut gallery = create(&dir);
    let (stored, error) = (0..)
        .step_by(16)
        .find_map(|i| Some((i, store(&mut gallery, i..i + 16, 8000).err()?)))
        .unwrap();
    assert!(matches!(error, Error::Sqlite(SqliteError::DiskFull { .. })) && stored > 0, "{error}");
    let message = error.to_string();
    assert!(
        message.contains("no room to write") && message.contains("Free some space"),
        "{message}"
    );
    assert_eq!(gallery.len(), stored, "as of the last commit");
    fill(&dir.join("more"), 0);
    assert_eq!(gallery.index().nearest(&code(3, MODELS[0]), 1).unwrap()[0].distance, 0);
    for made in [
        gallery.back_up(&dir.join("copy")).unwrap_err(),
        gallery.export(&dir.join("export"), |record| record, |_| {}).map(|_| ()).unwrap_err(),
        gallery.compact().map(|_| ()).unwrap_err(),
        store(&mut gallery, stored..stored + 16, 8000).unwrap_err(),
    ] {
        let message = made.to_string();
        assert!(message.contains("no room") || message.contains("No space left"), "{message}");
    }
    for empty in ["copy", "export"] {
        assert_eq!(names(&dir.join(empty)), [] as [&str; 0], "nothing half written");
    }
    drop(gallery);
    let opened = Gallery::open(&dir.join("gallery")).map(|gallery| gallery.len());
    assert!(
        matches!(opened, Ok(len) if len == stored)
            || matches!(opened, Err(Error::Sqlite(SqliteError::DiskFull { .. }))),
        "{opened:?}"
    );
    fs::remove_file(dir.join("others")).unwrap();
    let mut gallery = Gallery::open(&dir.join("gallery")).unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (stored, vec![]));
    let ids = gallery.ids();
    gallery.delete(&ids[..stored / 2]).unwrap();
    store(&mut gallery, stored..stored + 16, 8000).unwrap();
    assert_eq!((gallery.len(), gallery.verify().unwrap()), (stored - stored / 2 + 16, vec![]));
}

#[test]
fn an_index_without_room_for_its_file_is_searched_all_the_same() {
    let Some((dir, _)) = task() else {
        return run_on_a_disk_of(64, "an_index_without_room_for_its_file_is_searched_all_the_same");
    };
    let mut gallery = create(&dir);
    store(&mut gallery, 0..8000, 10).unwrap();
    fill(&dir.join("others"), 600_000);
    store(&mut gallery, 8000..8300, 10).unwrap();
    gallery.settle().unwrap();
    assert_eq!((gallery.len(), gallery.index().fresh()), (8300, 0));
    assert!(
        names(&dir.join("gallery")).iter().all(|name| !name.contains("segment")),
        "it has a megabyte"
    );
    assert_eq!(gallery.index().nearest(&code(8299, MODELS[0]), 1).unwrap()[0].distance, 0);
    assert_eq!(gallery.verify().unwrap(), []);
}

#[test]
fn a_folder_that_may_only_be_read_says_so() {
    let Some((dir, _)) = task() else {
        return run_on_a_disk_of(8, "a_folder_that_may_only_be_read_says_so");
    };
    store(&mut create(&dir), 0..16, 100).unwrap();
    let before = fs::read(dir.join("gallery").join(DATABASE)).unwrap();
    let remount = |how: &str| {
        assert!(Command::new("mount").args(["-o", how]).arg(&dir).status().unwrap().success());
    };
    remount("remount,ro");
    let message = Gallery::open(&dir.join("gallery")).unwrap_err().to_string();
    assert!(
        message.contains("cannot be written") && message.contains("give the right to write"),
        "{message}"
    );
    let error = Gallery::create(&dir.join("other"), &ModelId("m".to_owned()), 64).unwrap_err();
    assert!(error.to_string().contains("cannot make the folder"), "{error}");
    assert_eq!(fs::read(dir.join("gallery").join(DATABASE)).unwrap(), before);
    remount("remount,rw");
    assert_eq!(Gallery::open(&dir.join("gallery")).unwrap().verify().unwrap(), []);
}
