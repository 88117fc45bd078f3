//! The choice of the tasks for a data set.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use network::labelled;
use radiograph::dataset::Item;
use retrieval::evaluation::{self, Labelled, Options, Ranking, Task};

use crate::report::results::SkippedTask;
use crate::roles::role;

/// The tasks of --tasks, of the data set, or the built-in ones. A task that was asked for must suit
/// the data; other unsuitable ones are set aside. This is checked before the long work of encoding
/// begins.
///
/// # Errors
/// If tasks cannot be read, or none suits the data.
pub fn of(
    data: &Path,
    given: Option<&PathBuf>,
    items: &[&Item],
) -> Result<(Vec<Task>, Vec<SkippedTask>)> {
    let candidates = match given.cloned().or_else(|| beside(data, "tasks.toml")) {
        Some(file) => read_tasks(&file)?,
        None => evaluation::default_tasks(),
    };
    let items: Vec<_> = items.iter().map(|item| labelled(item, role(item))).collect();
    let asked_for = given.is_some();
    let (mut tasks, mut skipped) = (Vec::new(), Vec::new());
    for task in candidates {
        match check(&task, &items, asked_for) {
            Ok(()) => tasks.push(task),
            Err(error) if asked_for => return Err(error),
            Err(error) => {
                skipped.push(SkippedTask { task: task.name, reason: format!("{error:#}") })
            }
        }
    }
    if tasks.is_empty() {
        let reasons: Vec<_> = skipped.iter().map(|task| format!("  {}", task.reason)).collect();
        bail!(
            "`{}` suits none of the tasks; give others with --tasks\n{}",
            data.display(),
            reasons.join("\n")
        );
    }
    Ok((tasks, skipped))
}

/// The path of a file of a data set, if it exists.
pub fn beside(data: &Path, name: &str) -> Option<PathBuf> {
    let folder = if data.is_dir() { Some(data) } else { data.parent() };
    folder.map(|folder| folder.join(name)).filter(|file| file.is_file())
}

fn read_tasks(file: &Path) -> Result<Vec<Task>> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the tasks `{}`", file.display()))?;
    evaluation::read_tasks(&text)
        .with_context(|| format!("the tasks `{}` are not right", file.display()))
}

/// Checks that a task has queries and answers. If it was asked for, all labels that it names must
/// exist, too. A built-in task may name more labels than one data set has.
fn check(task: &Task, items: &[Labelled], asked_for: bool) -> Result<()> {
    let mut named = task.labels.iter().chain(&task.labels_except).flatten().filter(|_| asked_for);
    if let Some(label) = named.find(|label| !items.iter().any(|item| item.labels.contains(label))) {
        bail!(
            "the task `{}` names the label `{label}`, which no picture of the data has",
            task.name
        );
    }
    let options = Options { bootstrap: 0, seed: 0 };
    evaluation::evaluate(task, items, &Ranking::Random, "random", &options)?;
    Ok(())
}
