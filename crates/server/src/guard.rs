//! Access control: keys and sessions, roles, and protection from requests that another site's page
//! sends in somebody's name.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use connections::Peer;

use super::caller::{Asker, Caller};
use super::client::Client;
use super::error::Problem;
use super::keys::Role;
use super::sessions::Holder;
use super::state::App;
use crate::audit::Entry;

/// The session's cookie.
pub(crate) const COOKIE_NAME: &str = "skiagraph_session";

/// The access that a route requires of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// No requirement.
    Open,
    /// A key or a session with at least this role, if there are keys or an identity provider.
    Role(Role),
}

/// The guard's knowledge of a route.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) access: Access,
    /// The action in the audit log: the route's method and path. `None` if the route shows nothing
    /// of a patient.
    pub(crate) audited_as: Option<Arc<str>>,
}

/// The data that an answer shows, for the audit log. Handlers put it among the answer's extensions.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) records: Vec<u64>,
    pub(crate) queries: Vec<String>,
    /// The answer that was saved.
    pub(crate) set: Option<String>,
    /// The name and role of a caller who has just shown a key or signed in.
    pub(crate) who: Option<(String, Role)>,
    /// The effective status, if the answer itself only sends the browser on.
    pub(crate) status: Option<StatusCode>,
}

/// Lets a request through to its route, or refuses it. Either is written to the audit log before
/// the answer leaves.
pub(crate) async fn guard(
    State((app, post)): State<(App, Post)>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut entry =
        app.audit.is_some().then(|| post.audited_as.as_deref().map(Entry::now)).flatten();
    if let Some(entry) = &mut entry {
        entry.from = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_string());
        for (_, value) in parameters.iter().flatten().filter(|(name, _)| *name == "id") {
            name(entry, value);
        }
    }
    let caller = match post.access {
        Access::Open => Ok(None),
        Access::Role(_) => caller(&app, request.headers()),
    };
    if let (Some(entry), Ok(Some(caller))) = (&mut entry, &caller) {
        (entry.who, entry.role) = (Some(caller.id.clone()), Some(caller.role.to_string()));
    }
    let client = client(&caller, &request);
    let allowed = caller.and_then(|caller| {
        check(&app, post.access, &caller, request.method(), request.headers())?;
        request.extensions_mut().insert(Asker(caller));
        Ok(())
    });
    let response = match allowed {
        Ok(()) => client.answering(next.run(request)).await,
        Err(problem) => problem.into_response(),
    };
    match entry {
        Some(entry) => keep(&app, entry, response).await,
        None => response,
    }
}

/// The client of a request, for its shares.
fn client(caller: &Result<Option<Caller>, Problem>, request: &Request) -> Client {
    match (caller, request.extensions().get::<Peer>()) {
        (Ok(Some(caller)), _) => Client::Holder(caller.id.clone()),
        (_, Some(peer)) => Client::at(peer.0.ip()),
        (_, None) => Client::Own,
    }
}

/// Notes what the path names: a picture of the gallery, a query's picture, or a saved answer.
fn name(entry: &mut Entry, id: &str) {
    // An id of another form is none of this server's, and may be anything.
    let alike = id.len() <= 64
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    match id.parse() {
        Ok(number) if entry.action.contains("/records/") => entry.records.push(number),
        _ if entry.action.contains("/queries/") && alike => entry.queries.push(id.to_owned()),
        _ if entry.action.contains("/sets/") && alike => entry.set = Some(id.to_owned()),
        _ => {}
    }
}

/// Returns the answer once the audit log has it. If the log cannot be written, it returns a failure
/// instead.
async fn keep(app: &App, mut entry: Entry, response: Response) -> Response {
    let Some(audit) = &app.audit else { return response };
    entry.status = Some(response.status().as_u16());
    if let Some(shown) = response.extensions().get::<Shown>() {
        entry.records.extend(&shown.records);
        entry.queries.extend(shown.queries.iter().cloned());
        entry.set = entry.set.or_else(|| shown.set.clone());
        if let Some((who, role)) = &shown.who {
            (entry.who, entry.role) = (Some(who.clone()), Some(role.to_string()));
        }
        entry.status = shown.status.map(|status| status.as_u16()).or(entry.status);
    }
    match audit.keep(entry).await {
        Ok(()) => response,
        Err(error) => Problem::NoAudit(error).into_response(),
    }
}

