//! A gallery's address: the servers, the user, and the options that only this program reads.
//!
//! ```text
//! postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE
//!     ?sslmode=require&sslrootcert=FILE&passwordfile=FILE&snapshots=FOLDER
//! ```

use std::fs;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresError;
use super::session::{Answer, Failure, Session};
use crate::{Error, Result};

/// The time that a server may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(3);
/// The time that a server may take to acknowledge sent data.
const SILENCE: Duration = Duration::from_secs(5);

/// A parsed address: see the module.
#[derive(Clone)]
pub(super) struct Address {
    /// The configuration of each server, so that another may answer while one hangs.
    servers: Vec<Config>,
    tls: Option<Arc<ClientConfig>>,
    /// The folder for files that are derived from the gallery.
    pub(super) folder: Option<PathBuf>,
}

impl Address {
    /// Reads a URL, and the files that it names.
    pub(super) fn read(url: &str) -> Result<Self> {
        let (mut folder, mut roots, mut password) = (None, None, None);
        let (before, options) = url.split_once('?').unwrap_or((url, ""));
        let mut others = Vec::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=').unwrap_or((option, "")) {
                ("snapshots", path) => folder = Some(decoded(path)?),
                ("sslrootcert", path) => roots = Some(decoded(path)?),
                ("passwordfile", path) => password = Some(decoded(path)?),
                _ => others.push(option),
            }
        }
        let password = password
            .map(|path| {
                fs::read(&path).map_err(|source| Error::File { action: "read", path, source })
            })
            .transpose()?;
        let urls =
            single_hosts(before).into_iter().map(|before| format!("{before}?{}", others.join("&")));
        let mut servers =
            urls.map(|url| server(&url, password.as_deref())).collect::<Result<Vec<_>>>()?;
        let tls = roots.map(trusting).transpose()?;
        if tls.is_some() {
            // A user who names an authority wants no unencrypted connection where a server lacks
            // TLS.
            for server in &mut servers {
                server.ssl_mode(SslMode::Require);
            }
        }
        if tls.is_none() && servers.iter().any(|server| server.get_ssl_mode() == SslMode::Require) {
            return Err(wrong(
                "sslmode=require without sslrootcert=FILE, the authority that signs the servers' certificates",
            ));
        }
        if let Some(folder) = &folder {
            let unusable =
                |source| Error::File { action: "make the folder", path: folder.clone(), source };
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        Ok(Self { servers, tls, folder })
    }

    /// Connects to the server in charge, or to any.
    pub(super) fn connect(&self, to: TargetSessionAttrs) -> Answer<Session> {
        let mut refused = None;
        for server in &self.servers {
            match self.connect_to(server, to) {
                // A server's error says more than the silence of another.
                Err(failure) if refused.is_none() || matches!(failure, Failure::Server(_)) => {
                    refused = Some(failure);
                }
                Err(_) => {}
                connected => return connected,
            }
        }
        Err(refused.unwrap_or(Failure::Silent))
    }

    fn connect_to(&self, server: &Config, to: TargetSessionAttrs) -> Answer<Session> {
        let mut server = server.clone();
        server.target_session_attrs(to);
        let session = match &self.tls {
            None => Session::connect(&server, NoTls),
            Some(tls) => {
                Session::connect(&server, MakeRustlsConnect::new(ClientConfig::clone(tls)))
            }
        }?;
        // Queries here take a millisecond or two; compiling one would take some hundred.
        session.batch_execute("SET search_path = skiagraph, public; SET jit = off")?;
        Ok(session)
    }
}

/// The URL's part before its options, for each host.
fn single_hosts(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    // A password may have an `@` or a comma, a host may not.
    let (user, hosts) =
        authority.rfind('@').map_or(("", authority), |at| authority.split_at(at + 1));
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

fn server(url: &str, password: Option<&[u8]>) -> Result<Config> {
    // The parser's error may quote a password.
    let mut server = Config::from_str(url).map_err(|_| wrong("the part after postgres://"))?;
    if let Some(password) = password {
        server.password(password.trim_ascii_end());
    }
    server.application_name("skiagraph").tcp_user_timeout(SILENCE);
    if server.get_connect_timeout().is_none() {
        server.connect_timeout(CONNECTING);
    }
    Ok(server)
}

fn wrong(reason: &str) -> Error {
    PostgresError::Address { reason: reason.to_owned() }.into()
}

/// A path with its percent escapes decoded.
fn decoded(path: &str) -> Result<PathBuf> {
    let text = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| wrong("a path of its options"))?;
    if text.is_empty() {
        Err(wrong("an empty path in its options"))
    } else {
        Ok(PathBuf::from(text.as_ref()))
    }
}

/// A TLS configuration for servers whose certificates an authority of the file has signed.
fn trusting(path: PathBuf) -> Result<Arc<ClientConfig>> {
    let unreadable = |error: String| Error::File {
        action: "read the certificates of",
        path: path.clone(),
        source: std::io::Error::other(error),
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(&path).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| unreadable(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_asked_by_itself() {
        let all = single_hosts("postgres://me:a,b@c@one:1,two,three:3/x");
        assert_eq!(all[0], "postgres://me:a,b@c@one:1/x");
        assert_eq!((all.len(), all[2].as_str()), (3, "postgres://me:a,b@c@three:3/x"));
        assert_eq!(single_hosts("postgres://one"), ["postgres://one"]);
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in [
            "postgres://me:secret@host:port/x",
            "postgres://me:secret@host/x?unknown=1",
            "postgres://me:secret@host/x?sslmode=require",
            "postgres://me:secret@host/x?snapshots=",
        ] {
            let message = Address::read(url).err().unwrap().to_string();
            assert!(
                message.contains("address that does not read") && !message.contains("secret"),
                "{message}"
            );
        }
        let missing = Address::read("postgres://host/x?passwordfile=/nowhere/p%20q").err().unwrap();
        assert!(missing.to_string().contains("/nowhere/p q"), "{missing}");
    }
}
