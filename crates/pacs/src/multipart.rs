//! Bodies of several parts (RFC 2046 5.1, PS3.18 8.6.1.2), read as a stream: memory holds only a
//! buffer.

use crate::error::{Error, Result, network};
use std::io::{self, ErrorKind, Read};

const BUFFER: usize = 64 << 10;
/// The most bytes of the headers of one part. Real ones have some hundred.
const MAX_HEADERS: usize = 16 << 10;

/// Where in the body the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Within the preamble or a part.
    Content,
    /// At a delimiter.
    Delimiter,
    /// After the last delimiter.
    End,
}

/// A body of several parts.
#[derive(Debug)]
pub(crate) struct Multipart<R> {
    source: R,
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    /// The range `begin..end` of the buffer is read and not yet returned.
    begin: usize,
    end: usize,
    at: At,
}

impl<R: Read> Multipart<R> {
    pub(crate) fn new(source: R, boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        let mut buffer = vec![0; BUFFER + MAX_HEADERS];
        // The first delimiter may be at the very start, without a line end before it.
        buffer[..2].copy_from_slice(b"\r\n");
        Self { source, delimiter, buffer, begin: 0, end: 2, at: At::Content }
    }

    /// Goes to the next part, and skips the rest of the one before. Returns its Content-Type, empty
    /// if it has none; `None` after the last part.
    ///
    /// # Errors
    /// [`Error::Multipart`], or what is wrong with the source.
    pub(crate) fn next_part(&mut self) -> Result<Option<String>> {
        while !self.content().map_err(fault)?.is_empty() {
            self.begin = self.content_end();
        }
        if self.at == At::End {
            return Ok(None);
        }
        self.begin += self.delimiter.len();
        self.at_least(2).map_err(fault)?;
        if self.filled().starts_with(b"--") {
            self.at = At::End;
            return Ok(None);
        }
        let headers = self.headers()?;
        self.at = At::Content;
        // Text after the boundary on its line is padding.
        if headers.split(|&c| c == b'\r').next().is_some_and(|line| !line.trim_ascii().is_empty()) {
            return Err(Error::Multipart { got: "a boundary that goes on" });
        }
        Ok(Some(content_type(&headers)))
    }

    /// Reads from a delimiter to the empty line after the headers, the rest of the delimiter's line
    /// included.
    fn headers(&mut self) -> Result<Vec<u8>> {
        let mut known = 0;
        loop {
            let filled = self.filled();
            // A part without headers has its empty line at once.
            if let Some(at) = filled[known..].windows(4).position(|four| four == b"\r\n\r\n") {
                let headers = filled[..known + at].to_vec();
                self.begin += known + at + 4;
                return Ok(headers);
            }
            known = filled.len().saturating_sub(3);
            if filled.len() > MAX_HEADERS {
                return Err(Error::Multipart { got: "headers of a part beyond 16 KiB" });
            }
            let more = filled.len() + 1;
            self.at_least(more).map_err(fault)?;
        }
    }

    fn filled(&self) -> &[u8] {
        &self.buffer[self.begin..self.end]
    }

    /// The content in the buffer, without bytes that may begin a delimiter. Empty at a delimiter
    /// and at the end.
    fn content(&mut self) -> io::Result<&[u8]> {
        while self.at == At::Content {
            let end = self.content_end();
            if end > self.begin {
                return Ok(&self.buffer[self.begin..end]);
            }
            if self.filled().starts_with(&self.delimiter) {
                self.at = At::Delimiter;
            } else {
                self.at_least(self.end - self.begin + 1)?;
            }
        }
        Ok(&[])
    }

    /// The position in the buffer where content certainly ends: at a delimiter, or at a possible
    /// start of one.
    fn content_end(&self) -> usize {
        if self.at != At::Content {
            return self.begin;
        }
        let filled = self.filled();
        let mut from = 0;
        while let Some(at) = filled[from..].iter().position(|&c| c == b'\r') {
            let rest = &filled[from + at..];
            let length = rest.len().min(self.delimiter.len());
            if rest[..length] == self.delimiter[..length] {
                return self.begin + from + at;
            }
            from += at + 1;
        }
        self.end
    }

