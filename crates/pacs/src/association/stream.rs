//! A connection whose every read and write ends by a deadline, plain or under TLS.

use rustls::{ClientConnection, ServerConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The longest time until a request to stop is noticed.
const SLICE: Duration = Duration::from_millis(250);
/// The time that a message may continue after a request to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A flag, set once, that asks every association that shares it to end.
pub(crate) type Stopping = Arc<AtomicBool>;

/// A TCP connection with a deadline. With a timeout of the socket alone, a peer could send a byte
/// now and then for ever.
#[derive(Debug)]
pub(crate) struct Timed {
    tcp: TcpStream,
    deadline: Instant,
    stopping: Stopping,
    /// True between messages, where a request to stop takes effect at once.
    between_messages: bool,
    last: Option<Instant>,
}

impl Timed {
    pub(crate) fn new(tcp: TcpStream, stopping: Stopping) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, deadline: Instant::now(), stopping, between_messages: false, last: None })
    }

    /// The time left, at most a slice of it. A request to stop gives the error of an aborted
    /// connection.
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

    /// Works with the socket until the work is done, fails or is late.
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

    /// Sets the time when all that follows must be done.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        let timed = self.timed();
        timed.deadline = deadline;
        timed.between_messages = false;
    }

    /// Sets the time when the next message must begin.
    pub(crate) fn wait_for_message_until(&mut self, deadline: Instant) {
        let timed = self.timed();
        timed.deadline = deadline;
        timed.between_messages = true;
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
