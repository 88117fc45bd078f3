//! Receiving a DICOM file as a stream, into the inbox. All fetched and posted files come through
//! here.

use crate::error::{Error, Result, network};
use crate::event::{Event, Events};
use crate::inbox::{Inbox, Key, Stored};
use crate::part10::identify;
use crate::uids::is_image_storage;
use dicom::Identity;
use std::io::Read;

const PIECE: usize = 64 << 10;

/// The result of receiving.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) identity: Identity,
    pub(crate) stored: Stored,
    pub(crate) bytes: u64,
}

/// Receives a file. A file that is no picture, or that `admit` refuses, is not kept. If the inbox
/// refuses, the source is not read to its end.
pub(crate) fn receive(
    source: &mut dyn Read,
    inbox: &Inbox,
    admit: impl FnOnce(&Identity) -> Result<()>,
) -> Result<Received> {
    let mut incoming = inbox.begin()?;
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => incoming.append(&piece[..read])?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(network(error)),
        }
    }
    let (identity, _) = identify(incoming.head())?;
    admit(&identity)?;
    if !is_image_storage(&identity.sop_class) {
        return Err(Error::NoImage { sop_class: identity.sop_class });
    }
    let bytes = incoming.len();
    let stored = incoming.commit(&identity.sop_instance)?;
    Ok(Received { identity, stored, bytes })
}

/// Tells whether an error concerns one instance, so that the next one can be received.
pub(crate) fn concerns_one(error: &Error) -> bool {
    matches!(
        error,
        Error::InstanceTooLarge { .. }
            | Error::NotDicom { .. }
            | Error::Mismatch { .. }
            | Error::NoImage { .. }
            | Error::TransferSyntax { .. }
    )
}

/// The counts of fetched instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The number that are new.
    pub new: u64,
    /// The number that were known, most of which are not fetched at all.
    pub known: u64,
    /// The number that came with another data set under a known UID, of which the first is kept.
    pub differing: u64,
    /// The number passed over: no pictures, damaged, too large, or deleted since.
    pub passed_over: u64,
}

impl Fetched {
    /// Counts a received instance, and sends an event.
    pub(crate) fn count(&mut self, received: &Received, from: &str, events: Events) {
        match received.stored {
            Stored::New => self.new += 1,
            Stored::Known | Stored::Differs => self.known += 1,
        }
        self.differing += u64::from(received.stored == Stored::Differs);
        let key = Key::of(&received.identity.sop_instance);
        events(&Event::Stored {
            key,
            stored: received.stored,
            bytes: received.bytes,
            from: from.to_owned(),
        });
    }

    /// Counts an instance that is not fetched, and sends an event.
    pub(crate) fn pass_over(&mut self, reason: String, from: &str, events: Events) {
        self.passed_over += 1;
        events(&Event::PassedOver { reason, from: from.to_owned() });
    }
}
