//! Agreement of a map with the boxes that experts drew: the pointing game, energy pointing, and
//! intersection over union.

use super::stretched;
use crate::inference::saliency_map::SaliencyMap;
use radiograph::dataset::BoundingBox;
use radiograph::{Frame, Region};
use std::ops::Range;

/// The thresholds at which maps are binarised, as shares of the way from a map's least to its
/// largest value.
pub const THRESHOLDS: [f32; 7] = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/// The number of bins of Otsu's histogram.
const BINS: usize = 256;

/// The agreement of a map with a picture's boxes. Every value is in 0..=1.
#[derive(Clone, Debug, PartialEq)]
pub struct Localisation {
    /// The result of [`pointing`].
    pub pointing: f64,
    /// The result of [`energy`].
    pub energy: f64,
    /// The result of [`intersection_over_union`] at each of [`THRESHOLDS`].
    pub iou: [f64; THRESHOLDS.len()],
    /// The intersection over union at Otsu's threshold.
    pub iou_otsu: f64,
    /// The boxes' share of the picture: the value of pointing and energy by chance.
    pub area: f64,
}

/// Measures the map of a picture with `picture` (width, height) pixels in its file. `frame` gives
/// its place in the square.
///
/// The peak is sought in the map's own places, as interpolation flattens peaks, and less so at the
/// border. The rest is measured on the picture's pixels. The map is stretched to 0..=1 over them,
/// so that a constant in it does not count. What was cropped away is 0.
pub fn localise(
    map: &SaliencyMap,
    frame: &Frame,
    picture: (u32, u32),
    boxes: &[BoundingBox],
) -> Localisation {
    let places = union(boxes, picture, &frame.region, (frame.width, frame.height));
    let peak = pointing(&map.within(frame), &places);
    let map = spread(map, frame, picture);
    let inside = union(boxes, picture, &Region::WHOLE, picture);
    Localisation {
        pointing: peak,
        energy: energy(&map, &inside),
        iou: THRESHOLDS.map(|threshold| intersection_over_union(&map, &inside, threshold)),
        iou_otsu: intersection_over_union(&map, &inside, otsu(&map)),
        area: energy(&vec![1.0; map.len()], &inside),
    }
}

/// A map over a picture's pixels, stretched to 0..=1 in the part that the network saw.
fn spread(map: &SaliencyMap, frame: &Frame, (width, height): (u32, u32)) -> Vec<f32> {
    let mut onto = map.onto(frame, width, height);
    let (columns, rows) = (frame.region.columns(width), frame.region.rows(height));
    let seen: Vec<usize> =
        rows.flat_map(|y| columns.clone().map(move |x| (y * width + x) as usize)).collect();
    let values: Vec<f32> = seen.iter().map(|&pixel| onto[pixel]).collect();
    seen.into_iter().zip(stretched(&values)).for_each(|(pixel, value)| onto[pixel] = value);
    onto
}

/// Tells for each place of a grid, row by row, whether its middle is in a box. The grid of
/// (`columns`, `rows`) covers a region of a picture of (`width`, `height`) pixels.
pub fn union(
    boxes: &[BoundingBox],
    (width, height): (u32, u32),
    region: &Region,
    (columns, rows): (u32, u32),
) -> Vec<bool> {
    let (shown, down) = (region.columns(width), region.rows(height));
    let middle = |at: u32, shown: &Range<u32>, count: u32| {
        shown.start as f32 + (at as f32 + 0.5) * shown.len() as f32 / count as f32
    };
    let within = |at: f32, start: f32, extent: f32| at >= start && at < start + extent;
    let any = |x, y| boxes.iter().any(|b| within(x, b.x, b.width) && within(y, b.y, b.height));
    let places = (0..rows).flat_map(|y| (0..columns).map(move |x| (x, y)));
    places.map(|(x, y)| any(middle(x, &shown, columns), middle(y, &down, rows))).collect()
}

/// The pointing game: 1 if the largest value is `inside`, else 0. If several places share it, it is
/// their share inside: the expectation of drawing one of them. (Zhang et al., "Top-Down Neural
/// Attention by Excitation Backprop", IJCV 2018, without its margin of 15 pixels.)
pub fn pointing(map: &[f32], inside: &[bool]) -> f64 {
    let largest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let peaks = map.iter().zip(inside).filter(|(v, _)| **v == largest);
    let (hits, count) =
        peaks.fold((0, 0), |(hits, count), (_, inside)| (hits + usize::from(*inside), count + 1));
    share(hits as f64, count as f64)
}

