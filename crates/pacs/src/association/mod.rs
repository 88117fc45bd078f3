//! Associations (PS3.8 7): messages over a connection, in either role.
//!
//! The associations of `dicom-ul` are not used. A peer that sends a byte a minute can hold them
//! open, and they buffer a PDU of any length that a peer claims.

mod accept;
mod pdu;
mod request;
mod stream;

pub(crate) use accept::{Acceptor, accept, refuse};
#[cfg(any(test, fuzzing))]
pub(crate) use pdu::read as read_pdu;
pub(crate) use request::{MAX_CONTEXTS, Proposed, request};
pub(crate) use stream::{Stopping, Stream, Timed};

use crate::command::Command;
use crate::error::{Error, Result};
use dicom_ul::pdu::{AbortRQServiceProviderReason, AbortRQSource, PDataValue, PDataValueType, Pdu};
use std::collections::VecDeque;
use std::io::Read;
use std::time::{Duration, Instant};

/// The one application context there is (PS3.7 A.2.1).
const APPLICATION_CONTEXT: &str = "1.2.840.10008.3.1.1.1";
/// The most bytes of a command set. Real ones have 100 to 400.
const MAX_COMMAND: usize = 64 << 10;
/// The number of bytes before the data in a P-DATA-TF with one value: item length, context, control
/// header.
const VALUE_HEADER: usize = 6;

/// The times that a peer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The time from the connection to the association, with TLS (the ARTIM timer of PS3.8 9.1.5),
    /// and the time to end one.
    pub association: Duration,
    /// The time between two messages; as requestor, the time for an answer.
    pub idle: Duration,
    /// The time for one PDU from its first byte to its last.
    pub pdu: Duration,
    /// The time for one message, data set included.
    pub message: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            association: seconds(30),
            idle: seconds(60),
            pdu: seconds(30),
            message: seconds(600),
        }
    }
}

/// An accepted presentation context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) id: u8,
    pub(crate) abstract_syntax: String,
    pub(crate) transfer_syntax: String,
}

/// An association that has been established.
#[derive(Debug)]
pub(crate) struct Association {
    stream: Stream,
    contexts: Vec<Context>,
    /// The greatest lengths, after the header, of a P-DATA-TF that this program accepts and that
    /// the peer accepts, in bytes.
    own_max: u32,
    peer_max: usize,
    timeouts: Timeouts,
    values: VecDeque<PDataValue>,
    /// The time when the message being received must be complete.
    message_deadline: Option<Instant>,
}

impl Association {
    fn new(
        stream: Stream,
        contexts: Vec<Context>,
        own_max: u32,
        peer_max: u32,
        timeouts: Timeouts,
    ) -> Self {
        // 0 means no limit (PS3.8 D.1); more than 128 KiB brings no gain.
        let peer_max = if peer_max == 0 { 128 << 10 } else { peer_max.min(128 << 10) } as usize;
        Self {
            stream,
            contexts,
            own_max,
            peer_max,
            timeouts,
            values: VecDeque::new(),
            message_deadline: None,
        }
    }

    /// The context of this number, if it was accepted.
    pub(crate) fn context(&self, id: u8) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// All accepted contexts.
    pub(crate) fn contexts(&self) -> &[Context] {
        &self.contexts
    }

    /// Waits for the next command and its context. `None` if the peer asks to release the
    /// association, which is then granted.
    pub(crate) fn receive_command(&mut self) -> Result<Option<(u8, Command)>> {
        self.message_deadline = None;
        let mut bytes = Vec::new();
        loop {
            let Some(value) = self.next_value()? else { return Ok(None) };
            if value.value_type != PDataValueType::Command {
                return Err(unexpected("a data set without a command"));
            }
            bytes.extend_from_slice(&value.data);
            if bytes.len() > MAX_COMMAND {
                return Err(unexpected("a command of more than 64 KiB"));
            }
            if value.is_last {
                return Ok(Some((value.presentation_context_id, Command::parse(&bytes)?)));
            }
        }
    }

    /// Receives the data set that belongs to the command before, piece by piece.
    pub(crate) fn receive_data(&mut self, context: u8, mut each: impl FnMut(&[u8])) -> Result<()> {
        loop {
            let value =
                self.next_value()?.ok_or_else(|| unexpected("a release within a message"))?;
            if value.value_type != PDataValueType::Data || value.presentation_context_id != context
            {
                return Err(unexpected("something else than the data set of the command before"));
            }
            each(&value.data);
            if value.is_last {
                return Ok(());
            }
        }
    }

