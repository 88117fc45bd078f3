//! Command sets of DIMSE messages (PS3.7 6.3 and annex E).

use crate::elements::{Elements, read};
use crate::error::{Error, Result};
use dicom::{Layout, Writer, standard_vr};
use dicom_core::Tag;
use std::collections::BTreeMap;

pub(crate) const C_STORE: u16 = 0x0001;
pub(crate) const C_FIND: u16 = 0x0020;
pub(crate) const C_MOVE: u16 = 0x0021;
pub(crate) const C_ECHO: u16 = 0x0030;
pub(crate) const C_CANCEL: u16 = 0x0FFF;
/// The bit that distinguishes a response from a request.
pub(crate) const RESPONSE: u16 = 0x8000;

/// Statuses (PS3.7 annex C, PS3.4 B.2.3 and C.4).
pub(crate) mod status {
    pub(crate) const SUCCESS: u16 = 0x0000;
    pub(crate) const CANCEL: u16 = 0xFE00;
    pub(crate) const PROCESSING_FAILURE: u16 = 0x0110;
    pub(crate) const INVALID_INSTANCE: u16 = 0x0117;
    pub(crate) const SOP_CLASS_NOT_SUPPORTED: u16 = 0x0122;
    pub(crate) const UNRECOGNISED_OPERATION: u16 = 0x0211;
    pub(crate) const OUT_OF_RESOURCES: u16 = 0xA700;
    pub(crate) const DATA_SET_DOES_NOT_MATCH: u16 = 0xA900;
    pub(crate) const CANNOT_UNDERSTAND: u16 = 0xC000;
    /// A warning: the peer has the instance, but discarded some elements.
    pub(crate) const ELEMENTS_DISCARDED: u16 = 0xB006;

    /// Tells whether further matches or sub-operations follow.
    pub(crate) fn is_pending(status: u16) -> bool {
        matches!(status, 0xFF00 | 0xFF01)
    }

    /// Tells whether the operation succeeded with a warning.
    pub(crate) fn is_warning(status: u16) -> bool {
        matches!(status, 0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF)
    }
}

/// Elements of group 0000, by their element number.
pub(crate) mod element {
    pub(crate) const AFFECTED_SOP_CLASS_UID: u16 = 0x0002;
    pub(crate) const COMMAND_FIELD: u16 = 0x0100;
    pub(crate) const MESSAGE_ID: u16 = 0x0110;
    pub(crate) const RESPONDED_MESSAGE_ID: u16 = 0x0120;
    pub(crate) const MOVE_DESTINATION: u16 = 0x0600;
    pub(crate) const PRIORITY: u16 = 0x0700;
    pub(crate) const DATA_SET_TYPE: u16 = 0x0800;
    pub(crate) const STATUS: u16 = 0x0900;
    pub(crate) const ERROR_COMMENT: u16 = 0x0902;
    pub(crate) const AFFECTED_SOP_INSTANCE_UID: u16 = 0x1000;
    pub(crate) const COMPLETED: u16 = 0x1021;
    pub(crate) const FAILED: u16 = 0x1022;
    pub(crate) const WARNING: u16 = 0x1023;
}
use element::*;

/// The data set type of a command without a data set.
const NO_DATA_SET: u16 = 0x0101;
const DATA_SET: u16 = 0x0001;

/// A command set: the values of group 0000 by element number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command(BTreeMap<u16, Vec<u8>>);

impl Command {
    /// A request.
    pub(crate) fn request(field: u16, message_id: u16, sop_class: &str) -> Self {
        Self::default()
            .with_u16(COMMAND_FIELD, field)
            .with_u16(MESSAGE_ID, message_id)
            .with_text(AFFECTED_SOP_CLASS_UID, sop_class)
    }

    /// Cancels a request (PS3.7 9.3.2.3).
    pub(crate) fn cancel(message_id: u16) -> Self {
        Self::default().with_u16(COMMAND_FIELD, C_CANCEL).with_u16(RESPONDED_MESSAGE_ID, message_id)
    }

    /// The response to this request.
    pub(crate) fn response(&self, status: u16) -> Self {
        let mut response = Self::default()
            .with_u16(COMMAND_FIELD, self.field() | RESPONSE)
            .with_u16(RESPONDED_MESSAGE_ID, self.u16(MESSAGE_ID).unwrap_or(0))
            .with_u16(STATUS, status);
        for echoed in [AFFECTED_SOP_CLASS_UID, AFFECTED_SOP_INSTANCE_UID] {
            response.0.extend(self.0.get(&echoed).map(|value| (echoed, value.clone())));
        }
        response
    }

