//! An answer for other systems. It has no names, which are files', and no patients, but keys, UIDs,
//! labels and distances.

use gallery::{Gallery, Hit, Record};
use interchange::{Answer, Neighbor, Software, Viewer};
use network::Encoder;
use retrieval::estimate::Estimate;

/// The answer to the query of this key.
pub fn export_answer(
    encoder: &Encoder,
    gallery: &Gallery,
    query: String,
    (hits, estimate): (&[Hit], Option<&Estimate>),
    viewer: Option<&Viewer>,
) -> Answer {
    let neighbor = |(place, hit): (usize, &Hit)| Neighbor {
        relevance: relevance_at(place, estimate),
        link: link(viewer, &hit.record),
        ..neighbor(hit)
    };
    Answer {
        software: Software {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: encoder.model_id().to_string(),
        },
        made: chrono::Local::now().fixed_offset(),
        query,
        bits: gallery.bits(),
        gallery: gallery.len(),
        precision: estimate.filter(|estimate| !estimate.novel).map(|estimate| estimate.precision),
        novel: estimate.map(|estimate| estimate.novel),
        question: Vec::new(),
        neighbors: hits.iter().enumerate().map(neighbor).collect(),
    }
}

/// The estimated relevance of the hit at a place, if it has one.
pub fn relevance_at(place: usize, estimate: Option<&Estimate>) -> Option<f64> {
    estimate?.relevance.get(place).copied()
}

/// The address at which a viewer shows a picture of the gallery.
pub fn link(viewer: Option<&Viewer>, record: &Record) -> Option<String> {
    let Record { study, series, instance, .. } = record;
    viewer?.link(study.as_deref(), series.as_deref(), instance.as_deref())
}

fn neighbor(hit: &Hit) -> Neighbor {
    let Record { key, study, series, instance, labels, .. } = hit.record.clone();
    Neighbor {
        key,
        study,
        series,
        instance,
        labels,
        distance: hit.distance,
        euclidean: hit.euclidean,
        ..Neighbor::default()
    }
}
