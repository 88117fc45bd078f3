//! Access to a server: keys, roles, sessions, and other sites' pages.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;

use common::{Server, gallery_of_samples, key};
use serde_json::{Value, json};
use server::keys::{self, Role};

/// A new key of a role: its id and the key itself.
fn secret(file: &Path, role: Role) -> (String, String) {
    let (id, (_, shown)) = key(file, role);
    (id, shown.trim_start_matches("Bearer ").to_owned())
}

fn revoke(file: &Path, id: &str) {
    keys::change(file, |keys| {
        keys.retain(|key| key.id != id);
        Ok(())
    })
    .unwrap();
}

#[test]
fn every_route_knows_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (gallery_of_samples(folder.path(), 2), folder.path().join("keys.toml"));
    let roles = [Role::Reader, Role::Contributor, Role::Admin];
    let made = roles.map(|role| (role.to_string(), key(&keys, role).1));
    let mut server = Server::with(&g, |settings| settings.keys = Some(keys.clone()));
    let operations = server.operations();
    assert!(
        operations.len() >= 30
            && operations.iter().filter(|(.., role)| role.is_none()).count() == 6,
        "{operations:?}"
    );
    let ask = |server: &Server, method: &str, path: &str| {
        let path = path.replace("{id}", "1");
        server.ask(method, &path, &[("Content-Type", "application/json")], b"{}").status
    };
    for (method, path, wanted) in &operations {
        let open = wanted.is_none();
        server.headers = Vec::new();
        let anybody = ask(&server, method, path);
        // The route of sessions answers 422 to a body that is no key.
        assert_eq!(anybody == 401, !open, "{method} {path}: {anybody}");
        let least = made.iter().position(|(role, _)| Some(role) == wanted.as_ref()).unwrap_or(0);
        server.headers = vec![("Authorization".to_owned(), "Bearer skia_wrong".to_owned())];
        assert!(open || ask(&server, method, path) == 401, "{method} {path}");
        for (rank, (role, key)) in made.iter().enumerate() {
            server.headers = vec![key.clone()];
            let status = ask(&server, method, path);
            let allowed = ![401, 403].contains(&status) && status < 500;
            assert_eq!(allowed, rank >= least, "{role}: {method} {path}: {status}");
        }
    }
    for (role, key) in &made {
        server.headers = vec![key.clone()];
        let session = server.get("/api/v1/session").json();
        assert_eq!(
            session,
            json!({ "required": true, "role": role, "keys": true, "single_sign_on": false })
        );
    }
    for wrong in ["Basic abc", "Bearer", "Bearer ", "bearer"] {
        server.headers = vec![("Authorization".to_owned(), wrong.to_owned())];
        assert_eq!(server.get("/api/v1/gallery").failure(401), "wrong_key");
    }
    let log = server.log();
    assert!(made.iter().all(|(_, (_, key))| !log.contains(key.trim_start_matches("Bearer "))));
}

#[test]
fn a_session_lives_as_long_as_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (gallery_of_samples(folder.path(), 2), folder.path().join("keys.toml"));
    let ((id, reader), _) = (secret(&keys, Role::Reader), key(&keys, Role::Admin));
    let mut server = Server::with(&g, |settings| settings.keys = Some(keys.clone()));
    assert_eq!(server.get("/api/v1/session").json()["role"], Value::Null);
    assert_eq!(
        server.post("/api/v1/session", &json!({ "key": "skia_\r\nSet-Cookie: a=b" })).failure(401),
        "wrong_key"
    );
    let opened = server.post("/api/v1/session", &json!({ "key": reader }));
    let cookie = opened.header("set-cookie").to_owned();
    assert!(
        opened.status == 204 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure") && !cookie.contains(&reader));
    let proxied = [("X-Forwarded-Proto", "https"), ("Content-Type", "application/json")];
    let proxied = server.ask(
        "POST",
        "/api/v1/session",
        &proxied,
        json!({ "key": reader }).to_string().as_bytes(),
    );
    assert!(proxied.header("set-cookie").ends_with("; Secure"));

    server.headers = vec![("Cookie".to_owned(), cookie.split(';').next().unwrap().to_owned())];
    assert_eq!(server.get("/api/v1/gallery").status, 200);
    let list = ("/api/v1/records/list", json!({}));
    assert_eq!(server.post(list.0, &list.1).failure(403), "other_site");
    server.headers.push(("X-Requested-With".to_owned(), "skiagraph".to_owned()));
    assert_eq!(server.post(list.0, &list.1).status, 200);
    revoke(&keys, &id);
    assert_eq!(server.post(list.0, &list.1).failure(401), "key_wanted");
    let listed = keys::read(&keys).unwrap();
    assert_eq!((listed.len(), listed[0].role), (1, Role::Admin));

    let (_, other) = secret(&keys, Role::Contributor);
    server.headers = Vec::new();
    let opened = server.post("/api/v1/session", &json!({ "key": other }));
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    server.headers = vec![("Cookie".to_owned(), cookie)];
    assert_eq!(server.get("/api/v1/session").json()["role"], "contributor");
    let closed = server.delete("/api/v1/session");
    assert!(closed.status == 204 && closed.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(server.get("/api/v1/gallery").failure(401), "key_wanted");
}

#[test]
fn other_sites_pages_get_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::of(&gallery_of_samples(folder.path(), 1));
    // A name of another site that resolves to this machine.
    for path in ["/api/v1/gallery", "/", "/api/v1/session"] {
        let answer = server.ask("GET", path, &[("Host", "evil.example")], &[]);
        assert_eq!(answer.failure(403), "other_host", "{path}");
    }
    for site in ["cross-site", "same-site"] {
        let upload = server.ask("POST", "/api/v1/queries", &[("Sec-Fetch-Site", site)], b"x");
        assert_eq!(upload.failure(403), "other_site");
    }
    assert_eq!(
        server.ask("POST", "/api/v1/queries", &[("Sec-Fetch-Site", "same-origin")], b"x").status,
        415
    );
    // Browsers without that header send this one.
    for origin in ["https://evil.example", "null"] {
        let upload = server.ask("POST", "/api/v1/queries", &[("Origin", origin)], b"x");
        assert_eq!(upload.failure(403), "other_site");
    }
    let own = [("Origin", "http://localhost:8042")];
    assert_eq!(server.ask("POST", "/api/v1/queries", &own, b"x").status, 415);
    // No page of another site may read an answer, or ask for permission to.
    let asked =
        server.ask("OPTIONS", "/api/v1/gallery", &[("Origin", "https://evil.example")], b"");
    assert!(asked.status == 405 && asked.header("access-control-allow-origin").is_empty());
}
