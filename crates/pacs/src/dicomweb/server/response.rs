//! What is answered, as bytes (RFC 9112 4).

use super::super::stow::Answer;
use std::time::SystemTime;

/// Asks for the body (RFC 9110 15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// An answer after which the connection ends.
pub(super) fn bytes(Answer { status, body }: &Answer) -> Vec<u8> {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/dicom+json\r\n" };
    let hint = match status {
        401 => "WWW-Authenticate: Bearer, Basic realm=\"DICOMweb\"\r\n",
        405 => "Allow: POST\r\n",
        503 => "Retry-After: 5\r\n",
        _ => "",
    };
    let (date, length) = (httpdate::fmt_http_date(SystemTime::now()), body.len());
    let reason = reason(*status);
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n{kind}{hint}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// For people who look at the line (RFC 9110 15).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}
