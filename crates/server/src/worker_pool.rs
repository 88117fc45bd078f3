//! Work that takes a processor or a disk, on a limited number of threads. A short queue before them
//! is fair to clients. A client who would wait too long is asked to come back.

use std::sync::Arc;
use std::time::Duration;

use super::client::Client;
use super::error::Problem;
use super::turns::Turns;

/// Threads for one kind of work.
pub(crate) struct WorkerPool {
    /// Their name in metrics.
    pub(crate) name: &'static str,
    turns: Arc<Turns>,
    timeout: Duration,
}

impl WorkerPool {
    /// Makes workers: `count` threads work at a time, and `queue` further requests may wait, each
    /// for `timeout` at most.
    pub(crate) fn new(name: &'static str, count: usize, queue: usize, timeout: Duration) -> Self {
        Self { name, turns: Turns::new(count, queue), timeout }
    }

    /// Runs work of the current client on a separate thread, when it is their turn. The caller may
    /// go away: work that has begun continues, and counts until it ends.
    ///
    /// # Errors
    /// [`Problem::Busy`] if the queue is full or the wait too long; else what the work gives.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turns.take(Client::current(), self.timeout).await?;
        let working = tokio::task::spawn_blocking(move || {
            let _until_done = turn;
            work()
        });
        working.await.unwrap_or_else(|panic| Err(Problem::Internal(panic.into())))
    }

    /// The number of working and of waiting requests.
    pub(crate) fn load(&self) -> (usize, usize) {
        self.turns.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn whoever_would_wait_too_long_is_sent_away() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
        let workers = Arc::new(WorkerPool::new("test", 1, 1, Duration::from_millis(50)));
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
