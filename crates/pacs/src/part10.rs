//! DICOM files (PS3.10 7): writing and reading the file meta group in front of a data set, and
//! identifying the instance.

use crate::error::{Error, Result};
use crate::uids::{
    IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION, IMPLICIT_VR_LITTLE_ENDIAN, is_uid,
};
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

const PREAMBLE: usize = 128;
const MAGIC: &[u8; 4] = b"DICM";
/// Explicit VR big endian, which is retired (PS3.5 A.3).
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// The identity of a file's instance, and its transfer syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) sop_class: String,
    pub(crate) sop_instance: String,
    pub(crate) transfer_syntax: String,
}

/// The preamble, prefix and file meta group for an instance that came without them. The sender is
/// left out, so that the same instance makes the same file whoever sends it.
pub(crate) fn file_meta(identity: &Identity) -> Vec<u8> {
    let mut group = Vec::new();
    long(&mut group, tags::FILE_META_INFORMATION_VERSION, b"OB", &[0, 1]);
    short(&mut group, tags::MEDIA_STORAGE_SOP_CLASS_UID, b"UI", &padded(&identity.sop_class, 0));
    short(
        &mut group,
        tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
        b"UI",
        &padded(&identity.sop_instance, 0),
    );
    short(&mut group, tags::TRANSFER_SYNTAX_UID, b"UI", &padded(&identity.transfer_syntax, 0));
    short(&mut group, tags::IMPLEMENTATION_CLASS_UID, b"UI", &padded(IMPLEMENTATION_CLASS, 0));
    short(
        &mut group,
        tags::IMPLEMENTATION_VERSION_NAME,
        b"SH",
        &padded(IMPLEMENTATION_VERSION, b' '),
    );
    let mut file = vec![0; PREAMBLE];
    file.extend(MAGIC);
    short(
        &mut file,
        tags::FILE_META_INFORMATION_GROUP_LENGTH,
        b"UL",
        &(group.len() as u32).to_le_bytes(),
    );
    file.append(&mut group);
    file
}

fn padded(text: &str, pad: u8) -> Vec<u8> {
    let mut value = text.as_bytes().to_vec();
    value.resize(value.len().next_multiple_of(2), pad);
    value
}

fn start(bytes: &mut Vec<u8>, tag: Tag, vr: &[u8; 2]) {
    bytes.extend(tag.0.to_le_bytes());
    bytes.extend(tag.1.to_le_bytes());
    bytes.extend(vr);
}

/// Writes an element with a length of two bytes; values here have at most 64.
fn short(bytes: &mut Vec<u8>, tag: Tag, vr: &[u8; 2], value: &[u8]) {
    start(bytes, tag, vr);
    bytes.extend((value.len() as u16).to_le_bytes());
    bytes.extend(value);
}

fn long(bytes: &mut Vec<u8>, tag: Tag, vr: &[u8; 2], value: &[u8]) {
    start(bytes, tag, vr);
    bytes.extend([0, 0]);
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
}

/// Identifies a file's instance by its first bytes. Also returns the offset of its data set. The
/// data set's UIDs count, as they will wherever the file goes; the file meta group of de-identified
/// files often names another instance.
pub(crate) fn identify(head: &[u8]) -> Result<(Identity, usize)> {
    let (meta, data_set) = read_meta(head)?;
    let explicit = match meta.transfer_syntax.as_str() {
        // Deflated and big-endian data sets are not read here.
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN | BIG_ENDIAN => return Ok((meta, data_set)),
        syntax => syntax != IMPLICIT_VR_LITTLE_ENDIAN,
    };
    let [Some(sop_class), Some(sop_instance)] = read_uids(&head[data_set..], explicit) else {
        return Err(Error::NotDicom { got: "a data set without SOP Class and Instance UID" });
    };
    Ok((Identity { sop_class, sop_instance, ..meta }, data_set))
}

/// The offset of a file's data set, in bytes; 0 if the file has no file meta group.
pub(crate) fn data_set_at(head: &[u8]) -> usize {
    read_meta(head).map_or(0, |(_, data_set)| data_set)
}

/// SOP Class and Instance UID of a data set.
fn read_uids(mut data_set: &[u8], explicit: bool) -> [Option<String>; 2] {
    let mut found = [None, None];
    while let Some((tag, value)) = next(&mut data_set, explicit) {
        match tag {
            tags::SOP_CLASS_UID => found[0] = uid(value),
            tags::SOP_INSTANCE_UID => found[1] = uid(value),
            later if later > tags::SOP_INSTANCE_UID => break,
            _ => {}
        }
    }
    found
}

