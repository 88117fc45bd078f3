//! The labels of training pictures: a vocabulary, and each picture's labels with their shares.

use radiograph::dataset::Item;
use std::collections::BTreeMap;

/// The prefix of a view's label.
const VIEW: &str = "view=";
/// The weight of a view relative to another label, as held-out training pictures prefer it
/// (docs/notebook.md).
const VIEW_WEIGHT: f32 = 0.85;

/// The labels of the training part, sorted, with their rarity.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    labels: Vec<String>,
    /// The weights 1/√frequency, which keep a rare finding from drowning beside a common body part.
    weights: Vec<f32>,
    view_labels: bool,
}

impl Vocabulary {
    /// Gathers the labels of `items`.
    pub(crate) fn of<'a>(items: impl Iterator<Item = &'a Item>, view_labels: bool) -> Self {
        let mut counts = BTreeMap::<String, usize>::new();
        for item in items {
            for label in labels_of(item, view_labels) {
                *counts.entry(label).or_default() += 1;
            }
        }
        let weights = counts.values().map(|&n| 1.0 / (n as f32).sqrt()).collect();
        Self { labels: counts.into_keys().collect(), weights, view_labels }
    }

    pub(crate) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Indices of an item's labels; those unknown to the training part are left out.
    pub(crate) fn indices(&self, item: &Item) -> Vec<usize> {
        labels_of(item, self.view_labels)
            .iter()
            .filter_map(|l| self.labels.binary_search(l).ok())
            .collect()
    }

    /// y (0 or 1) and ŷ = y·w/Σ(y·w) of labels by index; ŷ is 0 where there is none.
    pub(crate) fn rows(&self, indices: &[usize]) -> (Vec<f32>, Vec<f32>) {
        let (mut present, mut share) = (vec![0.0; self.labels.len()], vec![0.0; self.labels.len()]);
        let sum: f32 = indices.iter().map(|&i| self.weights[i]).sum();
        for &i in indices {
            present[i] = 1.0;
            share[i] = self.weights[i] / sum;
        }
        (present, share)
    }

    /// 1 for labels that make two pictures similar, 0 for `except` and for views.
    pub(crate) fn pair_labels(&self, except: &[String]) -> Vec<f32> {
        let counts = |label: &String| !label.starts_with(VIEW) && !except.contains(label);
        self.labels.iter().map(|label| if counts(label) { 1.0 } else { 0.0 }).collect()
    }

    /// The weight of each label for the hash layer that is fitted last: 1, but less for views. Many
    /// pictures share a view that have nothing else in common.
    pub(crate) fn fit_weights(&self) -> Vec<f32> {
        self.labels
            .iter()
            .map(|label| if label.starts_with(VIEW) { VIEW_WEIGHT } else { 1.0 })
            .collect()
    }

    /// The frequency of drawing a picture: 1/√(its source's pictures) times the mean of its labels'
    /// weights. So no source and no class drowns the rest.
    pub(crate) fn sampling_weight(&self, indices: &[usize], source_count: usize) -> f64 {
        let mean = indices.iter().map(|&i| f64::from(self.weights[i])).sum::<f64>()
            / indices.len().max(1) as f64;
        mean / (source_count.max(1) as f64).sqrt()
    }
}

/// The labels of an item that a network learns; its view is one, if wanted.
#[must_use]
pub fn labels_of(item: &Item, view_labels: bool) -> Vec<String> {
    let view =
        item.view.iter().filter(|v| view_labels && !v.is_empty()).map(|v| format!("{VIEW}{v}"));
    item.labels.iter().cloned().chain(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use radiograph::dataset::Description;

    fn item(labels: &[&str], view: Option<&str>) -> Item {
        Item {
            path: "a.png".into(),
            name: "a.png".to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            patient: None,
            group: None,
            view: view.map(str::to_owned),
            source: None,
            licence: None,
            split: None,
            description: Description::default(),
            columns: BTreeMap::new(),
        }
    }

    /// Four chests, one of them with a nodule, all frontal.
    fn vocabulary(view_labels: bool) -> Vocabulary {
        let chest = item(&["chest"], Some("PA"));
        let nodule = item(&["chest", "nodule"], Some("PA"));
        Vocabulary::of([&chest, &chest, &chest, &nodule].into_iter(), view_labels)
    }

    #[test]
    fn labels_are_sorted_and_views_are_labels_if_wanted() {
        assert_eq!(vocabulary(false).labels(), ["chest", "nodule"]);
        assert_eq!(vocabulary(true).labels(), ["chest", "nodule", "view=PA"]);
        let unknown = item(&["hand", "nodule"], None);
        assert_eq!(
            vocabulary(true).indices(&unknown),
            [1],
            "what training does not know is left out"
        );
    }

    #[test]
    fn a_rare_label_has_the_larger_share() {
        let (present, share) = vocabulary(false).rows(&[0, 1]);
        assert_eq!(present, [1.0, 1.0]);
        // 1/√4 and 1/√1, with a sum of 1.
        assert!((share[0] - 1.0 / 3.0).abs() < 1e-6 && (share[1] - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(vocabulary(false).rows(&[]), (vec![0.0; 2], vec![0.0; 2]));
    }

    #[test]
    fn views_make_no_pair_and_count_less() {
        let known = vocabulary(true);
        assert_eq!(known.pair_labels(&["chest".to_owned()]), [0.0, 1.0, 0.0]);
        assert_eq!(known.fit_weights(), [1.0, 1.0, VIEW_WEIGHT]);
    }

    #[test]
    fn rare_labels_and_small_sources_are_drawn_more_often() {
        let known = vocabulary(false);
        let weight = |labels: &[usize], source| known.sampling_weight(labels, source);
        assert!(weight(&[1], 100) > weight(&[0], 100));
        assert!((weight(&[0], 100) / weight(&[0], 400) - 2.0).abs() < 1e-12);
        assert_eq!(weight(&[], 100), 0.0);
    }
}
