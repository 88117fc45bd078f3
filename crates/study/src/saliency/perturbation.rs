//! Insertion and deletion: whether the code depends on the salient places.

use anyhow::Result;
use network::explain::perturb::{area, insertion_deletion};
use radiograph::Input;
use serde::Serialize;

use super::Subject;
use super::boxes::{MAPS, maps};

/// The measures of one kind of map: areas under the curves of similarity to the unchanged picture,
/// as means over pictures.
#[derive(Serialize)]
pub struct Row {
    pub map: &'static str,
    pub pictures: usize,
    /// The area of 1 − d/K of codes while salient places are blurred first. Lower is better.
    pub deletion: f64,
    /// The area of 1 − d/K of codes while they come back first. Higher is better.
    pub insertion: f64,
    /// The area of the cosine of embeddings.
    pub deletion_embedding: f64,
    pub insertion_embedding: f64,
}

/// Measures every kind of map on every picture.
pub(super) fn measure(subject: &Subject, inputs: &[Input]) -> Result<Vec<Row>> {
    let progress = subject.observer.images("insertion and deletion", MAPS.len() * inputs.len());
    let mut rows = Vec::new();
    for (map, maps) in MAPS.into_iter().zip(maps(subject, inputs)?) {
        let mut sums = [0.0; 4];
        for (input, map) in inputs.iter().zip(&maps) {
            let found = insertion_deletion(&subject.encoder, input, map)?;
            let (out, back) = (&found.deletion, &found.insertion);
            let areas =
                [&out.code, &back.code, &out.embedding, &back.embedding].map(|curve| area(curve));
            sums.iter_mut().zip(areas).for_each(|(sum, area)| *sum += area / inputs.len() as f64);
            progress.advance(1);
        }
        let [deletion, insertion, deletion_embedding, insertion_embedding] = sums;
        let pictures = inputs.len();
        rows.push(Row {
            map,
            pictures,
            deletion,
            insertion,
            deletion_embedding,
            insertion_embedding,
        });
    }
    progress.finish();
    Ok(rows)
}
