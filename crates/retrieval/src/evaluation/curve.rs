//! Precision and recall of everything within a Hamming distance.

use serde::Serialize;

use super::relevance::Relevance;
use super::{EvaluationError, Labelled, Result, Task};
use crate::{Error, HashCode};

/// The figures of a search within a distance.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct RadiusPoint {
    /// The distance in bits.
    pub radius: usize,
    /// Precision over the answers of all queries together; `None` if there is no answer.
    pub precision: Option<f64>,
    /// Recall over the relevant items of all queries together.
    pub recall: f64,
    /// The mean number of answers of a query.
    pub answers: f64,
}

/// Precision and recall at every distance from 0 to the code's length, over the answers of all
/// queries together.
///
/// # Errors
/// If the codes are not parallel to the items, or of several lengths, or the task does not suit the
/// items.
pub fn by_radius(task: &Task, items: &[Labelled], codes: &[HashCode]) -> Result<Vec<RadiusPoint>> {
    if codes.len() != items.len() {
        return Err(EvaluationError::RankingLength { got: codes.len(), expected: items.len() });
    }
    let bits = codes.first().map_or(0, HashCode::bits);
    if let Some(other) = codes.iter().find(|code| code.bits() != bits) {
        return Err(Error::CodeMismatch { got: other.bits(), expected: bits }.into());
    }
    let relevance = Relevance::new(task, items)?;
    // The numbers of answers and of relevant answers at each distance.
    let mut counts = vec![[0_u64; 2]; bits + 1];
    for &query in &relevance.queries {
        for &item in relevance.gallery.iter().filter(|&&item| !relevance.same_patient(query, item))
        {
            let count = &mut counts[codes[query].distance(&codes[item]) as usize];
            count[0] += 1;
            count[1] += u64::from(relevance.shared(query, item) > 0);
        }
    }
    Ok(accumulate(&counts, relevance.queries.len()))
}

fn accumulate(counts: &[[u64; 2]], queries: usize) -> Vec<RadiusPoint> {
    let relevant: u64 = counts.iter().map(|count| count[1]).sum();
    let mut sums = [0_u64; 2];
    let mut points = Vec::with_capacity(counts.len());
    for (radius, count) in counts.iter().enumerate() {
        sums = [sums[0] + count[0], sums[1] + count[1]];
        points.push(RadiusPoint {
            radius,
            precision: (sums[0] > 0).then(|| sums[1] as f64 / sums[0] as f64),
            recall: sums[1] as f64 / relevant.max(1) as f64,
            answers: sums[0] as f64 / queries.max(1) as f64,
        });
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_grow_with_the_radius() {
        let points = accumulate(&[[0, 0], [2, 1], [2, 1]], 2);
        assert_eq!((points[0].precision, points[0].recall), (None, 0.0));
        assert_eq!(
            (points[1].precision, points[1].recall, points[1].answers),
            (Some(0.5), 0.5, 1.0)
        );
        assert_eq!((points[2].precision, points[2].recall), (Some(0.5), 1.0));
    }
}
