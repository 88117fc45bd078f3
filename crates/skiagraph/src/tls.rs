//! Options of TLS for servers: their certificate, and the certificates of callers.

use std::path::PathBuf;

use connections::ServerTls;

/// TLS, or none.
#[derive(clap::Args)]
pub(crate) struct TlsArgs {
    /// This server's certificate (PEM): accept TLS alone
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Authorities (PEM), one of which must have signed the certificate of a caller
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_clients: Option<PathBuf>,
}

impl TlsArgs {
    /// The server's TLS settings; `None` for plain text.
    pub(crate) fn server(&self) -> Option<ServerTls> {
        let (certificate, key) = self.tls_certificate.clone().zip(self.tls_key.clone())?;
        Some(ServerTls { certificate, key, client_authorities: self.tls_clients.clone() })
    }
}