/// Energy pointing: the share of the map's sum that is `inside`, 0 for a map of zeros; values are 0
/// or more (Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural
/// Networks", CVPR Workshops 2020).
pub fn energy(map: &[f32], inside: &[bool]) -> f64 {
    let sum = |only_inside: bool| -> f64 {
        map.iter()
            .zip(inside)
            .filter(|(_, i)| **i || !only_inside)
            .map(|(v, _)| f64::from(*v))
            .sum()
    };
    share(sum(true), sum(false))
}

/// |M ∩ B| / |M ∪ B|, M being the places of at least `threshold` and B those `inside`; 0 if both
/// are empty.
pub fn intersection_over_union(map: &[f32], inside: &[bool], threshold: f32) -> f64 {
    let (mut both, mut either) = (0, 0);
    for (value, inside) in map.iter().zip(inside) {
        let salient = *value >= threshold;
        both += usize::from(salient && *inside);
        either += usize::from(salient || *inside);
    }
    share(both as f64, either as f64)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The threshold in 0..=1 that divides a map into two classes with the largest variance between
/// them, from 256 bins. Of several it is the lowest. (Otsu, "A Threshold Selection Method from
/// Gray-Level Histograms", IEEE Transactions on Systems, Man, and Cybernetics 1979.)
pub fn otsu(map: &[f32]) -> f32 {
    let histogram = histogram(map);
    let weighted = |(bin, count): (usize, &f64)| bin as f64 * count;
    let (total, sum) = (map.len() as f64, histogram.iter().enumerate().map(weighted).sum::<f64>());
    let (mut below, mut sum_below, mut best) = (0.0, 0.0, (0.0, 1));
    for (bin, count) in histogram.iter().enumerate() {
        below += count;
        sum_below += weighted((bin, count));
        let variance = between(below, sum_below, total, sum);
        if variance > best.0 {
            best = (variance, bin + 1);
        }
    }
    best.1 as f32 / BINS as f32
}

fn histogram(map: &[f32]) -> [f64; BINS] {
    let mut counts = [0.0; BINS];
    map.iter().for_each(|v| counts[((v * BINS as f32) as usize).min(BINS - 1)] += 1.0);
    counts
}

/// The variance between two classes: ω₀ω₁(μ₀ − μ₁)², from the lower class's count and sum, and
/// those of all; 0 if a class is empty.
fn between(below: f64, sum_below: f64, total: f64, sum: f64) -> f64 {
    let above = total - below;
    if below == 0.0 || above == 0.0 {
        return 0.0;
    }
    let difference = sum_below / below - (sum - sum_below) / above;
    below * above * difference * difference / (total * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounding_box(x: f32, y: f32, width: f32, height: f32) -> BoundingBox {
        BoundingBox { label: "fractured".into(), x, y, width, height }
    }

    #[test]
    fn pixels_are_inside_by_their_middles() {
        // The first box covers the middles of two pixels of the upper row, the second that of one
        // of the lower.
        let boxes = [bounding_box(0.4, 0.0, 1.2, 1.0), bounding_box(1.0, 0.6, 1.0, 1.0)];
        assert_eq!(
            union(&boxes, (3, 2), &Region::WHOLE, (3, 2)),
            [true, true, false, false, true, false]
        );
        let corner = [bounding_box(1.0, 1.0, 9.0, 9.0)];
        assert_eq!(union(&corner, (2, 2), &Region::WHOLE, (2, 2)), [false, false, false, true]);
        // Two places over six pixels have their middles at 1.5 and 4.5.
        let one = [bounding_box(4.0, 0.0, 1.0, 1.0)];
        assert_eq!(union(&one, (6, 1), &Region::WHOLE, (2, 1)), [false, true]);
        // Over the right half, they have them at 3.75 and 5.25.
        let right = Region { left: 0.5, width: 0.5, ..Region::WHOLE };
        assert_eq!(
            union(&[bounding_box(3.6, 0.0, 0.4, 1.0)], (6, 1), &right, (2, 1)),
            [true, false]
        );
    }

    #[test]
    fn the_pointing_game_counts_peaks_inside() {
        let inside = [true, false, true, false];
        assert_eq!(pointing(&[0.9, 0.1, 0.2, 0.3], &inside), 1.0);
        assert_eq!(pointing(&[0.1, 0.9, 0.2, 0.3], &inside), 0.0);
        // Three places share the peak, two of them inside.
        assert_eq!(pointing(&[0.5, 0.5, 0.5, 0.1], &inside), 2.0 / 3.0);
        assert_eq!(pointing(&[], &[]), 0.0);
    }

    #[test]
    fn energy_is_the_share_of_the_sum() {
        assert_eq!(energy(&[0.5, 0.25, 0.25, 1.0], &[true, true, false, false]), 0.375);
        assert_eq!(energy(&[0.0, 0.0], &[true, false]), 0.0);
    }

    #[test]
    fn intersections_and_unions_are_counted() {
        let (map, inside) = ([0.9, 0.8, 0.3, 0.1], [true, false, true, false]);
        // Salient: the first two; inside: the first and the third.
        assert_eq!(intersection_over_union(&map, &inside, 0.5), 1.0 / 3.0);
        assert_eq!(intersection_over_union(&map, &inside, 0.2), 2.0 / 3.0);
        assert_eq!(intersection_over_union(&map, &[false; 4], 0.95), 0.0);
    }

    #[test]
    fn otsu_parts_two_heaps() {
        // Bins 25 and 204: every threshold between divides them alike, and the lowest is bin 26.
        let map = [0.1, 0.1, 0.1, 0.8, 0.8];
        assert_eq!(otsu(&map), 26.0 / 256.0);
        // Bins 0, 128 and 255, in places 2, 1 and 1. Between the first and the rest: ½·½·191.5² =
        // 9168; between the last and the rest: ¼·¾·(255 − 42.7)² = 8454.
        assert_eq!(otsu(&[0.0, 0.0, 0.5, 1.0]), 1.0 / 256.0);
    }

    #[test]
    fn a_peak_within_counts_as_one_at_the_border() {
        // Enlarged by two, the peak in the middle would be flattened below the one in the corner.
        let mut values = vec![0.0; 25];
        (values[0], values[12]) = (0.9, 1.0);
        let frame = Frame::full(5);
        let found = localise(
            &SaliencyMap { size: 5, values },
            &frame,
            (10, 10),
            &[bounding_box(4.0, 4.0, 2.0, 2.0)],
        );
        assert_eq!(found.pointing, 1.0);
    }

    #[test]
    fn a_map_of_a_cropped_picture_is_measured_on_all_of_it() {
        // The square shows the right half of 4×2 pixels, twice as large.
        let map = SaliencyMap {
            size: 4,
            values: (0..16).map(|i| if i % 4 < 2 { 0.8 } else { 0.4 }).collect(),
        };
        let region = Region { left: 0.5, width: 0.5, ..Region::WHOLE };
        let frame = Frame { region, ..Frame::full(4) };
        assert_eq!(spread(&map, &frame, (4, 2)), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let found = localise(&map, &frame, (4, 2), &[bounding_box(2.0, 0.0, 1.0, 2.0)]);
        assert_eq!((found.pointing, found.energy, found.iou[0], found.area), (1.0, 1.0, 1.0, 0.25));
    }

    #[test]
    fn a_map_is_measured_on_the_pixels_of_the_picture() {
        // A picture of 4×2 pixels fills the rows 1 and 2 of the square; the map's largest value
        // lies beside it.
        let mut values = vec![0.2; 16];
        (values[0], values[6], values[7]) = (1.0, 0.6, 0.4);
        let map = SaliencyMap { size: 4, values };
        let frame = Frame { top: 1, height: 2, ..Frame::full(4) };
        let found = localise(&map, &frame, (4, 2), &[bounding_box(2.0, 0.0, 1.0, 2.0)]);
        // Stretched, the map is 1 in one pixel of the box, ½ beside it, and 0 elsewhere.
        assert_eq!((found.pointing, found.area), (1.0, 0.25));
        assert!((found.energy - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!((found.iou[0], found.iou[6]), (1.0 / 3.0, 0.5));
        // Otsu's heaps are the six zeros and the rest: 6/8·2/8·(¾)² is more than 1/8·7/8·(13/14)².
        assert_eq!(found.iou_otsu, 1.0 / 3.0);
    }
}
