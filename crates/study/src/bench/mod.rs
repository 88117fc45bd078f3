//! The measurements of `skiagraph bench`, one file each.

pub mod encode;
pub mod files;
pub mod machine;
pub mod train;

use std::time::Instant;

use network::Modification;

/// The rows of a section, and the settings of their measurement.
pub struct Plan {
    /// The networks.
    pub networks: Vec<Network>,
    /// The sides of the pictures, in pixels.
    pub sizes: Vec<u32>,
    /// The numbers of pictures at a time.
    pub batches: Vec<usize>,
    /// The number of rounds for each median.
    pub rounds: usize,
    /// The seed of weights and pictures.
    pub seed: u64,
}

/// A network to measure.
#[derive(Clone, Copy)]
pub enum Network {
    /// The backbone with the hash layer.
    ResNet18,
    /// The saliency network, too.
    Whole,
}

impl Network {
    fn name(self) -> &'static str {
        match self {
            Self::ResNet18 => "ResNet-18",
            Self::Whole => "whole",
        }
    }

    fn modification(self) -> Modification {
        match self {
            Self::ResNet18 => Modification::None,
            Self::Whole => Modification::Blur,
        }
    }
}

/// Network, size and batch of every row.
fn rows(plan: &Plan) -> impl Iterator<Item = (Network, u32, usize)> {
    plan.networks.iter().flat_map(move |&network| {
        let cells = plan
            .sizes
            .iter()
            .flat_map(|&size| plan.batches.iter().map(move |&batch| (size, batch)));
        cells.map(move |(size, batch)| (network, size, batch))
    })
}

/// The result of a call, and its time in seconds.
fn seconds<T>(call: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let value = call();
    (value, begin.elapsed().as_secs_f64())
}

/// The median: the middle of the values, or the mean of the middle two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 0 => values[half - 1].midpoint(values[half]),
        _ => values[half],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
