//! Likeness: whether an answer depends on the picture, and not on its class alone. Labels cannot
//! see that.
//!
//! A method that lists the oldest pictures of a class is as good by labels as one that finds the
//! most similar ones. Four questions tell them apart. Is a near copy's original found? How many
//! codes and answers are different? Do other pictures of a patient come first? Does a column that
//! no label names (view, laterality, device) agree? Ties are resolved by the exact expectation over
//! their orders, as in the other measures.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Serialize;

use super::bootstrap::{Figure, mean_by_unit};
use super::{Labelled, Options, Ranking, Result, Role};
use crate::HashCode;

/// The number of answers of a first page.
const PAGE: usize = 10;

/// A near copy among the items, and the item that it was made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NearCopy {
    /// Name of the perturbation.
    pub perturbation: String,
    /// Position of the copy, which belongs to no part of the evaluation.
    pub copy: usize,
    /// Position of the original, which is in the gallery.
    pub original: usize,
}

/// A method's measures of likeness.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Likeness {
    /// The method's name.
    pub method: String,
    /// The number of pictures of the gallery and of queries.
    pub pictures: usize,
    /// The number of different codes among them; `None` for a ranking without codes.
    pub distinct_codes: Option<usize>,
    /// The effective number of bits; `None` for a ranking without codes. See
    /// [`participation_ratio`].
    pub participation_ratio: Option<f64>,
    /// The number of queries.
    pub queries: usize,
    /// The number of different ordered lists among the queries' first ten answers. Ties go to the
    /// item listed first.
    pub distinct_lists: usize,
    /// Recall of the original by its near copies, for each perturbation.
    pub near_copies: Vec<Recall>,
    /// Recall of another gallery picture of the same patient; `None` if no patient has two.
    pub same_patient: Option<Recall>,
    /// Agreement of columns among the answers that have the query's labels.
    pub agreement: Vec<Agreement>,
}

/// The share of queries whose first answers hold a wanted item.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Recall {
    /// The name of the wanted items.
    pub name: String,
    /// The number of queries.
    pub queries: usize,
    /// The share of queries whose first answer is a wanted item.
    pub first: Figure,
    /// The share of queries with a wanted item among the first ten answers.
    pub in_ten: Figure,
}

/// The share of answers with the query's labels that also have its value in a column.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Agreement {
    /// The column.
    pub column: String,
    /// The number of queries counted: pictures of the gallery have their labels, and several values
    /// in the column.
    pub queries: usize,
    /// The share that agrees among the first ten answers with the query's labels.
    pub p_at_10: Figure,
    /// The share that agrees among all answers with the query's labels, as in a random order.
    pub chance: Figure,
}

/// Measures the likeness of a ranking, parallel to `items`, near copies included.
///
/// # Errors
/// If the ranking is not parallel to the items.
pub fn likeness(
    items: &[Labelled],
    copies: &[NearCopy],
    ranking: &Ranking<'_>,
    method: &str,
    options: &Options,
) -> Result<Likeness> {
    ranking.check(items.len())?;
    let of = |role: Role| (0..items.len()).filter(|&i| items[i].role == role).collect::<Vec<_>>();
    let (gallery, queries) = (of(Role::Gallery), of(Role::Query));
    let view = View { items, gallery: &gallery, ranking, options };
    let pictures: Vec<usize> = gallery.iter().chain(&queries).copied().collect();
    let codes =
        ranking.codes().map(|codes| pictures.iter().map(|&i| &codes[i]).collect::<Vec<_>>());
    Ok(Likeness {
        method: method.to_owned(),
        pictures: pictures.len(),
        distinct_codes: codes.as_ref().map(|codes| codes.iter().collect::<HashSet<_>>().len()),
        participation_ratio: codes.as_ref().map(|codes| participation_ratio(codes)),
        queries: queries.len(),
        distinct_lists: view.distinct_lists(&queries),
        near_copies: view.near_copies(copies),
        same_patient: view.same_patient(),
        agreement: ["view", "laterality", "device"]
            .iter()
            .filter_map(|column| view.agreement(column, &queries))
            .collect(),
    })
}

