//! Fits the scorer of image quality control to the pictures of a data set's `train` part, and
//! measures the checks on the others.
//!
//! ```text
//! cargo run --release -p radiograph --example image_qc -- fit MANIFEST OUT
//! cargo run --release -p radiograph --example image_qc -- measure MANIFEST
//! ```
#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use radiograph::dataset::{Dataset, Item, Split};
use radiograph::image_qc::{
    OrientationEstimate, Scorer, Turn, Views, burned_in_text, orientation, several_pictures,
};
use radiograph::{Limits, Radiograph};

const FOLDS: usize = 5;
/// Share of the pictures below a threshold.
const QUIET: f64 = 0.99;
/// Five columns of seven pixels a letter, the lowest bit above.
const LETTERS: [[u8; 5]; 12] = [
    [0x7E, 0x09, 0x09, 0x09, 0x7E], // A
    [0x7F, 0x41, 0x41, 0x22, 0x1C], // D
    [0x7F, 0x49, 0x49, 0x49, 0x41], // E
    [0x7F, 0x02, 0x0C, 0x02, 0x7F], // M
    [0x7F, 0x04, 0x08, 0x10, 0x7F], // N
    [0x3E, 0x41, 0x41, 0x41, 0x3E], // O
    [0x7F, 0x09, 0x09, 0x09, 0x06], // P
    [0x46, 0x49, 0x49, 0x49, 0x31], // S
    [0x00, 0x42, 0x7F, 0x40, 0x00], // 1
    [0x42, 0x61, 0x51, 0x49, 0x46], // 2
    [0x27, 0x45, 0x45, 0x45, 0x39], // 5
    [0x36, 0x49, 0x49, 0x49, 0x36], // 8
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["fit", manifest, out] => fit(&Dataset::open(Path::new(manifest))?, Path::new(out)),
        ["measure", manifest] => measure(&Dataset::open(Path::new(manifest))?),
        _ => Err("expected `fit MANIFEST OUT` or `measure MANIFEST`".into()),
    }
}

fn open(item: &Item) -> radiograph::Result<Radiograph> {
    radiograph::read(&item.path, &Limits::default()).map(|(picture, _)| picture)
}

fn fit(data: &Dataset, out: &Path) -> Result<(), Box<dyn Error>> {
    let items: Vec<&Item> =
        data.items.iter().filter(|item| item.split == Some(Split::Train)).collect();
    let views: Vec<Views> = items
        .iter()
        .map(|item| open(item).map(|picture| Views::of(&picture)))
        .collect::<Result<_, _>>()?;
    // Folds of whole groups, so that no patient is on both sides.
    let units: BTreeSet<String> = items.iter().map(|item| item.unit()).collect();
    let folds: BTreeMap<&String, usize> =
        units.iter().enumerate().map(|(at, unit)| (unit, at % FOLDS)).collect();
    let fold_of = |at: usize| folds[&items[at].unit()];
    let mut unseen = Vec::new();
    for fold in 0..FOLDS {
        let (left_out, kept): (Vec<usize>, Vec<usize>) =
            (0..items.len()).partition(|&at| fold_of(at) == fold);
        let scorer = Scorer::fit(&kept.iter().map(|&at| &views[at]).collect::<Vec<_>>());
        unseen.extend(left_out.iter().map(|&at| OrientationEstimate::by(&scorer, &views[at])));
    }
    println!("INVERTED {:.3}", quantile(unseen.iter().map(|orientation| orientation.inverted)));
    println!(
        "TURNED {:.3}",
        quantile(unseen.iter().map(|orientation| orientation.turned.iter().sum()))
    );
    std::fs::write(out, Scorer::fit(&views.iter().collect::<Vec<_>>()).to_bytes())?;
    Ok(())
}

fn quantile(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[(QUIET * (values.len() - 1) as f64).ceil() as usize]
}

/// The number of pictures of a group, and of the doubted ones among them.
#[derive(Clone, Copy, Default)]
struct Rate {
    doubted: usize,
    pictures: usize,
}

impl Rate {
    fn count(&mut self, doubted: bool) {
        self.pictures += 1;
        self.doubted += usize::from(doubted);
    }
}

