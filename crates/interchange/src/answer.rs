//! The answer of a search, as it goes to other systems.

use chrono::{DateTime, FixedOffset};

/// The software that made an answer.
#[derive(Clone, Debug)]
pub struct Software {
    /// Its version.
    pub version: String,
    /// Identity of the model: weights and preprocessing.
    pub model: String,
}

/// The cases that are most like a query.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The software that made it.
    pub software: Software,
    /// The time at which it was made.
    pub made: DateTime<FixedOffset>,
    /// Identity of the query's picture: SOP Instance UID, or the hash of a file.
    pub query: String,
    /// Length of the codes, in bits.
    pub bits: usize,
    /// Pictures in the gallery.
    pub gallery: usize,
    /// Expected share of relevant cases among the first ten, 0 to 1; none for a model without
    /// estimates.
    pub precision: Option<f64>,
    /// Whether the query is unlike everything that the model knows.
    pub novel: Option<bool>,
    /// The question in words of the person who asked: name, note and filter of a saved answer.
    pub question: Vec<String>,
    /// Most similar first.
    pub neighbors: Vec<Neighbor>,
}

/// A similar case. It names no patient: the UIDs are what a PACS opens for those who may see it.
#[derive(Clone, Debug, Default)]
pub struct Neighbor {
    /// Its identity in the gallery: SOP Instance UID, or the hash of a file.
    pub key: String,
    /// Study Instance UID.
    pub study: Option<String>,
    /// Series Instance UID.
    pub series: Option<String>,
    /// SOP Instance UID.
    pub instance: Option<String>,
    /// SOP Class UID, where it is known: images are referenced by both.
    pub sop_class: Option<String>,
    /// Bits in which its code differs from the query's.
    pub distance: u32,
    /// Euclidean distance of the embeddings.
    pub euclidean: f32,
    /// Estimated probability of being relevant, 0 to 1.
    pub relevance: Option<f64>,
    /// The case's labels, in the order given.
    pub labels: Vec<String>,
    /// The address of the case in a viewer.
    pub link: Option<String>,
}

/// The name under which we file.
pub(crate) const NAME: &str = "Skiagraph";
/// The notice in every object.
pub(crate) const USE: &str = "For research, not for diagnosis. Similar is not the same: the labels are those of the \
                              similar cases, and say nothing certain of this patient.";

impl Answer {
    /// The answer in a sentence.
    pub(crate) fn summary(&self) -> String {
        let Self { gallery, neighbors, .. } = self;
        let found = match neighbors.len() {
            1 => "1 similar case".to_owned(),
            count => format!("{count} similar cases"),
        };
        let novel = match self.novel {
            Some(true) => " The query is unlike everything that the model knows.",
            _ => "",
        };
        let precision = self.precision.map_or_else(String::new, |share| {
            format!(
                " Expected share of relevant cases among the first ten: {:.0} %.",
                100.0 * share
            )
        });
        format!("{found} of {gallery} pictures.{precision}{novel}")
    }

    /// The parts that tell this answer from others; the time is not among them.
    pub(crate) fn identity(&self) -> Vec<String> {
        let Self { software, query, bits, gallery, precision, novel, .. } = self;
        let mut parts = vec![software.version.clone(), software.model.clone(), query.clone()];
        parts.push(format!("{bits} {gallery} {precision:?} {novel:?}"));
        parts.extend(self.question.iter().cloned());
        for neighbor in &self.neighbors {
            let Neighbor { distance, euclidean, relevance, labels, .. } = neighbor;
            parts.push(format!("{distance} {euclidean} {relevance:?} {}", labels.len()));
            let texts = [
                &neighbor.study,
                &neighbor.series,
                &neighbor.instance,
                &neighbor.sop_class,
                &neighbor.link,
            ];
            parts.extend(texts.map(|text| text.clone().unwrap_or_default()));
            parts.push(neighbor.key.clone());
            parts.extend(labels.iter().cloned());
        }
        parts
    }
}
