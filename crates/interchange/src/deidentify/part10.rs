//! DICOM files (PS3.10 7): what surrounds a data set, opened and written anew.

use std::borrow::Cow;
use std::io::{Read, Write};

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::FileMetaTableBuilder;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::form::is_uid;
use super::reader::{Depth, Form, Reader};
use super::text;
use crate::error::{Error, Result};

const PREAMBLE: usize = 128;
const MAGIC: &[u8; 4] = b"DICM";
/// Retired (PS3.5 A.3).
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";
/// Transfer syntaxes with one deflated stream behind the file meta group (PS3.5 A.5, A.7, A.11).
const DEFLATED: [&str; 3] = [
    uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    uids::JPIP_REFERENCED_DEFLATE,
    uids::JPIPHTJ2K_REFERENCED_DEFLATE,
];

/// A file, opened.
pub(super) struct Source<'a> {
    data: Cow<'a, [u8]>,
    start: usize,
    form: Form,
    deflated: bool,
    pub(super) transfer_syntax: String,
    /// The class of the file meta group, which counts where the data set has none; so does the
    /// instance.
    pub(super) sop_class: Option<String>,
    pub(super) sop_instance: Option<String>,
}

impl Source<'_> {
    /// The data set.
    pub(super) fn data_set(&self) -> Reader<'_> {
        Reader::new(&self.data, self.start, self.form)
    }

    /// Bytes of the data set.
    pub(super) fn len(&self) -> usize {
        self.data.len() - self.start
    }
}

/// Opens a file of at most so many bytes, before and after inflation.
pub(super) fn open(bytes: &[u8], max_bytes: u64) -> Result<Source<'_>> {
    if bytes.len() as u64 > max_bytes {
        return Err(Error::TooManyBytes { limit: max_bytes });
    }
    if bytes.get(PREAMBLE..PREAMBLE + MAGIC.len()) != Some(MAGIC) {
        return Err(Error::NotDicom { got: "no DICM after 128 bytes" });
    }
    let mut reader = Reader::new(bytes, PREAMBLE + MAGIC.len(), Form::Explicit);
    let wanted = [
        tags::MEDIA_STORAGE_SOP_CLASS_UID,
        tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
        tags::TRANSFER_SYNTAX_UID,
    ];
    let [sop_class, sop_instance, transfer_syntax] = uids_of_group_2(&mut reader, wanted)?;
    let missing = || Error::NotDicom { got: "a file meta group without transfer syntax" };
    let guessed = || guessed(reader.rest()).map(str::to_owned);
    let transfer_syntax = transfer_syntax.or_else(guessed).ok_or_else(missing)?;
    let (form, deflated) = form(&transfer_syntax)?;
    let (data, start) = match deflated {
        true => (Cow::Owned(inflate(reader.rest(), max_bytes)?), 0),
        false => (Cow::Borrowed(bytes), reader.at),
    };
    let form = form_found(&data, start).filter(|_| form != Form::Big).unwrap_or(form);
    Ok(Source { data, start, form, deflated, transfer_syntax, sop_class, sop_instance })
}

fn uids_of_group_2<const N: usize>(
    reader: &mut Reader,
    wanted: [Tag; N],
) -> Result<[Option<String>; N]> {
    let mut found = [const { None }; N];
    // The group ends where another begins; the group length in its first element is often wrong.
    while reader.rest().starts_with(&[2, 0]) {
        // Some files have the group in implicit VR.
        reader.form = form_found(reader.rest(), 0).unwrap_or(Form::Explicit);
        let element = reader.element()?;
        let value = reader.value(&element, Depth::OUTERMOST)?;
        // Some have it twice: the first value holds.
        if let Some(at) = wanted.iter().position(|&wanted| wanted == element.tag)
            && found[at].is_none()
        {
            found[at] = text::ascii(value);
        }
    }
    Ok(found)
}

/// The uncompressed transfer syntax that a data set looks like: its first group has a low number,
/// and letters follow the first tag where value representations do.
fn guessed(data: &[u8]) -> Option<&'static str> {
    let &[first, second, ..] = data else { return None };
    match (
        u16::from_be_bytes([first, second]) < u16::from_le_bytes([first, second]),
        form_found(data, 0)?,
    ) {
        (true, Form::Explicit) => Some(BIG_ENDIAN),
        (true, _) => None,
        (false, Form::Explicit) => Some(uids::EXPLICIT_VR_LITTLE_ENDIAN),
        (false, _) => Some(uids::IMPLICIT_VR_LITTLE_ENDIAN),
    }
}

