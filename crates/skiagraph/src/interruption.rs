//! The end of an interrupted process that has files in hand.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, Result};
use files::attempts::Attempts;

/// The exit code of an interrupted process, as shells give it.
const INTERRUPTED: i32 = 130;

/// The notes that an interruption removes; empty if no file is being worked on.
static CURRENT: Mutex<Weak<Attempts>> = Mutex::new(Weak::new());

/// Ends the process at SIGINT, SIGTERM and SIGHUP at once, but in order: the notes that were given
/// last count no death.
///
/// # Errors
/// If interrupts cannot be listened for.
pub(crate) fn end_in_order_when_interrupted(attempts: &Arc<Attempts>) -> Result<()> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    *CURRENT.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(attempts);
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let end = || {
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempts) = current.upgrade() {
            attempts.end();
        }
        process::exit(INTERRUPTED)
    };
    ctrlc::set_handler(end).context("cannot listen for interrupts")
}
