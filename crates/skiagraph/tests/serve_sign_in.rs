//! Sign-in with an identity provider: who is let in, and which answers are not trusted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/issuer.rs"]
mod issuer;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{fail, pictures, samples, succeed, text};
use issuer::{Issuer, Says, Signed, form};
use serde_json::{Value, json};
use server::{Answer, Server};
use sha2::{Digest, Sha256};

/// The server's address for browsers. Nothing connects to it, as the tests act as the browser.
const URL: &str = "http://localhost:8042/";

fn gallery(folder: &Path) -> std::path::PathBuf {
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&pictures(&samples().join("images"))[0])]);
    g
}

fn serve(issuer: &Issuer, g: &Path, more: &[&str]) -> Server {
    let oidc = ["--oidc-issuer", &issuer.address, "--oidc-client", "skiagraph", "--oidc-url", URL];
    Server::start(g, &[&oidc, more].concat())
}

/// A sign-in that has begun: the parameters for the provider, and the browser's cookie.
struct Begun {
    told: std::collections::BTreeMap<String, String>,
    cookie: String,
}

fn cookie(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = all.filter(|cookie| cookie.starts_with(&format!("{name}="))).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{name}");
    found[0].to_owned()
}

fn begin(server: &Server) -> Begun {
    let answer = server.get("/sign-in");
    assert_eq!(answer.status, 303, "{}", server.log());
    let whole = cookie(&answer, "skiagraph_sign_in");
    assert!(whole.ends_with("; Path=/sign-in; Max-Age=600; HttpOnly; SameSite=Lax"), "{whole}");
    let told = form(answer.header("location").split_once('?').unwrap().1);
    Begun { told, cookie: whole.split(';').next().unwrap().to_owned() }
}

fn end(server: &Server, query: &str, cookie: &str) -> Answer {
    let answer = server.ask("GET", &format!("/sign-in/done?{query}"), &[("Cookie", cookie)], &[]);
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
    answer
}

/// Signs in with these answers of the provider. Returns the last answer to the browser.
fn sign_in(server: &Server, issuer: &Issuer, says: impl FnOnce(&str) -> Says) -> Answer {
    let begun = begin(server);
    *issuer.says.lock().unwrap() = says(&begun.told["nonce"]);
    end(server, &format!("code=c0de&state={}", begun.told["state"]), &begun.cookie)
}

fn told(claims: Value) -> Says {
    Says { claims, info: json!({ "sub": "alice" }), ..Says::default() }
}

#[test]
fn who_has_signed_in_is_let_in_by_role_and_named_in_the_audit_log() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let (g, audit) = (gallery(folder.path()), folder.path().join("audit"));
    let secret = folder.path().join("secret");
    fs::write(&secret, "hush\n").unwrap();
    let mut server = serve(&issuer, &g, &["--audit", text(&audit), "--oidc-secret", text(&secret)]);
    let session = server.get("/api/v1/session").json();
    assert_eq!(
        session,
        json!({ "required": true, "role": null, "keys": false, "single_sign_on": true })
    );
    assert_eq!(server.get("/api/v1/gallery").failure(401), "key_wanted");
    let key = json!({ "key": "skia_none" });
    assert_eq!(server.post("/api/v1/session", &key).failure(401), "wrong_key");

    let begun = begin(&server);
    let of = |name: &str| begun.told[name].as_str();
    assert_eq!(
        [of("response_type"), of("client_id"), of("code_challenge_method")],
        ["code", "skiagraph", "S256"]
    );
    assert_eq!(of("redirect_uri"), "http://localhost:8042/sign-in/done");
    assert_eq!(of("scope"), "openid+profile");
    *issuer.says.lock().unwrap() =
        told(json!({ "nonce": of("nonce"), "roles": ["x", "skiagraph-contributor"] }));
    let answer = end(&server, &format!("code=c0de&state={}", of("state")), &begun.cookie);
    assert_eq!(answer.header("location"), "/signed-in", "{}", server.log());
    let asked = issuer.says.lock().unwrap().asked.clone();
    assert_eq!([&asked["grant_type"], &asked["code"]], ["authorization_code", "c0de"]);
    // The kept value matches the promised hash.
    assert_eq!(
        URL_SAFE_NO_PAD.encode(Sha256::digest(&asked["code_verifier"])),
        of("code_challenge")
    );
    let whole = cookie(&answer, "skiagraph_session");
    assert!(whole.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"), "{whole}");
    assert!(cookie(&answer, "skiagraph_sign_in").contains("=; Path=/sign-in; Max-Age=0"));

    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    server.headers = vec![own("Cookie", whole.split(';').next().unwrap())];
    assert_eq!(server.get("/api/v1/session").json()["role"], "contributor");
    assert_eq!(server.get("/api/v1/records/1").status, 200);
    assert_eq!(server.post("/api/v1/jobs", &json!({})).failure(403), "other_site");
    server.headers.push(own("X-Requested-With", "skiagraph"));
    let job = server.post("/api/v1/jobs", &json!({})).json();
    assert_eq!(job["owner"], "oidc:alice");
    assert_eq!(server.delete("/api/v1/session").status, 204);
    assert_eq!(server.get("/api/v1/records/1").failure(401), "key_wanted");
    server.kill();

    let printed = succeed(&["audit", "export", text(&audit), "--format", "json"]).stdout;
    let entries: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |action: &str| {
        entries.iter().find(|entry| entry["action"] == action && entry["who"] != Value::Null)
    };
    for action in [
        "GET /sign-in/done",
        "GET /api/v1/records/{id}",
        "POST /api/v1/jobs",
        "DELETE /api/v1/session",
    ] {
        let entry = of(action).unwrap_or_else(|| panic!("{action} is not in {printed}"));
        assert_eq!([&entry["who"], &entry["role"]], ["oidc:alice", "contributor"], "{action}");
    }
    assert!(!printed.contains("c0de") && !server.log().contains("c0de"), "codes are in no log");
}

