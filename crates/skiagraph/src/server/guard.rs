//! Who may ask for what: keys and sessions, roles, and requests that another site's page sends in somebody's name.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::error::Problem;
use super::keys::Role;
use super::state::App;

/// The session's cookie.
pub(super) const COOKIE_NAME: &str = "skiagraph_session";

/// What a route wants of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing.
    Open,
    /// A key with this role or more, where there are keys.
    Role(Role),
}

/// Lets a request through to its route, or says why not.
pub(super) async fn guard(
    State((app, access)): State<(App, Access)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    check(&app, access, request.method(), request.headers())?;
    Ok(next.run(request).await)
}

fn check(app: &App, access: Access, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let changes = !method.is_safe();
    if app.keys.is_none() && !names_this_machine(headers, app.settings.address.ip()) {
        return Err(Problem::OtherHost);
    }
    // Browsers say where a request comes from, and pages cannot change it.
    if changes && text(headers, "sec-fetch-site").is_some_and(|site| site.ends_with("-site")) {
        return Err(Problem::OtherSite);
    }
    let Access::Role(wanted) = access else { return Ok(()) };
    if app.keys.is_none() {
        return Ok(());
    }
    let caller = caller(app, headers)?.ok_or(Problem::KeyWanted)?;
    if changes && caller.by_cookie && text(headers, "x-requested-with") != Some("skiagraph") {
        return Err(Problem::OtherSite);
    }
    if caller.role < wanted { Err(Problem::RoleTooLow { wanted }) } else { Ok(()) }
}

/// Who asks.
pub(super) struct Caller {
    pub(super) role: Role,
    /// By a session's cookie, which a browser sends by itself.
    by_cookie: bool,
}

/// Who asks, if they have shown a key or have a session. A key that is shown counts alone.
///
/// # Errors
/// [`Problem::WrongKey`] for a key that is not known.
pub(super) fn caller(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    let Some(keys) = &app.keys else { return Ok(None) };
    if headers.contains_key(AUTHORIZATION) {
        let shown = text(headers, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let key = keys.find(shown.ok_or(Problem::WrongKey)?.trim())?.ok_or(Problem::WrongKey)?;
        return Ok(Some(Caller { role: key.role, by_cookie: false }));
    }
    let session = session_token(headers).and_then(|token| app.sessions.key_of(token));
    let role = session.map(|key| keys.role_of(&key)).transpose()?.flatten();
    Ok(role.map(|role| Caller { role, by_cookie: true }))
}

/// The token of a request's session.
pub(super) fn session_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// Whether a request was meant for this machine by a name of its own. Else it is from a page of another site, which has its
/// name resolve to this machine so that the browser takes both for one.
fn names_this_machine(headers: &HeaderMap, bound: IpAddr) -> bool {
    let Some(host) = text(headers, HOST.as_str()) else { return false };
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address == bound)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_are_this_machine() {
        let of = |host: &str| {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            names_this_machine(&headers, "127.0.0.1".parse().unwrap())
        };
        for own in ["localhost", "LOCALHOST:80", "127.0.0.1:8042", "127.1.2.3", "[::1]:8042"] {
            assert!(of(own), "{own}");
        }
        for other in
            ["example.org", "127.0.0.1.example.org", "10.0.0.1", "[::2]:1", "", "[", "localhost.example.org"]
        {
            assert!(!of(other), "{other}");
        }
        assert!(!names_this_machine(&HeaderMap::new(), "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let of = |cookies: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, cookies.parse().unwrap())]);
            session_token(&headers).map(str::to_owned)
        };
        assert_eq!(of("a=b; skiagraph_session=t0k-en; c").as_deref(), Some("t0k-en"));
        assert_eq!(of("xskiagraph_session=1; skiagraph_sessions=2"), None);
    }
}