    /// The next presentation data value; `None` if the peer has released the association.
    fn next_value(&mut self) -> Result<Option<PDataValue>> {
        loop {
            if let Some(value) = self.values.pop_front() {
                self.begin_message();
                return Ok(Some(value));
            }
            match self.next_pdu()? {
                Pdu::PData { data } => {
                    // This applies to a PDU without a value, too: a peer must not keep the
                    // association for ever with empty PDUs.
                    self.begin_message();
                    self.values.extend(data);
                }
                Pdu::ReleaseRQ if self.message_deadline.is_none() => {
                    self.write(&Pdu::ReleaseRP)?;
                    return Ok(None);
                }
                Pdu::AbortRQ { .. } => return Err(Error::Aborted),
                _ => return Err(unexpected("another PDU than data, release or abort")),
            }
        }
    }

    fn begin_message(&mut self) {
        self.message_deadline.get_or_insert_with(|| Instant::now() + self.timeouts.message);
    }

    /// Reads the next PDU. Between messages a peer may be silent for the idle time, and then has
    /// the time of a PDU. Within a message, it has the time of a PDU for each, and the time of a
    /// message for all.
    fn next_pdu(&mut self) -> Result<Pdu> {
        match self.message_deadline {
            None => self.stream.wait_for_message_until(Instant::now() + self.timeouts.idle),
            Some(message) => {
                self.stream.set_deadline(message.min(Instant::now() + self.timeouts.pdu))
            }
        }
        pdu::read(&mut self.stream, self.own_max)
    }

    /// Sends a command, and the data set that belongs to it.
    pub(crate) fn send(
        &mut self,
        context: u8,
        command: &Command,
        data: Option<&mut dyn Read>,
    ) -> Result<()> {
        let mut bytes = command.to_bytes(data.is_some());
        self.send_all(context, PDataValueType::Command, &mut bytes.as_slice())?;
        bytes.clear();
        data.map_or(Ok(()), |data| self.send_all(context, PDataValueType::Data, data))
    }

    fn send_all(&mut self, context: u8, kind: PDataValueType, bytes: &mut dyn Read) -> Result<()> {
        // Fragments are of even length (PS3.8 E.2).
        let piece = self.peer_max.saturating_sub(VALUE_HEADER).max(1024) & !1;
        let read = |bytes: &mut dyn Read| {
            let mut data = Vec::with_capacity(piece);
            bytes
                .take(piece as u64)
                .read_to_end(&mut data)
                .map_err(|source| Error::Source { source })?;
            Ok::<_, Error>(data)
        };
        let mut data = read(bytes)?;
        loop {
            let next = if data.len() < piece { Vec::new() } else { read(bytes)? };
            let is_last = next.is_empty();
            let value = PDataValue {
                presentation_context_id: context,
                value_type: kind.clone(),
                is_last,
                data,
            };
            self.write(&Pdu::PData { data: vec![value] })?;
            if is_last {
                return Ok(());
            }
            data = next;
        }
    }

    fn write(&mut self, pdu: &Pdu) -> Result<()> {
        self.stream.set_deadline(Instant::now() + self.timeouts.pdu);
        pdu::write(&mut self.stream, pdu)
    }

    /// Ends the association in order (PS3.8 7.2), as its requestor.
    pub(crate) fn release(mut self) -> Result<()> {
        self.write(&Pdu::ReleaseRQ)?;
        self.stream.set_deadline(Instant::now() + self.timeouts.association);
        match pdu::read(&mut self.stream, self.own_max)? {
            Pdu::ReleaseRP => Ok(()),
            Pdu::AbortRQ { .. } => Err(Error::Aborted),
            _ => Err(unexpected("something else than the answer to a release")),
        }
    }

    /// Ends the association at once (PS3.8 7.3), whether or not the peer receives the abort.
    pub(crate) fn abort(mut self, why: &Error) {
        let reason = match why {
            Error::Protocol { .. } | Error::PduTooLong { .. } => {
                AbortRQServiceProviderReason::UnexpectedPdu
            }
            _ => AbortRQServiceProviderReason::ReasonNotSpecified,
        };
        let _ = self.write(&Pdu::AbortRQ { source: AbortRQSource::ServiceProvider(reason) });
    }
}

fn unexpected(got: &'static str) -> Error {
    Error::Protocol { got: got.to_owned(), expected: "messages as PS3.7 and PS3.8 define them" }
}
