//! Reading the log: checking the chain, and giving its entries.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::entry::{GOES_ON, REPAIRED};
use super::{Entry, START, files, hash, parts};

/// The longest line that is read.
const LONGEST: u64 = 4 << 20;

/// A log whose chain holds.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// The number of files.
    pub files: usize,
    /// The number of entries.
    pub entries: u64,
    /// The number of lines that a power cut left incomplete. The entry after each records it.
    pub repairs: u64,
    /// True if it begins with the log's first entry; else older files were put away.
    pub complete: bool,
    /// The time of the first entry.
    pub from: String,
    /// The time of the last entry.
    pub to: String,
    /// The newest hash.
    pub head: String,
    /// True if the log has the hash that was asked for.
    pub has_head: bool,
}

/// Checks the chain of a log, and whether a hash is in it.
///
/// # Errors
/// If the folder holds no log, cannot be read, or a line was changed, taken out or put in; it names
/// the first.
pub fn verify(folder: &Path, wanted: Option<&str>) -> Result<Verified> {
    let mut verified = Verified::default();
    each(folder, &mut |entry, hash| {
        verified.entries += 1;
        verified.has_head |= wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(hash));
        verified.repairs += u64::from(entry.action == REPAIRED);
        if verified.from.is_empty() {
            verified.complete = entry.hash.as_deref() == Some(START);
            verified.from.clone_from(&entry.time);
        }
        verified.to.clone_from(&entry.time);
        Ok(())
    })
    .map(|(files, head)| Verified { files, head, ..verified })
}

/// Gives every entry and its hash to `take`, the oldest first, and checks the chain meanwhile.
/// Returns the number of files and the newest hash.
///
/// # Errors
/// As [`verify`]; those of `take`.
pub fn each(
    folder: &Path,
    take: &mut dyn FnMut(Entry, &str) -> Result<()>,
) -> Result<(usize, String)> {
    let files = files(folder)?;
    if files.is_empty() {
        bail!(
            "`{}` holds no audit log; expected a folder that `skiagraph serve --audit` writes",
            folder.display()
        );
    }
    let mut head = None;
    for file in &files {
        let place = |number: usize| format!("`{}`, line {number}", file.display());
        let mut reader = BufReader::new(File::open(file).with_context(|| place(0))?);
        let mut torn: Option<(usize, Vec<u8>)> = None;
        for number in 1.. {
            let Some(line) = line(&mut reader).with_context(|| place(number))? else { break };
            match (read(&line, head.as_deref(), number == 1), torn.take()) {
                (Some((hash, entry)), None) if entry.action != REPAIRED => {
                    take(entry, head.insert(hash))?
                }
                (Some((hash, entry)), Some((_, bytes))) if entry.hash == Some(digest(&bytes)) => {
                    take(entry, head.insert(hash))?;
                }
                (None, None) if number > 1 => torn = Some((number, line)),
                (_, earlier) => broken(&place(earlier.map_or(number, |(number, _)| number)))?,
            }
        }
        if let Some((number, _)) = torn {
            broken(&place(number))?;
        }
    }
    Ok((files.len(), head.unwrap_or_default()))
}

fn broken(place: &str) -> Result<()> {
    bail!(
        "{place}: the chain breaks here; this line was changed, or one before it was taken out or put in"
    )
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The hash and entry of a line that continues from `head`. The first line of the first file names
/// the hash that it continues from.
fn read(line: &[u8], head: Option<&str>, first: bool) -> Option<(String, Entry)> {
    let (own, text) = parts(str::from_utf8(line).ok()?)?;
    let entry: Entry = serde_json::from_str(text).ok()?;
    let stated = entry.hash.as_deref().filter(|_| first);
    let previous = match (head, stated) {
        (Some(head), Some(stated)) if head != stated || entry.action != GOES_ON => return None,
        (Some(head), _) => head,
        (None, stated) => stated?,
    };
    (hash(previous, text) == own).then(|| (own.to_owned(), entry))
}

/// The next line, without its end; `None` at the end of the file.
fn line(reader: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.take(LONGEST).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.is_empty() {
        return Ok(None);
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::super::ENDING;
    use super::*;
    use std::fs;

    /// A log of four entries, as lines.
    fn lines() -> Vec<String> {
        let mut head = START.to_owned();
        let first = Entry { hash: Some(START.to_owned()), ..Entry::now("log begins") };
        let entries = [first]
            .into_iter()
            .chain((0..3).map(|i| Entry { records: vec![i], ..Entry::now("a") }));
        let line = |entry: Entry| {
            let entry = serde_json::to_string(&entry).unwrap();
            head = hash(&head, &entry);
            format!("{head} {entry}")
        };
        entries.map(line).collect()
    }

    fn said_of(lines: &[String]) -> Result<Verified> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("2026-01-01{ENDING}")), lines.join("\n") + "\n")
            .unwrap();
        verify(folder.path(), Some(&lines[1][..64]))
    }

    #[test]
    fn whatever_is_changed_is_named() {
        let lines = lines();
        let verified = said_of(&lines).unwrap();
        assert_eq!(
            (verified.entries, verified.complete, verified.head.as_str()),
            (4, true, &lines[3][..64])
        );
        let breaks_at = |changed: Vec<String>, line: usize| {
            let error = said_of(&changed).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: the chain breaks")), "{error}");
        };
        for (i, original) in lines.iter().enumerate() {
            let mut changed = lines.clone();
            changed[i] = original.replacen(":[", ":[7", 1).replacen("log begins", "log begun", 1);
            breaks_at(changed, i + 1);
        }
        let without = |i: usize| [&lines[..i], &lines[i + 1..]].concat();
        breaks_at(without(0), 1);
        breaks_at(without(2), 3);
        breaks_at([&lines[..2], &["not a line".to_owned()], &lines[2..]].concat(), 3);
        breaks_at(vec![lines[0].clone(), lines[2].clone(), lines[1].clone(), lines[3].clone()], 2);
        // Only a copy of the newest hash shows this.
        assert_eq!(said_of(&lines[..2]).unwrap().head, lines[1][..64]);
        assert!(said_of(&lines).unwrap().has_head);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("a{ENDING}")), lines[0].clone() + "\n").unwrap();
        assert!(!verify(folder.path(), Some(&lines[1][..64])).unwrap().has_head);
    }

    #[test]
    fn an_empty_folder_is_no_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(verify(folder.path(), None).unwrap_err().to_string().contains("no audit log"));
        assert!(
            verify(&folder.path().join("missing"), None)
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
    }
}
