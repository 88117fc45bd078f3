//! Work that takes a processor or a disk, on a bounded number of threads, with a short queue before them: who would wait too
//! long is told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::Problem;

/// Threads for one kind of work.
pub(super) struct Workers {
    /// Their name in metrics.
    pub(super) name: &'static str,
    count: usize,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    patience: Duration,
}

impl Workers {
    /// So many at a time; `queue` more may wait, each no longer than `patience`.
    pub(super) fn new(name: &'static str, count: usize, queue: usize, patience: Duration) -> Self {
        let places = Arc::new(Semaphore::new(count));
        Self { name, count, places, waiting: AtomicUsize::new(0), queue, patience }
    }

    /// Does the work on a thread of its own, when one is free. Whoever asked may go away: work that has begun goes on, and
    /// counts until it ends.
    ///
    /// # Errors
    /// [`Problem::Busy`] if the queue is full or the wait too long; else what the work gives.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = self.place().await?;
        let working = tokio::task::spawn_blocking(move || {
            let _until_done = place;
            work()
        });
        working.await.unwrap_or_else(|panic| Err(Problem::Internal(panic.into())))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let waits = Waits::join(&self.waiting);
        if waits.place >= self.queue {
            return Err(Problem::Busy);
        }
        match timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Problem::Busy),
        }
    }

    /// How many work, and how many requests wait.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.count - self.places.available_permits(), self.waiting.load(Ordering::Relaxed))
    }
}

/// A place in the queue, left also by a request that is dropped.
struct Waits<'a> {
    waiting: &'a AtomicUsize,
    /// How many were before it.
    place: usize,
}

impl<'a> Waits<'a> {
    fn join(waiting: &'a AtomicUsize) -> Self {
        Self { waiting, place: waiting.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn whoever_would_wait_too_long_is_sent_away() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        let workers = Arc::new(Workers::new("test", 1, 1, Duration::from_millis(50)));
        runtime.block_on(async {
            let (end, ended) = mpsc::channel::<()>();
            let other = Arc::clone(&workers);
            let first = tokio::spawn(async move {
                other
                    .run(move || {
                        ended.recv().unwrap();
                        Ok(())
                    })
                    .await
            });
            while workers.load() != (1, 0) {
                tokio::task::yield_now().await;
            }
            let (second, third) = tokio::join!(workers.run(|| Ok(2)), workers.run(|| Ok(3)));
            assert!(matches!(second, Err(Problem::Busy)) && matches!(third, Err(Problem::Busy)));
            end.send(()).unwrap();
            first.await.unwrap().unwrap();
            assert_eq!(workers.run(|| Ok(4)).await.ok(), Some(4));
            let panicked = workers.run::<()>(|| panic!("as a test")).await;
            assert!(matches!(panicked, Err(Problem::Internal(_))));
            assert_eq!(workers.load(), (0, 0));
        });
    }
}
