//! A data set, element by element, into one without identities.

use std::iter::Peekable;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

use super::action::Action;
use super::facts::Facts;
use super::marks::{self, MARKS};
use super::part10::Source;
use super::pseudonym::Pseudonyms;
use super::reader::{Depth, Element, Form, Item, Reader, inside};
use super::report::Report;
use super::values::Values;
use super::writer::Writer;
use super::{Options, dummy, profile, unlisted};
use crate::error::Result;

/// Bytes that the marks take, and a little more.
const ROOM_FOR_MARKS: usize = 2048;
/// How compressed pixels end, in little endian, as they all are.
const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// Where an element lies.
#[derive(Clone, Copy)]
struct Place {
    depth: Depth,
    outermost: bool,
    /// In a sequence of which nothing may be left but its form.
    hollow: bool,
}

/// What becomes of an element.
enum Verdict {
    /// It stays, and nobody asked for that.
    Stays,
    Act(Action),
    Private,
    Unknown,
    /// It goes without a word: lengths of groups, what is no part of a data set, marks that are written anew.
    Goes,
}

/// Rewrites one data set.
pub(super) struct Rewriter<'a> {
    values: Values<'a>,
    options: &'a Options,
    sop_class: &'a str,
    writer: Writer,
    pub(super) report: Report,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(pseudonyms: &'a Pseudonyms, options: &'a Options, facts: &'a Facts) -> Self {
        Self {
            values: Values { pseudonyms, facts },
            options,
            sop_class: &facts.sop_class,
            writer: Writer { bytes: Vec::new() },
            report: Report::default(),
        }
    }

    /// The new data set.
    ///
    /// # Errors
    /// If the old one does not parse, up to the picture. What follows the picture is padding, or nothing that anybody needs:
    /// it is left out from where it does not parse.
    pub(super) fn data_set(&mut self, source: &Source) -> Result<Vec<u8>> {
        self.writer.bytes.reserve_exact(source.len() + ROOM_FOR_MARKS);
        let mut reader = source.data_set();
        let mut marks = MARKS.into_iter().peekable();
        let mut pixels = false;
        while !reader.is_at_end() {
            let (left, written) = (reader.rest().len(), self.writer.bytes.len());
            match self.outermost(&mut reader, &mut marks) {
                Ok(tag) => pixels |= tag == tags::PIXEL_DATA,
                Err(_) if pixels => {
                    self.writer.bytes.truncate(written);
                    self.report.trailing_bytes = left as u64;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        marks.try_for_each(|mark| marks::write(&mut self.writer, reader.form, mark, self.options))?;
        Ok(std::mem::take(&mut self.writer.bytes))
    }

    /// The next element that lies in no sequence, and the marks that come before it.
    fn outermost(
        &mut self,
        reader: &mut Reader,
        marks: &mut Peekable<impl Iterator<Item = Tag>>,
    ) -> Result<Tag> {
        let element = reader.element()?;
        while let Some(mark) = marks.next_if(|&mark| mark < element.tag) {
            marks::write(&mut self.writer, reader.form, mark, self.options)?;
        }
        self.element(reader, &element, Place { depth: Depth::OUTERMOST, outermost: true, hollow: false })?;
        Ok(element.tag)
    }

    fn element(&mut self, reader: &mut Reader, element: &Element, place: Place) -> Result<()> {
        if element.tag.group() == 0xFFFE {
            return Err(element.wrong("lies outside a sequence"));
        }
        let verdict = self.verdict(element, place);
        let opened = match verdict {
            Verdict::Stays => Some(place.hollow),
            Verdict::Act(Action::Kept | Action::Remapped | Action::Shifted) => Some(place.hollow),
            Verdict::Act(Action::Replaced) => Some(true),
            _ => None,
        };
        if let Some(hollow) = opened.filter(|_| is_sequence(element)) {
            if let Verdict::Act(action) = verdict {
                self.report.note(action, element.tag);
            }
            return self.sequence(reader, element, Place { hollow, ..place });
        }
        let value = reader.value(element, place.depth)?;
        match verdict {
            Verdict::Goes => {}
            Verdict::Private => self.report.private += 1,
            Verdict::Unknown => self.report.unknown += 1,
            Verdict::Act(action) => self.act(reader.form, element, value, action, place)?,
            Verdict::Stays => match self.unlisted(element, value, place) {
                Some(action) => self.act(reader.form, element, value, action, place)?,
                None => self.copy(reader.form, element, value),
            },
        }
        Ok(())
    }

    fn verdict(&self, element: &Element, place: Place) -> Verdict {
        let tag = element.tag;
        if tag.group() % 2 == 1 {
            return Verdict::Private;
        }
        if tag.element() == 0 || tag.group() < 4 || MARKS.contains(&tag) {
            return Verdict::Goes;
        }
        match profile::action(tag, self.class(place), self.options) {
            Some(action @ (Action::Removed | Action::Emptied)) => Verdict::Act(action),
            // What is no value of its kind cannot be looked into.
            _ if !is_as_known(element) => Verdict::Unknown,
            Some(action) => Verdict::Act(action),
            None => Verdict::Stays,
        }
    }

    /// What is done with a value of an attribute that the table does not have.
    fn unlisted(&self, element: &Element, value: &[u8], place: Place) -> Option<Action> {
        let action = unlisted::action(element.tag, meant(element), value, self.options);
        match action {
            None if place.hollow => Some(Action::Replaced),
            action => action,
        }
    }

    /// The SOP class of which an element's type is known.
    fn class(&self, place: Place) -> Option<&'a str> {
        place.outermost.then_some(self.sop_class)
    }

    fn act(
        &mut self,
        form: Form,
        element: &Element,
        value: &[u8],
        action: Action,
        place: Place,
    ) -> Result<()> {
        let hollowed = place.hollow && matches!(action, Action::Emptied | Action::Kept | Action::Shifted);
        let action = if hollowed { Action::Replaced } else { action };
        let new = match action {
            Action::Removed => None,
            Action::Kept => {
                self.copy(form, element, value);
                None
            }
            Action::Emptied => Some(self.values.pseudonym(element.tag, value, place.outermost).into_bytes()),
            Action::Replaced if is_sequence(element) => Some(Vec::new()),
            Action::Replaced => Some(dummy::value(meant(element)).to_vec()),
            Action::Remapped => Some(self.values.remapped(value).into_bytes()),
            Action::Shifted => match self.values.shifted(meant(element), value) {
                Some(moved) => Some(moved.into_bytes()),
                None => {
                    let basic = profile::basic(element.tag, self.class(place)).unwrap_or(Action::Emptied);
                    return self.act(form, element, value, basic, place);
                }
            },
        };
        self.report.note(action, element.tag);
        new.map_or(Ok(()), |new| self.writer.element(form, element.tag, element.vr, &new))
    }

    /// As it is, byte by byte.
    fn copy(&mut self, form: Form, element: &Element, value: &[u8]) {
        self.writer.bytes.extend(element.header);
        self.writer.bytes.extend(value);
        if element.length.is_none() && !value.ends_with(&SEQUENCE_END) {
            self.writer.close_sequence(form);
        }
    }

    fn sequence(&mut self, reader: &mut Reader, element: &Element, place: Place) -> Result<()> {
        let depth = place.depth.deeper(element)?;
        let place = Place { depth, outermost: false, ..place };
        let mut items = reader.part(element, element.length, inside(element, reader.form))?;
        self.writer.open_sequence(reader.form, element.tag, element.vr)?;
        while !(element.length.is_some() && items.is_at_end()) {
            match items.item()? {
                Item::Begins(length) => self.item(&mut items, element, length, place)?,
                Item::SequenceEnds if element.length.is_none() => break,
                Item::SequenceEnds => return Err(element.wrong("ends before its length does")),
            }
        }
        reader.at = items.at;
        self.writer.close_sequence(items.form);
        Ok(())
    }

    fn item(&mut self, items: &mut Reader, of: &Element, length: Option<usize>, place: Place) -> Result<()> {
        let mut inner = items.part(of, length, items.form)?;
        self.writer.open_item(inner.form);
        while !(length.is_some() && inner.is_at_end()) {
            let element = inner.element()?;
            if element.ends_item() && length.is_none() {
                break;
            }
            self.element(&mut inner, &element, place)?;
        }
        items.at = inner.at;
        self.writer.close_item(inner.form);
        Ok(())
    }
}

/// The value representation that the dictionary has; none if it does not know the attribute.
fn known(tag: Tag) -> Option<VR> {
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed())
}

/// What a value is meant to be: a sender that did not know writes UN.
fn meant(element: &Element) -> VR {
    if element.vr == VR::UN { known(element.tag).unwrap_or(VR::UN) } else { element.vr }
}

fn is_sequence(element: &Element) -> bool {
    meant(element) == VR::SQ
}

/// Whether an element is of the kind that the dictionary says: a sequence or not, and of undefined length only where it may.
fn is_as_known(element: &Element) -> bool {
    let sequence = is_sequence(element);
    let bounded = sequence || element.length.is_some() || element.tag == tags::PIXEL_DATA;
    bounded && known(element.tag).is_some_and(|known| (known == VR::SQ) == sequence)
}
