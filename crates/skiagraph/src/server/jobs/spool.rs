//! The folders of the jobs: what came is kept until the gallery has it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use super::Job;
use crate::server::error::Problem;
use crate::server::keys::random_text;

/// What is known of a job, in its folder.
const STATE: &str = "job.json";
/// The endings of a file that waits, and of one that comes.
const WAITS: &str = "file";
const COMES: &str = "part";

/// How much waits at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of files.
    pub(crate) bytes: u64,
    /// Jobs that are not over.
    pub(crate) open: usize,
    /// Jobs that are remembered after they were.
    pub(crate) over: usize,
}

/// All jobs.
pub(in crate::server) struct Jobs {
    root: PathBuf,
    limits: Limits,
    known: Mutex<Known>,
    /// Told when something comes to be done.
    wake: Condvar,
}

#[derive(Default)]
struct Known {
    jobs: BTreeMap<String, Job>,
    /// Of files that wait, and of those that come.
    bytes: u64,
}

/// A file that waits.
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) path: PathBuf,
}

impl Jobs {
    /// Reads the jobs of a folder, if it is there; it is made with the first job.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(in crate::server) fn open(root: &Path, limits: Limits) -> Result<Self> {
        let mut known = Known::default();
        for folder in entries(root)?.into_iter().filter(|path| path.is_dir()) {
            let Ok(bytes) = fs::read(folder.join(STATE)) else { continue };
            let damaged = || {
                format!(
                    "`{}` is damaged; remove the folder, whose files are to be sent again",
                    folder.display()
                )
            };
            let mut job: Job = serde_json::from_slice(&bytes).with_context(damaged)?;
            for path in entries(&folder)? {
                match path.extension().and_then(|ending| ending.to_str()) {
                    Some(WAITS) => {
                        known.bytes += fs::metadata(&path)?.len();
                        job.received = job.received.max(number(&path).unwrap_or_default());
                    }
                    // Nobody was told that it came.
                    Some(COMES) => fs::remove_file(&path)?,
                    _ => {}
                }
            }
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            known.jobs.insert(name, job);
        }
        Ok(Self { root: root.to_owned(), limits, known: Mutex::new(known), wake: Condvar::new() })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Makes a job.
    ///
    /// # Errors
    /// [`Problem::Busy`] if too many are open; if the disk does not take it.
    pub(in crate::server) fn make(&self, owner: Option<String>) -> Result<(String, Job), Problem> {
        if self.known().jobs.values().filter(|job| !job.is_over()).count() >= self.limits.open {
            return Err(Problem::Busy);
        }
        let made = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let (id, job) = (random_text::<16>()?, Job { made, owner, ..Job::default() });
        fs::create_dir_all(self.folder(&id)).context("cannot make a job's folder")?;
        self.write(&id, &job)?;
        self.known().jobs.insert(id.clone(), job.clone());
        self.forget_old()?;
        Ok((id, job))
    }

    /// All jobs, the newest first.
    pub(in crate::server) fn list(&self) -> Vec<(String, Job)> {
        let mut jobs: Vec<_> = self.known().jobs.clone().into_iter().collect();
        jobs.sort_by(|(a, one), (b, other)| other.made.cmp(&one.made).then_with(|| a.cmp(b)));
        jobs
    }

    /// # Errors
    /// [`Problem::UnknownJob`].
    pub(in crate::server) fn get(&self, id: &str) -> Result<Job, Problem> {
        self.known().jobs.get(id).cloned().ok_or(Problem::UnknownJob)
    }

    /// Keeps a file: it is on the disk when its number is given.
    ///
    /// # Errors
    /// [`Problem::UnknownJob`]; [`Problem::Invalid`] if the job takes no more; [`Problem::Busy`] if too much waits.
    pub(in crate::server) fn receive(&self, id: &str, bytes: &[u8]) -> Result<u64, Problem> {
        let number = {
            let mut known = self.known();
            let Known { jobs, bytes: waiting } = &mut *known;
            let job = jobs.get_mut(id).ok_or(Problem::UnknownJob)?;
            if job.closed || job.cancelled {
                return Err(Problem::invalid(
                    "a file for a job that is closed",
                    "one for a job that is open",
                ));
            }
            if *waiting + bytes.len() as u64 > self.limits.bytes {
                return Err(Problem::Busy);
            }
            *waiting += bytes.len() as u64;
            job.received += 1;
            job.received
        };
        let kept = self.keep(id, number, bytes);
        if kept.is_err() {
            // Its number stays: others may have come meanwhile.
            self.known().bytes -= bytes.len() as u64;
            self.update(id, |job| {
                job.fail(super::Failure { file: number, reason: "it could not be kept".to_owned() })
            })?;
        }
        self.wake.notify_all();
        kept.map(|()| number)
    }

