//! Requests to a server of DICOMweb or Orthanc: its address, credentials, trusted authorities, and
//! timeouts.

use crate::authorization::Authorization;
use crate::error::{Error, Result};
use crate::media_type::MediaType;
use connections::certificates;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// The most bytes of an answer in JSON. A page of a thousand instances has one megabyte.
const MAX_JSON: u64 = 64 << 20;

/// The authorities that an HTTP client trusts: the certificates of a PEM file.
///
/// # Errors
/// [`Error::Tls`], which names the file.
pub fn authorities(path: &Path) -> Result<RootCerts> {
    let read = certificates(path)?;
    let read: Vec<_> = read.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
    Ok(RootCerts::new_with_certs(&read))
}

/// An HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The base address of its services, such as `https://pacs.example/dicom-web`. It must have no
    /// name or password.
    pub url: String,
    /// The credentials, if it requires any.
    pub authorization: Option<Authorization>,
    /// The authorities that sign its certificate, in PEM; by default those that browsers trust.
    pub authorities: Option<PathBuf>,
    /// The time that it may take to answer, and then to send one instance.
    pub timeout: Duration,
}

impl Server {
    /// A server without credentials, with a timeout of two minutes.
    pub fn new(url: &str) -> Self {
        let timeout = Duration::from_secs(120);
        Self { url: url.to_owned(), authorization: None, authorities: None, timeout }
    }
}

/// Sends requests to one server.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    base: String,
    authorization: Option<Authorization>,
}

impl Http {
    pub(crate) fn new(server: &Server) -> Result<Self> {
        let base = server.url.trim_end_matches('/').to_owned();
        let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#');
        if !host.is_some_and(|host| !host.is_empty() && host.chars().all(plain)) {
            let expected =
                "http:// or https://, a host, a path; no name, password, query or fragment";
            return Err(Error::Setting {
                setting: "server",
                got: "another address".to_owned(),
                expected,
            });
        }
        let mut tls = TlsConfig::builder();
        if let Some(path) = &server.authorities {
            tls = tls.root_certs(authorities(path)?);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls.build())
            // Nothing below the binary reads the environment, and a hospital's PACS is behind no
            // proxy.
            .proxy(None)
            .max_redirects(3)
            // Only to the same host, and never from https to http.
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_connect(Some(server.timeout))
            .timeout_recv_response(Some(server.timeout))
            .timeout_recv_body(Some(server.timeout))
            .timeout_send_request(Some(server.timeout))
            .timeout_send_body(Some(server.timeout))
            .build();
        Ok(Self { agent: config.into(), base, authorization: server.authorization.clone() })
    }

    /// The host and its port, which a log may contain.
    pub(crate) fn host(&self) -> &str {
        self.base.split('/').nth(2).unwrap_or_default()
    }

