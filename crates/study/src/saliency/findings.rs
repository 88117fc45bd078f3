//! The maps of a saliency network of findings, beside experts' boxes and beside the brightness of
//! the pictures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use answers::overlay;
use anyhow::{Context, Result, bail};
use image::RgbImage;
use ingest::{Decoded, Listed};
use network::explain::brightness::brightness_correlation;
use network::explain::masks;
use network::{DeviceChoice, Encoder, Finder, FindingMaps, SaliencyMap};
use radiograph::Input;
use radiograph::dataset::{BoundingBox, Dataset, Item, Split};
use serde::Serialize;

use super::Boxes;
use super::localisation::{Agreement, Measured, Row, by_label, rows};
use super::page::outlined;
use crate::progress::Observer;

/// The number of pictures whose maps are made together.
const BATCH: usize = 16;
/// The number of pictures of a source whose maps are compared with their brightness.
const SAMPLED: usize = 60;
/// The number of pictures on the sheet, and in one of its rows.
const DRAWN: usize = 20;
const ACROSS: usize = 4;
/// The names of the maps that are measured. A finding's own map is missing if the network has none
/// of it.
const MAPS: [&str; 7] = [
    "its own map",
    "its own map, four mirrors",
    "union",
    "union, four mirrors",
    "model",
    "centre Gaussian",
    "random",
];

/// The measures of a saliency network.
#[derive(Serialize)]
pub struct FindingReport {
    pub(crate) network: PathBuf,
    pub(crate) findings: Vec<String>,
    /// The agreement with boxes, by label and by map.
    pub boxes: Vec<Row>,
    /// The correlation with brightness, by source.
    pub brightness: Vec<Brightness>,
}

/// The rank correlation of maps with the blurred brightness of a source's pictures, as medians.
#[derive(Serialize)]
pub struct Brightness {
    pub source: String,
    pub pictures: usize,
    pub union: f64,
    /// The correlation of the model's own map.
    pub model: f64,
}

/// A saliency network, a model to compare it with, and the data of both measurements.
pub struct Findings<'a> {
    path: PathBuf,
    finder: Finder,
    encoder: Encoder,
    dataset: &'a Dataset,
    boxes: Boxes,
    seed: u64,
    observer: &'a dyn Observer,
}

/// A picture as input of the finder and of the model, and the results of both.
struct Seen {
    picture: Decoded,
    maps: FindingMaps,
    mirrored: FindingMaps,
    input: Input,
    model: SaliencyMap,
}

impl<'a> Findings<'a> {
    /// The network of a file, beside a model, on the pictures of a data set.
    ///
    /// # Errors
    /// If the model does not load.
    pub fn new(
        (path, finder): (&Path, Finder),
        model: &Path,
        (dataset, boxes): (&'a Dataset, Boxes),
        seed: u64,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let encoder = Encoder::load(model, DeviceChoice::Cpu)?;
        Ok(Self { path: path.to_owned(), finder, encoder, dataset, boxes, seed, observer })
    }

    /// Takes every measure, on pictures that were not trained on.
    ///
    /// # Errors
    /// If there is nothing to measure, or a picture cannot be read.
    pub fn measure(&self) -> Result<FindingReport> {
        if !self.unseen().any(|_| true) {
            bail!("the data set has no row with the split `query` or `database`");
        }
        Ok(FindingReport {
            network: self.path.clone(),
            findings: self.finder.card().findings.clone(),
            boxes: self.on_boxes()?,
            brightness: self.beside_brightness()?,
        })
    }

    fn unseen(&self) -> impl Iterator<Item = &'a Item> {
        let unseen = |split| matches!(split, Split::Query | Split::Database);
        self.dataset.items.iter().filter(move |item| item.split.is_some_and(unseen))
    }

    /// The maps of pictures with boxes by the network.
    fn see(&self, items: &[&Item], mirrors: bool) -> Result<Vec<Seen>> {
        let decode = |item: &&Item, preprocess| {
            ingest::decode(&Listed::from_item(item), preprocess)
                .with_context(|| format!("cannot read `{}`", item.name))
        };
        let pictures: Vec<Decoded> = items
            .iter()
            .map(|item| decode(item, self.finder.preprocess()))
            .collect::<Result<_>>()?;
        let inputs: Vec<Input> = items
            .iter()
            .map(|item| Ok(decode(item, self.encoder.preprocess())?.input))
            .collect::<Result<_>>()?;
        let squares: Vec<Input> = pictures.iter().map(|picture| picture.input.clone()).collect();
        let maps = self.finder.find(&squares)?;
        let mirrored = if mirrors { self.finder.find_by_mirrors(&squares)? } else { maps.clone() };
        let encodings = self.encoder.encode(&inputs)?;
        let both = pictures.into_iter().zip(maps.into_iter().zip(mirrored));
        let seen = both.zip(inputs.into_iter().zip(encodings));
        Ok(seen
            .map(|((picture, (maps, mirrored)), (input, encoding))| Seen {
                picture,
                maps,
                mirrored,
                input,
                model: encoding.saliency,
            })
            .collect())
    }

