//! C-MOVE (PS3.4 C.4.2), Study Root: asks a PACS to send instances to a storage SCP, such as this
//! program's.

use super::find::{Level, Match, identifier};
use super::{MESSAGE_ID, Peer, answer, failure, status_of};
use crate::association::Timeouts;
use crate::command::{C_MOVE, Command, element, status};
use crate::error::Result;
use crate::uids::STUDY_ROOT_MOVE;

/// The numbers of instances, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The number sent without a fault.
    pub completed: u16,
    /// The number that could not be sent.
    pub failed: u16,
    /// The number sent with a warning.
    pub warning: u16,
}

impl Peer {
    /// Asks the peer to send the instances that these UIDs name to the storage SCP of this AE
    /// title, whose address it must know. Waits until they are sent: between two answers the peer
    /// may be silent for the time of a message.
    ///
    /// # Errors
    /// Those of a connection, [`crate::Error::Rejected`], [`crate::Error::NotAccepted`], and
    /// [`crate::Error::Status`] if nothing could be sent at all: A801 where the peer does not know
    /// the AE title.
    pub fn move_to(&self, destination: &str, level: Level, uids: &Match) -> Result<Moved> {
        let timeouts = Timeouts { idle: self.timeouts.message, ..self.timeouts };
        self.with_service(
            STUDY_ROOT_MOVE,
            "C-MOVE, Study Root",
            timeouts,
            |association, context| {
                let question = Command::request(C_MOVE, MESSAGE_ID, STUDY_ROOT_MOVE)
                    .with_u16(element::PRIORITY, 0)
                    .with_text(element::MOVE_DESTINATION, destination);
                association.send(
                    context,
                    &question,
                    Some(&mut identifier(level, uids).as_slice()),
                )?;
                loop {
                    let answer = answer(association)?;
                    // At the end come the UIDs of the instances that could not be sent.
                    if answer.has_data() {
                        association.receive_data(context, |_| ())?;
                    }
                    let status = status_of(&answer);
                    if status == status::SUCCESS || status::is_warning(status) {
                        return Ok(moved(&answer));
                    }
                    if !status::is_pending(status) {
                        return Err(failure("C-MOVE", &answer));
                    }
                }
            },
        )
    }
}

fn moved(answer: &Command) -> Moved {
    let count = |element| answer.u16(element).unwrap_or(0);
    Moved {
        completed: count(element::COMPLETED),
        failed: count(element::FAILED),
        warning: count(element::WARNING),
    }
}
