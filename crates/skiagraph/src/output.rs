//! Output: answers and JSON on standard output, notes and the error on standard error.

use std::borrow::Cow;
use std::fmt;
use std::io::{ErrorKind, Write, stdout};

use anyhow::Result;
use serde::Serialize;

use crate::advice;

/// Prints one line to standard output. Names, labels and reasons in it come from files, so they are
/// escaped: none moves a terminal's cursor or looks like another line. If the reader has gone (`|
/// head`), it returns an error, where `println!` panics.
pub(crate) fn text(line: &str) -> Result<()> {
    Ok(writeln!(stdout().lock(), "{}", plain(line))?)
}

/// Prints lines to standard output. The caller must have made text from files [`plain`], as
/// [`table`] does. Otherwise such text could make lines of its own.
pub(crate) fn lines(text: &str) -> Result<()> {
    Ok(writeln!(stdout().lock(), "{}", escape(text, |c| acts(c) && c != '\n' && c != '\t'))?)
}

/// Prints one line to standard error.
pub(crate) fn note(line: &str) {
    eprintln!("{}", plain(line));
}

/// Prints a value as indented JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    print_json(&serde_json::to_string_pretty(value)?)
}

/// Prints a value as a line of JSON to standard output.
pub(crate) fn json_line(value: &impl Serialize) -> Result<()> {
    print_json(&serde_json::to_string(value)?)
}

/// Escapes the characters that JSON permits and a terminal acts upon. They occur in strings alone.
fn print_json(json: &str) -> Result<()> {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match acts(c) && c != '\n' {
            true => escaped += &format!("\\u{:04x}", u32::from(c)),
            false => escaped.push(c),
        }
    }
    Ok(writeln!(stdout().lock(), "{escaped}")?)
}

/// Makes text plain, so that a terminal only shows it. Control characters, line breaks and changes
/// of direction become `\u{1b}`, `\n` and the like.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    escape(text, acts)
}

fn escape(text: &str, escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&escaped) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if escaped(c) { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    Cow::Owned(plain)
}

/// Tells whether a terminal does something else with a character than show it (Unicode: Cc, line
/// and paragraph separators, and the explicit directions of UAX 9).
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The end of a command that did its work but reported something that a person must look at.
/// README.md lists exit codes.
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

/// Ends a command. Returns a warning if files were set aside, or are not kept as the gallery has
/// something else: other content, or another description.
///
/// # Errors
/// [`Warning`].
pub(crate) fn warn(set_aside: usize, differing: usize, contradicting: usize) -> Result<()> {
    let said: Vec<String> = [
        (set_aside, "set aside, as processes died of it"),
        (differing, "not kept: another picture under a known SOP Instance UID; kept the first"),
        (contradicting, "not taken over: known, and described otherwise than in the gallery"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if said.is_empty() { Ok(()) } else { Err(Warning(said.join("; ")).into()) }
}

/// Tells whether the command failed only because the reader of its output has gone.
pub(crate) fn reader_went_away(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// The exit code of a command that ended with a warning, which is printed.
pub(crate) fn warned(error: &anyhow::Error) -> Option<u8> {
    let warning = error.downcast_ref::<Warning>()?;
    note(&format!("warning: {warning}"));
    Some(Warning::EXIT_CODE)
}

/// Prints `error: …`, each cause that adds something, and which command helps, to standard error.
/// Further lines, such as those of an unreadable file, are indented.
pub(crate) fn print_error(error: &anyhow::Error) {
    let said = escape(&describe(error), |c| acts(c) && c != '\n').replace('\n', "\n  ");
    eprintln!("{said}");
}

fn describe(error: &anyhow::Error) -> String {
    let mut said = format!("error: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some errors repeat their cause in their own text.
        if !said.contains(&cause) {
            said += &format!("\nbecause: {cause}");
        }
    }
    if let Some(advice) = advice::on(error) {
        said += &format!("\nhelp: {advice}");
    }
    said
}

/// A table of text with a rule under the heads. The first column is aligned to the left, the others
/// to the right.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let shown = |row: &Vec<String>| row.iter().map(|cell| plain(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = rows.iter().map(shown).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded =
            cells.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
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
    use anyhow::{Context, anyhow};

    #[test]
    fn an_error_is_told_once_with_its_causes() {
        let error = Err::<(), _>(anyhow!("no such file")).context("cannot read `a`").unwrap_err();
        assert_eq!(describe(&error), "error: cannot read `a`\nbecause: no such file");
        let error = Err::<(), _>(anyhow!("bad")).context("worse: bad").unwrap_err();
        assert_eq!(describe(&error), "error: worse: bad");
    }

    #[test]
    fn nothing_moves_a_terminals_cursor() {
        let cases = [
            ("\u{1b}[2J\u{9b}1m", "\\u{1b}[2J\\u{9b}1m"),
            ("a\nerror: b\r\tc", "a\\nerror: b\\r\\tc"),
            ("\u{202e}gnp.exe\u{2069}\u{2028}", "\\u{202e}gnp.exe\\u{2069}\\u{2028}"),
            ("Müller → 心 \u{200d}", "Müller → 心 \u{200d}"),
        ];
        for (text, shown) in cases {
            assert_eq!(plain(text), shown);
            assert_eq!(
                table(&["a"], &[vec![text.to_owned()]]).lines().last(),
                Some(shown.trim_end())
            );
        }
    }

    #[test]
    fn a_table_aligns_its_columns() {
        let rows = [vec!["part".to_owned(), "1".to_owned()], vec!["a".to_owned(), "10".to_owned()]];
        assert_eq!(table(&["task", "n"], &rows), "task   n\n--------\npart   1\na     10");
    }
}
