//! A writer of elements, in the layout that each file has (PS3.5 7).

use dicom_core::{Tag, VR};

use crate::element::{ITEM, ITEM_END, SEQUENCE_END};
use crate::layout::Layout;
use crate::vr::LengthForm;

const UNDEFINED: u32 = u32::MAX;

/// Adds elements to bytes.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    /// The bytes written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// Writes an element with its value, which is padded to an even length. A value too long for a
    /// length of two bytes is written under UN (PS3.5 6.2.2).
    pub fn element(&mut self, layout: Layout, tag: Tag, vr: VR, value: &[u8]) {
        let length = value.len().next_multiple_of(2) as u32;
        let fits = LengthForm::of(vr) != LengthForm::Short || length <= u16::MAX.into();
        self.header(layout, tag, if fits || !layout.explicit { vr } else { VR::UN }, length);
        self.bytes.extend(value);
        if value.len() % 2 == 1 {
            // PS3.5 6.2: text is padded with a space, UIDs and bytes with zero.
            self.bytes.push(if matches!(vr, VR::UI | VR::OB | VR::OW | VR::UN) { 0 } else { b' ' });
        }
    }

    /// Writes the beginning of a sequence whose length is not defined.
    pub fn open_sequence(&mut self, layout: Layout, tag: Tag, vr: VR) {
        self.header(layout, tag, vr, UNDEFINED);
    }

    /// Writes the end of a sequence.
    pub fn close_sequence(&mut self, layout: Layout) {
        self.delimiter(layout, SEQUENCE_END, 0);
    }

    /// Writes the beginning of an item whose length is not defined.
    pub fn open_item(&mut self, layout: Layout) {
        self.delimiter(layout, ITEM, UNDEFINED);
    }

    /// Writes the end of an item.
    pub fn close_item(&mut self, layout: Layout) {
        self.delimiter(layout, ITEM_END, 0);
    }

    /// Writes an item of bytes.
    pub fn fragment(&mut self, layout: Layout, bytes: &[u8]) {
        self.delimiter(layout, ITEM, bytes.len() as u32);
        self.bytes.extend(bytes);
    }

    /// Writes a tag and a length, without a value representation (PS3.5 7.5).
    fn delimiter(&mut self, Layout { order, .. }: Layout, tag: Tag, length: u32) {
        self.bytes.extend(order.bytes_of_tag(tag));
        self.bytes.extend(order.bytes_of_long(length));
    }

    fn header(&mut self, layout: Layout, tag: Tag, vr: VR, length: u32) {
        let order = layout.order;
        if !layout.explicit {
            return self.delimiter(layout, tag, length);
        }
        self.bytes.extend(order.bytes_of_tag(tag));
        self.bytes.extend(vr.to_bytes());
        match LengthForm::of(vr) {
            LengthForm::Short => self.bytes.extend(order.bytes_of_short(length as u16)),
            _ => {
                self.bytes.extend([0, 0]);
                self.bytes.extend(order.bytes_of_long(length));
            }
        }
    }
}
