//! Confidence: figures over queries, and their intervals by drawing the units (patients) anew.

use std::collections::HashMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use super::Options;
use super::measures::MEASURES;

/// A figure with its 95 % interval: the 2.5 and 97.5 percentiles of a bootstrap over units.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Figure {
    /// The figure of the sample itself.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// One query's part in the figures.
pub(super) struct Sample<'a> {
    pub(super) unit: &'a str,
    /// Positions of its classes, below `classes`.
    pub(super) classes: &'a [usize],
    pub(super) values: [f64; MEASURES],
}

/// The figures of every measure: over queries, over classes, and of each class.
pub(super) struct Figures {
    /// The mean over the queries.
    pub(super) mean: [Figure; MEASURES],
    /// The mean over the classes of the class's mean.
    pub(super) macro_mean: [Figure; MEASURES],
    /// The mean over the queries of each class; None for a class without queries.
    pub(super) classes: Vec<Option<[Figure; MEASURES]>>,
}

/// A mean of each measure; `None` without queries.
type Means = Option<[f64; MEASURES]>;

/// Draws the units with replacement and gives each figure its interval. The same seed gives the
/// same figures on any number of threads. A class that a draw misses is left out of that draw's
/// macro mean.
pub(super) fn figures(samples: &[Sample<'_>], classes: usize, options: &Options) -> Figures {
    let (units, count) = number_units(samples);
    let rows = |multiplicity: &[u32]| means(samples, classes, &units, multiplicity);
    let whole = rows(&vec![1; count]);
    let draws: Vec<_> = (0..options.bootstrap)
        .into_par_iter()
        .map(|i| rows(&draw(count, options.seed, i)))
        .collect();
    let figure_of_row = |row: usize| -> Option<[Figure; MEASURES]> {
        let value = whole[row]?;
        Some(std::array::from_fn(|measure| {
            let drawn =
                draws.iter().filter_map(|draw| draw[row].map(|means| means[measure])).collect();
            interval(value[measure], drawn)
        }))
    };
    let none = Figure { value: f64::NAN, low: f64::NAN, high: f64::NAN };
    Figures {
        mean: figure_of_row(0).unwrap_or([none; MEASURES]),
        macro_mean: figure_of_row(1).unwrap_or([none; MEASURES]),
        classes: (0..classes).map(|class| figure_of_row(2 + class)).collect(),
    }
}

/// The mean of values that each belong to a unit, with its interval by drawing units: for what is
/// measured of pictures beside retrieval.
#[must_use]
pub fn mean_by_unit(values: &[(&str, f64)], options: &Options) -> Figure {
    let sample = |&(unit, value)| Sample { unit, classes: &[], values: [value; MEASURES] };
    let samples: Vec<Sample<'_>> = values.iter().map(sample).collect();
    figures(&samples, 0, options).mean[0]
}

/// A task's queries, and how many classes they have.
pub(super) type Set<'a> = (Vec<Sample<'a>>, usize);

/// The figures over tasks: the mean of their means over queries, and of their macro means. A draw
/// takes the same units in every task, as the same patients ask in several.
pub(super) fn figures_over(sets: &[Set<'_>], options: &Options) -> [[Figure; MEASURES]; 2] {
    let mut numbers = HashMap::new();
    let mut units = Vec::new();
    for (samples, _) in sets {
        units.push(number_in(&mut numbers, samples));
    }
    let count = numbers.len();
    let rows = |multiplicity: &[u32]| -> [[f64; MEASURES]; 2] {
        let of = |((samples, classes), units): (&Set<'_>, &Vec<usize>)| {
            means(samples, *classes, units, multiplicity)
        };
        let tasks: Vec<Vec<Means>> = sets.iter().zip(&units).map(of).collect();
        [0, 1].map(|row| std::array::from_fn(|measure| mean_of(&tasks, row, measure)))
    };
    let whole = rows(&vec![1; count]);
    let draws: Vec<_> = (0..options.bootstrap)
        .into_par_iter()
        .map(|i| rows(&draw(count, options.seed, i)))
        .collect();
    [0, 1].map(|row| {
        std::array::from_fn(|measure| {
            interval(whole[row][measure], draws.iter().map(|draw| draw[row][measure]).collect())
        })
    })
}

/// The mean over the tasks that have queries in a draw.
fn mean_of(tasks: &[Vec<Means>], row: usize, measure: usize) -> f64 {
    let present: Vec<f64> =
        tasks.iter().filter_map(|rows| rows[row].map(|means| means[measure])).collect();
    present.iter().sum::<f64>() / present.len() as f64
}

/// The number of each sample's unit, and the number of units.
fn number_units(samples: &[Sample<'_>]) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let units = number_in(&mut numbers, samples);
    (units, numbers.len())
}

/// The number of each sample's unit. A new unit gets the next number.
fn number_in<'a>(numbers: &mut HashMap<&'a str, usize>, samples: &[Sample<'a>]) -> Vec<usize> {
    let number = |sample: &Sample<'a>| {
        let next = numbers.len();
        *numbers.entry(sample.unit).or_insert(next)
    };
    samples.iter().map(number).collect()
}

/// The number of times that draw `i` takes each unit.
fn draw(units: usize, seed: u64, i: usize) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(i as u64);
    let mut multiplicity = vec![0; units];
    for _ in 0..units {
        multiplicity[rng.random_range(0..units)] += 1;
    }
    multiplicity
}

