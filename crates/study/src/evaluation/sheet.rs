//! A contact sheet of an evaluation: queries and answers as pictures, beside the figures.

use std::collections::BTreeMap;
use std::path::Path;

use answers::overlay;
use ingest::thumbnail;
use network::Encoder;
use radiograph::dataset::Item;
use radiograph::{Limits, Radiograph};
use retrieval::evaluation::{Role, first_answers};

use crate::report::contact_sheet::{self, Row, TILE};
use anyhow::Result;
use image::GrayImage;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Encoded;

/// The number of queries on a sheet.
const QUERIES: usize = 24;
const ANSWERS: usize = 10;
const QUALITY: u8 = 80;

impl Encoded<'_> {
    /// Writes a sheet of some queries of all sources and their first answers, in the order of
    /// `search`.
    ///
    /// # Errors
    /// If a picture cannot be read any more, or the file cannot be written.
    pub fn write_sheet(&self, file: &Path, encoder: &Encoder, seed: u64) -> Result<()> {
        let kept = &self.kept;
        let [_, (answers, _), _] = self.methods();
        let row = |query: usize| -> Result<Row> {
            let (small, picture) = read(kept[query])?;
            let input = encoder.preprocess().apply(&picture);
            let encoding = encoder.encode(std::slice::from_ref(&input))?.remove(0);
            let map = overlay::overlay(
                &small,
                &encoding.saliency.onto(&input.frame, small.width(), small.height()),
            )?;
            let answer =
                |item: usize| Ok((read(kept[item])?.0, kept[item].labels == kept[query].labels));
            let first = first_answers(&self.items, &answers, query, ANSWERS);
            Ok(Row {
                query: small,
                map,
                answers: first.into_iter().map(answer).collect::<Result<_>>()?,
            })
        };
        let rows: Vec<Row> = chosen(self, seed).into_iter().map(row).collect::<Result<_>>()?;
        files::write(file, thumbnail::jpeg(&contact_sheet::draw(&rows), QUALITY)?)
    }
}

/// A picture as a tile, and whole.
fn read(item: &Item) -> Result<(GrayImage, Radiograph)> {
    let (picture, _) = radiograph::read(&item.path, &Limits::default())?;
    Ok((thumbnail::shrink(&picture, TILE), picture))
}

/// The positions of queries, in turn from each source, in a random order by the seed.
fn chosen(encoded: &Encoded, seed: u64) -> Vec<usize> {
    let kept = &encoded.kept;
    let mut queries: Vec<usize> =
        (0..kept.len()).filter(|&i| encoded.items[i].role == Role::Query).collect();
    queries.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut taken = BTreeMap::<&Option<String>, usize>::new();
    let mut in_turn: Vec<(usize, &Option<String>, usize)> = Vec::new();
    for query in queries {
        let turn = taken.entry(&kept[query].source).or_default();
        in_turn.push((*turn, &kept[query].source, query));
        *turn += 1;
    }
    in_turn.sort();
    in_turn.truncate(QUERIES);
    in_turn.sort_by_key(|(turn, source, _)| (*source, *turn));
    in_turn.into_iter().map(|(_, _, query)| query).collect()
}
