//! The server's health, and its counts.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::server::error::Problem;
use crate::server::exposition;
use crate::server::state::App;

pub(in crate::server) async fn alive() -> &'static str {
    "alive\n"
}

pub(in crate::server) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    let shared = App::clone(&app);
    app.probing.run(move || shared.with_gallery(|_| Ok("ready\n"))).await
}

pub(in crate::server) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(CONTENT_TYPE, kind)], exposition::text(&app))
}
