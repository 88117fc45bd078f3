//! The steps of a sign-in, as a browser takes them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::issuer::{Says, form};
use super::{Answer, Server};

/// The server's address for browsers. Nothing connects to it, as the tests act as the browser.
pub(crate) const URL: &str = "http://localhost:8042/";

/// A sign-in that has begun: the parameters for the provider, and the browser's cookie.
pub(crate) struct Begun {
    pub(crate) told: BTreeMap<String, String>,
    pub(crate) cookie: String,
}

pub(crate) fn cookie(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let found = all.filter(|cookie| cookie.starts_with(&format!("{name}="))).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{name}");
    found[0].to_owned()
}

pub(crate) fn begin(server: &Server) -> Begun {
    let answer = server.get("/sign-in");
    assert_eq!(answer.status, 303, "{}", server.log());
    let whole = cookie(&answer, "skiagraph_sign_in");
    assert!(whole.ends_with("; Path=/sign-in; Max-Age=600; HttpOnly; SameSite=Lax"), "{whole}");
    let told = form(answer.header("location").split_once('?').unwrap().1);
    Begun { told, cookie: whole.split(';').next().unwrap().to_owned() }
}

pub(crate) fn end(server: &Server, query: &str, cookie: &str) -> Answer {
    let answer = server.ask("GET", &format!("/sign-in/done?{query}"), &[("Cookie", cookie)], &[]);
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
    answer
}

pub(crate) fn told(claims: Value) -> Says {
    Says { claims, info: json!({ "sub": "alice" }), ..Says::default() }
}
