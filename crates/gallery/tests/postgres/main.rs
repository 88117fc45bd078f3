//! A gallery on a PostgreSQL server: it gives the same answers as a folder, and has some features
//! of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod failures;
mod life;
#[path = "../common/server.rs"]
mod server;

use std::path::Path;

use gallery::{Date, Entry, Example, Filter, Gallery, Order, Query, Record};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use retrieval::{Embedding, HashCode, ModelId};
use tempfile::TempDir;

use server::Server;

fn model(name: &str) -> ModelId {
    ModelId(name.to_owned())
}

/// A patient's key as manifests give it: with the source, without one, and as earlier versions wrote
/// one without.
fn patient(i: u64) -> String {
    match i % 3 {
        0 => format!("patient-{}", i % 10),
        1 => format!("Source {}/patient-{}", i % 2, i % 10),
        _ => format!("/patient-{}", i % 10),
    }
}

/// Entries of all shapes: with and without labels, reports, patients, dates, and letters of many
/// alphabets.
fn entry(i: u64) -> Entry {
    let word = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (i % 3);
    let parts = ["CHEST", "hand", "Knee"];
    Entry {
        record: Record {
            key: format!("key-{i:05}"),
            name: format!("Bild «{i:05}».png"),
            labels: (0..i % 3)
                .map(|n| format!("{}-{n}", if i.is_multiple_of(2) { "Label" } else { "label" }))
                .collect(),
            patient: i.is_multiple_of(2).then(|| patient(i)),
            study: i.is_multiple_of(5).then(|| format!("1.2.{i}")),
            body_part: (!i.is_multiple_of(7)).then(|| parts[(i % 3) as usize].to_owned()),
            view: i.is_multiple_of(4).then(|| "PA".to_owned()),
            sex: i.is_multiple_of(3).then(|| "F".to_owned()),
            source: (i % 3 != 2).then(|| format!("Source {}", i % 2)),
            age: (!i.is_multiple_of(4)).then_some((i % 90) as u32),
            study_date: (!i.is_multiple_of(3))
                .then(|| Date::new(2020, 1 + (i % 12) as u8, 1 + (i % 28) as u8))
                .flatten(),
            report: i
                .is_multiple_of(3)
                .then(|| format!("Finding-{i:05}: no pleural effusion, Erguß links {}.", i % 4)),
            width: 10,
            height: 20,
            ..Record::default()
        },
        code: HashCode::from_words(&[word], 64).unwrap(),
        embedding: Embedding::new(vec![i as f32, -0.5, 0.25]),
        thumbnail: [&[0xff, 0xd8][..], format!("thumbnail-{i:05}").as_bytes(), &[0xff, 0xd9]]
            .concat(),
    }
}

fn fill(gallery: &mut Gallery, entries: std::ops::Range<u64>) {
    for i in entries {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn made(at: &Path, n: u64) -> Gallery {
    let mut gallery = Gallery::create(at, &model("m"), 64).unwrap();
    fill(&mut gallery, 0..n);
    gallery
}

const FILTERS: [&str; 21] = [
    "body_part = 'chest'",
    "body_part != 'HAND' and age >= 18",
    "label = 'LABEL-1'",
    "label != 'label-0'",
    "label = null",
    "not label = 'label-0' or sex = 'f'",
    "view in ('pa', 'ap') and not age < 40",
    "study_date >= 2020-05-01 and study_date < 2020-09-15",
    "report ~ 'pleural effusion'",
    "report ~ 'effusion pleural'",
    "report ~ 'ergu*'",
    "report ~ 'FINDING-00012'",
    "report != null and patient = 'patient-4'",
    "patient = 'Patient-4'",
    "patient = 'Source 0/patient-4'",
    "patient != 'patient-4'",
    "patient in ('patient-2', 'patient-4') or patient > 'patient-6'",
    "id > 10 and id <= 100 and width = 10",
    "source > 'source 0'",
    "key in ('key-00003', 'key-00008')",
    "name = 'bild «00005».PNG'",
];

#[test]
fn the_same_answers_as_from_a_folder() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("same"));
    let (ours, theirs) = (made(dir.path(), 300), made(&at, 300));
    assert_eq!((theirs.ids(), theirs.model(), theirs.bits()), (ours.ids(), ours.model(), 64));
    for id in ours.ids() {
        assert_eq!(theirs.record(id).unwrap(), ours.record(id).unwrap());
        assert_eq!(theirs.code(id).unwrap(), ours.code(id).unwrap());
        assert_eq!(theirs.embedding(id).unwrap(), ours.embedding(id).unwrap());
        assert_eq!(theirs.thumbnail(id).unwrap(), ours.thumbnail(id).unwrap());
    }
    assert_eq!(theirs.facets(9).unwrap(), ours.facets(9).unwrap());
    assert_eq!(theirs.of_patient("patient-4").unwrap(), ours.of_patient("patient-4").unwrap());
    assert_eq!(theirs.verify().unwrap(), []);
    for text in FILTERS {
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(theirs.matching(&filter).unwrap(), ours.matching(&filter).unwrap(), "{text}");
        let page = |gallery: &Gallery| gallery.page(Some(&filter), 2, 5).unwrap();
        assert_eq!(page(&theirs), page(&ours), "{text}");
    }
    let (mine, yours) = (ours.info().unwrap(), theirs.info().unwrap());
    assert_eq!(
        (yours.records, yours.patients, yours.sources, yours.labels),
        (mine.records, mine.patients, mine.sources, mine.labels)
    );
    assert!(yours.bytes > 0);
}

