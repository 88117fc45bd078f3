//! Files that others wrote, in every transfer syntax: still the same picture, and read by others.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use common::{deidentifier, files};
use dicom_core::Tag;
use dicom_core::value::Value;
use dicom_object::{DefaultDicomObject, from_reader};
use interchange::deidentify::{Dates, Options};

fn opened(bytes: &[u8]) -> DefaultDicomObject {
    from_reader(&bytes[128..]).unwrap()
}

/// The pixels as they are written: native bytes, or fragments. The offset table may be written
/// anew.
fn pixels(object: &DefaultDicomObject) -> Vec<Vec<u8>> {
    match object.element(Tag(0x7FE0, 0x10)).unwrap().value() {
        Value::Primitive(bytes) => vec![bytes.to_bytes().into_owned()],
        Value::PixelSequence(pixels) => pixels.fragments().to_vec(),
        Value::Sequence(_) => panic!("pixels are no sequence"),
    }
}

/// The build of dicom-rs that is used here does not inflate.
fn is_deflated(path: &Path) -> bool {
    path.to_string_lossy().contains("deflated")
}

fn text(object: &DefaultDicomObject, tag: Tag) -> Option<String> {
    let text = object.element_opt(tag).unwrap()?.to_str().unwrap().into_owned();
    Some(text.trim_matches(['\0', ' ']).to_owned()).filter(|text| !text.is_empty())
}

#[test]
fn pixels_stay_byte_by_byte_in_their_transfer_syntax() {
    let files = files();
    assert!(files.len() > 70, "{} files", files.len());
    let options = Options { dates: Dates::Shifted, allow_burned_in: true, ..Options::default() };
    let deidentifier = deidentifier(options);
    for path in files {
        let bytes = fs::read(&path).unwrap();
        let done =
            deidentifier.file(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(deidentifier.file(&bytes).unwrap().bytes, done.bytes, "twice the same");
        if is_deflated(&path) {
            continue;
        }
        let (before, after) = (opened(&bytes), opened(&done.bytes));
        let (was, is) = (pixels(&before), pixels(&after));
        assert_eq!(is.len(), was.len(), "{}", path.display());
        // Comments and the like are zeros now; crates/skiagraph/tests/deidentify.rs compares what
        // is decoded.
        let stayed = |(was, is): (&Vec<u8>, &Vec<u8>)| {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| was == is || *is == 0)
        };
        assert!(was.iter().zip(&is).all(stayed), "{}", path.display());
        let changed = was
            .iter()
            .zip(&is)
            .flat_map(|(was, is)| was.iter().zip(is))
            .filter(|(was, is)| was != is);
        assert_eq!(changed.count() as u64, done.report.beside_pixels, "{}", path.display());
        assert_eq!(before.meta().transfer_syntax(), after.meta().transfer_syntax());
        for tag in [(0x28, 0x10), (0x28, 0x11), (0x28, 0x100), (0x28, 0x4)].map(Tag::from) {
            assert_eq!(
                before.element_opt(tag).unwrap().map(|e| e.value()),
                after.element_opt(tag).unwrap().map(|e| e.value())
            );
        }
        assert_eq!(text(&after, Tag(8, 0x18)), Some(done.sop_instance_uid.clone()));
        assert_eq!(
            after.meta().media_storage_sop_instance_uid().trim_matches('\0'),
            done.sop_instance_uid
        );
        assert_eq!(text(&after, Tag(0x12, 0x62)).as_deref(), Some("YES"));
        assert_eq!(text(&after, Tag(0x28, 0x303)).as_deref(), Some("MODIFIED"));
        for tag in [
            (0x10, 0x10),
            (0x10, 0x20),
            (0x10, 0x30),
            (8, 0x50),
            (8, 0x80),
            (0x20, 0xD),
            (0x20, 0xE),
            (8, 0x20),
        ] {
            if let Some(was) = text(&before, Tag::from(tag)) {
                assert_ne!(
                    text(&after, Tag::from(tag)),
                    Some(was),
                    "{tag:04X?} of {}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn dcmtk_reads_what_was_written() {
    if Command::new("dcmdump").arg("--version").output().is_err() {
        // Past the test harness, which shows what a test prints only where it fails.
        let said = "NOT TESTED, as `dcmdump` is missing: apt-get install dcmtk\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        assert!(std::env::var_os("CI").is_none(), "{said}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let deidentifier = deidentifier(Options { allow_burned_in: true, ..Options::default() });
    for path in files() {
        let done = deidentifier.file(&fs::read(&path).unwrap()).unwrap();
        let written = folder.path().join(path.file_name().unwrap());
        fs::write(&written, &done.bytes).unwrap();
        let dumped = dumped(&written);
        for line in ["(0012,0062) CS [YES]", "(0008,0100) SH [113100]", "(0028,0303) CS [REMOVED]"]
        {
            assert!(dumped.contains(line), "{line} is not in {}:\n{dumped}", path.display());
        }
    }
}

fn dumped(path: &Path) -> String {
    let output = Command::new("dcmdump").args(["-q", "+L"]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{}: {said}", path.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}
