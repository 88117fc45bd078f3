//! Answers as cards of a page: thumbnails, shared labels, saliency of query and neighbours.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use image::GrayImage;
use network::{Encoder, Encoding, SaliencyMap};
use radiograph::{Frame, Input, Limits};
use retrieval::gallery::{Gallery, Hit};

use super::html::{Answer, Card, Label, Page, render};
use super::overlay::{colour_jpeg, grey_jpeg, overlay, shrink, shrink_grey};
use crate::ingest::{self, Decoded};
use crate::output;

/// The longer side of a picture on a page, in pixels.
const SIDE: u32 = 160;
const QUALITY: u8 = 72;
/// A page is sent by mail and opened in any browser: keep it small.
const PAGE_MAX_BYTES: usize = 15_000_000;

/// Draws answers; a neighbour of many queries is encoded once.
pub(crate) struct Illustrator<'a> {
    encoder: &'a Encoder,
    gallery: &'a Gallery,
    /// Plain and overlaid JPEG of gallery pictures, by their id.
    drawn: HashMap<u64, (Vec<u8>, Vec<u8>)>,
}

/// A query as its page shows it.
pub(crate) struct Asked<'a> {
    name: &'a str,
    labels: &'a [String],
    thumbnail: &'a GrayImage,
    frame: &'a Frame,
    saliency: &'a SaliencyMap,
}

impl<'a> Asked<'a> {
    /// A picture that was encoded, as a query.
    pub(crate) fn new(picture: &'a Decoded, encoding: &'a Encoding) -> Self {
        Self {
            name: &picture.record.name,
            labels: &picture.record.labels,
            thumbnail: &picture.thumbnail,
            frame: &picture.input.frame,
            saliency: &encoding.saliency,
        }
    }
}

impl<'a> Illustrator<'a> {
    /// An illustrator of answers from one gallery.
    pub(crate) fn new(encoder: &'a Encoder, gallery: &'a Gallery) -> Self {
        Self { encoder, gallery, drawn: HashMap::new() }
    }

    /// One query with its hits.
    pub(crate) fn answer(&mut self, query: &Asked, hits: &[Hit]) -> Result<Answer> {
        self.draw(hits)?;
        let (plain, map) = draw(query.thumbnail.clone(), query.saliency, query.frame)?;
        let labels = query.labels.iter().map(|text| Label { text: text.clone(), shared: false }).collect();
        let query_card = Card { name: query.name.to_owned(), labels, distance: None, plain, map };
        let neighbors = hits.iter().map(|hit| self.neighbor(query.labels, hit)).collect();
        Ok(Answer { query: query_card, neighbors })
    }

    fn neighbor(&self, wanted: &[String], hit: &Hit) -> Card {
        let labels = hit.record.labels.iter();
        let labels = labels.map(|text| Label { text: text.clone(), shared: wanted.contains(text) }).collect();
        let (plain, map) = self.drawn.get(&hit.id).cloned().unwrap_or_default();
        let mut distance = format!("{} of {} bits differ", hit.distance, self.gallery.bits());
        if let Some(euclidean) = hit.euclidean {
            distance += &format!("; Euclidean {euclidean:.3}");
        }
        Card { name: hit.record.name.clone(), labels, distance: Some(distance), plain, map }
    }

    /// Draws the hits that were not drawn before, from the gallery's own thumbnails:
    /// the files that were indexed may be gone.
    fn draw(&mut self, hits: &[Hit]) -> Result<()> {
        let mut fresh: Vec<(u64, GrayImage, Input)> = Vec::new();
        for hit in hits.iter().filter(|hit| !self.drawn.contains_key(&hit.id)) {
            let bytes = self.gallery.thumbnail(hit.id)?;
            let radiograph = radiograph::decode(&bytes, &Limits::default())
                .with_context(|| format!("the thumbnail of `{}` is damaged", hit.record.name))?;
            fresh.push((hit.id, shrink(&radiograph, SIDE), self.encoder.preprocess().apply(&radiograph)));
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let inputs: Vec<Input> = fresh.iter().map(|(_, _, input)| input.clone()).collect();
        for ((id, picture, input), encoding) in fresh.into_iter().zip(ingest::encode(self.encoder, &inputs)?)
        {
            self.drawn.insert(id, draw(picture, &encoding.saliency, &input.frame)?);
        }
        Ok(())
    }
}

/// A picture plain and under its saliency map, as JPEG bytes.
pub(crate) fn draw(picture: GrayImage, saliency: &SaliencyMap, frame: &Frame) -> Result<(Vec<u8>, Vec<u8>)> {
    let picture = shrink_grey(picture, SIDE);
    let over = overlay(&picture, &saliency.onto(frame, picture.width(), picture.height()))?;
    Ok((grey_jpeg(&picture, QUALITY)?, colour_jpeg(&over, QUALITY)?))
}

/// Writes a page to a file.
pub(crate) fn write_page(page: &Page, path: &Path) -> Result<()> {
    output::file(path, render(page, PAGE_MAX_BYTES))
}
