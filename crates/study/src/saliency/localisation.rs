//! The agreement of maps with experts' boxes: a row for each label of boxes and each kind of map.

use std::collections::BTreeMap;

use network::SaliencyMap;
use network::explain::peaks::any_peak_in_a_box;
use network::explain::pointing::{Localisation, localise};
use radiograph::Frame;
use radiograph::dataset::BoundingBox;
use retrieval::evaluation::{Figure, Options, mean_by_unit};
use serde::Serialize;

/// The least number of pictures of a label that is reported by itself.
const FEW: usize = 10;
/// The name of the other labels together.
const OTHERS: &str = "other findings";
/// The number of peaks of which one should lie in a box.
const PEAKS: usize = 3;

/// One kind of box under one kind of map; values are means over pictures.
#[derive(Serialize)]
pub struct Row {
    /// The label of the boxes.
    pub label: String,
    pub map: &'static str,
    pub pictures: usize,
    /// The share of the pictures whose most salient place is in a box.
    pub pointing: Figure,
    /// The lead of the network's own map in pointing over this one, on the pictures that have both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saliency_ahead: Option<Figure>,
    /// The share of the pictures with one of the three highest peaks in a box.
    pub peaks: Figure,
    /// The share of the map that is in a box.
    pub energy: Figure,
    /// The intersection over union at Otsu's threshold.
    pub iou: Figure,
    /// The share of the picture that is in a box: pointing by chance.
    pub area: f64,
}

/// The agreement of a map with the boxes of a picture.
pub(super) struct Agreement {
    measured: Localisation,
    /// Whether one of the highest peaks is in a box.
    peak: bool,
}

impl Agreement {
    /// The agreement of a map of a picture of `size` (width, height), which `frame` has in the
    /// square.
    pub(super) fn of(
        map: &SaliencyMap,
        frame: &Frame,
        size: (u32, u32),
        boxes: &[BoundingBox],
    ) -> Self {
        Self {
            measured: localise(map, frame, size, boxes),
            peak: any_peak_in_a_box(map, frame, size, boxes, PEAKS),
        }
    }
}

/// A picture's unit, and the agreement of its maps with its boxes.
pub(super) struct Measured {
    pub(super) unit: String,
    /// One for each kind of map, the network's own first; `None` where there is no such map.
    pub(super) maps: Vec<Option<Agreement>>,
}

/// Groups boxes by their labels.
pub(super) fn by_label(boxes: &[BoundingBox]) -> BTreeMap<String, Vec<BoundingBox>> {
    let mut labels = BTreeMap::<String, Vec<BoundingBox>>::new();
    for one in boxes {
        labels.entry(one.label.clone()).or_default().push(one.clone());
    }
    labels
}

/// The rows of all labels. `names` are those of the kinds of maps.
pub(super) fn rows(
    groups: BTreeMap<String, Vec<Measured>>,
    names: &[&'static str],
    seed: u64,
) -> Vec<Row> {
    let options = Options { seed, ..Options::default() };
    let of_label = |(label, measured): (&String, &Vec<Measured>)| -> Vec<Row> {
        let maps = names.iter().enumerate();
        maps.filter_map(|(place, &map)| row(label, (place, map), measured, &options)).collect()
    };
    merged(groups).iter().flat_map(of_label).collect()
}

/// Merges groups of few pictures into one.
fn merged<T>(groups: BTreeMap<String, Vec<T>>) -> BTreeMap<String, Vec<T>> {
    let mut merged = BTreeMap::<String, Vec<T>>::new();
    for (label, measured) in groups {
        let name = if measured.len() < FEW { OTHERS.to_owned() } else { label };
        merged.entry(name).or_default().extend(measured);
    }
    merged
}

/// The row of the map at a place; `None` if no picture has it.
fn row(
    label: &str,
    (place, map): (usize, &'static str),
    measured: &[Measured],
    options: &Options,
) -> Option<Row> {
    let mean = |of: &dyn Fn(&Measured) -> Option<f64>| {
        let values: Vec<(&str, f64)> =
            measured.iter().filter_map(|one| Some((one.unit.as_str(), of(one)?))).collect();
        (!values.is_empty()).then(|| mean_by_unit(&values, options))
    };
    let this = |one: &Measured, of: fn(&Agreement) -> f64| one.maps[place].as_ref().map(of);
    let areas: Vec<f64> =
        measured.iter().filter_map(|one| this(one, |map| map.measured.area)).collect();
    Some(Row {
        label: label.to_owned(),
        map,
        pictures: areas.len(),
        pointing: mean(&|one| this(one, |map| map.measured.pointing))?,
        saliency_ahead: mean(&|one| {
            let own = one.maps[0].as_ref()?;
            Some(own.measured.pointing - this(one, |map| map.measured.pointing)?)
        }),
        peaks: mean(&|one| this(one, |map| f64::from(u8::from(map.peak))))?,
        energy: mean(&|one| this(one, |map| map.measured.energy))?,
        iou: mean(&|one| this(one, |map| map.measured.iou_otsu))?,
        area: areas.iter().sum::<f64>() / areas.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_some_pictures_lack_is_averaged_over_the_others() {
        let agreement = |pointing: f64| Agreement {
            measured: Localisation {
                pointing,
                energy: 0.5,
                iou: [0.0; 7],
                iou_otsu: 0.2,
                area: 0.1,
            },
            peak: true,
        };
        let picture = |at: usize, own: Option<f64>, other: f64| Measured {
            unit: at.to_string(),
            maps: vec![own.map(agreement), Some(agreement(other))],
        };
        let pictures = (0..12).map(|at| picture(at, (at < 6).then_some(1.0), 0.0)).collect();
        let few = vec![picture(20, None, 1.0)];
        let groups = BTreeMap::from([("lung".to_owned(), pictures), ("mass".to_owned(), few)]);
        let rows = rows(groups, &["own", "other"], 1);
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                let ahead = row.saliency_ahead.as_ref().map(|ahead| ahead.value);
                (row.label.as_str(), row.map, row.pictures, row.pointing.value, ahead)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("lung", "own", 6, 1.0, Some(0.0)),
                ("lung", "other", 12, 0.0, Some(1.0)),
                (OTHERS, "other", 1, 1.0, None)
            ]
        );
        assert!((rows[0].area - 0.1).abs() < 1e-12 && rows[0].peaks.value == 1.0);
    }
}
