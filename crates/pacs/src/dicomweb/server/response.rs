//! The bytes of answers (RFC 9112 4).

use super::super::problem::title;
use super::super::stow::Answer;
use std::time::SystemTime;

/// Asks for the body (RFC 9110 15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// An answer after which the connection ends.
pub(super) fn bytes(Answer { status, media_type, body }: &Answer) -> Vec<u8> {
    let hint = match status {
        401 => "WWW-Authenticate: Bearer, Basic realm=\"DICOMweb\"\r\n",
        405 => "Allow: POST\r\n",
        503 => "Retry-After: 5\r\n",
        _ => "",
    };
    let (date, length) = (httpdate::fmt_http_date(SystemTime::now()), body.len());
    let reason = title(*status);
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nDate: {date}\r\nContent-Type: {media_type}\r\n\
         {hint}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}
