//! TLS by the present contents of its files, so that a renewed certificate is used without a
//! restart.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use files::FileState;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::tls::{ServerTls, TlsError};

/// A server's certificate and key, as their files are now.
pub struct RenewedTls {
    files: ServerTls,
    known: Mutex<Known>,
    complain: Complain,
}

/// The listener for errors of files that have changed and cannot be used.
type Complain = Box<dyn Fn(TlsError) + Send + Sync>;

struct Known {
    config: Arc<ServerConfig>,
    /// The states of the files that it was read from.
    states: Vec<FileState>,
}

impl fmt::Debug for RenewedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewedTls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl RenewedTls {
    /// Reads the files. `complain` is called if they change and cannot be used, once for each state
    /// of the files.
    ///
    /// # Errors
    /// [`TlsError`] if one cannot be read, or key and certificate do not match.
    pub fn open(
        files: ServerTls,
        complain: impl Fn(TlsError) + Send + Sync + 'static,
    ) -> Result<Self, TlsError> {
        let known = Known { states: states(&files), config: files.config()? };
        Ok(Self { files, known: Mutex::new(known), complain: Box::new(complain) })
    }

    /// Performs the TLS handshake, if the client does it in time.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        timeout: Duration,
    ) -> io::Result<TlsStream<S>> {
        time::timeout(timeout, TlsAcceptor::from(self.current()).accept(stream)).await?
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
                Err(error) => (self.complain)(error),
            }
        }
        Arc::clone(&known.config)
    }
}

fn states(files: &ServerTls) -> Vec<FileState> {
    let paths = [Some(&files.certificate), Some(&files.key), files.client_authorities.as_ref()];
    paths.into_iter().flatten().map(|path| files::state(path)).collect()
}