    fn on_boxes(&self) -> Result<Vec<Row>> {
        let items: Vec<&Item> =
            self.unseen().filter(|item| self.boxes.contains_key(&item.name)).collect();
        let progress = self.observer.images("boxes", items.len());
        let mut groups = BTreeMap::<String, Vec<Measured>>::new();
        for batch in items.chunks(BATCH) {
            for (item, seen) in batch.iter().zip(self.see(batch, true)?) {
                for (label, boxes) in by_label(&self.boxes[&item.name]) {
                    let maps = self.agreements(&seen, &label, &boxes);
                    groups.entry(label).or_default().push(Measured { unit: item.unit(), maps });
                }
            }
            progress.advance(batch.len());
        }
        progress.finish();
        Ok(rows(groups, &MAPS, self.seed))
    }

    /// The agreement of each kind of map with the boxes of a label, in the order of [`MAPS`].
    fn agreements(
        &self,
        seen: &Seen,
        label: &str,
        boxes: &[BoundingBox],
    ) -> Vec<Option<Agreement>> {
        let Seen { picture, maps, mirrored, input, model } = seen;
        let own = self.finder.card().findings.iter().position(|finding| finding == label);
        let frame = &picture.input.frame;
        let size = (picture.record.width, picture.record.height);
        let side = picture.input.size;
        let all = [
            own.map(|f| (maps.of(f), frame)),
            own.map(|f| (mirrored.of(f), frame)),
            Some((maps.union(), frame)),
            Some((mirrored.union(), frame)),
            Some((model.clone(), &input.frame)),
            Some((masks::centre(side, frame), frame)),
            Some((masks::random(side, self.seed), frame)),
        ];
        let agreement = |(map, frame): (SaliencyMap, _)| Agreement::of(&map, frame, size, boxes);
        all.into_iter().map(|map| map.map(agreement)).collect()
    }

    /// A sheet of some pictures with boxes. Each is beside itself under the square of S, row by
    /// row.
    ///
    /// # Errors
    /// If a picture cannot be read.
    pub fn sheet(&self) -> Result<RgbImage> {
        let items: Vec<&Item> =
            self.unseen().filter(|item| self.boxes.contains_key(&item.name)).collect();
        let items: Vec<&Item> =
            items.iter().copied().step_by(items.len().div_ceil(DRAWN).max(1)).collect();
        let mut pairs = Vec::new();
        for seen in self.see(&items, false)? {
            let picture = &seen.picture;
            let drawn = outlined(picture, &self.boxes[&picture.record.name]);
            let (width, height) = drawn.dimensions();
            let map = seen.maps.union().squared().onto(&picture.input.frame, width, height);
            pairs.extend([overlay::in_colour(&drawn), overlay::overlay(&picture.thumbnail, &map)?]);
        }
        let rows: Vec<RgbImage> = pairs.chunks(2 * ACROSS).map(overlay::beside).collect();
        Ok(overlay::below(&rows))
    }

    /// The correlation with brightness, on evenly chosen pictures of each source.
    fn beside_brightness(&self) -> Result<Vec<Brightness>> {
        let mut sources = BTreeMap::<&str, Vec<&Item>>::new();
        for item in self.unseen() {
            sources.entry(item.source.as_deref().unwrap_or("all")).or_default().push(item);
        }
        let one = |(source, items): (&str, Vec<&Item>)| {
            let every = items.len().div_ceil(SAMPLED);
            let items: Vec<&Item> = items.into_iter().step_by(every).collect();
            let progress = self.observer.images(&format!("brightness, {source}"), items.len());
            let (mut union, mut model) = (Vec::new(), Vec::new());
            for batch in items.chunks(BATCH) {
                for seen in self.see(batch, false)? {
                    union.push(brightness_correlation(&seen.maps.union(), &seen.picture.input));
                    model.push(brightness_correlation(&seen.model, &seen.input));
                }
                progress.advance(batch.len());
            }
            progress.finish();
            let (source, pictures) = (source.to_owned(), items.len());
            Ok(Brightness { source, pictures, union: median(union), model: median(model) })
        };
        sources.into_iter().map(one).collect()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
