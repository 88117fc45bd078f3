//! The connection to the database: to the server in charge if there is one, otherwise to any that
//! answers. A broken connection is made again.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Statement;
use tokio_postgres::config::TargetSessionAttrs;

use super::PostgresError;
use super::address::Address;
use super::session::{Answer, Failure, SLOW, Session};
use crate::{Error, Location, Result};

/// The pause between attempts to reach the server in charge from a server that only reads.
const AGAIN: Duration = Duration::from_secs(2);
/// The pause in which nobody tries after no server answered, and the time that one attempt may take
/// before another thread tries.
const REST: Duration = Duration::from_secs(3);
const TRYING: Duration = Duration::from_secs(15);
/// The number of statements that are kept prepared. Filters are all different.
const STATEMENTS: usize = 128;

/// A connection to the servers: see the module.
pub(super) struct Connection {
    pub(super) address: Address,
    pub(super) location: Location,
    open: RefCell<Option<Open>>,
    /// True while a transaction is open, which a new connection would not have.
    pub(super) busy: Cell<bool>,
    /// The findings of any connection of this process.
    down: Arc<Down>,
}

/// An open connection.
pub(super) struct Open {
    pub(super) session: Session,
    /// True if the server takes changes.
    is_primary: bool,
    tried: Instant,
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub(super) fn new(address: Address, location: Location) -> Self {
        Self {
            address,
            location,
            open: RefCell::new(None),
            busy: Cell::new(false),
            down: Arc::default(),
        }
    }

    /// Another connection to the same servers.
    pub(super) fn another(&self) -> Self {
        let connection = Self::new(self.address.clone(), self.location.clone());
        Self { down: Arc::clone(&self.down), ..connection }
    }

    /// Runs work that changes nothing. It runs once more if the connection was broken.
    pub(super) fn read<T>(&self, work: impl Fn(&mut Open) -> Answer<T>) -> Result<T> {
        let was_open = self.open.borrow().is_some();
        match self.attempt(false, &work) {
            Err(Error::Unreachable { .. }) if was_open && !self.busy.get() => {
                self.attempt(false, &work)
            }
            done => done,
        }
    }

    /// Runs a read that may go through all rows, as [`Connection::read`].
    pub(super) fn scan<T>(&self, work: impl Fn(&mut Open) -> Answer<T>) -> Result<T> {
        self.read(|open| open.within(SLOW, &work))
    }

    /// Runs work on the server in charge. Each step of it has so much time.
    pub(super) fn write<T>(
        &self,
        timeout: Duration,
        work: impl FnOnce(&mut Open) -> Answer<T>,
    ) -> Result<T> {
        self.attempt(true, |open| open.within(timeout, work))
    }

    fn attempt<T>(&self, to_primary: bool, work: impl FnOnce(&mut Open) -> Answer<T>) -> Result<T> {
        let busy = self.busy.get();
        if !busy {
            self.down.enter().map_err(|reason| self.unreachable(&reason))?;
        }
        let mut slot = self.open.borrow_mut();
        if !busy && slot.as_ref().is_none_or(|open| open.is_unfit(to_primary)) {
            let connected = self.connect(to_primary, slot.take());
            *slot = connected.inspect_err(|error| self.down.leave(reason_of(error)))?;
        }
        let Some(open) = slot.as_mut() else {
            return Err(self.unreachable("the connection broke"));
        };
        let done = work(open);
        let silent = matches!(done, Err(Failure::Silent));
        // A late answer may still arrive, and would go to the next question.
        if open.session.is_closed() || silent {
            *slot = None;
        }
        self.down.leave(silent.then(|| text(&Failure::Silent)));
        done.map_err(|error| self.failed(&error))
    }

    /// Connects to the server in charge. For reading, the present connection or any server will do.
    fn connect(&self, to_primary: bool, had: Option<Open>) -> Result<Option<Open>> {
        let refused = match self.address.connect(TargetSessionAttrs::ReadWrite).and_then(listening)
        {
            Ok(session) => return Ok(Some(Open::new(session, true))),
            Err(error) => error,
        };
        if to_primary {
            let any = self.address.connect(TargetSessionAttrs::Any);
            let reason = text(&refused);
            return Err(match any {
                Ok(_) => Error::NoLeader { gallery: self.location.clone(), reason },
                Err(_) => self.unreachable(&reason),
            });
        }
        if let Some(had) = had.filter(|had| !had.session.is_closed()) {
            return Ok(Some(Open { tried: Instant::now(), ..had }));
        }
        if matches!(refused, Failure::Silent) {
            return Err(self.unreachable(&text(&refused)));
        }
        let any = self.address.connect(TargetSessionAttrs::Any);
        any.map(|session| Some(Open::new(session, false)))
            .map_err(|error| self.unreachable(&text(&error)))
    }

