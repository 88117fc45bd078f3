//! A task applied to items: queries, gallery, and which items are relevant to each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Labelled, Result, Role, Task};

/// A task applied to items. The classes are the task's labels, or its column's values.
pub(super) struct Relevance {
    /// The names of the classes, sorted.
    pub(super) classes: Vec<String>,
    /// Positions of the queries among the items.
    pub(super) queries: Vec<usize>,
    /// Positions of the gallery among the items.
    pub(super) gallery: Vec<usize>,
    /// A bit for each class, `width` words for each item.
    members: Vec<u64>,
    width: usize,
    /// A number for each distinct patient, parallel to the items.
    patients: Vec<Option<usize>>,
}

impl Relevance {
    pub(super) fn new(task: &Task, items: &[Labelled]) -> Result<Self> {
        check_columns(task, items)?;
        let classes: BTreeSet<&str> =
            items.iter().flat_map(|item| classes_of(task, item)).collect();
        let position: HashMap<&str, usize> =
            classes.iter().enumerate().map(|(i, &class)| (class, i)).collect();
        let width = classes.len().div_ceil(64).max(1);
        let mut members = vec![0; width * items.len()];
        for (item, words) in items.iter().zip(members.chunks_mut(width)) {
            for class in classes_of(task, item) {
                words[position[class] / 64] |= 1 << (position[class] % 64);
            }
        }
        let mut relevance = Self {
            classes: classes.iter().map(|&class| class.to_owned()).collect(),
            queries: select(items, Role::Query, &[&task.filter, &task.query]),
            gallery: select(items, Role::Gallery, &[&task.filter, &task.gallery]),
            members,
            width,
            patients: number_patients(items),
        };
        let members = &relevance.members;
        relevance.queries.retain(|&item| {
            members[item * width..(item + 1) * width].iter().any(|&word| word != 0)
        });
        relevance.check_sides(task)?;
        Ok(relevance)
    }

    fn check_sides(&self, task: &Task) -> Result<()> {
        if self.queries.is_empty() {
            return Err(task.error(
                "has no query: no item of the role query passes its filters and has one of its labels; check the \
                 task's labels and filters, or leave the task out",
            ));
        }
        if self.gallery.is_empty() {
            return Err(task.error(
                "has an empty gallery: no item of that role passes its filters; check them",
            ));
        }
        Ok(())
    }

    /// The number of classes that two items share.
    pub(super) fn shared(&self, a: usize, b: usize) -> u32 {
        let words = |item: usize| &self.members[item * self.width..(item + 1) * self.width];
        words(a).iter().zip(words(b)).map(|(a, b)| (a & b).count_ones()).sum()
    }

    /// The classes of an item, as positions in `classes`.
    pub(super) fn classes_of(&self, item: usize) -> Vec<usize> {
        (0..self.classes.len()).filter(|&class| self.is_of(item, class)).collect()
    }

    /// Tells whether an item is of a class.
    pub(super) fn is_of(&self, item: usize, class: usize) -> bool {
        self.members[item * self.width + class / 64] >> (class % 64) & 1 == 1
    }

    /// Tells whether two items are known to be of one patient.
    pub(super) fn same_patient(&self, a: usize, b: usize) -> bool {
        self.patients[a].is_some() && self.patients[a] == self.patients[b]
    }
}

fn classes_of<'a>(task: &'a Task, item: &'a Labelled) -> impl Iterator<Item = &'a str> {
    let value = task
        .column
        .as_ref()
        .and_then(|column| item.columns.get(column))
        .filter(|value| !value.is_empty());
    let labels = item.labels.iter().filter(|label| task.column.is_none() && task.counts(label));
    value.into_iter().chain(labels).map(String::as_str)
}

fn select(items: &[Labelled], role: Role, filters: &[&BTreeMap<String, String>]) -> Vec<usize> {
    let passes = |item: &Labelled| {
        let mut wanted = filters.iter().flat_map(|filter| filter.iter());
        item.role == role && wanted.all(|(column, value)| item.columns.get(column) == Some(value))
    };
    (0..items.len()).filter(|&i| passes(&items[i])).collect()
}

fn number_patients(items: &[Labelled]) -> Vec<Option<usize>> {
    let mut numbers = HashMap::new();
    let mut number = |item: &Labelled| -> Option<usize> {
        let patient = item.patient.clone().filter(|patient| !patient.is_empty())?;
        let next = numbers.len();
        Some(*numbers.entry(patient).or_insert(next))
    };
    items.iter().map(&mut number).collect()
}

/// Checks that some item has each column. A misspelt filter must not pass for an empty gallery.
fn check_columns(task: &Task, items: &[Labelled]) -> Result<()> {
    match task.columns().find(|column| !items.iter().any(|item| item.columns.contains_key(*column)))
    {
        Some(column) => {
            let known: BTreeSet<_> = items.iter().flat_map(|item| item.columns.keys()).collect();
            let known: Vec<_> = known.into_iter().map(String::as_str).collect();
            Err(task.error(format!(
                "reads the column `{column}`; the items have: {}",
                known.join(", ")
            )))
        }
        None => Ok(()),
    }
}
