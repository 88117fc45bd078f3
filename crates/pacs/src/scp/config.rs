//! The settings of a storage SCP: what it accepts, and from whom.

use crate::association::{Acceptor, Timeouts};
use crate::error::{Error, Result};
use crate::uids::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use connections::ServerTls;
use dicom::is_uid;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;

/// The allowed lengths of a P-DATA-TF after its header, in bytes. With less, a peer could send
/// nothing; more is no faster.
const PDU_LENGTHS: RangeInclusive<u32> = 4096..=1 << 20;

/// The settings of a storage SCP. The inbox limits the size of an instance and the room on the
/// disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address to listen on. The default accepts this machine alone. Port 0 lets the system
    /// choose.
    pub address: SocketAddr,
    /// This program's AE title: 1 to 16 ASCII characters. Calls of another title are rejected.
    pub ae_title: String,
    /// AE titles that may call; empty for any. An AE title proves nothing: TLS with client
    /// certificates does.
    pub callers: Vec<String>,
    /// Transfer syntaxes in which instances are accepted, the most preferred first: those that the
    /// decoder reads.
    pub transfer_syntaxes: Vec<String>,
    /// The most associations at a time; further ones are rejected for now.
    pub max_associations: usize,
    /// The most bytes of a PDU with data, 4 KiB to 1 MiB.
    pub max_pdu: u32,
    /// The times that a peer may take.
    pub timeouts: Timeouts,
    /// TLS, if given; then no other connections are accepted.
    pub tls: Option<ServerTls>,
}

impl Default for Config {
    /// The default: SKIAGRAPH on 127.0.0.1:11112, for any caller, uncompressed, 16 associations,
    /// PDUs of 128 KiB.
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 11112)),
            ae_title: "SKIAGRAPH".to_owned(),
            callers: Vec::new(),
            transfer_syntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]
                .map(String::from)
                .into(),
            max_associations: 16,
            max_pdu: 128 << 10,
            timeouts: Timeouts::default(),
            tls: None,
        }
    }
}

impl Config {
    pub(super) fn acceptor(&self) -> Result<Acceptor> {
        let wrong = |setting, got: &dyn ToString, expected| {
            Err(Error::Setting { setting, got: got.to_string(), expected })
        };
        for title in self.callers.iter().chain([&self.ae_title]) {
            if !is_ae_title(title) {
                return wrong(
                    "AE title",
                    title,
                    "1 to 16 printable ASCII characters, none of them a backslash",
                );
            }
        }
        if !PDU_LENGTHS.contains(&self.max_pdu) {
            return wrong("maximum PDU length", &self.max_pdu, "4096 to 1048576");
        }
        if self.max_associations == 0 {
            return wrong("number of associations", &self.max_associations, "at least 1");
        }
        if self.transfer_syntaxes.is_empty()
            || !self.transfer_syntaxes.iter().all(|uid| is_uid(uid))
        {
            return wrong(
                "transfer syntaxes",
                &self.transfer_syntaxes.join(", "),
                "UIDs, at least one",
            );
        }
        Ok(Acceptor {
            called: self.ae_title.trim().to_owned(),
            callers: self.callers.iter().map(|title| title.trim().to_owned()).collect(),
            transfer_syntaxes: self.transfer_syntaxes.clone(),
            max_pdu: self.max_pdu,
            timeouts: self.timeouts,
        })
    }
}

/// Tells whether a text is an AE title (PS3.5 6.2): at most 16 characters, no backslash, no control
/// characters, not spaces alone.
pub(crate) fn is_ae_title(text: &str) -> bool {
    let fits = text.len() <= 16 && !text.trim().is_empty();
    fits && text.bytes().all(|c| (c.is_ascii_graphic() || c == b' ') && c != b'\\')
}
