//! Leakage of the class through the map: its shape may carry the class past the picture, so that
//! the modified image is a code by itself. To measure it, the map alone is classified, and maps are
//! swapped between pictures.

use super::{Explainer, mean};
use crate::error::Result;
use crate::inference::saliency_map::SaliencyMap;
use radiograph::{Frame, Input};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use retrieval::HashCode;
use std::collections::BTreeMap;

/// The number of neighbours that vote.
pub const NEIGHBOURS: usize = 10;
/// The number of places of a coarse map along a side.
const COARSE: u32 = 16;
/// The number of samples along a side of each of those places.
const SAMPLES: u32 = 4;

/// A coarse map and the class of its picture.
pub type Classed<'a> = (Vec<f32>, &'a str);

/// The accuracy of telling the class from maps alone. Every value is in 0..=1.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// The share of the queries whose class is told correctly.
    pub accuracy: f64,
    /// The mean of that share over the queries' classes. By chance it is one divided by their
    /// number.
    pub balanced: f64,
    /// The share of the queries that have the gallery's most frequent class: the accuracy without
    /// any map.
    pub majority: f64,
}

/// Mean Hamming distances, in bits, of codes of X under its own map S and under S', the map of
/// another picture X'.
#[derive(Clone, Debug, PartialEq)]
pub struct Swapped {
    /// The distance of (X, S) and (X, S'): how much the map determines the code.
    pub own: f64,
    /// The distance of (X, S') and (X', S'). If it is below `own`, the code follows the map rather
    /// than the picture.
    pub donor: f64,
    /// The distance of (X, S) and (X', S'), two different pictures, for comparison.
    pub between: f64,
}

/// The means of a map over 16×16 parts of the picture, row by row.
pub fn coarse(map: &SaliencyMap, frame: &Frame) -> Vec<f32> {
    let side = (COARSE * SAMPLES) as usize;
    let fine = map.onto(frame, side as u32, side as u32);
    let (places, samples) = (COARSE as usize, SAMPLES as usize);
    let mut means = vec![0.0; places * places];
    for (i, value) in fine.iter().enumerate() {
        means[i / side / samples * places + i % side / samples] +=
            value / (samples * samples) as f32;
    }
    means
}

/// Classifies every query by the votes of its ten nearest maps of the gallery, by Euclidean
/// distance. Of classes with equally many votes, that of the nearest map wins.
pub fn classify(gallery: &[Classed<'_>], queries: &[Classed<'_>]) -> Accuracy {
    let majority = winner(gallery.iter().map(|(_, class)| *class));
    let answers: Vec<Option<&str>> =
        queries.par_iter().map(|(map, _)| winner(nearest(gallery, map).into_iter())).collect();
    let right =
        |answer: &Option<&str>, (_, class): &Classed<'_>| f64::from(*answer == Some(*class));
    let mut by_class = BTreeMap::<&str, Vec<f64>>::new();
    for (answer, query) in answers.iter().zip(queries) {
        by_class.entry(query.1).or_default().push(right(answer, query));
    }
    Accuracy {
        accuracy: mean(answers.iter().zip(queries).map(|(answer, query)| right(answer, query))),
        balanced: mean(by_class.values().map(|rights| mean(rights.iter().copied()))),
        majority: mean(queries.iter().map(|query| right(&majority, query))),
    }
}

/// The classes of the nearest maps, the nearest first.
fn nearest<'a>(gallery: &[Classed<'a>], query: &[f32]) -> Vec<&'a str> {
    let distance = |map: &[f32]| map.iter().zip(query).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    let mut by_distance: Vec<(f32, &str)> =
        gallery.iter().map(|(map, class)| (distance(map), *class)).collect();
    by_distance.sort_by(|a, b| a.0.total_cmp(&b.0));
    by_distance.into_iter().take(NEIGHBOURS).map(|(_, class)| class).collect()
}

/// The most frequent class. Of several it is the one that comes first.
fn winner<'a>(classes: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut votes = Vec::<(&str, usize)>::new();
    for class in classes {
        match votes.iter_mut().find(|(known, _)| *known == class) {
            Some((_, count)) => *count += 1,
            None => votes.push((class, 1)),
        }
    }
    // `max_by_key` returns the last of equal elements.
    votes.into_iter().rev().max_by_key(|(_, count)| *count).map(|(class, _)| class)
}

