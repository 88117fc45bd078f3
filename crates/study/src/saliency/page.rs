//! The measures of saliency as one page, with pictures under every kind of map.

use answers::draw;
use answers::html::{self, Answer, Card, Page, Section, Table};
use anyhow::Result;
use image::{GrayImage, Luma};
use ingest::Decoded;
use network::SaliencyMap;
use radiograph::dataset::{BoundingBox, Item, Split};

use super::boxes::{MAPS, maps};
use super::{Report, Subject};
use crate::report::figures::figure;

/// The number of pictures drawn.
const DRAWN: usize = 12;
const PAGE_MAX_BYTES: usize = 15_000_000;

/// The page as HTML.
///
/// # Errors
/// If a picture cannot be read or encoded.
pub fn render(subject: &Subject, report: &Report) -> Result<String> {
    let page = Page {
        title: "What the saliency maps are worth".to_owned(),
        intro: vec![
            format!("Model {}. No box was seen in training or used to tune anything.", report.model),
            "Pictures below: white lines are the experts' boxes; brighter colours are more salient."
                .to_owned(),
        ],
        figures: None,
        sections: sections(report),
        answers: pictures(subject)?,
    };
    Ok(html::render(&page, PAGE_MAX_BYTES))
}

/// A section for each measure.
pub(crate) fn sections(report: &Report) -> Vec<Section> {
    vec![boxes(report), perturbation(report), sanity(report), alone(report)]
}

fn section(heading: &str, caption: &str, heads: &[&str], rows: Vec<Vec<String>>) -> Section {
    let heads = heads.iter().map(|&head| head.to_owned()).collect();
    let table = Table { caption: caption.to_owned(), heads, rows };
    Section { heading: heading.to_owned(), tables: vec![table], plots: Vec::new() }
}

fn boxes(report: &Report) -> Section {
    let rows = report.boxes.iter().map(|row| {
        let name = format!("{}: {}", row.label, row.map);
        let ahead = row.saliency_ahead.as_ref().map(figure).unwrap_or_default();
        let figures = [&row.pointing, &row.energy, &row.iou].map(figure);
        let [pointing, energy, iou] = figures;
        vec![
            name,
            row.pictures.to_string(),
            pointing,
            ahead,
            energy,
            iou,
            format!("{:.3}", row.area),
        ]
    });
    let heads =
        ["boxes: map", "pictures", "pointing", "saliency ahead", "energy", "IoU (Otsu)", "area"];
    section("On experts' boxes", "Pictures that were not trained on", &heads, rows.collect())
}

fn perturbation(report: &Report) -> Section {
    let rows = report.perturbation.iter().map(|row| {
        let areas = [row.deletion, row.insertion, row.deletion_embedding, row.insertion_embedding];
        [row.map.to_owned()].into_iter().chain(areas.map(|area| format!("{area:.3}"))).collect()
    });
    let heads = [
        "map",
        "deletion, codes",
        "insertion, codes",
        "deletion, embeddings",
        "insertion, embeddings",
    ];
    let caption =
        "Areas under the similarity to the unchanged picture: deletion low, insertion high is good";
    section("Insertion and deletion", caption, &heads, rows.collect())
}

fn sanity(report: &Report) -> Section {
    let rows = report.randomised.iter().map(|step| {
        let figures =
            [step.spearman, step.structural_similarity].map(|figure| format!("{figure:.3}"));
        [step.stage.to_owned()].into_iter().chain(figures).collect()
    });
    let heads = ["random down to", "Spearman", "structural similarity"];
    let caption = "Similarity to the trained network's maps; it should fall";
    section("Sanity: weights randomised from the head down", caption, &heads, rows.collect())
}

fn alone(report: &Report) -> Section {
    let rows = report.alone.iter().map(|row| {
        let figures = [row.accuracy, row.balanced, row.majority, 1.0 / row.classes.max(1) as f64];
        let counts = [row.task.clone(), row.queries.to_string()];
        counts.into_iter().chain(figures.map(|figure| format!("{figure:.3}"))).collect()
    });
    let heads = ["task", "queries", "accuracy", "balanced", "most frequent", "balanced by chance"];
    let swap = &report.swapped;
    let caption = format!(
        "Classes told by the ten nearest maps. Bits that differ when a picture gets another's map: {:.1} from its own code, \
         {:.1} from the other's, {:.1} between the two pictures",
        swap.own, swap.donor, swap.between
    );
    section("What the map alone tells", &caption, &heads, rows.collect())
}

/// Some pictures with boxes under every kind of map.
pub(crate) fn pictures(subject: &Subject) -> Result<Vec<Answer>> {
    let queries = subject.of(|split| split == Split::Query);
    let items: Vec<&Item> = queries.filter(|item| subject.boxes.contains_key(&item.name)).collect();
    let every = items.len().div_ceil(DRAWN).max(1);
    let items: Vec<&Item> = items.into_iter().step_by(every).collect();
    let decoded = subject.decode(items.iter().copied())?;
    let inputs: Vec<_> = decoded.iter().map(|picture| picture.input.clone()).collect();
    let maps = maps(subject, &inputs)?;
    let answer = |(i, picture): (usize, &Decoded)| {
        let outlined = outlined(picture, &subject.boxes[&picture.record.name]);
        let card = |name: &str, map: &SaliencyMap| -> Result<Card> {
            let (plain, map) = draw(outlined.clone(), map, &picture.input.frame)?;
            Ok(Card { name: name.to_owned(), labels: Vec::new(), distance: None, plain, map })
        };
        let query = card(&picture.record.name, &maps[0][i])?;
        let neighbors = MAPS.iter().zip(&maps).map(|(name, maps)| card(name, &maps[i]));
        Ok(Answer { queries: vec![query], neighbors: neighbors.collect::<Result<_>>()? })
    };
    decoded.iter().enumerate().map(answer).collect()
}

/// The thumbnail with the boxes' outlines.
pub(super) fn outlined(picture: &Decoded, boxes: &[BoundingBox]) -> GrayImage {
    let mut drawn = picture.thumbnail.clone();
    let scale = drawn.width() as f32 / picture.record.width.max(1) as f32;
    let (width, height) = drawn.dimensions();
    let place =
        |v: f32, length: u32| ((v * scale).round().max(0.0) as u32).min(length.saturating_sub(1));
    for found in boxes {
        let (left, right) = (place(found.x, width), place(found.x + found.width, width));
        let (top, bottom) = (place(found.y, height), place(found.y + found.height, height));
        for x in left..=right {
            [top, bottom].into_iter().for_each(|y| drawn.put_pixel(x, y, Luma([255])));
        }
        for y in top..=bottom {
            [left, right].into_iter().for_each(|x| drawn.put_pixel(x, y, Luma([255])));
        }
    }
    drawn
}
