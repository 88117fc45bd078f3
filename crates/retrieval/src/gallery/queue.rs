//! Pictures that wait to be encoded by whichever machine has time.
//!
//! A worker claims some for a while; what it has encoded becomes part of the gallery in the same
//! transaction that takes the pictures off the queue, so that each is there exactly once, whenever
//! a worker dies. What fails is tried again, later and later, and at last set aside.

use std::time::Duration;

use serde::Serialize;

use super::postgres::Postgres;
use super::{Gallery, Record};
use crate::{Error, Result};

/// A picture that shall be encoded.
#[derive(Clone)]
pub struct Waiting {
    /// What it is known by until it is decoded: a hash of its bytes.
    pub key: String,
    /// What is known of it.
    pub record: Record,
    /// Its file.
    pub picture: Vec<u8>,
}

/// A picture that was claimed.
#[derive(Clone)]
pub struct Job {
    /// Its number in the queue.
    pub id: i64,
    /// Whose it is as long as the claim lasts.
    pub(super) claim: String,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// What is known of it.
    pub record: Record,
    /// Its file.
    pub picture: Vec<u8>,
}

/// How many pictures are in a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct QueueLength {
    /// May be claimed now.
    pub due: usize,
    /// Claimed, or to be tried again later.
    pub later: usize,
    /// Failed too often.
    pub set_aside: usize,
}

/// A picture that is not tried any more until somebody asks for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SetAside {
    /// Its number in the queue.
    pub id: i64,
    /// The name in its record.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Whether workers died of it.
    pub deadly: bool,
}

/// The queue of a gallery on a server.
pub struct Queue<'a>(&'a mut Postgres);

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
    /// Puts pictures into the queue, durably and all together; how many were not there yet.
    ///
    /// # Errors
    /// If the server fails: then none of them is there.
    pub fn put(&mut self, pictures: &[Waiting]) -> Result<usize> {
        self.0.put(pictures)
    }

    /// Takes up to `most` pictures for a time, after which others may take them. One that was taken
    /// before comes alone: it may be what made a worker die.
    ///
    /// # Errors
    /// If the server fails.
    pub fn claim(&mut self, worker: &str, most: usize, lease: Duration) -> Result<Vec<Job>> {
        self.0.claim(worker, most, lease)
    }

    /// Takes jobs off the queue with the next [`Gallery::commit`], together with what was inserted;
    /// how many were still this worker's.
    ///
    /// # Errors
    /// If the server fails: then everything since the last commit is undone.
    pub fn done(&mut self, jobs: &[Job]) -> Result<usize> {
        self.0.done(jobs)
    }

    /// Says why a job failed. It is tried again later; if it is hopeless or was tried too often, it
    /// is set aside.
    ///
    /// # Errors
    /// If the server fails.
    pub fn fail(&mut self, job: &Job, reason: &str, hopeless: bool) -> Result<()> {
        self.0.fail(job, reason, hopeless)
    }

    /// How many there are.
    ///
    /// # Errors
    /// If the server fails.
    pub fn length(&self) -> Result<QueueLength> {
        self.0.length()
    }

    /// What was set aside.
    ///
    /// # Errors
    /// If the server fails.
    pub fn set_aside(&self) -> Result<Vec<SetAside>> {
        self.0.set_aside()
    }

    /// Lets what was set aside be tried again; how many.
    ///
    /// # Errors
    /// If the server fails.
    pub fn retry(&mut self) -> Result<usize> {
        self.0.retry()
    }
}
