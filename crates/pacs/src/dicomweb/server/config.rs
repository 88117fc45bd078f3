//! The configuration of a STOW-RS server: its address, clients and limits.

use super::super::stow::Limits;
use crate::authorization::Authorization;
use crate::error::{Error, Result};
use crate::uids::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};
use connections::ServerTls;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The configuration of a STOW-RS server. The inbox limits the size of an instance and the room on
/// the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The address to listen at; by default this machine alone reaches it. Port 0 lets the system
    /// choose.
    pub address: SocketAddr,
    /// The credentials that a client has to send. Without them, and without certificates of
    /// clients, the address must be one that this machine alone reaches.
    pub authorization: Option<Authorization>,
    /// Transfer syntaxes in which instances are accepted: those that the decoder reads.
    pub transfer_syntaxes: Vec<String>,
    /// Requests at a time; further ones are answered with 503.
    pub max_requests: usize,
    /// The limits on one request.
    pub limits: Limits,
    /// The longest silence of a client within a request, and the longest time for its head.
    pub idle: Duration,
    /// The longest time from a request's head to its last byte.
    pub request: Duration,
    /// The settings of TLS; where given, the server takes no other connections.
    pub tls: Option<ServerTls>,
}

impl Default for Config {
    /// Address 127.0.0.1:8043, no credentials, uncompressed instances, 8 requests at a time. A
    /// silence may last 30 seconds, and a request an hour.
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
