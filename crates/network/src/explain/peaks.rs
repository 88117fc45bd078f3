//! The highest peaks of a map, apart from each other: the places that a reader would look at first.

use super::pointing::union;
use crate::inference::saliency_map::{SaliencyMap, places};
use radiograph::Frame;
use radiograph::dataset::BoundingBox;

/// The least distance between two peaks, as a share of the square's side.
const APART: f32 = 0.1;

/// The `count` highest peaks of a map within the picture, as places in the square (column, row),
/// the highest first. Each is the largest value that lies far enough from the peaks before it.
pub fn peaks(map: &SaliencyMap, frame: &Frame, count: usize) -> Vec<(u32, u32)> {
    let apart = (APART * map.size as f32).powi(2);
    let mut order: Vec<usize> = places(frame, map.size).collect();
    order.sort_by(|a, b| map.values[*b].total_cmp(&map.values[*a]));
    let mut found: Vec<(u32, u32)> = Vec::new();
    for place in order {
        let (x, y) = (place as u32 % map.size, place as u32 / map.size);
        let far = |at: &(u32, u32)| {
            (at.0 as f32 - x as f32).powi(2) + (at.1 as f32 - y as f32).powi(2) >= apart
        };
        if found.len() < count && found.iter().all(far) {
            found.push((x, y));
        }
    }
    found
}

/// Tells whether one of the `count` highest peaks of a map lies in a box of its picture. The
/// picture has `picture` (width, height) pixels in its file.
pub fn any_peak_in_a_box(
    map: &SaliencyMap,
    frame: &Frame,
    picture: (u32, u32),
    boxes: &[BoundingBox],
    count: usize,
) -> bool {
    let inside = union(boxes, picture, &frame.region, (frame.width, frame.height));
    let at = |(x, y): (u32, u32)| ((y - frame.top) * frame.width + x - frame.left) as usize;
    peaks(map, frame, count).into_iter().any(|peak| inside[at(peak)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_apart_and_within_the_picture() {
        // Rows 10 to 30 of a square of 40 are the picture. Peaks closer than 4 places count as one.
        let frame = Frame { top: 10, height: 20, ..Frame::full(40) };
        let mut map = SaliencyMap { size: 40, values: vec![0.0; 1600] };
        for (x, y, value) in [(5, 5, 9.0), (5, 12, 3.0), (7, 12, 2.9), (30, 20, 2.0), (20, 29, 1.0)]
        {
            map.values[y * 40 + x] = value;
        }
        assert_eq!(peaks(&map, &frame, 3), [(5, 12), (30, 20), (20, 29)]);
        // A picture of 40×20 pixels: its pixel (30, 10) is the square's (30, 20).
        let found = BoundingBox { label: "a".into(), x: 29.5, y: 9.5, width: 2.0, height: 2.0 };
        let any =
            |count| any_peak_in_a_box(&map, &frame, (40, 20), std::slice::from_ref(&found), count);
        assert_eq!((any(1), any(2)), (false, true));
    }
}
