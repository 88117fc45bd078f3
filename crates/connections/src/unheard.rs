//! The reasons why no request came of a connection, and the answer that says so.

use std::io;
use std::time::SystemTime;

use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The most bytes and headers of a request's head. Real ones have some hundred bytes.
pub(crate) const MAX_HEAD: usize = 32 << 10;
pub(crate) const MAX_HEADERS: usize = 64;
/// The most bytes of an answer's body.
const MAX_ANSWER: usize = 64 << 10;

/// The reason why no request came of a connection.
#[derive(Debug)]
pub enum Unheard {
    /// A head of which some came in time, and the rest did not.
    Late,
    /// A head of more than 32 KiB, or of more than 64 headers.
    TooLong,
    /// Bytes that are no head of HTTP/1.
    Malformed,
    /// A connection that made room for another.
    MadeRoom,
    /// A TLS handshake that failed, or a connection that ended.
    Broken(io::Error),
}

impl Unheard {
    /// The reason for the outcome of a connection. `begun` tells whether some of a head came.
    pub(crate) fn of(outcome: hyper::Result<()>, begun: bool) -> Self {
        match outcome {
            Err(error) if error.is_parse_too_large() => Self::TooLong,
            Err(error) if error.is_parse() => Self::Malformed,
            Err(error) if error.is_timeout() && begun => Self::Late,
            Err(error) if error.is_timeout() => Self::Broken(io::ErrorKind::TimedOut.into()),
            Err(error) if !error.is_incomplete_message() => Self::Broken(io::Error::other(error)),
            Ok(()) | Err(_) => Self::Broken(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The status of the answer (RFC 9110 15); `None` if nobody would read one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Late => Some(StatusCode::REQUEST_TIMEOUT),
            Self::TooLong => Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            Self::Malformed => Some(StatusCode::BAD_REQUEST),
            Self::MadeRoom | Self::Broken(_) => None,
        }
    }

    /// The reason in words.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Late => "half a head, expected the rest in time; send it over a faster line",
            Self::TooLong => "a head of more than 32 KiB or 64 headers, expected less",
            Self::Malformed => "a head that is none, expected HTTP/1.1",
            Self::MadeRoom => "its slot was needed by another connection",
            Self::Broken(_) => "the connection ended before a request",
        }
    }
}

/// Writes an answer to a head that was not understood, after which the connection ends.
pub(crate) async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    answer: Response,
) -> io::Result<()> {
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, MAX_ANSWER).await.map_err(io::Error::other)?;
    let (date, length) = (httpdate::fmt_http_date(SystemTime::now()), body.len());
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(
        format!("content-length: {length}\r\nconnection: close\r\ndate: {date}\r\n").as_bytes(),
    );
    bytes.extend([b"\r\n", &body[..]].concat());
    stream.write_all(&bytes).await?;
    stream.flush().await
}
