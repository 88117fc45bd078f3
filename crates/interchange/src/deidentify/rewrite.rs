//! Rewrites a data set, element by element, into one without identities.

mod picture;

use std::iter::Peekable;

use dicom_core::{Tag, VR};

use super::action::Action;
use super::dictionary::{effective_vr, is_sequence, output_vr};
use super::facts::Facts;
use super::form::{self, Permitted};
use super::marks::{self, MARKS};
use super::part10::Source;
use super::pseudonym::Pseudonyms;
use super::reader::{Element, Form, Item, Reader, inside};
use super::report::Report;
use super::tables::Tables;
use super::values::Values;
use super::verdict::{self, Context, Verdict};
use super::writer::Writer;
use super::{Options, dummy, profile};
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
    /// Lookup tables of the item, or of the data set, that is being rewritten.
    tables: Tables,
    /// Whether the element of the picture was read, even if it was left out.
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
    /// If the old one does not parse up to the end of the picture. Behind the picture follows only
    /// padding, or nothing: the rest is left out from where it does not parse.
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
        marks
            .try_for_each(|mark| marks::write(&mut self.writer, reader.form, mark, self.options))?;
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
        self.element(reader, &element, Context::OUTERMOST)
    }

    fn element(&mut self, reader: &mut Reader, element: &Element, context: Context) -> Result<()> {
        if element.tag.group() == 0xFFFE {
            return Err(element.wrong("lies outside a sequence"));
        }
        let verdict = verdict::of(element, context, &self.facts.sop_class, self.options);
        if is_sequence(element)
            && let Some(context) = verdict.context_of_items(context)
        {
            if let Verdict::Act(action) = verdict {
                self.report.note(action, element.tag);
            }
            return self.sequence(reader, element, context);
        }
        let value = reader.value(element, context.depth)?;
        match verdict {
            Verdict::Omitted => {}
            Verdict::Private => self.report.private += 1,
            Verdict::Unknown => self.report.unknown += 1,
            Verdict::WrongForm => self.report.note_wrong_form(element.tag),
            Verdict::Picture => self.picture(reader.form, element, value)?,
            Verdict::Act(action) => self.act(reader.form, element, value, action, context)?,
            Verdict::Unlisted => match verdict::unlisted(element, value, context, self.options) {
                Some(action) => self.act(reader.form, element, value, action, context)?,
                None => {
                    self.keep(reader.form, element, value)?;
                }
            },
        }
        Ok(())
    }

    /// Takes an action on an element, and writes it with its new value unless it is removed.
    fn act(
        &mut self,
        form: Form,
        element: &Element,
        value: &[u8],
        action: Action,
        context: Context,
    ) -> Result<()> {
        // A replaced sequence has dummies in place of values that would stay or be empty.
        let action = match action {
            Action::Emptied | Action::Kept | Action::Shifted if context.replaced => {
                Action::Replaced
            }
            action => action,
        };
        let vr = output_vr(element);
        // A value under UN is made as the dictionary has its attribute.
        let made_as = effective_vr(&Element { vr, ..*element });
        let new = match action {
            Action::Removed => None,
            Action::Kept
                if effective_vr(element) == VR::UI
                    && self.permitted(form, element, value) != Permitted::Whole =>
            {
                return self.act(form, element, value, Action::Remapped, context);
            }
            Action::Kept => {
                if self.keep(form, element, value)? {
                    self.report.note(action, element.tag);
                }
                return Ok(());
            }
            Action::Emptied => {
                Some(self.values.pseudonym(element.tag, value, context.outermost).into_bytes())
            }
            Action::Replaced => Some(dummy::value(made_as).to_vec()),
            Action::Remapped => Some(self.values.remapped(value).into_bytes()),
            Action::Shifted => match self.values.shifted(made_as, value) {
                Some(moved) => Some(moved.into_bytes()),
                None => {
                    let class = context.outermost.then_some(&*self.facts.sop_class);
                    let basic = profile::basic(element.tag, class).unwrap_or(Action::Emptied);
                    return self.act(form, element, value, basic, context);
                }
            },
        };
        self.report.note(action, element.tag);
        new.map_or(Ok(()), |new| self.writer.element(form, element.tag, vr, &new))
    }

    /// The part of a value that has the form of its attribute.
    fn permitted(&self, form: Form, element: &Element, value: &[u8]) -> Permitted {
        let of_table = self.tables.permitted(element.tag, value);
        of_table.unwrap_or_else(|| form::permitted(element.tag, effective_vr(element), value, form))
    }

    /// Writes the part of a value that may stay; returns false if no part may.
    fn keep(&mut self, form: Form, element: &Element, value: &[u8]) -> Result<bool> {
        let permitted = self.permitted(form, element, value);
        if permitted != Permitted::Whole {
            self.report.note_wrong_form(element.tag);
        }
        let value = match &permitted {
            Permitted::Whole => value,
            Permitted::Part(part) => part,
            Permitted::Nothing => return Ok(false),
        };
        self.tables.note(element.tag, value, form);
        self.writer.element(form, element.tag, element.vr, value)?;
        Ok(true)
    }

    fn sequence(&mut self, reader: &mut Reader, element: &Element, context: Context) -> Result<()> {
        let depth = context.depth.deeper(element)?;
        let context = Context { depth, outermost: false, ..context };
        let mut items = reader.part(element, element.length, inside(element, reader.form))?;
        self.writer.open_sequence(reader.form, element.tag, element.vr)?;
        while !(element.length.is_some() && items.is_at_end()) {
            match items.item()? {
                Item::Begins(length) => self.item(&mut items, element, length, context)?,
                Item::SequenceEnds if element.length.is_none() => break,
                Item::SequenceEnds => return Err(element.wrong("ends before its length does")),
            }
        }
        reader.at = items.at;
        self.writer.close_sequence(items.form);
        Ok(())
    }

    fn item(
        &mut self,
        items: &mut Reader,
        of: &Element,
        length: Option<usize>,
        context: Context,
    ) -> Result<()> {
        let mut inner = items.part(of, length, items.form)?;
        let tables = std::mem::take(&mut self.tables);
        self.writer.open_item(inner.form);
        while !(length.is_some() && inner.is_at_end()) {
            let element = inner.element()?;
            if element.ends_item() && length.is_none() {
                break;
            }
            self.element(&mut inner, &element, context)?;
        }
        items.at = inner.at;
        self.tables = tables;
        self.writer.close_item(inner.form);
        Ok(())
    }
}
