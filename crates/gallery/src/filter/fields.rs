//! The fields that filters know.

/// A field of a record.
#[derive(PartialEq, Eq)]
pub(super) struct Field {
    /// The name; also that of its column, if it has one.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// The type of a field, which decides the tests it allows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text that is compared exactly.
    Identifier,
    /// A patient, by the key or by the number within the source, each compared as `Identifier`.
    Patient,
    /// Text that is compared without regard to case.
    Text,
    Number,
    Date,
    /// Any number of texts, each compared as `Text`.
    Labels,
    /// Text that is searched for words.
    Report,
}

const FIELDS: [Field; 19] = [
    Field { name: "id", kind: Kind::Number },
    Field { name: "key", kind: Kind::Identifier },
    Field { name: "name", kind: Kind::Text },
    Field { name: "patient", kind: Kind::Patient },
    Field { name: "study", kind: Kind::Identifier },
    Field { name: "series", kind: Kind::Identifier },
    Field { name: "instance", kind: Kind::Identifier },
    Field { name: "modality", kind: Kind::Text },
    Field { name: "body_part", kind: Kind::Text },
    Field { name: "view", kind: Kind::Text },
    Field { name: "sex", kind: Kind::Text },
    Field { name: "age", kind: Kind::Number },
    Field { name: "study_date", kind: Kind::Date },
    Field { name: "source", kind: Kind::Text },
    Field { name: "licence", kind: Kind::Text },
    Field { name: "label", kind: Kind::Labels },
    Field { name: "report", kind: Kind::Report },
    Field { name: "width", kind: Kind::Number },
    Field { name: "height", kind: Kind::Number },
];

/// Finds a field by its name, in any case.
pub(super) fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}

/// The names of all fields. First comes the one that was probably meant.
pub(super) fn suggestion(name: &str) -> String {
    let all: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    let all = format!("a field, which are {}", all.join(", "));
    let name = name.to_ascii_lowercase();
    let nearest = FIELDS.iter().map(|field| (edits(&name, field.name), field.name)).min();
    match nearest {
        Some((edits, nearest)) if edits <= 1 + nearest.len() / 4 => {
            format!("`{nearest}`? It must be {all}")
        }
        _ => all,
    }
}

/// The optimal string alignment distance: the least number of letters to insert, delete, replace or
/// exchange with their neighbours to make one word the other.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = row[j] + usize::from(a[i] != b[j]);
            next[j + 1] = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (a, b, n) in [
            ("view", "view", 0),
            ("veiw", "view", 1),
            ("vie", "view", 1),
            ("", "age", 3),
            ("label", "labels", 1),
        ] {
            assert_eq!(edits(a, b), n, "{a} {b}");
        }
        assert!(suggestion("Bodypart").starts_with("`body_part`?"));
        assert!(suggestion("something").starts_with("a field, which are id, key"));
    }
}
