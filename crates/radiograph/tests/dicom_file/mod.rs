//! Small DICOM files for tests, right or wrong in any element.
#![allow(dead_code, reason = "each test file uses its own part")]

use radiograph::{Limits, Radiograph, decode};
use std::collections::BTreeMap;

/// The form of elements: value representations and the order of bytes.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) explicit: bool,
    pub(crate) big: bool,
}

pub(crate) const EXPLICIT: Form = Form { explicit: true, big: false };
pub(crate) const IMPLICIT: Form = Form { explicit: false, big: false };
pub(crate) const BIG: Form = Form { explicit: true, big: true };
pub(crate) const FORMS: [Form; 3] = [EXPLICIT, IMPLICIT, BIG];

impl Form {
    pub(crate) fn uid(self) -> &'static str {
        match (self.explicit, self.big) {
            (true, false) => "1.2.840.10008.1.2.1",
            (false, _) => "1.2.840.10008.1.2",
            (true, true) => "1.2.840.10008.1.2.2",
        }
    }

    pub(crate) fn short(self, value: u16) -> [u8; 2] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn long(self, value: u32) -> [u8; 4] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    pub(crate) fn tag(self, (group, element): (u16, u16)) -> [u8; 4] {
        let [[a, b], [c, d]] = [self.short(group), self.short(element)];
        [a, b, c, d]
    }

    /// Tag, value representation and length, which need not be that of a value.
    pub(crate) fn start(self, tag: (u16, u16), vr: &[u8; 2], length: u32) -> Vec<u8> {
        let tag = self.tag(tag);
        let is_long = [b"OB", b"OW", b"SQ", b"UN", b"UT", b"OD"].contains(&vr);
        match self.explicit {
            false => [&tag[..], &self.long(length)].concat(),
            true if is_long => [&tag[..], vr, &[0, 0], &self.long(length)].concat(),
            true => [&tag[..], vr, &self.short(length as u16)].concat(),
        }
    }

    pub(crate) fn element(self, tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        let padding = if vr == b"UI" || vr.starts_with(b"O") { 0 } else { b' ' };
        value.resize(value.len().next_multiple_of(2), padding);
        [self.start(tag, vr, value.len() as u32), value].concat()
    }

    pub(crate) fn shorts(self, values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|&value| self.short(value)).collect()
    }

    /// A sequence of these items, with lengths or without.
    pub(crate) fn sequence(self, tag: (u16, u16), items: &[Vec<u8>], lengths: bool) -> Vec<u8> {
        let items: Vec<u8> = items.iter().flat_map(|item| self.item(item, lengths)).collect();
        if lengths {
            return [self.start(tag, b"SQ", items.len() as u32), items].concat();
        }
        let end = [self.tag((0xFFFE, 0xE0DD)), [0; 4]].concat();
        [self.start(tag, b"SQ", u32::MAX), items, end].concat()
    }

    pub(crate) fn item(self, elements: &[u8], lengths: bool) -> Vec<u8> {
        let start = self.tag((0xFFFE, 0xE000));
        if lengths {
            return [&start[..], &self.long(elements.len() as u32), elements].concat();
        }
        let end = [self.tag((0xFFFE, 0xE00D)), [0; 4]].concat();
        [&start[..], &[0xFF; 4], elements, &end].concat()
    }
}

/// The values of the sixteen pixels of a [`File`].
pub(crate) fn stored() -> Vec<u16> {
    (0..16).map(|number| number * 273).collect()
}

/// A file of 4 × 4 pixels of twelve bits, with a window over all of them.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) form: Form,
    /// The file meta group.
    pub(crate) meta: Vec<u8>,
    elements: BTreeMap<(u16, u16), Vec<u8>>,
}

/// A file meta group in explicit little endian.
pub(crate) fn meta(uid: &str) -> Vec<u8> {
    let element = |number, vr, value: &[u8]| EXPLICIT.element((2, number), vr, value);
    let rest = [
        element(1, b"OB", &[0, 1]),
        element(2, b"UI", b"1.2.840.10008.5.1.4.1.1.1.1"),
        element(3, b"UI", b"1.2.3"),
        element(0x10, b"UI", uid.as_bytes()),
        element(0x12, b"UI", b"1.2.4"),
    ]
    .concat();
    [element(0, b"UL", &(rest.len() as u32).to_le_bytes()), rest].concat()
}

impl File {
    pub(crate) fn new(form: Form) -> Self {
        let mut file = Self { form, meta: meta(form.uid()), elements: BTreeMap::new() };
        file.put((8, 0x16), b"UI", b"1.2.840.10008.5.1.4.1.1.1.1");
        file.put((8, 0x18), b"UI", b"1.2.3");
        file.put((0x28, 4), b"CS", b"MONOCHROME2");
        for (element, value) in
            [(2, 1), (0x10, 4), (0x11, 4), (0x100, 16), (0x101, 12), (0x102, 11), (0x103, 0)]
        {
            file.put((0x28, element), b"US", &form.short(value));
        }
        file.put((0x28, 0x1050), b"DS", b"2048");
        file.put((0x28, 0x1051), b"DS", b"4096");
        file.put((0x7FE0, 0x10), b"OW", &form.shorts(&stored()));
        file
    }

    /// Puts an element in its place, or in that of another.
    pub(crate) fn put(&mut self, tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> &mut Self {
        self.raw(tag, self.form.element(tag, vr, value))
    }

    pub(crate) fn raw(&mut self, tag: (u16, u16), bytes: Vec<u8>) -> &mut Self {
        self.elements.insert(tag, bytes);
        self
    }

    pub(crate) fn remove(&mut self, tag: (u16, u16)) -> &mut Self {
        self.elements.remove(&tag);
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let elements = self.elements.values().flatten().copied().collect();
        [vec![0; 128], b"DICM".to_vec(), self.meta.clone(), elements].concat()
    }
}

pub(crate) fn read(file: &File) -> Radiograph {
    decode(&file.bytes(), &Limits::default()).unwrap()
}
