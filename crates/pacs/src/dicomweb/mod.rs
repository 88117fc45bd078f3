//! DICOMweb (PS3.18): asking a server what it has (QIDO-RS), fetching it (WADO-RS), giving it what
//! is ours (STOW-RS); and, as a server, taking what others give.

mod json;
mod problem;
mod qido;
mod send;
pub mod server;
mod stow;
mod wado;

pub use qido::Found;
pub use send::Sent;
pub use stow::{Answer, Limits, Receiver};

use crate::error::Result;
use crate::http::{Http, Server};

/// A client of one DICOMweb server.
#[derive(Debug)]
pub struct Client {
    http: Http,
}

impl Client {
    /// For a server, which is not asked yet.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if the address is none, [`crate::Error::Tls`] if its authorities
    /// do not read.
    pub fn new(server: &Server) -> Result<Self> {
        Ok(Self { http: Http::new(server)? })
    }
}
