//! DICOM files (PS3.10 7): the preamble, the prefix, and the file meta group before the data set.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::reader::Reader;
use crate::text;
use crate::writer::Writer;

const PREAMBLE: usize = 128;
const PREFIX: &[u8; 4] = b"DICM";

/// Tells whether a DICOM file begins with these bytes: `DICM` after 128 bytes of preamble.
pub fn is_file(start: &[u8]) -> bool {
    start.get(PREAMBLE..PREAMBLE + PREFIX.len()) == Some(PREFIX)
}

/// The UIDs of a file meta group, without their padding; none if they are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Media Storage SOP Class UID.
    pub sop_class: Option<String>,
    /// Media Storage SOP Instance UID.
    pub sop_instance: Option<String>,
    /// Transfer Syntax UID.
    pub transfer_syntax: Option<String>,
    /// Whether some of the group has no value representations, against the standard.
    pub is_implicit: bool,
    /// Whether an attribute is there twice, of which the first value counts.
    pub is_repeated: bool,
    /// The position of the data set.
    pub data_set_at: usize,
}

impl FileMeta {
    /// Reads the file meta group of a file. It should be explicit little endian, and there once.
    ///
    /// # Errors
    /// [`Error::NoPrefix`]; [`Error::CutOff`] and [`Error::Length`] if the group is cut short.
    pub fn read(file: &[u8]) -> Result<Self> {
        if !is_file(file) {
            return Err(Error::NoPrefix);
        }
        let mut reader = Reader::new(file, PREAMBLE + PREFIX.len(), Layout::EXPLICIT);
        let mut meta = Self::default();
        // The group ends where another begins; the group length in its first element is often
        // wrong.
        while reader.rest().starts_with(&[2, 0]) {
            reader.layout.explicit = reader.is_explicit(false);
            meta.is_implicit |= !reader.layout.explicit;
            let element = reader.element()?;
            meta.add(element.tag, reader.value(&element)?);
        }
        Ok(Self { data_set_at: reader.position(), ..meta })
    }

    fn add(&mut self, tag: Tag, value: &[u8]) {
        let field = match tag {
            tags::MEDIA_STORAGE_SOP_CLASS_UID => &mut self.sop_class,
            tags::MEDIA_STORAGE_SOP_INSTANCE_UID => &mut self.sop_instance,
            tags::TRANSFER_SYNTAX_UID => &mut self.transfer_syntax,
            _ => return,
        };
        self.is_repeated |= field.is_some();
        if field.is_none() {
            // Some writers pad UIDs by other bytes than NUL.
            let is_padding = |c: char| c.is_whitespace() || c.is_control();
            let uid = text::lenient(b"", tag, value);
            let uid = uid.map(|uid| uid.trim_matches(is_padding).to_owned());
            *field = uid.filter(|uid| !uid.is_empty());
        }
    }
}

/// The identity of a file's instance, and its transfer syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The SOP Class UID.
    pub sop_class: String,
    /// The SOP Instance UID.
    pub sop_instance: String,
    /// The transfer syntax's UID.
    pub transfer_syntax: String,
}

/// The software that writes a file (PS3.7 D.3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Implementation {
    /// Its UID.
    pub class: &'static str,
    /// Its name for people, at most 16 characters.
    pub version: &'static str,
}

impl Identity {
    /// Returns an empty preamble, the prefix, and a file meta group with only what it must have
    /// (PS3.10 7.1).
    pub fn file_meta(&self, implementation: Implementation) -> Vec<u8> {
        let elements = [
            (tags::MEDIA_STORAGE_SOP_CLASS_UID, VR::UI, &*self.sop_class),
            (tags::MEDIA_STORAGE_SOP_INSTANCE_UID, VR::UI, &*self.sop_instance),
            (tags::TRANSFER_SYNTAX_UID, VR::UI, &*self.transfer_syntax),
            (tags::IMPLEMENTATION_CLASS_UID, VR::UI, implementation.class),
            (tags::IMPLEMENTATION_VERSION_NAME, VR::SH, implementation.version),
        ];
        let layout = Layout::EXPLICIT;
        let mut group = Writer::default();
        group.element(layout, tags::FILE_META_INFORMATION_VERSION, VR::OB, &[0, 1]);
        for (tag, vr, text) in elements {
            group.element(layout, tag, vr, text.as_bytes());
        }
        let length = (group.bytes.len() as u32).to_le_bytes();
        let mut file = Writer { bytes: [&[0; PREAMBLE][..], PREFIX].concat() };
        file.element(layout, tags::FILE_META_INFORMATION_GROUP_LENGTH, VR::UL, &length);
        file.bytes.extend(group.bytes);
        file.bytes
    }
}
