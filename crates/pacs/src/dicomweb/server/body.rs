//! The body of a request in either framing (RFC 9112 6 and 7). The client may not be silent for
//! long.

use crate::association::Stream;
use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};
use std::time::{Duration, Instant};

/// Bytes of a line between two chunks, and of all lines after the last.
const MAX_LINE: u64 = 4 << 10;

/// The length of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// A known number of bytes.
    Bytes(u64),
    /// Chunks, each with its length.
    Chunked,
}

/// A connection with time limits: on each silence, and on the whole request.
pub(super) struct Patient<'a> {
    pub(super) stream: &'a mut Stream,
    pub(super) idle: Duration,
    pub(super) end: Instant,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_deadline(self.end.min(Instant::now() + self.idle));
        self.stream.read(buffer)
    }
}

/// The body.
pub(super) struct Body<R> {
    source: BufReader<io::Chain<Cursor<Vec<u8>>, R>>,
    length: Length,
    /// Bytes that are left, of the body or of the chunk.
    left: u64,
    /// True within a chunk, which ends with a line.
    within: bool,
    ended: bool,
}

impl<R: Read> Body<R> {
    /// Makes a body from the bytes that were read with the head, and the source of the others.
    pub(super) fn new(rest: Vec<u8>, source: R, length: Length) -> Self {
        let left = if let Length::Bytes(bytes) = length { bytes } else { 0 };
        let source = BufReader::with_capacity(64 << 10, Cursor::new(rest).chain(source));
        Self { source, length, left, within: false, ended: false }
    }

    /// Goes to the next chunk.
    fn next_chunk(&mut self) -> io::Result<()> {
        if self.within && !self.line(MAX_LINE)?.trim_ascii().is_empty() {
            return Err(wrong());
        }
        let line = self.line(MAX_LINE)?;
        self.left = match httparse::parse_chunk_size(&line) {
            Ok(httparse::Status::Complete((_, length))) => length,
            _ => return Err(wrong()),
        };
        self.within = true;
        if self.left == 0 { self.trailers() } else { Ok(()) }
    }

    /// Passes over what may follow the last chunk.
    fn trailers(&mut self) -> io::Result<()> {
        let mut room = MAX_LINE;
        loop {
            let line = self.line(room)?;
            if line.trim_ascii().is_empty() {
                self.ended = true;
                return Ok(());
            }
            room -= line.len() as u64;
        }
    }

    /// A line with its end.
    fn line(&mut self, room: u64) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        (&mut self.source).take(room).read_until(b'\n', &mut line)?;
        if line.ends_with(b"\r\n") { Ok(line) } else { Err(wrong()) }
    }
}

impl<R: Read> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && self.length == Length::Chunked && !self.ended {
            self.next_chunk()?;
        }
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.source.read(&mut buffer[..wanted])?;
        self.left -= read as u64;
        // A client that closes before the end has not sent it all.
        if read == 0 { Err(ErrorKind::ConnectionReset.into()) } else { Ok(read) }
    }
}

/// The error of a broken framing: the end of the body is unknown.
fn wrong() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a chunk that is none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], length: Length, at: usize) -> io::Result<Vec<u8>> {
        let (rest, later) = bytes.split_at(at.min(bytes.len()));
        let mut whole = Vec::new();
        Body::new(rest.to_vec(), later, length).read_to_end(&mut whole)?;
        Ok(whole)
    }

    #[test]
    fn chunks_are_put_together() {
        let bytes =
            b"4\r\nWiki\r\n6;a=b\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nX: y\r\n\r\nPOST /";
        for at in 0..bytes.len() {
            assert_eq!(read(bytes, Length::Chunked, at).unwrap(), b"Wikipedia in \r\n\r\nchunks.");
        }
        for end in 0..bytes.len() - 7 {
            assert!(read(&bytes[..end], Length::Chunked, 0).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [&b"1;"[..], &[b'x'; 5000], b"\r\na\r\n0\r\n\r\n"].concat();
        let trailers = [b"0\r\n", b"a: b\r\n".repeat(1000).as_slice(), b"\r\n"].concat();
        let wrong: [&[u8]; 7] = [
            b"x\r\n",
            b"-1\r\n",
            b"1\r\nab\r\n0\r\n\r\n",
            b"FFFFFFFFFFFFFFFFF\r\n",
            b"\r\n",
            &long,
            &trailers,
        ];
        for bytes in wrong {
            assert!(read(bytes, Length::Chunked, 0).is_err());
        }
    }

    #[test]
    fn a_body_ends_with_its_length() {
        assert_eq!(read(b"abcdef", Length::Bytes(4), 2).unwrap(), b"abcd");
        assert_eq!(read(b"", Length::Bytes(0), 0).unwrap(), b"");
        assert!(read(b"abc", Length::Bytes(4), 2).is_err());
    }

    proptest! {
        #[test]
        fn chunks_survive_and_no_bytes_panic(parts: Vec<Vec<u8>>, noise: Vec<u8>, at: u8) {
            let chunk = |part: &Vec<u8>| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
            let full: Vec<_> = parts.iter().filter(|part| !part.is_empty()).map(chunk).collect();
            let bytes = [full.concat(), b"0\r\n\r\n".to_vec()].concat();
            prop_assert_eq!(read(&bytes, Length::Chunked, at.into()).unwrap(), parts.concat());
            let _ = read(&noise, Length::Chunked, at.into());
        }
    }
}
