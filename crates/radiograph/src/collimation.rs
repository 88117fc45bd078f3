//! The collimated field of a radiograph: the area within nearly uniform borders with straight
//! edges.

use crate::radiograph::Radiograph;
use crate::region::Region;
use crate::resample::{fitted, resample};

/// The longer side at which borders are looked for, in pixels.
const SMALL: u32 = 256;
/// Grey by which a border's pixels differ from its median at most.
const EVEN: f32 = 0.03;
/// Share of a line that may differ by more where there is nothing but border: noise.
const NOISE: f64 = 0.01;
/// Share of a line that a marker in the border may take.
const MARKER: f64 = 0.25;
/// Share of the field's extent along which the picture has begun at an edge.
const STRAIGHT: f64 = 0.7;
/// Share of a column that differs from the border where the field is.
const COLUMN: f64 = 0.1;
/// Share of the border's length that the field's extent takes at least.
const WIDE: f64 = 0.3;
/// The longest distance from the border's last even line to the straight edge, as a share of the
/// side. It allows for an edge that is blurred, or less than a degree askew.
const SHARP: f64 = 0.02;
/// Share of the picture that the field takes at least.
const PLAUSIBLE: f64 = 0.25;

/// The part of a picture that is not border.
///
/// A border is cut where it ends in a straight edge parallel to a side: its lines are even but for
/// markers, and right behind its last even line the picture begins along nearly all of the edge.
/// The outline of a limb before a black background begins at single places, and is left alone; so
/// is all, if less than a quarter were left.
pub(crate) fn field(radiograph: &Radiograph) -> Region {
    let (width, height) = fitted(radiograph, SMALL);
    let grey = resample(radiograph, &Region::WHOLE, width, height);
    let mut lines: Vec<Vec<f32>> = grey.chunks_exact(width as usize).map(<[f32]>::to_vec).collect();
    // Lines cut above, at the left, below and at the right; a border may have another inside it.
    let mut cut = [0; 4];
    loop {
        let before = cut;
        for side in &mut cut {
            let border = border(&lines);
            *side += border;
            lines = turned(&lines[border..]);
        }
        if cut == before {
            break;
        }
    }
    region(cut, f64::from(width), f64::from(height))
}

/// The region that is left after `cut`, the lines cut above, left, below and right. One line more
/// stays on every side that is cut, so that the field keeps its edge.
fn region(cut: [usize; 4], width: f64, height: f64) -> Region {
    let [top, left, bottom, right] = cut.map(|lines| lines.saturating_sub(1) as f64);
    let (columns, rows) = (width - left - right, height - top - bottom);
    if columns * rows < PLAUSIBLE * width * height {
        return Region::WHOLE;
    }
    Region { left: left / width, top: top / height, width: columns / width, height: rows / height }
}

/// A quarter turn clockwise: what was left comes to be above.
fn turned(lines: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let columns = 0..lines.first().map_or(0, Vec::len);
    columns.map(|x| lines.iter().rev().map(|line| line[x]).collect()).collect()
}

/// The number of lines that are border, counted from above.
fn border(lines: &[Vec<f32>]) -> usize {
    let Some(grey) = lines.first().and_then(|line| median(line)) else { return 0 };
    let differs: Vec<Vec<bool>> =
        lines.iter().map(|line| line.iter().map(|g| (g - grey).abs() > EVEN).collect()).collect();
    let shares: Vec<f64> = differs.iter().map(|line| share(line)).collect();
    let across = extent(&differs);
    let begun = |line: &Vec<bool>| share(&line[across.clone()]) >= STRAIGHT;
    let Some(edge) = differs.iter().position(begun) else { return 0 };
    let Some(last) = shares[..edge].iter().rposition(|&share| share <= NOISE) else { return 0 };
    let even = shares[..last].iter().all(|&share| share <= MARKER);
    let sharp = edge - last <= 1 + (SHARP * lines.len() as f64) as usize;
    if even && sharp { last + 1 } else { 0 }
}

/// The range from the first to the last column in which more differs from the border than markers
/// and noise would. It is empty if the range is too narrow for a field.
fn extent(differs: &[Vec<bool>]) -> std::ops::Range<usize> {
    let columns = differs.first().map_or(0, Vec::len);
    let least = COLUMN * differs.len() as f64;
    let full = |&x: &usize| differs.iter().filter(|line| line[x]).count() as f64 > least;
    match ((0..columns).find(full), (0..columns).rfind(full)) {
        (Some(first), Some(last)) if (last + 1 - first) as f64 >= WIDE * columns as f64 => {
            first..last + 1
        }
        _ => 0..0,
    }
}

fn share(line: &[bool]) -> f64 {
    line.iter().filter(|&&differs| differs).count() as f64 / line.len().max(1) as f64
}

fn median(line: &[f32]) -> Option<f32> {
    let mut sorted = line.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