    /// The base address, which names the server.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn get(&self, path: &str, accept: &str) -> Result<Response<Body>> {
        let mut request = self.agent.get(format!("{}{path}", self.base)).header("Accept", accept);
        if let Some(shown) = &self.authorization {
            request = request.header("Authorization", shown.header());
        }
        request.call().map_err(|error| self.failed(path, &error))
    }

    /// Posts a body of known length. A redirection is not followed: the body would not come along.
    pub(crate) fn post(
        &self,
        path: &str,
        [content_type, accept]: [&str; 2],
        length: u64,
        body: &mut dyn Read,
    ) -> Result<Response<Body>> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .config()
            .max_redirects(0)
            .build()
            .header("Content-Type", content_type)
            .header("Content-Length", length.to_string())
            .header("Accept", accept);
        if let Some(shown) = &self.authorization {
            request = request.header("Authorization", shown.header());
        }
        request.send(ureq::SendBody::from_reader(body)).map_err(|error| self.failed(path, &error))
    }

    /// The answer in JSON. There is none for 204 No Content, or an empty body. 206 Partial Content
    /// answers with a page of a list.
    pub(crate) fn json<T: DeserializeOwned>(&self, path: &str, accept: &str) -> Result<Option<T>> {
        let response = self.get(path, accept)?;
        match response.status().as_u16() {
            204 => Ok(None),
            200 | 206 => self.parse(path, response),
            status => Err(self.refused(path, status)),
        }
    }

    /// The body as JSON, under any media type; none if it is empty.
    pub(crate) fn parse<T: DeserializeOwned>(
        &self,
        path: &str,
        response: Response<Body>,
    ) -> Result<Option<T>> {
        let wrong =
            |got| self.answer(path, got, "JSON of at most 64 MiB, as the service defines it");
        let kind = media_type(&response).name;
        let mut bytes = Vec::new();
        let body = self.body(path, response)?.take(MAX_JSON + 1).read_to_end(&mut bytes);
        body.map_err(|error| wrong(format!("a body that breaks off ({})", error.kind())))?;
        if bytes.len() as u64 > MAX_JSON {
            return Err(wrong("more".to_owned()));
        }
        // Some begin their UTF-8 with a mark.
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(text).map(Some).map_err(|error| {
            // What the parser says may quote what it read.
            let (problem, line) = (error.classify(), error.line());
            wrong(format!("{} that is no such JSON ({problem:?}, line {line})", shown_type(&kind)))
        })
    }

    /// The body, decompressed if it is compressed (RFC 9110 8.4.1), asked for or not.
    pub(crate) fn body(&self, path: &str, response: Response<Body>) -> Result<Box<dyn Read>> {
        let coding = header(&response, "content-encoding").to_ascii_lowercase();
        let body = response.into_body().into_reader();
        match coding.as_str() {
            "" | "identity" => Ok(Box::new(body)),
            "gzip" | "x-gzip" => Ok(Box::new(MultiGzDecoder::new(body))),
            "deflate" => Ok(Box::new(ZlibDecoder::new(body))),
            _ => {
                let got = "another content encoding".to_owned();
                Err(self.answer(path, got, "none, gzip or deflate"))
            }
        }
    }

    pub(crate) fn failed(&self, path: &str, error: &ureq::Error) -> Error {
        Error::Http { url: self.shown(path), reason: error.to_string() }
    }

    pub(crate) fn refused(&self, path: &str, status: u16) -> Error {
        let hint = match status {
            300..=399 => "it sends on to another address: give that one",
            401 | 403 => "give it a name and password, or a token",
            404 => "look at the address, and whether the service is switched on",
            413 => "ask for less, as by days",
            429 | 503 => "it has too much to do: ask again later",
            _ => "look at the server's log",
        };
        Error::HttpStatus { url: self.shown(path), status, hint }
    }

    pub(crate) fn answer(&self, path: &str, got: String, expected: &'static str) -> Error {
        Error::Answer { url: self.shown(path), got, expected }
    }

    /// An address for errors: without the query, and without UIDs, which name studies of patients.
    fn shown(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap_or_default();
        let part =
            |part: &str| if part.len() > 16 || part.contains('.') { "…" } else { part }.to_owned();
        let parts: Vec<String> = path.split('/').map(part).collect();
        format!("{}{}", self.base, parts.join("/"))
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

/// The media type of an answer, and its parameters.
pub(crate) fn media_type(response: &Response<Body>) -> MediaType {
    MediaType::parse(header(response, "content-type"))
}

/// A media type as errors show it: a server may send anything as its name.
pub(crate) fn shown_type(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/+.-".contains(c);
    if name.is_empty() {
        "a body of no media type".to_owned()
    } else if name.len() <= 64 && name.chars().all(plain) {
        name.to_owned()
    } else {
        "another media type".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_secrets_are_refused_without_being_shown() {
        for url in ["https://a:b@c/d", "ftp://c", "https://", "http://c/?token=d", "http://c d"] {
            let error = Http::new(&Server::new(url)).unwrap_err().to_string();
            assert!(!error.contains("a:b@c") && !error.contains("token"), "{error}");
        }
    }

    #[test]
    fn errors_show_no_uids() {
        let http = Http::new(&Server::new("https://pacs.example:8042/dicom-web/")).unwrap();
        assert_eq!(http.host(), "pacs.example:8042");
        let said = http.refused("/studies/1.2.3/series/1.4?PatientID=7", 404).to_string();
        assert!(
            said.starts_with("https://pacs.example:8042/dicom-web/studies/…/series/…: "),
            "{said}"
        );
    }
}
