//! A browser's session: it shows a key once, and a cookie from then on.

use axum::Extension;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;

use crate::server::body::Json;
use crate::server::error::Problem;
use crate::server::guard::{COOKIE_NAME, Shown, caller, session_token};
use crate::server::state::App;
use crate::server::views::{KeyBody, SessionView};

pub(in crate::server) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<SessionView>, Problem> {
    let role = caller(&app, &headers)?.map(|caller| caller.role);
    Ok(Json(SessionView { required: app.keys.is_some(), role }))
}

pub(in crate::server) async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<KeyBody>,
) -> Result<impl IntoResponse, Problem> {
    let keys = app.keys.as_ref().ok_or(Problem::WrongKey)?;
    let key = keys.find(&body.key)?.ok_or(Problem::WrongKey)?;
    let shown = Shown { key: Some((key.id.clone(), key.role)), ..Shown::default() };
    let token = app.sessions.open(key.id)?;
    let cookie = cookie(&app, &token, app.settings.limits.session_life.as_secs(), &headers)?;
    Ok((StatusCode::NO_CONTENT, Extension(shown), [(SET_COOKIE, cookie)]))
}

pub(in crate::server) async fn close(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let key = caller(&app, &headers)?.map(|caller| (caller.key, caller.role));
    if let Some(token) = session_token(&headers) {
        app.sessions.close(token);
    }
    let shown = Shown { key, ..Shown::default() };
    Ok((StatusCode::NO_CONTENT, Extension(shown), [(SET_COOKIE, cookie(&app, "", 0, &headers)?)]))
}

/// Browsers send it back to us alone, and show it to no script. Where we speak TLS, or a proxy before us, never without TLS.
fn cookie(app: &App, token: &str, seconds: u64, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let secure = app.settings.tls.is_some()
        || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE_NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&cookie).map_err(|error| Problem::Internal(error.into()))
}
