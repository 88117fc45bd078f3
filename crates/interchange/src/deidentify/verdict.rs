//! Decides what is done with an element, by its attribute and its value representation.

use dicom::Element;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::action::Action;
use super::deidentification_attributes::DEIDENTIFICATION_ATTRIBUTES;
use super::dictionary::{agrees_on_sequence, effective_vr, has_standard_vr, is_known, is_sequence};
use super::{Options, profile, unlisted};

/// Offsets of compressed frames, which are written anew where they are needed.
const OFFSETS: [Tag; 2] = [tags::EXTENDED_OFFSET_TABLE, tags::EXTENDED_OFFSET_TABLE_LENGTHS];
/// Data of the picture.
const PICTURES: [Tag; 3] =
    [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA];

/// The sequences that an element lies in.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub(super) outermost: bool,
    /// Whether one of the sequences is replaced, so that only dummy values may be left in it.
    pub(super) replaced: bool,
}

impl Context {
    /// No sequence.
    pub(super) const OUTERMOST: Self = Self { outermost: true, replaced: false };
}

/// The decision on an element.
pub(super) enum Verdict {
    /// The table lacks the attribute: its value decides.
    Unlisted,
    /// The action of the table and the options.
    Act(Action),
    /// The element is private, and is left out.
    Private,
    /// The dictionary lacks the attribute, so it is left out.
    Unknown,
    /// The element is no value of its attribute, and is left out.
    WrongForm,
    /// The element is the picture.
    Picture,
    /// The element is left out, and no report counts it: a group length, an element of another
    /// group than a data set may have, or one that is written anew.
    Omitted,
}

impl Verdict {
    /// The context of a sequence's items, if they are rewritten one by one; none if the sequence is
    /// left out or emptied.
    pub(super) fn context_of_items(&self, context: Context) -> Option<Context> {
        match self {
            Self::Unlisted | Self::Act(Action::Kept | Action::Remapped | Action::Shifted) => {
                Some(context)
            }
            Self::Act(Action::Replaced) => Some(Context { replaced: true, ..context }),
            _ => None,
        }
    }
}

/// The decision on an element, before its value is read. `sop_class` is the file's.
pub(super) fn of(
    element: &Element,
    context: Context,
    sop_class: &str,
    options: &Options,
) -> Verdict {
    let tag = element.tag;
    if tag.group() % 2 == 1 {
        return Verdict::Private;
    }
    let is_rewritten = DEIDENTIFICATION_ATTRIBUTES.contains(&tag) || OFFSETS.contains(&tag);
    if tag.element() == 0 || tag.group() < 4 || is_rewritten {
        return Verdict::Omitted;
    }
    let listed = profile::action(tag, context.outermost.then_some(sop_class), options);
    let bounded = is_sequence(element) || element.length.is_some() || tag == tags::PIXEL_DATA;
    match listed {
        Some(action @ (Action::Removed | Action::Emptied)) => Verdict::Act(action),
        _ if !is_known(tag) => Verdict::Unknown,
        // A sequence that should be none, or the reverse, cannot be rewritten.
        _ if !bounded || !agrees_on_sequence(element) => Verdict::WrongForm,
        // These actions make a new value, whatever the old one was.
        Some(action @ (Action::Replaced | Action::Remapped | Action::Shifted)) => {
            Verdict::Act(action)
        }
        _ if !has_standard_vr(element) => Verdict::WrongForm,
        Some(action) => Verdict::Act(action),
        None if PICTURES.contains(&tag) && context.outermost => Verdict::Picture,
        None => Verdict::Unlisted,
    }
}

/// The action on a value of an attribute that the table lacks; none if the value stays.
pub(super) fn unlisted(
    element: &Element,
    value: &[u8],
    context: Context,
    options: &Options,
) -> Option<Action> {
    let action = unlisted::action(element.tag, effective_vr(element), value, options);
    match action {
        None if context.replaced => Some(Action::Replaced),
        action => action,
    }
}
