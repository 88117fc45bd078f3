//! Maps beside expert boxes: the pointing game, the share of the map within, and the overlap.

use std::collections::BTreeMap;

use anyhow::Result;
use network::explain::evidence::evidence;
use network::explain::pointing::{Localisation, localise};
use network::explain::{Target, masks};
use network::{Encoding, SaliencyMap};
use radiograph::Input;
use radiograph::dataset::{BoundingBox, Item, Split};
use retrieval::evaluation::{Figure, Options, mean_by_unit};
use serde::Serialize;

use super::Subject;

/// The least number of pictures of a label that is reported by itself.
const FEW: usize = 10;
/// The name of the other labels together.
const OTHERS: &str = "other findings";
/// The number of pictures whose maps are made together.
const BATCH: usize = 32;

/// The maps that are measured, the network's own first.
pub(super) const MAPS: [&str; 6] =
    ["saliency", "evidence", "Grad-CAM", "centre Gaussian", "edges", "random"];

/// One kind of box under one kind of map; values are means over pictures.
#[derive(Serialize)]
pub struct Row {
    /// The label of the boxes.
    pub label: String,
    pub map: &'static str,
    pub pictures: usize,
    /// The share of the pictures whose most salient place is in a box.
    pub pointing: Figure,
    /// The lead of the network's own map in pointing over this one.
    pub saliency_ahead: Figure,
    /// The share of the map that is in a box.
    pub energy: Figure,
    /// The intersection over union at Otsu's threshold.
    pub iou: Figure,
    /// The share of the picture that is in a box: pointing by chance.
    pub area: f64,
}

/// A picture's unit, and the agreement of each map with its boxes.
struct Measured {
    unit: String,
    by_map: Vec<Localisation>,
}

/// Measures pictures with boxes that were not trained on, by the boxes' labels.
pub(super) fn measure(subject: &Subject) -> Result<Vec<Row>> {
    let unseen = |split| matches!(split, Split::Query | Split::Database);
    let items: Vec<&Item> =
        subject.of(unseen).filter(|item| subject.boxes.contains_key(&item.name)).collect();
    let progress = subject.observer.images("boxes", items.len());
    let mut groups = BTreeMap::<String, Vec<Measured>>::new();
    for batch in items.chunks(BATCH) {
        let pictures = subject.decode(batch.iter().copied())?;
        let inputs: Vec<Input> = pictures.iter().map(|picture| picture.input.clone()).collect();
        let maps = maps(subject, &inputs)?;
        for (i, (item, picture)) in batch.iter().zip(&pictures).enumerate() {
            for (label, boxes) in by_label(&subject.boxes[&item.name]) {
                let size = (picture.record.width, picture.record.height);
                let by_map =
                    maps.iter().map(|maps| localise(&maps[i], &picture.input.frame, size, &boxes));
                let measured = Measured { unit: item.unit(), by_map: by_map.collect() };
                groups.entry(label).or_default().push(measured);
            }
        }
        progress.advance(batch.len());
    }
    progress.finish();
    Ok(gather(groups)
        .iter()
        .flat_map(|(label, measured)| rows(label, measured, subject.seed))
        .collect())
}

/// Groups boxes by their labels.
pub(super) fn by_label(boxes: &[BoundingBox]) -> BTreeMap<String, Vec<BoundingBox>> {
    let mut labels = BTreeMap::<String, Vec<BoundingBox>>::new();
    for one in boxes {
        labels.entry(one.label.clone()).or_default().push(one.clone());
    }
    labels
}

/// All maps of all pictures, in the order of [`MAPS`].
pub(super) fn maps(subject: &Subject, inputs: &[Input]) -> Result<Vec<Vec<SaliencyMap>>> {
    let size = subject.encoder.preprocess().size;
    let encodings = subject.encoder.encode(inputs)?;
    let of = |(input, encoding): (&Input, &Encoding)| {
        evidence(&subject.encoder, input, &encoding.embedding)
    };
    let evidence: network::Result<_> = inputs.iter().zip(&encodings).map(of).collect();
    Ok(vec![
        subject.explainer.saliency(inputs)?,
        evidence?,
        subject.explainer.grad_cam(inputs, Target::Predicted)?,
        inputs.iter().map(|input| masks::centre(size, &input.frame)).collect(),
        inputs.iter().map(masks::edges).collect(),
        (0..inputs.len()).map(|i| masks::random(size, subject.seed + i as u64)).collect(),
    ])
}

/// Merges groups of few pictures into one.
pub(super) fn gather<T>(groups: BTreeMap<String, Vec<T>>) -> BTreeMap<String, Vec<T>> {
    let mut gathered = BTreeMap::<String, Vec<T>>::new();
    for (label, measured) in groups {
        let name = if measured.len() < FEW { OTHERS.to_owned() } else { label };
        gathered.entry(name).or_default().extend(measured);
    }
    gathered
}

fn rows(label: &str, measured: &[Measured], seed: u64) -> Vec<Row> {
    let options = Options { seed, ..Options::default() };
    let mean = |of: &dyn Fn(&Measured) -> f64| {
        let values: Vec<(&str, f64)> = measured.iter().map(|m| (m.unit.as_str(), of(m))).collect();
        mean_by_unit(&values, &options)
    };
    let row = |(place, map): (usize, &&'static str)| Row {
        label: label.to_owned(),
        map,
        pictures: measured.len(),
        pointing: mean(&|m| m.by_map[place].pointing),
        saliency_ahead: mean(&|m| m.by_map[0].pointing - m.by_map[place].pointing),
        energy: mean(&|m| m.by_map[place].energy),
        iou: mean(&|m| m.by_map[place].iou_otsu),
        area: measured.iter().map(|m| m.by_map[place].area).sum::<f64>()
            / measured.len().max(1) as f64,
    };
    MAPS.iter().enumerate().map(row).collect()
}
