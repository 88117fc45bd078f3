//! A segment: codes that no longer change, and marks of deleted rows.

use std::path::Path;
use std::sync::Arc;

use roaring::RoaringTreemap;

use super::header::Header;
use super::image::Image;
use super::nearest::{Found, Nearest, found, merge, parts};
use super::query::{Asked, Search};
use super::{Ranked, Row};
use crate::Result;
use crate::descriptor::Bytes;

/// An immutable part of an index. A clone shares its bytes.
#[derive(Clone)]
pub(super) struct Segment {
    image: Arc<Image>,
    /// A bit for each row, 1 if it was deleted; empty if none was.
    dead: Vec<u64>,
    deaths: usize,
}

impl Segment {
    /// See [`Image::make`].
    pub(super) fn make(header: Header, ids: &[u64], words: &[u64], descriptors: &[Bytes]) -> Self {
        Self::of(Image::make(header, ids, words, descriptors))
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

    /// The number of codes that were not deleted.
    pub(super) fn len(&self) -> usize {
        self.image.header().rows - self.deaths
    }

    pub(super) fn is_dead(&self, row: usize) -> bool {
        self.dead.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// The row of an id that was not deleted.
    pub(super) fn row(&self, id: u64) -> Option<usize> {
        let ids = self.image.ids();
        // The row can be no later than if no id were missing. Mostly few are, so the search goes
        // back from there.
        let latest = usize::try_from(id.checked_sub(*ids.first()?)?)
            .unwrap_or(usize::MAX)
            .min(ids.len() - 1);
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

    /// Deletes an id. Returns whether it was there.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let Some(row) = self.row(id) else { return false };
        if self.dead.is_empty() {
            self.dead = vec![0; self.image.header().rows.div_ceil(64)];
        }
        self.dead[row / 64] |= 1 << (row % 64);
        self.deaths += 1;
        true
    }

    /// The rows that were not deleted, by id.
    pub(super) fn live(&self) -> impl Iterator<Item = Row<'_>> {
        let codes = self.image.words().chunks_exact(self.image.header().width());
        let rows = self.image.ids().iter().zip(codes).zip(self.image.descriptors());
        let live = rows.enumerate().filter(|(row, _)| !self.is_dead(*row));
        live.map(|(_, ((&id, code), descriptor))| (id, code, descriptor))
    }

    /// Adds a row of this distance, if it may answer.
    pub(super) fn offer(
        &self,
        row: usize,
        distance: u16,
        (asked, search): (&Asked, &Search<'_>),
        nearest: &mut Nearest,
    ) {
        if !nearest.wants(row, distance) {
            return;
        }
        let found = found(row, distance, asked.tie(|| &self.image.descriptors()[row]));
        if nearest.wants_found(found) && !self.is_dead(row) && search.admits(self.image.ids()[row])
        {
            nearest.push(found);
        }
    }

    /// The `k` nearest of the found rows, as neighbours.
    pub(super) fn neighbors(&self, found: Vec<Found>, k: usize) -> Vec<Ranked> {
        let ids = self.image.ids();
        let neighbor = |found| {
            let (row, distance, tie) = parts(found);
            Ranked { distance, tie, id: ids[row] }
        };
        merge(found, k).into_iter().map(neighbor).collect()
    }

    /// The rows and codes of named ids that may answer.
    pub(super) fn named(
        &self,
        only: &RoaringTreemap,
        search: &Search<'_>,
    ) -> (Vec<usize>, Vec<u64>) {
        let width = self.image.header().width();
        let admitted =
            only.iter().filter(|id| search.except.is_none_or(|except| !except.contains(*id)));
        let rows: Vec<usize> = admitted.filter_map(|id| self.row(id)).collect();
        let code = |&row: &usize| &self.image.words()[row * width..(row + 1) * width];
        let words = rows.iter().flat_map(code).copied().collect();
        (rows, words)
    }
}
