//! A file that kills its process harms itself alone, however files come in: inbox, jobs, queue,
//! `index`. It may be any file: a planted fault makes the process abort when it is read
//! (CONTRIBUTING.md).
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/phantoms.rs"]
mod phantoms;
#[path = "../../gallery/tests/common/server.rs"]
mod postgres;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{command, json, model, pictures, run, samples, succeed, text};
use files::attempts::DEATHS;
use pacs::inbox::{Inbox, Key, Limits};
use phantoms::copies;
use radiograph::ContentHash;
use serde_json::Value;
use server::Server;

/// The exit code of a command that ended with a warning.
const WARNING: i32 = 3;

/// The fault that makes the process abort at a file of these bytes.
fn fault(bytes: &[u8]) -> String {
    format!("abort-on:{}", ContentHash::of(bytes))
}

/// The exit code of a process that panics.
const PANIC: i32 = 101;

/// Runs a command again and again until the process survives. Returns the number of deaths, its
/// exit code and its report.
fn until_it_lives(arguments: &[&str], fault: &str) -> (u32, i32, Value) {
    for deaths in 0..20 {
        let ran = command(arguments).arg("--json").env("SKIAGRAPH_FAULT", fault).output().unwrap();
        if let Some(code) = ran.status.code().filter(|code| *code != PANIC) {
            assert!(code != 1, "{}", String::from_utf8_lossy(&ran.stderr));
            return (deaths, code, serde_json::from_slice(&ran.stdout).unwrap());
        }
    }
    panic!("{arguments:?} dies for ever");
}

/// Forty-one pictures, all DICOM, each with its own UID.
fn forty_one(folder: &Path) -> Vec<PathBuf> {
    copies(folder, "u12.jpeg70.dcm", 20..61)
}

fn records(gallery: &Path) -> Value {
    succeed(&["gallery", "verify", text(gallery)]);
    json(&["gallery", "info", text(gallery)])["records"].clone()
}

#[test]
fn of_an_inbox_one_instance_is_put_aside_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (at, gallery, model) = (folder.path().join("inbox"), folder.path().join("g"), model());
    let inbox = Inbox::open(&at, Limits { min_free_bytes: 0, ..Limits::default() }).unwrap();
    for (number, file) in forty_one(folder.path()).iter().enumerate() {
        inbox.store(&format!("1.{number}"), &fs::read(file).unwrap()).unwrap();
    }
    let (deadly, fault) = (Key::of("1.7"), fault(&fs::read(folder.path().join("27.dcm")).unwrap()));
    let work = ["inbox", "work", text(&at), "--gallery", text(&gallery), "--model", text(&model)];
    let (deaths, code, report) = until_it_lives(&work, &fault);
    assert_eq!((deaths, code), (1 + DEATHS, WARNING), "once among others, then alone: {report}");
    assert_eq!(report["set_aside"], serde_json::json!([deadly.to_string()]));
    assert_eq!(records(&gallery), 40);
    // The next runs say so again, until somebody acts.
    for _ in 0..2 {
        let ran = run(&work);
        assert_eq!(
            (ran.code, ran.stderr.contains(&deadly.to_string())),
            (WARNING, true),
            "{}",
            ran.stderr
        );
    }
    let status = json(&["inbox", "status", text(&at)]);
    assert_eq!((&status["failed"], &status["done"]), (&1.into(), &40.into()));
    let failure = &status["failures"][0];
    assert_eq!((&failure["name"], &failure["deadly"]), (&deadly.to_string().into(), &true.into()));
    assert!(failure["reason"].as_str().unwrap().contains("died 3 times"), "{failure}");
    // A retry risks only that one.
    inbox.store("1.99", &fs::read(folder.path().join("20.dcm")).unwrap()).unwrap();
    succeed(&["inbox", "retry", text(&at)]);
    assert_eq!(until_it_lives(&work, &fault).0, DEATHS);
    succeed(&["inbox", "retry", text(&at)]);
    assert_eq!((run(&work).code, records(&gallery)), (0, 41.into()));
}

