//! The budget of memory of a process: bytes that pictures take of before they allocate, so that those in work at a time fit together.
//!
//! A limit on each picture does not bound what sixteen threads take. The budget is one number for the process, in two parts: one for
//! the bytes of files, one for pixels. A picture takes of each part once: first what its file has, then all that decoding and the
//! steps after it will need, of what its header says. So nobody who waits for a part holds anything of it, and all that is waited for
//! is given back. Who waits is served in turn, so that a large picture is not passed over for ever.

use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The files' part of the budget, as a divisor.
const FILES: u64 = 4;

static FOR_FILES: LazyLock<Arc<MemoryBudget>> = LazyLock::new(|| MemoryBudget::new(total() / FILES));
static FOR_PICTURES: LazyLock<Arc<MemoryBudget>> =
    LazyLock::new(|| MemoryBudget::new(total() - total() / FILES));
static TOTAL: OnceLock<u64> = OnceLock::new();

/// Makes these bytes the budget of this process; false if there is one already. Without, nothing bounds it.
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

/// Bytes that are shared.
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
    /// Tickets of those who wait, in their order.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

/// Bytes taken of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl MemoryBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { bytes, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Its bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that are taken now, and the most that ever were.
    pub fn taken(&self) -> (u64, u64) {
        let state = self.state();
        (state.taken, state.peak)
    }

    /// Takes so many bytes; waits for them no longer than `timeout`.
    ///
    /// # Errors
    /// [`Error::TooMuchMemory`] if there are never so many, [`Error::MemoryBusy`] if others hold them for too long.
    pub fn take(self: &Arc<Self>, bytes: u64, timeout: Duration) -> Result<Reservation> {
        if bytes > self.bytes {
            return Err(Error::TooMuchMemory { needed: bytes, limit: self.bytes });
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        while state.waiting.front() != Some(&ticket) || self.bytes - state.taken < bytes {
            let left = deadline.map_or(timeout, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                state.waiting.retain(|&other| other != ticket);
                self.changed.notify_all();
                return Err(Error::MemoryBusy { needed: bytes, limit: self.bytes });
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting.pop_front();
        state.taken += bytes;
        state.peak = state.peak.max(state.taken);
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

    /// Takes more, if there is no need to wait: who waits must hold nothing.
    ///
    /// # Errors
    /// As [`MemoryBudget::take`].
    pub fn grow_to(&mut self, bytes: u64) -> Result<()> {
        if bytes <= self.bytes {
            return Ok(());
        }
        let mut more = self.budget.take(bytes - self.bytes, Duration::ZERO)?;
        self.bytes += std::mem::take(&mut more.bytes);
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

    #[test]
    fn what_never_fits_is_refused_and_what_does_not_fit_now_waits() {
        let budget = MemoryBudget::new(100);
        assert!(matches!(budget.take(101, LATE), Err(Error::TooMuchMemory { needed: 101, limit: 100 })));
        let mut first = budget.take(80, SOON).unwrap();
        assert!(matches!(budget.take(21, SOON), Err(Error::MemoryBusy { needed: 21, limit: 100 })));
        first.shrink_to(30);
        let second = budget.take(70, SOON).unwrap();
        assert_eq!((budget.taken(), first.bytes()), ((100, 100), 30));
        assert!(matches!(first.grow_to(31), Err(Error::MemoryBusy { needed: 1, .. })));
        drop(second);
        first.grow_to(90).unwrap();
        assert_eq!((budget.taken(), first.bytes()), ((90, 100), 90));
        drop(first);
        assert_eq!(budget.taken(), (0, 100));
        assert_eq!(MemoryBudget::new(u64::MAX).take(u64::MAX, Duration::MAX).unwrap().bytes(), u64::MAX);
    }

    #[test]
    fn a_large_picture_is_served_in_its_turn() {
        let budget = MemoryBudget::new(100);
        let held = budget.take(50, SOON).unwrap();
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            for (name, bytes) in [("large", 90), ("small", 20)] {
                let (budget, sender) = (&budget, sender.clone());
                let waits = budget.state().waiting.len();
                scope.spawn(move || {
                    let taken = budget.take(bytes, LATE).unwrap();
                    sender.send(name).unwrap();
                    drop(taken);
                });
                while budget.state().waiting.len() == waits {
                    thread::yield_now();
                }
            }
            // The small one would fit, and does not go before the large one.
            assert!(order.recv_timeout(SOON).is_err());
            drop(held);
            assert_eq!(order.recv_timeout(LATE), Ok("large"));
            assert_eq!(order.recv_timeout(LATE), Ok("small"));
        });
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
