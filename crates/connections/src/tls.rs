//! TLS by rustls (PS3.15 B.9: BCP 195): certificates, keys and trusted authorities, from PEM files.

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}; expected PEM")]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// The fault, in words.
    pub reason: String,
}

type Result<T> = std::result::Result<T, TlsError>;

/// A server's TLS: its certificate, and the authorities that it trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// The certificate, and those between it and the authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// Authorities whose certificates clients must have. Without them, any client may connect.
    pub client_authorities: Option<PathBuf>,
}

/// A client's TLS: the authorities that it trusts, and its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls {
    /// Authorities that sign the servers' certificates, in PEM.
    pub authorities: PathBuf,
    /// The client's certificate and its private key, if the server asks for one.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The name in the server's certificate, if it differs from the address's.
    pub server_name: Option<String>,
}

fn wrong(path: &Path) -> impl Fn(rustls::Error) -> TlsError + '_ {
    move |error| TlsError { path: path.into(), reason: error.to_string() }
}

/// The error of a file that cannot be used: its fault, or the system's error.
fn unreadable(path: &Path) -> impl Fn(pem::Error) -> TlsError + '_ {
    move |error| {
        let reason =
            if let pem::Error::Io(error) = &error { error.to_string() } else { error.to_string() };
        TlsError { path: path.into(), reason }
    }
}

/// The certificates of a PEM file.
///
/// # Errors
/// [`TlsError`] if it cannot be read, or has none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).map_err(unreadable(path))?;
    let found: Vec<_> = read.collect::<std::result::Result<_, _>>().map_err(unreadable(path))?;
    match found.is_empty() {
        true => Err(TlsError { path: path.into(), reason: "no certificate in it".to_owned() }),
        false => Ok(found),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(unreadable(path))
}

fn roots(path: &Path) -> Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(wrong(path))?;
    }
    Ok(Arc::new(roots))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl ServerTls {
    /// The configuration of a listener, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn config(&self) -> Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(wrong(&self.certificate))?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots(path)?, provider()).build();
                let failed = |error: rustls::server::VerifierBuilderError| TlsError {
                    path: path.clone(),
                    reason: error.to_string(),
                };
                builder.with_client_cert_verifier(verifier.map_err(failed)?)
            }
        };
        let config = builder.with_single_cert(certificates(&self.certificate)?, key(&self.key)?);
        config.map(Arc::new).map_err(wrong(&self.certificate))
    }
}

impl ClientTls {
    /// The configuration of a client, with TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub fn config(&self) -> Result<Arc<ClientConfig>> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(wrong(&self.authorities))?
            .with_root_certificates(roots(&self.authorities)?);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, path)) => builder
                .with_client_auth_cert(certificates(certificate)?, key(path)?)
                .map_err(wrong(certificate))?,
        };
        Ok(Arc::new(config))
    }
}
