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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::http::header::RETRY_AFTER;
    use axum::routing::get;
    use tower::ServiceExt;

    #[test]
    fn probes_are_answered_and_others_asked_to_come_back() {
        let routes = ["/healthz", "/readyz", "/metrics", "/small"];
        let router =
            routes.iter().fold(Router::new(), |router, path| router.route(path, get(|| async {})));
        let router = probes_alone(router);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for path in routes {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = runtime.block_on(router.clone().oneshot(request)).unwrap();
            let is_probe = path != "/small";
            assert_eq!(answer.status() == StatusCode::OK, is_probe, "{path}");
            assert_eq!(answer.headers().contains_key(RETRY_AFTER), !is_probe, "{path}");
        }
    }
}
