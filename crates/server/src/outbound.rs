//! Requests that the server itself sends: to the identity provider, and to the collector of traces.
//! They allow no redirects and no proxies, and limit the time and size of answers.

use std::io::Error;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use axum::http::{Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody};

/// The time that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MOST: u64 = 1 << 20;

/// An HTTP client.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
}

impl Http {
    /// Makes a client that trusts these authorities (PEM), or those that browsers trust. It works
    /// without TLS only if `plain`.
    ///
    /// # Errors
    /// If the file cannot be read or has no certificate.
    pub(crate) fn new(authorities: Option<&Path>, plain: bool) -> Result<Self> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = authorities {
            let read = connections::certificates(path)?;
            let read: Vec<_> =
                read.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
            tls = tls.root_certs(RootCerts::new_with_certs(&read));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!plain)
            .tls_config(tls.build())
            .proxy(None)
            // A redirect might lead to an address that only this server can reach.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self { agent: config.into() })
    }

    /// Sends a request. Blocks.
    ///
    /// # Errors
    /// If there is no answer in time, or one of more than a megabyte. None names an address with
    /// parameters.
    pub(crate) fn send(
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
