//! Places that agree with the graph, by stochastic gradients. Ends of an edge attract each other;
//! pairs drawn at random repel.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::graph::Edge;
use crate::hashing::principal_components;
use crate::{Index, Result};

type Point = [f32; 2];

/// The constants of 1/(1 + a·d^2b). It is nearly 1 up to a distance of 0.1 and falls like exp
/// beyond: UMAP's `min_dist` of 0.1.
const A: f32 = 1.577;
const B: f32 = 0.895;
/// The number of times that the surest edges are followed. As in UMAP, it is smaller for many
/// codes.
const EPOCHS: [usize; 2] = [500, 200];
const MANY: usize = 10_000;
/// The number of other codes that are drawn for each end of a followed edge.
const NEGATIVES: usize = 3;
/// The furthest that one gradient moves a point, along each axis.
const REACH: f32 = 4.0;
/// The number of codes, evenly spread, from which the first places are computed.
const SAMPLE: usize = 5_000;

/// The first places: along the two principal components of the codes as ±1, ten wide.
pub(super) fn start(index: &Index) -> Result<Vec<Point>> {
    let vectors: Vec<Vec<f32>> =
        (0..index.len() as u64).filter_map(|id| index.code(id)).map(signs).collect();
    let sample: Vec<Vec<f32>> =
        vectors.iter().step_by(vectors.len().div_ceil(SAMPLE).max(1)).cloned().collect();
    let Ok((mean, axes)) = principal_components(&sample, 2) else {
        // There are fewer than three codes, or all lie on a line.
        return Ok((0..vectors.len()).map(|at| [at as f32, 0.0]).collect());
    };
    let along = |vector: &Vec<f32>, axis: usize| -> f64 {
        let terms = vector.iter().zip(&mean).enumerate();
        terms.map(|(i, (value, mean))| (f64::from(*value) - mean) * axes[(i, axis)]).sum()
    };
    let raw: Vec<[f64; 2]> =
        vectors.iter().map(|vector| [along(vector, 0), along(vector, 1)]).collect();
    let widest =
        raw.iter().flatten().fold(f64::MIN_POSITIVE, |widest, value| widest.max(value.abs()));
    Ok(raw.iter().map(|place| place.map(|value| (10.0 * value / widest) as f32)).collect())
}

fn signs(code: crate::HashCode) -> Vec<f32> {
    let bit = |at: usize| code.words()[at / 64] >> (at % 64) & 1;
    (0..code.bits()).map(|at| if bit(at) == 1 { 1.0 } else { -1.0 }).collect()
}

/// Moves the points until they agree with the edges (algorithm 5 of the paper). It uses one thread,
/// so that a seed determines a map.
pub(super) fn places(
    start: &[Point],
    edges: &[Edge],
    seed: u64,
    mut progress: impl FnMut(f64),
) -> Vec<Point> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Equal places would not repel each other.
    let mut jitter = || random.random::<f32>() * 1e-3;
    let mut points: Vec<Point> = start.iter().map(|&[x, y]| [x + jitter(), y + jitter()]).collect();
    let epochs = EPOCHS[usize::from(points.len() > MANY)];
    let mut due = vec![0.0_f32; edges.len()];
    for epoch in 0..epochs {
        let rate = 1.0 - epoch as f32 / epochs as f32;
        for (edge, due) in edges.iter().zip(&mut due) {
            // An edge is followed in proportion to its weight.
            *due += edge.weight;
            if *due >= 1.0 {
                *due -= 1.0;
                attract(&mut points, edge, rate);
                repel(&mut points, edge.from, rate, &mut random);
                repel(&mut points, edge.to, rate, &mut random);
            }
        }
        progress((epoch + 1) as f64 / epochs as f64);
    }
    points
}

fn attract(points: &mut [Point], edge: &Edge, rate: f32) {
    let (a, b) = (points[edge.from], points[edge.to]);
    let square = distance(a, b);
    if square <= 0.0 {
        return;
    }
    let pull = -2.0 * A * B * square.powf(B - 1.0) / (1.0 + A * square.powf(B));
    for axis in 0..2 {
        let step = rate * (pull * (a[axis] - b[axis])).clamp(-REACH, REACH);
        points[edge.from][axis] += step;
        points[edge.to][axis] -= step;
    }
}

fn repel(points: &mut [Point], of: usize, rate: f32, random: &mut ChaCha8Rng) {
    for _ in 0..NEGATIVES {
        let other = random.random_range(0..points.len());
        let (a, b) = (points[of], points[other]);
        let square = distance(a, b);
        if other == of || square <= 0.0 {
            continue;
        }
        let push = 2.0 * B / ((0.001 + square) * (1.0 + A * square.powf(B)));
        for axis in 0..2 {
            points[of][axis] += rate * (push * (a[axis] - b[axis])).clamp(-REACH, REACH);
        }
    }
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}
