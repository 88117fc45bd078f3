//! The lessons of training pictures: their pixels, and for every finding whether boxes, a label or
//! its absence is known.

use crate::error::{Error, Result};
use crate::model::saliency::exposure;
use radiograph::dataset::{BoundingBox, Item, Skipped, Split};
use radiograph::{Frame, Limits, Preprocess};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Boxes by the names of the items.
pub type Boxes = BTreeMap<String, Vec<BoundingBox>>;

/// A box in pixels of the square: left, top, right, bottom.
pub(crate) type Rectangle = [f32; 4];

/// The knowledge of a finding in a picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sign {
    /// It lies in these boxes.
    Boxed(Vec<Rectangle>),
    /// It is somewhere in the picture.
    Labelled,
    /// It is not in the picture.
    Absent,
    /// It is not known.
    Unknown,
}

/// A picture and its findings.
pub(crate) struct Lesson {
    /// The `size`×`size` grey values.
    pub pixels: Vec<u8>,
    pub frame: Frame,
    /// The mean and deviation of the grey that is not black, in 0..=1.
    pub exposure: (f32, f32),
    /// The sign of each finding.
    pub signs: Vec<Sign>,
    pub source: Option<String>,
}

/// The pictures that findings are learned from.
pub(crate) struct Lessons {
    pub size: usize,
    pub findings: Vec<String>,
    pub lessons: Vec<Lesson>,
    /// The lessons that have each finding: with boxes, or with its label if no picture has boxes of
    /// it.
    pub bearing: Vec<Vec<usize>>,
    /// The lessons without each finding, from the sources that have it.
    pub beside: Vec<Vec<usize>>,
}

/// The findings that get a map: the named ones, or all with boxes on at least `least` of the items.
///
/// # Errors
/// [`Error::NoFindings`].
pub(crate) fn findings_of(
    named: &[String],
    least: usize,
    items: &[&Item],
    boxes: &Boxes,
) -> Result<Vec<String>> {
    let mut pictures = BTreeMap::<&str, usize>::new();
    for item in items {
        for label in boxed_labels(item, boxes) {
            *pictures.entry(label).or_default() += 1;
        }
    }
    if named.is_empty() {
        pictures.retain(|_, count| *count >= least);
        let found: Vec<String> = pictures.into_keys().map(str::to_owned).collect();
        return if found.is_empty() { Err(Error::NoFindings { least }) } else { Ok(found) };
    }
    let known = |name: &&String| {
        pictures.contains_key(name.as_str()) || items.iter().any(|item| item.labels.contains(name))
    };
    match named.iter().find(|name| !known(name)) {
        Some(name) => Err(Error::FindingUnknown { name: name.clone() }),
        None => Ok(named.to_vec()),
    }
}

fn boxed_labels<'a>(item: &Item, boxes: &'a Boxes) -> BTreeSet<&'a str> {
    boxes.get(&item.name).into_iter().flatten().map(|found| found.label.as_str()).collect()
}

impl Lessons {
    /// Decodes `items`, which must all be free to learn from. Those that fail are left out and
    /// listed with the reason.
    pub(crate) fn load(
        items: &[&Item],
        boxes: &Boxes,
        findings: &[String],
        preprocess: &Preprocess,
    ) -> (Self, Vec<Skipped>) {
        // A box of a test picture must never teach. This is the only place where boxes become
        // targets.
        let may_teach = |item: &&Item| item.split.is_none_or(|split| split == Split::Train);
        assert!(
            items.iter().all(may_teach),
            "a picture that is not of the training part would teach"
        );
        let known = Knowledge::of(items, boxes, findings);
        let read = |item: &&Item| known.lesson(item, boxes, preprocess);
        let decoded: Vec<_> = items.par_iter().map(read).collect();
        let (mut lessons, mut skipped) = (Vec::new(), Vec::new());
        for result in decoded {
            match result {
                Ok(lesson) => lessons.push(lesson),
                Err(reason) => skipped.push(reason),
            }
        }
        let size = preprocess.size as usize;
        let findings = findings.to_vec();
        let mut all = Self { size, findings, lessons, bearing: Vec::new(), beside: Vec::new() };
        (all.bearing, all.beside) =
            (0..all.findings.len()).map(|finding| all.sorted(finding)).unzip();
        (all, skipped)
    }

    /// The number of pictures with boxes of each finding.
    pub(crate) fn boxed(&self) -> Vec<usize> {
        let count =
            |f: usize| self.lessons.iter().filter(|l| matches!(l.signs[f], Sign::Boxed(_))).count();
        (0..self.findings.len()).map(count).collect()
    }

