//! Writes TIFF and BigTIFF entry by entry, for tests.
#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod bits;

/// Bytes of offsets, and their order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) big: bool,
    pub(crate) little: bool,
}

impl Order {
    fn number(self, value: u64, bytes: usize) -> Vec<u8> {
        let all = value.to_be_bytes();
        let mut digits = all[8 - bytes..].to_vec();
        if self.little {
            digits.reverse();
        }
        digits
    }
}

/// The value of an entry.
#[derive(Clone)]
enum Value {
    Numbers(Vec<u64>),
    Block(Vec<u8>),
    /// The position of these bytes.
    Pointer(Vec<u8>),
}

/// A page, and those after and below it.
#[derive(Clone)]
pub(crate) struct Tiff {
    order: Order,
    entries: Vec<(u16, Value)>,
    chunks: Vec<Vec<u8>>,
    tiled: bool,
    next: Option<Box<Tiff>>,
    below: Option<Box<Tiff>>,
}

impl Tiff {
    /// Greys of these sides, black is zero.
    pub(crate) fn new(order: Order, width: usize, height: usize) -> Self {
        let numbers = |value: usize| Value::Numbers(vec![value as u64]);
        let entries = vec![(256, numbers(width)), (257, numbers(height)), (262, numbers(1))];
        Self { order, entries, chunks: vec![], tiled: false, next: None, below: None }
    }

    fn set(mut self, tag: u16, value: Value) -> Self {
        self.entries.retain(|(other, _)| *other != tag);
        self.entries.push((tag, value));
        self
    }

    /// Sets an entry of whole numbers.
    pub(crate) fn with(self, tag: u16, values: &[u64]) -> Self {
        self.set(tag, Value::Numbers(values.to_vec()))
    }

    /// Sets an entry of bytes that TIFF does not interpret.
    pub(crate) fn block(self, tag: u16, bytes: &[u8]) -> Self {
        self.set(tag, Value::Block(bytes.to_vec()))
    }

    /// Sets an entry of the position of bytes.
    pub(crate) fn pointer(self, tag: u16, bytes: Vec<u8>) -> Self {
        self.set(tag, Value::Pointer(bytes))
    }

    /// Adds a strip.
    pub(crate) fn strip(mut self, bytes: Vec<u8>) -> Self {
        self.chunks.push(bytes);
        self
    }

    /// Adds a tile.
    pub(crate) fn tile(mut self, bytes: Vec<u8>) -> Self {
        self.tiled = true;
        self.strip(bytes)
    }

    /// Another page after it.
    pub(crate) fn then(mut self, page: Self) -> Self {
        self.next = Some(Box::new(page));
        self
    }

    /// Another page below it.
    pub(crate) fn below(mut self, page: Self) -> Self {
        self.below = Some(Box::new(page));
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let number = |value, bytes| self.order.number(value, bytes);
        let mut file = if self.order.little { b"II".to_vec() } else { b"MM".to_vec() };
        let offset = if self.order.big { 8 } else { 4 };
        file.extend(if self.order.big {
            [number(43, 2), number(8, 2), number(0, 2)].concat()
        } else {
            number(42, 2)
        });
        let first = file.len();
        file.extend(vec![0; offset]);
        let at = self.write(&mut file);
        file[first..first + offset].copy_from_slice(&number(at, offset));
        file
    }

    /// Appends the page, and those after and below it; gives its position.
    fn write(&self, file: &mut Vec<u8>) -> u64 {
        let mut entries = self.entries.clone();
        let place = |file: &mut Vec<u8>, bytes: &[u8]| {
            let at = file.len() as u64;
            file.extend(bytes);
            // Positions are even.
            file.resize(file.len().next_multiple_of(2), 0);
            at
        };
        let (offsets, counts) = if self.tiled { (324, 325) } else { (273, 279) };
        let at: Vec<u64> = self.chunks.iter().map(|chunk| place(file, chunk)).collect();
        let lengths = self.chunks.iter().map(|chunk| chunk.len() as u64).collect();
        if !self.chunks.is_empty() {
            entries.extend([(offsets, Value::Numbers(at)), (counts, Value::Numbers(lengths))]);
        }
        if let Some(below) = &self.below {
            entries.push((330, Value::Numbers(vec![below.write(file)])));
        }
        let next = self.next.as_ref().map_or(0, |next| next.write(file));
        entries.sort_by_key(|(tag, _)| *tag);
        let offset = if self.order.big { 8 } else { 4 };
        let number = |value, bytes| self.order.number(value, bytes);
        let mut directory = number(entries.len() as u64, if self.order.big { 8 } else { 2 });
        for (tag, value) in &entries {
            let (kind, count, bytes) = match value {
                Value::Block(bytes) => (7, bytes.len(), bytes.clone()),
                Value::Pointer(bytes) => (4, 1, number(place(file, bytes), 4)),
                Value::Numbers(values) => {
                    let short = values.iter().all(|&value| value < 1 << 16);
                    let (kind, length) = if short { (3, 2) } else { (4, 4) };
                    let bytes = values.iter().flat_map(|&value| number(value, length)).collect();
                    (kind, values.len(), bytes)
                }
            };
            let mut inside = bytes;
            if inside.len() > offset {
                inside = number(place(file, &inside), offset);
            }
            inside.resize(offset, 0);
            let head = [number(u64::from(*tag), 2), number(kind, 2), number(count as u64, offset)];
            directory.extend([head.concat(), inside].concat());
        }
        directory.extend(number(next, offset));
        place(file, &directory)
    }
}

/// Rows of so many numbers of so many bits: packed from the highest bit where they do not fill
/// bytes, else in the file's order of bytes.
pub(crate) fn packed(order: Order, depth: u32, width: usize, values: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in values.chunks(width) {
        if depth.is_multiple_of(8) {
            row.iter().for_each(|&value| bytes.extend(order.number(value, depth as usize / 8)));
            continue;
        }
        let text: String =
            row.iter().map(|value| format!("{value:0width$b}", width = depth as usize)).collect();
        bytes.extend(bits::of_text(&text));
    }
    bytes
}
