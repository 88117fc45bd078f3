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

/// Returns the order of the bytes in a sequence that begins here, as the tag of its first item
/// tells, or of its end.
fn order_of_items(rest: &[u8]) -> Option<Order> {
    match rest.get(..4)? {
        b"\xFE\xFF\x00\xE0" | b"\xFE\xFF\xDD\xE0" => Some(Order::Little),
        b"\xFF\xFE\xE0\x00" | b"\xFF\xFE\xE0\xDD" => Some(Order::Big),
        _ => None,
    }
}

impl<'a> Reader<'a> {
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
    /// then the first group is one of the lowest, and so is that of the next element.
    pub(crate) fn first_order(&self) -> Order {
        let claimed = self.layout.order;
        let other = if claimed == Order::Big { Order::Little } else { Order::Big };
        let mut swapped = *self;
        swapped.layout.order = other;
        match (self.first_tag(), swapped.first_tag()) {
            (Some(Tag(0x100.., _)), Some(tag @ Tag(1..0x100, _)))
                if swapped.leads_to_low_group(tag) =>
            {
                other
            }
            _ => claimed,
        }
    }

    fn first_tag(&self) -> Option<Tag> {
        self.rest().get(..8).map(|start| self.layout.order.tag_of(start))
    }

    /// Tells whether an element of one of the lowest groups follows the first one, or an item, or
    /// the end.
    fn leads_to_low_group(&self, first: Tag) -> bool {
        let low = |rest: &[u8]| {
            let tag = self.layout.order.tag_of(rest);
            rest.is_empty() || matches!(tag, Tag(..0x100 | 0xFFFE, _))
        };
        LengthForm::ALL.into_iter().filter_map(|form| self.behind(form, first)).any(low)
    }

    /// Returns the order of the bytes in a sequence, as the tag of its first item tells.
    pub(crate) fn order_found(&self) -> Order {
        order_of_items(self.rest()).unwrap_or(self.layout.order)
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
        self.behind(form, tag).is_some()
    }

    /// Returns the bytes behind the element that begins here, if its length is written so, and if
    /// another element can begin there.
    fn behind(&self, form: LengthForm, tag: Tag) -> Option<&'a [u8]> {
        let (rest, order) = (self.rest(), self.layout.order);
        let array = |at: usize| rest.get(at..).and_then(|rest| rest.first_chunk());
        let short = rest.get(6..).and_then(|rest| rest.first_chunk()).map(|&two| order.short(two));
        let long = |at: usize| array(at).map(|&four| order.long(four));
        let (start, length) = match form {
            LengthForm::Short => (8, short?.into()),
            LengthForm::Long => (12, long(8).filter(|_| short == Some(0))?),
            LengthForm::Implicit => (8, long(4)?),
        };
        if length == u32::MAX {
            return rest.get(start..).filter(|items| order_of_items(items).is_some());
        }
        let next = rest.get(start.saturating_add(length as usize)..)?;
        self.can_follow(next, form, tag).then_some(next)
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