/// The identity by the file meta group, and the offset of the data set.
fn read_meta(head: &[u8]) -> Result<(Identity, usize)> {
    let wrong = |got: &'static str| Error::NotDicom { got };
    if head.get(PREAMBLE..PREAMBLE + 4) != Some(MAGIC) {
        return Err(wrong("no DICM after 128 bytes"));
    }
    let mut rest = &head[PREAMBLE + 4..];
    let mut uids = [const { None }; 3];
    let wanted = [
        tags::MEDIA_STORAGE_SOP_CLASS_UID,
        tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
        tags::TRANSFER_SYNTAX_UID,
    ];
    while rest.first_chunk() == Some(&[2, 0]) {
        let (tag, value) =
            next(&mut rest, true).ok_or_else(|| wrong("a file meta group that is cut short"))?;
        if let Some(at) = wanted.iter().position(|&wanted| wanted == tag) {
            uids[at] = uid(value);
        }
    }
    let [Some(sop_class), Some(sop_instance), Some(transfer_syntax)] = uids else {
        return Err(wrong(
            "a file meta group without the UIDs of class, instance and transfer syntax",
        ));
    };
    Ok((Identity { sop_class, sop_instance, transfer_syntax }, head.len() - rest.len()))
}

fn uid(value: &[u8]) -> Option<String> {
    let text = str::from_utf8(value).ok()?.trim_matches(['\0', ' ']);
    is_uid(text).then(|| text.to_owned())
}

/// The next element in little endian. `None` at the end, if it is cut short, or if its length is
/// undefined.
fn next<'a>(bytes: &mut &'a [u8], explicit: bool) -> Option<(Tag, &'a [u8])> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let half = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let tag = Tag(half(0), half(2));
    let (length, rest) = match &head[4..6] {
        _ if !explicit => (u32::from_le_bytes([head[4], head[5], head[6], head[7]]), rest),
        // PS3.5 7.1.2: these have two reserved bytes and a length of four.
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR"
        | b"UT" | b"UV" => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (u32::from_le_bytes(*length), rest)
        }
        _ => (half(6).into(), rest),
    };
    let (value, rest) = rest.split_at_checked(length as usize)?;
    *bytes = rest;
    Some((tag, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uids::EXPLICIT_VR_LITTLE_ENDIAN;
    use proptest::prelude::*;

    fn identity(syntax: &str) -> Identity {
        let owned = str::to_owned;
        Identity {
            sop_class: owned("1.2.840.10008.5.1.4.1.1.1"),
            sop_instance: owned("1.2.3"),
            transfer_syntax: owned(syntax),
        }
    }

    fn file(syntax: &str, instance: &str) -> Vec<u8> {
        let mut file = file_meta(&identity(syntax));
        if syntax == IMPLICIT_VR_LITTLE_ENDIAN {
            crate::elements::write(
                &mut file,
                tags::SOP_CLASS_UID,
                &padded("1.2.840.10008.5.1.4.1.1.1", 0),
            );
            crate::elements::write(&mut file, tags::SOP_INSTANCE_UID, &padded(instance, 0));
        } else {
            long(&mut file, tags::LANGUAGE_CODE_SEQUENCE, b"SQ", &[]);
            short(&mut file, tags::SOP_CLASS_UID, b"UI", &padded("1.2.840.10008.5.1.4.1.1.1", 0));
            short(&mut file, tags::SOP_INSTANCE_UID, b"UI", &padded(instance, 0));
        }
        file
    }

    #[test]
    fn what_is_written_is_identified_by_its_data_set() {
        for syntax in
            [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.2.4.70"]
        {
            let file = file(syntax, "1.2.4");
            let (found, data_set) = identify(&file).unwrap();
            assert_eq!(found, Identity { sop_instance: "1.2.4".to_owned(), ..identity(syntax) });
            assert!(file[data_set..].starts_with(&[8, 0]));
        }
        let deflated = identity(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
        assert_eq!(identify(&file_meta(&deflated)).unwrap().0, deflated);
    }

    #[test]
    fn every_prefix_is_refused() {
        let whole = file(EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3");
        for length in 0..whole.len() {
            assert!(identify(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, at in 128_usize..400, value: u8) {
            let _ = identify(&bytes);
            let mut file = file(EXPLICIT_VR_LITTLE_ENDIAN, "1.2.3");
            let at = at % file.len();
            file[at] = value;
            let _ = identify(&file);
            file.truncate(at);
            file.extend(bytes);
            let _ = identify(&file);
        }
    }
}
