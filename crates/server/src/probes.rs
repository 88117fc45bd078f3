//! Probes of health, which are answered whatever is full.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::error::Problem;

/// The paths of probes.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The routes for connections beyond the limit: those of probes.
pub(crate) fn probes_alone(router: Router) -> Router {
    router.layer(from_fn(answer_probes))
}

/// Answers probes, and asks other clients to come back.
async fn answer_probes(request: Request, next: Next) -> Response {
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    Problem::Busy.into_response()
}
