//! The neighbourhood graph: pairs of near codes with weights.

use rayon::prelude::*;

use crate::{Index, Neighbor, Plan, Result, Search};

/// The number of neighbours of each code: UMAP's default.
const NEIGHBORS: usize = 15;
/// The number of codes that are searched for at a time.
const BATCH: usize = 1024;

/// An edge from one code to another, with the probability that they belong together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) weight: f32,
}

/// The graph of an index whose ids are 0, 1, 2, … Each pair is there once, with the union a + b −
/// ab of both directions (section 3.1).
pub(super) fn edges(index: &Index) -> Result<Vec<Edge>> {
    let codes: Vec<_> = (0..index.len() as u64).filter_map(|id| index.code(id)).collect();
    let mut directed = Vec::with_capacity(codes.len() * NEIGHBORS);
    for (batch, start) in codes.chunks(BATCH).zip((0..).step_by(BATCH)) {
        // The nearest is the code itself.
        let found = index.search(batch, &Search::nearest(NEIGHBORS + 1), Plan::Best)?;
        let of_code = |(at, found): (usize, &Vec<Neighbor>)| weigh(start + at, found);
        directed.par_extend(found.par_iter().enumerate().flat_map_iter(of_code));
    }
    Ok(union(directed))
}

/// The edges from a code to its neighbours: exp(−(d − ρ)/σ), ρ being the nearest one's distance. σ
/// is such that the weights sum to the logarithm of their number to base 2.
fn weigh(from: usize, found: &[Neighbor]) -> Vec<Edge> {
    let others: Vec<_> =
        found.iter().filter(|neighbor| neighbor.id != from as u64).take(NEIGHBORS).collect();
    let nearest = others.first().map_or(0, |neighbor| neighbor.distance);
    let beyond: Vec<f32> =
        others.iter().map(|neighbor| (neighbor.distance - nearest) as f32).collect();
    let width = width(&beyond);
    let edge = |(neighbor, beyond): (&&Neighbor, &f32)| Edge {
        from,
        to: neighbor.id as usize,
        weight: (-beyond / width).exp(),
    };
    others.iter().zip(&beyond).map(edge).collect()
}

/// σ by bisection.
fn width(beyond: &[f32]) -> f32 {
    let wanted = (beyond.len().max(2) as f32).log2();
    let (mut low, mut high) = (1e-3_f32, 1e3_f32);
    for _ in 0..40 {
        let middle = (low * high).sqrt();
        let sum: f32 = beyond.iter().map(|beyond| (-beyond / middle).exp()).sum();
        if sum > wanted { high = middle } else { low = middle }
    }
    low
}

/// The fuzzy union of both directions: a + b − ab.
fn union(directed: Vec<Edge>) -> Vec<Edge> {
    let ascending =
        |edge: Edge| Edge { from: edge.from.min(edge.to), to: edge.from.max(edge.to), ..edge };
    let mut edges: Vec<Edge> = directed.into_iter().map(ascending).collect();
    edges.sort_by_key(|edge| (edge.from, edge.to));
    edges.dedup_by(|second, first| {
        let same = (second.from, second.to) == (first.from, first.to);
        if same {
            first.weight += second.weight - first.weight * second.weight;
        }
        same
    });
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_certain_and_both_directions_are_one() {
        let neighbor = |distance, id| Neighbor { distance, id };
        let found = [neighbor(0, 7), neighbor(2, 1), neighbor(2, 3), neighbor(9, 4)];
        let edges = weigh(7, &found);
        assert_eq!(edges.iter().map(|edge| edge.to).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!([edges[0].weight, edges[1].weight], [1.0, 1.0]);
        assert!(edges[2].weight < 1.0);
        let edge = |from, to, weight| Edge { from, to, weight };
        let both = union(vec![edge(2, 1, 0.5), edge(1, 3, 1.0), edge(1, 2, 0.5)]);
        assert_eq!(both, [edge(1, 2, 0.75), edge(1, 3, 1.0)]);
    }

    #[test]
    fn weights_sum_to_the_logarithm_of_their_number() {
        let beyond: Vec<f32> = (0..15_u8).map(f32::from).collect();
        let width = width(&beyond);
        let sum: f32 = beyond.iter().map(|beyond| (-beyond / width).exp()).sum();
        assert!((sum - 15_f32.log2()).abs() < 1e-3, "{sum}");
    }
}
