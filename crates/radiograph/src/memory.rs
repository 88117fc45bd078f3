//! The memory budget of a process. Pictures reserve their bytes before they allocate, so that all
//! those in work at one time fit together.
//!
//! A limit on each picture does not bound what sixteen threads take. So the process has one budget
//! in two parts: a quarter for the bytes of files, three quarters for pixels. A picture reserves
//! once of each part: first the bytes of its file, then all that decoding and the later steps need
//! by its header. A reservation is given back when it is dropped, also when a panic unwinds.
//!
//! - **No deadlock.** A thread that waits for a part holds none of it, and a thread that holds
//!   pixels does not wait for bytes of files. So each holder can finish, and gives back its memory.
//!   Pictures that a server keeps are the exception: they hold a third of the pixels' part at most,
//!   and one picture takes two thirds at most, so it fits beside them.
//! - **No starvation.** Waiting threads are served in their order. A small picture never goes
//!   before a large one that waits. A thread that has waited for its timeout is refused.
//! - **Growth never waits.** An upload of unknown length holds memory already. It grows into free
//!   memory, before those that wait, or is refused at once.

use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The part of the budget that files have, as a divisor.
const FILES: u64 = 4;

static FOR_FILES: LazyLock<Arc<MemoryBudget>> =
    LazyLock::new(|| MemoryBudget::new(total() / FILES));
static FOR_PICTURES: LazyLock<Arc<MemoryBudget>> =
    LazyLock::new(|| MemoryBudget::new(total() - total() / FILES));
static TOTAL: OnceLock<u64> = OnceLock::new();

/// Sets the budget of this process in bytes; false if it is set, or was asked for, already. Without
/// a call the budget has no bound.
pub fn limit_process(bytes: u64) -> bool {
    TOTAL.set(bytes).is_ok()
}

/// The bytes of the whole budget.
pub fn total() -> u64 {
    *TOTAL.get_or_init(|| u64::MAX)
}

/// The part of the budget for the bytes of files: a quarter.
pub fn for_files() -> &'static Arc<MemoryBudget> {
    &FOR_FILES
}

/// The part of the budget for pixels: three quarters.
pub fn for_pictures() -> &'static Arc<MemoryBudget> {
    &FOR_PICTURES
}

