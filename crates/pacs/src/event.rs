//! Events, for logs and counters. None holds patient data: instances are named as in the inbox.

use crate::error::Error;
use crate::inbox::{Key, Stored};
use connections::TlsError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// An event while instances are received or fetched.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A peer has an association.
    Associated {
        /// Its address.
        peer: SocketAddr,
        /// Its AE title.
        calling: String,
    },
    /// An instance is durable in the inbox.
    Stored {
        /// Its name in the inbox.
        key: Key,
        /// The outcome of storing it.
        stored: Stored,
        /// The size of its file in bytes.
        bytes: u64,
        /// The source: an AE title, or the host of a server.
        from: String,
    },
    /// An instance was not kept, and its sender was told.
    Refused {
        /// Its name, if it is known.
        key: Option<Key>,
        /// The status in the answer (PS3.7 annex C, PS3.4 B.2.3), or the failure reason of PS3.18
        /// I.2.
        status: u16,
        /// The reason, in words.
        reason: String,
        /// The source: an AE title, or the host of a server.
        from: String,
    },
    /// An instance of a server was passed over.
    PassedOver {
        /// The reason, in words.
        reason: String,
        /// The host of the server.
        from: String,
    },
    /// An association was released.
    Released {
        /// Its address.
        peer: SocketAddr,
        /// The number of instances it brought.
        instances: u64,
    },
    /// A certificate that has changed, and is used as it was before.
    Certificate {
        /// The reason.
        error: TlsError,
    },
    /// An association, or the attempt at one, ended otherwise.
    Ended {
        /// Its address.
        peer: SocketAddr,
        /// The number of instances it brought.
        instances: u64,
        /// The reason.
        error: Error,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Associated { peer, calling } => {
                write!(f, "association with {} at {peer}", plain(calling))
            }
            Self::Stored { key, stored, bytes, from } => {
                let what = match stored {
                    Stored::New => "stored",
                    Stored::Known => "known",
                    Stored::Differs => "another data set under a known UID: kept the first",
                };
                write!(f, "{key} {what}: {bytes} bytes from {}", plain(from))
            }
            Self::Refused { key, status, reason, from } => {
                if let Some(key) = key {
                    write!(f, "{key} ")?;
                }
                write!(f, "refused with {status:04X}: {reason}, from {}", plain(from))
            }
            Self::PassedOver { reason, from } => {
                write!(f, "passed over: {reason}, from {}", plain(from))
            }
            Self::Released { peer, instances } => {
                write!(f, "{peer} released: {instances} instances")
            }
            Self::Certificate { error } => write!(f, "the certificate stays as it was: {error}"),
            Self::Ended { peer, instances, error } => {
                write!(f, "{peer} ended: {error}; {instances} instances")
            }
        }
    }
}

/// A stranger's name for itself, without characters that a terminal or a log would act upon.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

/// The receiver of events.
pub type Events<'a> = &'a (dyn Fn(&Event) + Sync);

/// The receiver of events of a server whose requests may outlive the call that serves them.
pub type SharedEvents = Arc<dyn Fn(&Event) + Send + Sync>;
