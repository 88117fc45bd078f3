//! Writing the log. A separate thread gathers entries, writes and syncs them, and only then
//! confirms that they are kept.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};

use super::entry::{BEGINS, GOES_ON, REPAIRED};
use super::{BACK_FROM, ENDING, Entry, START, files, hash, parts};

/// The number of entries that may wait to be written. Further senders wait until there is room.
const WAITING: usize = 1024;
/// The longest line, in bytes. An entry of a search that showed the most pictures takes some ten
/// thousand.
const LONGEST: u64 = 1 << 20;

/// An entry to be kept, and the channel for the outcome.
type Waiting = (Entry, oneshot::Sender<Result<(), String>>);

/// A handle of the log, for those who write to it.
pub(crate) struct AuditLog {
    writer: mpsc::Sender<Waiting>,
}

impl AuditLog {
    /// Opens the log of a folder, makes it if there is none, and repairs its last line if a power
    /// cut left half of one.
    ///
    /// # Errors
    /// If the folder cannot be written, another process writes this log, or its last line was
    /// changed.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let mut book = Book::open(folder)
            .with_context(|| format!("cannot write the audit log `{}`", folder.display()))?;
        let (writer, entries) = mpsc::channel(WAITING);
        thread::Builder::new().name("audit".to_owned()).spawn(move || write(&mut book, entries))?;
        Ok(Self { writer })
    }

    /// Keeps an entry: returns once it is synced to the disk.
    ///
    /// # Errors
    /// If it could not be written.
    pub(crate) async fn keep(&self, entry: Entry) -> Result<()> {
        let (kept, answer) = oneshot::channel();
        let ended = || anyhow!("the thread that writes the audit log has ended");
        self.writer.send((entry, kept)).await.map_err(|_| ended())?;
        answer
            .await
            .map_err(|_| ended())?
            .map_err(|reason| anyhow!("cannot write the audit log: {reason}"))
    }
}

/// Writes entries until there are no more senders.
fn write(book: &mut Book, mut entries: mpsc::Receiver<Waiting>) {
    while let Some(first) = entries.blocking_recv() {
        // All waiting entries share one sync.
        let others = std::iter::from_fn(|| entries.try_recv().ok());
        let (entries, kept): (Vec<_>, Vec<_>) = [first].into_iter().chain(others).unzip();
        let written = book.write(&entries).map_err(|error| format!("{error:#}"));
        for kept in kept {
            let _who_asked_went_away = kept.send(written.clone());
        }
    }
}

/// The files, and the end of the chain.
struct Book {
    folder: PathBuf,
    /// The lock, held as long as this process writes.
    _lock: File,
    file: File,
    /// The file's name, without its ending.
    name: String,
    /// The number of bytes of whole lines. Bytes beyond were not acknowledged.
    length: u64,
    head: String,
}

impl Book {
    fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another process writes it; expected a folder for each server");
        }
        let mut files = files(folder)?;
        let last = files.pop();
        let name = last.as_deref().and_then(Path::file_stem).and_then(|name| name.to_str());
        let name = name.map_or_else(today, str::to_owned);
        let file = page(folder, &name)?;
        let (head, torn) = match last.as_deref().map(end).transpose()?.flatten() {
            Some((head, torn)) => (head, torn),
            // The file has no whole line, so none was acknowledged: it begins anew.
            None => {
                file.set_len(0)?;
                let before = files.last().map(|file| end(file)).transpose()?.flatten();
                (before.map_or_else(|| START.to_owned(), |(head, _)| head), Vec::new())
            }
        };
        let length = file.metadata()?.len();
        let mut book = Self { folder: folder.to_owned(), _lock: lock, file, name, length, head };
        book.mend(&torn)?;
        Ok(book)
    }

    /// Ends a partial line, and records that in an entry.
    fn mend(&mut self, torn: &[u8]) -> Result<()> {
        if torn.is_empty() {
            return self.write(&[]);
        }
        self.file.write_all(b"\n")?;
        self.length += 1;
        // Only the line's end may be missing.
        let whole = str::from_utf8(torn).ok().and_then(parts);
        if let Some((own, _)) = whole.filter(|(own, entry)| hash(&self.head, entry) == *own) {
            self.head = own.to_owned();
            return self.write(&[]);
        }
        self.write(&[Entry {
            hash: Some(hex::encode(Sha256::digest(torn))),
            ..Entry::now(REPAIRED)
        }])
    }

    /// Appends entries and syncs them, all or none. A new file's first entry comes before them.
    fn write(&mut self, entries: &[Entry]) -> Result<()> {
        if let Some(name) = next_name(&self.name, &today()) {
            self.file = page(&self.folder, &name)?;
            (self.name, self.length) = (name, 0);
        }
        // An earlier failure may have left bytes that could not be removed then.
        if self.file.metadata()?.len() > self.length {
            self.file.set_len(self.length)?;
        }
        let opening = (self.length == 0).then(|| self.opening());
        let (mut lines, mut head) = (String::new(), self.head.clone());
        for entry in opening.iter().chain(entries) {
            let entry = serde_json::to_string(entry)?;
            head = hash(&head, &entry);
            lines += &format!("{head} {entry}\n");
        }
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_data());
        if written.is_err() {
            let _or_before_the_next = self.file.set_len(self.length);
        }
        written?;
        self.length += lines.len() as u64;
        self.head = head;
        Ok(())
    }

    /// The first entry of a file.
    fn opening(&self) -> Entry {
        let action = if self.head == START { BEGINS } else { GOES_ON };
        Entry { hash: Some(self.head.clone()), ..Entry::now(action) }
    }
}

