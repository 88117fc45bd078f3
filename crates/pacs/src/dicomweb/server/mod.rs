//! STOW-RS over HTTP (PS3.18 10.5): instances posted to `/dicom-web/studies` go into an inbox. A
//! connection has a thread and carries one request.

mod body;
mod config;
mod request;
mod response;

pub use crate::socket::Stopper;
pub use config::Config;

use super::stow::{Answer, Receiver};
use crate::association::Stream;
use crate::error::{Error, Result, network};
use crate::event::{Event, Events};
use crate::inbox::Inbox;
use crate::socket::{Serve, Socket, cause};
use body::{Body, Patient};
use connections::Slot;
use request::Request;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The time that a client has to take its answer and to close the connection.
const FAREWELL: Duration = Duration::from_secs(3);

/// A socket that listens for HTTP, and the configuration of its server.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    config: Config,
}

impl Listener {
    /// Opens the socket. Connections are answered from [`Listener::serve`] on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], and [`Error::Address`] where the address is taken or not
    /// ours.
    pub fn bind(config: &Config) -> Result<Self> {
        config.check()?;
        let socket = Socket::bind(config.address, config.max_requests, config.tls.as_ref())?;
        Ok(Self { socket, config: config.clone() })
    }

    /// The address, with the port that the system chose where none was given.
    pub fn address(&self) -> SocketAddr {
        self.socket.address()
    }

    /// The handle that ends [`Listener::serve`].
    pub fn stopper(&self) -> Stopper {
        self.socket.stopper()
    }

    /// Receives instances into the inbox until it is stopped and the last request is answered.
    ///
    /// # Errors
    /// [`Error::Address`] if the socket is of no use any more. What goes wrong with one request is
    /// an [`Event::Ended`].
    pub fn serve(&self, inbox: &Inbox, events: Events) -> Result<()> {
        self.socket.serve(&Requests { config: &self.config, inbox, events }, events)
    }
}

struct Requests<'a> {
    config: &'a Config,
    inbox: &'a Inbox,
    events: Events<'a>,
}

/// The reason why a request is not served: the status (RFC 9110 15), and an explanation.
type Refusal = (u16, Error);

impl Serve for Requests<'_> {
    fn serve(&self, mut stream: Stream, peer: SocketAddr, slot: &Slot) {
        let answer = self.answer(&mut stream, peer, slot).unwrap_or_else(|(status, error)| {
            let answer = Answer::problem(status, &error.to_string());
            (self.events)(&Event::Ended { peer, instances: 0, error: cause(slot, error) });
            answer
        });
        respond(stream, &answer);
    }

    fn turn_away(&self, stream: Stream) -> Error {
        let detail = "there are as many requests as are taken at a time; send it again in a moment";
        respond(stream, &Answer::problem(503, detail));
        Error::Refused { reason: "too many requests" }
    }
}

/// Answers, and ends the connection. An error of the connection changes nothing: stored instances
/// stay stored.
fn respond(mut stream: Stream, answer: &Answer) {
    let end = Instant::now() + FAREWELL;
    stream.set_deadline(end);
    if stream.write_all(&response::bytes(answer)).and_then(|()| stream.flush()).is_ok() {
        stream.close(end);
    }
}

impl Requests<'_> {
    /// Receives a request and its body.
    fn answer(
        &self,
        stream: &mut Stream,
        peer: SocketAddr,
        slot: &Slot,
    ) -> std::result::Result<Answer, Refusal> {
        let Config { authorization, transfer_syntaxes, limits, idle, request, .. } = self.config;
        let begin = Instant::now();
        // The head comes from anybody, so all of it has the time of one silence.
        let mut patient = Patient { stream, idle: *idle, end: begin + *idle };
        let (head, rest) = Request::read(&mut patient)?;
        patient.end = begin + *request;
        let length = head.admit(authorization.as_ref(), limits.max_body_bytes)?;
        // From here on it is somebody who may ask, and keeps the slot.
        let _request = slot.task();
        if head.expects_continue {
            let said =
                patient.stream.write_all(response::CONTINUE).and_then(|()| patient.stream.flush());
            said.map_err(|error| broken(network(error)))?;
        }
        let receiver =
            Receiver { inbox: self.inbox, transfer_syntaxes, limits: *limits, events: self.events };
        let mut body = Body::new(rest, patient, length);
        receiver.receive(&head.content_type, &mut body, &peer.ip().to_string()).map_err(broken)
    }
}

/// The refusal of a request that breaks off. A client that is late may still read it.
fn broken(error: Error) -> Refusal {
    (if matches!(error, Error::TimedOut) { 408 } else { 400 }, error)
}
