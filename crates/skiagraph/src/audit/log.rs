//! Writing the log: a thread of its own takes entries together, writes and syncs them, and only then says that they are kept.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::entry::{BEGINS, GOES_ON, REPAIRED};
use super::{ENDING, Entry, START, files, hash, hexadecimal, parts};

/// Entries that wait to be written; more wait at the door.
const WAITING: usize = 1024;
/// The longest line: an entry of a search that showed the most pictures takes some ten thousand bytes.
const LONGEST: u64 = 1 << 20;

/// The log, as those who write to it see it.
pub(crate) struct AuditLog {
    writer: SyncSender<(Entry, oneshot::Sender<bool>)>,
}

impl AuditLog {
    /// Opens the log of a folder, makes it if there is none, and repairs its last line if a power cut left half of one.
    ///
    /// # Errors
    /// If the folder cannot be written, another process writes this log, or its last line was changed.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let mut book = Book::open(folder)
            .with_context(|| format!("cannot write the audit log `{}`", folder.display()))?;
        let (writer, entries) = sync_channel(WAITING);
        thread::Builder::new().name("audit".to_owned()).spawn(move || write(&mut book, &entries))?;
        Ok(Self { writer })
    }

    /// Keeps an entry: returns once it is synced to the disk.
    ///
    /// # Errors
    /// If it could not be written.
    pub(crate) async fn keep(&self, entry: Entry) -> Result<()> {
        let (kept, answer) = oneshot::channel();
        let failed = || anyhow!("the audit log cannot be written");
        let writer = self.writer.clone();
        // A full queue blocks: not a thread that serves others.
        let sent = tokio::task::spawn_blocking(move || writer.send((entry, kept)).is_ok()).await;
        match sent.unwrap_or(false) && answer.await.unwrap_or(false) {
            true => Ok(()),
            false => Err(failed()),
        }
    }
}

/// Writes what comes until nobody can send any more.
fn write(book: &mut Book, entries: &Receiver<(Entry, oneshot::Sender<bool>)>) {
    while let Ok(first) = entries.recv() {
        // All that wait share one sync.
        let (entries, kept): (Vec<_>, Vec<_>) = [first].into_iter().chain(entries.try_iter()).unzip();
        let written = book.write(&entries).is_ok();
        for kept in kept {
            let _who_asked_went_away = kept.send(written);
        }
    }
}

/// The files, and the end of the chain.
struct Book {
    folder: PathBuf,
    /// Held for as long as this process writes.
    _lock: File,
    file: File,
    /// The file's name.
    day: String,
    /// Bytes of whole lines; what is beyond was not acknowledged.
    length: u64,
    head: String,
}

