//! One association of the storage SCP: C-ECHO and C-STORE, until it is released.

use crate::association::Association;
use crate::command::{C_CANCEL, C_ECHO, C_STORE, Command, RESPONSE, element, status};
use crate::error::{Error, Result};
use crate::event::{Event, Events};
use crate::inbox::{Inbox, Incoming, Key, Stored};
use crate::part10::identify;
use crate::uids::IMPLEMENTATION;
use dicom::{Identity, is_uid};
use std::net::SocketAddr;

/// The reason why an instance is not kept: the status of PS3.4 B.2.3, and a comment.
struct Refusal {
    status: u16,
    reason: String,
}

/// The comment to a sender of another data set under a known UID.
const DIFFERS: &str = "another data set under a known UID: kept the first";

/// Serves an accepted association to its end. `calling` is its calling AE title.
pub(super) fn serve(
    (association, calling): (Association, String),
    peer: SocketAddr,
    inbox: &Inbox,
    events: Events,
) {
    events(&Event::Associated { peer, calling: calling.clone() });
    let mut served = Served { association, inbox, events, calling, instances: 0 };
    let outcome = served.until_release();
    let instances = served.instances;
    match outcome {
        Ok(()) => events(&Event::Released { peer, instances }),
        Err(error) => {
            served.association.abort(&error);
            events(&Event::Ended { peer, instances, error });
        }
    }
}

struct Served<'a> {
    association: Association,
    inbox: &'a Inbox,
    events: Events<'a>,
    calling: String,
    instances: u64,
}

impl Served<'_> {
    fn until_release(&mut self) -> Result<()> {
        while let Some((context, command)) = self.association.receive_command()? {
            match command.field() {
                C_STORE => self.store(context, &command)?,
                C_ECHO if !command.has_data() => {
                    self.association.send(context, &command.response(status::SUCCESS), None)?;
                }
                // The operation to cancel is long done.
                C_CANCEL => {}
                response if response & RESPONSE != 0 => {
                    return Err(Error::Protocol {
                        got: "an answer to no question".to_owned(),
                        expected: "C-STORE or C-ECHO",
                    });
                }
                _ => self.decline(context, &command)?,
            }
        }
        Ok(())
    }

    /// Answers a command that is not offered.
    fn decline(&mut self, context: u8, command: &Command) -> Result<()> {
        if command.has_data() {
            self.association.receive_data(context, |_| ())?;
        }
        self.association.send(context, &command.response(status::UNRECOGNISED_OPERATION), None)
    }

    /// Stores one instance, and answers when it is durable. A refused data set is received
    /// nevertheless, as there is no other way to the answer (PS3.7 9.3.1).
    fn store(&mut self, context: u8, command: &Command) -> Result<()> {
        if !command.has_data() {
            let expected = "a data set after C-STORE";
            return Err(Error::Protocol { got: "a command without one".to_owned(), expected });
        }
        let key =
            command.text(element::AFFECTED_SOP_INSTANCE_UID).filter(|uid| is_uid(uid)).map(Key::of);
        let outcome = self.receive(context, command)?;
        let from = self.calling.clone();
        let response = match outcome {
            Ok((key, stored, bytes)) => {
                self.instances += 1;
                (self.events)(&Event::Stored { key, stored, bytes, from });
                answer(command, stored)
            }
            Err(Refusal { status, reason }) => {
                let response =
                    command.response(status).with_text(element::ERROR_COMMENT, comment(&reason));
                (self.events)(&Event::Refused { key, status, reason, from });
                response
            }
        };
        self.association.send(context, &response, None)
    }

    /// Receives the data set to its end, into the inbox as long as the inbox accepts it.
    fn receive(
        &mut self,
        context: u8,
        command: &Command,
    ) -> Result<std::result::Result<(Key, Stored, u64), Refusal>> {
        let begun = self.identity(context, command).and_then(|identity| {
            let mut incoming = self.inbox.begin().map_err(refusal)?;
            incoming.append(&identity.file_meta(IMPLEMENTATION)).map_err(refusal)?;
            Ok((identity, incoming))
        });
        let (identity, mut incoming) = match begun {
            Ok((identity, incoming)) => (Ok(identity), Some(incoming)),
            Err(refusal) => (Err(refusal), None),
        };
        let mut failed = None;
        self.association.receive_data(context, |bytes| {
            if let Some(Err(error)) = incoming.as_mut().map(|incoming| incoming.append(bytes)) {
                // This frees its room on the disk at once.
                incoming = None;
                failed = Some(refusal(error));
            }
        })?;
        Ok(match (identity, failed, incoming) {
            (Err(refusal), ..) | (_, Some(refusal), _) => Err(refusal),
            (Ok(identity), None, Some(incoming)) => keep(incoming, &identity),
            (Ok(_), None, None) => Err(refusal(Error::NotDicom { got: "nothing" })),
        })
    }

    /// The instance that the command announces.
    fn identity(&self, context: u8, command: &Command) -> std::result::Result<Identity, Refusal> {
        let refuse = |status, reason: &str| Err(Refusal { status, reason: reason.to_owned() });
        let Some(context) = self.association.context(context) else {
            return refuse(
                status::SOP_CLASS_NOT_SUPPORTED,
                "a presentation context that was not accepted",
            );
        };
        let uid = |element| command.text(element).filter(|uid| is_uid(uid));
        let Some(sop_instance) = uid(element::AFFECTED_SOP_INSTANCE_UID) else {
            return refuse(status::INVALID_INSTANCE, "the SOP Instance UID is missing or no UID");
        };
        if uid(element::AFFECTED_SOP_CLASS_UID) != Some(context.abstract_syntax.as_str()) {
            return refuse(
                status::SOP_CLASS_NOT_SUPPORTED,
                "another SOP class than its context is for",
            );
        }
        Ok(Identity {
            sop_class: context.abstract_syntax.clone(),
            sop_instance: sop_instance.to_owned(),
            transfer_syntax: context.transfer_syntax.clone(),
        })
    }
}

