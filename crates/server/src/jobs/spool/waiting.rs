//! The files of the jobs as the thread sees them that works them off: taken, counted, removed.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Result;
use files::attempts::{self, Attempts, Plan};
use serde_json::json;

use super::Jobs;
use crate::error::Problem;
use crate::jobs::Job;
use crate::jobs::disk::{WAITS, entries, number};

/// A file that waits.
pub(in crate::jobs) struct Waiting {
    pub(in crate::jobs) number: u64,
    pub(in crate::jobs) path: PathBuf,
}

/// The names of a job's files in the notes of files being worked on.
fn names(id: &str, files: &[Waiting]) -> Vec<String> {
    files.iter().map(|file| name(id, file)).collect()
}

/// The name of a job's file, in those notes and in the gallery. It reveals nothing of a patient.
pub(in crate::jobs) fn name(id: &str, file: &Waiting) -> String {
    format!("{id}/{}", file.number)
}

impl Jobs {
    /// Takes files to work on: at most `most`, of the oldest job that has any. Returns `None` if
    /// there are none within `timeout`. A suspect of an earlier death comes alone, after the others
    /// of its job.
    pub(in crate::jobs) fn next(
        &self,
        most: usize,
        timeout: Duration,
    ) -> Result<Option<(String, Vec<Waiting>)>> {
        for (id, job) in self.list().into_iter().rev() {
            let wanted = |file: &Waiting| !job.cancelled && !job.last.contains(&file.number);
            let (files, others): (Vec<_>, Vec<_>) =
                self.waiting(&id)?.into_iter().partition(wanted);
            others.iter().try_for_each(|file| self.remove(file))?;
            let files = self.take(&id, files, most)?;
            if !files.is_empty() {
                return Ok(Some((id, files)));
            }
        }
        self.rest(timeout);
        Ok(None)
    }

    /// Takes the files of a job to work on next. Those on which servers died fail.
    fn take(&self, id: &str, files: Vec<Waiting>, most: usize) -> Result<Vec<Waiting>> {
        let Some(attempts) = self.attempts().filter(|_| !files.is_empty()) else {
            return Ok(Vec::new());
        };
        let Plan { together, alone, set_aside } = attempts.plan(files, |file| name(id, file))?;
        for file in set_aside {
            let number = file.number;
            match self.count(id, &[file], |job| job.fail_deadly(number)) {
                Err(Problem::Internal(error)) => return Err(error),
                // A job may be forgotten meanwhile.
                _ => {
                    let reason = attempts::reason();
                    self.log.line(&json!({ "job": id, "file": number, "set_aside": reason }));
                }
            }
        }
        let (files, most) = if together.is_empty() { (alone, 1) } else { (together, most) };
        let files: Vec<_> = files.into_iter().take(most).collect();
        if !files.is_empty() {
            attempts.begin(names(id, &files))?;
        }
        Ok(files)
    }

    /// Waits until it is woken, for `timeout` at most.
    pub(in crate::jobs) fn rest(&self, timeout: Duration) {
        let registry = self.registry();
        drop(self.wake.wait_timeout(registry, timeout).unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts processed files, on the disk too, and then removes them. A kill between the two
    /// leaves files that are known to be counted.
    pub(in crate::jobs) fn count(
        &self,
        id: &str,
        files: &[Waiting],
        change: impl FnOnce(&mut Job),
    ) -> Result<(), Problem> {
        self.update(id, |job| {
            change(job);
            job.last = files.iter().map(|file| file.number).collect();
        })?;
        files.iter().try_for_each(|file| self.remove(file))?;
        let attempts =
            self.attempts().map_or(Ok(()), |attempts| attempts.finish(&names(id, files)));
        Ok(attempts.map_err(anyhow::Error::from)?)
    }

    /// Notes that work on files ended without an outcome. They wait again, and no death is counted.
    pub(in crate::jobs) fn put_down(&self, id: &str, files: &[Waiting]) -> Result<()> {
        self.attempts().map_or(Ok(()), |attempts| Ok(attempts.put_down(&names(id, files))?))
    }

    /// Counts a death for the files being worked on, after a panic ended their work.
    pub(in crate::jobs) fn count_death(&self) -> Result<()> {
        self.attempts().map_or(Ok(()), |attempts| Ok(attempts.count_death()?))
    }

    fn attempts(&self) -> Option<Arc<Attempts>> {
        self.registry().attempts.clone()
    }

    /// The files of a job that wait, the oldest first.
    pub(super) fn waiting(&self, id: &str) -> Result<Vec<Waiting>> {
        let paths = entries(&self.folder(id))?.into_iter();
        let waits = paths.filter(|path| path.extension().is_some_and(|ending| ending == WAITS));
        let mut files: Vec<_> =
            waits.filter_map(|path| Some(Waiting { number: number(&path)?, path })).collect();
        files.sort_by_key(|file| file.number);
        Ok(files)
    }

    /// Removes a file, unless it is gone already.
    pub(super) fn remove(&self, file: &Waiting) -> Result<()> {
        let removed = fs::metadata(&file.path)
            .and_then(|kept| fs::remove_file(&file.path).map(|()| kept.len()));
        let bytes = match removed {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            removed => removed?,
        };
        let mut registry = self.registry();
        registry.bytes = registry.bytes.saturating_sub(bytes);
        Ok(())
    }
}
