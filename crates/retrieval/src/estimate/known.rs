//! Answers whose relevance is known, from labelled items: what an estimator is fitted to, or measured on.

use rayon::prelude::*;

use super::{Evidence, NEIGHBORS, evidence};
use crate::evaluation::{Labelled, Role};
use crate::{Embedding, HashCode};

/// A query's answer and its truth.
#[derive(Clone, Debug)]
pub struct KnownAnswer {
    /// The query's position among the items.
    pub query: usize,
    /// Of each neighbour.
    pub evidence: Vec<Evidence>,
    /// Whether each neighbour shares a label that counts with the query.
    pub relevant: Vec<bool>,
}

/// The nearest gallery items of every query, by (distance, position), less the query's own patient; queries without a label
/// that counts are left out. `codes` and `embeddings` are parallel to `items`.
#[must_use]
pub fn known_answers(
    items: &[Labelled],
    codes: &[HashCode],
    embeddings: &[Embedding],
    counts: impl Fn(&str) -> bool + Sync,
) -> Vec<KnownAnswer> {
    let asks = |item: &Labelled| item.role == Role::Query && item.labels.iter().any(|label| counts(label));
    let queries: Vec<usize> = (0..items.len()).filter(|&i| asks(&items[i])).collect();
    let shares = |a: &Labelled, b: &Labelled| a.labels.iter().any(|l| counts(l) && b.labels.contains(l));
    let answer = |&query: &usize| {
        let asking =
            Asking { code: &codes[query], embedding: &embeddings[query], patient: &items[query].patient };
        let nearest = nearest(items, codes, &asking);
        let relevant = nearest.iter().map(|&(_, i)| shares(&items[query], &items[i])).collect();
        KnownAnswer { query, evidence: evidence_of(items, embeddings, &asking, &nearest), relevant }
    };
    queries.par_iter().map(answer).collect()
}

/// Who asks.
struct Asking<'a> {
    code: &'a HashCode,
    embedding: &'a Embedding,
    patient: &'a Option<String>,
}

fn evidence_of(
    items: &[Labelled],
    embeddings: &[Embedding],
    asking: &Asking<'_>,
    nearest: &[(u32, usize)],
) -> Vec<Evidence> {
    let bits = asking.code.bits().max(1) as f64;
    let neighbor = |&(distance, i): &(u32, usize)| {
        let euclidean = f64::from(asking.embedding.distance(&embeddings[i]));
        (f64::from(distance) / bits, euclidean, items[i].labels.as_slice())
    };
    evidence(&nearest.iter().map(neighbor).collect::<Vec<_>>())
}

fn nearest(items: &[Labelled], codes: &[HashCode], asking: &Asking<'_>) -> Vec<(u32, usize)> {
    let own = asking.patient;
    let answers = |i: &usize| items[*i].role == Role::Gallery && (own.is_none() || items[*i].patient != *own);
    let mut all: Vec<(u32, usize)> =
        (0..items.len()).filter(answers).map(|i| (asking.code.distance(&codes[i]), i)).collect();
    let k = NEIGHBORS.min(all.len());
    if k > 0 {
        all.select_nth_unstable(k - 1);
    }
    all.truncate(k);
    all.sort_unstable();
    all
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
        let known = known_answers(&items, &codes, &embeddings, |label| label != "chest");
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].relevant, [false, true]);
        assert_eq!(known[0].evidence[1].distance, 3.0 / 64.0);
        assert_eq!(known[0].evidence[1].euclidean, 1.0);
        assert_eq!(known[0].evidence[0].agreement, Some(1.0 / 3.0));
        assert!(known_answers(&items, &codes, &embeddings, |_| false).is_empty());
    }
}
