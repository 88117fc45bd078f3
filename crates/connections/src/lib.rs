//! Connections of strangers within limits: how many there are, how long a client may take, TLS, and
//! HTTP on them. It knows nothing of what is served.

mod connection;
mod renewed_tls;
mod serve;
mod service;
mod slots;
mod timeout_stream;
mod tls;
mod unheard;

pub use renewed_tls::RenewedTls;
pub use serve::serve;
pub use service::{Limits, Peer, Service};
pub use slots::{Slot, Slots, Task, client_of};
pub use tls::{ClientTls, ServerTls, TlsError, certificates};
pub use unheard::Unheard;
