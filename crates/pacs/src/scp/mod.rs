//! The storage SCP: it listens, gives each association a thread, and stores what arrives in an
//! inbox (PS3.4 B).

mod association;
mod config;

pub use crate::socket::Stopper;
pub use config::Config;
pub(crate) use config::is_ae_title;

use crate::association::{Acceptor, Stream, accept, refuse};
use crate::error::{Error, Result};
use crate::event::{Event, Events};
use crate::inbox::Inbox;
use crate::socket::{Serve, Socket, cause};
use connections::Slot;
use std::net::SocketAddr;

/// A listening socket, and the settings of its associations.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    acceptor: Acceptor,
}

impl Listener {
    /// Listens. Connections are answered from [`Listener::serve`] on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], and [`Error::Address`] where the address is taken or not
    /// ours.
    pub fn bind(config: &Config) -> Result<Self> {
        let acceptor = config.acceptor()?;
        let socket = Socket::bind(config.address, config.max_associations, config.tls.as_ref())?;
        Ok(Self { socket, acceptor })
    }

    /// The address, with the port that the system chose where none was given.
    pub fn address(&self) -> SocketAddr {
        self.socket.address()
    }

    /// The handle that ends [`Listener::serve`].
    pub fn stopper(&self) -> Stopper {
        self.socket.stopper()
    }

    /// Receives instances into the inbox until it is stopped and the last association has ended.
    ///
    /// # Errors
    /// [`Error::Address`] if the socket is of no use any more. What goes wrong with one association
    /// is an [`crate::Event::Ended`].
    pub fn serve(&self, inbox: &Inbox, events: Events) -> Result<()> {
        self.socket.serve(&Associations { acceptor: &self.acceptor, inbox, events }, events)
    }
}

struct Associations<'a> {
    acceptor: &'a Acceptor,
    inbox: &'a Inbox,
    events: Events<'a>,
}

impl Serve for Associations<'_> {
    fn serve(&self, stream: Stream, peer: SocketAddr, slot: &Slot) {
        match accept(stream, self.acceptor, slot) {
            Ok((association, calling, _until_its_end)) => {
                association::serve((association, calling), peer, self.inbox, self.events);
            }
            Err(error) => {
                (self.events)(&Event::Ended { peer, instances: 0, error: cause(slot, error) })
            }
        }
    }

    fn turn_away(&self, stream: Stream) -> Error {
        refuse(stream, &self.acceptor.timeouts)
    }
}
