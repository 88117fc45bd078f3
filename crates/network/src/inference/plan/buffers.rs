//! Feature maps, and the memory they live in.

/// A channels-last feature map.
#[derive(Default)]
pub(super) struct Map {
    pub values: Vec<f32>,
    /// N, H, W, C.
    pub shape: [usize; 4],
}

impl Map {
    /// The number of floats of one picture.
    pub(super) fn picture(&self) -> usize {
        self.shape[1..].iter().product::<usize>().max(1)
    }
}

/// Memory of feature maps that are no longer needed, for those to come.
#[derive(Default)]
pub(super) struct Buffers {
    free: Vec<Vec<f32>>,
    /// The number of multiplications and additions of the convolutions so far, counted as if none
    /// took a short cut.
    pub operations: usize,
}

impl Buffers {
    /// A map whose values are arbitrary: what was left in its memory.
    pub(super) fn take(&mut self, shape: [usize; 4]) -> Map {
        let len = shape.iter().product();
        let spare = self.free.iter().enumerate().filter(|(_, b)| b.capacity() >= len);
        let smallest = spare.min_by_key(|(_, b)| b.capacity()).map(|(i, _)| i);
        let mut values = smallest.map_or_else(Vec::new, |i| self.free.swap_remove(i));
        values.resize(len, 0.0);
        Map { values, shape }
    }

    /// A map with one value throughout.
    pub(super) fn filled(&mut self, value: f32, shape: [usize; 4]) -> Map {
        let mut map = self.take(shape);
        map.values.fill(value);
        map
    }

    /// A map with these values.
    pub(super) fn copy(&mut self, values: &[f32], shape: [usize; 4]) -> Map {
        let mut map = self.take(shape);
        map.values.copy_from_slice(values);
        map
    }

    /// Takes the memory of maps back.
    pub(super) fn give<const N: usize>(&mut self, maps: [Map; N]) {
        self.free.extend(maps.map(|map| map.values));
    }
}
