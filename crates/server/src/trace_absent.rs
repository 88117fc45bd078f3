//! Spans of requests in a build without the feature `telemetry`: no collector gets any.

use anyhow::Result;
use axum::http::HeaderMap;

use super::features::left_out;

/// The sender of spans, which this build does not have.
pub(crate) enum Tracing {}

/// The span of a request, of which there are none.
pub(crate) enum Span {}

impl Tracing {
    /// Says which feature is missing.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn to(_collector: &str) -> Result<Self> {
        Err(left_out("--traces", "telemetry"))
    }

    pub(crate) fn begin(&self, _: &'static str, _route: &str, _: &HeaderMap) -> Span {
        match *self {}
    }

    pub(crate) fn end(&self) {
        match *self {}
    }
}

/// The id of the caller's trace, which such a build does not read: lines of its log have none.
pub(crate) fn named_in(_: &HeaderMap) -> Option<String> {
    None
}

pub(crate) fn id_of(span: &Span) -> String {
    match *span {}
}

pub(crate) fn end(span: Span, _status: u16) {
    match span {}
}
