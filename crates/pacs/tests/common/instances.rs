//! Instances to send: made ones, and phantoms in every transfer syntax.
#![allow(dead_code, reason = "each test uses some of it")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";

/// Every transfer syntax, as a decoder that reads them all would list them.
pub(crate) const ALL_SYNTAXES: [&str; 17] = [
    EXPLICIT,
    IMPLICIT,
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.98",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
];

fn short(bytes: &mut Vec<u8>, group: u16, element: u16, vr: &[u8; 2], text: &[u8]) {
    let mut value = text.to_vec();
    value.resize(value.len().next_multiple_of(2), if vr == b"UI" { 0 } else { b' ' });
    bytes.extend(
        [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &(value.len() as u16).to_le_bytes()]
            .concat(),
    );
    bytes.extend(value);
}

pub(crate) fn uid(number: usize) -> String {
    format!("1.2.826.0.1.3680043.10.1.{number}")
}

/// A chest radiograph of 16×16 pixels, as a file in explicit VR little endian. Twenty are of one
/// series, and five series of one study.
pub(crate) fn instance(number: usize) -> Vec<u8> {
    instance_of(number, CR, "SECRET^PATIENT")
}

pub(crate) fn instance_of(number: usize, sop_class: &str, patient: &str) -> Vec<u8> {
    let mut meta = Vec::new();
    meta.extend([2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    short(&mut meta, 2, 2, b"UI", sop_class.as_bytes());
    short(&mut meta, 2, 3, b"UI", uid(number).as_bytes());
    short(&mut meta, 2, 0x10, b"UI", EXPLICIT.as_bytes());
    short(&mut meta, 2, 0x12, b"UI", b"1.2.3");
    let mut file = [&[0; 128][..], b"DICM"].concat();
    short(&mut file, 2, 0, b"UL", &(meta.len() as u32).to_le_bytes());
    file.extend(meta);
    let d = &mut file;
    short(d, 8, 0x16, b"UI", sop_class.as_bytes());
    short(d, 8, 0x18, b"UI", uid(number).as_bytes());
    short(d, 8, 0x20, b"DA", b"20260115");
    short(d, 8, 0x50, b"SH", b"A1");
    short(d, 8, 0x60, b"CS", b"CR");
    short(d, 0x10, 0x10, b"PN", patient.as_bytes());
    short(d, 0x10, 0x20, b"LO", format!("P{}", number / 100).as_bytes());
    short(d, 0x18, 0x15, b"CS", b"CHEST");
    short(d, 0x20, 0x0D, b"UI", format!("1.2.826.0.1.3680043.10.2.{}", number / 100).as_bytes());
    short(d, 0x20, 0x0E, b"UI", format!("1.2.826.0.1.3680043.10.3.{}", number / 20).as_bytes());
    short(d, 0x20, 0x10, b"SH", b"1");
    short(d, 0x20, 0x13, b"IS", number.to_string().as_bytes());
    short(d, 0x28, 0x02, b"US", &1_u16.to_le_bytes());
    short(d, 0x28, 0x04, b"CS", b"MONOCHROME2");
    for (element, value) in
        [(0x10, 16), (0x11, 16), (0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0_u16)]
    {
        short(d, 0x28, element, b"US", &value.to_le_bytes());
    }
    d.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0, 1, 0, 0]);
    d.extend((0..=255).map(|i: u8| i.wrapping_add(number as u8)));
    file
}

/// Writes so many instances as files.
pub(crate) fn write_instances(folder: &Path, numbers: std::ops::Range<usize>) -> Vec<PathBuf> {
    let write = |number| {
        let path = folder.join(format!("{number}.dcm"));
        fs::write(&path, instance(number)).unwrap();
        path
    };
    numbers.map(write).collect()
}

/// A file in every transfer syntax. They are phantoms of the decoder's tests, each an instance of
/// its own, and real ones from beside a checkout of the project, if any. Several real ones are the
/// same instance.
pub(crate) fn every_syntax(folder: &Path) -> Vec<PathBuf> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let entries = fs::read_dir(crates.join("../../shared/data/dicom")).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "dcm"));
    files.sort();
    for (number, name) in PHANTOMS.iter().enumerate() {
        let bytes =
            fs::read(crates.join("radiograph/tests/data/dicom").join(format!("{name}.dcm")))
                .unwrap();
        let path = folder.join(format!("{name}.dcm"));
        fs::write(&path, renamed(bytes, &format!("1.2.826.0.1.3680043.{}.1", 20 + number)))
            .unwrap();
        files.push(path);
    }
    files
}

const PHANTOMS: [&str; 15] = [
    "u12.native",
    "u12.implicit",
    "u12.deflated",
    "u12.big",
    "frames.encapsulated",
    "u12.rle",
    "u12.jpeg70",
    "u12.jpeg57",
    "u12.jls",
    "u12.jls-near",
    "u12.htj2k",
    "u12.j2k",
    "u12.j2k-lossy",
    "u8.jpeg50",
    "u12.jpeg51",
];

/// Tells whether the DCMTK of Debian 12 cannot send or receive this: uncompressed in fragments,
/// high-throughput JPEG 2000.
pub(crate) fn is_unknown_to_dcmtk(path: &Path) -> bool {
    let syntax = transfer_syntax(&fs::read(path).unwrap());
    ["1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.4.201"].contains(&&*syntax)
}

/// A copy with another SOP Instance UID of the same length. A deflated file keeps its own.
fn renamed(mut bytes: Vec<u8>, uid: &str) -> Vec<u8> {
    const THEIRS: &str = "1.2.826.0.1.3680043.10.1";
    assert_eq!(uid.len(), THEIRS.len());
    if transfer_syntax(&bytes) != "1.2.840.10008.1.2.1.99" {
        while let Some(at) = bytes.windows(THEIRS.len()).position(|part| part == THEIRS.as_bytes())
        {
            bytes[at..at + uid.len()].copy_from_slice(uid.as_bytes());
        }
    }
    bytes
}

/// The bytes after the file meta group, which are what is sent.
pub(crate) fn data_set(file: &[u8]) -> &[u8] {
    let length = u32::from_le_bytes(file[140..144].try_into().unwrap());
    &file[144 + length as usize..]
}

/// The transfer syntax in a file meta group.
pub(crate) fn transfer_syntax(file: &[u8]) -> String {
    let at = file.windows(6).position(|six| six == [2, 0, 0x10, 0, b'U', b'I']).unwrap();
    let length = usize::from(file[at + 6]);
    String::from_utf8(file[at + 8..at + 8 + length].to_vec())
        .unwrap()
        .trim_end_matches('\0')
        .to_owned()
}
