//! Maps beside expert boxes: the pointing game, the share of the map within, and the overlap.

use std::collections::BTreeMap;

use anyhow::Result;
use network::explain::evidence::evidence;
use network::explain::{Target, masks};
use network::{Encoding, SaliencyMap};
use radiograph::Input;
use radiograph::dataset::{Item, Split};

use super::Subject;
use super::localisation::{Agreement, Measured, Row, by_label, rows};

/// The number of pictures whose maps are made together.
const BATCH: usize = 32;

/// The maps that are measured, the network's own first.
pub(super) const MAPS: [&str; 6] =
    ["saliency", "evidence", "Grad-CAM", "centre Gaussian", "edges", "random"];

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
                let of = |maps: &Vec<SaliencyMap>| {
                    Some(Agreement::of(&maps[i], &picture.input.frame, size, &boxes))
                };
                let measured = Measured { unit: item.unit(), maps: maps.iter().map(of).collect() };
                groups.entry(label).or_default().push(measured);
            }
        }
        progress.advance(batch.len());
    }
    progress.finish();
    Ok(rows(groups, &MAPS, subject.seed))
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
