//! The storage SCP: listens, gives each association a thread, and keeps what arrives in an inbox (PS3.4 B).

mod association;
mod config;

pub use config::Config;
pub(crate) use config::is_ae_title;

use crate::association::{Acceptor, Stopping, Stream, Timed, refuse};
use crate::error::{Error, Result};
use crate::event::{Event, Events};
use crate::inbox::Inbox;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Scope};
use std::time::Duration;

/// So many who are too many wait to be told so. Those after them are hung up on.
const TURNED_AWAY: usize = 8;
/// After the system could not give us a connection, for want of files or memory.
const BREATH: Duration = Duration::from_millis(100);

/// A socket that listens, and what is accepted there.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    acceptor: Acceptor,
    max_associations: usize,
    tls: Option<Arc<ServerConfig>>,
    stopping: Stopping,
}

/// Ends a listener from another thread, for instance one that waits for signals.
#[derive(Clone, Debug)]
pub struct Stopper {
    address: SocketAddr,
    stopping: Stopping,
}

impl Stopper {
    /// Asks the listener to stop: nobody is let in any more, associations end between two messages, and a message that
    /// is under way has five seconds.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the listener, which waits for connections. Where it does not come through, the next one does it.
        let _ = TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(1));
    }
}

/// Where a socket that listens on all addresses can be reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}

impl Listener {
    /// Listens. Connections are answered from [`Listener::serve`] on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], and [`Error::Address`] where the address is taken or not ours.
    pub fn bind(config: &Config) -> Result<Self> {
        let acceptor = config.acceptor()?;
        let tls = config.tls.as_ref().map(|tls| tls.config()).transpose()?;
        let failed = |source| Error::Address { address: config.address.to_string(), source };
        let socket = TcpListener::bind(config.address).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let max_associations = config.max_associations;
        Ok(Self { socket, address, acceptor, max_associations, tls, stopping: Stopping::default() })
    }

    /// The address, with the port that the system chose where none was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends [`Listener::serve`].
    pub fn stopper(&self) -> Stopper {
        Stopper { address: self.address, stopping: Arc::clone(&self.stopping) }
    }

    /// Receives instances into the inbox until it is stopped and the last association has ended.
    ///
    /// # Errors
    /// [`Error::Address`] if the socket is of no use any more. What goes wrong with one association is an
    /// [`Event::Ended`].
    pub fn serve(&self, inbox: &Inbox, events: Events) -> Result<()> {
        let active = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (too_many, turned_away) = sync_channel(TURNED_AWAY);
            scope.spawn(move || self.turn_away(turned_away, events));
            loop {
                let (tcp, peer) = match self.socket.accept() {
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
                self.admit(scope, (tcp, peer), inbox, events, &active, &too_many);
            }
        })
    }

    /// Gives a connection a thread, or turns it away.
    fn admit<'scope, 'env: 'scope>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        (tcp, peer): (TcpStream, SocketAddr),
        inbox: &'env Inbox,
        events: Events<'env>,
        active: &'env AtomicUsize,
        too_many: &SyncSender<(TcpStream, SocketAddr)>,
    ) {
        if active.load(Ordering::Relaxed) >= self.max_associations {
            // Where even those are too many, dropping the connection closes it.
            let _ = too_many.try_send((tcp, peer));
            return;
        }
        active.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            let _one = Active(active);
            match self.stream(tcp) {
                Ok(stream) => association::serve(stream, peer, &self.acceptor, inbox, events),
                Err(error) => events(&Event::Ended { peer, instances: 0, error }),
            }
        };
        if thread::Builder::new().spawn_scoped(scope, work).is_err() {
            active.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn turn_away(&self, connections: Receiver<(TcpStream, SocketAddr)>, events: Events) {
        for (tcp, peer) in connections {
            let error = match self.stream(tcp) {
                Ok(stream) => refuse(stream, &self.acceptor.timeouts),
                Err(error) => error,
            };
            events(&Event::Ended { peer, instances: 0, error });
        }
    }

    fn stream(&self, tcp: TcpStream) -> Result<Stream> {
        let timed =
            Timed::new(tcp, Arc::clone(&self.stopping)).map_err(|source| Error::Network { source })?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(timed)) };
        let connection = ServerConnection::new(Arc::clone(tls))
            .map_err(|error| Error::Network { source: io::Error::other(error) })?;
        Ok(Stream::Server(Box::new(StreamOwned::new(connection, timed))))
    }
}

/// Counts an association until it ends, however it ends.
struct Active<'a>(&'a AtomicUsize);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether no further connection can come. Others concern one connection, or a want that passes.
fn is_fatal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
}
