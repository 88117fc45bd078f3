//! Options of what listens: its certificate, and whose it asks for.

use std::path::PathBuf;

use pacs::ServerTls;

/// TLS, or none.
#[derive(clap::Args)]
pub(crate) struct TlsArgs {
    /// Our certificate (PEM): accept TLS alone
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Authorities (PEM) one of which must have signed the certificate of whoever calls
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_clients: Option<PathBuf>,
}

impl TlsArgs {
    /// Who we are under TLS; none for plain text.
    pub(crate) fn server(&self) -> Option<ServerTls> {
        let (certificate, key) = self.tls_certificate.clone().zip(self.tls_key.clone())?;
        Some(ServerTls { certificate, key, client_authorities: self.tls_clients.clone() })
    }
}
