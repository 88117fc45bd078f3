//! Answers as cards of a page: thumbnails, shared labels, saliency of query and neighbours.

use std::collections::HashMap;

use anyhow::{Context, Result};
use gallery::{Gallery, Hit, Record};
use image::GrayImage;
use ingest::Decoded;
use ingest::thumbnail::{jpeg, shrink, shrink_grey};
use network::{Encoder, Look, SaliencyMap};
use radiograph::{Frame, Limits, Radiograph};

use crate::html::{Answer, Card, Label, Page};
use crate::overlay::overlay;

/// The longer side of a picture on a page, in pixels.
const SIDE: u32 = 160;
const QUALITY: u8 = 72;
/// The greatest size of a page, in bytes. It must be small enough to be sent by mail and opened in
/// any browser.
pub const PAGE_MAX_BYTES: usize = 15_000_000;

/// Draws answers. A neighbour of many queries is encoded once.
pub struct Illustrator<'a> {
    encoder: &'a Encoder,
    gallery: &'a Gallery,
    /// The plain and the overlaid JPEG of gallery pictures, by their id.
    drawn: HashMap<u64, (Vec<u8>, Vec<u8>)>,
}

/// A query as its page shows it.
pub enum Asked<'a> {
    /// An encoded picture: its record, the picture itself, at least as large as it is drawn, and
    /// its saliency map.
    Image(&'a Record, GrayImage, Look),
    /// An entry of the gallery.
    Entry(u64, &'a Record),
}

impl<'a> Illustrator<'a> {
    /// An illustrator of answers from one gallery.
    pub fn new(encoder: &'a Encoder, gallery: &'a Gallery) -> Self {
        Self { encoder, gallery, drawn: HashMap::new() }
    }

    /// The answer to one query, with its hits.
    ///
    /// # Errors
    /// If a picture cannot be read or encoded.
    pub fn answer(&mut self, query: &[Asked], hits: &[Hit]) -> Result<Answer> {
        self.draw(hits.iter().map(|hit| (hit.id, hit.record.name.as_str())))?;
        let wanted: Vec<&String> = query.iter().flat_map(|asked| &asked.record().labels).collect();
        Ok(Answer {
            queries: query.iter().map(|asked| self.query(asked)).collect::<Result<_>>()?,
            neighbors: hits.iter().map(|hit| self.neighbor(&wanted, hit)).collect(),
        })
    }

    fn query(&mut self, asked: &Asked) -> Result<Card> {
        let (plain, map) = match asked {
            Asked::Image(_, picture, look) => draw(picture.clone(), &look.map, &look.frame)?,
            Asked::Entry(id, record) => {
                self.draw([(*id, record.name.as_str())].into_iter())?;
                self.drawn.get(id).cloned().unwrap_or_default()
            }
        };
        let record = asked.record();
        let labels =
            record.labels.iter().map(|text| Label { text: text.clone(), shared: false }).collect();
        Ok(Card { name: record.name.clone(), labels, distance: None, plain, map })
    }

    fn neighbor(&self, wanted: &[&String], hit: &Hit) -> Card {
        let labels = hit.record.labels.iter();
        let labels = labels
            .map(|text| Label { text: text.clone(), shared: wanted.contains(&text) })
            .collect();
        let (plain, map) = self.drawn.get(&hit.id).cloned().unwrap_or_default();
        let (bits, of, euclidean) = (hit.distance, self.gallery.bits(), hit.euclidean);
        let distance = Some(format!("{bits} of {of} bits differ; Euclidean {euclidean:.3}"));
        Card { name: hit.record.name.clone(), labels, distance, plain, map }
    }

    /// Draws the entries, given by id and name, that were not drawn before. It uses the gallery's
    /// own thumbnails, as the indexed files may be gone.
    fn draw<'b>(&mut self, entries: impl Iterator<Item = (u64, &'b str)>) -> Result<()> {
        for (id, name) in entries {
            if self.drawn.contains_key(&id) {
                continue;
            }
            let radiograph = radiograph::decode(&self.gallery.thumbnail(id)?, &Limits::default())
                .with_context(|| format!("the thumbnail of `{name}` is damaged"))?;
            let look = self.encoder.look(&radiograph)?;
            self.drawn.insert(id, draw(shrink(&radiograph, SIDE), &look.map, &look.frame)?);
        }
        Ok(())
    }
}

impl<'a> Asked<'a> {
    /// The picture of a file of which only the thumbnail is left.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn decoded(picture: &'a Decoded, encoder: &Encoder) -> Result<Self> {
        let Decoded { record, thumbnail, .. } = picture;
        let grey = thumbnail.as_raw().iter().map(|&grey| f32::from(grey) / 255.0).collect();
        let look = encoder.look(&Radiograph::new(thumbnail.width(), thumbnail.height(), grey)?)?;
        Ok(Self::Image(record, thumbnail.clone(), look))
    }

    fn record(&self) -> &Record {
        match self {
            Self::Image(record, ..) => record,
            Self::Entry(_, record) => record,
        }
    }
}

/// A picture plain and under its saliency map, as JPEG bytes.
///
/// # Errors
/// If it cannot be written as JPEG.
pub fn draw(
    picture: GrayImage,
    saliency: &SaliencyMap,
    frame: &Frame,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let picture = shrink_grey(picture, SIDE);
    let over = overlay(&picture, &saliency.onto(frame, picture.width(), picture.height()))?;
    Ok((jpeg(&picture, QUALITY)?, jpeg(&over, QUALITY)?))
}

/// The page of answers of a gallery.
pub fn page(gallery: &Gallery, answers: Vec<Answer>) -> Page {
    let intro = format!(
        "The most similar pictures of a gallery of {}: those with the nearest embeddings among the nearest {}-bit hash codes, \
         unless another order was asked for. Brighter colours: where a network looked. Not for diagnosis.",
        gallery.len(),
        gallery.bits(),
    );
    let title = "Similar radiographs".to_owned();
    Page { title, intro: vec![intro], figures: None, sections: Vec::new(), answers }
}
