//! Helpers of the tests: keys, files written element by element, and real files.
#![allow(dead_code, reason = "each test uses some of it")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use interchange::deidentify::{Deidentifier, Key, Options};

pub(crate) const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
pub(crate) const DX: &str = "1.2.840.10008.5.1.4.1.1.1.1";

/// A de-identifier whose key is the same in every run: with a random one, the digits of a new UID
/// are now and then a date that was looked for.
pub(crate) fn deidentifier(options: Options) -> Deidentifier {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"the key of tests, and of nothing else").unwrap();
    Deidentifier::new(&Key::read(file.path()).unwrap(), options)
}

/// The form in which a data set is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Syntax {
    Explicit,
    Implicit,
    Big,
    Deflated,
}

impl Syntax {
    pub(crate) const ALL: [Self; 4] = [Self::Explicit, Self::Implicit, Self::Big, Self::Deflated];

    pub(crate) fn uid(self) -> &'static str {
        match self {
            Self::Explicit => "1.2.840.10008.1.2.1",
            Self::Implicit => "1.2.840.10008.1.2",
            Self::Big => "1.2.840.10008.1.2.2",
            Self::Deflated => "1.2.840.10008.1.2.1.99",
        }
    }

    pub(crate) fn short(self, value: u16) -> [u8; 2] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn long(self, value: u32) -> [u8; 4] {
        if self == Self::Big { value.to_be_bytes() } else { value.to_le_bytes() }
    }
}

/// The bytes of an element, written apart from the crate under test.
pub(crate) fn element(syntax: Syntax, tag: Tag, vr: VR, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    value.resize(value.len().next_multiple_of(2), if vr == VR::UI { 0 } else { b' ' });
    let mut bytes = [syntax.short(tag.0), syntax.short(tag.1)].concat();
    let long = matches!(
        vr,
        VR::OB
            | VR::OD
            | VR::OF
            | VR::OL
            | VR::OV
            | VR::OW
            | VR::SQ
            | VR::SV
            | VR::UC
            | VR::UN
            | VR::UR
            | VR::UT
            | VR::UV
    );
    match syntax {
        Syntax::Implicit => bytes.extend(syntax.long(value.len() as u32)),
        _ if long => {
            bytes.extend([&vr.to_bytes()[..], &[0, 0], &syntax.long(value.len() as u32)].concat())
        }
        _ => bytes.extend([vr.to_bytes(), syntax.short(value.len() as u16)].concat()),
    }
    bytes.extend(value);
    bytes
}

/// An item of a sequence; of undefined length if that is asked for.
pub(crate) fn item(syntax: Syntax, undefined: bool, inside: &[u8]) -> Vec<u8> {
    let begin = [syntax.short(0xFFFE), syntax.short(0xE000)].concat();
    let end = [syntax.short(0xFFFE), syntax.short(0xE00D)].concat();
    match undefined {
        true => [&begin[..], &[0xFF; 4], inside, &end, &[0; 4]].concat(),
        false => [&begin[..], &syntax.long(inside.len() as u32), inside].concat(),
    }
}

/// A file of a data set; its file meta group and its preamble hold `planted`, too.
pub(crate) fn file(syntax: Syntax, sop_class: &str, planted: &str, data_set: &[u8]) -> Vec<u8> {
    let meta = |tag, vr, value: &[u8]| element(Syntax::Explicit, tag, vr, value);
    let group = [
        meta(Tag(2, 1), VR::OB, &[0, 1]),
        meta(Tag(2, 2), VR::UI, sop_class.as_bytes()),
        meta(Tag(2, 3), VR::UI, b"1.2.3.777"),
        meta(Tag(2, 0x10), VR::UI, syntax.uid().as_bytes()),
        meta(Tag(2, 0x12), VR::UI, b"1.2.3.777.12"),
        meta(Tag(2, 0x16), VR::AE, planted.as_bytes()),
        meta(Tag(2, 0x100), VR::UI, b"1.2.3.777.100"),
        meta(Tag(2, 0x102), VR::OB, planted.as_bytes()),
    ]
    .concat();
    let mut file = planted.as_bytes().to_vec();
    file.resize(128, 0);
    file.extend(b"DICM");
    file.extend(meta(Tag(2, 0), VR::UL, &(group.len() as u32).to_le_bytes()));
    file.extend(group);
    match syntax {
        Syntax::Deflated => {
            use std::io::Write;
            let mut deflating =
                flate2::write::DeflateEncoder::new(file, flate2::Compression::fast());
            deflating.write_all(data_set).unwrap();
            deflating.finish().unwrap()
        }
        _ => [file, data_set.to_vec()].concat(),
    }
}

/// All bytes of a file as they were before deflation.
pub(crate) fn inflated(syntax: Syntax, file: &[u8]) -> Vec<u8> {
    if syntax != Syntax::Deflated {
        return file.to_vec();
    }
    use std::io::Read;
    let group = u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
    let (head, deflated) = file.split_at(144 + group);
    let mut bytes = head.to_vec();
    flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The rows of the table: tag, cells, name. Of those of many tags, one.
pub(crate) fn table() -> Vec<(Tag, Vec<&'static str>)> {
    let rows = include_str!("../../src/deidentify/standard/table-e.1-1.csv").lines().skip(1);
    let mut table: Vec<_> = rows
        .map(|row| {
            let cells: Vec<_> = row.split(',').collect();
            let digits = match cells[0] {
                "50XXXXXX" => "50023000",
                "60XX3000" => "60023000",
                "60XX4000" => "60024000",
                "PRIVATE" => "00091010",
                digits => digits,
            };
            let number = u32::from_str_radix(digits, 16).unwrap();
            (Tag((number >> 16) as u16, number as u16), cells)
        })
        .collect();
    table.sort_by_key(|(tag, _)| *tag);
    table
}

/// The value representation of a tag; of some that came after the dictionary, by their names.
pub(crate) fn vr(tag: Tag, name: &str) -> VR {
    match StandardDataDictionary.by_tag(tag) {
        Some(entry) => entry.vr().relaxed(),
        None if name.ends_with("Sequence") => VR::SQ,
        None if name.ends_with("DateTime") => VR::DT,
        None => VR::LO,
    }
}

/// DICOM files that are real or were compressed by others: those of the repository, and those that
/// lie beside it.
pub(crate) fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let folders =
        [root.join("crates/radiograph/tests/data/dicom"), root.join("../shared/data/dicom")];
    let listed = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<_> = listed.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "dcm"));
    files.sort();
    files
}

/// Whether bytes lie in others.
pub(crate) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
