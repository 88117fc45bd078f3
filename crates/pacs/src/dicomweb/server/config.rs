//! What a server of STOW-RS accepts, and from whom.

use super::super::stow::Limits;
use crate::authorization::Authorization;
use crate::error::{Error, Result};
use crate::tls::ServerTls;
use crate::uids::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a server of STOW-RS listens. The size of an instance and the room on the disk are limited by
/// the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to listen: on this machine alone, unless it says otherwise. Port 0 lets the system
    /// choose.
    pub address: SocketAddr,
    /// What a client has to show. Without it, and without certificates of clients, the address has
    /// to be one that this machine alone reaches.
    pub authorization: Option<Authorization>,
    /// Transfer syntaxes in which instances are accepted: those that the decoder reads.
    pub transfer_syntaxes: Vec<String>,
    /// Requests at a time; further ones are answered with 503.
    pub max_requests: usize,
    /// How much a request may bring.
    pub limits: Limits,
    /// How long a client may be silent in the midst of a request, and how long its head may take.
    pub idle: Duration,
    /// How long a request may take from its first byte to the last.
    pub request: Duration,
    /// Under TLS alone, where given.
    pub tls: Option<ServerTls>,
}

impl Default for Config {
    /// 127.0.0.1:8043, for whoever connects there, uncompressed, 8 requests, 30 seconds of silence,
    /// an hour.
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8043)),
            authorization: None,
            transfer_syntaxes: [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]
                .map(String::from)
                .into(),
            max_requests: 8,
            limits: Limits::default(),
            idle: Duration::from_secs(30),
            request: Duration::from_secs(3600),
            tls: None,
        }
    }
}

impl Config {
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |setting, got: String, expected| Err(Error::Setting { setting, got, expected });
        if self.max_requests == 0 {
            return wrong("number of requests", self.max_requests.to_string(), "at least 1");
        }
        let clients_are_known = self.authorization.is_some()
            || self.tls.as_ref().is_some_and(|tls| tls.client_authorities.is_some());
        if !self.address.ip().is_loopback() && !clients_are_known {
            let expected = "a loopback address; or a password, a token or certificates of clients";
            return wrong("address for DICOMweb", self.address.to_string(), expected);
        }
        Ok(())
    }
}
