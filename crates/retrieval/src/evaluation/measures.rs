//! The measures of one query's ranking, in expectation over the orders of tied answers.
//!
//! Hamming distances tie often, and a sort that breaks ties by accident moves mAP by a percent or
//! two. Each measure here is its exact mean over all orders of each group of ties, by the formulas
//! of F. McSherry and M. Najork, "Computing Information Retrieval Performance Measures Efficiently
//! in the Presence of Tied Scores", ECIR 2008.

/// The cut-offs k of P@k and R@k.
pub(super) const CUTS: [usize; 5] = [1, 5, 10, 50, 100];
/// The number of measures in [`Values`].
pub(super) const MEASURES: usize = 3 + 2 * CUTS.len();
/// The cut-off of nDCG.
const NDCG_CUT: usize = 100;

/// The measures of one query's ranking.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Values {
    /// AP = Σ_r P@r · rel_r / N over the whole ranking, where N = all relevant items.
    pub average_precision: f64,
    /// nDCG@100 with gain 2^g − 1, where g = shared labels, and discount log2(r + 1); the ideal is
    /// that of the whole gallery.
    pub ndcg_100: f64,
    /// Weighted AP: Σ_r ACG@r · rel_r / N, where ACG@r is the mean number of shared labels among
    /// the first r answers and N = all relevant items. With one label an item it is AP; with
    /// several it may exceed 1.
    pub weighted_average_precision: f64,
    /// P@k for k = 1, 5, 10, 50, 100. Ranks past the end of the gallery count as misses.
    pub precision: [f64; CUTS.len()],
    /// R@k = hits among the first k / all relevant, for the same k.
    pub recall: [f64; CUTS.len()],
}

/// The answers at one distance.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
struct Group {
    items: usize,
    relevant: usize,
    /// The sum of g, the shared labels.
    shared: f64,
    /// The sum of 2^g − 1.
    gain: f64,
}

impl Values {
    pub(super) fn from_array(values: [f64; MEASURES]) -> Self {
        let ([average_precision, ndcg_100, weighted_average_precision, ranks @ ..], cuts) =
            (values, CUTS.len());
        Self {
            average_precision,
            ndcg_100,
            weighted_average_precision,
            precision: std::array::from_fn(|i| ranks[i]),
            recall: std::array::from_fn(|i| ranks[cuts + i]),
        }
    }

    pub(super) fn to_array(self) -> [f64; MEASURES] {
        let mut values = [0.0; MEASURES];
        values[..3].copy_from_slice(&[
            self.average_precision,
            self.ndcg_100,
            self.weighted_average_precision,
        ]);
        values[3..3 + CUTS.len()].copy_from_slice(&self.precision);
        values[3 + CUTS.len()..].copy_from_slice(&self.recall);
        values
    }
}

/// Measures a ranking: for each answer its distance (in any order-preserving integer) and its
/// number of shared labels. None without a relevant answer, where AP and nDCG are 0/0.
pub(super) fn measure(answers: &mut [(u32, u32)]) -> Option<Values> {
    answers.sort_unstable();
    let total = answers.iter().filter(|(_, shared)| *shared > 0).count();
    if total == 0 {
        return None;
    }
    let groups: Vec<Group> = answers.chunk_by(|a, b| a.0 == b.0).map(group).collect();
    let hits = CUTS.map(|k| expected_sum(&groups, k, |group| group.relevant as f64, |_| 1.0));
    let discount = |rank: usize| 1.0 / ((rank + 1) as f64).log2();
    let gained = expected_sum(&groups, NDCG_CUT, |group| group.gain, discount);
    Some(Values {
        average_precision: expected_average_precision(&groups, total, |group| {
            group.relevant as f64
        }),
        weighted_average_precision: expected_average_precision(&groups, total, |group| {
            group.shared
        }),
        ndcg_100: gained / ideal(answers, discount),
        precision: std::array::from_fn(|i| hits[i] / CUTS[i] as f64),
        recall: hits.map(|hits| hits / total as f64),
    })
}

fn group(answers: &[(u32, u32)]) -> Group {
    Group {
        items: answers.len(),
        relevant: answers.iter().filter(|(_, shared)| *shared > 0).count(),
        shared: answers.iter().map(|&(_, shared)| f64::from(shared)).sum(),
        gain: answers.iter().map(|&(_, shared)| gain(shared)).sum(),
    }
}

fn gain(shared: u32) -> f64 {
    f64::from(shared).exp2() - 1.0
}

/// The expected Σ_r (Σ_j≤r worth(j) / r) · rel_r / N. With relevance as the worth it is AP; with
/// the number of shared labels it is weighted AP.
///
/// Before a group of n items are N ranks of total worth W. Of the group, r items are relevant and
/// all together are worth w. Rank N + i is relevant with probability r/n. It is then worth w/r, as
/// an item that is not relevant is worth 0. Each of the i − 1 ranks of the group before it is worth
/// w(r − 1)/(r(n − 1)).
fn expected_average_precision(
    groups: &[Group],
    total: usize,
    worth: impl Fn(&Group) -> f64,
) -> f64 {
    let (mut ranks, mut before, mut sum) = (0.0, 0.0, 0.0);
    for group in groups {
        let (n, r, w) = (group.items as f64, group.relevant as f64, worth(group));
        if group.relevant > 0 {
            let rise = if group.items > 1 { w * (r - 1.0) / (n - 1.0) } else { 0.0 };
            for i in 1..=group.items {
                let i = i as f64;
                sum += (r * before + w + (i - 1.0) * rise) / n / (ranks + i);
            }
        }
        ranks += n;
        before += w;
    }
    sum / total as f64
}

