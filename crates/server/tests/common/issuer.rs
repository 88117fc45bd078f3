//! An identity provider whose answers a test chooses. A real one is in web/e2e.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};

/// Keys that sign nothing but the tests' tokens.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIFSVdH+8lx6K0txq4f/RL09VUhipdl8/XhYVJmmYf7+2
-----END PRIVATE KEY-----
";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMmAedcL+2bGYwgPh1wY2UJzZi0hCGsgFjhGwTXnL/+b
-----END PRIVATE KEY-----
";

/// The signature of an ID token.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Signed {
    #[default]
    Rightly,
    ByAnother,
    Not,
}

/// The provider's answers.
#[derive(Clone, Default)]
pub(crate) struct Says {
    /// The claims of the next ID token, beside those that every token has.
    pub(crate) claims: Value,
    /// The person's data that it gives beside the token.
    pub(crate) info: Value,
    pub(crate) signed: Signed,
    /// The parameters that were posted to get the token.
    pub(crate) asked: BTreeMap<String, String>,
}

pub(crate) struct Issuer {
    pub(crate) address: String,
    pub(crate) says: Arc<Mutex<Says>>,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says::default()));
        let (here, said) = (address.clone(), Arc::clone(&says));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &here, &said);
            }
        });
        Self { address, says }
    }
}

fn answer(mut stream: TcpStream, here: &str, says: &Mutex<Says>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() <= 2 {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let path = head[0].split(' ').nth(1).unwrap();
    let body = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": here,
            "authorization_endpoint": format!("{here}/authorize"),
            "token_endpoint": format!("{here}/token"),
            "userinfo_endpoint": format!("{here}/me"),
            "jwks_uri": format!("{here}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        }),
        "/jwks" => {
            serde_json::to_value(CoreJsonWebKeySet::new(vec![key(KEY).as_verification_key()]))
                .unwrap()
        }
        "/token" => {
            let mut says = says.lock().unwrap();
            says.asked = form(&String::from_utf8(body).unwrap());
            json!({ "access_token": "t", "token_type": "Bearer", "id_token": id_token(here, &says) })
        }
        "/me" => says.lock().unwrap().info.clone(),
        other => panic!("nobody asks for {other}"),
    };
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
}

fn key(pem: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new("a".to_owned())))
        .unwrap()
}

fn id_token(here: &str, says: &Says) -> String {
    let now = chrono::Utc::now().timestamp();
    let mut claims =
        json!({ "iss": here, "aud": "skiagraph", "sub": "alice", "iat": now, "exp": now + 60 });
    claims.as_object_mut().unwrap().extend(says.claims.as_object().cloned().unwrap_or_default());
    let algorithm = if says.signed == Signed::Not { "none" } else { "EdDSA" };
    let parts = [json!({ "alg": algorithm, "kid": "a", "typ": "JWT" }), claims];
    let text = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let sign = |pem| key(pem).sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap();
    let signature = match says.signed {
        Signed::Rightly => sign(KEY),
        Signed::ByAnother => sign(OTHER_KEY),
        Signed::Not => Vec::new(),
    };
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The parts of a query or a form. None needs decoding, except addresses.
pub(crate) fn form(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.replace("%3A", ":").replace("%2F", "/")))
        .collect()
}
