//! The listening socket of a storage SCP, with TLS on request. It gives each connection a thread
//! and a slot, turns away those beyond the limit, and ends when it is told to.

use super::association;
use super::config::Config;
use crate::association::{Acceptor, Stopping, Stream, Timed, accept, refuse};
use crate::error::{Error, Result};
use crate::event::{Event, Events};
use crate::inbox::Inbox;
use connections::{ServerTls, Slot, Slots};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::Duration;

/// The number of connections beyond the limit that wait for a refusal. Further ones are closed
/// without one.
const TURNED_AWAY: usize = 8;
/// The pause after the system could give no connection, for want of files or memory.
const BREATH: Duration = Duration::from_millis(100);

/// A listening socket, and the settings of its associations.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    slots: Arc<Slots>,
    tls: Option<Arc<ServerConfig>>,
    acceptor: Acceptor,
    stopping: Stopping,
}

/// A handle that ends a listener from another thread, such as one that waits for signals.
#[derive(Clone, Debug)]
pub struct Stopper {
    address: SocketAddr,
    stopping: Stopping,
}

impl Stopper {
    /// Asks the listener to stop. No connection is accepted any more, associations end between two
    /// messages, and a message that has begun has five seconds.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        // This wakes the listener, which waits for connections. If it does not come through, the
        // next connection does.
        let _ = TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(1));
    }
}

/// The local address of a socket that listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}

/// The inbox of received instances, and the listener for events.
#[derive(Clone, Copy)]
struct Receiving<'a> {
    inbox: &'a Inbox,
    events: Events<'a>,
}

impl Receiving<'_> {
    /// Tells of a connection that brought nothing.
    fn ended(&self, peer: SocketAddr, error: Error) {
        (self.events)(&Event::Ended { peer, instances: 0, error });
    }
}

impl Listener {
    /// Listens. Connections are answered from [`Listener::serve`] on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], and [`Error::Address`] where the address is taken or not
    /// ours.
    pub fn bind(config: &Config) -> Result<Self> {
        let acceptor = config.acceptor()?;
        let tls = config.tls.as_ref().map(ServerTls::config).transpose()?;
        let failed = |source| Error::Address { address: config.address.to_string(), source };
        let tcp = TcpListener::bind(config.address).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        let slots = Slots::new(config.max_associations);
        Ok(Self { tcp, address, slots, tls, acceptor, stopping: Stopping::default() })
    }

    /// The address, with the port that the system chose where none was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle that ends [`Listener::serve`].
    pub fn stopper(&self) -> Stopper {
        Stopper { address: self.address, stopping: Arc::clone(&self.stopping) }
    }

    /// Receives instances into the inbox until it is stopped and the last association has ended.
    ///
    /// # Errors
    /// [`Error::Address`] if the socket is of no use any more. What goes wrong with one association
    /// is an [`Event::Ended`].
    pub fn serve(&self, inbox: &Inbox, events: Events) -> Result<()> {
        let receiving = Receiving { inbox, events };
        thread::scope(|scope| {
            let (too_many, turned_away) = sync_channel(TURNED_AWAY);
            scope.spawn(move || self.turn_away(turned_away, receiving));
            loop {
                let (tcp, peer) = match self.tcp.accept() {
                    Ok(connection) => connection,
                    Err(error) if is_fatal(&error) => {
                        let address = self.address.to_string();
                        return Err(Error::Address { address, source: error });
                    }
                    Err(_) => {
                        thread::sleep(BREATH);
                        continue;
                    }
                };
                if self.stopping.load(Ordering::Relaxed) {
                    return Ok(());
                }
                self.admit(scope, (tcp, peer), receiving, &too_many);
            }
        })
    }

    /// Gives a connection a thread, or turns it away.
    fn admit<'scope, 'env: 'scope>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        (tcp, peer): (TcpStream, SocketAddr),
        receiving: Receiving<'env>,
        too_many: &SyncSender<(TcpStream, SocketAddr)>,
    ) {
        let Some(slot) = self.slot(&tcp, peer) else {
            // If even those are too many, dropping the connection closes it.
            let _ = too_many.try_send((tcp, peer));
            return;
        };
        let work = move || match self.stream(tcp) {
            Ok(stream) => self.receive((stream, peer), &slot, receiving),
            Err(error) => receiving.ended(peer, error),
        };
        // If no thread can be had, dropping the work closes the connection.
        let _ = thread::Builder::new().spawn_scoped(scope, work);
    }

    /// Takes a slot for a connection, which is shut down when it must make room.
    fn slot(&self, tcp: &TcpStream, peer: SocketAddr) -> Option<Slot> {
        let handle = tcp.try_clone().ok()?;
        self.slots.take(peer.ip(), move || drop(handle.shutdown(Shutdown::Both)))
    }

    /// Serves a connection to its end. While it has no association, it may have to make room.
    fn receive(&self, (stream, peer): (Stream, SocketAddr), slot: &Slot, receiving: Receiving) {
        match accept(stream, &self.acceptor, slot) {
            Ok((association, calling, _until_its_end)) => {
                association::serve((association, calling), peer, receiving.inbox, receiving.events);
            }
            Err(_) if slot.has_made_room() => {
                let reason = "its slot was needed by another connection";
                receiving.ended(peer, Error::Refused { reason });
            }
            Err(error) => receiving.ended(peer, error),
        }
    }

    fn turn_away(&self, connections: Receiver<(TcpStream, SocketAddr)>, receiving: Receiving) {
        for (tcp, peer) in connections {
            let error = match self.stream(tcp) {
                Ok(stream) => refuse(stream, &self.acceptor.timeouts),
                Err(error) => error,
            };
            receiving.ended(peer, error);
        }
    }

    fn stream(&self, tcp: TcpStream) -> Result<Stream> {
        let timed = Timed::new(tcp, Arc::clone(&self.stopping))
            .map_err(|source| Error::Network { source })?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(timed)) };
        let connection = ServerConnection::new(Arc::clone(tls))
            .map_err(|error| Error::Network { source: io::Error::other(error) })?;
        Ok(Stream::Server(Box::new(StreamOwned::new(connection, timed))))
    }
}

/// Tells whether no further connection can come. Other errors concern one connection, or a
/// temporary shortage.
fn is_fatal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
}
