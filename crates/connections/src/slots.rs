//! Slots for connections: their number, the number that one address may hold, and which connection
//! makes room.
//!
//! A connection that sends nothing costs its client next to nothing, so anybody can open thousands.
//! It is therefore the first to be closed. If no slot is free, the newcomer takes that of the
//! oldest *idle* connection, one without a task, of the address that holds most. An address never
//! loses a connection to one that holds as many, and no address holds more than three quarters of
//! the slots. So a client that floods a server makes room for others, and for itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A number of slots, and their holders.
#[derive(Debug)]
pub struct Slots {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// The number of the next connection.
    next: u64,
    /// The connections by number, so the oldest first.
    connections: BTreeMap<u64, Connection>,
}

struct Connection {
    client: IpAddr,
    /// The number of running tasks; without any the connection is idle.
    tasks: usize,
    end: Box<dyn FnOnce() + Send>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

/// The address by which limits count. For IPv6 it is the network of 64 bits that one customer gets
/// (RFC 6177).
pub fn client_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

impl Slots {
    /// Makes `most` slots, all of them free.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Takes a slot for a connection; `None` if no connection can make room for it. `end` is
    /// called, on any thread, if the connection must make room later. It must not block.
    pub fn take(
        self: &Arc<Self>,
        peer: IpAddr,
        end: impl FnOnce() + Send + 'static,
    ) -> Option<Slot> {
        let client = client_of(peer);
        let mut open = self.open();
        let held =
            open.connections.values().filter(|connection| connection.client == client).count();
        let alone = held >= self.most - self.most / 4;
        let evicted = if alone || open.connections.len() >= self.most {
            let number = open.to_end(client, held, alone)?;
            open.connections.remove(&number)
        } else {
            None
        };
        let number = open.next;
        open.next += 1;
        open.connections.insert(number, Connection { client, tasks: 0, end: Box::new(end) });
        drop(open);
        if let Some(connection) = evicted {
            (connection.end)();
        }
        Some(Slot { slots: Arc::clone(self), number })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The number of the connection that makes room for one of `client`, who holds `held`. It is
    /// the oldest idle one of the client who holds most, or, if `alone`, of this client.
    fn to_end(&self, client: IpAddr, held: usize, alone: bool) -> Option<u64> {
        let mut holdings = HashMap::<IpAddr, usize>::new();
        for connection in self.connections.values() {
            *holdings.entry(connection.client).or_default() += 1;
        }
        let may_end = |connection: &Connection| {
            let other = !alone && holdings[&connection.client] > held;
            connection.tasks == 0 && (other || connection.client == client)
        };
        let idle = self.connections.iter().filter(|(_, connection)| may_end(connection));
        idle.max_by_key(|(number, connection)| (holdings[&connection.client], Reverse(**number)))
            .map(|(number, _)| *number)
    }
}

/// The slot of an open connection. Dropping it frees the slot.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    number: u64,
}

impl Slot {
    /// Begins a task for the connection, which makes no room until the task is dropped.
    pub fn task(&self) -> Task {
        if let Some(connection) = self.slots.open().connections.get_mut(&self.number) {
            connection.tasks += 1;
        }
        Task { slots: Arc::clone(&self.slots), number: self.number }
    }

    /// Tells whether the connection had to make room, and has its slot no more.
    pub fn has_made_room(&self) -> bool {
        !self.slots.open().connections.contains_key(&self.number)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open().connections.remove(&self.number);
    }
}

/// A task for a connection, until it is dropped.
#[derive(Debug)]
pub struct Task {
    slots: Arc<Slots>,
    number: u64,
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(connection) = self.slots.open().connections.get_mut(&self.number) {
            connection.tasks -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const FLOODER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    /// Takes a slot. `ended` counts the connections that had to end.
    fn take(slots: &Arc<Slots>, client: IpAddr, ended: &Arc<AtomicUsize>) -> Option<Slot> {
        let ended = Arc::clone(ended);
        slots.take(client, move || {
            ended.fetch_add(1, Ordering::Relaxed);
        })
    }

    #[test]
    fn a_flood_makes_room_for_itself_and_others() {
        let (slots, ended) = (Slots::new(8), Arc::default());
        let mut held: Vec<_> = (0..100).map(|_| take(&slots, FLOODER, &ended).unwrap()).collect();
        assert_eq!((slots.open().connections.len(), ended.load(Ordering::Relaxed)), (6, 94));
        let others: Vec<_> = (0..3).map(|_| take(&slots, OTHER, &ended).unwrap()).collect();
        assert_eq!(ended.load(Ordering::Relaxed), 95, "the third other took one of the flooder's");
        let gone = Slot::has_made_room;
        assert!(held[..95].iter().all(gone));
        assert!(!held[95..].iter().any(gone) && !others.iter().any(gone));
        held.clear();
        assert_eq!(slots.open().connections.len(), 3);
    }

    #[test]
    fn what_is_being_done_is_not_ended() {
        let (slots, ended) = (Slots::new(4), Arc::default());
        let busy: Vec<_> = (0..3).map(|_| take(&slots, FLOODER, &ended).unwrap()).collect();
        let tasks: Vec<_> = busy.iter().map(Slot::task).collect();
        assert!(
            take(&slots, FLOODER, &ended).is_none(),
            "three quarters of the slots are one client's"
        );
        let other = take(&slots, OTHER, &ended).unwrap();
        let task = other.task();
        assert!(take(&slots, OTHER, &ended).is_none());
        drop((tasks, task));
        let _second = take(&slots, OTHER, &ended).unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 1);
        assert!(!other.has_made_room());
    }

    #[test]
    fn a_network_is_one_client() {
        let client = |text: &str| client_of(text.parse().unwrap());
        assert_eq!(client("2001:db8:1:2:3::4"), client("2001:db8:1:2:ffff::1"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:10.0.0.1"), FLOODER);
        assert_ne!(client("10.0.0.2"), FLOODER);
    }
}
