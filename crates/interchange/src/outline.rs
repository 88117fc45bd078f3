//! A region of a grid, and the lines around it.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Places of a grid that belong to a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    width: u32,
    height: u32,
    inside: Vec<bool>,
}

/// A corner of the grid: 0, 0 is before the first place.
type Corner = (u32, u32);

impl Region {
    /// The places of a grid, row by row, whose value is at least `threshold`.
    ///
    /// # Errors
    /// [`Error::Size`] if the values do not fill the grid, or a side is 0 or above 65535.
    pub fn at_least(width: u32, height: u32, values: &[f32], threshold: f32) -> Result<Self> {
        let fills = values.len() as u64 == u64::from(width) * u64::from(height);
        if !fills || [width, height].into_iter().any(|side| !(1..=65535).contains(&side)) {
            return Err(Error::Size { got: values.len(), width, height });
        }
        Ok(Self { width, height, inside: values.iter().map(|&value| value >= threshold).collect() })
    }

    /// The closed lines around the region, in corners of the grid over its sides: 0 to 1. Those
    /// around holes are among them. The first corner is repeated at the end.
    pub(crate) fn outlines(&self) -> Vec<Vec<[f32; 2]>> {
        let mut edges = self.edges();
        let mut outlines = Vec::new();
        while let Some(start) = edges.first_key_value().map(|(&start, _)| start) {
            let mut corners = vec![start];
            let mut before = (0, 0);
            while let Some((next, step)) = follow(&mut edges, corners[corners.len() - 1], before) {
                // Of corners on one line, the last suffices.
                if step == before {
                    corners.pop();
                }
                corners.push(next);
                before = step;
                if next == start {
                    break;
                }
            }
            outlines.push(corners.into_iter().map(|corner| self.share(corner)).collect());
        }
        outlines
    }

    fn share(&self, (x, y): Corner) -> [f32; 2] {
        [x as f32 / self.width as f32, y as f32 / self.height as f32]
    }

    fn holds(&self, x: i64, y: i64) -> bool {
        let (width, height) = (i64::from(self.width), i64::from(self.height));
        (0..width).contains(&x) && (0..height).contains(&y) && self.inside[(y * width + x) as usize]
    }

    /// Each side of a place beyond which the region ends, by where it begins, with the region to
    /// its right.
    fn edges(&self) -> BTreeMap<Corner, Vec<Corner>> {
        let mut edges = BTreeMap::<Corner, Vec<Corner>>::new();
        let places = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        for (x, y) in places.filter(|&(x, y)| self.holds(x.into(), y.into())) {
            let (left, top) = (i64::from(x), i64::from(y));
            let sides = [
                ((left, top - 1), (x, y), (x + 1, y)),
                ((left + 1, top), (x + 1, y), (x + 1, y + 1)),
                ((left, top + 1), (x + 1, y + 1), (x, y + 1)),
                ((left - 1, top), (x, y + 1), (x, y)),
            ];
            for ((beyond_x, beyond_y), from, to) in sides {
                if !self.holds(beyond_x, beyond_y) {
                    edges.entry(from).or_default().push(to);
                }
            }
        }
        edges
    }
}

/// Takes the edge that goes on from a corner, and its direction. Where two regions touch at the
/// corner, it stays with the one it goes around: the sharpest turn to the right.
fn follow(
    edges: &mut BTreeMap<Corner, Vec<Corner>>,
    from: Corner,
    (dx, dy): (i64, i64),
) -> Option<(Corner, (i64, i64))> {
    let ends = edges.get_mut(&from)?;
    let step =
        |to: &Corner| (i64::from(to.0) - i64::from(from.0), i64::from(to.1) - i64::from(from.1));
    let right = ends.iter().position(|to| step(to) == (-dy, dx)).unwrap_or(0);
    let to = ends.swap_remove(right);
    if ends.is_empty() {
        edges.remove(&from);
    }
    Some((to, step(&to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlines(width: u32, rows: &[&str]) -> Vec<Vec<[f32; 2]>> {
        let values: Vec<f32> = rows
            .iter()
            .flat_map(|row| row.chars())
            .map(|c| if c == '#' { 1.0 } else { 0.0 })
            .collect();
        let scaled = Region::at_least(width, rows.len() as u32, &values, 0.5).unwrap().outlines();
        let unscaled = |[x, y]: [f32; 2]| [x * width as f32, y * rows.len() as f32];
        scaled.into_iter().map(|line| line.into_iter().map(unscaled).collect()).collect()
    }

    /// Twice the signed area that a closed line goes around.
    fn area(line: &[[f32; 2]]) -> f32 {
        line.windows(2).map(|pair| pair[0][0] * pair[1][1] - pair[1][0] * pair[0][1]).sum()
    }

    #[test]
    fn a_rectangle_has_four_corners() {
        let lines = outlines(4, &["....", ".##.", ".##.", "...."]);
        assert_eq!(lines, [[[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0], [1.0, 1.0]]]);
        assert_eq!(outlines(2, &["##", "##"])[0].len(), 5);
        assert!(outlines(2, &["..", ".."]).is_empty());
    }

    #[test]
    fn lines_are_closed_and_go_around_the_region() {
        for rows in [
            ["#.#", ".#.", "#.#"],
            ["###", "#.#", "###"],
            ["##.", ".##", "##."],
            [".#.", "###", ".#."],
        ] {
            let places = rows.concat().matches('#').count();
            let lines = outlines(3, &rows);
            assert!(lines.iter().all(|line| line[0] == line[line.len() - 1]));
            assert_eq!(lines.iter().map(|line| area(line)).sum::<f32>(), 2.0 * places as f32);
        }
        assert_eq!(outlines(3, &["#.#", ".#.", "#.#"]).len(), 5);
        assert!(Region::at_least(2, 2, &[0.0; 3], 0.5).is_err());
    }
}