/// The positions of the first `count` answers to a query, other patients' gallery pictures. Ties go
/// to the item listed first.
#[must_use]
pub fn first_answers(
    items: &[Labelled],
    ranking: &Ranking<'_>,
    query: usize,
    count: usize,
) -> Vec<usize> {
    let patient = &items[query].patient;
    let may_answer = |&item: &usize| {
        items[item].role == Role::Gallery && (patient.is_none() || *patient != items[item].patient)
    };
    let answers: Vec<usize> = (0..items.len()).filter(may_answer).collect();
    let mut order: Vec<(u32, usize)> =
        ranking.distances(query, &answers).into_iter().zip(answers).collect();
    order.sort_unstable();
    order.into_iter().take(count).map(|(_, item)| item).collect()
}

/// The effective number of bits: (tr C)² / ‖C‖² of the covariance C of bits as ±1. It is the number
/// of bits if all are balanced and independent, and 1 if all are the same.
///
/// The measure is the participation ratio of the eigenvalues of C (Gao et al., "A theory of
/// multineuronal dimensionality, dynamics and measurement", 2017).
#[must_use]
pub fn participation_ratio(codes: &[&HashCode]) -> f64 {
    let bits = codes.first().map_or(0, |code| code.bits());
    let sign = |code: &HashCode, bit: usize| {
        f64::from(code.words()[bit / 64] >> (bit % 64) & 1 == 1) * 2.0 - 1.0
    };
    let count = codes.len().max(1) as f64;
    let columns: Vec<Vec<f64>> = (0..bits)
        .map(|bit| {
            let mean = codes.iter().map(|code| sign(code, bit)).sum::<f64>() / count;
            codes.iter().map(|code| sign(code, bit) - mean).collect()
        })
        .collect();
    let covariance =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / count;
    let trace: f64 = columns.iter().map(|column| covariance(column, column)).sum();
    let of_row = |a: &Vec<f64>| columns.iter().map(|b| covariance(a, b).powi(2)).sum::<f64>();
    let square: f64 = columns.par_iter().map(of_row).collect::<Vec<_>>().iter().sum();
    if square > 0.0 { trace * trace / square } else { 0.0 }
}

/// The input of all measures.
struct View<'a> {
    items: &'a [Labelled],
    gallery: &'a [usize],
    ranking: &'a Ranking<'a>,
    options: &'a Options,
}