/// Random queries, with filters, k, patients and re-ranking, have the same answer in a folder, on a
/// server, and by distances in SQL.
#[test]
fn queries_have_one_answer() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("parity"));
    let (ours, theirs) = (made(dir.path(), 2_000), made(&at, 2_000));
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    };
    let orders = [
        Order::Hamming,
        Order::default(),
        Order::Similarity { shortlist: 1 },
        Order::Similarity { shortlist: 300 },
    ];
    let query = (any::<u64>(), 0..40_usize, 0..FILTERS.len() * 2, any::<bool>(), 0..orders.len());
    let ran = TestRunner::new(config).run(&query, |(word, k, filter, grouped, order)| {
        let (code, embedding) = (
            HashCode::from_words(&[word], 64).unwrap(),
            Embedding::new(vec![word as u16 as f32, 0.0, 0.0]),
        );
        let images =
            [Example { code: &code, embedding: &embedding, key: "", patient: Some("patient-2") }];
        let filter: Option<Filter> = FILTERS.get(filter).map(|text| text.parse().unwrap());
        let query = Query {
            filter: filter.as_ref(),
            group_by_patient: grouped,
            order: orders[order],
            ..Query::nearest(&images, k)
        };
        prop_assert_eq!(theirs.search(&query).unwrap(), ours.search(&query).unwrap());
        Ok(())
    });
    ran.unwrap();
    let code = entry(7).code;
    let bits: String =
        (0..64).map(|i| if code.words()[0] >> i & 1 == 1 { '1' } else { '0' }).collect();
    let told =
        server.sql("parity", &format!("SELECT id, distance FROM skiagraph.nearest(B'{bits}', 50)"));
    let near = ours.index().nearest(&code, 50).unwrap();
    let expected: Vec<String> =
        near.iter().map(|near| format!("{}|{}", near.id, near.distance)).collect();
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    let told = server.sql(
        "parity",
        &format!(
            "SELECT id FROM skiagraph.radiographs WHERE body_part = 'hand' AND 'Label-0' = ANY (labels)
         ORDER BY code OPERATOR(public.<~>) B'{bits}', id LIMIT 5"
        ),
    );
    assert_eq!(told.lines().count(), 5);
}

#[test]
fn a_machine_starts_from_its_own_file() {
    let Some(server) = Server::start() else { return };
    let (dir, at) = (folder(), server.database("files"));
    let with_files = format!(
        "{}?snapshots={}",
        at.display(),
        dir.path().join("a b").display().to_string().replace(' ', "%20")
    );
    let with_files = Path::new(&with_files);
    let mut gallery = made(&at, 9_000);
    drop(Gallery::open(with_files).unwrap());
    let files = || std::fs::read_dir(dir.path().join("a b")).unwrap().count();
    assert_eq!(files(), 2, "a segment, and what names it");
    gallery.delete(&[17]).unwrap();
    fill(&mut gallery, 9_000..9_010);
    let again = Gallery::open(with_files).unwrap();
    assert_eq!((again.ids(), again.verify().unwrap()), (gallery.ids(), vec![]));
    assert!(again.index().fresh() < 100, "{} codes came from the server", again.index().fresh());
    again.draw_map(1, |_| {}).unwrap();
    assert_eq!(again.plot().unwrap().unwrap().ids.len(), 9_009);
    assert!(gallery.draw_map(1, |_| {}).unwrap_err().to_string().contains("snapshots=FOLDER"));
}
