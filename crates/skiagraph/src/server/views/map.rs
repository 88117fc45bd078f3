//! The gallery's map, as JSON.

use retrieval::gallery::{Plot, Trait};
use schemars::JsonSchema;
use serde::Serialize;

/// Pictures laid out in the plane, similar ones near each other. All lists but those of `traits`
/// are as long as `ids`.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct MapView {
    ids: Vec<u64>,
    /// From 0 at the left to 65,535.
    x: Vec<u16>,
    /// From 0 at the top to 65,535.
    y: Vec<u16>,
    /// What pictures can be coloured by.
    traits: Vec<TraitView>,
    /// Pictures that came after the map was drawn, and are not on it.
    newer: usize,
}

/// What every picture has one value of, or none.
#[derive(Serialize, JsonSchema)]
struct TraitView {
    name: String,
    /// The most frequent values.
    values: Vec<String>,
    /// For each picture its value's number; the length of `values` for any other value, or none.
    of: Vec<u8>,
}

impl From<Plot> for MapView {
    fn from(plot: Plot) -> Self {
        let (x, y) = plot.places.iter().map(|&[x, y]| (x, y)).unzip();
        let traits = plot.traits.into_iter().map(TraitView::from).collect();
        Self { ids: plot.ids, x, y, traits, newer: plot.newer }
    }
}

impl From<Trait> for TraitView {
    fn from(Trait { name, values, of }: Trait) -> Self {
        Self { name: name.to_owned(), values, of }
    }
}
