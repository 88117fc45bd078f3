//! Codes that no longer change, and the rows of them that were deleted.

use std::path::Path;
use std::sync::Arc;

use roaring::RoaringTreemap;

use super::Neighbor;
use super::header::Header;
use super::image::Image;
use super::nearest::{Found, Nearest, merge, row_and_distance};
use super::query::Search;
use crate::Result;

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
        let ids = self.image.ids();
        // No row comes later than it would if no id were missing; mostly few are, so the search goes back from there.
        let latest = usize::try_from(id.checked_sub(*ids.first()?)?).unwrap_or(usize::MAX).min(ids.len() - 1);
        let mut step = 1;
        while step < latest && ids[latest - step] > id {
            step *= 2;
        }
        let from = latest.saturating_sub(step);
        let row = from + ids[from..=latest].binary_search(&id).ok()?;
        (!self.is_dead(row)).then_some(row)
    }

    /// The code of an id that was not deleted.
    pub(super) fn code(&self, id: u64) -> Option<&[u64]> {
        let width = self.image.header().width();
        self.row(id).map(|row| &self.image.words()[row * width..(row + 1) * width])
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
        if nearest.wants(row, distance) && !self.is_dead(row) && search.admits(self.image.ids()[row]) {
            nearest.push(row, distance);
        }
    }

    /// The `k` nearest of the found rows, as neighbours.
    pub(super) fn neighbors(&self, found: Vec<Found>, k: usize) -> Vec<Neighbor> {
        let ids = self.image.ids();
        let neighbor = |found| {
            let (row, distance) = row_and_distance(found);
            Neighbor { distance, id: ids[row] }
        };
        merge(found, k).into_iter().map(neighbor).collect()
    }

    /// The rows that may answer of those whose ids are named, and their codes.
    pub(super) fn named(&self, only: &RoaringTreemap, search: &Search<'_>) -> (Vec<usize>, Vec<u64>) {
        let width = self.image.header().width();
        let admitted = only.iter().filter(|id| search.except.is_none_or(|except| !except.contains(*id)));
        let rows: Vec<usize> = admitted.filter_map(|id| self.row(id)).collect();
        let code = |&row: &usize| &self.image.words()[row * width..(row + 1) * width];
        let words = rows.iter().flat_map(code).copied().collect();
        (rows, words)
    }
}
