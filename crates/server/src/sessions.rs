//! Sessions of browsers that have shown a key or signed in. A random token in a cookie identifies a
//! session; the server keeps its hash.
//!
//! Their number is limited, in all and for each holder. A holder who opens too many loses their
//! own: the oldest of the address from which they have most. If all sessions are too many, the
//! holder with most makes room.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::client::{Client, most_frequent};
use super::keys::{hash, random_text};
use super::oidc::Person;

/// The most sessions, in all and of one holder.
const MOST: usize = 10_000;
const MOST_OF_HOLDER: usize = 250;

/// The open sessions. They end with the process.
pub(crate) struct Sessions {
    life: Duration,
    /// The sessions, by the hash of their token.
    open: Mutex<Open>,
}

type Open = HashMap<String, Session>;

struct Session {
    holder: Holder,
    /// The client that opened it.
    client: Client,
    since: Instant,
}

/// The holder of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The holder of the key with this id, as long as the key is valid.
    Key(String),
    /// A person who has signed in, with their role at that time.
    Person(Person),
}

impl Holder {
    /// The id of the key, or the person's name.
    fn name(&self) -> &str {
        match self {
            Self::Key(id) => id,
            Self::Person(person) => &person.name,
        }
    }
}

impl Sessions {
    /// Makes an empty set of sessions, each of which lasts for `life`.
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, open: Mutex::default() }
    }

    /// Opens a session for the current client. Returns its token.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub(crate) fn open(&self, holder: Holder) -> Result<String> {
        let token = random_text::<32>()?;
        let mut open = self.current();
        let own = open.values().filter(|session| session.holder.name() == holder.name()).count();
        if own >= MOST_OF_HOLDER {
            end_one(&mut open, holder.name());
        } else if open.len() >= MOST {
            let most = most_frequent(open.values().map(|session| session.holder.name()));
            if let Some(name) = most.map(str::to_owned) {
                end_one(&mut open, &name);
            }
        }
        open.insert(
            hash(&token),
            Session { holder, client: Client::current(), since: Instant::now() },
        );
        Ok(token)
    }

    /// The holder of a session, if it is open.
    pub(crate) fn holder(&self, token: &str) -> Option<Holder> {
        self.current().get(&hash(token)).map(|session| session.holder.clone())
    }

    /// Ends a session, if there is one.
    pub(crate) fn close(&self, token: &str) {
        self.current().remove(&hash(token));
    }

    fn current(&self) -> MutexGuard<'_, Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.since.elapsed() < self.life);
        open
    }
}

/// Ends the oldest session of a holder, among those from the address where the holder has most.
fn end_one(open: &mut Open, holder: &str) {
    let own: Vec<_> = open.iter().filter(|(_, session)| session.holder.name() == holder).collect();
    let most = most_frequent(own.iter().map(|(_, session)| &session.client));
    let there = own.iter().filter(|(_, session)| Some(&session.client) == most);
    let oldest = there.min_by_key(|(_, session)| session.since).map(|(hash, _)| (*hash).clone());
    oldest.map(|hash| open.remove(&hash));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(sessions: &Sessions, key: &str, from: [u8; 4]) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let opening = async { sessions.open(Holder::Key(key.to_owned())).unwrap() };
        runtime.block_on(Client::at(from.into()).answering(opening))
    }

    #[test]
    fn a_flood_of_sessions_ends_its_own() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let admin = open(&sessions, "admin", [10, 0, 0, 1]);
        let colleague = open(&sessions, "ward", [10, 0, 0, 2]);
        let flood: Vec<_> = (0..10_500).map(|_| open(&sessions, "ward", [10, 0, 0, 3])).collect();
        assert_eq!(sessions.holder(&admin), Some(Holder::Key("admin".to_owned())));
        assert!(sessions.holder(&colleague).is_some(), "the same key, from elsewhere");
        assert!(sessions.holder(&flood[0]).is_none() && sessions.holder(&flood[10_499]).is_some());
        assert_eq!(sessions.current().len(), 1 + MOST_OF_HOLDER);
    }

    #[test]
    fn where_all_are_too_many_whoever_has_most_makes_room() {
        let sessions = Sessions::new(Duration::from_secs(60));
        let names: Vec<String> = (0..=MOST).map(|i| format!("key {}", i / 2)).collect();
        let tokens: Vec<_> =
            names.iter().map(|name| open(&sessions, name, [10, 0, 0, 1])).collect();
        assert_eq!(sessions.current().len(), MOST);
        assert!(sessions.holder(&tokens[MOST]).is_some());
    }
}
