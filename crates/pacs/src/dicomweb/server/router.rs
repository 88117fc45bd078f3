//! The routes of a STOW-RS server (PS3.18 10.5): one that stores, and refusals of all others.

use super::super::stow::{Answer, Receiver};
use super::body::BlockingBody;
use super::config::Config;
use crate::error::Error;
use crate::event::{Event, SharedEvents};
use crate::inbox::Inbox;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use connections::Peer;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

const PATH: &str = "/dicom-web/studies";

/// The state that all requests share.
pub(super) struct Stow {
    pub(super) config: Config,
    pub(super) inbox: Arc<Inbox>,
    pub(super) events: SharedEvents,
}

type Shared = State<Arc<Stow>>;

/// The routes for connections that have a slot.
pub(super) fn router(stow: &Arc<Stow>) -> Router {
    Router::new()
        .route(PATH, post(receive))
        .route(&format!("{PATH}/"), post(receive))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(stow), authorize))
        .with_state(Arc::clone(stow))
}

/// The routes for connections beyond the limit.
pub(super) fn busy(stow: &Arc<Stow>) -> Router {
    Router::new().fallback(too_many).with_state(Arc::clone(stow))
}

/// Lets requests through that show the right credentials.
async fn authorize(
    State(stow): Shared,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let shown = request.headers().get(AUTHORIZATION);
    let wanted = stow.config.authorization.as_ref();
    if wanted.is_none_or(|wanted| shown.is_some_and(|shown| wanted.is(shown.as_bytes()))) {
        return next.run(request).await;
    }
    let reason = "another authorization, or none; expected the password or token of this server";
    stow.refuse(peer, 401, Error::Refused { reason }).into_response()
}

async fn unknown_path(State(stow): Shared, Extension(Peer(peer)): Extension<Peer>) -> Answer {
    let reason = "another address, expected /dicom-web/studies, which stores";
    stow.refuse(peer, 404, Error::Refused { reason })
}

async fn wrong_method(State(stow): Shared, Extension(Peer(peer)): Extension<Peer>) -> Answer {
    let reason = "another method, expected POST: this server stores, and gives nothing back";
    stow.refuse(peer, 405, Error::Refused { reason })
}

async fn too_many(State(stow): Shared, Extension(Peer(peer)): Extension<Peer>) -> Answer {
    let reason = "there are as many requests as are taken at a time; send it again in a moment";
    stow.refuse(peer, 503, Error::Refused { reason })
}

/// Receives the instances of a body. It answers when they are durable.
async fn receive(
    State(stow): Shared,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Answer {
    let (head, body) = request.into_parts();
    let Config { limits, idle, request, .. } = &stow.config;
    if let Err((status, reason)) = check_length(&head.headers, limits.max_body_bytes) {
        return stow.refuse(peer, status, Error::Refused { reason });
    }
    let kind = head.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = String::from_utf8_lossy(kind).into_owned();
    let (runtime, end) = (Handle::current(), Instant::now() + *request);
    let body = BlockingBody { body, runtime, idle: *idle, end, rest: Bytes::new() };
    let received = spawn_blocking(move || stow.receive(&kind, body, peer)).await;
    received.unwrap_or_else(|_panic| Answer::problem(500, "the server failed; its log says why"))
}

/// Checks the length of a body before it is sent (RFC 9112 6.3). Chunks show their length late.
fn check_length(headers: &HeaderMap, limit: u64) -> Result<(), (u16, &'static str)> {
    let chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length: Option<u64> = length.and_then(|length| length.parse().ok());
    match (encodings.next(), length) {
        (Some(one), _) if chunked(one) && encodings.next().is_none() => Ok(()),
        (Some(_), _) => Err((501, "another transfer encoding, expected chunked alone")),
        (None, None) => Err((411, "a body of unknown length, expected Content-Length, or chunks")),
        (None, Some(length)) if length > limit => {
            Err((413, "a body beyond the limit; send the instances in several requests"))
        }
        (None, Some(_)) => Ok(()),
    }
}

impl Stow {
    /// Receives a body, on a thread that may block.
    fn receive(&self, content_type: &str, mut body: BlockingBody, peer: SocketAddr) -> Answer {
        let receiver = Receiver {
            inbox: &self.inbox,
            transfer_syntaxes: &self.config.transfer_syntaxes,
            limits: self.config.limits,
            events: &*self.events,
        };
        let received = receiver.receive(content_type, &mut body, &peer.ip().to_string());
        // A client that is late may still read the answer.
        received.unwrap_or_else(|error| {
            let status = if matches!(error, Error::TimedOut) { 408 } else { 400 };
            self.refuse(peer, status, error)
        })
    }

    /// The answer to a request that is not served, of which the log is told.
    pub(super) fn refuse(&self, peer: SocketAddr, status: u16, error: Error) -> Answer {
        let answer = Answer::problem(status, &error.to_string());
        (self.events)(&Event::Ended { peer, instances: 0, error });
        answer
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(CONTENT_TYPE, HeaderValue::from_static(self.media_type))];
        let mut response = (status, kind, self.body).into_response();
        let hint = match status {
            StatusCode::UNAUTHORIZED => {
                Some((WWW_AUTHENTICATE, "Bearer, Basic realm=\"DICOMweb\""))
            }
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, "5")),
            _ => None,
        };
        if let Some((name, value)) = hint {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_known_or_comes_in_chunks() {
        let status = |sent: &[(&'static str, &str)]| {
            let headers = sent.iter().map(|(name, value)| (name.parse(), value.parse()));
            let headers = headers.map(|(name, value)| (name.unwrap(), value.unwrap()));
            check_length(&headers.collect(), 1000).map_or_else(|(status, _)| status, |()| 200)
        };
        let (length, encoding) = ("content-length", "transfer-encoding");
        assert_eq!(status(&[(length, "1000")]), 200);
        assert_eq!(status(&[(encoding, "Chunked")]), 200);
        assert_eq!(status(&[(length, "1001")]), 413);
        assert_eq!(status(&[]), 411);
        assert_eq!(status(&[(encoding, "gzip, chunked")]), 501);
        assert_eq!(status(&[(encoding, "gzip"), (encoding, "chunked")]), 501);
    }
}
