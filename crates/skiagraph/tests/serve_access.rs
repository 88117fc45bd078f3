//! Access to a server: keys, roles, sessions, other sites' pages, and paths and headers that try to
//! deceive.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::path::{Path, PathBuf};

use common::{json, pictures, samples, succeed, text};
use serde_json::{Value, json};
use server::Server;

/// A gallery of two samples.
fn gallery(folder: &Path) -> PathBuf {
    let found = pictures(&samples().join("images"));
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&found[0]), text(&found[1])]);
    g
}

/// A new key of a role: its id and the key itself.
fn key(file: &Path, role: &str) -> (String, String) {
    let made = json(&["api-key", "new", "--role", role, "--file", text(file)]);
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}

fn bearer(key: &str) -> (String, String) {
    ("Authorization".to_owned(), format!("Bearer {key}"))
}

#[test]
fn every_route_knows_who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (gallery(folder.path()), folder.path().join("keys.toml"));
    let made = ["reader", "contributor", "admin"].map(|role| (role, key(&keys, role)));
    let mut server = Server::start(&g, &["--api-keys", text(&keys)]);
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
        let least = made.iter().position(|(role, _)| Some(*role) == wanted.as_deref()).unwrap_or(0);
        server.headers = vec![bearer("skia_wrong")];
        assert!(open || ask(&server, method, path) == 401, "{method} {path}");
        for (rank, (role, (_, key))) in made.iter().enumerate() {
            server.headers = vec![bearer(key)];
            let status = ask(&server, method, path);
            let allowed = ![401, 403].contains(&status) && status < 500;
            assert_eq!(allowed, rank >= least, "{role}: {method} {path}: {status}");
        }
    }
    for (role, (_, key)) in &made {
        server.headers = vec![bearer(key)];
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
    assert!(made.iter().all(|(_, (_, key))| !log.contains(key)));
}

#[test]
fn a_session_lives_as_long_as_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (gallery(folder.path()), folder.path().join("keys.toml"));
    let ((id, reader), _) = (key(&keys, "reader"), key(&keys, "admin"));
    let mut server = Server::start(&g, &["--api-keys", text(&keys)]);
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
    succeed(&["api-key", "revoke", &id, "--file", text(&keys)]);
    assert_eq!(server.post(list.0, &list.1).failure(401), "key_wanted");
    let listed = json(&["api-key", "list", "--file", text(&keys)]);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["role"]), (1, &"admin".into()));

    let (_, other) = key(&keys, "contributor");
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
    let server = Server::start(&gallery(folder.path()), &[]);
    // A name of another site that resolves to this machine.
    for path in ["/api/v1/gallery", "/", "/api/v1/session"] {
        let answer = server.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("other_host"), "{answer}");
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
    let own = format!("http://{}", server.address);
    assert_eq!(server.ask("POST", "/api/v1/queries", &[("Origin", &own)], b"x").status, 415);
    // No page of another site may read an answer, or ask for permission to.
    let asked =
        server.ask("OPTIONS", "/api/v1/gallery", &[("Origin", "https://evil.example")], b"");
    assert!(asked.status == 405 && asked.header("access-control-allow-origin").is_empty());
}

#[test]
fn confusing_requests_confuse_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&gallery(folder.path()), &[]);
    let end = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for path in [
        "/../../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/assets//etc/passwd",
        "//etc/hostname.txt",
        "/api/v1/../../etc/passwd",
        "/api/v1/queries/%ff%fe/pixels",
        "/api/v1/queries/..%2f..%2fg/preview.png",
        "/api/v1/records/1%00/thumbnail.jpg",
        "/api/v1/queries/a%0d%0aSet-Cookie:%20a=b/preview.png",
    ] {
        let answer = server.raw(&format!("GET {path} {end}"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(
            !answer.to_lowercase().contains("set-cookie") && !answer.contains("root:"),
            "{path}: {answer}"
        );
    }
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)), "431"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET /\u{1}\u{2} HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "400"),
        (format!("FOO / {end}"), "405"),
        ("POST /api/v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), "4"),
        ("POST /api/v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".to_owned(), "413"),
    ] {
        let answer = server.raw(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{}: {answer}", &request[..40.min(request.len())]);
    }
    let metrics = String::from_utf8(server.get("/metrics").bytes).unwrap();
    assert!(metrics.contains("method=\"(other)\"") && !metrics.contains("FOO"), "{metrics}");
}
