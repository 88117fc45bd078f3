//! Identifies the instance of a DICOM file (PS3.10 7) by its first bytes.

use crate::error::{Error, Result};
use dicom::{FileMeta, Form, Identity, Reader, is_uid};
use dicom_dictionary_std::tags;

/// Identifies a file's instance by its first bytes. Also returns the offset of its data set. The
/// data set's UIDs count, as they will wherever the file goes; the file meta group of de-identified
/// files often names another instance.
pub(crate) fn identify(head: &[u8]) -> Result<(Identity, usize)> {
    let (meta, data_set) = read_meta(head)?;
    let form = Form::of(&meta.transfer_syntax);
    if form.deflated {
        return Ok((meta, data_set));
    }
    let uids = read_uids(Reader::data_set(head, data_set, form.layout));
    let [Some(sop_class), Some(sop_instance)] = uids else {
        return Err(Error::NotDicom { got: "a data set without SOP Class and Instance UID" });
    };
    Ok((Identity { sop_class, sop_instance, ..meta }, data_set))
}

/// The offset of a file's data set, in bytes; 0 if the file has no file meta group.
pub(crate) fn data_set_at(head: &[u8]) -> usize {
    read_meta(head).map_or(0, |(_, data_set)| data_set)
}

/// SOP Class and Instance UID of a data set, which may be cut off behind them.
fn read_uids(mut data_set: Reader) -> [Option<String>; 2] {
    let mut found = [None, None];
    while let Ok(element) = data_set.element()
        && element.tag <= tags::SOP_INSTANCE_UID
        && let Ok(value) = data_set.value(&element)
    {
        match element.tag {
            tags::SOP_CLASS_UID => found[0] = uid(value),
            tags::SOP_INSTANCE_UID => found[1] = uid(value),
            _ => {}
        }
    }
    found
}

/// The identity by the file meta group, and the offset of the data set.
fn read_meta(head: &[u8]) -> Result<(Identity, usize)> {
    let meta = FileMeta::read(head).map_err(|error| match error {
        dicom::Error::NoPrefix => Error::NotDicom { got: "no DICM after 128 bytes" },
        _ => Error::NotDicom { got: "a file meta group that is cut short" },
    })?;
    let uids = [meta.sop_class, meta.sop_instance, meta.transfer_syntax];
    let uids = uids.map(|uid| uid.filter(|uid| is_uid(uid)));
    let [Some(sop_class), Some(sop_instance), Some(transfer_syntax)] = uids else {
        return Err(Error::NotDicom {
            got: "a file meta group without the UIDs of class, instance and transfer syntax",
        });
    };
    Ok((Identity { sop_class, sop_instance, transfer_syntax }, meta.data_set_at))
}

fn uid(value: &[u8]) -> Option<String> {
    let text = str::from_utf8(value).ok()?.trim_matches(['\0', ' ']);
    is_uid(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uids::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLEMENTATION, IMPLICIT_VR_LITTLE_ENDIAN};
    use dicom::{EXPLICIT_VR_BIG_ENDIAN, Writer};
    use dicom_core::VR;
    use dicom_dictionary_std::uids;
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
        let layout = Form::of(syntax).layout;
        let mut writer = Writer { bytes: identity(syntax).file_meta(IMPLEMENTATION) };
        writer.open_sequence(layout, tags::LANGUAGE_CODE_SEQUENCE, VR::SQ);
        writer.close_sequence(layout);
        writer.element(layout, tags::SOP_CLASS_UID, VR::UI, b"1.2.840.10008.5.1.4.1.1.1");
        writer.element(layout, tags::SOP_INSTANCE_UID, VR::UI, instance.as_bytes());
        writer.bytes
    }

    #[test]
    fn what_is_written_is_identified_by_its_data_set() {
        for syntax in [
            IMPLICIT_VR_LITTLE_ENDIAN,
            EXPLICIT_VR_LITTLE_ENDIAN,
            EXPLICIT_VR_BIG_ENDIAN,
            "1.2.840.10008.1.2.4.70",
        ] {
            let file = file(syntax, "1.2.4");
            let (found, data_set) = identify(&file).unwrap();
            assert_eq!(found, Identity { sop_instance: "1.2.4".to_owned(), ..identity(syntax) });
            assert_eq!(data_set, identity(syntax).file_meta(IMPLEMENTATION).len());
        }
        let deflated = identity(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN);
        assert_eq!(identify(&deflated.file_meta(IMPLEMENTATION)).unwrap().0, deflated);
    }

    /// Senders write what their transfer syntax does not say, and the decoder reads it.
    #[test]
    fn a_data_set_of_another_form_is_identified() {
        let claimed = identity(EXPLICIT_VR_LITTLE_ENDIAN).file_meta(IMPLEMENTATION);
        for found in [IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN] {
            let data_set = file(found, "1.2.4");
            let data_set = &data_set[identity(found).file_meta(IMPLEMENTATION).len()..];
            let (identity, _) = identify(&[&claimed[..], data_set].concat()).unwrap();
            assert_eq!(identity.sop_instance, "1.2.4", "{found}");
        }
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
