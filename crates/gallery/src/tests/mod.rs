//! Tests of the gallery, and the entries that they store.

mod backup;
mod browse;
mod counts;
mod damage;
mod durable;
mod erasure;
mod formats;
mod map;
mod refusals;
mod reindex;
mod search;
mod segments;
mod sharing;
mod transfer;

use std::any::Any;
use std::fs;

use retrieval::{Embedding, HashCode};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;

fn model(name: &str) -> ModelId {
    ModelId(name.to_owned())
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A recognisable entry: number `i` has the code with `i % 65` ones.
fn entry(i: u64) -> Entry {
    let word = if i.is_multiple_of(65) { 0 } else { u64::MAX >> (64 - i % 65) };
    Entry {
        record: Record {
            key: format!("key-{i:05}"),
            name: format!("file-{i:05}.png"),
            labels: vec!["chest".to_owned(), format!("label-{}", i % 3)],
            patient: i.is_multiple_of(2).then(|| format!("patient-{}", i % 10)),
            source: Some("test".to_owned()),
            body_part: Some("CHEST".to_owned()),
            age: Some(i as u32),
            study_date: Date::new(2020, 1, 1 + (i % 31) as u8),
            report: i.is_multiple_of(3).then(|| format!("Finding-{i:05}, no effusion.")),
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

/// The connection of a folder's database, whose room or rights a test takes away.
fn connection(gallery: &Gallery) -> &Connection {
    let store: &dyn Any = &*gallery.store;
    &store.downcast_ref::<Sqlite>().unwrap().connection
}

fn filled(dir: &Path, n: u64) -> Gallery {
    let mut gallery = Gallery::create(dir, &model("m"), 64).unwrap();
    for i in 0..n {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
    gallery
}

/// The entries nearest to an entry.
fn search(gallery: &Gallery, Entry { code, embedding, .. }: &Entry, k: usize) -> Vec<Hit> {
    let images = [Example { code, embedding, key: "", patient: None }];
    gallery.search(&Query::nearest(&images, k)).unwrap()
}

/// Opens the database as another program would.
fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join(DATABASE)).unwrap()
}