    /// The lessons that have a finding, and those of the same sources that do not.
    fn sorted(&self, finding: usize) -> (Vec<usize>, Vec<usize>) {
        let pick = |wanted: &dyn Fn(&Lesson) -> bool| -> Vec<usize> {
            (0..self.lessons.len()).filter(|&i| wanted(&self.lessons[i])).collect()
        };
        let boxed = pick(&|lesson| matches!(lesson.signs[finding], Sign::Boxed(_)));
        let labelled = || pick(&|lesson| lesson.signs[finding] == Sign::Labelled);
        let bearing = if boxed.is_empty() { labelled() } else { boxed };
        let sources: BTreeSet<_> = bearing.iter().map(|&i| &self.lessons[i].source).collect();
        let without = |lesson: &Lesson| lesson.signs[finding] == Sign::Absent;
        let beside = pick(&|lesson| without(lesson) && sources.contains(&lesson.source));
        (bearing, beside)
    }
}

/// The knowledge of a data set's findings from boxes and labels.
struct Knowledge<'a> {
    findings: &'a [String],
    /// True for each finding that is a label of some picture.
    labels: Vec<bool>,
    /// The labels, for each finding, of the pictures with boxes of it.
    company: Vec<BTreeSet<&'a str>>,
}

impl<'a> Knowledge<'a> {
    fn of(items: &[&'a Item], boxes: &Boxes, findings: &'a [String]) -> Self {
        let is_label = |name: &String| items.iter().any(|item| item.labels.contains(name));
        let company = |name: &String| {
            let boxed =
                items.iter().filter(|item| boxed_labels(item, boxes).contains(name.as_str()));
            boxed.flat_map(|item| item.labels.iter().map(String::as_str)).collect()
        };
        Self {
            findings,
            labels: findings.iter().map(is_label).collect(),
            company: findings.iter().map(company).collect(),
        }
    }

    /// The sign of a finding in a picture. A finding that is a label is absent if a picture lacks
    /// it. One that has boxes alone, such as a lung, is absent if a picture shares no label with
    /// those that have boxes of it: a hand has no lung, but another chest may.
    fn sign(&self, finding: usize, item: &Item, rectangles: Vec<Rectangle>) -> Sign {
        let shares =
            || item.labels.iter().any(|label| self.company[finding].contains(label.as_str()));
        match () {
            () if !rectangles.is_empty() => Sign::Boxed(rectangles),
            () if item.labels.contains(&self.findings[finding]) => Sign::Labelled,
            () if self.labels[finding] || !shares() => Sign::Absent,
            () => Sign::Unknown,
        }
    }

    fn lesson(
        &self,
        item: &Item,
        boxes: &Boxes,
        preprocess: &Preprocess,
    ) -> std::result::Result<Lesson, Skipped> {
        let (picture, _) = radiograph::read(&item.path, &Limits::default())
            .map_err(|e| Skipped { name: item.name.clone(), reason: e.to_string() })?;
        let input = preprocess.apply(&picture);
        let size = (picture.width(), picture.height());
        let of = |label: &String| -> Vec<Rectangle> {
            let found =
                boxes.get(&item.name).into_iter().flatten().filter(|found| found.label == *label);
            found.map(|found| in_square(found, &input.frame, size)).collect()
        };
        let signs = self
            .findings
            .iter()
            .enumerate()
            .map(|(f, label)| self.sign(f, item, of(label)))
            .collect();
        Ok(Lesson {
            pixels: input.pixels.iter().map(|grey| (grey * 255.0).round() as u8).collect(),
            frame: input.frame,
            exposure: exposure(&input.pixels),
            signs,
            source: item.source.clone(),
        })
    }
}

/// The position in the square of a box of a picture of (`width`, `height`) pixels.
fn in_square(found: &BoundingBox, frame: &Frame, (width, height): (u32, u32)) -> Rectangle {
    let (columns, rows) = (frame.region.columns(width), frame.region.rows(height));
    let across = frame.width as f32 / columns.len().max(1) as f32;
    let down = frame.height as f32 / rows.len().max(1) as f32;
    let x = |at: f32| frame.left as f32 + (at - columns.start as f32) * across;
    let y = |at: f32| frame.top as f32 + (at - rows.start as f32) * down;
    [x(found.x), y(found.y), x(found.x + found.width), y(found.y + found.height)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use radiograph::Region;

    #[test]
    fn a_box_lies_in_the_square_where_the_picture_does() {
        // The lower half of 100×80 pixels fills rows 20 to 60 of a square of 100.
        let region = Region { top: 0.5, height: 0.5, ..Region::WHOLE };
        let frame = Frame { top: 20, height: 40, region, ..Frame::full(100) };
        let found = BoundingBox { label: "a".into(), x: 10.0, y: 50.0, width: 20.0, height: 10.0 };
        assert_eq!(in_square(&found, &frame, (100, 80)), [10.0, 30.0, 30.0, 40.0]);
    }
}
