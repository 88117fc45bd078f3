//! A count of what was done to a file, by action and attribute; never a value.

use std::collections::BTreeMap;

use dicom_core::Tag;
use serde::{Serialize, Serializer};

use super::action::Action;
use super::instance_summary::BurnedIn;

/// A count of what was done to a file. Attributes in sequences count like others, but not those of
/// a removed sequence.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The statement of the file on text in its picture.
    pub burned_in: BurnedIn,
    /// The number of times each action was taken, by attribute.
    pub actions: BTreeMap<Action, BTreeMap<Attribute, u64>>,
    /// Private elements that were removed.
    pub private: u64,
    /// Elements that were removed as the dictionary does not know them.
    pub unknown: u64,
    /// The number of removals of an attribute or one of its values, because it had not the
    /// dictionary's value representation or the form of one.
    pub wrong_form: BTreeMap<Attribute, u64>,
    /// Bytes of Pixel Data that were no picture, and were cut off or zeroed.
    pub beside_pixels: u64,
    /// Bytes behind the picture that do not parse, and were left out.
    pub trailing_bytes: u64,
}

/// An attribute, which reads `(0010,0020)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute(pub Tag);

impl Serialize for Attribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Report {
    /// The number of times an action was taken, on any attribute.
    pub fn count(&self, action: Action) -> u64 {
        self.actions.get(&action).map_or(0, |attributes| attributes.values().sum())
    }

    /// The number of removed values of a wrong form, of any attribute.
    pub fn wrong_forms(&self) -> u64 {
        self.wrong_form.values().sum()
    }

    pub(super) fn note_wrong_form(&mut self, tag: Tag) {
        *self.wrong_form.entry(Attribute(tag)).or_default() += 1;
    }

    pub(super) fn note(&mut self, action: Action, tag: Tag) {
        *self.actions.entry(action).or_default().entry(Attribute(tag)).or_default() += 1;
    }
}
