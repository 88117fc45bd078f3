//! Which element goes, which stays, and what is done with the others.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::action::Action;
use super::dictionary::{fits, is_known, is_of_its_kind, is_sequence, meant};
use super::marks::MARKS;
use super::reader::{Depth, Element};
use super::{Options, profile, unlisted};

/// Offsets of compressed frames, which are written anew where they are needed.
const OFFSETS: [Tag; 2] = [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS];
/// Data of the picture.
const PICTURES: [Tag; 3] = [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];

/// Where an element lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) depth: Depth,
    pub(super) outermost: bool,
    /// In a sequence of which nothing may be left but its form.
    pub(super) hollow: bool,
}

impl Place {
    /// In no sequence.
    pub(super) const OUTERMOST: Self = Self { depth: Depth::OUTERMOST, outermost: true, hollow: false };
}

/// What becomes of an element.
pub(super) enum Verdict {
    /// It stays, as far as its value may, and nobody asked for that.
    Stays,
    Act(Action),
    Private,
    /// The dictionary does not know it.
    Unknown,
    /// It is no value of its attribute.
    WrongForm,
    /// The picture itself.
    Picture,
    /// It goes without a word: lengths of groups, what is no part of a data set, marks and offsets that are written anew.
    Goes,
}

/// What becomes of an element by its attribute and its value representation.
pub(super) fn of(element: &Element, place: Place, sop_class: &str, options: &Options) -> Verdict {
    let tag = element.tag;
    if tag.group() % 2 == 1 {
        return Verdict::Private;
    }
    if tag.element() == 0 || tag.group() < 4 || MARKS.contains(&tag) || OFFSETS.contains(&tag) {
        return Verdict::Goes;
    }
    let listed = profile::action(tag, place.outermost.then_some(sop_class), options);
    let bounded = is_sequence(element) || element.length.is_some() || tag == tags::PIXEL_DATA;
    match listed {
        Some(action @ (Action::Removed | Action::Emptied)) => Verdict::Act(action),
        _ if !is_known(tag) => Verdict::Unknown,
        // What is no value of its kind cannot be looked into.
        _ if !bounded || !is_of_its_kind(element) => Verdict::WrongForm,
        // Their values are made anew, whatever they were.
        Some(action @ (Action::Replaced | Action::Remapped | Action::Shifted)) => Verdict::Act(action),
        _ if !fits(element) => Verdict::WrongForm,
        Some(action) => Verdict::Act(action),
        None if PICTURES.contains(&tag) && place.outermost => Verdict::Picture,
        None => Verdict::Stays,
    }
}

/// What is done with a value of an attribute that the table does not have; none if it stays.
pub(super) fn unlisted(element: &Element, value: &[u8], place: Place, options: &Options) -> Option<Action> {
    let action = unlisted::action(element.tag, meant(element), value, options);
    match action {
        None if place.hollow => Some(Action::Replaced),
        action => action,
    }
}
