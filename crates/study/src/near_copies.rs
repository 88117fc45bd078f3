//! Near copies: radiographs as another system would pass them on, to measure whether their
//! originals are found.
//!
//! A copy is turned, cropped, shown in another window, made smaller and compressed, as happens
//! between a scanner, an archive and a teaching file. The original should be the first of all
//! answers, whatever its labels.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use image::{GrayImage, Luma};
use ingest::thumbnail;
use radiograph::dataset::{Item, Split};
use radiograph::{Limits, Radiograph};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The column that names a copy's original.
const ORIGINAL: &str = "near_copy_of";
/// The column that names the perturbation.
const PERTURBATION: &str = "perturbation";

/// A perturbation of a radiograph, with amounts drawn by a seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Perturbation {
    /// Turned by up to 4°, each side cropped by up to 4 %, gamma 0.8 to 1.25, sides times 0.85,
    /// JPEG 70.
    Turned,
    /// Another window: its centre moved by up to 0.1 of the grey range, its width times 0.75 to
    /// 1.35, JPEG 90.
    Windowed,
    /// Sides times 0.4, JPEG 90.
    Shrunk,
}

impl Perturbation {
    /// All perturbations.
    pub const ALL: [Self; 3] = [Self::Turned, Self::Windowed, Self::Shrunk];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Turned => "turned, cropped, compressed",
            Self::Windowed => "another window",
            Self::Shrunk => "lower resolution",
        }
    }

    fn draw(self, random: &mut ChaCha8Rng) -> Change {
        let still = Change::default();
        match self {
            Self::Turned => Change {
                angle: random.random_range(-4.0f32..=4.0).to_radians(),
                crop: std::array::from_fn(|_| random.random_range(0.0..=0.04)),
                gamma: random.random_range(0.8f32.ln()..=1.25f32.ln()).exp(),
                scale: 0.85,
                quality: 70,
                ..still
            },
            Self::Windowed => Change {
                centre: 0.5 + random.random_range(-0.1..=0.1),
                width: random.random_range(0.75f32.ln()..=1.35f32.ln()).exp(),
                ..still
            },
            Self::Shrunk => Change { scale: 0.4, ..still },
        }
    }
}

/// A perturbation with its amounts.
struct Change {
    /// The angle in radians.
    angle: f32,
    /// The shares of the sides that are cut off: left, right, top, bottom.
    crop: [f32; 4],
    gamma: f32,
    /// Centre and width of the window, in grey from 0 to 1.
    centre: f32,
    width: f32,
    /// The factor of the sides.
    scale: f32,
    /// The quality of the JPEG.
    quality: u8,
}

impl Default for Change {
    fn default() -> Self {
        Self {
            angle: 0.0,
            crop: [0.0; 4],
            gamma: 1.0,
            centre: 0.5,
            width: 1.0,
            scale: 1.0,
            quality: 90,
        }
    }
}

impl Change {
    /// The changed picture as 8-bit grey.
    fn apply(&self, picture: &Radiograph) -> GrayImage {
        let [left, right, top, bottom] = self.crop;
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let side =
            |length: f32, cut: f32| ((length * (1.0 - cut) * self.scale).round() as u32).max(1);
        let (columns, rows) = (side(width, left + right), side(height, top + bottom));
        let source = |x: u32, y: u32| {
            let along = |at: u32, count: u32, length: f32, from: f32, to: f32| {
                length * (from + (at as f32 + 0.5) / count as f32 * (1.0 - from - to))
                    - length / 2.0
            };
            let (x, y) =
                (along(x, columns, width, left, right), along(y, rows, height, top, bottom));
            let (sin, cos) = self.angle.sin_cos();
            (cos * x - sin * y + width / 2.0 - 0.5, sin * x + cos * y + height / 2.0 - 0.5)
        };
        // Means of 2 × 2 places inside a pixel avoid aliasing at the drawn factors.
        GrayImage::from_fn(columns, rows, |x, y| {
            let (x, y) = source(x, y);
            let step = 0.25 / self.scale;
            let places = [(-step, -step), (step, -step), (-step, step), (step, step)];
            let mean =
                places.map(|(dx, dy)| sample(picture, x + dx, y + dy)).iter().sum::<f32>() / 4.0;
            Luma([(self.tone(mean) * 255.0).round() as u8])
        })
    }

    fn tone(&self, grey: f32) -> f32 {
        ((grey.powf(self.gamma) - self.centre) / self.width + 0.5).clamp(0.0, 1.0)
    }
}

/// Bilinear sample between the middles of pixels; black outside the picture.
fn sample(picture: &Radiograph, x: f32, y: f32) -> f32 {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    if x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5 {
        return 0.0;
    }
    let (x, y) = (x.clamp(0.0, width - 1.0), y.clamp(0.0, height - 1.0));
    let (dx, dy) = (x.fract(), y.fract());
    let at = |x: f32, y: f32| {
        let (x, y) = (x.min(width - 1.0) as usize, y.min(height - 1.0) as usize);
        picture.pixels()[y * picture.width() as usize + x]
    };
    let upper = at(x, y) * (1.0 - dx) + at(x + 1.0, y) * dx;
    let lower = at(x, y + 1.0) * (1.0 - dx) + at(x + 1.0, y + 1.0) * dx;
    upper * (1.0 - dy) + lower * dy
}