    /// Tells whether the server has notified of changes. A server that only reads never does, so
    /// this is true.
    pub(super) fn has_notification(&self) -> bool {
        let mut open = self.open.borrow_mut();
        let Some(open) = open.as_mut() else { return true };
        if open.session.is_closed() || open.is_unfit(false) || !open.is_primary {
            return true;
        }
        // A connection that breaks during this look counts as changes, too.
        open.session.has_notification() || open.session.is_closed()
    }

    /// Tells whether the connection is to the server in charge.
    pub(super) fn is_primary(&self) -> bool {
        self.open.borrow().as_ref().is_some_and(|open| open.is_primary)
    }

    /// The error of a server's answer that this program did not write.
    pub(super) fn damaged(&self, detail: String) -> Error {
        Error::Damaged { gallery: self.location.clone(), detail }
    }

    pub(super) fn unreachable(&self, reason: &str) -> Error {
        Error::Unreachable { gallery: self.location.clone(), reason: reason.to_owned() }
    }

    /// Converts a failure to an error. What servers say of values is left out: it may name
    /// patients.
    pub(super) fn failed(&self, failure: &Failure) -> Error {
        let Failure::Server(error) = failure else { return self.unreachable(&text(failure)) };
        let Some(said) = error.as_db_error() else { return self.unreachable(&text(failure)) };
        let (gallery, code) = (self.location.clone(), said.code().code());
        match code {
            // Shutting down, starting, or a connection that was ended.
            "57P01" | "57P02" | "57P03" | "08006" | "08003" => self.unreachable(said.message()),
            "25006" => Error::NoLeader { gallery, reason: said.message().to_owned() },
            _ => {
                let reason = format!("{} ({code})", said.message());
                PostgresError::Server { gallery, reason, undone: 0 }.into()
            }
        }
    }
}

/// The finding that no server answers. One thread then tries from time to time, and all others are
/// not kept waiting.
#[derive(Default)]
struct Down(Mutex<Option<(Instant, String)>>);

impl Down {
    /// Lets one thread try whether a server answers again. The others get the reason why none does.
    fn enter(&self) -> std::result::Result<(), String> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((until, reason)) if Instant::now() < *until => Err(reason.clone()),
            Some((until, _)) => {
                *until = Instant::now() + TRYING;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes the result of an attempt.
    fn leave(&self, reason: Option<String>) {
        let until = Instant::now() + REST;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            reason.map(|reason| (until, reason));
    }
}

/// The reason why no server answered, if none did.
fn reason_of(error: &Error) -> Option<String> {
    match error {
        Error::Unreachable { reason, .. } => Some(reason.clone()),
        _ => None,
    }
}

impl Open {
    fn new(session: Session, is_primary: bool) -> Self {
        Self { session, is_primary, tried: Instant::now(), statements: HashMap::new() }
    }

    fn is_unfit(&self, to_primary: bool) -> bool {
        self.session.is_closed() || !self.is_primary && (to_primary || self.tried.elapsed() > AGAIN)
    }

    fn within<T>(
        &mut self,
        timeout: Duration,
        work: impl FnOnce(&mut Self) -> Answer<T>,
    ) -> Answer<T> {
        let before = self.session.set_timeout(timeout);
        let done = work(self);
        self.session.set_timeout(before);
        done
    }

    /// A statement that is prepared once.
    pub(super) fn prepared(&mut self, sql: &str) -> Answer<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.session.prepare(sql)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn listening(session: Session) -> Answer<Session> {
    session.batch_execute("LISTEN skiagraph")?;
    Ok(session)
}

/// A failure and its sources, as text.
fn text(failure: &Failure) -> String {
    let error = match failure {
        Failure::Server(error) => error,
        Failure::Silent => return "it did not answer in time".to_owned(),
        Failure::System(error) => return error.to_string(),
    };
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