#[test]
fn what_is_not_right_lets_nobody_in() {
    let (issuer, folder) = (Issuer::start(), tempfile::tempdir().unwrap());
    let (g, audit) = (gallery(folder.path()), folder.path().join("audit"));
    let server = serve(&issuer, &g, &["--audit", text(&audit)]);
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

    let printed = succeed(&["audit", "export", text(&audit), "--format", "json"]).stdout;
    let ends = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let statuses = ends
        .filter(|entry| entry["action"] == "GET /sign-in/done")
        .map(|entry| entry["status"].clone());
    let mut statuses: Vec<u64> = statuses.map(|status| status.as_u64().unwrap()).collect();
    statuses.dedup();
    assert_eq!(statuses, [303, 502, 403, 303, 502, 400, 401]);
}

#[test]
fn a_provider_that_is_away_is_told_and_does_not_stop_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery(folder.path());
    let away = Issuer { address: "http://127.0.0.1:9".to_owned(), says: Default::default() };
    let server = serve(&away, &g, &[]);
    let answer = server.get("/sign-in");
    assert_eq!((answer.status, answer.header("location")), (303, "/signed-in/failed"));
    assert!(
        server.logs("cannot learn of the identity provider at http://127.0.0.1:9"),
        "{}",
        server.log()
    );
    let plain = Server::start(&g, &[]);
    assert_eq!(plain.get("/sign-in").failure(404), "unknown_path");
    assert_eq!(plain.get("/sign-in/done?code=a").failure(404), "unknown_path");
}

#[test]
fn options_that_do_not_fit_are_named() {
    let start = ["serve", "--gallery", "g", "--oidc-issuer"];
    fail(&[&start[..], &["https://id.example"]].concat(), &["--oidc-client", "--oidc-url"]);
    fail(&[&start[..], &["http://id.example"]].concat(), &["expected https://"]);
    let (folder, two_lines) =
        (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    fs::write(two_lines.path(), "a\nb").unwrap();
    let g = gallery(folder.path());
    let whole = [
        "serve",
        "--gallery",
        text(&g),
        "--port",
        "0",
        "--oidc-issuer",
        "https://id.example",
        "--oidc-client",
        "c",
    ];
    let url = ["--oidc-url", "https://s.example"];
    fail(
        &[&whole[..], &url, &["--oidc-secret", text(two_lines.path())]].concat(),
        &["expected the secret in one line"],
    );
    fail(
        &[&whole[..], &url, &["--oidc-authorities", text(two_lines.path())]].concat(),
        &["no certificate in it"],
    );
}
