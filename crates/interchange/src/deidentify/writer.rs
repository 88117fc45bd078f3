//! Elements written, in the form that the file has.

use dicom_core::{DataElementHeader, Length, Tag, VR};
use dicom_encoding::encode::Encode;
use dicom_encoding::encode::explicit_be::ExplicitVRBigEndianEncoder;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;
use dicom_encoding::encode::implicit_le::ImplicitVRLittleEndianEncoder;

use super::reader::Form;
use crate::error::{Error, Result};

/// Adds elements to bytes.
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// An element with its value, which is padded to an even length.
    pub(super) fn element(&mut self, form: Form, tag: Tag, vr: VR, value: &[u8]) -> Result<()> {
        let length = Length(value.len().next_multiple_of(2) as u32);
        self.header(form, DataElementHeader::new(tag, vr, length))?;
        self.bytes.extend(value);
        if value.len() % 2 == 1 {
            // PS3.5 6.2: text is padded with a space, UIDs and bytes with zero.
            self.bytes.push(if matches!(vr, VR::UI | VR::OB | VR::OW | VR::UN) { 0 } else { b' ' });
        }
        Ok(())
    }

    /// The beginning of a sequence whose length is not defined, under the value representation that
    /// it had.
    pub(super) fn open_sequence(&mut self, form: Form, tag: Tag, vr: VR) -> Result<()> {
        self.header(form, DataElementHeader::new(tag, vr, Length::UNDEFINED))
    }

    pub(super) fn close_sequence(&mut self, form: Form) {
        self.delimiter(form, 0xE0DD, 0);
    }

    pub(super) fn open_item(&mut self, form: Form) {
        self.delimiter(form, 0xE000, u32::MAX);
    }

    pub(super) fn close_item(&mut self, form: Form) {
        self.delimiter(form, 0xE00D, 0);
    }

    /// An item of bytes.
    pub(super) fn fragment(&mut self, form: Form, bytes: &[u8]) {
        self.delimiter(form, 0xE000, bytes.len() as u32);
        self.bytes.extend(bytes);
    }

    /// PS3.5 7.5: the tag and a length, without a value representation.
    fn delimiter(&mut self, form: Form, element: u16, length: u32) {
        let little = |bytes: &mut Vec<u8>| {
            bytes.extend(0xFFFE_u16.to_le_bytes());
            bytes.extend(element.to_le_bytes());
            bytes.extend(length.to_le_bytes());
        };
        let big = |bytes: &mut Vec<u8>| {
            bytes.extend(0xFFFE_u16.to_be_bytes());
            bytes.extend(element.to_be_bytes());
            bytes.extend(length.to_be_bytes());
        };
        if form == Form::Big { big(&mut self.bytes) } else { little(&mut self.bytes) }
    }

    fn header(&mut self, form: Form, header: DataElementHeader) -> Result<()> {
        let to = &mut self.bytes;
        let written = match form {
            Form::Explicit => {
                ExplicitVRLittleEndianEncoder::default().encode_element_header(to, header)
            }
            Form::Implicit => {
                ImplicitVRLittleEndianEncoder::default().encode_element_header(to, header)
            }
            Form::Big => ExplicitVRBigEndianEncoder::default().encode_element_header(to, header),
        };
        written.map(|_| ()).map_err(|_| Error::Unwritable { tag: header.tag })
    }
}
