//! A trained saliency network ready for use. It gives a map for each finding of a radiograph, and
//! S, their union.

use crate::error::Result;
use crate::inference::check_size;
use crate::inference::plan::MapPlan;
use crate::inference::saliency_map::SaliencyMap;
use crate::model::finding::{self, FindingCard};
use radiograph::{Input, Preprocess};
use std::path::Path;

/// The side of the square's area that a place of a map stands for, in pixels.
const PLACE: u32 = 4;

/// A trained saliency network.
pub struct Finder {
    card: FindingCard,
    plan: MapPlan,
}

/// The maps of where a radiograph's findings may lie.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingMaps {
    /// A map for each finding, in the network's order, at a quarter of the square's size.
    pub by_finding: Vec<SaliencyMap>,
}

impl FindingMaps {
    /// S: the largest of the maps at each place, over the whole square that the network saw.
    pub fn union(&self) -> SaliencyMap {
        let size = self.by_finding.first().map_or(0, |map| map.size);
        let places = (size * size) as usize;
        let largest =
            |place: usize| self.by_finding.iter().map(|map| map.values[place]).fold(0.0, f32::max);
        SaliencyMap { size, values: (0..places).map(largest).collect() }.resized(PLACE * size)
    }

    /// The map of a finding over the whole square.
    pub fn of(&self, finding: usize) -> SaliencyMap {
        let map = &self.by_finding[finding];
        map.resized(PLACE * map.size)
    }
}

impl Finder {
    /// Reads a network that `train --stage saliency` wrote.
    ///
    /// # Errors
    /// [`crate::Error::File`], [`crate::Error::NotASaliencyNetwork`],
    /// [`crate::Error::WeightsUnreadable`] and errors of single weights.
    pub fn load(path: &Path) -> Result<Self> {
        let (weights, card) = finding::read(path)?;
        Ok(Self { card, plan: MapPlan::new(&weights) })
    }

    /// The network's description of itself.
    pub fn card(&self) -> &FindingCard {
        &self.card
    }

    /// The preprocessing that inputs must have had.
    pub fn preprocess(&self) -> &Preprocess {
        &self.card.preprocess
    }

    /// The maps of inputs by one pass, in order.
    ///
    /// # Errors
    /// [`crate::Error::InputSize`] for an input that had another preprocessing.
    pub fn find(&self, inputs: &[Input]) -> Result<Vec<FindingMaps>> {
        let size = self.card.preprocess.size;
        inputs.iter().try_for_each(|input| check_size(input, size))?;
        let pictures: Vec<f32> =
            inputs.iter().flat_map(|input| input.pixels.iter().copied()).collect();
        let maps = self.plan.run(&pictures, size as usize);
        let (side, count) = (size / PLACE, self.card.findings.len());
        let picture = |maps: &[f32]| FindingMaps {
            by_finding: (0..count)
                .map(|f| SaliencyMap {
                    size: side,
                    values: maps[f..].iter().step_by(count).copied().collect(),
                })
                .collect(),
        };
        Ok(maps.chunks_exact((side * side) as usize * count).map(picture).collect())
    }

    /// The mean of the maps of each picture and of its mirror images: left–right, upside down, and
    /// both. It takes four passes.
    ///
    /// # Errors
    /// Those of [`Finder::find`].
    pub fn find_by_mirrors(&self, inputs: &[Input]) -> Result<Vec<FindingMaps>> {
        let mut sums: Option<Vec<FindingMaps>> = None;
        for flips in [[false, false], [true, false], [false, true], [true, true]] {
            let turn = |values: &[f32], side: u32| mirrored(values, side as usize, flips);
            let flipped = inputs
                .iter()
                .map(|input| Input { pixels: turn(&input.pixels, input.size), ..input.clone() });
            let mut maps = self.find(&flipped.collect::<Vec<_>>())?;
            for map in maps.iter_mut().flat_map(|maps| &mut maps.by_finding) {
                map.values = turn(&map.values, map.size).iter().map(|v| v / 4.0).collect();
            }
            match &mut sums {
                Some(sums) => add(sums, &maps),
                None => sums = Some(maps),
            }
        }
        Ok(sums.unwrap_or_default())
    }
}

fn add(sums: &mut [FindingMaps], maps: &[FindingMaps]) {
    let all = |maps: &FindingMaps| -> Vec<f32> {
        maps.by_finding.iter().flat_map(|m| m.values.clone()).collect()
    };
    for (sum, more) in sums.iter_mut().zip(maps) {
        let more = all(more);
        let values = sum.by_finding.iter_mut().flat_map(|map| &mut map.values);
        values.zip(more).for_each(|(sum, more)| *sum += more);
    }
}

/// A square mirrored left–right, upside down, or both. Mirroring it again gives the original.
fn mirrored(values: &[f32], side: usize, [across, down]: [bool; 2]) -> Vec<f32> {
    let at = |i: usize, flip: bool| if flip { side - 1 - i } else { i };
    (0..side * side).map(|i| values[at(i / side, down) * side + at(i % side, across)]).collect()
}
