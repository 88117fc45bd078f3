//! The connection: to the server in charge if one is, else to any that answers, and made again when it breaks.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::config::TargetSessionAttrs;
use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, Statement};

use super::address::Address;
use crate::gallery::Location;
use crate::{Error, Result};

/// How often a connection to a server that only reads is tried to be one to the server in charge.
const AGAIN: Duration = Duration::from_secs(2);
/// What a look at the socket may take.
const GLANCE: Duration = Duration::from_millis(1);
/// How long nobody tries after no server answered: others are answered from memory meanwhile, and must not wait.
const REST: Duration = Duration::from_secs(3);
/// Statements that are kept prepared; filters are all different.
const STATEMENTS: usize = 128;

/// See the module.
pub(super) struct Link {
    pub(super) address: Address,
    pub(super) location: Location,
    open: RefCell<Option<Open>>,
    /// Whether a transaction is open, which a new connection would not have.
    pub(super) busy: Cell<bool>,
    /// When no server answered, as any link of this process found.
    down: Arc<Mutex<Option<Instant>>>,
}

/// An open connection.
pub(super) struct Open {
    pub(super) client: Client,
    /// Whether the server takes changes.
    leads: bool,
    tried: Instant,
    statements: HashMap<String, Statement>,
}

impl Link {
    pub(super) fn new(address: Address, location: Location) -> Self {
        Self { address, location, open: RefCell::new(None), busy: Cell::new(false), down: Arc::default() }
    }

    /// Another connection to the same servers.
    pub(super) fn another(&self) -> Self {
        let link = Self::new(self.address.clone(), self.location.clone());
        Self { down: Arc::clone(&self.down), ..link }
    }

    /// Does something that changes nothing, once more if the connection was broken.
    pub(super) fn read<T>(
        &self,
        work: impl Fn(&mut Open) -> std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        match self.attempt(false, &work) {
            Err(Error::Unreachable { .. }) if !self.busy.get() => self.attempt(false, &work),
            done => done,
        }
    }

    /// Does something with the server in charge.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut Open) -> std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        self.attempt(true, work)
    }

    fn attempt<T>(
        &self,
        leads: bool,
        work: impl FnOnce(&mut Open) -> std::result::Result<T, postgres::Error>,
    ) -> Result<T> {
        let mut open = self.open.borrow_mut();
        if !self.busy.get() && open.as_ref().is_none_or(|open| open.is_unfit(leads)) {
            *open = self.connect(leads, open.take())?;
        }
        let Some(link) = open.as_mut() else { return Err(self.unreachable("the connection broke")) };
        let done = work(link);
        if link.client.is_closed() {
            *open = None;
        }
        done.map_err(|error| self.failed(&error))
    }

    /// A connection to the server in charge; or, for reading, what there is or any other.
    fn connect(&self, leads: bool, had: Option<Open>) -> Result<Option<Open>> {
        let down = || self.down.lock().unwrap_or_else(PoisonError::into_inner);
        if down().is_some_and(|since| since.elapsed() < REST) {
            return Err(self.unreachable("none did a moment ago"));
        }
        let connected = self.try_servers(leads, had);
        *down() = matches!(connected, Err(Error::Unreachable { .. })).then(Instant::now);
        connected
    }

    fn try_servers(&self, leads: bool, had: Option<Open>) -> Result<Option<Open>> {
        let refused = match self.address.connect(TargetSessionAttrs::ReadWrite).and_then(listening) {
            Ok(client) => return Ok(Some(Open::new(client, true))),
            Err(error) => error,
        };
        if leads {
            let any = self.address.connect(TargetSessionAttrs::Any);
            let reason = text(&refused);
            return Err(match any {
                Ok(_) => Error::NoLeader { gallery: self.location.clone(), reason },
                Err(_) => self.unreachable(&reason),
            });
        }
        if let Some(had) = had.filter(|had| !had.client.is_closed()) {
            return Ok(Some(Open { tried: Instant::now(), ..had }));
        }
        let any = self.address.connect(TargetSessionAttrs::Any);
        any.map(|client| Some(Open::new(client, false))).map_err(|error| self.unreachable(&text(&error)))
    }

    /// Whether anything was heard of changes. Of a server that only reads nothing is heard.
    pub(super) fn is_told(&self) -> bool {
        let mut open = self.open.borrow_mut();
        let Some(open) = open.as_mut() else { return true };
        if open.client.is_closed() || open.is_unfit(false) || !open.leads {
            return true;
        }
        let mut heard = open.client.notifications();
        // The glance takes what has arrived from the socket; the rest lies ready.
        let first = heard.timeout_iter(GLANCE).next();
        let rest = heard.iter().count();
        drop(heard);
        // One that breaks while it is looked at has something to tell, too.
        !matches!((first, rest), (Ok(None), Ok(0))) || open.client.is_closed()
    }

    /// Whether the connection is to the server in charge.
    pub(super) fn leads(&self) -> bool {
        self.open.borrow().as_ref().is_some_and(|open| open.leads)
    }

    pub(super) fn unreachable(&self, reason: &str) -> Error {
        Error::Unreachable { gallery: self.location.clone(), reason: reason.to_owned() }
    }

    /// What an error means. What servers say of values is left out: it may name patients.
    pub(super) fn failed(&self, error: &postgres::Error) -> Error {
        let Some(said) = error.as_db_error() else { return self.unreachable(&text(error)) };
        let (gallery, code) = (self.location.clone(), said.code().code());
        match code {
            // Shutting down, starting, or a connection that was ended.
            "57P01" | "57P02" | "57P03" | "08006" | "08003" => self.unreachable(said.message()),
            "25006" => Error::NoLeader { gallery, reason: said.message().to_owned() },
            _ => Error::Server { gallery, reason: format!("{} ({code})", said.message()), undone: 0 },
        }
    }
}

impl Open {
    fn new(client: Client, leads: bool) -> Self {
        Self { client, leads, tried: Instant::now(), statements: HashMap::new() }
    }

    fn is_unfit(&self, leads: bool) -> bool {
        self.client.is_closed() || !self.leads && (leads || self.tried.elapsed() > AGAIN)
    }

    /// A statement that is prepared once.
    pub(super) fn prepared(&mut self, sql: &str) -> std::result::Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn listening(mut client: Client) -> std::result::Result<Client, postgres::Error> {
    client.batch_execute("LISTEN skiagraph")?;
    Ok(client)
}

/// An error and what is behind it.
fn text(error: &postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
