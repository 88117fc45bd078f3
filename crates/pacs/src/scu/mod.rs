//! Requests to a PACS by associations: verification, queries, having instances sent here, and
//! storing instances there.

mod find;
mod moving;
mod store;

pub use find::{Level, Match};
pub use moving::Moved;

use crate::association::{Association, Proposed, Stopping, Stream, Timed, Timeouts, request};
use crate::command::{C_ECHO, Command, element, status};
use crate::error::{Error, Result};
use crate::scp::is_ae_title;
use crate::uids::{IMPLICIT_VR_LITTLE_ENDIAN, VERIFICATION};
use connections::{ClientTls, TlsError};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};

/// The most bytes of a P-DATA-TF that this program accepts.
const MAX_PDU: u32 = 128 << 10;
/// The number of every message. There is one request at a time, so they need no different numbers.
const MESSAGE_ID: u16 = 1;

/// A PACS, or another application that answers associations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Host and port, such as `pacs.example:11112`.
    pub address: String,
    /// Its AE title.
    pub ae_title: String,
    /// This program's AE title, which the peer must know.
    pub calling: String,
    /// The times that it may take.
    pub timeouts: Timeouts,
    /// TLS, if given.
    pub tls: Option<ClientTls>,
}

impl Peer {
    /// A peer without TLS, with the default timeouts.
    pub fn new(address: &str, ae_title: &str, calling: &str) -> Self {
        Self {
            address: address.to_owned(),
            ae_title: ae_title.to_owned(),
            calling: calling.to_owned(),
            timeouts: Timeouts::default(),
            tls: None,
        }
    }

    /// Asks whether it is there and knows this program: C-ECHO (PS3.7 9.1.5).
    ///
    /// # Errors
    /// Those of a connection, [`Error::Rejected`], [`Error::NotAccepted`], [`Error::Status`].
    pub fn echo(&self) -> Result<()> {
        self.with_service(VERIFICATION, "verification", self.timeouts, |association, context| {
            let question = Command::request(C_ECHO, MESSAGE_ID, VERIFICATION);
            association.send(context, &question, None)?;
            expect_success("C-ECHO", &answer(association)?)
        })
    }

    /// Works in an association with one service, in implicit VR little endian, which every peer
    /// has.
    fn with_service<T>(
        &self,
        sop_class: &str,
        service: &str,
        timeouts: Timeouts,
        act: impl FnOnce(&mut Association, u8) -> Result<T>,
    ) -> Result<T> {
        let proposed = Proposed {
            abstract_syntax: sop_class.to_owned(),
            transfer_syntaxes: vec![IMPLICIT_VR_LITTLE_ENDIAN.to_owned()],
        };
        self.with_association(&[proposed], timeouts, |association| {
            let Some(context) = association.contexts().first().map(|context| context.id) else {
                return Err(Error::NotAccepted { service: service.to_owned() });
            };
            act(association, context)
        })
    }

    /// Works in an association, which is released after success and aborted after a failure.
    fn with_association<T>(
        &self,
        proposed: &[Proposed],
        timeouts: Timeouts,
        act: impl FnOnce(&mut Association) -> Result<T>,
    ) -> Result<T> {
        let titles = [self.calling.as_str(), self.ae_title.as_str()];
        if let Some(wrong) = titles.iter().find(|title| !is_ae_title(title)) {
            let expected = "1 to 16 printable ASCII characters, none of them a backslash";
            return Err(Error::Setting { setting: "AE title", got: (*wrong).to_owned(), expected });
        }
        let mut association = request(self.connect()?, titles, proposed, MAX_PDU, timeouts)?;
        match act(&mut association) {
            // The work is done, however the release goes.
            Ok(outcome) => {
                let _ = association.release();
                Ok(outcome)
            }
            Err(error) => {
                association.abort(&error);
                Err(error)
            }
        }
    }

    fn connect(&self) -> Result<Stream> {
        let failed = |source| Error::Address { address: self.address.clone(), source };
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no address of this name");
        for address in self.address.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&address, self.timeouts.association) {
                Ok(tcp) => {
                    return self.stream(Timed::new(tcp, Stopping::default()).map_err(failed)?);
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    fn stream(&self, timed: Timed) -> Result<Stream> {
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(timed)) };
        let host = self.address.rsplit_once(':').map_or(self.address.as_str(), |(host, _)| host);
        let name = tls.server_name.as_deref().unwrap_or(host.trim_matches(['[', ']'])).to_owned();
        let failed = |reason| Error::from(TlsError { path: tls.authorities.clone(), reason });
        let name = ServerName::try_from(name).map_err(|error| failed(error.to_string()))?;
        let connection = ClientConnection::new(tls.config()?, name)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Stream::Client(Box::new(StreamOwned::new(connection, timed))))
    }
}

/// The next answer.
fn answer(association: &mut Association) -> Result<Command> {
    let (_, answer) = association.receive_command()?.ok_or(Error::Closed)?;
    let is_ours = answer.u16(element::RESPONDED_MESSAGE_ID) == Some(MESSAGE_ID);
    if is_ours && answer.u16(element::STATUS).is_some() {
        return Ok(answer);
    }
    Err(Error::Protocol {
        got: "another command".to_owned(),
        expected: "the answer to our question",
    })
}

fn expect_success(operation: &'static str, answer: &Command) -> Result<()> {
    let status = status_of(answer);
    if status == status::SUCCESS || status::is_warning(status) {
        return Ok(());
    }
    Err(failure(operation, answer))
}

fn status_of(answer: &Command) -> u16 {
    answer.u16(element::STATUS).unwrap_or(status::PROCESSING_FAILURE)
}

fn failure(operation: &'static str, answer: &Command) -> Error {
    let said = answer.text(element::ERROR_COMMENT).unwrap_or("");
    let plain: String =
        said.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(64).collect();
    let comment = if plain.is_empty() { plain } else { format!(" ({plain})") };
    Error::Status { operation, status: status_of(answer), comment }
}
