//! DICOMweb (PS3.18). The client searches (QIDO-RS), fetches (WADO-RS) and sends (STOW-RS). The
//! server receives (STOW-RS).

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
    /// Makes a client of a server, without a request to it.
    ///
    /// # Errors
    /// [`crate::Error::Setting`] if the address is none, [`crate::Error::Tls`] if its authorities
    /// cannot be read.
    pub fn new(server: &Server) -> Result<Self> {
        Ok(Self { http: Http::new(server)? })
    }
}
