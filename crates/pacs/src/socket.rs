//! A listening socket, with TLS on request. It gives each connection a thread and a slot, turns
//! away those beyond the limit, and ends when it is told to.

use crate::association::{Stopping, Stream, Timed};
use crate::error::{Error, Result};
use crate::event::{Event, Events};
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

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Socket {
    tcp: TcpListener,
    address: SocketAddr,
    slots: Arc<Slots>,
    tls: Option<Arc<ServerConfig>>,
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

/// The treatment of connections.
pub(crate) trait Serve: Sync {
    /// Serves a connection to its end. While it has no task ([`Slot::task`]), it may have to make
    /// room for others.
    fn serve(&self, stream: Stream, peer: SocketAddr, slot: &Slot);

    /// Tells the peer that there are too many connections. Returns that as an error.
    fn turn_away(&self, stream: Stream) -> Error;
}

impl Socket {
    pub(crate) fn bind(
        address: SocketAddr,
        max_connections: usize,
        tls: Option<&ServerTls>,
    ) -> Result<Self> {
        let tls = tls.map(ServerTls::config).transpose()?;
        let failed = |source| Error::Address { address: address.to_string(), source };
        let tcp = TcpListener::bind(address).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self {
            tcp,
            address,
            slots: Slots::new(max_connections),
            tls,
            stopping: Stopping::default(),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stopper(&self) -> Stopper {
        Stopper { address: self.address, stopping: Arc::clone(&self.stopping) }
    }

    /// Serves connections until it is stopped and the last one has ended. A failure of a connection
    /// before it is served is an [`Event::Ended`].
    pub(crate) fn serve(&self, server: &dyn Serve, events: Events) -> Result<()> {
        thread::scope(|scope| {
            let (too_many, turned_away) = sync_channel(TURNED_AWAY);
            scope.spawn(move || self.turn_away(turned_away, server, events));
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
                self.admit(scope, (tcp, peer), server, events, &too_many);
            }
        })
    }

    /// Gives a connection a thread, or turns it away.
    fn admit<'scope, 'env: 'scope>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        (tcp, peer): (TcpStream, SocketAddr),
        server: &'env dyn Serve,
        events: Events<'env>,
        too_many: &SyncSender<(TcpStream, SocketAddr)>,
    ) {
        let Some(slot) = self.slot(&tcp, peer) else {
            // If even those are too many, dropping the connection closes it.
            let _ = too_many.try_send((tcp, peer));
            return;
        };
        let work = move || match self.stream(tcp) {
            Ok(stream) => server.serve(stream, peer, &slot),
            Err(error) => events(&Event::Ended { peer, instances: 0, error }),
        };
        // If no thread can be had, dropping the work closes the connection.
        let _ = thread::Builder::new().spawn_scoped(scope, work);
    }

    /// Takes a slot for a connection, which is shut down when it must make room.
    fn slot(&self, tcp: &TcpStream, peer: SocketAddr) -> Option<Slot> {
        let handle = tcp.try_clone().ok()?;
        self.slots.take(peer.ip(), move || drop(handle.shutdown(Shutdown::Both)))
    }

    fn turn_away(
        &self,
        connections: Receiver<(TcpStream, SocketAddr)>,
        server: &dyn Serve,
        events: Events,
    ) {
        for (tcp, peer) in connections {
            let error = match self.stream(tcp) {
                Ok(stream) => server.turn_away(stream),
                Err(error) => error,
            };
            events(&Event::Ended { peer, instances: 0, error });
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

/// The cause of a connection's end: that it made room for another, if it did; else `error`.
pub(crate) fn cause(slot: &Slot, error: Error) -> Error {
    if slot.has_made_room() {
        Error::Refused { reason: "its slot was needed by another connection" }
    } else {
        error
    }
}

/// Tells whether no further connection can come. Other errors concern one connection, or a
/// temporary shortage.
fn is_fatal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
}
