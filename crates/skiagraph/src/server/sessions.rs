//! Sessions of browsers that have shown a key or signed in: a random token in a cookie, known here by its hash.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::keys::{hash, random_text};
use super::oidc::Person;

/// Sessions at a time; more end the oldest.
const MOST: usize = 10_000;

/// The open sessions. They end with the process.
pub(super) struct Sessions {
    life: Duration,
    /// By the hash of their token.
    open: Mutex<HashMap<String, Session>>,
}

struct Session {
    holder: Holder,
    since: Instant,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Whoever has shown the key of this id, as long as it counts.
    Key(String),
    /// Who has signed in, with the role they had then.
    Person(Person),
}

impl Sessions {
    /// None yet; each lasts so long.
    pub(super) fn new(life: Duration) -> Self {
        Self { life, open: Mutex::default() }
    }

    /// Opens a session; its token.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub(super) fn open(&self, holder: Holder) -> Result<String> {
        let token = random_text::<32>()?;
        let mut open = self.current();
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, session)| session.since).map(|(hash, _)| hash.clone());
            oldest.map(|hash| open.remove(&hash));
        }
        open.insert(hash(&token), Session { holder, since: Instant::now() });
        Ok(token)
    }

    /// Whose a session is, if it is open.
    pub(super) fn holder(&self, token: &str) -> Option<Holder> {
        self.current().get(&hash(token)).map(|session| session.holder.clone())
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