/// Writes near copies of `count` of the searched pictures into a folder, each picture once by every
/// perturbation. Returns them as items that belong to no split. Pictures of the split `database`
/// are taken if there are any. A seed determines the copies.
///
/// # Errors
/// If a file cannot be written. A picture that cannot be read is left out: whoever encodes the
/// gallery reports it.
pub fn make(items: &[&Item], count: usize, seed: u64, folder: &Path) -> Result<Vec<Item>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let of =
        |split| items.iter().filter(|item| item.split == Some(split)).copied().collect::<Vec<_>>();
    let mut originals = of(Split::Database);
    if originals.is_empty() {
        originals = of(Split::Train);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    originals.shuffle(&mut random);
    originals.truncate(count);
    let made = originals.par_iter().enumerate().map(|(i, item)| copies(item, i, seed, folder));
    Ok(made.collect::<Result<Vec<_>>>()?.concat())
}

/// The copies of one picture; none if it cannot be read.
fn copies(item: &Item, number: usize, seed: u64, folder: &Path) -> Result<Vec<Item>> {
    let Ok((picture, _)) = radiograph::read(&item.path, &Limits::default()) else {
        return Ok(Vec::new());
    };
    let copy = |(kind, perturbation): (u64, Perturbation)| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number as u64 * Perturbation::ALL.len() as u64 + kind + 1);
        let change = perturbation.draw(&mut random);
        let path = folder.join(format!("{number}-{kind}.jpg"));
        let jpeg = thumbnail::jpeg(&change.apply(&picture), change.quality)?;
        fs::write(&path, jpeg).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(copy_item(item, perturbation, path))
    };
    (0..).zip(Perturbation::ALL).map(copy).collect()
}

fn copy_item(item: &Item, perturbation: Perturbation, path: std::path::PathBuf) -> Item {
    let name = format!("{} ({})", item.name, perturbation.name());
    let mut columns = item.columns.clone();
    columns.insert(ORIGINAL.to_owned(), item.name.clone());
    columns.insert(PERTURBATION.to_owned(), perturbation.name().to_owned());
    Item { path, name, split: None, columns, ..item.clone() }
}

/// The near copies among encoded items, by position. Copies without their original are left out.
pub fn pairs(items: &[&Item]) -> Vec<retrieval::evaluation::NearCopy> {
    let positions: std::collections::HashMap<&str, usize> =
        items.iter().enumerate().map(|(i, item)| (item.name.as_str(), i)).collect();
    let pair = |(copy, item): (usize, &&Item)| {
        let original = *positions.get(item.columns.get(ORIGINAL)?.as_str())?;
        let perturbation = item.columns.get(PERTURBATION)?.clone();
        Some(retrieval::evaluation::NearCopy { perturbation, copy, original })
    };
    items.iter().enumerate().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient() -> Radiograph {
        let pixels = (0..40 * 30).map(|i| (i % 40) as f32 / 39.0).collect();
        Radiograph::new(40, 30, pixels).unwrap()
    }

    #[test]
    fn no_change_is_the_picture_and_a_crop_is_its_middle() {
        let still = Change::default().apply(&gradient());
        assert_eq!(still.dimensions(), (40, 30));
        assert!(still.get_pixel(39, 7)[0] > 250 && still.get_pixel(20, 3)[0].abs_diff(131) < 4);
        let cropped = Change { crop: [0.5, 0.0, 0.0, 0.0], ..Change::default() }.apply(&gradient());
        assert_eq!(cropped.dimensions(), (20, 30));
        assert!(cropped.get_pixel(0, 0)[0].abs_diff(131) < 4);
    }

    #[test]
    fn a_window_stretches_and_a_scale_shrinks() {
        let narrow = Change { width: 0.5, ..Change::default() };
        assert!((narrow.tone(0.5) - 0.5).abs() < 1e-6 && (narrow.tone(0.6) - 0.7).abs() < 1e-6);
        let small = Change { scale: 0.4, ..Change::default() }.apply(&gradient());
        assert_eq!(small.dimensions(), (16, 12));
    }

    #[test]
    fn a_seed_names_the_copies_and_their_originals_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        GrayImage::from_fn(40, 30, |x, y| Luma([(x * 5 + y) as u8])).save(&path).unwrap();
        let manifest = folder.path().join("manifest.csv");
        fs::write(&manifest, "path,labels,split\na.png,x,database\n").unwrap();
        let dataset = radiograph::dataset::Dataset::open(&manifest).unwrap();
        let items: Vec<&Item> = dataset.items.iter().collect();
        let bytes = |seed: u64| {
            let made = make(&items, 5, seed, &folder.path().join("copies")).unwrap();
            let all: Vec<&Item> = items.iter().copied().chain(&made).collect();
            assert_eq!(
                pairs(&all).iter().map(|pair| (pair.copy, pair.original)).collect::<Vec<_>>(),
                [(1, 0), (2, 0), (3, 0)]
            );
            made.iter().map(|item| fs::read(&item.path).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }
}
