//! A connection whose every read and write ends by a deadline, plain or under TLS.

use rustls::{ClientConnection, ServerConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a request to stop can go unseen.
const SLICE: Duration = Duration::from_millis(250);
/// How long a message that is under way may go on after a request to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Set once, to ask every association that shares it to end.
pub(crate) type Stopping = Arc<AtomicBool>;

/// A TCP connection with a deadline. A timeout of the socket alone would let a peer send a byte now
/// and then for ever.
#[derive(Debug)]
pub(crate) struct Timed {
    tcp: TcpStream,
    deadline: Instant,
    stopping: Stopping,
    /// Between messages a request to stop is heeded at once.
    between_messages: bool,
    last: Option<Instant>,
}

impl Timed {
    pub(crate) fn new(tcp: TcpStream, stopping: Stopping) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, deadline: Instant::now(), stopping, between_messages: false, last: None })
    }

    /// Time that is left, at most a slice of it. A request to stop is a connection that is aborted,
    /// on our side.
    fn left(&mut self) -> io::Result<Duration> {
        let now = Instant::now();
        if self.stopping.load(Ordering::Relaxed) {
            if self.between_messages {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            let last = *self.last.get_or_insert(now + GRACE);
            self.deadline = self.deadline.min(last);
        }
        let left = self.deadline.saturating_duration_since(now);
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left.min(SLICE)) }
    }

    /// Does something with the socket until it is done, fails or is late.
    fn until_deadline<T>(
        &mut self,
        limit: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = self.left()?;
            limit(&self.tcp, Some(left))?;
            match act(&mut self.tcp) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                other => return other,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.until_deadline(TcpStream::set_read_timeout, |tcp| tcp.read(buffer))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_deadline(TcpStream::set_write_timeout, |tcp| tcp.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

/// A connection, plain or under TLS. The handshake happens at the first read or write, before its
/// deadline.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Timed),
    Server(Box<StreamOwned<ServerConnection, Timed>>),
    Client(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Stream {
    fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(timed) => timed,
            Self::Server(stream) => &mut stream.sock,
            Self::Client(stream) => &mut stream.sock,
        }
    }

    /// Sets when all that follows has to be done.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        let timed = self.timed();
        timed.deadline = deadline;
        timed.between_messages = false;
    }

    /// Sets when the next message has to begin.
    pub(crate) fn wait_for_message_until(&mut self, deadline: Instant) {
        let timed = self.timed();
        timed.deadline = deadline;
        timed.between_messages = true;
    }

    /// Says that no more will be written, and reads what still comes until the deadline: a
    /// connection that is closed with bytes unread may take the answer before them along.
    pub(crate) fn close(mut self, deadline: Instant) {
        self.set_deadline(deadline);
        let tls = match &mut self {
            Self::Plain(_) => Ok(()),
            Self::Server(stream) => {
                stream.conn.send_close_notify();
                stream.flush()
            }
            Self::Client(stream) => {
                stream.conn.send_close_notify();
                stream.flush()
            }
        };
        let timed = self.timed();
        if tls.and_then(|()| timed.tcp.shutdown(Shutdown::Write)).is_ok() {
            // It ends with the peer, or with the time.
            let _ = io::copy(timed, &mut io::sink());
        }
    }

    fn both(&mut self) -> &mut dyn ReadWrite {
        match self {
            Self::Plain(timed) => timed,
            Self::Server(stream) => stream.as_mut(),
            Self::Client(stream) => stream.as_mut(),
        }
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.both().read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.both().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.both().flush()
    }
}
