//! Turns at a fixed number of places to work at, with a short queue before them that is fair to
//! clients.
//!
//! In a queue in order of arrival, the client with most requests would get most turns. So the next
//! free place goes to the client with the fewest places now. Of several, it goes to the one whose
//! last turn is longest ago, and only then to the first who came. A client alone may have all
//! places. If the queue is full, the client with most requests in it loses the newest of them to
//! one who has fewer there. So a client who sends a hundred requests waits for their own, and
//! another who sends one waits for one turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::client::{Client, most_frequent};
use super::error::Problem;

/// The places, and the requests that work and wait.
pub(crate) struct Turns {
    places: usize,
    queue: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of places at which each client works.
    working: HashMap<Client, usize>,
    /// The number of the last turn of each client that works or waits.
    last: HashMap<Client, u64>,
    turns: u64,
    /// The number of the next request that waits.
    next: u64,
    /// The waiting requests, in order of arrival.
    waiting: Vec<Waiting>,
}

struct Waiting {
    number: u64,
    client: Client,
    call: oneshot::Sender<Turn>,
}

impl Turns {
    /// Makes `places` free places, and a queue of at most `queue` requests.
    pub(crate) fn new(places: usize, queue: usize) -> Arc<Self> {
        Arc::new(Self { places, queue, state: Mutex::default() })
    }

    /// Waits for a turn of a client, for `timeout` at most.
    ///
    /// # Errors
    /// [`Problem::Busy`] if the queue is full or the wait too long.
    pub(crate) async fn take(
        self: &Arc<Self>,
        client: Client,
        timeout: Duration,
    ) -> Result<Turn, Problem> {
        let (call, called) = oneshot::channel();
        let left = Left { turns: self, number: self.join(client, call)? };
        self.call();
        let turn = tokio::time::timeout(timeout, called).await;
        drop(left);
        turn.ok().and_then(Result::ok).ok_or(Problem::Busy)
    }

    /// Puts a request into the queue. Returns its number.
    fn join(&self, client: Client, call: oneshot::Sender<Turn>) -> Result<u64, Problem> {
        let mut state = self.state();
        // While a place is free, nobody waits.
        let places = self.places + self.queue;
        if state.at_work() + state.waiting.len() >= places {
            state.make_room(&client)?;
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push(Waiting { number, client, call });
        Ok(number)
    }

    /// Gives free places to waiting requests.
    fn call(self: &Arc<Self>) {
        loop {
            let called = self.state().next_turn(self.places);
            let Some(Waiting { client, call, .. }) = called else { return };
            // A client who has gone away gives the place back at once.
            let _gone = call.send(Turn { turns: Arc::clone(self), client });
        }
    }

    /// The numbers of working and of waiting requests.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = self.state();
        (state.at_work(), state.waiting.len())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at_work(&self) -> usize {
        self.working.values().sum()
    }

    fn of(&self, client: &Client) -> usize {
        self.waiting.iter().filter(|waiting| waiting.client == *client).count()
    }

    /// Removes the newest request of the client with most in the queue, if those are more than
    /// `client` has.
    fn make_room(&mut self, client: &Client) -> Result<(), Problem> {
        let most = most_frequent(self.waiting.iter().map(|waiting| waiting.client.clone()));
        let most = most.filter(|most| self.of(most) > self.of(client) + 1).ok_or(Problem::Busy)?;
        let newest = self.waiting.iter().rposition(|waiting| waiting.client == most);
        newest.map(|at| self.waiting.remove(at)).map(drop).ok_or(Problem::Busy)
    }

    /// Gives the next request a place, if one is free.
    fn next_turn(&mut self, places: usize) -> Option<Waiting> {
        if self.at_work() >= places {
            return None;
        }
        let has = |client: &Client| self.working.get(client).copied().unwrap_or_default();
        let order = |waiting: &Waiting| {
            let last = self.last.get(&waiting.client).copied().unwrap_or_default();
            (has(&waiting.client), last, waiting.number)
        };
        let (at, _) = self.waiting.iter().enumerate().min_by_key(|(_, waiting)| order(waiting))?;
        let called = self.waiting.remove(at);
        self.turns += 1;
        self.last.insert(called.client.clone(), self.turns);
        *self.working.entry(called.client.clone()).or_default() += 1;
        Some(called)
    }

    /// Forgets a client who neither works nor waits.
    fn forget(&mut self, client: &Client) {
        if !self.working.contains_key(client) && self.of(client) == 0 {
            self.last.remove(client);
        }
    }
}

/// A place to work at. Dropping it frees the place.
pub(crate) struct Turn {
    turns: Arc<Turns>,
    client: Client,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        if let Some(working) = state.working.get_mut(&self.client) {
            *working -= 1;
            if *working == 0 {
                state.working.remove(&self.client);
            }
        }
        state.forget(&self.client);
        drop(state);
        self.turns.call();
    }
}

