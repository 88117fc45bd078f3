//! Clients, among whom the server is shared: holders of keys and people who have signed in, others
//! by their address. Each request belongs to one client, and the server's resources are divided
//! among clients, not among requests.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use connections::client_of;

tokio::task_local! {
    /// The client of the request that the current task answers.
    static CURRENT: Client;
}

/// A client of the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// The holder of a key, by its id, or a person, by name.
    Holder(String),
    /// An address that has shown no key and has not signed in.
    Address(IpAddr),
    /// The server itself.
    Own,
}

impl Client {
    /// The client of an address.
    pub(crate) fn at(address: IpAddr) -> Self {
        Self::Address(client_of(address))
    }

    /// The client whose request the current task answers; the server itself in any other task.
    pub(crate) fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or(Self::Own)
    }

    /// Runs `answer` for a request of this client.
    pub(crate) async fn answering<T>(self, answer: impl Future<Output = T>) -> T {
        CURRENT.scope(self, answer).await
    }
}

/// The most frequent of these keys; any one of equally frequent ones, `None` without keys.
pub(crate) fn most_frequent<K: Clone + Eq + std::hash::Hash>(
    keys: impl Iterator<Item = K>,
) -> Option<K> {
    let mut counts = HashMap::<K, usize>::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(key, _)| key)
}

/// The amounts that clients hold, each at most `most`.
pub(crate) struct Shares {
    most: usize,
    held: Mutex<HashMap<Client, usize>>,
}

impl Shares {
    /// Shares of at most `most` for each client.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// An empty share of the current client.
    pub(crate) fn of_current(self: &Arc<Self>) -> Share {
        Share { shares: Arc::clone(self), client: Client::current(), amount: 0 }
    }

    fn change(&self, client: &Client, change: impl FnOnce(usize) -> Option<usize>) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(amount) = change(held.get(client).copied().unwrap_or_default()) else {
            return false;
        };
        if amount == 0 {
            held.remove(client);
        } else {
            held.insert(client.clone(), amount);
        }
        true
    }
}

/// The amount that a request of a client holds, given back when this is dropped.
pub(crate) struct Share {
    shares: Arc<Shares>,
    client: Client,
    amount: usize,
}

impl Share {
    /// Takes more. Returns false, and changes nothing, if that exceeds what the client may hold.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let most = self.shares.most;
        let grown =
            self.shares.change(&self.client, |held| Some(held + more).filter(|held| *held <= most));
        self.amount += if grown { more } else { 0 };
        grown
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shares.change(&self.client, |held| Some(held - self.amount));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_one_clients() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let shares = Shares::new(10);
        let of = |name: &str| {
            let share = async { shares.of_current() };
            runtime.block_on(Client::Holder(name.to_owned()).answering(share))
        };
        let (mut first, mut second, mut other) = (of("a"), of("a"), of("b"));
        assert!(
            first.grow(6) && first.grow(1) && !second.grow(4) && second.grow(3) && other.grow(10)
        );
        drop(first);
        assert!(second.grow(7) && !other.grow(1));
        drop((second, other));
        assert!(shares.held.lock().unwrap().is_empty());
        assert_eq!(Client::current(), Client::Own);
    }

    #[test]
    fn the_most_frequent_is_found() {
        assert_eq!(most_frequent("abcbcb".chars()), Some('b'));
        assert_eq!(most_frequent("".chars()), None);
    }
}
