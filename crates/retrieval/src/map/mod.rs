//! A map of many codes: a place in the plane for each, near ones near each other.
//!
//! The method is UMAP (McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and
//! Projection for Dimension Reduction", arXiv:1802.03426, 2018) on the exact nearest neighbours in
//! Hamming space. It is written here because the index finds the neighbours of 100,000 codes in
//! seconds, and no crate at hand takes neighbours as input.

mod graph;
mod layout;

use std::collections::BTreeMap;

use crate::{Descriptor, Error, HashCode, Index, Result};

/// A place in the unit square.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    /// The position from left to right, 0 to 1.
    pub x: f32,
    /// The position from top to bottom, 0 to 1.
    pub y: f32,
}

/// The radius of a circle of all pictures if they had one code, as a share of the map's side. A
/// circle's area is in proportion to its pictures.
const CROWD: f32 = 0.2;
/// The angle between two successive pictures on the spiral that fills a circle: the golden angle.
const GOLDEN: f32 = 2.399_963;

/// Places of codes of one length. The same codes and seed give the same places. `progress` gets the
/// share that is done.
///
/// Equal codes lie around one place, in a circle.
///
/// # Errors
/// If the codes' lengths differ.
pub fn map(codes: &[HashCode], seed: u64, progress: impl FnMut(f64)) -> Result<Vec<Place>> {
    let Some(first) = codes.first() else { return Ok(Vec::new()) };
    if let Some(other) = codes.iter().find(|code| code.bits() != first.bits()) {
        return Err(Error::CodeMismatch { got: other.bits(), expected: first.bits() });
    }
    let mut distinct: BTreeMap<&[u64], Vec<usize>> = BTreeMap::new();
    for (at, code) in codes.iter().enumerate() {
        distinct.entry(code.words()).or_default().push(at);
    }
    let numbered =
        distinct.keys().enumerate().map(|(id, words)| (id as u64, *words, Descriptor::default()));
    let index = Index::of(numbered, first.bits())?;
    let edges = graph::edges(&index)?;
    let mut centres = layout::places(&layout::start(&index)?, &edges, seed, progress);
    fit(&mut centres);
    let mut all = vec![[0.5; 2]; codes.len()];
    for (centre, members) in centres.into_iter().zip(distinct.values()) {
        for (rank, &at) in members.iter().enumerate() {
            all[at] = around(centre, rank, codes.len());
        }
    }
    fit(&mut all);
    Ok(all.into_iter().map(|[x, y]| Place { x, y }).collect())
}

/// Stretches the places to the unit square, with a margin, equally in both directions.
fn fit(places: &mut [[f32; 2]]) {
    let side = |axis: usize| {
        let values = places.iter().map(|place| place[axis]);
        values.fold((f32::MAX, f32::MIN), |(low, high), value| (low.min(value), high.max(value)))
    };
    let sides = [side(0), side(1)];
    let extent = sides.iter().map(|(low, high)| high - low).fold(f32::MIN_POSITIVE, f32::max);
    for place in places {
        for (value, (low, high)) in place.iter_mut().zip(sides) {
            *value = 0.5 + 0.95 * (*value - (low + high) / 2.0) / extent;
        }
    }
}

/// The place of the picture `rank` of `all` that share a code.
fn around([x, y]: [f32; 2], rank: usize, all: usize) -> [f32; 2] {
    let (radius, angle) = (CROWD * (rank as f32 / all as f32).sqrt(), GOLDEN * rank as f32);
    [x + radius * angle.cos(), y + radius * angle.sin()]
}

#[cfg(test)]
mod tests;
