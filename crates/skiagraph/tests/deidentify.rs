//! De-identification from the command line: files, galleries, exports.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{fail, json, model, run, succeed, text, workspace};
use serde_json::Value;

/// What names the phantoms: name and ID of their patient, and the root of their UIDs.
const SECRETS: [&str; 3] = ["PHANTOM", "1.2.826.0.1.3680043.10", "Phantom"];

/// Phantoms of several transfer syntaxes, each an instance of its own.
fn phantoms(folder: &Path) -> PathBuf {
    let to = folder.join("originals");
    fs::create_dir(&to).unwrap();
    for (at, name) in
        ["u12.jpeg70.dcm", "u16.j2k.dcm", "u8.native.dcm", "u12.rle.dcm"].into_iter().enumerate()
    {
        let bytes = fs::read(workspace().join("crates/radiograph/tests/data/dicom").join(name)).unwrap();
        let uid = b"1.2.826.0.1.3680043.10.1";
        let mut changed = bytes.clone();
        for start in 0..bytes.len() - uid.len() {
            if &bytes[start..start + uid.len()] == uid {
                changed[start + uid.len() - 1] = b'1' + at as u8;
            }
        }
        fs::write(to.join(name), changed).unwrap();
    }
    to
}

/// Whether any file below a folder holds a text.
fn any_holds(folder: &Path, secret: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => any_holds(&path, secret),
            false => fs::read(&path).unwrap().windows(secret.len()).any(|part| part == secret.as_bytes()),
        }
    })
}

fn hits(answer: &Value) -> usize {
    answer["queries"][0]["hits"].as_array().unwrap().len()
}

#[test]
fn files_and_records_agree_and_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let originals = phantoms(folder.path());
    assert!(SECRETS.iter().all(|secret| any_holds(&originals, secret)));
    let at = |name: &str| folder.path().join(name);
    let (key, clean, model) = (at("site.key"), at("clean"), model());
    let deidentify = [
        "deidentify",
        text(&originals),
        "--out",
        text(&clean),
        "--key",
        text(&key),
        "--shift-dates",
        "--make-key",
    ];
    let done = json(&deidentify);
    assert_eq!((done["written"].as_array().unwrap().len(), &done["known"]), (4, &0.into()));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(json(&deidentify)["known"], 4);
    let report = done.to_string();
    assert!(SECRETS.iter().all(|secret| !any_holds(&clean, secret) && !report.contains(secret)));
    assert!(done["written"][0]["actions"]["emptied"]["(0010,0010)"] == 1, "{done}");

    // A gallery of pseudonyms, and one of files without identities: the same records.
    let index = |gallery: &str, from: &Path, more: &[&str]| {
        let gallery = at(gallery);
        json(&[&["index", "--gallery", text(&gallery), "--model", text(&model), text(from)], more].concat())
    };
    let with_key = ["--deidentify", text(&key)];
    assert_eq!(index("a", &originals, &with_key)["added"], 4);
    assert_eq!(index("a", &originals, &with_key)["known"], 4);
    assert_eq!(index("a", &clean, &[])["known"], 4);
    assert_eq!(index("b", &originals, &[])["added"], 4);
    assert!(SECRETS.iter().all(|secret| !any_holds(&at("a"), secret)));
    assert!(any_holds(&at("b"), SECRETS[1]));

    // The query is known by its pseudonym, and with it its patient.
    let query = originals.join("u16.j2k.dcm");
    let (a, query) = (at("a"), text(&query));
    let search = ["search", "--gallery", text(&a), "--model", text(&model), query];
    assert_eq!(hits(&json(&search)), 4);
    assert_eq!(hits(&json(&[&search[..], &with_key].concat())), 0);

    // On the way out.
    let (b, exported) = (at("b"), at("exported"));
    succeed(&[&["gallery", "export", text(&b), text(&exported)], &with_key[..]].concat());
    let imported = at("imported");
    succeed(&["gallery", "import", text(&exported), text(&imported)]);
    assert!(SECRETS.iter().all(|secret| !any_holds(&imported, secret)));
    assert_eq!(json(&["gallery", "info", text(&imported)])["records"], 4);
}

#[test]
fn mistakes_and_refusals_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let originals = phantoms(folder.path());
    let at = |name: &str| folder.path().join(name);
    let (key, clean, model) = (at("site.key"), at("clean"), model());
    let deidentify = ["deidentify", text(&originals), "--out", text(&clean), "--key", text(&key)];
    fail(&deidentify, &["cannot read the key file", "site.key"]);
    fs::write(&key, "short").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fail(&deidentify, &["has 5 bytes", "--make-key"]);
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fail(&deidentify, &["mode 644", "chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(originals.join("x.png"), b"\x89PNG\r\n").unwrap();
    let ran = fail(&deidentify, &["1 of 5 files were refused", "not a DICOM file"]);
    assert!(ran.stdout.contains("wrote 4 files"), "{}", ran.stdout);
    // Other options make another file of the same name: it is not overwritten.
    fail(&[&deidentify[..], &["--keep-device"]].concat(), &["5 of 5 files were refused", "differs"]);
    assert_eq!(run(&[&deidentify[..], &["--shift-dates", "--keep-dates"]].concat()).code, 2);

    // A picture that says that text is burned into it.
    let annotated = at("annotated.dcm");
    let mut bytes = fs::read(originals.join("u8.native.dcm")).unwrap();
    let samples = [0x28, 0, 0x02, 0, b'U', b'S'];
    let place = bytes.windows(6).position(|part| part == samples).unwrap();
    let element = [&[0x28, 0, 0x01, 0x03][..], b"CS", &[4, 0], b"YES "].concat();
    let after = bytes.windows(6).position(|part| part == [0xE0, 0x7F, 0x10, 0, b'O', b'W']).unwrap_or(place);
    bytes.splice(after..after, element);
    fs::write(&annotated, bytes).unwrap();
    let other = at("other");
    let one = ["deidentify", text(&annotated), "--out", text(&other), "--key", text(&key)];
    fail(&one, &["BurnedInAnnotation is YES", "1 of 1"]);
    succeed(&[&one[..], &["--allow-burned-in"]].concat());
    let gallery = at("g");
    let index = [
        "index",
        "--gallery",
        text(&gallery),
        "--model",
        text(&model),
        text(&annotated),
        "--deidentify",
        text(&key),
    ];
    fail(&index, &["not one of the 1 files"]);
    succeed(&[&index[..], &["--allow-burned-in"]].concat());
    assert_eq!(run(&["index", "--gallery", text(&gallery), text(&annotated), "--keep-patient"]).code, 2);
}