/// The form of a transfer syntax's data set, and whether it is deflated (PS3.5 A).
fn form(transfer_syntax: &str) -> Result<(Form, bool)> {
    match transfer_syntax {
        uids::IMPLICIT_VR_LITTLE_ENDIAN => Ok((Form::Implicit, false)),
        BIG_ENDIAN => Ok((Form::Big, false)),
        deflated if DEFLATED.contains(&deflated) => Ok((Form::Explicit, true)),
        other if other.starts_with("1.2.840.10008.1.2.") && is_uid(other) => {
            Ok((Form::Explicit, false))
        }
        _ => Err(Error::TransferSyntax),
    }
}

/// The form by whether a value representation follows the first tag: some files are not written as
/// their transfer syntax says. A length that looks like one would be above 16,000, which no first
/// element has.
fn form_found(data: &[u8], start: usize) -> Option<Form> {
    let vr = data.get(start + 4..start + 6)?;
    Some(if vr.iter().all(u8::is_ascii_uppercase) { Form::Explicit } else { Form::Implicit })
}

fn inflate(bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>> {
    let mut data = Vec::new();
    let read = DeflateDecoder::new(bytes).take(max_bytes.saturating_add(1)).read_to_end(&mut data);
    read.map_err(Error::Inflate)?;
    match data.len() as u64 > max_bytes {
        true => Err(Error::TooManyBytes { limit: max_bytes }),
        false => Ok(data),
    }
}

/// A file of a new data set, in the transfer syntax of the old one. The preamble is empty, and the
/// file meta group has only what it must have (PS3.10 7.1).
pub(super) fn write(
    source: &Source,
    sop_class: &str,
    sop_instance: &str,
    data_set: &[u8],
) -> Result<Vec<u8>> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(sop_class)
        .media_storage_sop_instance_uid(sop_instance)
        .transfer_syntax(source.transfer_syntax.as_str())
        .build()
        .map_err(|error| Error::Meta(Box::new(error)))?;
    let mut file = vec![0; PREAMBLE];
    file.extend(MAGIC);
    meta.write(&mut file).map_err(|error| Error::Meta(Box::new(error)))?;
    if source.deflated {
        let mut deflating = DeflateEncoder::new(file, Compression::default());
        deflating.write_all(data_set).map_err(Error::Inflate)?;
        file = deflating.finish().map_err(Error::Inflate)?;
        // PS3.5 A.5: to an even length.
        file.resize(file.len().next_multiple_of(2), 0);
    } else {
        file.extend(data_set);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a file meta group and one element in explicit little endian.
    fn opened(meta: &[&[u8]], data: &[u8]) -> Result<(String, Form)> {
        let bytes = [&[0; PREAMBLE][..], MAGIC, &meta.concat(), data].concat();
        open(&bytes, 1 << 20).map(|source| (source.transfer_syntax, source.form))
    }

    #[test]
    fn a_file_meta_group_may_be_implicit_twice_or_without_a_transfer_syntax() {
        let explicit = b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0";
        let implicit = b"\x02\0\x10\0\x12\0\0\x001.2.840.10008.1.2\0";
        let jpeg = b"\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.4.70";
        let element = b"\x08\0\x60\0CS\x02\0DX";
        let data = b"\x08\0\x60\0\x02\0\0\0DX";
        let big = b"\0\x08\0\x60CS\0\x02DX";
        let syntax = |uid: &str, form| (uid.to_owned(), form);
        let of_explicit = syntax("1.2.840.10008.1.2.1", Form::Explicit);
        let of_implicit = syntax("1.2.840.10008.1.2", Form::Implicit);
        assert_eq!(opened(&[explicit, jpeg], element).unwrap(), of_explicit);
        assert_eq!(opened(&[implicit], data).unwrap(), of_implicit);
        assert_eq!(opened(&[], element).unwrap(), of_explicit);
        assert_eq!(opened(&[], data).unwrap(), of_implicit);
        assert_eq!(opened(&[], big).unwrap(), syntax(BIG_ENDIAN, Form::Big));
        assert!(opened(&[], &[]).is_err());
    }
}