impl Explainer {
    /// Swaps maps between pictures. Each gets the map of another, drawn from `seed`, at its place
    /// in the square. Distances are 0 for fewer than two pictures.
    ///
    /// # Errors
    /// [`crate::Error::InputSize`] for an input that had another preprocessing, and errors of
    /// codes.
    pub fn swap_maps(&self, inputs: &[Input], seed: u64) -> Result<Swapped> {
        let maps = self.saliency(inputs)?;
        let donors = donors(inputs.len(), seed);
        let own = self.codes_under(&inputs.iter().zip(&maps).collect::<Vec<_>>())?;
        let pictures: Vec<_> =
            inputs.iter().zip(donors.iter().map(|&donor| &maps[donor])).collect();
        let swapped = self.codes_under(&pictures)?;
        let distances = |of: &dyn Fn(usize) -> (HashCode, HashCode)| {
            mean((0..inputs.len()).map(of).map(|(a, b)| f64::from(a.distance(&b))))
        };
        Ok(Swapped {
            own: distances(&|i| (own[i], swapped[i])),
            donor: distances(&|i| (swapped[i], own[donors[i]])),
            between: distances(&|i| (own[i], own[donors[i]])),
        })
    }
}

/// The index of another picture for each of `count` pictures. All are in one circle, so that none
/// gets itself if there are two or more.
fn donors(count: usize, seed: u64) -> Vec<usize> {
    let mut circle: Vec<usize> = (0..count).collect();
    circle.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut donors = vec![0; count];
    circle
        .iter()
        .zip(circle.iter().cycle().skip(1))
        .for_each(|(picture, next)| donors[*picture] = *next);
    donors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::samples;

    #[test]
    fn a_coarse_map_has_the_means_of_the_picture_alone() {
        // Two columns of ones and two of zeros in the picture, which fills rows 1 and 2, and 9
        // beside it.
        let values = (0..16)
            .map(|i| if (4..12).contains(&i) { f32::from(i % 4 < 2) } else { 9.0 })
            .collect();
        let map = coarse(
            &SaliencyMap { size: 4, values },
            &Frame { top: 1, height: 2, ..Frame::full(4) },
        );
        let row = &map[8 * 16..9 * 16];
        // Rows in the middle of the picture see nothing of what is beside it.
        assert!(
            row[..6].iter().all(|v| (v - 1.0).abs() < 1e-6)
                && row[10..].iter().all(|v| v.abs() < 1e-6)
        );
        assert!((row[7] + row[8] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn neighbours_vote() {
        assert_eq!(winner(["b", "a", "a", "b"].into_iter()), Some("b"));
        assert_eq!(winner(["b", "a", "a"].into_iter()), Some("a"));
        assert_eq!(winner([].into_iter()), None);
        let mut gallery: Vec<Classed<'_>> =
            (0..12).map(|i| (vec![i as f32 * 0.01], "low")).collect();
        gallery.extend((0..8).map(|i| (vec![1.0 + i as f32 * 0.01], "high")));
        // Of ten neighbours of 1.0, eight are high; of 0.0, all are low. The third query is low but
        // has the other name.
        let queries =
            [(vec![1.0], "high"), (vec![0.0], "low"), (vec![0.1], "high"), (vec![0.2], "low")];
        let found = classify(&gallery, &queries);
        assert_eq!(found, Accuracy { accuracy: 0.75, balanced: 0.75, majority: 0.5 });
        let queries =
            [(vec![1.0], "high"), (vec![0.0], "low"), (vec![1.0], "low"), (vec![1.0], "low")];
        assert_eq!(classify(&gallery, &queries).balanced, (1.0 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn nobody_is_their_own_donor() {
        let mut found = donors(9, 4);
        assert!(found.iter().enumerate().all(|(picture, donor)| picture != *donor));
        assert_ne!(found, donors(9, 5));
        found.sort_unstable();
        assert_eq!(found, (0..9).collect::<Vec<_>>());
        assert_eq!((donors(1, 0), donors(0, 0)), (vec![0], vec![]));
    }

    #[test]
    fn swapped_maps_change_codes_and_equal_pictures_do_not() {
        let explainer = samples::explainer(3);
        let inputs = samples::inputs(6);
        let swapped = explainer.swap_maps(&inputs, 1).unwrap();
        assert!(swapped.between > 0.0 && swapped.own >= 0.0 && swapped.donor > 0.0, "{swapped:?}");
        let alike = vec![inputs[0].clone(); 3];
        let none = explainer.swap_maps(&alike, 1).unwrap();
        assert_eq!(none, Swapped { own: 0.0, donor: 0.0, between: 0.0 });
    }
}
