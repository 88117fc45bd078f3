//! The gallery's map, as JSON.

use gallery::{Plot, Trait};
use schemars::JsonSchema;
use serde::Serialize;

/// Pictures laid out in the plane, similar ones near each other. All lists but those of `traits`
/// are as long as `ids`.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MapView {
    ids: Vec<u64>,
    /// The positions from the left, 0 to 65,535.
    x: Vec<u16>,
    /// The positions from the top, 0 to 65,535.
    y: Vec<u16>,
    /// The traits that pictures can be coloured by.
    traits: Vec<TraitView>,
    /// The number of pictures added since the map was drawn, which are not on it.
    newer: usize,
}

/// A property of pictures. Each picture has at most one value of it.
#[derive(Serialize, JsonSchema)]
struct TraitView {
    name: String,
    /// The most frequent values.
    values: Vec<String>,
    /// The position in `values` of each picture's value; the length of `values` for any other value
    /// or none.
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
