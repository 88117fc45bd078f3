//! The jobs' states in memory. The one server that has the jobs reads them from their folders.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use files::attempts::Attempts;

use super::Job;
use super::disk::{COMES, STATE, WAITS, entries, number};
use crate::error::Problem;

/// The states of the jobs.
#[derive(Default)]
pub(super) struct JobRegistry {
    /// The lock, held by the one server that processes the folder's jobs.
    lock: Option<File>,
    /// The notes of the files being worked on; `Some` while the lock is held.
    pub(super) attempts: Option<Arc<Attempts>>,
    pub(super) jobs: BTreeMap<String, Job>,
    /// The bytes of files that wait or are arriving.
    pub(super) bytes: u64,
}

impl JobRegistry {
    /// Tells whether this server has the jobs of a folder. It takes and reads them if no other
    /// server has them.
    pub(super) fn claim(&mut self, root: &Path) -> Result<bool> {
        if self.lock.is_some() {
            return Ok(true);
        }
        // There is no folder yet, or it is read-only.
        let options =
            OpenOptions::new().write(true).create(true).truncate(false).open(root.join("lock"));
        let Some(lock) = options.ok().filter(|lock| lock.try_lock().is_ok()) else {
            return Ok(false);
        };
        for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
            self.read(&folder)?;
        }
        self.attempts = Some(Arc::new(Attempts::open(&root.join("attempts"))?));
        self.lock = Some(lock);
        Ok(true)
    }

    /// Reads a job. In a folder without its state, nothing was acknowledged.
    fn read(&mut self, folder: &Path) -> Result<()> {
        let Ok(bytes) = fs::read(folder.join(STATE)) else { return Ok(()) };
        let damaged =
            || format!("`{}` is damaged; remove it, and send its files again", folder.display());
        let mut job: Job = serde_json::from_slice(&bytes).with_context(damaged)?;
        for path in entries(folder)? {
            match path.extension().and_then(|ending| ending.to_str()) {
                Some(WAITS) => {
                    self.bytes += fs::metadata(&path)?.len();
                    job.received = job.received.max(number(&path).unwrap_or_default());
                }
                // Its arrival was not acknowledged.
                Some(COMES) => fs::remove_file(&path)?,
                _ => {}
            }
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.jobs.insert(name, job);
        Ok(())
    }

    /// The number of a new file.
    pub(super) fn admit(&mut self, id: &str, bytes: u64, most: u64) -> Result<u64, Problem> {
        let job = self.jobs.get_mut(id).ok_or(Problem::UnknownJob)?;
        if job.closed || job.cancelled {
            return Err(Problem::invalid(
                "a file for a job that is closed",
                "one for a job that is open",
            ));
        }
        if self.bytes + bytes > most {
            return Err(Problem::Busy);
        }
        self.bytes += bytes;
        job.received += 1;
        Ok(job.received)
    }
}