    fn keep(&self, id: &str, number: u64, bytes: &[u8]) -> Result<(), Problem> {
        let folder = self.folder(id);
        let (part, path) =
            (folder.join(format!("{number:08}.{COMES}")), folder.join(format!("{number:08}.{WAITS}")));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
            File::open(&folder)?.sync_all()
        });
        written.context("cannot keep a file of a job").map_err(Problem::Internal)
    }

    /// Says that no more files will come, or, where it is to be cancelled, that those that wait are not wanted.
    ///
    /// # Errors
    /// [`Problem::UnknownJob`].
    pub(in crate::server) fn end(&self, id: &str, cancelled: bool) -> Result<Job, Problem> {
        let job = self.update(id, |job| {
            job.closed = true;
            job.cancelled |= cancelled && !job.is_over();
        })?;
        self.wake.notify_all();
        Ok(job)
    }

    /// Changes what is known of a job, on the disk too.
    pub(super) fn update(&self, id: &str, change: impl FnOnce(&mut Job)) -> Result<Job, Problem> {
        let job = {
            let mut known = self.known();
            let job = known.jobs.get_mut(id).ok_or(Problem::UnknownJob)?;
            change(job);
            job.clone()
        };
        self.write(id, &job)?;
        Ok(job)
    }

    fn write(&self, id: &str, job: &Job) -> Result<(), Problem> {
        let path = self.folder(id).join(STATE);
        let bytes = serde_json::to_vec(job).map_err(anyhow::Error::from)?;
        Ok(crate::output::file(&path, bytes)?)
    }

    /// Waits until there is something to do, or for a while; some files of the oldest job that has any, at most so many.
    pub(super) fn next(&self, most: usize, patience: Duration) -> Result<Option<(String, Vec<Waiting>)>> {
        for (id, job) in self.list().into_iter().rev() {
            let files = self.waiting(&id)?;
            if job.cancelled {
                files.iter().try_for_each(|file| self.remove(file))?;
            } else if !files.is_empty() {
                return Ok(Some((id, files.into_iter().take(most).collect())));
            }
        }
        let known = self.known();
        drop(self.wake.wait_timeout(known, patience).unwrap_or_else(PoisonError::into_inner));
        Ok(None)
    }

    fn waiting(&self, id: &str) -> Result<Vec<Waiting>> {
        let paths = entries(&self.folder(id))?.into_iter();
        let waits = paths.filter(|path| path.extension().is_some_and(|ending| ending == WAITS));
        let mut files: Vec<_> =
            waits.filter_map(|path| Some(Waiting { number: number(&path)?, path })).collect();
        files.sort_by_key(|file| file.number);
        Ok(files)
    }

    /// Lets a file go.
    pub(super) fn remove(&self, file: &Waiting) -> Result<()> {
        let bytes = fs::metadata(&file.path)?.len();
        fs::remove_file(&file.path)?;
        let mut known = self.known();
        known.bytes = known.bytes.saturating_sub(bytes);
        Ok(())
    }

    /// Of jobs that are over, the oldest that are too many.
    fn forget_old(&self) -> Result<(), Problem> {
        let over = self.list().into_iter().filter(|(_, job)| job.is_over()).skip(self.limits.over);
        for (id, _) in over {
            fs::remove_dir_all(self.folder(&id)).context("cannot remove an old job's folder")?;
            self.known().jobs.remove(&id);
        }
        Ok(())
    }
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.with_context(|| format!("cannot read `{}`", folder.display()))?,
    };
    Ok(read.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?)
}

fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 100, open: 2, over: 1 };

    #[test]
    fn what_came_waits_until_it_is_let_go_and_outlives_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("jobs");
        let jobs = Jobs::open(&root, LIMITS).unwrap();
        let (id, _) = jobs.make(Some("k".to_owned())).unwrap();
        assert_eq!([jobs.receive(&id, b"one").unwrap(), jobs.receive(&id, b"two").unwrap()], [1, 2]);
        fs::write(root.join(&id).join("00000003.part"), "half").unwrap();
        let jobs = Jobs::open(&root, LIMITS).unwrap();
        assert_eq!((jobs.get(&id).unwrap().received, jobs.known().bytes), (2, 6));
        let (next, files) = jobs.next(1, Duration::ZERO).unwrap().unwrap();
        assert_eq!((&next, files[0].number, fs::read(&files[0].path).unwrap()), (&id, 1, b"one".to_vec()));
        jobs.remove(&files[0]).unwrap();
        assert_eq!(jobs.next(5, Duration::ZERO).unwrap().unwrap().1[0].number, 2);
        assert!(!root.join(&id).join("00000003.part").exists());
        jobs.end(&id, true).unwrap();
        assert!(jobs.next(5, Duration::ZERO).unwrap().is_none() && jobs.known().bytes == 0);
        assert!(matches!(jobs.receive(&id, b"late"), Err(Problem::Invalid { .. })));
        assert!(matches!(jobs.receive("other", b"x"), Err(Problem::UnknownJob)));
    }

    #[test]
    fn there_is_an_end_to_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Jobs::open(&folder.path().join("jobs"), LIMITS).unwrap();
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