    pub(crate) fn with_u16(mut self, element: u16, value: u16) -> Self {
        self.0.insert(element, value.to_le_bytes().to_vec());
        self
    }

    pub(crate) fn with_text(mut self, element: u16, text: &str) -> Self {
        self.0.insert(element, text.as_bytes().to_vec());
        self
    }

    /// The command field; 0 if it is missing, which is no command.
    pub(crate) fn field(&self) -> u16 {
        self.u16(COMMAND_FIELD).unwrap_or(0)
    }

    /// Tells whether a data set follows.
    pub(crate) fn has_data(&self) -> bool {
        self.u16(DATA_SET_TYPE) != Some(NO_DATA_SET)
    }

    pub(crate) fn u16(&self, element: u16) -> Option<u16> {
        Some(u16::from_le_bytes(self.0.get(&element)?.get(..2)?.try_into().ok()?))
    }

    /// The element's text without padding; `None` if it is missing or not ASCII.
    pub(crate) fn text(&self, element: u16) -> Option<&str> {
        let text = str::from_utf8(self.0.get(&element)?).ok().filter(|text| text.is_ascii())?;
        Some(text.trim_matches(['\0', ' ']))
    }

    /// Parses a command set, which is in implicit VR little endian whatever the context (PS3.7
    /// 6.3.1).
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong = |got: &str| Error::Protocol {
            got: got.to_owned(),
            expected: "a command set as in PS3.7 6.3.1",
        };
        let elements: Elements =
            read(bytes).ok_or_else(|| wrong("a command set that is cut short"))?;
        if elements.keys().any(|tag| tag.0 != 0) {
            return Err(wrong("elements of another group than 0000"));
        }
        let command =
            Self(elements.into_iter().map(|(tag, value)| (tag.1, value.to_vec())).collect());
        if command.u16(COMMAND_FIELD).is_none() {
            Err(wrong("no command field"))
        } else {
            Ok(command)
        }
    }

    /// Encodes the command set, with the group length, and whether a data set follows.
    pub(crate) fn to_bytes(&self, has_data: bool) -> Vec<u8> {
        let kind = if has_data { DATA_SET } else { NO_DATA_SET };
        let whole = self.clone().with_u16(DATA_SET_TYPE, kind);
        let mut rest = Writer::default();
        for (&element, value) in &whole.0 {
            write(&mut rest, Tag(0, element), value);
        }
        let mut group = Writer::default();
        write(&mut group, Tag(0, 0), &(rest.bytes.len() as u32).to_le_bytes());
        group.bytes.append(&mut rest.bytes);
        group.bytes
    }
}

fn write(writer: &mut Writer, tag: Tag, value: &[u8]) {
    writer.element(Layout::IMPLICIT, tag, standard_vr(tag), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_reads_back() {
        let command = Command::request(C_STORE, 7, "1.2.840.10008.5.1.4.1.1.1")
            .with_text(AFFECTED_SOP_INSTANCE_UID, "1.2.3");
        let read = Command::parse(&command.to_bytes(true)).unwrap();
        assert_eq!((read.field(), read.u16(MESSAGE_ID), read.has_data()), (C_STORE, Some(7), true));
        assert_eq!(read.text(AFFECTED_SOP_INSTANCE_UID), Some("1.2.3"));
        let answer =
            Command::parse(&read.response(status::OUT_OF_RESOURCES).to_bytes(false)).unwrap();
        assert_eq!((answer.field(), answer.has_data()), (0x8001, false));
        assert_eq!(answer.u16(RESPONDED_MESSAGE_ID), Some(7));
        assert_eq!(answer.text(AFFECTED_SOP_INSTANCE_UID), Some("1.2.3"));
    }

    #[test]
    fn other_groups_are_no_command() {
        let mut writer = Writer { bytes: Command::request(C_ECHO, 1, "1.2").to_bytes(false) };
        write(&mut writer, Tag(0x10, 0x10), b"SECRET");
        let error = Command::parse(&writer.bytes).unwrap_err().to_string();
        assert!(!error.contains("SECRET"), "{error}");
        assert!(Command::parse(&[]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Command::parse(&bytes);
        }
    }
}
