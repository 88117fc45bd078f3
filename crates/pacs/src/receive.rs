//! A DICOM file that comes as a stream, into the inbox: the way of all that is fetched or posted.

use crate::error::{Error, Result, network};
use crate::event::{Event, Events};
use crate::inbox::{Inbox, Key, Stored};
use crate::part10::{Identity, identify};
use crate::uids::is_image_storage;
use std::io::Read;

const PIECE: usize = 64 << 10;

/// What was received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) identity: Identity,
    pub(crate) stored: Stored,
    pub(crate) bytes: u64,
}

/// Receives a file; what is no picture, and what `admit` refuses, is not kept. Where the inbox
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

/// Whether an error is about one instance, so that the next one can be received.
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

/// Counts of what was fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Instances that are new.
    pub new: u64,
    /// That were known, most of which are not fetched at all.
    pub known: u64,
    /// Instances that came with another data set under a known UID, of which the first is kept.
    pub differing: u64,
    /// That were passed over: no pictures, damaged, too large, or deleted since.
    pub passed_over: u64,
}

impl Fetched {
    /// Counts what was received, and tells of it.
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

    /// Counts what is not fetched, and tells of it.
    pub(crate) fn pass_over(&mut self, reason: String, from: &str, events: Events) {
        self.passed_over += 1;
        events(&Event::PassedOver { reason, from: from.to_owned() });
    }
}
