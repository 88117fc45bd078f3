//! A session with a server whose answers must come in time. A server that hangs, or a network that
//! loses data, counts as no server.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::{BinaryCopyOutRow, BinaryCopyOutStream};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement, ToStatement};

/// The time that a small answer may take.
const QUICK: Duration = Duration::from_secs(5);
/// The time that a change may take. Its commit may wait until the server gives up on a standby that
/// is gone.
pub(super) const CHANGE: Duration = Duration::from_secs(60);
/// The time that a statement over all rows may take.
pub(super) const SLOW: Duration = Duration::from_secs(3600);
/// The time that a server may take to accept a session.
const CONNECTING: Duration = Duration::from_secs(3);

/// The number of runtime turns that a look at the socket takes.
const TURNS: usize = 3;

/// The reason why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// An error of the server, or a broken connection.
    Server(tokio_postgres::Error),
    /// No answer in time.
    Silent,
    /// No thread or socket from the system.
    System(std::io::Error),
}

pub(super) type Answer<T> = std::result::Result<T, Failure>;

/// A session with a server: see the module.
pub(super) struct Session {
    client: Client,
    /// True if the server has notified of changes.
    notified: Arc<AtomicBool>,
    /// The time that an answer may take.
    timeout: Cell<Duration>,
    runtime: Runtime,
}

impl Session {
    pub(super) fn connect<T>(config: &Config, tls: T) -> Answer<Self>
    where
        T: MakeTlsConnect<tokio_postgres::Socket> + Send + 'static,
        T::Stream: Send,
        T::TlsConnect: Send,
        <T::TlsConnect as tokio_postgres::tls::TlsConnect<tokio_postgres::Socket>>::Future: Send,
    {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(Failure::System)?;
        let connected =
            runtime.block_on(async { tokio::time::timeout(CONNECTING, config.connect(tls)).await });
        let (client, mut connection) =
            connected.map_err(|_| Failure::Silent)?.map_err(Failure::Server)?;
        let notified = Arc::new(AtomicBool::new(false));
        let listener = Arc::clone(&notified);
        runtime.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await
            {
                if matches!(message, AsyncMessage::Notification(_)) {
                    listener.store(true, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { client, notified, timeout: Cell::new(QUICK), runtime })
    }

    /// Tells whether the server has notified of changes since the last call. It looks at what has
    /// arrived, and does not wait.
    pub(super) fn has_notification(&self) -> bool {
        // The first turn reads what the socket has; the next gives it to the connection's task.
        self.runtime.block_on(async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
        self.notified.swap(false, Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Sets the time that each answer may take from here on. Returns the time before.
    pub(super) fn set_timeout(&self, timeout: Duration) -> Duration {
        self.timeout.replace(timeout)
    }

    /// Runs work in a transaction: all of it takes effect, or nothing.
    pub(super) fn in_transaction<T>(&self, work: impl FnOnce() -> Answer<T>) -> Answer<T> {
        self.batch_execute("BEGIN")?;
        let done = work().and_then(|done| self.batch_execute("COMMIT").map(|()| done));
        if done.is_err() {
            // A broken connection has rolled back by itself.
            let _undone = self.batch_execute("ROLLBACK");
        }
        done
    }

    fn wait<T>(
        &self,
        answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Answer<T> {
        let timeout = self.timeout.get();
        let waited = self.runtime.block_on(async { tokio::time::timeout(timeout, answer).await });
        waited.map_err(|_| Failure::Silent)?.map_err(Failure::Server)
    }

    pub(super) fn batch_execute(&self, sql: &str) -> Answer<()> {
        self.wait(self.client.batch_execute(sql))
    }

    pub(super) fn prepare(&self, sql: &str) -> Answer<Statement> {
        self.wait(self.client.prepare(sql))
    }

    pub(super) fn query<S: ?Sized + ToStatement>(
        &self,
        statement: &S,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Answer<Vec<Row>> {
        self.wait(self.client.query(statement, parameters))
    }

    pub(super) fn query_one<S: ?Sized + ToStatement>(
        &self,
        statement: &S,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Answer<Row> {
        self.wait(self.client.query_one(statement, parameters))
    }

    pub(super) fn execute<S: ?Sized + ToStatement>(
        &self,
        statement: &S,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Answer<u64> {
        self.wait(self.client.execute(statement, parameters))
    }

    /// Gives the rows of a COPY in binary form, one by one.
    pub(super) fn copy_out(
        &self,
        sql: &str,
        types: &[Type],
        mut each: impl FnMut(BinaryCopyOutRow) -> std::result::Result<(), tokio_postgres::Error>,
    ) -> Answer<()> {
        self.wait(async {
            let rows = BinaryCopyOutStream::new(self.client.copy_out(sql).await?, types);
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.try_next().await? {
                each(row)?;
            }
            Ok(())
        })
    }
}
