//! Runs without a network of their own: hashing fitted on the training part's embeddings or
//! hand-made features.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::Result;
use ingest::Listed;
use network::labels_of;
use radiograph::Preprocess;
use radiograph::dataset::{Item, Split};
use radiograph::features::Feature;
use rayon::prelude::*;
use retrieval::HashCode;
use retrieval::hashing::Hashing;

use super::encodings::{About, Cost, Encodings, in_order};
use super::run::Run;
use crate::progress::Observer;

/// Hash codes of the embeddings that another run left.
pub(super) fn hash_embeddings(
    items: &[&Item],
    run: &Run,
    hashing: Hashing,
    source: &Encodings,
) -> Result<Encodings> {
    let features: Vec<Vec<f32>> = source.embeddings.iter().map(|e| e.values().to_vec()).collect();
    let mut encodings = hash(items, run, hashing, &source.about.names, &features)?;
    encodings.about.cost.training_seconds += source.about.cost.training_seconds;
    encodings.about.cost.encoding_milliseconds += source.about.cost.encoding_milliseconds;
    Ok(encodings)
}

/// Hash codes of hand-made features of the pictures as networks see them.
pub(super) fn hash_features(
    items: &[&Item],
    preprocess: &Preprocess,
    run: &Run,
    (hashing, feature): (Hashing, Feature),
    observer: &dyn Observer,
) -> Result<Encodings> {
    let listed: Vec<_> = items.iter().map(|item| Listed::from_item(item)).collect();
    let progress = observer.images(&format!("{}: features", run.name()), listed.len());
    let (mut names, mut features, mut seconds) = (Vec::new(), Vec::new(), 0.0);
    ingest::for_each_batch(&listed, preprocess, |batch| {
        let start = Instant::now();
        let described: Vec<_> =
            batch.pictures.par_iter().map(|p| feature.describe(&p.input)).collect();
        seconds += start.elapsed().as_secs_f64();
        features.extend(described);
        names.extend(batch.pictures.into_iter().map(|picture| picture.record.name));
        progress.advance(batch.files);
        Ok(())
    })?;
    progress.finish();
    let mut encodings = hash(items, run, hashing, &names, &features)?;
    encodings.about.cost.encoding_milliseconds += 1e3 * seconds / names.len().max(1) as f64;
    Ok(encodings)
}

/// Fits on the pictures of the split train, then hashes all.
fn hash(
    items: &[&Item],
    run: &Run,
    hashing: Hashing,
    names: &[String],
    features: &[Vec<f32>],
) -> Result<Encodings> {
    let items = in_order(items, names);
    let learned: Vec<usize> =
        (0..items.len()).filter(|&i| items[i].split == Some(Split::Train)).collect();
    let labels: Vec<_> =
        learned.iter().map(|&i| labels_of(items[i], run.method.view_labels)).collect();
    let labels = label_rows(&labels);
    let training: Vec<Vec<f32>> = learned.iter().map(|&i| features[i].clone()).collect();
    let start = Instant::now();
    let hasher = hashing.fit(&training, &labels, run.bits, run.seed)?;
    let fitted = start.elapsed().as_secs_f64();
    let codes: Vec<HashCode> =
        features.par_iter().map(|f| hasher.code(f)).collect::<Result<_, _>>()?;
    let hashed = start.elapsed().as_secs_f64() - fitted;
    let encoding_milliseconds = 1e3 * hashed / names.len().max(1) as f64;
    let cost = Cost { training_seconds: fitted, encoding_milliseconds };
    let about = About { recipe: String::new(), names: names.to_vec(), cost };
    Ok(Encodings { about, codes, embeddings: Vec::new() })
}

/// A row for each sample: 1 for the labels that it has and 0 for the others.
fn label_rows(samples: &[Vec<String>]) -> Vec<Vec<f32>> {
    let vocabulary: BTreeSet<&String> = samples.iter().flatten().collect();
    let row = |has: &Vec<String>| {
        vocabulary.iter().map(|l| if has.contains(l) { 1.0 } else { 0.0 }).collect()
    };
    samples.iter().map(row).collect()
}
