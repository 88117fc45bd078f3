//! The server's health, and its counts.

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::error::Problem;
use crate::exposition;
use crate::state::App;

pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    let shared = App::clone(&app);
    app.probing.run(move || shared.with_gallery(|_| Ok("ready\n"))).await
}

pub(crate) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(CONTENT_TYPE, kind)], exposition::text(&app))
}
