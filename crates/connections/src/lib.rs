//! What the HTTP server and the listener of a PACS have in common: TLS, by the files of their
//! certificates, and the slots that connections hold.

mod slots;
mod tls;

pub use slots::{Slot, Slots, Task, client_of};
pub use tls::{ClientTls, ServerTls, TlsError, certificates};
