//! Sign-in with an identity provider by the options of the command line: who is let in, and is
//! named in the audit log. Which answers are not trusted is tested in `crates/server/tests`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../server/tests/common/issuer.rs"]
mod issuer;
#[path = "common/server.rs"]
mod server;
#[path = "../../server/tests/common/sign_in.rs"]
mod steps;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{fail, pictures, samples, succeed, text};
use issuer::Issuer;
use serde_json::{Value, json};
use server::{Answer, Server};
use sha2::{Digest, Sha256};
use steps::{URL, begin, cookie, end, told};

fn gallery(folder: &Path) -> std::path::PathBuf {
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&pictures(&samples().join("images"))[0])]);
    g
}

fn serve(issuer: &Issuer, g: &Path, more: &[&str]) -> Server {
    let oidc = ["--oidc-issuer", &issuer.address, "--oidc-client", "skiagraph", "--oidc-url", URL];
    Server::start(g, &[&oidc, more].concat())
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