/// The hash of a file's last whole line, and the bytes after it; `None` if no line is whole.
fn end(path: &Path) -> Result<Option<(String, Vec<u8>)>> {
    let mut reader =
        File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    let length = reader.metadata()?.len();
    reader.seek(SeekFrom::Start(length.saturating_sub(2 * LONGEST)))?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    let Some(at) = bytes.iter().rposition(|&byte| byte == b'\n') else {
        if length > LONGEST {
            bail!("`{}` is no audit log: it has no line", path.display());
        }
        return Ok(None);
    };
    let torn = bytes.split_off(at + 1);
    let last = bytes.trim_ascii_end().rsplit(|&byte| byte == b'\n').next();
    let head = last
        .and_then(|line| str::from_utf8(line).ok())
        .and_then(parts)
        .map(|(hash, _)| hash.to_owned());
    let changed = || {
        format!("the last line of `{}` was changed; see `skiagraph audit verify`", path.display())
    };
    Ok(Some((head.with_context(changed)?, torn)))
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

/// The name of a day's file, if another one is being written. It sorts after that one. If the clock
/// went back, the name lists before the day the days from which it went back.
fn next_name(current: &str, today: &str) -> Option<String> {
    let days: Vec<&str> = current.split(BACK_FROM).collect();
    if days.last() == Some(&today) {
        return None;
    }
    let kept = days.iter().position(|day| today > *day).unwrap_or(days.len());
    Some([&days[..kept], &[today][..]].concat().join(BACK_FROM))
}

/// The file of a name, to append to; its name is synced.
fn page(folder: &Path, name: &str) -> Result<File> {
    let path = folder.join(format!("{name}{ENDING}"));
    let open = private(OpenOptions::new().append(true).create(true)).open(&path);
    let file = open.with_context(|| format!("cannot open `{}`", path.display()))?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Makes files that only the server's user may read.
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
        (0..count)
            .map(|i| Entry { records: vec![i], ..Entry::now("GET /api/v1/records/{id}") })
            .collect()
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
        book.name = "2000-01-01".to_owned();
        book.write(&entries(2)).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (6, 2, true));
        fs::remove_file(old).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (3, 1, false));
    }

    #[test]
    fn after_a_jump_of_the_clock_entries_are_in_the_file_of_their_day() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.write(&entries(2)).unwrap();
        let ahead = folder.path().join(format!("2999-01-01{ENDING}"));
        fs::rename(file_of(folder.path()), &ahead).unwrap();
        book.name = "2999-01-01".to_owned();
        book.write(&entries(2)).unwrap();
        let back = folder.path().join(format!("2999-01-01~{}{ENDING}", today()));
        assert_eq!(files(folder.path()).unwrap(), [ahead, back.clone()]);
        drop(book);
        Book::open(folder.path()).unwrap().write(&entries(1)).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (7, 2, true));
        assert_eq!(fs::read_to_string(back).unwrap().lines().count(), 4);
    }

    #[test]
    fn names_of_files_sort_as_they_were_written() {
        let days = [
            "2026-11-30",
            "2999-01-01",
            "2026-11-30",
            "2026-12-01",
            "2026-11-29",
            "2026-12-02",
            "2999-01-02",
        ];
        let mut names = vec!["2026-11-29".to_owned()];
        for day in days {
            names.push(next_name(names.last().unwrap(), day).unwrap());
            assert_eq!(next_name(names.last().unwrap(), day), None);
            assert!(names.last().unwrap().ends_with(day));
        }
        let files: Vec<String> = names.iter().map(|name| format!("{name}{ENDING}")).collect();
        assert!(files.is_sorted_by(|a, b| a < b), "{files:?}");
        assert_eq!(names.last().unwrap(), "2999-01-02");
    }

    #[test]
    fn a_log_that_is_cut_anywhere_goes_on_and_its_chain_holds() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.write(&entries(2)).unwrap();
        drop(book);
        let file = file_of(folder.path());
        let bytes = fs::read(&file).unwrap();
        for cut in 0..bytes.len() {
            fs::write(&file, &bytes[..cut]).unwrap();
            Book::open(folder.path()).unwrap().write(&entries(1)).unwrap();
            let checked = verify(folder.path(), None).unwrap();
            let whole = bytes[..cut].iter().filter(|&&byte| byte == b'\n').count() as u64;
            // Each whole line is kept. A line that lacks only its end is whole; a partial one is
            // recorded.
            let ends = bytes.get(cut) == Some(&b'\n') && cut > 0 && whole > 0;
            let half = whole > 0 && !ends && bytes[cut - 1] != b'\n';
            let expected =
                if whole == 0 { 2 } else { whole + u64::from(ends) + u64::from(half) + 1 };
            assert_eq!((checked.entries, checked.repairs), (expected, u64::from(half)), "{cut}");
        }
    }

    #[test]
    fn a_file_that_was_made_and_not_written_goes_on_from_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.write(&entries(2)).unwrap();
        drop(book);
        fs::rename(file_of(folder.path()), folder.path().join(format!("2000-01-01{ENDING}")))
            .unwrap();
        fs::write(folder.path().join(format!("{}{ENDING}", today())), "").unwrap();
        Book::open(folder.path()).unwrap().write(&entries(1)).unwrap();
        let checked = verify(folder.path(), None).unwrap();
        assert_eq!((checked.entries, checked.files, checked.complete), (5, 2, true));
    }

    #[test]
    fn what_could_not_be_taken_back_is_before_the_next_entry() {
        let folder = tempfile::tempdir().unwrap();
        let mut book = Book::open(folder.path()).unwrap();
        book.file.write_all(b"half of what a full disk took").unwrap();
        book.write(&entries(1)).unwrap();
        assert_eq!(verify(folder.path(), None).unwrap().entries, 2);
    }
}
