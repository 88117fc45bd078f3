//! The storage SCP: it listens, gives each association a thread, and stores what arrives in an
//! inbox (PS3.4 B).

mod association;
mod config;
mod listener;

pub use config::Config;
pub(crate) use config::is_ae_title;
pub use listener::{Listener, Stopper};
