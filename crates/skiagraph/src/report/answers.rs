//! Answers as cards of a page: thumbnails, shared labels, saliency of query and neighbours.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use image::GrayImage;
use network::{Encoder, Encoding, SaliencyMap};
use radiograph::{Frame, Input, Limits};
use retrieval::gallery::{Gallery, Hit, Record};

use super::html::{Answer, Card, Label, Page, render};
use super::overlay::{colour_jpeg, grey_jpeg, overlay, shrink, shrink_grey};
use crate::ingest::{self, Decoded};
use crate::output;

/// The longer side of a picture on a page, in pixels.
const SIDE: u32 = 160;
const QUALITY: u8 = 72;
/// A page is sent by mail and opened in any browser: keep it small.
pub(crate) const PAGE_MAX_BYTES: usize = 15_000_000;

/// Draws answers; a neighbour of many queries is encoded once.
pub(crate) struct Illustrator<'a> {
    encoder: &'a Encoder,
    gallery: &'a Gallery,
    /// Plain and overlaid JPEG of gallery pictures, by their id.
    drawn: HashMap<u64, (Vec<u8>, Vec<u8>)>,
}

/// A query as its page shows it.
pub(crate) enum Asked<'a> {
    /// A picture that was encoded: what is known of it, itself at least as large as it is drawn, its map and where that lies.
    Image(&'a Record, GrayImage, &'a SaliencyMap, &'a Frame),
    /// An entry of the gallery.
    Entry(u64, &'a Record),
}

impl<'a> Illustrator<'a> {
    /// An illustrator of answers from one gallery.
    pub(crate) fn new(encoder: &'a Encoder, gallery: &'a Gallery) -> Self {
        Self { encoder, gallery, drawn: HashMap::new() }
    }

    /// One query with its hits.
    pub(crate) fn answer(&mut self, query: &[Asked], hits: &[Hit]) -> Result<Answer> {
        self.draw(hits.iter().map(|hit| (hit.id, hit.record.name.as_str())))?;
        let wanted: Vec<&String> = query.iter().flat_map(|asked| &asked.record().labels).collect();
        Ok(Answer {
            queries: query.iter().map(|asked| self.query(asked)).collect::<Result<_>>()?,
            neighbors: hits.iter().map(|hit| self.neighbor(&wanted, hit)).collect(),
        })
    }

    fn query(&mut self, asked: &Asked) -> Result<Card> {
        let (plain, map) = match asked {
            Asked::Image(_, picture, saliency, frame) => draw(picture.clone(), saliency, frame)?,
            Asked::Entry(id, record) => {
                self.draw([(*id, record.name.as_str())].into_iter())?;
                self.drawn.get(id).cloned().unwrap_or_default()
            }
        };
        let record = asked.record();
        let labels = record.labels.iter().map(|text| Label { text: text.clone(), shared: false }).collect();
        Ok(Card { name: record.name.clone(), labels, distance: None, plain, map })
    }

    fn neighbor(&self, wanted: &[&String], hit: &Hit) -> Card {
        let labels = hit.record.labels.iter();
        let labels =
            labels.map(|text| Label { text: text.clone(), shared: wanted.contains(&text) }).collect();
        let (plain, map) = self.drawn.get(&hit.id).cloned().unwrap_or_default();
        let (bits, of, euclidean) = (hit.distance, self.gallery.bits(), hit.euclidean);
        let distance = Some(format!("{bits} of {of} bits differ; Euclidean {euclidean:.3}"));
        Card { name: hit.record.name.clone(), labels, distance, plain, map }
    }

    /// Draws the entries, of an id and a name each, that were not drawn before, from the gallery's own thumbnails:
    /// the files that were indexed may be gone.
    fn draw<'b>(&mut self, entries: impl Iterator<Item = (u64, &'b str)>) -> Result<()> {
        let mut fresh: Vec<(u64, GrayImage, Input)> = Vec::new();
        for (id, name) in entries.filter(|(id, _)| !self.drawn.contains_key(id)) {
            let radiograph = radiograph::decode(&self.gallery.thumbnail(id)?, &Limits::default())
                .with_context(|| format!("the thumbnail of `{name}` is damaged"))?;
            fresh.push((id, shrink(&radiograph, SIDE), self.encoder.preprocess().apply(&radiograph)));
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

impl<'a> Asked<'a> {
    /// A file's picture.
    pub(crate) fn decoded(picture: &'a Decoded, encoding: &'a Encoding) -> Self {
        let Decoded { record, thumbnail, input, .. } = picture;
        Self::Image(record, thumbnail.clone(), &encoding.saliency, &input.frame)
    }

    fn record(&self) -> &Record {
        match self {
            Self::Image(record, ..) => record,
            Self::Entry(_, record) => record,
        }
    }
}

/// A picture plain and under its saliency map, as JPEG bytes.
pub(crate) fn draw(picture: GrayImage, saliency: &SaliencyMap, frame: &Frame) -> Result<(Vec<u8>, Vec<u8>)> {
    let picture = shrink_grey(picture, SIDE);
    let over = overlay(&picture, &saliency.onto(frame, picture.width(), picture.height()))?;
    Ok((grey_jpeg(&picture, QUALITY)?, colour_jpeg(&over, QUALITY)?))
}

/// The page of answers of a gallery.
pub(crate) fn page(gallery: &Gallery, answers: Vec<Answer>) -> Page {
    let intro = format!(
        "The most similar pictures of a gallery of {}: those with the nearest embeddings among the nearest {}-bit hash codes, \
         unless another order was asked for. Brighter colours: where the network looked. Not for diagnosis.",
        gallery.len(),
        gallery.bits(),
    );
    let title = "Similar radiographs".to_owned();
    Page { title, intro: vec![intro], figures: None, sections: Vec::new(), answers }
}

/// Writes a page to a file.
pub(crate) fn write_page(page: &Page, path: &Path) -> Result<()> {
    output::file(path, render(page, PAGE_MAX_BYTES))
}