impl View<'_> {
    fn distinct_lists(&self, queries: &[usize]) -> usize {
        let list = |&query: &usize| first_answers(self.items, self.ranking, query, PAGE);
        queries.par_iter().map(list).collect::<HashSet<_>>().len()
    }

    fn near_copies(&self, copies: &[NearCopy]) -> Vec<Recall> {
        let mut kinds = BTreeMap::<&str, Vec<&NearCopy>>::new();
        copies.iter().for_each(|copy| kinds.entry(&copy.perturbation).or_default().push(copy));
        let recall = |(kind, copies): (&str, Vec<&NearCopy>)| {
            let hits = copies.par_iter().map(|copy| {
                let hit = self.hit(copy.copy, self.gallery, |item| item == copy.original);
                (self.items[copy.original].unit.as_str(), hit)
            });
            self.recall(kind, &hits.collect::<Vec<_>>())
        };
        kinds.into_iter().map(recall).collect()
    }

    /// Recall of a patient's other pictures. Every gallery picture is a query if its patient has
    /// another there.
    fn same_patient(&self) -> Option<Recall> {
        let mut counts = HashMap::<&String, usize>::new();
        let patients = self.gallery.iter().filter_map(|&i| self.items[i].patient.as_ref());
        patients.for_each(|patient| *counts.entry(patient).or_default() += 1);
        let asks = |&&i: &&usize| self.items[i].patient.as_ref().is_some_and(|p| counts[p] > 1);
        let asking: Vec<usize> = self.gallery.iter().filter(asks).copied().collect();
        let hits = asking.par_iter().map(|&query| {
            let others: Vec<usize> =
                self.gallery.iter().filter(|&&item| item != query).copied().collect();
            let hit = self
                .hit(query, &others, |item| self.items[item].patient == self.items[query].patient);
            (self.items[query].unit.as_str(), hit)
        });
        let hits: Vec<_> = hits.collect();
        (!hits.is_empty()).then(|| self.recall("same patient", &hits))
    }

    fn recall(&self, name: &str, hits: &[(&str, [f64; 2])]) -> Recall {
        let figure = |k: usize| {
            let values: Vec<(&str, f64)> = hits.iter().map(|(unit, hit)| (*unit, hit[k])).collect();
            mean_by_unit(&values, self.options)
        };
        Recall { name: name.to_owned(), queries: hits.len(), first: figure(0), in_ten: figure(1) }
    }

    /// The probability that a wanted item is the first answer, and that one is among the first ten.
    fn hit(&self, query: usize, answers: &[usize], wanted: impl Fn(usize) -> bool) -> [f64; 2] {
        let distances = self.ranking.distances(query, answers);
        let pairs = || distances.iter().zip(answers);
        let best = pairs().filter(|&(_, &item)| wanted(item)).map(|(distance, _)| *distance).min();
        let Some(best) = best else { return [0.0; 2] };
        let closer = distances.iter().filter(|&&distance| distance < best).count();
        let tied = pairs().filter(|&(&distance, _)| distance == best);
        let (tied, hits) = tied
            .fold((0, 0), |(tied, hits), (_, &item)| (tied + 1, hits + usize::from(wanted(item))));
        [1, PAGE].map(|places| chance_of_hit(tied, hits, places.saturating_sub(closer)))
    }

    fn agreement(&self, column: &str, queries: &[usize]) -> Option<Agreement> {
        let measured = queries.par_iter().filter_map(|&query| self.agreement_of(column, query));
        let measured: Vec<(&str, f64, f64)> = measured.collect();
        let mean = |of: fn(&(&str, f64, f64)) -> f64| {
            let values: Vec<(&str, f64)> = measured.iter().map(|m| (m.0, of(m))).collect();
            mean_by_unit(&values, self.options)
        };
        (!measured.is_empty()).then(|| Agreement {
            column: column.to_owned(),
            queries: measured.len(),
            p_at_10: mean(|m| m.1),
            chance: mean(|m| m.2),
        })
    }

    /// A query's unit, and two shares of the answers with its labels that agree: among the first
    /// ten, and among all.
    fn agreement_of(&self, column: &str, query: usize) -> Option<(&str, f64, f64)> {
        let asked = &self.items[query];
        let value = asked.columns.get(column).filter(|value| !value.is_empty())?;
        let of_class = |&&item: &&usize| {
            let item = &self.items[item];
            item.labels == asked.labels
                && item.columns.get(column).is_some_and(|value| !value.is_empty())
        };
        let answers: Vec<usize> = self.gallery.iter().filter(of_class).copied().collect();
        let agrees = |item: usize| self.items[item].columns.get(column) == Some(value);
        let agreeing = answers.iter().filter(|&&item| agrees(item)).count();
        if agreeing == 0 || agreeing == answers.len() {
            return None;
        }
        let mut order: Vec<(u32, bool)> = self
            .ranking
            .distances(query, &answers)
            .into_iter()
            .zip(answers.iter().map(|&i| agrees(i)))
            .collect();
        order.sort_unstable();
        Some((&asked.unit, expected_share(&order), agreeing as f64 / answers.len() as f64))
    }
}