/// The mean over queries, the macro mean, and each class's mean. Each unit's queries count as often
/// as the draw takes it.
fn means(
    samples: &[Sample<'_>],
    classes: usize,
    units: &[usize],
    multiplicity: &[u32],
) -> Vec<Means> {
    let mut sums = vec![([0.0; MEASURES], 0.0); 1 + classes];
    for (sample, &unit) in samples.iter().zip(units) {
        let weight = f64::from(multiplicity[unit]);
        if weight > 0.0 {
            for row in std::iter::once(0).chain(sample.classes.iter().map(|class| 1 + class)) {
                let (sum, weights) = &mut sums[row];
                sum.iter_mut().zip(sample.values).for_each(|(sum, value)| *sum += weight * value);
                *weights += weight;
            }
        }
    }
    let mut rows: Vec<Means> = sums
        .iter()
        .map(|(sum, weights)| (*weights > 0.0).then(|| sum.map(|sum| sum / weights)))
        .collect();
    let present: Vec<_> = rows[1..].iter().flatten().collect();
    let over_classes = |measure: usize| {
        present.iter().map(|means| means[measure]).sum::<f64>() / present.len() as f64
    };
    let macro_mean = (!present.is_empty()).then(|| std::array::from_fn(over_classes));
    rows.insert(1, macro_mean);
    rows
}

fn interval(value: f64, mut drawn: Vec<f64>) -> Figure {
    drawn.sort_unstable_by(f64::total_cmp);
    Figure {
        value,
        low: percentile(&drawn, 0.025).unwrap_or(value),
        high: percentile(&drawn, 0.975).unwrap_or(value),
    }
}

/// The percentile of sorted values, interpolated linearly.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let position = share * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (position.floor(), position.ceil());
    let (low, high) = (sorted[below as usize], sorted[above as usize]);
    Some(low + (high - low) * (position - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample<'a>(unit: &'a str, classes: &'a [usize], value: f64) -> Sample<'a> {
        Sample { unit, classes, values: [value; MEASURES] }
    }

    #[test]
    fn the_macro_mean_weighs_classes_not_queries() {
        let samples = [sample("a", &[0], 1.0), sample("b", &[0], 1.0), sample("c", &[0, 1], 0.0)];
        let figures = figures(&samples, 3, &Options::default());
        assert!((figures.mean[0].value - 2.0 / 3.0).abs() < 1e-12);
        // Class 0: 2/3, class 1: 0; class 2 has no query.
        assert!((figures.macro_mean[0].value - 1.0 / 3.0).abs() < 1e-12);
        assert!(figures.classes[2].is_none());
    }

    #[test]
    fn one_unit_does_not_vary_and_many_vary_as_their_number_says() {
        let one: Vec<_> = (0..50).map(|i| sample("a", &[0], f64::from(i % 2))).collect();
        let figure = figures(&one, 1, &Options::default()).mean[0];
        assert_eq!((figure.low, figure.high), (0.5, 0.5));
        let names: Vec<String> = (0..400).map(|i| i.to_string()).collect();
        let many: Vec<_> =
            names.iter().enumerate().map(|(i, name)| sample(name, &[0], (i % 2) as f64)).collect();
        let figure = figures(&many, 1, &Options::default()).mean[0];
        // The standard error is 0.5 / √400 = 0.025.
        assert!((figure.low - (0.5 - 1.96 * 0.025)).abs() < 0.01, "{figure:?}");
        assert!((figure.high - (0.5 + 1.96 * 0.025)).abs() < 0.01, "{figure:?}");
    }

    #[test]
    fn percentiles_interpolate() {
        assert_eq!(percentile(&[1.0, 2.0, 3.0], 0.25), Some(1.5));
        assert_eq!(percentile(&[1.0], 0.975), Some(1.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
