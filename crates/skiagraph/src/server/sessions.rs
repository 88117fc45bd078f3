//! Sessions of browsers that have shown a key: a random token in a cookie, known here by its hash.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::keys::{hash, random_text};

/// Sessions at a time; more end the oldest.
const MOST: usize = 10_000;

/// The open sessions. They end with the process.
pub(super) struct Sessions {
    life: Duration,
    /// By the hash of their token.
    open: Mutex<HashMap<String, Session>>,
}

struct Session {
    /// The id of the key that was shown.
    key: String,
    since: Instant,
}

impl Sessions {
    /// None yet; each lasts so long.
    pub(super) fn new(life: Duration) -> Self {
        Self { life, open: Mutex::default() }
    }

    /// Opens a session for whoever has shown a key; its token.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub(super) fn open(&self, key: String) -> Result<String> {
        let token = random_text::<32>()?;
        let mut open = self.current();
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, session)| session.since).map(|(hash, _)| hash.clone());
            oldest.map(|hash| open.remove(&hash));
        }
        open.insert(hash(&token), Session { key, since: Instant::now() });
        Ok(token)
    }

    /// The id of the key that a session was opened with.
    pub(super) fn key_of(&self, token: &str) -> Option<String> {
        self.current().get(&hash(token)).map(|session| session.key.clone())
    }

    /// Ends a session, if there is one.
    pub(super) fn close(&self, token: &str) {
        self.current().remove(&hash(token));
    }

    fn current(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.since.elapsed() < self.life);
        open
    }
}
