//! What reaches standard output, standard error and report folders: answers, JSON, the one error.

use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write, stdout};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

/// Prints text and a line end to standard output.
/// Unlike `println!`, a reader that went away (`| head`) is an error, not a panic.
pub(crate) fn text(text: &str) -> Result<()> {
    Ok(writeln!(stdout().lock(), "{text}")?)
}

/// Prints a value as indented JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    text(&serde_json::to_string_pretty(value)?)
}

/// Writes a file, and makes its folder if it is not there. The file gets its name when it is whole: a full disk leaves
/// what was there before.
pub(crate) fn file(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    // A pipe or a device is written to, never replaced.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()));
    }
    let part = path.with_added_extension("part");
    let written = fs::create_dir_all(path.parent().unwrap_or(Path::new("")))
        .and_then(|()| fs::write(&part, bytes))
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _best_effort = fs::remove_file(&part);
    }
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// A command that did what it should and has told of something that somebody must look at. The process ends with
/// [`Warning::EXIT_CODE`], and its report stands.
#[derive(Debug)]
pub(crate) struct Warning(String);

impl Warning {
    pub(crate) const EXIT_CODE: u8 = 3;
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Warning {}

/// Ends a command in order, if nothing was set aside and nothing had other content than what is kept.
///
/// # Errors
/// [`Warning`].
pub(crate) fn warn(set_aside: usize, differing: usize) -> Result<()> {
    let said: Vec<String> = [
        (set_aside, "set aside, as processes died of it"),
        (differing, "not kept: other bytes under a known SOP Instance UID; kept the first"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if said.is_empty() { Ok(()) } else { Err(Warning(said.join("; ")).into()) }
}

/// Whether the command failed only because nobody reads its output any more.
pub(crate) fn reader_went_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The exit code of a command that ended with a warning, which is printed.
pub(crate) fn warned(error: &anyhow::Error) -> Option<u8> {
    let warning = error.downcast_ref::<Warning>()?;
    eprintln!("warning: {warning}");
    Some(Warning::EXIT_CODE)
}

/// Prints `error: …` and each cause that says something new, to standard error.
pub(crate) fn print_error(error: &anyhow::Error) {
    eprintln!("{}", describe(error));
}

fn describe(error: &anyhow::Error) -> String {
    let mut said = format!("error: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors repeat their cause in their own text.
        if !said.contains(&cause) {
            said += &format!("\n  because: {cause}");
        }
    }
    said
}

/// Columns of text, the first left-aligned, the others right-aligned, with a rule under the heads.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rule = "-".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1));
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    [line(heads.to_vec()), rule].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn an_error_is_told_once_with_its_causes() {
        let error = Err::<(), _>(anyhow!("no such file")).context("cannot read `a`").unwrap_err();
        assert_eq!(describe(&error), "error: cannot read `a`\n  because: no such file");
        let error = Err::<(), _>(anyhow!("bad")).context("worse: bad").unwrap_err();
        assert_eq!(describe(&error), "error: worse: bad");
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder.path().join("new/a.txt"), "whole").unwrap();
        assert_eq!(fs::read(folder.path().join("new/a.txt")).unwrap(), b"whole");
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken/inside"), "").unwrap();
        let error = file(&folder.path().join("taken"), "whole").unwrap_err();
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        assert!(!folder.path().join("taken.part").exists());
    }

    #[test]
    fn a_table_aligns_its_columns() {
        let rows = [vec!["part".to_owned(), "1".to_owned()], vec!["a".to_owned(), "10".to_owned()]];
        assert_eq!(table(&["task", "n"], &rows), "task   n\n--------\npart   1\na     10");
    }
}
