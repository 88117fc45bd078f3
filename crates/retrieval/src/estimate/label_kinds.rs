//! The rule by which two labelled radiographs are relevant to each other.

use serde::{Deserialize, Serialize};

/// Labels by what they name. A label that names neither a part of the body nor an absence of
/// findings is a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelKinds {
    /// Labels that name a part of the body.
    pub parts: Vec<String>,
    /// Labels that say that there is no finding.
    pub normal: Vec<String>,
}

impl Default for LabelKinds {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            parts: names(&[
                "chest",
                "upper_limb",
                "lower_limb",
                "hip",
                "shoulder",
                "spine",
                "dental",
            ]),
            normal: names(&["normal", "not_fractured"]),
        }
    }
}

impl LabelKinds {
    /// Tells whether radiographs of these labels are relevant to each other: of the same part of
    /// the body (or both of none), and with a finding in common (or both without findings).
    #[must_use]
    pub fn relevant(&self, a: &[String], b: &[String]) -> bool {
        let shared = |counts: &dyn Fn(&str) -> bool| {
            let mut of_a = a.iter().filter(|label| counts(label)).peekable();
            match of_a.peek() {
                Some(_) => of_a.any(|label| b.contains(label)),
                None => !b.iter().any(|label| counts(label)),
            }
        };
        shared(&|label| has(&self.parts, label)) && shared(&|label| self.is_finding(label))
    }

    fn is_finding(&self, label: &str) -> bool {
        !has(&self.parts, label) && !has(&self.normal, label)
    }
}

fn has(labels: &[String], label: &str) -> bool {
    labels.iter().any(|other| other == label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relevant_is_the_same_part_and_a_finding_in_common_or_none() {
        let kinds = LabelKinds::default();
        let labels = |text: &str| {
            text.split('|').filter(|l| !l.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        for (a, b, expected) in [
            ("chest|normal", "chest|normal", true),
            ("chest|normal", "chest|effusion", false),
            ("chest|effusion", "chest", false),
            ("chest", "chest|normal", true),
            ("chest|effusion|mass", "chest|mass", true),
            ("chest|effusion", "chest|mass", false),
            ("lower_limb|fractured", "lower_limb|not_fractured", false),
            ("lower_limb|fractured", "upper_limb|fractured", false),
            ("lower_limb|hip|fractured", "hip|fractured", true),
            ("lower_limb|not_fractured", "lower_limb|normal", true),
            ("dental", "dental", true),
            ("dental", "spine", false),
            ("wrist", "wrist", true),
            ("", "", true),
            ("", "chest", false),
        ] {
            let (a, b) = (labels(a), labels(b));
            assert_eq!(kinds.relevant(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(kinds.relevant(&b, &a), expected, "{b:?} {a:?}");
        }
    }
}
