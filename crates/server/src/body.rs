//! Bodies of requests, read within limits of bytes and time, and JSON both ways.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use radiograph::memory::{self, Reservation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;

use super::client::Share;
use super::error::Problem;
use super::state::{App, State};

/// The greatest length of JSON, in bytes.
const JSON_BYTES: usize = 1 << 20;

/// The most bytes that are read and discarded of a body that is too large, and the longest time for
/// it.
const DISCARD: usize = 64 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// The least capacity of a body's buffer, in bytes.
const LEAST_ROOM: usize = 8 << 10;

/// A body's bytes, and the memory of the budget that they hold.
pub(crate) struct Bytes {
    pub(crate) bytes: Vec<u8>,
    _memory: Reservation,
    _share: Share,
}

/// Reads a body.
///
/// # Errors
/// [`Problem::TooLarge`], [`Problem::Slow`], or [`Problem::Busy`] if there is no room for it now.
pub(crate) async fn read(state: &State, request: Request, limit: usize) -> Result<Bytes, Problem> {
    // A growing body may be in memory twice for a moment.
    let limit = limit.min((memory::for_files().bytes() / 2).try_into().unwrap_or(usize::MAX));
    let length =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limit) {
        // A client that waits for permission to send the body does not get it.
        if !request.headers().contains_key(EXPECT) {
            discard_some(request.into_body()).await;
        }
        return Err(Problem::TooLarge { limit });
    }
    let share = state.body_shares.of_current();
    let reading = collect(request.into_body(), limit, length.unwrap_or(limit), share);
    timeout(state.settings.limits.transfer, reading).await.unwrap_or(Err(Problem::Slow))
}

/// Reads and discards some of an unwanted body. A client that sends it all before it listens then
/// gets the answer.
pub(crate) async fn discard_some(mut body: Body) {
    let discard = async {
        let mut discarded = 0;
        while discarded < DISCARD
            && let Some(Ok(frame)) = body.frame().await
        {
            discarded += frame.data_ref().map_or(0, |data| data.len());
        }
    };
    let _enough = timeout(DISCARD_TIME, discard).await;
}

/// Reads a body of at most `limit` bytes, within its client's share. `length` is the length that
/// the client states.
async fn collect(
    mut body: Body,
    limit: usize,
    length: usize,
    mut share: Share,
) -> Result<Bytes, Problem> {
    let (mut bytes, mut memory) = (Vec::new(), memory::for_files().take(0, Duration::ZERO)?);
    while let Some(frame) = body.frame().await {
        // The client has gone away, so nobody reads the answer.
        let frame = frame.map_err(|error| Problem::Syntax { reason: error.to_string() })?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            discard_some(body).await;
            return Err(Problem::TooLarge { limit });
        }
        let needed = bytes.len() + data.len();
        if needed > bytes.capacity() {
            let capacity = needed.max((2 * needed).min(length)).max(LEAST_ROOM);
            let granted = share.grow(capacity - bytes.capacity());
            let room = if granted {
                make_room(&mut bytes, capacity, &mut memory)
            } else {
                Err(Problem::Busy)
            };
            if let Err(problem) = room {
                discard_some(body).await;
                return Err(problem);
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Bytes { bytes, _memory: memory, _share: share })
}

/// Moves bytes to a larger buffer. During the copy both are in memory.
fn make_room(
    bytes: &mut Vec<u8>,
    capacity: usize,
    memory: &mut Reservation,
) -> Result<(), Problem> {
    memory.grow_to((bytes.capacity() + capacity) as u64)?;
    bytes.reserve_exact(capacity - bytes.len());
    memory.shrink_to(bytes.capacity() as u64);
    Ok(())
}

/// JSON as the body of a request or an answer.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let kind = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::NotJson);
        }
        let body = read(app, request, JSON_BYTES).await?;
        serde_json::from_slice(&body.bytes).map(Self).map_err(|error| match error.classify() {
            Category::Data => Problem::invalid(error.to_string(), "what /api/openapi.json says"),
            _ => Problem::Syntax { reason: error.to_string() },
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
                .into_response(),
            Err(error) => Problem::Internal(error.into()).into_response(),
        }
    }
}
