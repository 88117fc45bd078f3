//! Requests that the server itself sends: to the identity provider, and to the collector of traces.
//! No redirects, no proxies, little patience, small answers.

use std::io::Error;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use axum::http::{Request, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, AsSendBody};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST: u64 = 1 << 20;

/// A client.
#[derive(Debug)]
pub(super) struct Http {
    agent: Agent,
}

impl Http {
    /// A client that believes these authorities (PEM), or those that browsers believe; without TLS
    /// only if `plain`.
    ///
    /// # Errors
    /// If the file cannot be read or has no certificate.
    pub(super) fn new(authorities: Option<&Path>, plain: bool) -> Result<Self> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = authorities {
            tls = tls.root_certs(pacs::authorities(path)?);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!plain)
            .tls_config(tls.build())
            .proxy(None)
            // Who is sent elsewhere might be sent to what only we can reach.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            .build();
        Ok(Self { agent: config.into() })
    }

    /// Sends a request. Blocks.
    ///
    /// # Errors
    /// If there is no answer in time, or one of more than a megabyte. None names an address with
    /// parameters.
    pub(super) fn send(
        &self,
        request: Request<impl AsSendBody>,
    ) -> Result<Response<Vec<u8>>, Error> {
        let failed = |error: ureq::Error| Error::other(error.to_string());
        let mut response = self.agent.run(request).map_err(failed)?;
        let body = response.body_mut().with_config().limit(MOST).read_to_vec().map_err(failed)?;
        let (parts, _) = response.into_parts();
        Ok(Response::from_parts(parts, body))
    }
}
