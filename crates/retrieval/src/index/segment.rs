//! Codes that no longer change, and the rows of them that were deleted.

use std::path::Path;
use std::sync::Arc;

use super::header::Header;
use super::image::Image;
use super::nearest::Nearest;
use super::query::{Asked, Search};
use crate::Result;
use crate::hamming::Kernel;

/// An immutable part of an index. A clone shares its bytes.
#[derive(Clone)]
pub(super) struct Segment {
    image: Arc<Image>,
    /// A bit a row, 1 for those that were deleted; empty while none was.
    dead: Vec<u64>,
    deaths: usize,
}

impl Segment {
    /// See [`Image::make`].
    pub(super) fn make(header: Header, ids: &[u64], words: &[u64]) -> Self {
        Self::of(Image::make(header, ids, words))
    }

    /// See [`Image::open`].
    pub(super) fn open(path: &Path) -> Result<Self> {
        Image::open(path).map(Self::of)
    }

    fn of(image: Image) -> Self {
        Self { image: Arc::new(image), dead: Vec::new(), deaths: 0 }
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    /// Codes that were not deleted.
    pub(super) fn len(&self) -> usize {
        self.image.header().rows - self.deaths
    }

    pub(super) fn is_dead(&self, row: usize) -> bool {
        self.dead.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// The row of an id that was not deleted.
    pub(super) fn row(&self, id: u64) -> Option<usize> {
        self.image.ids().binary_search(&id).ok().filter(|&row| !self.is_dead(row))
    }

    /// Deletes an id; whether it was there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(row) = self.row(id) else { return false };
        if self.dead.is_empty() {
            self.dead = vec![0; self.image.header().rows.div_ceil(64)];
        }
        self.dead[row / 64] |= 1 << (row % 64);
        self.deaths += 1;
        true
    }

    /// The ids and codes that were not deleted, by id.
    pub(super) fn live(&self) -> impl Iterator<Item = (u64, &[u64])> {
        let rows = self.image.ids().iter().zip(self.image.words().chunks_exact(self.image.header().width()));
        rows.enumerate().filter(|(row, _)| !self.is_dead(*row)).map(|(_, (&id, code))| (id, code))
    }

    /// Adds a row of this distance, if it may answer.
    pub(super) fn offer(&self, row: usize, distance: u16, search: &Search<'_>, nearest: &mut Nearest) {
        let id = self.image.ids()[row];
        if distance < nearest.bound() && !self.is_dead(row) && search.admits(id) {
            nearest.push(id, distance);
        }
    }

    /// Asks the named ids alone, one by one.
    pub(super) fn gather(&self, asked: &Asked, search: &Search<'_>, nearest: &mut Nearest) {
        let width = self.image.header().width();
        for id in search.only.into_iter().flatten() {
            let Some(row) = self.row(id) else { continue };
            let mut distance = [0];
            let code = &self.image.words()[row * width..(row + 1) * width];
            Kernel::best().distances(asked.words(), code, &mut distance);
            self.offer(row, distance[0], search, nearest);
        }
    }
}
