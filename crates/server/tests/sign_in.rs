//! Sign-in with an identity provider: which answers are not trusted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/issuer.rs"]
mod issuer;
#[path = "common/sign_in.rs"]
mod steps;

use std::path::{Path, PathBuf};

use common::{Answer, Server, gallery_of_samples};
use issuer::{Issuer, Says, Signed};
use serde_json::{Value, json};
use server::keys::Role;
use server::{NameClaim, OidcSettings, Roles, audit};
use steps::{URL, begin, end, told};

fn serve(issuer: &str, g: &Path, audit: Option<PathBuf>) -> Server {
    let role = |role: Role| (role, format!("skiagraph-{role}"));
    let oidc = OidcSettings {
        issuer: issuer.to_owned(),
        client_id: "skiagraph".to_owned(),
        secret: None,
        url: URL.trim_end_matches('/').to_owned(),
        authorities: None,
        scopes: "profile".to_owned(),
        name: NameClaim::Sub,
        roles: Roles {
            claim: "roles".to_owned(),
            values: [Role::Reader, Role::Contributor, Role::Admin].map(role),
        },
    };
    Server::with(g, |settings| (settings.oidc, settings.audit) = (Some(oidc), audit))
}

/// Signs in with these answers of the provider. Returns the last answer to the browser.
fn sign_in(server: &Server, issuer: &Issuer, says: impl FnOnce(&str) -> Says) -> Answer {
    let begun = begin(server);
    *issuer.says.lock().unwrap() = says(&begun.told["nonce"]);
    end(server, &format!("code=c0de&state={}", begun.told["state"]), &begun.cookie)
}

#[test]
fn what_is_not_right_lets_nobody_in() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let (g, audit) = (gallery_of_samples(folder.path(), 1), folder.path().join("audit"));
    let server = serve(&issuer.address, &g, Some(audit.clone()));
    let with = |claims: Value| {
        move |nonce: &str| {
            let mut all = json!({ "nonce": nonce, "roles": ["skiagraph-admin"] });
            all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
            told(all)
        }
    };
    let outcome = |answer: &Answer| {
        let signed_in = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .any(|value| value.to_str().unwrap().starts_with("skiagraph_session="));
        let at = answer.header("location").to_owned();
        assert_eq!(signed_in, at == "/signed-in", "{at}");
        at
    };
    let signed = |how| move |nonce: &str| Says { signed: how, ..with(json!({}))(nonce) };
    assert_eq!(
        outcome(&sign_in(&server, &issuer, with(json!({})))),
        "/signed-in",
        "{}",
        server.log()
    );
    for (what, claims) in [
        ("another nonce", json!({ "nonce": "n" })),
        ("no nonce", json!({ "nonce": null })),
        ("for somebody else", json!({ "aud": "other" })),
        ("from somebody else", json!({ "iss": "http://127.0.0.1:1" })),
        ("of yesterday", json!({ "exp": 1_700_000_000 })),
        ("a name that breaks lines", json!({ "sub": "a\nb" })),
    ] {
        assert_eq!(
            outcome(&sign_in(&server, &issuer, with(claims))),
            "/signed-in/failed",
            "{what}"
        );
    }
    for how in [Signed::ByAnother, Signed::Not] {
        assert_eq!(outcome(&sign_in(&server, &issuer, signed(how))), "/signed-in/failed");
    }
    assert_eq!(
        outcome(&sign_in(&server, &issuer, with(json!({ "roles": ["admin"] })))),
        "/signed-in/no-role"
    );
    let beside = |nonce: &str| Says {
        info: json!({ "sub": "alice", "roles": "skiagraph-reader" }),
        ..with(json!({ "roles": [] }))(nonce)
    };
    assert_eq!(outcome(&sign_in(&server, &issuer, beside)), "/signed-in", "{}", server.log());
    let of_another = |nonce: &str| Says {
        info: json!({ "sub": "bob", "roles": "skiagraph-reader" }),
        ..beside(nonce)
    };
    assert_eq!(outcome(&sign_in(&server, &issuer, of_another)), "/signed-in/failed");

    // Somebody else's sign-in in a victim's browser, and values that are no sign-in at all.
    let (mine, theirs) = (begin(&server), begin(&server));
    let query = format!("code=c0de&state={}", mine.told["state"]);
    for cookie in [
        theirs.cookie.as_str(),
        "",
        "skiagraph_sign_in=",
        "skiagraph_sign_in=..",
        "skiagraph_sign_in=a",
    ] {
        assert_eq!(outcome(&end(&server, &query, cookie)), "/signed-in/not-begun", "{cookie}");
    }
    assert_eq!(
        outcome(&end(&server, "code=c0de", "skiagraph_sign_in=.a.b")),
        "/signed-in/not-begun"
    );
    let denied = format!("error=access_denied&state={}", mine.told["state"]);
    assert_eq!(outcome(&end(&server, &denied, &mine.cookie)), "/signed-in/by-provider");

    let mut statuses = Vec::new();
    audit::each(&audit, &mut |entry, _| {
        statuses.extend(entry.status.filter(|_| entry.action == "GET /sign-in/done"));
        Ok(())
    })
    .unwrap();
    statuses.dedup();
    assert_eq!(statuses, [303, 502, 403, 303, 502, 400, 401]);
}

#[test]
fn a_provider_that_is_away_is_told_and_does_not_stop_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 1);
    let server = serve("http://127.0.0.1:9", &g, None);
    let answer = server.get("/sign-in");
    assert_eq!((answer.status, answer.header("location")), (303, "/signed-in/failed"));
    assert!(
        server.logs("cannot learn of the identity provider at http://127.0.0.1:9"),
        "{}",
        server.log()
    );
    drop(server);
    let plain = Server::of(&g);
    assert_eq!(plain.get("/sign-in").failure(404), "unknown_path");
    assert_eq!(plain.get("/sign-in/done?code=a").failure(404), "unknown_path");
}
