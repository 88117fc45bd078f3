//! The reason why a request fails, as a body that programs and people read (RFC 9457).

use axum::http::StatusCode;
use serde_json::json;

/// The media type of such a body.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// The body: the status in words, and what was got and expected.
pub(super) fn body(status: u16, detail: &str) -> String {
    let title = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    json!({ "type": "about:blank", "title": title, "status": status, "detail": detail }).to_string()
}
