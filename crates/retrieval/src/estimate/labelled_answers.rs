//! Answers whose relevance is known from labels. An estimator is fitted to some and measured on
//! others.

use rayon::prelude::*;

use super::{Evidence, LabelKinds, NEIGHBORS, evidence};
use crate::evaluation::{Labelled, Role};
use crate::{Descriptor, Embedding, HashCode, SHORTLIST, SPARE};

/// The answer to a query, and the relevance of its neighbours.
#[derive(Clone, Debug)]
pub struct LabelledAnswer {
    /// The query's position among the items.
    pub query: usize,
    /// The evidence for each neighbour.
    pub evidence: Vec<Evidence>,
    /// The relevance of each neighbour.
    pub relevant: Vec<bool>,
}

/// The answers to every query among the items, as a search of the gallery gives them, less the
/// query's own patient. Queries without labels are left out. `codes` and `embeddings` are parallel
/// to `items`.
#[must_use]
pub fn labelled_answers(
    items: &[Labelled],
    codes: &[HashCode],
    embeddings: &[Embedding],
    kinds: &LabelKinds,
) -> Vec<LabelledAnswer> {
    let descriptors: Vec<Descriptor> = embeddings.par_iter().map(Descriptor::of).collect();
    let labelled = LabelledItems { items, codes, embeddings, descriptors, kinds };
    let asks = |item: &Labelled| item.role == Role::Query && !item.labels.is_empty();
    let queries: Vec<usize> = (0..items.len()).filter(|&i| asks(&items[i])).collect();
    queries.into_par_iter().map(|query| labelled.answer(query)).collect()
}

/// Labelled items with their codes and embeddings.
struct LabelledItems<'a> {
    items: &'a [Labelled],
    codes: &'a [HashCode],
    embeddings: &'a [Embedding],
    descriptors: Vec<Descriptor>,
    kinds: &'a LabelKinds,
}

impl LabelledItems<'_> {
    fn answer(&self, query: usize) -> LabelledAnswer {
        let nearest = self.nearest(query);
        let labels = &self.items[query].labels;
        let relevant =
            nearest.iter().map(|&(.., i)| self.kinds.relevant(labels, &self.items[i].labels));
        let bits = self.codes[query].bits().max(1) as f64;
        let neighbor = |&(euclidean, distance, i): &(f32, u32, usize)| {
            (f64::from(distance) / bits, f64::from(euclidean), self.items[i].labels.as_slice())
        };
        let evidence = evidence(&nearest.iter().map(neighbor).collect::<Vec<_>>(), self.kinds);
        LabelledAnswer { query, relevant: relevant.collect(), evidence }
    }

    /// The (Euclidean distance, Hamming distance, item) of a search's answers, nearest first: see
    /// `Gallery::search`.
    fn nearest(&self, query: usize) -> Vec<(f32, u32, usize)> {
        let own = &self.items[query].patient;
        let answers = |&i: &usize| {
            self.items[i].role == Role::Gallery && (own.is_none() || self.items[i].patient != *own)
        };
        let ranked = |i: usize| {
            let tie = self.descriptors[query].squared_distance(&self.descriptors[i]);
            (self.codes[query].distance(&self.codes[i]), tie, i)
        };
        let mut list: Vec<_> = (0..self.items.len()).filter(answers).map(ranked).collect();
        list.sort_unstable();
        list.truncate(SHORTLIST);
        list.sort_unstable_by_key(|&(distance, tie, i)| (tie, distance, i));
        list.truncate(NEIGHBORS + SPARE);
        let far = |i: usize| self.embeddings[query].distance(&self.embeddings[i]);
        let mut nearest: Vec<_> =
            list.into_iter().map(|(distance, _, i)| (far(i), distance, i)).collect();
        nearest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        nearest.truncate(NEIGHBORS);
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_patient_does_not_answer_and_labels_decide() {
        let item = |role, label: &str, patient: &str| Labelled {
            labels: vec!["chest".to_owned(), label.to_owned()],
            patient: Some(patient.to_owned()),
            role,
            ..Labelled::default()
        };
        let items = [
            item(Role::Query, "normal", "p"),
            item(Role::Gallery, "normal", "p"),
            item(Role::Gallery, "normal", "q"),
            item(Role::Gallery, "effusion", "r"),
        ];
        let code = |word| HashCode::from_words(&[word], 64).unwrap();
        let codes = [code(0), code(0), code(0b111), code(1)];
        let embeddings = [0.0, 0.0, 1.0, 0.5].map(|x| Embedding::new(vec![x, 0.0]));
        let answers = labelled_answers(&items, &codes, &embeddings, &LabelKinds::default());
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].relevant, [false, true]);
        assert_eq!(answers[0].evidence[1].distance, 3.0 / 64.0);
        assert_eq!(answers[0].evidence[1].euclidean, 1.0);
        assert_eq!(answers[0].evidence[0].agreement, Some(0.0));
        let unlabelled = items.map(|item| Labelled { labels: Vec::new(), ..item });
        assert!(
            labelled_answers(&unlabelled, &codes, &embeddings, &LabelKinds::default()).is_empty()
        );
    }
}
