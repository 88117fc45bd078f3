//! Filters against a naive evaluation in memory, and against attacks.

mod errors;
mod hostile;
mod patients;
mod random_filters;

use std::path::Path;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::{Embedding, HashCode, ModelId};

use super::*;
use crate::{Entry, Gallery, Record};

/// Values that stored fields and filters share, so that tests often pass. Some are meant to break a
/// statement.
const TEXTS: [&str; 10] =
    ["PA", "pa", "AP", "", "CHEST", "x'; DROP TABLE records; --", "\"", "\\", "Ä", "ä\u{301} %_*"];
const WORDS: [&str; 6] = ["opacity", "Opacities", "no", "effusion", "left", "x2"];

type Random = ChaCha8Rng;

fn some<T>(random: &mut Random, value: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.random_bool(0.7).then(|| value(random))
}

fn text(random: &mut Random) -> String {
    (*TEXTS.choose(random).unwrap()).to_owned()
}

fn words(random: &mut Random, count: std::ops::Range<usize>) -> Vec<&'static str> {
    let count = random.random_range(count);
    (0..count).map(|_| *WORDS.choose(random).unwrap()).collect()
}

fn date(random: &mut Random) -> Date {
    Date::new(random.random_range(2018..2022), random.random_range(1..4), random.random_range(1..4))
        .unwrap()
}

fn record(i: usize, random: &mut Random) -> Record {
    let source = some(random, text);
    // Earlier galleries have the `/` without a source, too.
    let prefix = format!("{}/", source.as_deref().unwrap_or_default());
    let prefix = if random.random_bool(0.5) { prefix } else { String::new() };
    Record {
        key: format!("k{i}"),
        name: text(random),
        labels: (0..random.random_range(0..4)).map(|_| text(random)).collect(),
        patient: some(random, |random| prefix + &text(random)),
        study: some(random, text),
        modality: some(random, text),
        body_part: some(random, text),
        view: some(random, text),
        sex: some(random, text),
        age: some(random, |random| random.random_range(0..6)),
        study_date: some(random, date),
        source,
        width: random.random_range(0..4),
        report: some(random, |random| {
            words(random, 0..6).join([", ", " - ", ".\n"].choose(random).unwrap())
        }),
        ..Record::default()
    }
}

/// A gallery of random records, and the records by their ids.
fn gallery(dir: &Path, n: usize, seed: u64) -> (Gallery, Vec<Record>) {
    let mut random = Random::seed_from_u64(seed);
    let records: Vec<Record> = (0..n).map(|i| record(i, &mut random)).collect();
    let mut gallery = Gallery::create(dir, &ModelId("m".to_owned()), 16).unwrap();
    records.iter().for_each(|record| insert(&mut gallery, record));
    gallery.commit().unwrap();
    (gallery, records)
}

fn insert(gallery: &mut Gallery, record: &Record) {
    let (code, embedding) = (HashCode::from_words(&[1], 16).unwrap(), Embedding::new(vec![0.5]));
    let thumbnail = vec![0xff, 0xd8, 0xff, 0xd9];
    gallery.insert(&Entry { record: record.clone(), code, embedding, thumbnail }).unwrap();
}

fn quoted(value: &str, random: &mut Random) -> String {
    let quote = *["\"", "'"].choose(random).unwrap();
    format!("{quote}{}{quote}", value.replace('\\', "\\\\").replace(quote, &format!("\\{quote}")))
}
