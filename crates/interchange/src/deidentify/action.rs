//! Actions on an element (PS3.15 Table E.1-1a).

use serde::Serialize;

/// An action on an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// X: it is gone.
    Removed,
    /// Z: its value is gone, or is a pseudonym.
    Emptied,
    /// D: a value that means nothing took the place of its own.
    Replaced,
    /// U: the UID is another, the same in all files.
    Remapped,
    /// C of dates: moved in time.
    Shifted,
    /// K by an option.
    Kept,
}

/// The requirement of an IOD on an attribute (PS3.5 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Required {
    /// Type 1: a value.
    Value,
    /// Type 2: to be there, if only empty.
    Presence,
    /// Type 3, or unknown.
    Nothing,
}

/// The cell of the basic profile: one action, or several among which the IOD decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The strictest, which is the first that is written.
    first: Action,
    empty: bool,
    dummy: bool,
    uids: bool,
}

impl Choice {
    /// Reads `X`, `Z/D`, `X/Z/U*` and the like.
    pub(super) fn parse(cell: &str) -> Option<Self> {
        let letters = cell.split('/').map(|letter| match letter {
            "X" => Some(Action::Removed),
            "Z" => Some(Action::Emptied),
            "D" => Some(Action::Replaced),
            "U" | "U*" => Some(Action::Remapped),
            _ => None,
        });
        let letters = letters.collect::<Option<Vec<_>>>()?;
        Some(Self {
            first: *letters.first()?,
            empty: letters.contains(&Action::Emptied),
            dummy: letters.contains(&Action::Replaced),
            uids: letters.contains(&Action::Remapped),
        })
    }

    /// The strictest action that leaves what the IOD requires.
    pub(super) fn resolve(self, required: Required) -> Action {
        let if_allowed = |allowed: bool, action| allowed.then_some(action);
        let dummy = if_allowed(self.dummy, Action::Replaced);
        let uids = if_allowed(self.uids, Action::Remapped);
        let empty = if_allowed(self.empty, Action::Emptied);
        match required {
            Required::Nothing => None,
            Required::Presence => empty.or(dummy),
            Required::Value => dummy.or(uids).or(empty),
        }
        .unwrap_or(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_iod_decides_among_several_actions() {
        let resolved = |cell| {
            let choice = Choice::parse(cell).unwrap();
            [Required::Nothing, Required::Presence, Required::Value]
                .map(|required| choice.resolve(required))
        };
        use Action::{Emptied, Remapped, Removed, Replaced};
        assert_eq!(resolved("X"), [Removed; 3]);
        assert_eq!(resolved("Z"), [Emptied; 3]);
        assert_eq!(resolved("U"), [Remapped; 3]);
        assert_eq!(resolved("X/Z"), [Removed, Emptied, Emptied]);
        assert_eq!(resolved("X/D"), [Removed, Replaced, Replaced]);
        assert_eq!(resolved("Z/D"), [Emptied, Emptied, Replaced]);
        assert_eq!(resolved("X/Z/D"), [Removed, Emptied, Replaced]);
        assert_eq!(resolved("X/Z/U*"), [Removed, Emptied, Remapped]);
        assert_eq!(Choice::parse("Q"), None);
    }
}