/// The probability that some of `places` random draws out of `tied` items is one of `hits`: 1 −
/// C(t−h, p) / C(t, p).
fn chance_of_hit(tied: usize, hits: usize, places: usize) -> f64 {
    let places = places.min(tied);
    let miss = |draw: usize| (tied - hits).saturating_sub(draw) as f64 / (tied - draw) as f64;
    1.0 - (0..places).map(miss).product::<f64>()
}

/// The expected share of hits among the first ten, over the orders of ties. `order` has a
/// (distance, hit) for each answer, by distance.
fn expected_share(order: &[(u32, bool)]) -> f64 {
    let places = PAGE.min(order.len());
    let (mut filled, mut hits) = (0, 0.0);
    for tie in order.chunk_by(|a, b| a.0 == b.0) {
        let taken = tie.len().min(places - filled);
        hits += tie.iter().filter(|(_, hit)| *hit).count() as f64 * taken as f64 / tie.len() as f64;
        filled += taken;
    }
    hits / places.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(role: Role, patient: &str, label: &str, view: &str) -> Labelled {
        Labelled {
            labels: vec![label.to_owned()],
            patient: (!patient.is_empty()).then(|| patient.to_owned()),
            unit: patient.to_owned(),
            columns: BTreeMap::from([("view".to_owned(), view.to_owned())]),
            role,
        }
    }

    fn code(bits: u16) -> HashCode {
        HashCode::from_bytes(&bits.to_le_bytes()).unwrap()
    }

    #[test]
    fn ties_are_expected_over_their_orders() {
        assert!((chance_of_hit(4, 1, 1) - 0.25).abs() < 1e-12);
        assert!((chance_of_hit(4, 2, 2) - 5.0 / 6.0).abs() < 1e-12);
        assert!((chance_of_hit(4, 1, 10) - 1.0).abs() < 1e-12 && chance_of_hit(4, 1, 0) == 0.0);
        // Nine certain misses, then a tie of two for the last place.
        let mut order = vec![(0, false); 9];
        order.extend([(1, true), (1, false)]);
        assert!((expected_share(&order) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn independent_bits_count_whole_and_equal_bits_once() {
        let all: Vec<HashCode> = (0..16).map(code).collect();
        // Four bits are balanced and independent, twelve are constant.
        assert!((participation_ratio(&all.iter().collect::<Vec<_>>()) - 4.0).abs() < 1e-9);
        let same = [code(0), code(u16::MAX)];
        assert!((participation_ratio(&same.iter().collect::<Vec<_>>()) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn collapsed_codes_are_seen() {
        let items = [
            item(Role::Gallery, "a", "x", "PA"),
            item(Role::Gallery, "a", "x", "PA"),
            item(Role::Gallery, "b", "x", "AP"),
            item(Role::Query, "c", "x", "PA"),
            item(Role::Query, "d", "x", "AP"),
            item(Role::Neither, "", "x", "PA"),
        ];
        let copies = [NearCopy { perturbation: "turned".to_owned(), copy: 5, original: 0 }];
        let options = Options { bootstrap: 10, seed: 1 };
        let measure = |codes: &[HashCode]| {
            likeness(&items, &copies, &Ranking::Codes(codes), "m", &options).unwrap()
        };
        let collapsed = measure(&[0; 6].map(code));
        assert_eq!((collapsed.distinct_codes, collapsed.distinct_lists), (Some(1), 1));
        assert!((collapsed.near_copies[0].first.value - 1.0 / 3.0).abs() < 1e-12);
        let view = &collapsed.agreement[0];
        assert!((view.p_at_10.value - view.chance.value).abs() < 1e-12, "no better than chance");
        let alike = measure(&[0, 1, 255, 1, 255, 0].map(code));
        assert_eq!((alike.distinct_codes, alike.distinct_lists, alike.pictures), (Some(3), 2, 5));
        assert!((alike.near_copies[0].first.value - 1.0).abs() < 1e-12);
        let patient = alike.same_patient.unwrap();
        assert_eq!((patient.queries, patient.first.value), (2, 1.0));
    }
}