fn check(
    app: &App,
    access: Access,
    caller: &Option<Caller>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let changes = !method.is_safe();
    if !app.is_guarded() && !names_this_machine(headers, app.settings.address.ip()) {
        return Err(Problem::OtherHost);
    }
    if changes && is_of_another_site(headers, app.is_guarded()) {
        return Err(Problem::OtherSite);
    }
    let Access::Role(wanted) = access else { return Ok(()) };
    if !app.is_guarded() {
        return Ok(());
    }
    let caller = caller.as_ref().ok_or(Problem::KeyWanted)?;
    if changes && caller.by_cookie && text(headers, "x-requested-with") != Some("skiagraph") {
        return Err(Problem::OtherSite);
    }
    if caller.role < wanted { Err(Problem::RoleTooLow { wanted }) } else { Ok(()) }
}

/// The caller, if the request has a key or a session. A key takes precedence.
///
/// # Errors
/// [`Problem::WrongKey`] for a key that is not known.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    if !app.is_guarded() {
        return Ok(None);
    }
    if headers.contains_key(AUTHORIZATION) {
        let shown =
            text(headers, AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let key = app.find_key(shown.ok_or(Problem::WrongKey)?.trim())?;
        return Ok(Some(Caller { id: key.id, role: key.role, by_cookie: false }));
    }
    let by_cookie = |id, role| Caller { id, role, by_cookie: true };
    match session_token(headers).and_then(|token| app.sessions.holder(token)) {
        None => Ok(None),
        Some(Holder::Person(person)) => Ok(Some(by_cookie(person.name, person.role))),
        Some(Holder::Key(id)) => Ok(app.role_of_key(&id).map(|role| by_cookie(id, role))),
    }
}

/// The token of a request's session.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, COOKIE_NAME)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Tells whether a page of another site sent a request. Browsers say so in `Sec-Fetch-Site`, and
/// those that do not know that header in `Origin`; pages cannot change either. Behind a proxy the
/// host of `Origin` may differ from this server's, so a server with keys does not compare it.
fn is_of_another_site(headers: &HeaderMap, is_guarded: bool) -> bool {
    match (text(headers, "sec-fetch-site"), headers.get(ORIGIN)) {
        (Some(site), _) => site.ends_with("-site"),
        (None, Some(origin)) if !is_guarded => {
            let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
            let host = text(headers, HOST.as_str());
            !origin.zip(host).is_some_and(|((_, origin), host)| origin.eq_ignore_ascii_case(host))
        }
        (None, _) => false,
    }
}

/// Tells whether a request names this machine as its host. Otherwise it is from a page of another
/// site, whose name resolves to this machine so that the browser takes both for one.
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
        for other in [
            "example.org",
            "127.0.0.1.example.org",
            "10.0.0.1",
            "[::2]:1",
            "",
            "[",
            "localhost.example.org",
        ] {
            assert!(!of(other), "{other}");
        }
        assert!(!names_this_machine(&HeaderMap::new(), "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_page_of_another_site_is_known_by_what_browsers_say() {
        let of = |sent: &[(&'static str, &str)], is_guarded| {
            let own = [("host", "localhost:8042")];
            let all = own
                .iter()
                .chain(sent)
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            is_of_another_site(&HeaderMap::from_iter(all), is_guarded)
        };
        for other in [
            "https://evil.example",
            "http://localhost:9",
            "null",
            "",
            "http://localhost:8042.evil.example",
        ] {
            assert!(of(&[("origin", other)], false), "{other}");
        }
        assert!(!of(&[("origin", "http://LOCALHOST:8042")], false) && !of(&[], false));
        assert!(!of(&[("origin", "https://proxied.example")], true));
        assert!(!of(&[("origin", "null"), ("sec-fetch-site", "same-origin")], false));
        assert!(
            of(&[("sec-fetch-site", "cross-site")], true)
                && of(&[("sec-fetch-site", "same-site")], true)
        );
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
