//! De-identification from the command line: files, galleries, exports.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use common::{fail, json, model, run, succeed, text, workspace};
use interchange::deidentify::{Deidentifier, Key, Options};
use serde_json::{Value, json};
use server::Server;

/// The identities of the phantoms: name and ID of their patient, and the root of their UIDs.
const SECRETS: [&str; 3] = ["PHANTOM", "1.2.826.0.1.3680043.10", "Phantom"];

/// Phantoms of several transfer syntaxes, each a separate instance.
fn phantoms(folder: &Path) -> PathBuf {
    let to = folder.join("originals");
    fs::create_dir(&to).unwrap();
    for (at, name) in
        ["u12.jpeg70.dcm", "u16.j2k.dcm", "u8.native.dcm", "u12.rle.dcm"].into_iter().enumerate()
    {
        let bytes =
            fs::read(workspace().join("crates/radiograph/tests/data/dicom").join(name)).unwrap();
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

/// Tells whether any file below a folder contains a text.
fn any_holds(folder: &Path, secret: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => any_holds(&path, secret),
            false => {
                fs::read(&path).unwrap().windows(secret.len()).any(|part| part == secret.as_bytes())
            }
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

    // A gallery of pseudonyms, and one of de-identified files, have the same records.
    let index = |gallery: &str, from: &Path, more: &[&str]| {
        let gallery = at(gallery);
        json(
            &[&["index", "--gallery", text(&gallery), "--model", text(&model), text(from)], more]
                .concat(),
        )
    };
    let with_key = ["--deidentify", text(&key)];
    assert_eq!(index("a", &originals, &with_key)["added"], 4);
    assert_eq!(index("a", &originals, &with_key)["known"], 4);
    assert_eq!(index("a", &clean, &[])["known"], 4);
    assert_eq!(index("b", &originals, &[])["added"], 4);
    assert!(SECRETS.iter().all(|secret| !any_holds(&at("a"), secret)));
    assert!(any_holds(&at("b"), SECRETS[1]));

    // The gallery knows the query by its pseudonym, and so its patient, too.
    let query = originals.join("u16.j2k.dcm");
    let (a, query) = (at("a"), text(&query));
    let search = ["search", "--gallery", text(&a), "--model", text(&model), query];
    assert_eq!(hits(&json(&search)), 4);
    assert_eq!(hits(&json(&[&search[..], &with_key].concat())), 0);

    // De-identification of an export.
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
    let (key, clean) = (at("site.key"), at("clean"));
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
    fail(
        &[&deidentify[..], &["--keep-device"]].concat(),
        &["5 of 5 files were refused", "differs"],
    );
    assert_eq!(run(&[&deidentify[..], &["--shift-dates", "--keep-dates"]].concat()).code, 2);
}

/// The place before Pixel Data.
fn before_pixels(bytes: &[u8]) -> usize {
    bytes.windows(5).rposition(|part| part == [0xE0, 0x7F, 0x10, 0, b'O']).unwrap()
}

/// An element in explicit VR, little endian.
fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    value.resize(value.len().next_multiple_of(2), b' ');
    let length = value.len() as u32;
    let length = match vr {
        "OB" | "OW" | "UN" | "UT" | "UC" => [&[0, 0][..], &length.to_le_bytes()].concat(),
        _ => (length as u16).to_le_bytes().to_vec(),
    };
    [&group.to_le_bytes()[..], &number.to_le_bytes(), vr.as_bytes(), &length, &value].concat()
}

#[test]
fn pictures_that_do_not_clearly_say_that_they_have_no_text_are_refused_by_both_commands() {
    let folder = tempfile::tempdir().unwrap();
    let originals = phantoms(folder.path());
    let at = |name: &str| folder.path().join(name);
    let (key, model) = (at("site.key"), model());
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let clear: [&[u8]; 2] = [b"NO", b"NO "];
    let unclear: [&[u8]; 11] = [
        b"YES", b"YES\0", b"yes", b"Yes", b"Y", b"TRUE", b"NO\\YES", b"NO\\NO", b"NO\0", b"no", b"",
    ];
    for (n, said) in clear.into_iter().chain(unclear).enumerate() {
        let mut bytes = fs::read(originals.join("u8.native.dcm")).unwrap();
        let place = before_pixels(&bytes);
        bytes.splice(place..place, element(0x28, 0x301, "CS", said));
        let (file, out, gallery) =
            (at("annotated.dcm"), at(&format!("out{n}")), at(&format!("g{n}")));
        fs::write(&file, bytes).unwrap();
        let deidentify = ["deidentify", text(&file), "--out", text(&out), "--key", text(&key)];
        let index = [
            "index",
            "--gallery",
            text(&gallery),
            "--model",
            text(&model),
            text(&file),
            "--deidentify",
        ];
        let index = [&index[..], &[text(&key)]].concat();
        if n < clear.len() {
            succeed(&deidentify);
            succeed(&index);
            continue;
        }
        fail(&deidentify, &["BurnedInAnnotation is", "1 of 1"]);
        fail(&index, &["BurnedInAnnotation is", "not one of the 1 files"]);
        succeed(&[&deidentify[..], &["--allow-burned-in"]].concat());
        succeed(&[&index[..], &["--allow-burned-in"]].concat());
    }
    assert_eq!(run(&["index", "--gallery", "g", text(&originals), "--keep-patient"]).code, 2);
}

#[test]
fn pictures_decode_to_the_same_greys() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::make(&folder.path().join("key")).unwrap();
    let options = Options { allow_burned_in: true, ..Options::default() };
    let deidentifier = Deidentifier::new(&key, options);
    let folders = ["crates/radiograph/tests/data/dicom", "../shared/data/dicom"]
        .map(|name| workspace().join(name));
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let (mut compared, limits) = (0, radiograph::Limits::default());
    for path in files.map(|file| file.unwrap().path()) {
        let bytes = fs::read(&path).unwrap_or_default();
        let Ok(before) = radiograph::decode(&bytes, &limits) else { continue };
        if before.header().format != Some(radiograph::Format::Dicom) {
            continue;
        }
        let clean =
            deidentifier.file(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let after = radiograph::decode(&clean.bytes, &limits).unwrap();
        assert!(before.pixels() == after.pixels(), "{}", path.display());
        assert_eq!(before.header().inverted, after.header().inverted, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 50, "{compared} files");
}

/// Attributes that a gallery reads or a report repeats, and some that neither does.
const ATTRIBUTES: [(u16, u16); 14] = [
    (0x0008, 0x0060),
    (0x0008, 0x0064),
    (0x0008, 0x1030),
    (0x0008, 0x103E),
    (0x0010, 0x0040),
    (0x0010, 0x1010),
    (0x0010, 0x4000),
    (0x0018, 0x0015),
    (0x0018, 0x5101),
    (0x0018, 0x1164),
    (0x0020, 0x0020),
    (0x0020, 0x0060),
    (0x0028, 0x6030),
    (0x0070, 0x0080),
];
const REPRESENTATIONS: [&str; 8] = ["CS", "LO", "PN", "UT", "OB", "UN", "DS", "US"];

/// A phantom with text in every place of a file: each attribute under one value representation, the
/// preamble, private elements, and after the data set.
fn secretive(instance: usize) -> Vec<u8> {
    let original = workspace().join("crates/radiograph/tests/data/dicom/u8.native.dcm");
    let mut bytes = fs::read(original).unwrap();
    let uid = b"1.2.826.0.1.3680043.10.1";
    for start in 0..bytes.len() - uid.len() {
        if &bytes[start..start + uid.len()] == uid {
            bytes[start + uid.len() - 2..start + uid.len()]
                .copy_from_slice(format!("{}", 20 + instance).as_bytes());
        }
    }
    let vr = REPRESENTATIONS[instance];
    let mut planted: Vec<u8> = ATTRIBUTES
        .into_iter()
        .flat_map(|(group, number)| element(group, number, vr, b"SECRET NAME"))
        .collect();
    planted.extend(element(0x11, 0x10, "LO", b"SECRET CREATOR"));
    planted.extend(element(0x11, 0x1001, "LO", b"SECRET PRIVATE"));
    let place = before_pixels(&bytes);
    bytes.splice(place..place, planted);
    bytes[..15].copy_from_slice(b"SECRET PREAMBLE");
    bytes.extend(element(0xFFFC, 0xFFFC, "OB", b"SECRET PADDING"));
    bytes.extend(b"SECRET END");
    bytes
}

#[test]
fn text_in_any_place_reaches_no_file_gallery_report_or_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (key, clean, gallery, model) = (at("site.key"), at("clean"), at("gallery"), model());
    fs::create_dir(at("secret")).unwrap();
    for instance in 0..REPRESENTATIONS.len() {
        fs::write(at("secret").join(format!("{instance}.dcm")), secretive(instance)).unwrap();
    }
    let mut printed = String::new();
    let mut say = |arguments: &[&str]| {
        let ran = succeed(arguments);
        printed += &ran.stdout;
        printed += &ran.stderr;
    };
    say(&[
        "deidentify",
        text(&at("secret")),
        "--out",
        text(&clean),
        "--key",
        text(&key),
        "--make-key",
        "--shift-dates",
        "--json",
    ]);
    let with_key = ["--deidentify", text(&key)];
    let index = ["index", "--gallery", text(&gallery), "--model", text(&model)];
    say(&[&index[..], &[text(&at("secret")), "--json"], &with_key].concat());
    say(&["gallery", "map", text(&gallery)]);
    let query = at("secret").join("0.dcm");
    let made = at("made");
    fs::create_dir(&made).unwrap();
    let [html, sr, fhir, capture, state] =
        ["a.html", "sr.dcm", "bundle.json", "capture.dcm", "state.dcm"].map(|name| made.join(name));
    let search = [
        "search",
        "--gallery",
        text(&gallery),
        "--model",
        text(&model),
        text(&query),
        "--own",
        "--json",
    ];
    let back = [
        "--html",
        text(&html),
        "--sr",
        text(&sr),
        "--fhir",
        text(&fhir),
        "--capture",
        text(&capture),
    ];
    say(&[&search[..], &back, &["--presentation-state", text(&state)], &with_key].concat());
    say(&["gallery", "export", text(&gallery), text(&at("exported"))]);
    // A gallery that was not de-identified, whose export is.
    let open = at("open");
    succeed(&["index", "--gallery", text(&open), "--model", text(&model), text(&at("secret"))]);
    assert!(any_holds(&open, "SECRET"));
    say(&[&["gallery", "export", text(&open), text(&at("opened"))], &with_key[..]].concat());
    // An export's columns may be compressed; read back they are not.
    for exported in ["exported", "opened"] {
        let imported = at(&format!("{exported}-again"));
        say(&["gallery", "import", text(&at(exported)), text(&imported)]);
        assert!(!any_holds(&imported, "SECRET"), "{exported}");
        assert!(SECRETS.iter().all(|secret| !any_holds(&imported, secret)), "{exported}");
    }
    // The query has the name that was given; no other identity appears.
    let named = printed.replace(text(folder.path()), "");
    for secret in ["SECRET", SECRETS[0], SECRETS[1]] {
        assert!(!named.contains(secret), "{named}");
        for folder in [&clean, &gallery, &made, &at("exported"), &at("opened")] {
            assert!(!any_holds(folder, secret), "{secret} in {}", folder.display());
        }
    }
    // A saved answer to a de-identified file, in all its parts and where it is kept.
    let server = Server::start(&gallery, &[]);
    let file = fs::read_dir(&clean).unwrap().next().unwrap().unwrap().path();
    let query = server.upload(&fs::read(file).unwrap()).json()["id"].clone();
    let search = json!({ "queries": [query], "k": 3, "own": true });
    let set = server
        .post(
            "/api/v1/sets",
            &json!({ "name": "a", "note": "", "shared": false, "search": search }),
        )
        .json();
    let path = format!("/api/v1/sets/{}", set["id"].as_str().unwrap());
    for part in ["", "/report.html", "/fhir.json", "/report.dcm", "/preview.png"] {
        let answer = server.get(&format!("{path}{part}"));
        assert_eq!(answer.status, 200, "{part}");
        assert!(!answer.bytes.windows(6).any(|part| part == b"SECRET"), "{part}");
    }
    assert!(!server.log().contains("SECRET") && !any_holds(&gallery, "SECRET"));
    drop(server);
    // There is one procedure: files that were de-identified first have the same records.
    let again = json(&[&index[..], &[text(&clean)]].concat());
    assert_eq!((&again["known"], &again["added"]), (&8.into(), &0.into()), "{again}");
}