/// Removes a request from the queue when it no longer waits.
struct Left<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        let at = state.waiting.iter().position(|waiting| waiting.number == self.number);
        if let Some(Waiting { client, .. }) = at.map(|at| state.waiting.remove(at)) {
            state.forget(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::task::JoinHandle;

    fn client(name: &str) -> Client {
        Client::Holder(name.to_owned())
    }

    /// A request that works until it is told to end, and notes when it began.
    fn request(
        turns: &Arc<Turns>,
        name: &str,
        begun: &Arc<Mutex<Vec<String>>>,
    ) -> JoinHandle<Result<(), Problem>> {
        let (turns, begun, name) = (Arc::clone(turns), Arc::clone(begun), name.to_owned());
        tokio::spawn(async move {
            let turn = turns.take(client(&name), Duration::from_secs(20)).await?;
            begun.lock().unwrap().push(name);
            tokio::time::sleep(Duration::from_millis(5)).await;
            drop(turn);
            Ok(())
        })
    }

    async fn until(turns: &Turns, load: (usize, usize)) {
        while turns.load() != load {
            tokio::task::yield_now().await;
        }
    }

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(20), test).await.unwrap() });
    }

    #[test]
    fn one_request_waits_for_one_turn_of_a_flood() {
        run(async {
            let (turns, begun) = (Turns::new(1, 32), Arc::default());
            let held = turns.take(client("flooder"), Duration::ZERO).await.unwrap();
            let flood: Vec<_> = (0..20).map(|_| request(&turns, "flooder", &begun)).collect();
            until(&turns, (1, 20)).await;
            let other = request(&turns, "other", &begun);
            until(&turns, (1, 21)).await;
            drop(held);
            other.await.unwrap().unwrap();
            assert_eq!(begun.lock().unwrap()[0], "other");
            for request in flood {
                request.await.unwrap().unwrap();
            }
            assert_eq!(turns.load(), (0, 0));
            assert!(turns.state().last.is_empty() && turns.state().working.is_empty());
        });
    }

    #[test]
    fn a_full_queue_sends_away_the_newest_of_whoever_has_most() {
        run(async {
            let (turns, begun) = (Turns::new(1, 4), Arc::default());
            let held = turns.take(client("flooder"), Duration::ZERO).await.unwrap();
            let flood: Vec<_> = (0..10).map(|_| request(&turns, "flooder", &begun)).collect();
            until(&turns, (1, 4)).await;
            let others: Vec<_> = (0..2).map(|_| request(&turns, "other", &begun)).collect();
            let third = request(&turns, "other", &begun).await.unwrap();
            assert!(matches!(third, Err(Problem::Busy)), "two each");
            drop(held);
            for other in others {
                other.await.unwrap().unwrap();
            }
            let refused = AtomicUsize::new(0);
            for request in flood {
                refused.fetch_add(usize::from(request.await.unwrap().is_err()), Ordering::Relaxed);
            }
            assert_eq!(refused.into_inner(), 8);
        });
    }

    #[test]
    fn who_goes_away_leaves_the_queue_and_a_place() {
        run(async {
            let (turns, begun) = (Turns::new(1, 4), Arc::default());
            let held = turns.take(client("a"), Duration::ZERO).await.unwrap();
            let gone = request(&turns, "b", &begun);
            until(&turns, (1, 1)).await;
            gone.abort();
            until(&turns, (1, 0)).await;
            assert!(
                turns.take(client("c"), Duration::from_millis(1)).await.is_err(),
                "out of time"
            );
            let waits = request(&turns, "d", &begun);
            until(&turns, (1, 1)).await;
            waits.abort();
            drop(held);
            until(&turns, (0, 0)).await;
            turns.take(client("a"), Duration::ZERO).await.unwrap();
        });
    }
}