impl Book {
    fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let lock =
            private(OpenOptions::new().write(true).create(true).truncate(false)).open(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another process writes it; expected a folder for each server");
        }
        let last = files(folder)?.pop();
        let name = last.as_deref().and_then(Path::file_stem).and_then(|name| name.to_str());
        let (day, is_new) = name.map_or_else(|| (today(), true), |name| (name.to_owned(), false));
        let file = append(&folder.join(format!("{day}{ENDING}")))?;
        let (folder, head) = (folder.to_owned(), START.to_owned());
        let mut book = Self { folder, _lock: lock, length: file.metadata()?.len(), file, day, head };
        if is_new {
            book.write(&[Entry { hash: Some(START.to_owned()), ..Entry::now(BEGINS) }])?;
        } else {
            book.find_head()?;
        }
        Ok(book)
    }

    /// Appends entries and syncs them. What could not be written whole is taken back.
    fn write(&mut self, entries: &[Entry]) -> Result<()> {
        if today() > self.day {
            self.turn_page()?;
        }
        let (mut lines, mut head) = (String::new(), self.head.clone());
        for entry in entries {
            let entry = serde_json::to_string(entry)?;
            head = hash(&head, &entry);
            lines += &format!("{head} {entry}\n");
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length)?;
            return Err(error.into());
        }
        self.length += lines.len() as u64;
        self.head = head;
        Ok(())
    }

    /// Goes on in the file of today.
    fn turn_page(&mut self) -> Result<()> {
        let day = today();
        self.file = append(&self.folder.join(format!("{day}{ENDING}")))?;
        (self.day, self.length) = (day, self.file.metadata()?.len());
        File::open(&self.folder)?.sync_all()?;
        self.write(&[Entry { hash: Some(self.head.clone()), ..Entry::now(GOES_ON) }])
    }

    /// Reads the hash of the last line, and says so in an entry if there is half a line after it.
    fn find_head(&mut self) -> Result<()> {
        let end = self.end()?;
        let whole = end.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let (lines, torn) = end.split_at(whole);
        let last = lines.trim_ascii_end().rsplit(|&byte| byte == b'\n').next();
        let own = |line| str::from_utf8(line).ok().and_then(parts);
        let (head, _) = last.and_then(own).with_context(|| {
            format!("`{}{ENDING}` has no whole line; `skiagraph audit verify` says more", self.day)
        })?;
        self.head = head.to_owned();
        if torn.is_empty() {
            return Ok(());
        }
        self.file.write_all(b"\n")?;
        self.length += 1;
        // Nothing may be missing but the line's end.
        if let Some((own, _)) = own(torn).filter(|(own, entry)| hash(head, entry) == *own) {
            self.head = own.to_owned();
            return Ok(());
        }
        let torn = hexadecimal(&Sha256::digest(torn));
        self.write(&[Entry { hash: Some(torn), ..Entry::now(REPAIRED) }])
    }

    /// The end of the file, with at least one whole line of those that we write.
    fn end(&mut self) -> Result<Vec<u8>> {
        let mut reader = File::open(self.folder.join(format!("{}{ENDING}", self.day)))?;
        reader.seek(SeekFrom::Start(self.length.saturating_sub(2 * LONGEST)))?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

fn append(path: &Path) -> Result<File> {
    private(OpenOptions::new().append(true).create(true))
        .open(path)
        .with_context(|| format!("cannot open `{}`", path.display()))
}

/// For nobody but the server's user to read.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::super::verify::verify;
    use super::*;

    fn file_of(folder: &Path) -> PathBuf {
        files(folder).unwrap().pop().unwrap()
    }

    fn entries(count: u64) -> Vec<Entry> {
        (0..count).map(|i| Entry { records: vec![i], ..Entry::now("GET /api/v1/records/{id}") }).collect()
    }

    #[test]
    fn a_log_goes_on_where_it_ended_and_one_process_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.write(&entries(3)).unwrap();
        let head = book.head.clone();
        assert!(Book::open(folder.path()).err().unwrap().to_string().contains("another process"));
        drop(book);
        let mut book = Book::open(folder.path()).unwrap();
        assert_eq!(book.head, head);
        book.write(&entries(2)).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.head), (6, book.head));
    }

    #[test]
    fn a_new_day_is_a_new_file_of_the_same_chain_and_old_files_may_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.write(&entries(2)).unwrap();
        let old = folder.path().join(format!("2000-01-01{ENDING}"));
        fs::rename(file_of(folder.path()), &old).unwrap();
        book.day = "2000-01-01".to_owned();
        book.write(&entries(2)).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (6, 2, true));
        fs::remove_file(old).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (3, 1, false));
    }

    #[test]
    fn half_a_line_is_kept_and_told_of() {
        for (cut, repairs) in [(1, 0), (10, 1), (70, 1), (120, 1)] {
            let folder = tempfile::tempdir().unwrap();
            let mut book = Book::open(folder.path()).unwrap();
            book.write(&entries(3)).unwrap();
            drop(book);
            let file = file_of(folder.path());
            let bytes = fs::read(&file).unwrap();
            fs::write(&file, &bytes[..bytes.len() - cut]).unwrap();
            Book::open(folder.path()).unwrap().write(&entries(1)).unwrap();
            let checked = verify(folder.path(), None).unwrap();
            assert_eq!((checked.entries, checked.repairs), (5, repairs), "{cut}");
        }
    }
}
