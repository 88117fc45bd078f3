//! The reason why a request fails, as a body that programs and people read (RFC 9457).

use serde_json::json;

/// The media type of such a body.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// The body: the status in words, and what was got and expected.
pub(super) fn body(status: u16, detail: &str) -> String {
    let title = title(status);
    json!({ "type": "about:blank", "title": title, "status": status, "detail": detail }).to_string()
}

/// A status in words (RFC 9110 15).
pub(super) fn title(status: u16) -> &'static str {
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
