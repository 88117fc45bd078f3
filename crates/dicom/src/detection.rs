//! Value representations and byte orders as they are found, where a file is not written as it says.
//!
//! Senders leave them blank, write `??`, or put implicit elements among explicit ones. What the
//! length of such an element is, the element after it tells: only under one of the ways to read it
//! does a tag follow that can stand there.

use dicom_core::{Tag, VR};

use crate::element::{ITEM, ITEM_END, SEQUENCE_END};
use crate::layout::Order;
use crate::reader::Reader;
use crate::vr::LengthForm;

/// Tells whether bytes may stand for a value representation: one of the standard, or none.
fn is_vr(bytes: [u8; 2]) -> bool {
    VR::from_binary(bytes).is_some() || [*b"  ", *b"\0\0", *b"??"].contains(&bytes)
}

/// Tells whether an item begins here, in either order of bytes.
fn begins_item(rest: &[u8]) -> bool {
    rest.starts_with(b"\xFE\xFF\x00\xE0") || rest.starts_with(b"\xFF\xFE\xE0\x00")
}

impl Reader<'_> {
    /// Tells whether the element that begins here has a value representation. One that only looks
    /// so would be longer than 16,000 bytes.
    pub(crate) fn is_explicit(&self, otherwise: bool) -> bool {
        match self.rest().get(4..6).and_then(|vr| vr.try_into().ok()) {
            Some(vr) if VR::from_binary(vr).is_some() => true,
            _ => otherwise,
        }
    }

    /// Tells whether a data set has value representations, as [`Reader::is_explicit`] does. The
    /// first element may have a blank one. It is explicit or implicit as claimed, unless it reads
    /// as implicit.
    pub(crate) fn is_first_explicit(&self) -> bool {
        let Some(tag) = self.first_tag() else { return self.layout.explicit };
        let implicit = self.leads_on(LengthForm::Implicit, tag);
        self.is_explicit(self.layout.explicit && !implicit)
    }

    /// Returns the order of the bytes of a data set. It is another than the claimed one, if only
    /// then the first group is one of the lowest, and an element follows the first one.
    pub(crate) fn first_order(&self) -> Order {
        let claimed = self.layout.order;
        let other = if claimed == Order::Big { Order::Little } else { Order::Big };
        let mut swapped = *self;
        swapped.layout.order = other;
        match (self.first_tag().map(Tag::group), swapped.first_tag().map(Tag::group)) {
            (Some(0x100..), Some(1..0x100)) if swapped.leads_on_in_any_form() => other,
            _ => claimed,
        }
    }

    fn first_tag(&self) -> Option<Tag> {
        self.rest().get(..8).map(|start| self.layout.order.tag_of(start))
    }

    fn leads_on_in_any_form(&self) -> bool {
        let leads_on = |tag| LengthForm::ALL.into_iter().any(|form| self.leads_on(form, tag));
        self.first_tag().is_some_and(leads_on)
    }

    /// Returns the order of the bytes in a sequence, as the tag of its first item tells.
    pub(crate) fn order_found(&self) -> Order {
        match self.rest().get(..4) {
            Some(b"\xFE\xFF\x00\xE0" | b"\xFE\xFF\xDD\xE0") => Order::Little,
            Some(b"\xFF\xFE\xE0\x00" | b"\xFF\xFE\xE0\xDD") => Order::Big,
            _ => self.layout.order,
        }
    }

    /// Finds the form of the length of an element with an unknown value representation. The reader
    /// has passed the element's first eight bytes.
    pub(crate) fn length_form_found(&mut self, tag: Tag) -> LengthForm {
        self.odd.get_or_insert(tag);
        let mut start = *self;
        start.at -= 8;
        let found = LengthForm::ALL.into_iter().find(|&form| start.leads_on(form, tag));
        let letters = start.rest()[4..6].iter().all(u8::is_ascii_alphabetic);
        // Whatever the standard adds has a long length.
        found.unwrap_or(if letters { LengthForm::Long } else { LengthForm::Short })
    }

    /// Tells whether another element, or the end, follows the one that begins here, if its length
    /// is written so.
    fn leads_on(&self, form: LengthForm, tag: Tag) -> bool {
        let (rest, order) = (self.rest(), self.layout.order);
        let array = |at: usize| rest.get(at..).and_then(|rest| rest.first_chunk());
        let short = rest.get(6..).and_then(|rest| rest.first_chunk()).map(|&two| order.short(two));
        let long = |at: usize| array(at).map(|&four| order.long(four));
        let (start, length) = match form {
            LengthForm::Short => (8, short.map(u32::from)),
            LengthForm::Long => (12, if short == Some(0) { long(8) } else { None }),
            LengthForm::Implicit => (8, long(4)),
        };
        let behind = |length: usize| rest.get(length.saturating_add(start)..);
        match length {
            None => false,
            Some(u32::MAX) => behind(0).is_some_and(begins_item),
            Some(length) => {
                behind(length as usize).is_some_and(|next| self.can_follow(next, form, tag))
            }
        }
    }

    fn can_follow(&self, rest: &[u8], form: LengthForm, tag: Tag) -> bool {
        let Some(start) = rest.get(..8) else { return rest.is_empty() };
        match self.layout.order.tag_of(start) {
            ITEM | ITEM_END | SEQUENCE_END => true,
            Tag(group, _) if group > 0x7FE0 => false,
            next => next > tag && (form == LengthForm::Implicit || is_vr([start[4], start[5]])),
        }
    }
}
