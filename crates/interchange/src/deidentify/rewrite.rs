//! Rewrites a data set, element by element, into one without identities.

mod picture;

use std::iter::Peekable;

use dicom::{Element, Item, Layout, Reader, Writer};
use dicom_core::{Tag, VR};

use super::action::Action;
use super::deidentification_attributes::{self, DEIDENTIFICATION_ATTRIBUTES};
use super::dictionary::{effective_vr, is_sequence, output_vr, stated_vr};
use super::instance_summary::InstanceSummary;
use super::part10::Source;
use super::permitted::Permitted;
use super::pseudonym::Pseudonyms;
use super::report::Report;
use super::tables::Tables;
use super::values::Values;
use super::verdict::{self, Context, Verdict};
use super::{Options, dummy, form, profile};
use crate::error::{Error, Result};

/// Bytes that the attributes of de-identification take, and a little more.
const ROOM: usize = 2048;

/// Rewrites one data set.
pub(super) struct Rewriter<'a> {
    values: Values<'a>,
    options: &'a Options,
    summary: &'a InstanceSummary,
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
        summary: &'a InstanceSummary,
        transfer_syntax: &'a str,
    ) -> Self {
        Self {
            values: Values { pseudonyms, summary },
            options,
            summary,
            transfer_syntax,
            writer: Writer::default(),
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
        self.writer.bytes.reserve_exact(source.len() + ROOM);
        let mut reader = source.data_set();
        let mut added = DEIDENTIFICATION_ATTRIBUTES.into_iter().peekable();
        while !reader.is_at_end() {
            let (left, written) = (reader.rest().len(), self.writer.bytes.len());
            match self.outermost(&mut reader, &mut added) {
                Ok(()) => {}
                Err(_) if self.pictured => {
                    self.writer.bytes.truncate(written);
                    self.report.trailing_bytes = left as u64;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        added.for_each(|tag| self.add(tag, reader.layout()));
        Ok(std::mem::take(&mut self.writer.bytes))
    }

    /// The next element that lies in no sequence, and the added attributes that come before it.
    fn outermost(
        &mut self,
        reader: &mut Reader,
        added: &mut Peekable<impl Iterator<Item = Tag>>,
    ) -> Result<()> {
        let element = reader.element()?;
        while let Some(tag) = added.next_if(|&tag| tag < element.tag) {
            self.add(tag, reader.layout());
        }
        self.element(reader, &element, Context::OUTERMOST)
    }

    /// Adds an attribute of de-identification.
    fn add(&mut self, tag: Tag, layout: Layout) {
        deidentification_attributes::write(&mut self.writer, layout, tag, self.options);
    }

    fn element(&mut self, reader: &mut Reader, element: &Element, context: Context) -> Result<()> {
        if element.tag.group() == 0xFFFE {
            return Err(wrong(element, "lies outside a sequence"));
        }
        let verdict = verdict::of(element, context, &self.summary.sop_class, self.options);
        if is_sequence(element)
            && let Some(context) = verdict.context_of_items(context)
        {
            if let Verdict::Act(action) = verdict {
                self.report.note(action, element.tag);
            }
            return self.sequence(reader, element, context);
        }
        let value = reader.value(element)?;
        let layout = reader.layout();
        match verdict {
            Verdict::Omitted => {}
            Verdict::Private => self.report.private += 1,
            Verdict::Unknown => self.report.unknown += 1,
            Verdict::WrongForm => self.report.note_wrong_form(element.tag),
            Verdict::Picture => self.picture(layout, element, value)?,
            Verdict::Act(action) => self.act(layout, element, value, action, context),
            Verdict::Unlisted => match verdict::unlisted(element, value, context, self.options) {
                Some(action) => self.act(layout, element, value, action, context),
                None => drop(self.keep(layout, element, value)),
            },
        }
        Ok(())
    }

    /// Takes an action on an element, and writes it with its new value unless it is removed.
    fn act(
        &mut self,
        layout: Layout,
        element: &Element,
        value: &[u8],
        action: Action,
        context: Context,
    ) {
        // A replaced sequence has dummies in place of values that would stay or be empty.
        let action = match action {
            Action::Emptied | Action::Kept | Action::Shifted if context.replaced => {
                Action::Replaced
            }
            action => action,
        };
        let vr = output_vr(element);
        // A value under UN is made as the dictionary has its attribute.
        let made_as = effective_vr(&Element { vr: Some(vr), ..*element });
        let new = match action {
            Action::Removed => None,
            Action::Kept
                if effective_vr(element) == VR::UI
                    && self.permitted(layout, element, value) != Permitted::Whole =>
            {
                return self.act(layout, element, value, Action::Remapped, context);
            }
            Action::Kept => {
                if self.keep(layout, element, value) {
                    self.report.note(action, element.tag);
                }
                return;
            }
            Action::Emptied => {
                Some(self.values.pseudonym(element.tag, value, context.outermost).into_bytes())
            }
            Action::Replaced => Some(dummy::value(made_as).to_vec()),
            Action::Remapped => Some(self.values.remapped(value).into_bytes()),
            Action::Shifted => match self.values.shifted(made_as, value) {
                Some(moved) => Some(moved.into_bytes()),
                None => {
                    let class = context.outermost.then_some(&*self.summary.sop_class);
                    let basic = profile::basic(element.tag, class).unwrap_or(Action::Emptied);
                    return self.act(layout, element, value, basic, context);
                }
            },
        };
        self.report.note(action, element.tag);
        if let Some(new) = new {
            self.writer.element(layout, element.tag, vr, &new);
        }
    }

    /// The part of a value that has the form of its attribute.
    fn permitted(&self, layout: Layout, element: &Element, value: &[u8]) -> Permitted {
        let of_table = self.tables.permitted(element.tag, value);
        let vr = effective_vr(element);
        of_table.unwrap_or_else(|| form::permitted(element.tag, vr, value, layout.order))
    }

    /// Writes the part of a value that may stay; returns false if no part may.
    fn keep(&mut self, layout: Layout, element: &Element, value: &[u8]) -> bool {
        let permitted = self.permitted(layout, element, value);
        if permitted != Permitted::Whole {
            self.report.note_wrong_form(element.tag);
        }
        let value = match &permitted {
            Permitted::Whole => value,
            Permitted::Part(part) => part,
            Permitted::Nothing => return false,
        };
        self.tables.note(element.tag, value, layout.order);
        self.writer.element(layout, element.tag, stated_vr(element), value);
        true
    }

    fn sequence(&mut self, reader: &mut Reader, element: &Element, context: Context) -> Result<()> {
        let context = Context { outermost: false, ..context };
        let mut items = reader.items(element)?;
        self.writer.open_sequence(reader.layout(), element.tag, stated_vr(element));
        while !(element.length.is_some() && items.is_at_end()) {
            match items.item()? {
                Item::Begins(length) => self.item(&mut items, length, context)?,
                Item::Ends if element.length.is_none() => break,
                Item::Ends => return Err(wrong(element, "ends before its length does")),
            }
        }
        reader.resume_behind(&items);
        self.writer.close_sequence(items.layout());
        Ok(())
    }

    fn item(&mut self, items: &mut Reader, length: Option<usize>, context: Context) -> Result<()> {
        let mut inner = items.elements(length)?;
        let tables = std::mem::take(&mut self.tables);
        self.writer.open_item(inner.layout());
        while !(length.is_some() && inner.is_at_end()) {
            let element = inner.element()?;
            if element.ends_item() && length.is_none() {
                break;
            }
            self.element(&mut inner, &element, context)?;
        }
        items.resume_behind(&inner);
        self.tables = tables;
        self.writer.close_item(inner.layout());
        Ok(())
    }
}

fn wrong(element: &Element, problem: &'static str) -> Error {
    Error::Parse { tag: element.tag, at: element.at, problem }
}
