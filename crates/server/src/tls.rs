//! TLS of the server. It follows its certificate's files, so that a renewed one is used without a
//! restart.

use std::io::{Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use connections::ServerTls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use super::keys::{FileState, file_state};

/// The server's certificate and key.
pub(crate) struct Tls {
    files: ServerTls,
    known: Mutex<Known>,
}

struct Known {
    config: Arc<ServerConfig>,
    /// The states of the files that it was read from.
    states: Vec<FileState>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If one cannot be read, or key and certificate do not match.
    pub(crate) fn open(files: ServerTls) -> Result<Self> {
        let known = Known { states: states(&files), config: files.config()? };
        Ok(Self { files, known: Mutex::new(known) })
    }

    /// Performs the TLS handshake, if the client does it in time.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        timeout: Duration,
    ) -> Option<TlsStream<S>> {
        time::timeout(timeout, TlsAcceptor::from(self.current()).accept(stream)).await.ok()?.ok()
    }

    /// The present contents of the files. While they cannot be read, the contents read before stay
    /// valid.
    fn current(&self) -> Arc<ServerConfig> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let states = states(&self.files);
        if known.states != states {
            known.states = states;
            match self.files.config() {
                Ok(config) => known.config = config,
                Err(error) => complain(&error),
            }
        }
        Arc::clone(&known.config)
    }
}

fn states(files: &ServerTls) -> Vec<FileState> {
    let paths = [Some(&files.certificate), Some(&files.key), files.client_authorities.as_ref()];
    paths.into_iter().flatten().map(|path| file_state(path)).collect()
}

/// Writes the error to the log, once for each state of the files.
fn complain(error: &connections::TlsError) {
    let line = serde_json::json!({ "error": format!("the certificate stays as it was: {error}") });
    let _nobody_reads = writeln!(stderr().lock(), "{line}");
}
