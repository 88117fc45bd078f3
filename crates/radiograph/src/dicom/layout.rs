//! Value representations and byte orders as they are found, where a file is not written as it says.
//!
//! Senders leave them blank, write `??`, or put implicit elements among explicit ones. What the
//! length of such an element is, the element after it tells: only under one of the ways to read it
//! does a tag follow that can stand there.

use super::reader::Reader;
use super::syntax::{Order, Vr};
use dicom_core::Tag;

/// The form of an element's length.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Length {
    /// The length takes the two bytes after the value representation.
    Short,
    /// The length takes four bytes, after two reserved ones.
    Long,
    /// The length takes four bytes, in the place of the value representation.
    Implicit,
}

/// The length that a value representation of the standard has (PS3.5 7.1.2).
pub(super) fn length_of(vr: [u8; 2]) -> Option<Length> {
    match &vr {
        b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FL" | b"FD" | b"IS" | b"LO"
        | b"LT" | b"PN" | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL" | b"US" => {
            Some(Length::Short)
        }
        b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR"
        | b"UT" | b"UV" => Some(Length::Long),
        _ => None,
    }
}

/// Whether it may stand for a value representation: one of the standard, or none.
fn is_vr(vr: &[u8]) -> bool {
    vr.try_into().is_ok_and(|vr| length_of(vr).is_some())
        || vr == b"  "
        || vr == b"\0\0"
        || vr == b"??"
}

/// Whether an item begins here, in either order of bytes.
fn begins_item(rest: &[u8]) -> bool {
    rest.starts_with(b"\xFE\xFF\x00\xE0") || rest.starts_with(b"\xFF\xFE\xE0\x00")
}

impl Reader<'_> {
    /// Whether the element that begins here has a value representation. One that only looks so
    /// would be longer than 16,000 bytes.
    pub(super) fn vr_found(&self, otherwise: Vr) -> Vr {
        match self.bytes.get(self.at + 4..self.at + 6).and_then(|vr| vr.try_into().ok()) {
            Some(vr) if length_of(vr).is_some() => Vr::Explicit,
            _ => otherwise,
        }
    }

    /// Finds whether a data set has value representations, as [`Reader::vr_found`] does. The first
    /// element may have a blank one. It is explicit or implicit as `claimed`, unless it reads as
    /// implicit.
    pub(super) fn first_vr(&self, claimed: Vr) -> Vr {
        let Some(start) = self.bytes.get(self.at..self.at.saturating_add(8)) else {
            return claimed;
        };
        let implicit = self.leads_on(Length::Implicit, self.order.tag_of(start));
        self.vr_found(if implicit { Vr::Implicit } else { claimed })
    }

    /// The order of the bytes of a data set: its first group is one of the lowest.
    pub(super) fn first_order(&self) -> Order {
        let group = |order: Order| {
            self.bytes.get(self.at..self.at.saturating_add(4)).map(|tag| order.tag_of(tag).group())
        };
        let other = if self.order == Order::Big { Order::Little } else { Order::Big };
        match (group(self.order), group(other)) {
            (Some(0x100..), Some(1..0x100)) => other,
            _ => self.order,
        }
    }

    /// The order of the bytes in a sequence, as the tag of its first item tells.
    pub(super) fn order_found(&self) -> Order {
        match self.bytes.get(self.at..self.at.saturating_add(4)) {
            Some(b"\xFE\xFF\x00\xE0" | b"\xFE\xFF\xDD\xE0") => Order::Little,
            Some(b"\xFF\xFE\xE0\x00" | b"\xFF\xFE\xE0\xDD") => Order::Big,
            _ => self.order,
        }
    }

    /// Finds the form of the length of an element with an unknown value representation. The reader
    /// has passed the element's first eight bytes.
    pub(super) fn length_found(&mut self, tag: Tag) -> Length {
        self.odd.get_or_insert(tag);
        self.at -= 8;
        let ways = [Length::Short, Length::Long, Length::Implicit];
        let found = ways.into_iter().find(|&length| self.leads_on(length, tag));
        let letters = self.bytes[self.at + 4..self.at + 6].iter().all(u8::is_ascii_alphabetic);
        self.at += 8;
        // Whatever the standard adds has a long length.
        found.unwrap_or(if letters { Length::Long } else { Length::Short })
    }

    /// Whether another element, or the end, follows the one that begins here, if its length is
    /// written so.
    fn leads_on(&self, length: Length, tag: Tag) -> bool {
        let at = |offset: usize| self.bytes.get(self.at.saturating_add(offset)..);
        let short = at(6).and_then(|rest| rest.first_chunk()).map(|&b| self.order.short(b));
        let long =
            |offset| at(offset).and_then(|rest| rest.first_chunk()).map(|&b| self.order.long(b));
        let (start, length_of_value) = match length {
            Length::Short => (8, short.map(u32::from)),
            Length::Long => (12, if short == Some(0) { long(8) } else { None }),
            Length::Implicit => (8, long(4)),
        };
        match length_of_value {
            None => false,
            Some(u32::MAX) => at(start).is_some_and(begins_item),
            Some(value) => at(start.saturating_add(value as usize))
                .is_some_and(|rest| self.can_follow(rest, length, tag)),
        }
    }

    fn can_follow(&self, rest: &[u8], length: Length, tag: Tag) -> bool {
        let Some(start) = rest.get(..8) else { return rest.is_empty() };
        let next = self.order.tag_of(start);
        match next {
            Tag(0xFFFE, 0xE000 | 0xE00D | 0xE0DD) => true,
            Tag(group, _) if group > 0x7FE0 => false,
            _ => next > tag && (length == Length::Implicit || is_vr(&start[4..6])),
        }
    }
}