fn measure(data: &Dataset) -> Result<(), Box<dyn Error>> {
    let held_out = |item: &&Item| matches!(item.split, Some(Split::Database | Split::Query));
    let items: Vec<&Item> = data.items.iter().filter(held_out).collect();
    let mut rates = BTreeMap::<(&str, String), Rate>::new();
    for (at, item) in items.iter().enumerate() {
        let picture = open(item)?;
        let beside = open(items[(at + items.len() / 2) % items.len()])?;
        for (what, doubted) in doubts(&picture, &beside, is_several(item)) {
            for of in [kind(item), "all".to_owned()] {
                rates.entry((what, of)).or_default().count(doubted);
            }
        }
    }
    for ((what, of), Rate { doubted, pictures }) in rates {
        let share = 100.0 * doubted as f64 / pictures as f64;
        println!("| {what} | {of} | {pictures} | {share:.1} % |");
    }
    Ok(())
}

/// The broad kind of a picture: trunk and head, or limbs. Trunks always lie in the same direction,
/// so that their turns are certain.
fn kind(item: &Item) -> String {
    let limb = |label: &String| label == "upper_limb" || label == "lower_limb";
    let kind = if item.labels.iter().any(limb) { "limbs" } else { "trunk and head" };
    kind.to_owned()
}

/// Some files hold two exposures side by side, as their view says.
fn is_several(item: &Item) -> bool {
    item.view.as_ref().is_some_and(|view| view.contains('+'))
}

fn doubts(picture: &Radiograph, beside: &Radiograph, several: bool) -> Vec<(&'static str, bool)> {
    let views = Views::of(picture);
    let changed = |quarters, inverted| {
        OrientationEstimate::by(&Scorer::built_in(), &views.of_changed(quarters, inverted))
    };
    let as_it_is = orientation(picture);
    let composite =
        if several { "several: files of two exposures" } else { "several: false alarms" };
    let mut found = vec![
        ("inverted: false alarms", as_it_is.is_inverted()),
        ("inverted: detected", changed(0, true).is_inverted()),
        ("turned: false alarms", as_it_is.turn().is_some()),
        ("turned: detected, to the right", changed(1, false).turn() == Some(Turn::Right)),
        ("turned: detected, upside down", changed(2, false).turn() == Some(Turn::UpsideDown)),
        ("turned: detected, to the left", changed(3, false).turn() == Some(Turn::Left)),
        (composite, several_pictures(picture)),
        ("text: false alarms", burned_in_text(picture)),
        ("text: detected, 2 % of the side", burned_in_text(&annotated(picture, 0.02))),
        ("text: detected, 3 % of the side", burned_in_text(&annotated(picture, 0.03))),
    ];
    if !several {
        found.push((
            "several: detected, of two pictures",
            several_pictures(&tiled(picture, beside)),
        ));
    }
    found
}

/// Two pictures side by side, black between them and around the smaller one.
fn tiled(left: &Radiograph, right: &Radiograph) -> Radiograph {
    let gap = left.width() / 40 + 1;
    let (width, height) = (left.width() + gap + right.width(), left.height().max(right.height()));
    let grey = |picture: &Radiograph, x: u32, y: u32| {
        let inside = x < picture.width() && y < picture.height();
        if inside { picture.pixels()[(y * picture.width() + x) as usize] } else { 0.0 }
    };
    let pixel = |at: u32| match (at % width, at / width) {
        (x, y) if x < left.width() => grey(left, x, y),
        (x, y) if x >= left.width() + gap => grey(right, x - left.width() - gap, y),
        _ => 0.0,
    };
    rebuilt(width, height, (0..width * height).map(pixel).collect())
}

/// Returns the picture with a line of letters at the lower left. `share` is the letters' height as
/// a share of the longer side.
fn annotated(picture: &Radiograph, share: f64) -> Radiograph {
    let (width, height) = (picture.width(), picture.height());
    let scale = ((share * f64::from(width.max(height)) / 7.0).round() as u32).max(1);
    let mut pixels = picture.pixels().to_vec();
    let (left, top) = (3 * scale, height.saturating_sub(10 * scale));
    for (at, letter) in (0..).zip(LETTERS) {
        for (x, y) in (0..7 * scale).flat_map(|y| (0..5 * scale).map(move |x| (x, y))) {
            let (to_x, to_y) = (left + at * 6 * scale + x, top + y);
            if (letter[(x / scale) as usize] >> (y / scale)) & 1 == 1
                && to_x < width
                && to_y < height
            {
                pixels[(to_y * width + to_x) as usize] = 1.0;
            }
        }
    }
    rebuilt(width, height, pixels)
}

fn rebuilt(width: u32, height: u32, pixels: Vec<f32>) -> Radiograph {
    Radiograph::new(width, height, pixels).unwrap_or_else(|error| unreachable!("{error}"))
}