#[test]
fn of_files_and_folders_one_is_set_aside_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let (files, gallery, model) = (folder.path().join("files"), folder.path().join("g"), model());
    fs::create_dir(&files).unwrap();
    let all = forty_one(&files);
    let (deadly, fault) = (&all[7], fault(&fs::read(&all[7]).unwrap()));
    let index = ["index", "--gallery", text(&gallery), "--model", text(&model), text(&files)];
    let (deaths, code, report) = until_it_lives(&index, &fault);
    assert_eq!((deaths, code), (1 + DEATHS, WARNING), "{report}");
    assert_eq!(report["set_aside"], serde_json::json!([text(deadly)]));
    assert_eq!((records(&gallery), fs::read_dir(&files).unwrap().count()), (40.into(), 41));
    let ran = run(&index);
    assert_eq!((ran.code, ran.stderr.contains(text(deadly))), (WARNING, true), "{}", ran.stderr);
    // Alone it is named, too; without the fault a retry adds it.
    let alone = ["index", "--gallery", text(&gallery), "--model", text(&model), text(deadly)];
    assert_eq!(run(&alone).code, WARNING);
    let retry = [&index[..], &["--retry"]].concat();
    let died = command(&retry).env("SKIAGRAPH_FAULT", &fault).output().unwrap().status.code();
    assert_eq!((died, until_it_lives(&index, &fault).0), (None, DEATHS - 1), "another three");
    succeed(&retry);
    succeed(&index);
    assert_eq!(records(&gallery), 41);
    let notes: Vec<_> =
        fs::read_dir(gallery.join("attempts")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(notes.len(), 2, "nothing of a process that has ended: {notes:?}");
    // A changed file counts as another one.
    fs::write(deadly, fs::read(&all[8]).unwrap()).unwrap();
    succeed(&index);
}

/// A gallery on a server has no folder for the notes, so they are in the user's.
#[test]
fn of_files_for_a_server_one_is_set_aside_and_named() {
    let Some(postgres) = postgres::Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (at, model, all) = (postgres.database("gallery"), model(), forty_one(folder.path()));
    let files: Vec<&str> = all[..5].iter().map(|file| text(file)).collect();
    let index = ["index", "--gallery", text(&at), "--model", text(&model)];
    let (deaths, code, report) =
        until_it_lives(&[&index[..], &files].concat(), &fault(&fs::read(files[2]).unwrap()));
    assert_eq!((deaths, code), (1 + DEATHS, WARNING), "{report}");
    assert_eq!(report["set_aside"], serde_json::json!([files[2]]));
    assert_eq!(json(&["gallery", "info", text(&at)])["records"], 4);
    // Without a home, files are read all the same.
    let mut homeless = command(&[&index[..], &files[3..]].concat());
    let ran = homeless.env("XDG_STATE_HOME", "/dev/null/state").output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("are not counted"), "{said}");
}

/// A panic leaves the same note.
#[test]
fn a_panic_counts_as_a_death() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, model, all) = (folder.path().join("g"), model(), forty_one(folder.path()));
    let files: Vec<&str> = all[..5].iter().map(|file| text(file)).collect();
    let fault = fault(&fs::read(files[2]).unwrap()).replace("abort", "panic");
    let index = ["index", "--gallery", text(&gallery), "--model", text(&model)];
    let (deaths, code, report) = until_it_lives(&[&index[..], &files].concat(), &fault);
    assert_eq!((deaths, code, &report["added"]), (1 + DEATHS, WARNING, &0.into()), "{report}");
    assert_eq!((&report["set_aside"][0], records(&gallery)), (&files[2].into(), 4.into()));
}

#[test]
fn kills_fail_no_innocent_file() {
    let folder = tempfile::tempdir().unwrap();
    let (files, gallery, model) = (folder.path().join("files"), folder.path().join("g"), model());
    fs::create_dir(&files).unwrap();
    forty_one(&files);
    let index = ["index", "--gallery", text(&gallery), "--model", text(&model), text(&files)];
    let mut kills = 0;
    for round in 0..12_u64 {
        let mut child =
            command(&index).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(200 + 170 * round));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    let report = json(&index);
    assert!(kills > 0 && report["set_aside"].as_array().unwrap().is_empty(), "{report}");
    assert_eq!(records(&gallery), 41);
}

/// Ctrl-C counts no death for the file that a command reads.
#[test]
fn an_interruption_is_no_death() {
    let folder = tempfile::tempdir().unwrap();
    let (files, gallery, model) = (folder.path().join("files"), folder.path().join("g"), model());
    fs::create_dir(&files).unwrap();
    forty_one(&files);
    let index = ["index", "--gallery", text(&gallery), "--model", text(&model), text(&files)];
    let mut child = command(&index).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let in_hand = || {
        let notes = fs::read_dir(gallery.join("attempts")).into_iter().flatten();
        notes.flatten().any(|entry| entry.path().join("in-hand.json").exists())
    };
    let start = Instant::now();
    while !in_hand() && start.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(1));
    }
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    succeed(&index);
    assert!(!gallery.join("attempts/deaths.json").exists());
}