fn keep(
    incoming: Incoming,
    identity: &Identity,
) -> std::result::Result<(Key, Stored, u64), Refusal> {
    let (found, _) = identify(incoming.head()).map_err(refusal)?;
    if found.sop_class != identity.sop_class {
        return Err(refusal(Error::Mismatch { attribute: "SOPClassUID" }));
    }
    if found.sop_instance != identity.sop_instance {
        return Err(refusal(Error::Mismatch { attribute: "SOPInstanceUID" }));
    }
    let bytes = incoming.len();
    let stored = incoming.commit(&identity.sop_instance).map_err(refusal)?;
    Ok((Key::of(&identity.sop_instance), stored, bytes))
}

/// The answer to an instance that is durable. For a data set that is not kept it is a warning, so
/// that nobody takes a correction for stored; the sender is not to send it again.
fn answer(command: &Command, stored: Stored) -> Command {
    match stored {
        Stored::New | Stored::Known => command.response(status::SUCCESS),
        Stored::Differs => command
            .response(status::ELEMENTS_DISCARDED)
            .with_text(element::ERROR_COMMENT, comment(DIFFERS)),
    }
}

/// The refusal that tells a sender of an error of this program.
fn refusal(error: Error) -> Refusal {
    let status = match &error {
        Error::OutOfSpace { .. } | Error::InstanceTooLarge { .. } => status::OUT_OF_RESOURCES,
        Error::Mismatch { .. } => status::DATA_SET_DOES_NOT_MATCH,
        Error::NotDicom { .. } => status::CANNOT_UNDERSTAND,
        _ => status::PROCESSING_FAILURE,
    };
    Refusal { status, reason: error.to_string() }
}

/// The start of a reason that fits Error Comment (0000,0902): 64 ASCII characters.
fn comment(reason: &str) -> &str {
    let end = reason.bytes().take(64).take_while(|c| c.is_ascii_graphic() || *c == b' ').count();
    &reason[..end]
}