    /// Reads until so many bytes are in the buffer.
    fn at_least(&mut self, bytes: usize) -> io::Result<()> {
        if self.begin + bytes > self.buffer.len() {
            self.buffer.copy_within(self.begin..self.end, 0);
            (self.begin, self.end) = (0, self.end - self.begin);
        }
        while self.end - self.begin < bytes {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The content of the part that [`Multipart::next_part`] went to.
impl<R: Read> Read for Multipart<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let content = self.content()?;
        let length = content.len().min(buffer.len());
        buffer[..length].copy_from_slice(&content[..length]);
        self.begin += length;
        Ok(length)
    }
}

fn fault(error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => Error::Multipart { got: "an end before the closing boundary" },
        _ => network(error),
    }
}

fn content_type(headers: &[u8]) -> String {
    let text = String::from_utf8_lossy(headers);
    // A line that begins with a space continues the one before (RFC 5322 2.2.3).
    let unfolded = text.replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-type").then(|| value.trim().to_owned())
    };
    unfolded.lines().find_map(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A source that gives so many bytes at a time.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(buffer.len()).min(self.0.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn parts(body: &[u8], at_a_time: usize) -> Result<Vec<(String, Vec<u8>)>> {
        let mut multipart = Multipart::new(Slowly(body, at_a_time), "xyz");
        let mut parts = Vec::new();
        while let Some(kind) = multipart.next_part()? {
            let mut content = Vec::new();
            multipart.read_to_end(&mut content).map_err(fault)?;
            parts.push((kind, content));
        }
        Ok(parts)
    }

    #[test]
    fn parts_are_read_however_their_bytes_arrive() {
        let body = b"preamble --xyz\r\n--xyz \t\r\nContent-Type:\r\n application/dicom\r\nX: y\r\n\r\nab\r\n--xy\r\r\n\
                     --xyz\r\n\r\n\r\n--xyz\r\ncontent-type: a\r\n\r\n\r\n\r\n--xyz--\r\nepilogue";
        let expected = [("application/dicom", &b"ab\r\n--xy\r"[..]), ("", b""), ("a", b"\r\n")];
        let expected = expected.map(|(kind, content)| (kind.to_owned(), content.to_vec()));
        for at_a_time in [1, 2, 3, 7, 1000] {
            assert_eq!(parts(body, at_a_time).unwrap(), expected);
            assert_eq!(parts(&body[14..], at_a_time).unwrap(), expected, "no preamble");
        }
    }

    #[test]
    fn what_is_not_read_is_passed_over() {
        let body =
            [b"--xyz\r\n\r\n", &vec![b'\r'; 300_000][..], b"\r\n--xyz\r\n\r\nlast\r\n--xyz--"]
                .concat();
        let mut multipart = Multipart::new(body.as_slice(), "xyz");
        multipart.next_part().unwrap().unwrap();
        multipart.read_exact(&mut [0; 1000]).unwrap();
        multipart.next_part().unwrap().unwrap();
        assert_eq!(io::read_to_string(&mut multipart).unwrap(), "last");
        assert_eq!(multipart.next_part().unwrap(), None);
        assert_eq!(multipart.next_part().unwrap(), None);
    }

    #[test]
    fn a_body_that_is_cut_short_or_never_begins_is_told() {
        let body = b"--xyz\r\nA: b\r\n\r\ncontent\r\n--xyz--";
        for length in 0..body.len() {
            assert!(parts(&body[..length], 5).is_err(), "{length} bytes");
        }
        let endless = [b"--xyz\r\n", &vec![b'a'; 100_000][..]].concat();
        assert!(
            matches!(parts(&endless, 9999), Err(Error::Multipart { got }) if got.contains("16 KiB"))
        );
    }

    proptest! {
        #[test]
        fn content_survives_and_no_bytes_panic(content: Vec<Vec<u8>>, garbage: Vec<u8>, at_a_time in 1_usize..50) {
            let mut body = Vec::new();
            for part in &content {
                body.extend([b"\r\n--xyz\r\nContent-Type: t\r\n\r\n", part.as_slice()].concat());
            }
            body.extend(b"\r\n--xyz--");
            let read = parts(&body, at_a_time).unwrap();
            prop_assert_eq!(read.iter().map(|(_, content)| content).collect::<Vec<_>>(), content.iter().collect::<Vec<_>>());
            let at = garbage.len() * 7 % body.len();
            body.splice(at..at, garbage);
            let _ = parts(&body, at_a_time);
        }
    }
}
