//! DICOM files (PS3.10 7): what surrounds a data set, opened and written anew.

use std::borrow::Cow;

use dicom::{FileMeta, Form, Identity, Implementation, Reader};

use super::form::is_strict_uid;
use crate::error::{Error, Result};

/// Root of the transfer syntaxes, and the one that is the root itself.
const TRANSFER_SYNTAXES: &str = "1.2.840.10008.1.2";
/// The software that files name: the library dicom-rs, in every version of ours, so that the same
/// file stays the same bytes.
const IMPLEMENTATION: Implementation = Implementation {
    class: dicom_object::IMPLEMENTATION_CLASS_UID,
    version: dicom_object::IMPLEMENTATION_VERSION_NAME,
};

/// A file, opened.
pub(super) struct Source<'a> {
    data: Cow<'a, [u8]>,
    start: usize,
    form: Form,
    pub(super) transfer_syntax: String,
    /// The class of the file meta group, which counts where the data set has none; so does the
    /// instance.
    pub(super) sop_class: Option<String>,
    pub(super) sop_instance: Option<String>,
}

impl Source<'_> {
    /// The data set.
    pub(super) fn data_set(&self) -> Reader<'_> {
        Reader::data_set(&self.data, self.start, self.form.layout)
    }

    /// Bytes of the data set.
    pub(super) fn len(&self) -> usize {
        self.data.len() - self.start
    }
}

/// Opens a file of at most so many bytes, before and after inflation.
pub(super) fn open(bytes: &[u8], max_bytes: u64) -> Result<Source<'_>> {
    check_length(bytes.len() as u64, max_bytes)?;
    let FileMeta { sop_class, sop_instance, transfer_syntax, data_set_at, .. } =
        FileMeta::read(bytes)?;
    let data_set = &bytes[data_set_at..];
    let missing = || Error::NotDicom { got: "a file meta group without transfer syntax" };
    let guessed = || dicom::guessed(data_set).map(str::to_owned);
    let transfer_syntax = transfer_syntax.or_else(guessed).ok_or_else(missing)?;
    if !is_transfer_syntax(&transfer_syntax) {
        return Err(Error::TransferSyntax);
    }
    let form = Form::of(&transfer_syntax);
    let (data, start) = match form.deflated {
        true => (Cow::Owned(inflate(data_set, max_bytes)?), 0),
        false => (Cow::Borrowed(bytes), data_set_at),
    };
    Ok(Source { data, start, form, transfer_syntax, sop_class, sop_instance })
}

/// Whether a UID is of the transfer syntaxes of the standard.
fn is_transfer_syntax(uid: &str) -> bool {
    let rest = uid.strip_prefix(TRANSFER_SYNTAXES).filter(|_| is_strict_uid(uid));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn check_length(length: u64, limit: u64) -> Result<()> {
    if length > limit { Err(Error::TooManyBytes { limit }) } else { Ok(()) }
}

fn inflate(stream: &[u8], max_bytes: u64) -> Result<Vec<u8>> {
    let length = dicom::inflated_length(stream, max_bytes.saturating_add(1))?;
    check_length(length, max_bytes)?;
    Ok(dicom::inflate(stream, length)?)
}

/// A file of a new data set, in the transfer syntax of the old one. The preamble is empty, and the
/// file meta group has only what it must have (PS3.10 7.1).
pub(super) fn write(
    source: &Source,
    sop_class: &str,
    sop_instance: &str,
    data_set: &[u8],
) -> Result<Vec<u8>> {
    let identity = Identity {
        sop_class: sop_class.to_owned(),
        sop_instance: sop_instance.to_owned(),
        transfer_syntax: source.transfer_syntax.clone(),
    };
    let mut file = identity.file_meta(IMPLEMENTATION);
    if source.form.deflated {
        return Ok(dicom::deflated(file, data_set)?);
    }
    file.extend(data_set);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom::{EXPLICIT_VR_BIG_ENDIAN, Layout};

    /// A file of a file meta group and one element in explicit little endian.
    fn opened(meta: &[&[u8]], data: &[u8]) -> Result<(String, Layout)> {
        let bytes = [&[0; 128][..], b"DICM", &meta.concat(), data].concat();
        open(&bytes, 1 << 20)
            .map(|source| (source.transfer_syntax.clone(), source.data_set().layout()))
    }

    #[test]
    fn a_file_meta_group_may_be_implicit_twice_or_without_a_transfer_syntax() {
        let explicit = b"\x02\0\x10\0UI\x14\x001.2.840.10008.1.2.1\0";
        let implicit = b"\x02\0\x10\0\x12\0\0\x001.2.840.10008.1.2\0";
        let jpeg = b"\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.4.70";
        let element = b"\x08\0\x60\0CS\x02\0DX";
        let data = b"\x08\0\x60\0\x02\0\0\0DX";
        let big = b"\0\x08\0\x60CS\0\x02DX";
        let syntax = |uid: &str, layout| (uid.to_owned(), layout);
        let of_explicit = syntax("1.2.840.10008.1.2.1", Layout::EXPLICIT);
        let of_implicit = syntax("1.2.840.10008.1.2", Layout::IMPLICIT);
        assert_eq!(opened(&[explicit, jpeg], element).unwrap(), of_explicit);
        assert_eq!(opened(&[implicit], data).unwrap(), of_implicit);
        assert_eq!(opened(&[], element).unwrap(), of_explicit);
        assert_eq!(opened(&[], data).unwrap(), of_implicit);
        assert_eq!(opened(&[], big).unwrap(), syntax(EXPLICIT_VR_BIG_ENDIAN, Layout::BIG_ENDIAN));
        assert!(opened(&[], &[]).is_err());
    }

    #[test]
    fn a_file_meta_group_is_that_of_another_writer() {
        let element = b"\x08\0\x60\0CS\x02\0DX";
        let bytes = [&[0; 128][..], b"DICM", element].concat();
        let source = open(&bytes, 1 << 20).unwrap();
        let meta = dicom_object::FileMetaTableBuilder::new()
            .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.1")
            .media_storage_sop_instance_uid("1.2.3")
            .transfer_syntax("1.2.840.10008.1.2.1")
            .build()
            .unwrap();
        let mut other = [&[0; 128][..], b"DICM"].concat();
        meta.write(&mut other).unwrap();
        other.extend(element);
        assert_eq!(write(&source, "1.2.840.10008.5.1.4.1.1.1", "1.2.3", element).unwrap(), other);
    }
}