#[test]
fn of_a_job_one_file_fails_and_is_named() {
    assert_eq!(deaths_of_a_job("abort"), 1 + DEATHS);
}

/// The server continues, and finds the guilty file by itself.
#[test]
fn a_panic_of_a_job_ends_no_server() {
    assert_eq!(deaths_of_a_job("panic"), 0);
}

/// The number of deaths of a server until its job is done, one file of which has a fault. All other
/// files are in the gallery then.
fn deaths_of_a_job(how: &str) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, jobs, model) = (folder.path().join("g"), folder.path().join("jobs"), model());
    let all = forty_one(folder.path());
    succeed(&["index", "--gallery", text(&gallery), "--model", text(&model), text(&all[0])]);
    let mut made = Server::start(&gallery, &["--jobs", text(&jobs)]);
    let id = made.ask("POST", "/api/v1/jobs", &[], b"").json()["id"].as_str().unwrap().to_owned();
    made.kill();
    // The files lie there as after a kill of a server that had acknowledged them.
    for (number, file) in all.iter().enumerate() {
        fs::copy(file, jobs.join(&id).join(format!("{:08}.file", number + 1))).unwrap();
    }
    let fault = fault(&fs::read(&all[7]).unwrap()).replace("abort", how);
    let left = || {
        let files = fs::read_dir(jobs.join(&id)).unwrap();
        files.filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "file").count()
    };
    let serve =
        ["serve", "--gallery", text(&gallery), "--model", text(&model), "--jobs", text(&jobs)];
    let mut deaths = 0;
    while left() > 0 {
        assert!(deaths < 20, "it dies for ever");
        let mut child = command(&[&serve[..], &["--port", "0"]].concat())
            .env("SKIAGRAPH_FAULT", &fault)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        deaths += u32::from(died(&mut child, || left() == 0));
    }
    let server = Server::start(&gallery, &["--jobs", text(&jobs)]);
    let job = server.get(&format!("/api/v1/jobs/{id}")).json();
    let counts =
        ["received", "done", "added", "known", "failed"].map(|name| job[name].as_u64().unwrap());
    assert_eq!(counts, [41, 41, 39, 1, 1], "{job}");
    assert_eq!(job["failures"][0]["file"], 8);
    assert!(job["failures"][0]["reason"].as_str().unwrap().contains("died 3 times"), "{job}");
    assert_eq!(records(&gallery), 40);
    deaths
}

/// Waits until a process dies or has done its work, in which case it is killed.
fn died(child: &mut Child, done: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        if done() {
            // This is for its last work, after the last file has left.
            sleep(Duration::from_millis(500));
            child.kill().unwrap();
            child.wait().unwrap();
            return false;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "it neither dies nor ends");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn of_a_queue_one_picture_is_set_aside_and_named() {
    let Some(postgres) = postgres::Server::start() else { return };
    let (at, model, all) =
        (postgres.database("gallery"), model(), pictures(&samples().join("images")));
    let files: Vec<&str> = all.iter().take(12).map(|path| text(path)).collect();
    let put = ["queue", "put", "--gallery", text(&at), "--model", text(&model)];
    assert_eq!(json(&[&put[..], &files].concat())["put"], 12);
    let worker = [
        "worker",
        "--gallery",
        text(&at),
        "--model",
        text(&model),
        "--lease",
        "1",
        "--until-empty",
    ];
    let (deaths, code, report) = until_it_lives(&worker, &fault(&fs::read(&all[5]).unwrap()));
    assert_eq!((deaths, code), (5, WARNING), "{report}");
    let deadly = report["deadly"].as_array().unwrap();
    assert_eq!((deadly.len(), &deadly[0]["name"]), (1, &files[5].into()));
    let info = json(&["queue", "info", text(&at)]);
    let aside = info["set_aside"].as_array().unwrap();
    assert_eq!(
        (aside.len(), &aside[0]["name"], &aside[0]["deadly"]),
        (1, &files[5].into(), &true.into())
    );
    assert_eq!(json(&["gallery", "info", text(&at)])["records"], 11);
    assert_eq!(run(&worker).code, WARNING, "the next one says so again");
    succeed(&["queue", "retry", text(&at)]);
    succeed(&worker);
    assert_eq!(json(&["gallery", "info", text(&at)])["records"], 12);
}
