//! Sessions of browsers. A browser shows a key once, or its user signs in with the identity
//! provider. From then on it shows a cookie.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;

use crate::body::Json;
use crate::error::{Inside, Problem};
use crate::guard::{self, COOKIE_NAME, Shown, caller, session_token};
use crate::oidc::{Begun, Person, Refused};
use crate::sessions::Holder;
use crate::state::App;
use crate::views::{KeyBody, SessionView};

/// The time that a sign-in may take, in seconds.
const SIGN_IN_SECONDS: u64 = 600;

/// A cookie of this server: the paths to which browsers send it, and whether also after a link from
/// another site.
struct Cookie {
    name: &'static str,
    path: &'static str,
    same_site: &'static str,
}

const SESSION: Cookie = Cookie { name: COOKIE_NAME, path: "/", same_site: "Strict" };
/// The cookie of a sign-in that has begun. The browser comes back with it from the provider's site.
const SIGN_IN: Cookie = Cookie { name: "skiagraph_sign_in", path: "/sign-in", same_site: "Lax" };

pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Json<SessionView>, Problem> {
    let role = caller(&app, &headers)?.map(|caller| caller.role);
    let (keys, single_sign_on) = (app.keys.is_some(), app.provider.is_some());
    Ok(Json(SessionView { required: app.is_guarded(), role, keys, single_sign_on }))
}

pub(crate) async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    Json(body): Json<KeyBody>,
) -> Result<impl IntoResponse, Problem> {
    let key = app.find_key(&body.key)?;
    let shown = Shown { who: Some((key.id.clone(), key.role)), ..Shown::default() };
    let cookie = begun(&app, Holder::Key(key.id), &headers)?;
    Ok((StatusCode::NO_CONTENT, Extension(shown), [(SET_COOKIE, cookie)]))
}

pub(crate) async fn close(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let who = caller(&app, &headers)?.map(|caller| (caller.id, caller.role));
    if let Some(token) = session_token(&headers) {
        app.sessions.close(token);
    }
    let shown = Shown { who, ..Shown::default() };
    let over = SESSION.header(&app, "", 0, &headers)?;
    Ok((StatusCode::NO_CONTENT, Extension(shown), [(SET_COOKIE, over)]))
}

/// Sends the browser to the identity provider.
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let provider = Arc::clone(app.provider.as_ref().ok_or(Problem::UnknownPath)?);
    let asked = app.signing_in.run(move || provider.begin().map_err(Problem::from)).await;
    match asked {
        Ok(Begun { address, kept }) => {
            let cookie = SIGN_IN.header(&app, &kept, SIGN_IN_SECONDS, &headers)?;
            Ok((StatusCode::SEE_OTHER, [(LOCATION, header(&address)?), (SET_COOKIE, cookie)])
                .into_response())
        }
        Err(Problem::Internal(error)) => refused(&app, &Refused::Failed(error), &headers),
        Err(problem) => Err(problem),
    }
}

/// The parameters with which the provider sends a browser back.
#[derive(Deserialize)]
pub(crate) struct Returned {
    code: Option<String>,
    #[serde(default)]
    state: String,
}

/// Handles a browser that comes back from the identity provider. Sends it on to the page with the
/// outcome.
pub(crate) async fn signed_in(
    State(app): State<App>,
    returned: Result<Query<Returned>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let provider = Arc::clone(app.provider.as_ref().ok_or(Problem::UnknownPath)?);
    let Ok(Query(returned)) = returned else { return refused(&app, &Refused::NotBegun, &headers) };
    let kept = guard::cookie(&headers, SIGN_IN.name).unwrap_or_default().to_owned();
    let Some(code) = returned.code else { return refused(&app, &Refused::ByProvider, &headers) };
    let ended = app.signing_in.run(move || Ok(provider.end(code, &returned.state, &kept))).await?;
    match ended {
        Ok(person) => welcome(&app, person, &headers),
        Err(why) => refused(&app, &why, &headers),
    }
}

fn welcome(app: &App, person: Person, headers: &HeaderMap) -> Result<Response, Problem> {
    let shown = Shown { who: Some((person.name.clone(), person.role)), ..Shown::default() };
    let cookies = [
        (SET_COOKIE, begun(app, Holder::Person(person), headers)?),
        (SET_COOKIE, SIGN_IN.header(app, "", 0, headers)?),
    ];
    let on = [(LOCATION, HeaderValue::from_static("/signed-in"))];
    Ok((StatusCode::SEE_OTHER, Extension(shown), AppendHeaders(cookies), on).into_response())
}

/// Sends the browser to the page with the reason. Details for the log alone go to the log.
fn refused(app: &App, why: &Refused, headers: &HeaderMap) -> Result<Response, Problem> {
    let (page, status) = match why {
        Refused::NotBegun => ("/signed-in/not-begun", StatusCode::BAD_REQUEST),
        Refused::ByProvider => ("/signed-in/by-provider", StatusCode::UNAUTHORIZED),
        Refused::NoRole => ("/signed-in/no-role", StatusCode::FORBIDDEN),
        Refused::Failed(_) => ("/signed-in/failed", StatusCode::BAD_GATEWAY),
    };
    let shown = Shown { status: Some(status), ..Shown::default() };
    let cookie = SIGN_IN.header(app, "", 0, headers)?;
    let on = [(LOCATION, HeaderValue::from_static(page)), (SET_COOKIE, cookie)];
    let mut response = (StatusCode::SEE_OTHER, Extension(shown), on).into_response();
    if let Refused::Failed(error) = why {
        response.extensions_mut().insert(Inside(format!("{error:#}")));
    }
    Ok(response)
}

/// The cookie of a new session.
fn begun(app: &App, holder: Holder, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    let token = app.sessions.open(holder)?;
    SESSION.header(app, &token, app.settings.limits.session_life.as_secs(), headers)
}

fn header(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|error| Problem::Internal(error.into()))
}

impl Cookie {
    /// The header that sets it. Browsers send the cookie back to this server alone, and show it to
    /// no script. If this server or a proxy before it uses TLS, they never send it without TLS.
    fn header(
        &self,
        app: &App,
        value: &str,
        seconds: u64,
        headers: &HeaderMap,
    ) -> Result<HeaderValue, Problem> {
        let secure = app.settings.tls.is_some()
            || app.provider.as_ref().is_some_and(|provider| provider.is_secure())
            || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        let secure = if secure { "; Secure" } else { "" };
        let Self { name, path, same_site } = self;
        header(&format!(
            "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
        ))
    }
}
