//! A data set, element by element, into one without identities.

use std::iter::Peekable;

use dicom_core::{Tag, VR};

use super::action::Action;
use super::dictionary::{is_sequence, meant, proper};
use super::facts::Facts;
use super::form::{self, Permitted};
use super::marks::{self, MARKS};
use super::part10::Source;
use super::pseudonym::Pseudonyms;
use super::reader::{Element, Form, Item, Reader, inside};
use super::report::Report;
use super::tables::Tables;
use super::values::Values;
use super::verdict::{self, Place, Verdict};
use super::writer::Writer;
use super::{Options, dummy, pixels, profile};
use crate::error::Result;

/// Bytes that the marks take, and a little more.
const ROOM_FOR_MARKS: usize = 2048;

/// Rewrites one data set.
pub(super) struct Rewriter<'a> {
    values: Values<'a>,
    options: &'a Options,
    facts: &'a Facts,
    transfer_syntax: &'a str,
    writer: Writer,
    /// Of the item, or of the data set, that is being rewritten.
    tables: Tables,
    /// Whether the picture, or what should have been it, was there.
    pictured: bool,
    pub(super) report: Report,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(
        pseudonyms: &'a Pseudonyms,
        options: &'a Options,
        facts: &'a Facts,
        transfer_syntax: &'a str,
    ) -> Self {
        Self {
            values: Values { pseudonyms, facts },
            options,
            facts,
            transfer_syntax,
            writer: Writer { bytes: Vec::new() },
            tables: Tables::default(),
            pictured: false,
            report: Report::default(),
        }
    }

    /// The new data set.
    ///
    /// # Errors
    /// If the old one does not parse, up to the picture and with it. What follows is padding, or nothing that anybody needs: it is
    /// left out from where it does not parse.
    pub(super) fn data_set(&mut self, source: &Source) -> Result<Vec<u8>> {
        self.writer.bytes.reserve_exact(source.len() + ROOM_FOR_MARKS);
        let mut reader = source.data_set();
        let mut marks = MARKS.into_iter().peekable();
        while !reader.is_at_end() {
            let (left, written) = (reader.rest().len(), self.writer.bytes.len());
            match self.outermost(&mut reader, &mut marks) {
                Ok(()) => {}
                Err(_) if self.pictured => {
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
    ) -> Result<()> {
        let element = reader.element()?;
        while let Some(mark) = marks.next_if(|&mark| mark < element.tag) {
            marks::write(&mut self.writer, reader.form, mark, self.options)?;
        }
        self.element(reader, &element, Place::OUTERMOST)
    }

    fn element(&mut self, reader: &mut Reader, element: &Element, place: Place) -> Result<()> {
        if element.tag.group() == 0xFFFE {
            return Err(element.wrong("lies outside a sequence"));
        }
        let verdict = verdict::of(element, place, &self.facts.sop_class, self.options);
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
            Verdict::WrongForm => self.report.note_wrong_form(element.tag),
            Verdict::Picture => self.picture(reader.form, element, value)?,
            Verdict::Act(action) => self.act(reader.form, element, value, action, place)?,
            Verdict::Stays => match verdict::unlisted(element, value, place, self.options) {
                Some(action) => self.act(reader.form, element, value, action, place)?,
                None => {
                    self.keep(reader.form, element, value)?;
                }
            },
        }
        Ok(())
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
            Action::Kept if meant(element) == VR::UI && !self.is_permitted(form, element, value) => {
                return self.act(form, element, value, Action::Remapped, place);
            }
            Action::Kept => {
                if self.keep(form, element, value)? {
                    self.report.note(action, element.tag);
                }
                return Ok(());
            }
            Action::Emptied => Some(self.values.pseudonym(element.tag, value, place.outermost).into_bytes()),
            Action::Replaced if is_sequence(element) => Some(Vec::new()),
            Action::Replaced => Some(dummy::value(proper(element)).to_vec()),
            Action::Remapped => Some(self.values.remapped(value).into_bytes()),
            Action::Shifted => match self.values.shifted(meant(element), value) {
                Some(moved) => Some(moved.into_bytes()),
                None => {
                    let class = place.outermost.then_some(&*self.facts.sop_class);
                    let basic = profile::basic(element.tag, class).unwrap_or(Action::Emptied);
                    return self.act(form, element, value, basic, place);
                }
            },
        };
        self.report.note(action, element.tag);
        new.map_or(Ok(()), |new| self.writer.element(form, element.tag, proper(element), &new))
    }

    fn is_permitted(&self, form: Form, element: &Element, value: &[u8]) -> bool {
        self.permitted(form, element, value) == Permitted::Whole
    }

    fn permitted(&self, form: Form, element: &Element, value: &[u8]) -> Permitted {
        let of_table = self.tables.permitted(element.tag, value);
        of_table.unwrap_or_else(|| form::permitted(element.tag, meant(element), value, form))
    }

    /// Writes what of a value may stay, and gives whether anything may.
    fn keep(&mut self, form: Form, element: &Element, value: &[u8]) -> Result<bool> {
        let permitted = self.permitted(form, element, value);
        if permitted != Permitted::Whole {
            self.report.note_wrong_form(element.tag);
        }
        let kept = match &permitted {
            Permitted::Whole => value,
            Permitted::Part(part) => part,
            Permitted::Nothing => return Ok(false),
        };
        self.tables.see(element.tag, kept, form);
        self.writer.element(form, element.tag, element.vr, kept)?;
        Ok(true)
    }

    /// Writes the picture: once, and if the data set says how it is stored.
    fn picture(&mut self, form: Form, element: &Element, value: &[u8]) -> Result<()> {
        let Some(shape) = self.facts.shape.filter(|_| !self.pictured) else {
            self.report.note_wrong_form(element.tag);
            self.pictured = true;
            return Ok(());
        };
        if element.length.is_some() {
            let cut = shape.cut(value, form == Form::Big && element.vr == VR::OW);
            // One byte may pad it to an even number.
            let padded = value.len().min(cut.len().next_multiple_of(2));
            self.report.beside_pixels += (value.len() - padded) as u64;
            self.writer.element(form, element.tag, element.vr, cut)?;
        } else {
            let fragments = pixels::pack(element, value, self.transfer_syntax, &shape)?;
            self.report.beside_pixels += fragments.blanked();
            self.writer.open_sequence(form, element.tag, VR::OB)?;
            self.writer.fragment(form, &fragments.offset_table());
            fragments.iter().for_each(|fragment| self.writer.fragment(form, fragment));
            self.writer.close_sequence(form);
        }
        self.pictured = true;
        Ok(())
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
        let tables = std::mem::take(&mut self.tables);
        self.writer.open_item(inner.form);
        while !(length.is_some() && inner.is_at_end()) {
            let element = inner.element()?;
            if element.ends_item() && length.is_none() {
                break;
            }
            self.element(&mut inner, &element, place)?;
        }
        items.at = inner.at;
        self.tables = tables;
        self.writer.close_item(inner.form);
        Ok(())
    }
}
