//! The queue of pictures that wait to be encoded by any machine.
//!
//! A worker claims some for a while. Its results become part of the gallery in the same transaction
//! that takes the pictures off the queue. So each is there exactly once, whenever a worker dies. A
//! failed job is tried again, later and later, and at last set aside.

use std::time::Duration;

use serde::Serialize;

use crate::{Error, Gallery, Record, Result};

/// A picture to be encoded.
#[derive(Clone)]
pub struct Waiting {
    /// The identity until it is decoded: a hash of its bytes.
    pub key: String,
    /// The record, as far as it is known.
    pub record: Record,
    /// The file's bytes.
    pub picture: Vec<u8>,
}

/// A picture that was claimed.
#[derive(Clone)]
pub struct Job {
    /// Its number in the queue.
    pub id: i64,
    /// The token of the worker that holds the claim.
    pub(super) claim: String,
    /// The number of times it was claimed, this time included.
    pub attempts: u32,
    /// The record, as far as it is known.
    pub record: Record,
    /// The file's bytes.
    pub picture: Vec<u8>,
}

/// The numbers of pictures in a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct QueueLength {
    /// The number that may be claimed now.
    pub due: usize,
    /// The number that are claimed, or to be tried again later.
    pub later: usize,
    /// The number that failed too often.
    pub set_aside: usize,
}

/// A picture that is not tried again unless somebody asks for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SetAside {
    /// Its number in the queue.
    pub id: i64,
    /// The name in its record.
    pub name: String,
    /// The reason of the last failure.
    pub reason: String,
    /// True if workers died of it.
    pub deadly: bool,
}

/// The queue of a database, whose transactions are those of its gallery. [`Queue`] says what each
/// of these does.
pub(super) trait JobQueue {
    fn put(&mut self, pictures: &[Waiting]) -> Result<usize>;
    fn record(&self, key: &str) -> Result<Option<Record>>;
    fn claim(&mut self, worker: &str, most: usize, lease: Duration) -> Result<Vec<Job>>;
    fn done(&mut self, jobs: &[Job]) -> Result<usize>;
    fn fail(&mut self, job: &Job, reason: &str, hopeless: bool) -> Result<()>;
    fn length(&self) -> Result<QueueLength>;
    fn set_aside(&self) -> Result<Vec<SetAside>>;
    fn retry(&mut self) -> Result<usize>;
}

/// The queue of a gallery on a server.
pub struct Queue<'a>(&'a mut dyn JobQueue);

impl Gallery {
    /// The pictures that wait to be encoded.
    ///
    /// # Errors
    /// [`Error::NoQueue`] if the gallery is a folder.
    pub fn queue(&mut self) -> Result<Queue<'_>> {
        let none = Error::NoQueue { gallery: self.location().clone() };
        self.store.queue().map(Queue).ok_or(none)
    }
}

impl Queue<'_> {
    /// Puts pictures into the queue, durably and all together. Returns how many were new.
    ///
    /// # Errors
    /// If the server fails: then none of them is there.
    pub fn put(&mut self, pictures: &[Waiting]) -> Result<usize> {
        self.0.put(pictures)
    }

    /// The record of a picture in the queue, if it is there.
    ///
    /// # Errors
    /// If the server fails.
    pub fn record(&self, key: &str) -> Result<Option<Record>> {
        self.0.record(key)
    }

    /// Claims up to `most` pictures for a time, after which others may claim them. A picture that
    /// was claimed before comes alone: it may have made a worker die.
    ///
    /// # Errors
    /// If the server fails.
    pub fn claim(&mut self, worker: &str, most: usize, lease: Duration) -> Result<Vec<Job>> {
        self.0.claim(worker, most, lease)
    }

    /// Takes jobs off the queue with the next [`Gallery::commit`], together with what was inserted.
    /// Returns how many were still this worker's.
    ///
    /// # Errors
    /// If the server fails: then everything since the last commit is undone.
    pub fn done(&mut self, jobs: &[Job]) -> Result<usize> {
        self.0.done(jobs)
    }

    /// Notes why a job failed. It is tried again later. If it is hopeless or was tried too often,
    /// it is set aside.
    ///
    /// # Errors
    /// If the server fails.
    pub fn fail(&mut self, job: &Job, reason: &str, hopeless: bool) -> Result<()> {
        self.0.fail(job, reason, hopeless)
    }

    /// The numbers of pictures in the queue.
    ///
    /// # Errors
    /// If the server fails.
    pub fn length(&self) -> Result<QueueLength> {
        self.0.length()
    }

    /// The pictures that were set aside.
    ///
    /// # Errors
    /// If the server fails.
    pub fn set_aside(&self) -> Result<Vec<SetAside>> {
        self.0.set_aside()
    }

    /// Lets the pictures that were set aside be tried again. Returns how many there were.
    ///
    /// # Errors
    /// If the server fails.
    pub fn retry(&mut self) -> Result<usize> {
        self.0.retry()
    }
}
