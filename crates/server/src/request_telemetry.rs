//! The wrapper of every request: its line in the log, its counts, and the headers of every answer.

use std::time::{Duration, Instant, SystemTime};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tokio::time::timeout;

use super::error::{Inside, Problem};
use super::state::App;
use super::trace;

/// The longest time of a request in all, its body included.
const LONGEST: Duration = Duration::from_secs(120);

/// The headers of every answer. Browsers load and frame only this server's content, guess no types,
/// send no referrer, and cache nothing.
static HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A line of the log. It never has an id, a filter, or anything of a patient.
#[derive(Serialize)]
struct Line<'a> {
    /// The time, in seconds since 1970.
    time: f64,
    method: &'a str,
    /// The route's template.
    route: &'a str,
    status: u16,
    ms: f64,
    /// The id of its trace: the one that the client names. If it names none and spans are sent, it
    /// is a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    /// The reason of a failure, if the client is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Runs a request, and logs and counts it.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let span = app.tracing.as_ref().map(|tracing| tracing.begin(method, route, request.headers()));
    let trace = span.as_ref().map(trace::id_of).or_else(|| trace::named_in(request.headers()));
    let answered = timeout(LONGEST, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| Problem::Busy.into_response());
    harden(response.headers_mut(), app.settings.tls.is_some());
    let (status, took) = (response.status().as_u16(), start.elapsed());
    app.metrics.count(method, route, status, took);
    if let Some(span) = span {
        trace::end(span, status);
    }
    let error = response.extensions().get::<Inside>().map(|inside| inside.0.as_str());
    app.settings.log.line(&Line {
        time: now(),
        method,
        route,
        status,
        ms: took.as_secs_f64() * 1000.0,
        trace: trace.as_deref(),
        error,
    });
    response
}

/// A method that is counted by its name. Invented names are counted together, so that they do not
/// fill the counts.
fn known(method: &Method) -> &'static str {
    let all = ["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"];
    all.into_iter().find(|name| *name == method.as_str()).unwrap_or("(other)")
}

fn harden(headers: &mut HeaderMap, tls: bool) {
    if tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    for (name, value) in &HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
