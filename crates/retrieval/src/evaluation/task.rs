//! Evaluation tasks: which items are queries, which may answer, and which answers are relevant.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{EvaluationError, Labelled, Result, Role};

/// One evaluation task, as a `[[task]]` of a TOML file.
///
/// An answer is relevant if it shares at least one of the task's labels with the query, or, with
/// `column`, has the same value there. At most one of `labels`, `labels_except` and `column` may be
/// given; without any, all labels count.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The task's name.
    pub name: String,
    /// The labels that count.
    pub labels: Option<Vec<String>>,
    /// The labels that do not count.
    pub labels_except: Option<Vec<String>>,
    /// The column whose equal values make an answer relevant, in place of labels.
    pub column: Option<String>,
    /// The values that queries and gallery must have in their columns: `where` in the file.
    #[serde(default, rename = "where")]
    pub filter: BTreeMap<String, String>,
    /// The values that queries must have in their columns.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// The values that the gallery's items must have in their columns.
    #[serde(default)]
    pub gallery: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    task: Vec<Task>,
}

/// Reads the tasks of a TOML file.
///
/// # Errors
/// If the file cannot be parsed, or has a field that no task has. If two tasks have one name, or a
/// task contradicts itself.
pub fn read_tasks(text: &str) -> Result<Vec<Task>> {
    let File { task: tasks } = toml::from_str(text)?;
    let mut names = BTreeSet::new();
    for task in &tasks {
        task.check()?;
        if !names.insert(&task.name) {
            return Err(task.error("is there twice; give each task a name of its own"));
        }
    }
    Ok(tasks)
}

/// The tasks of the developer's data set.
///
/// # Panics
/// Never: a test reads them.
#[must_use]
pub fn default_tasks() -> Vec<Task> {
    read_tasks(include_str!("tasks.toml")).expect("a test reads the embedded tasks")
}

impl Task {
    fn check(&self) -> Result<()> {
        let given = [self.labels.is_some(), self.labels_except.is_some(), self.column.is_some()];
        if self.name.is_empty() {
            return Err(self.error("has an empty name"));
        }
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(self
                .error("has two of `labels`, `labels_except` and `column`; expected one of them"));
        }
        if self.labels.as_ref().is_some_and(Vec::is_empty) {
            return Err(self.error("has no `labels`; name some, or leave the field out for all"));
        }
        Ok(())
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> EvaluationError {
        EvaluationError::Task { task: self.name.clone(), reason: reason.into() }
    }

    /// The columns that the task reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = &String> {
        let filters = [&self.filter, &self.query, &self.gallery];
        filters.into_iter().flat_map(BTreeMap::keys).chain(&self.column)
    }

    /// Tells whether an item is in the task's gallery.
    #[must_use]
    pub fn may_answer(&self, item: &Labelled) -> bool {
        let passes = |(column, value): (&String, &String)| item.columns.get(column) == Some(value);
        item.role == Role::Gallery && self.filter.iter().chain(&self.gallery).all(passes)
    }

    /// Tells whether a label counts.
    pub(super) fn counts(&self, label: &str) -> bool {
        let has = |labels: &Vec<String>| labels.iter().any(|other| other == label);
        self.labels.as_ref().is_none_or(has) && !self.labels_except.as_ref().is_some_and(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tasks_read() {
        let tasks = default_tasks();
        let names: Vec<_> = tasks.iter().map(|task| task.name.as_str()).collect();
        let expected = [
            "part",
            "all",
            "view",
            "fracture",
            "pneumonia",
            "findings",
            "transfer",
            "transfer_back",
        ];
        assert_eq!(names, expected);
        assert_eq!(tasks[6].query["source"], "nih");
        assert_eq!(tasks[2].filter["source"], "fracatlas");
        assert!(tasks[1].counts("hip") && !tasks[1].counts("chest"));
        assert!(tasks[3].counts("fractured") && !tasks[3].counts("hip"));
    }

    #[test]
    fn what_is_no_task_is_named() {
        for (text, expected) in [
            ("[[task]]\nname = 'a'\nlabel = ['x']", "unknown field `label`"),
            ("[[tasks]]\nname = 'a'", "unknown field `tasks`"),
            ("[[task]]\nlabels = ['x']", "missing field `name`"),
            ("[[task]]\nname = 'a'\nlabels = ['x']\ncolumn = 'view'", "`a` has two of `labels`"),
            ("[[task]]\nname = 'a'\nlabels = []", "`a` has no `labels`"),
            ("[[task]]\nname = ''", "empty name"),
            ("[[task]]\nname = 'a'\n[[task]]\nname = 'a'", "`a` is there twice"),
        ] {
            let error = read_tasks(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
