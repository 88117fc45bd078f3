//! The folders of the jobs: received files are kept until the gallery has them.

mod waiting;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

use super::disk::{STATE, WAITS, store};
use super::job_registry::JobRegistry;
use super::{Failure, Job};
use crate::error::Problem;
use crate::keys::random_text;
use crate::log::Log;

pub(super) use waiting::{Waiting, name};

/// The limits on waiting files and on jobs.
#[derive(Clone, Copy, Debug)]
pub struct JobLimits {
    /// The most bytes of files.
    pub bytes: u64,
    /// The most jobs that are not over.
    pub open: usize,
    /// The most finished jobs that are remembered.
    pub over: usize,
}

/// All jobs.
pub(crate) struct Jobs {
    root: PathBuf,
    limits: JobLimits,
    registry: Mutex<JobRegistry>,
    /// A lock, held while a job's state is changed and written, so that no older state is written
    /// over a newer one.
    writing: Mutex<()>,
    /// The signal that there is work.
    wake: Condvar,
    log: Log,
}

impl Jobs {
    /// The jobs of a folder, which is made with the first one. If another server has them, there
    /// are none here.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn open(root: &Path, limits: JobLimits, log: Log) -> Result<Self> {
        let mut registry = JobRegistry::default();
        registry.claim(root)?;
        let (registry, writing, wake) = (Mutex::new(registry), Mutex::default(), Condvar::new());
        Ok(Self { root: root.to_owned(), limits, registry, writing, wake, log })
    }

    fn registry(&self) -> MutexGuard<'_, JobRegistry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Makes a job.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many are open; [`Problem::JobsElsewhere`]; if the disk does not
    /// take it.
    pub(crate) fn make(&self, owner: Option<String>) -> Result<(String, Job), Problem> {
        fs::create_dir_all(&self.root).context("cannot make the folder of the jobs")?;
        if !self.registry().claim(&self.root)? {
            return Err(Problem::JobsElsewhere);
        }
        if self.registry().jobs.values().filter(|job| !job.is_over()).count() >= self.limits.open {
            return Err(Problem::Busy);
        }
        let made = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let (id, job) = (random_text::<16>()?, Job { made, owner, ..Job::default() });
        let made =
            fs::create_dir(self.folder(&id)).and_then(|()| File::open(&self.root)?.sync_all());
        made.context("cannot make a job's folder")?;
        self.write(&id, &job)?;
        self.registry().jobs.insert(id.clone(), job.clone());
        self.forget_old()?;
        Ok((id, job))
    }

    /// All jobs, the newest first.
    pub(crate) fn list(&self) -> Vec<(String, Job)> {
        let mut jobs: Vec<_> = self.registry().jobs.clone().into_iter().collect();
        jobs.sort_by(|(a, one), (b, other)| other.made.cmp(&one.made).then_with(|| a.cmp(b)));
        jobs
    }

    /// The state of a job.
    ///
    /// # Errors
    /// [`Problem::UnknownJob`].
    pub(crate) fn get(&self, id: &str) -> Result<Job, Problem> {
        self.registry().jobs.get(id).cloned().ok_or(Problem::UnknownJob)
    }

    /// Keeps a file. It is on the disk when its number is returned.
    ///
    /// # Errors
    /// [`Problem::UnknownJob`]; [`Problem::Invalid`] if the job takes no more; [`Problem::Busy`] if
    /// too much waits; if the disk does not take it, which counts as a failure of the job.
    pub(crate) fn receive(&self, id: &str, bytes: &[u8]) -> Result<u64, Problem> {
        let number = self.registry().admit(id, bytes.len() as u64, self.limits.bytes)?;
        let name = format!("{number:08}.{WAITS}");
        let kept = store(&self.folder(id), &name, bytes).context("cannot keep a file of a job");
        if kept.is_err() {
            // Its number stays used: others may have come meanwhile.
            self.registry().bytes -= bytes.len() as u64;
            self.update(id, |job| {
                job.fail(Failure { file: number, reason: "it could not be kept".to_owned() })
            })?;
        }
        self.wake();
        kept.map(|()| number).map_err(Problem::Internal)
    }

    /// Closes a job: no more files will come. If it is cancelled, the files that wait are dropped,
    /// too.
    ///
    /// # Errors
    /// [`Problem::UnknownJob`].
    pub(crate) fn end(&self, id: &str, cancelled: bool) -> Result<Job, Problem> {
        let job = self.update(id, |job| {
            job.closed = true;
            job.cancelled |= cancelled && !job.is_over();
        })?;
        self.wake();
        Ok(job)
    }

    /// Changes a job's state, on the disk too.
    fn update(&self, id: &str, change: impl FnOnce(&mut Job)) -> Result<Job, Problem> {
        let _in_turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let job = {
            let mut registry = self.registry();
            let job = registry.jobs.get_mut(id).ok_or(Problem::UnknownJob)?;
            change(job);
            job.clone()
        };
        self.write(id, &job)?;
        Ok(job)
    }

    fn write(&self, id: &str, job: &Job) -> Result<(), Problem> {
        let bytes = serde_json::to_vec(job).map_err(anyhow::Error::from)?;
        let written = store(&self.folder(id), STATE, &bytes);
        Ok(written.context("cannot write what is known of a job")?)
    }

    /// Wakes the waiting thread.
    pub(crate) fn wake(&self) {
        self.wake.notify_all();
    }

    /// Forgets the oldest finished jobs beyond the limit.
    fn forget_old(&self) -> Result<(), Problem> {
        // No state is about to be written, and nobody else forgets jobs.
        let _in_turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let over = self.list().into_iter().filter(|(_, job)| job.is_over());
        for (id, _) in over.skip(self.limits.over) {
            // A cancelled job may still have some.
            self.waiting(&id)?.iter().try_for_each(|file| self.remove(file))?;
            fs::remove_dir_all(self.folder(&id)).context("cannot remove an old job's folder")?;
            self.registry().jobs.remove(&id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LIMITS: JobLimits = JobLimits { bytes: 100, open: 2, over: 1 };

    #[test]
    fn what_came_waits_until_it_is_let_go_and_outlives_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("jobs");
        let jobs = Jobs::open(&root, LIMITS, Log::default()).unwrap();
        let (id, _) = jobs.make(Some("k".to_owned())).unwrap();
        assert_eq!(
            [jobs.receive(&id, b"one").unwrap(), jobs.receive(&id, b"two").unwrap()],
            [1, 2]
        );
        fs::write(root.join(&id).join("00000003.part"), "half").unwrap();
        drop(jobs);
        let jobs = Jobs::open(&root, LIMITS, Log::default()).unwrap();
        assert_eq!((jobs.get(&id).unwrap().received, jobs.registry().bytes), (2, 6));
        let (next, files) = jobs.next(1, Duration::ZERO).unwrap().unwrap();
        assert_eq!(
            (&next, files[0].number, fs::read(&files[0].path).unwrap()),
            (&id, 1, b"one".to_vec())
        );
        jobs.remove(&files[0]).unwrap();
        assert_eq!(jobs.next(5, Duration::ZERO).unwrap().unwrap().1[0].number, 2);
        assert!(!root.join(&id).join("00000003.part").exists());
        jobs.end(&id, true).unwrap();
        assert!(jobs.next(5, Duration::ZERO).unwrap().is_none() && jobs.registry().bytes == 0);
        assert!(matches!(jobs.receive(&id, b"late"), Err(Problem::Invalid { .. })));
        assert!(matches!(jobs.receive("other", b"x"), Err(Problem::UnknownJob)));
    }

    #[test]
    fn what_was_counted_is_not_counted_again_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Jobs::open(folder.path(), LIMITS, Log::default()).unwrap();
        let (id, _) = jobs.make(None).unwrap();
        for byte in 1..=3 {
            jobs.receive(&id, &[byte]).unwrap();
        }
        let (_, files) = jobs.next(2, Duration::ZERO).unwrap().unwrap();
        // The process was killed after the files were counted and before they were removed.
        let two: Vec<u64> = files.iter().map(|file| file.number).collect();
        jobs.update(&id, |job| (job.added, job.last) = (2, two)).unwrap();
        drop(jobs);
        let jobs = Jobs::open(folder.path(), LIMITS, Log::default()).unwrap();
        let (_, files) = jobs.next(5, Duration::ZERO).unwrap().unwrap();
        assert_eq!((files.len(), files[0].number), (1, 3));
        jobs.end(&id, false).unwrap();
        jobs.count(&id, &files, |job| job.added += 1).unwrap();
        let job = jobs.get(&id).unwrap();
        assert_eq!(
            (job.done(), job.received, job.is_over(), jobs.registry().bytes),
            (3, 3, true, 0)
        );
    }

    #[test]
    fn one_server_works_off_the_jobs_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let one = Jobs::open(folder.path(), LIMITS, Log::default()).unwrap();
        let (id, _) = one.make(None).unwrap();
        one.receive(&id, b"x").unwrap();
        let other = Jobs::open(folder.path(), LIMITS, Log::default()).unwrap();
        assert!(other.next(5, Duration::ZERO).unwrap().is_none() && other.list().is_empty());
        assert!(matches!(other.make(None), Err(Problem::JobsElsewhere)));
        drop(one);
        other.make(None).unwrap();
        assert_eq!((other.list().len(), other.get(&id).unwrap().received), (2, 1));
    }

    #[test]
    fn many_make_jobs_and_forget_old_ones_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let jobs =
            Jobs::open(folder.path(), JobLimits { open: 100, ..LIMITS }, Log::default()).unwrap();
        let make = || {
            let (id, _) = jobs.make(None).unwrap();
            jobs.receive(&id, b"x").unwrap();
            jobs.end(&id, true).unwrap();
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..30).for_each(|_| make()));
            }
            scope.spawn(|| (0..30).for_each(|_| drop(jobs.next(1, Duration::ZERO).unwrap())));
        });
        jobs.make(None).unwrap();
        assert!(jobs.next(1, Duration::ZERO).unwrap().is_none());
        assert_eq!((jobs.list().len(), jobs.registry().bytes), (2, 0));
    }

    #[test]
    fn there_is_an_end_to_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Jobs::open(&folder.path().join("jobs"), LIMITS, Log::default()).unwrap();
        let ids = [jobs.make(None).unwrap().0, jobs.make(None).unwrap().0];
        assert!(matches!(jobs.make(None), Err(Problem::Busy)));
        jobs.receive(&ids[0], &[0; 60]).unwrap();
        assert!(matches!(jobs.receive(&ids[1], &[0; 60]), Err(Problem::Busy)));
        for id in &ids {
            jobs.end(id, true).unwrap();
        }
        jobs.make(None).unwrap();
        assert_eq!(jobs.list().len(), 2, "one that is over is remembered, and the open one");
    }
}