/// Bytes that threads share. They are counted, not allocated.
#[derive(Debug)]
pub struct MemoryBudget {
    bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    /// The most that was ever taken.
    peak: u64,
    /// Tickets of those who wait; the first is served first.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

impl State {
    fn take(&mut self, bytes: u64) {
        self.taken += bytes;
        self.peak = self.peak.max(self.taken);
    }
}

/// Bytes taken from a budget. They are given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl MemoryBudget {
    /// Returns a budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { bytes, state: Mutex::default(), changed: Condvar::new() })
    }

    /// All its bytes, taken or not.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that are taken now, and the most that ever were.
    pub fn taken(&self) -> (u64, u64) {
        let state = self.state();
        (state.taken, state.peak)
    }

    /// Takes so many bytes; waits for them in turn, no longer than `timeout`. Taking 0 never waits.
    ///
    /// # Errors
    /// [`Error::TooMuchMemory`] if the budget is smaller, [`Error::MemoryBusy`] if others hold the
    /// bytes for longer.
    pub fn take(self: &Arc<Self>, bytes: u64, timeout: Duration) -> Result<Reservation> {
        if bytes > self.bytes {
            return Err(Error::TooMuchMemory { needed: bytes, limit: self.bytes });
        }
        if bytes == 0 {
            return Ok(Reservation { budget: Arc::clone(self), bytes });
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        while state.waiting.front() != Some(&ticket) || self.bytes - state.taken < bytes {
            let left =
                deadline.map_or(timeout, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                state.waiting.retain(|&other| other != ticket);
                self.changed.notify_all();
                return Err(Error::MemoryBusy { needed: bytes, limit: self.bytes });
            }
            state =
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting.pop_front();
        state.take(bytes);
        // The next in turn may fit as well.
        self.changed.notify_all();
        Ok(Reservation { budget: Arc::clone(self), bytes })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Its bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes more of what is free now, up to so many bytes in all. Never waits, as it holds memory.
    ///
    /// # Errors
    /// [`Error::TooMuchMemory`] if the budget is smaller, [`Error::MemoryBusy`] if others hold the
    /// bytes.
    pub fn grow_to(&mut self, bytes: u64) -> Result<()> {
        let (more, limit) = (bytes.saturating_sub(self.bytes), self.budget.bytes);
        if bytes > limit {
            return Err(Error::TooMuchMemory { needed: bytes, limit });
        }
        let mut state = self.budget.state();
        if limit - state.taken < more {
            return Err(Error::MemoryBusy { needed: bytes, limit });
        }
        state.take(more);
        self.bytes += more;
        Ok(())
    }

    /// Gives back all but so many bytes.
    pub fn shrink_to(&mut self, bytes: u64) {
        let given_back = self.bytes.saturating_sub(bytes);
        self.bytes -= given_back;
        self.budget.state().taken -= given_back;
        self.budget.changed.notify_all();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    const SOON: Duration = Duration::from_millis(20);
    const LATE: Duration = Duration::from_secs(20);

    /// Waits until so many threads wait for bytes of the budget.
    fn until_waiting(budget: &MemoryBudget, count: usize) {
        while budget.state().waiting.len() < count {
            thread::yield_now();
        }
    }

    #[test]
    fn what_never_fits_is_refused_and_what_does_not_fit_now_waits() {
        let budget = MemoryBudget::new(100);
        assert!(matches!(
            budget.take(101, LATE),
            Err(Error::TooMuchMemory { needed: 101, limit: 100 })
        ));
        let mut first = budget.take(80, SOON).unwrap();
        assert!(matches!(budget.take(21, SOON), Err(Error::MemoryBusy { needed: 21, limit: 100 })));
        first.shrink_to(30);
        let second = budget.take(70, SOON).unwrap();
        assert_eq!((budget.taken(), first.bytes()), ((100, 100), 30));
        assert!(matches!(first.grow_to(31), Err(Error::MemoryBusy { needed: 31, .. })));
        assert!(matches!(
            first.grow_to(101),
            Err(Error::TooMuchMemory { needed: 101, limit: 100 })
        ));
        drop(second);
        first.grow_to(90).unwrap();
        assert_eq!((budget.taken(), first.bytes()), ((90, 100), 90));
        drop(first);
        assert_eq!(budget.taken(), (0, 100));
        assert_eq!(
            MemoryBudget::new(u64::MAX).take(u64::MAX, Duration::MAX).unwrap().bytes(),
            u64::MAX
        );
    }

    #[test]
    fn a_large_picture_is_served_in_its_turn() {
        let budget = MemoryBudget::new(100);
        let held = budget.take(50, SOON).unwrap();
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            for (count, (name, bytes)) in (1..).zip([("large", 90), ("small", 20)]) {
                let (budget, sender) = (&budget, sender.clone());
                scope.spawn(move || {
                    let taken = budget.take(bytes, LATE).unwrap();
                    sender.send(name).unwrap();
                    drop(taken);
                });
                until_waiting(budget, count);
            }
            // The small one would fit, and does not go before the large one.
            assert!(order.recv_timeout(SOON).is_err());
            drop(held);
            assert_eq!(order.recv_timeout(LATE), Ok("large"));
            assert_eq!(order.recv_timeout(LATE), Ok("small"));
        });
    }

    #[test]
    fn what_holds_memory_grows_while_others_wait() {
        let budget = MemoryBudget::new(100);
        let mut upload = budget.take(0, Duration::ZERO).unwrap();
        upload.grow_to(40).unwrap();
        thread::scope(|scope| {
            let large = scope.spawn(|| budget.take(90, LATE).unwrap().bytes());
            until_waiting(&budget, 1);
            assert!(matches!(budget.take(1, Duration::ZERO), Err(Error::MemoryBusy { .. })));
            upload.grow_to(60).unwrap();
            assert_eq!(budget.take(0, Duration::ZERO).unwrap().bytes(), 0);
            assert_eq!(budget.taken(), (60, 60));
            drop(upload);
            assert_eq!(large.join().unwrap(), 90);
        });
    }

    #[test]
    fn a_panic_gives_back_what_was_taken() {
        let budget = MemoryBudget::new(100);
        let panics = || {
            let _memory = budget.take(100, SOON).unwrap();
            panic!("a decoder fails");
        };
        assert!(thread::scope(|scope| scope.spawn(panics).join()).is_err());
        assert_eq!(budget.taken(), (0, 100));
    }

    #[test]
    fn threads_never_take_more_than_there_is() {
        let budget = MemoryBudget::new(1_000);
        thread::scope(|scope| {
            for thread in 1..=8_u64 {
                let budget = &budget;
                scope.spawn(move || {
                    for turn in 0..200 {
                        drop(budget.take(1 + (thread * 131 + turn * 17) % 700, LATE).unwrap());
                    }
                });
            }
        });
        let (taken, peak) = budget.taken();
        assert!(taken == 0 && peak <= 1_000, "{taken} {peak}");
    }
}