/// The expected Σ_rank≤k worth(rank) · discount(rank). Each rank of a group is worth the group's
/// mean.
fn expected_sum(
    groups: &[Group],
    k: usize,
    worth: impl Fn(&Group) -> f64,
    discount: impl Fn(usize) -> f64,
) -> f64 {
    let (mut rank, mut sum) = (0, 0.0);
    for group in groups {
        let end = k.min(rank + group.items);
        let discounts: f64 = (rank + 1..=end).map(&discount).sum();
        sum += worth(group) / group.items as f64 * discounts;
        rank = end;
        if rank == k {
            break;
        }
    }
    sum
}

/// The DCG of the best order of the same answers.
fn ideal(answers: &[(u32, u32)], discount: impl Fn(usize) -> f64) -> f64 {
    let mut shared: Vec<u32> =
        answers.iter().map(|answer| answer.1).filter(|shared| *shared > 0).collect();
    shared.sort_unstable_by(|a, b| b.cmp(a));
    shared
        .iter()
        .take(NDCG_CUT)
        .enumerate()
        .map(|(i, &shared)| gain(shared) * discount(i + 1))
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    /// Values of a ranking without ties: each answer has its own distance.
    fn ranked(shared: &[u32]) -> Values {
        let mut answers: Vec<_> = (0..).zip(shared.iter().copied()).collect();
        measure(&mut answers).unwrap()
    }

    #[test]
    fn a_ranking_worked_by_hand() {
        // Relevant at ranks 1, 3 and 6: AP = (1/1 + 2/3 + 3/6) / 3.
        let values = ranked(&[1, 0, 1, 0, 0, 1]);
        assert!(close(values.average_precision, (1.0 + 2.0 / 3.0 + 0.5) / 3.0));
        assert!(
            close(values.precision[0], 1.0)
                && close(values.precision[1], 0.4)
                && close(values.precision[2], 0.3)
        );
        assert!(close(values.recall[1], 2.0 / 3.0) && close(values.recall[2], 1.0));
        let dcg = 1.0 + 1.0 / 4.0_f64.log2() + 1.0 / 7.0_f64.log2();
        let best = 1.0 + 1.0 / 3.0_f64.log2() + 1.0 / 4.0_f64.log2();
        assert!(close(values.ndcg_100, dcg / best));
        assert!(close(values.weighted_average_precision, values.average_precision));
    }

    #[test]
    fn shared_labels_gain_more() {
        // Gains 1, 3, 0, 7; the ideal order is 7, 3, 1.
        let values = ranked(&[1, 2, 0, 3]);
        let dcg = 1.0 + 3.0 / 3.0_f64.log2() + 7.0 / 5.0_f64.log2();
        let best = 7.0 + 3.0 / 3.0_f64.log2() + 1.0 / 4.0_f64.log2();
        assert!(close(values.ndcg_100, dcg / best));
        // Relevant at ranks 1, 2 and 4, where the mean numbers of shared labels are 1, 3/2 and 6/4.
        assert!(close(values.weighted_average_precision, (1.0 + 1.5 + 1.5) / 3.0));
    }

    #[test]
    fn the_extremes() {
        let best = ranked(&[1, 1, 0, 0]);
        assert!(close(best.average_precision, 1.0) && close(best.ndcg_100, 1.0));
        assert!(close(ranked(&[0, 0, 0, 1]).average_precision, 0.25));
        assert_eq!(measure(&mut [(0, 0), (1, 0)]), None);
        assert_eq!(measure(&mut []), None);
    }

    #[test]
    fn all_tied_is_the_class_prior() {
        let mut answers: Vec<_> = (0..1000).map(|i| (7, u32::from(i % 4 == 0))).collect();
        let values = measure(&mut answers).unwrap();
        for precision in values.precision {
            assert!(close(precision, 0.25));
        }
        for (recall, k) in values.recall.into_iter().zip(CUTS) {
            assert!(close(recall, k as f64 / 1000.0));
        }
    }

    /// All orders of the answers that keep the distances ascending.
    fn orders(answers: &[(u32, u32)]) -> Vec<Vec<(u32, u32)>> {
        if answers.is_empty() {
            return vec![Vec::new()];
        }
        let nearest = answers.iter().map(|answer| answer.0).min().unwrap();
        let mut all = Vec::new();
        for first in (0..answers.len()).filter(|&i| answers[i].0 == nearest) {
            let mut rest = answers.to_vec();
            let first = rest.remove(first);
            all.extend(orders(&rest).into_iter().map(|order| [vec![first], order].concat()));
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn the_expectation_is_the_mean_over_all_orders(
            answers in prop::collection::vec((0_u32..3, 0_u32..3), 1..8),
        ) {
            let orders = orders(&answers);
            let got = measure(&mut answers.clone());
            if answers.iter().all(|answer| answer.1 == 0) {
                prop_assert_eq!(got, None);
                return Ok(());
            }
            let mut mean = [0.0; MEASURES];
            for order in &orders {
                let shared: Vec<u32> = order.iter().map(|answer| answer.1).collect();
                for (mean, value) in mean.iter_mut().zip(ranked(&shared).to_array()) {
                    *mean += value / orders.len() as f64;
                }
            }
            for (got, mean) in got.unwrap().to_array().into_iter().zip(mean) {
                prop_assert!((got - mean).abs() < 1e-9, "{} is not {}", got, mean);
            }
        }
    }
}
