//! The display shutter (PS3.3 C.7.6.11), outside of which all is black.

use super::header::Elements;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// Corners that a polygon may have.
const MOST_VERTICES: usize = 256;

/// The part of the picture that is shown, in columns and rows that count from 1.
pub(super) enum Shutter {
    Rectangle {
        left: f64,
        right: f64,
        upper: f64,
        lower: f64,
    },
    Circle {
        row: f64,
        column: f64,
        radius: f64,
    },
    /// Row and column of each corner.
    Polygon(Vec<(f64, f64)>),
}

/// The shutters of a file, all of which apply. One whose numbers are missing or make no sense hides
/// nothing.
pub(super) fn shutters(elements: &Elements) -> Vec<Shutter> {
    let shapes = elements.text(tags::SHUTTER_SHAPE).unwrap_or_default();
    shapes.split('\\').filter_map(|shape| shutter(elements, shape.trim())).collect()
}

fn shutter(elements: &Elements, shape: &str) -> Option<Shutter> {
    let number = |tag: Tag| elements.decimal(tag);
    match shape {
        "RECTANGULAR" => Some(Shutter::Rectangle {
            left: number(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
            right: number(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
            upper: number(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
            lower: number(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
        }),
        "CIRCULAR" => {
            let [row, column] = elements.decimals(tags::CENTER_OF_CIRCULAR_SHUTTER)[..] else {
                return None;
            };
            Some(Shutter::Circle { row, column, radius: number(tags::RADIUS_OF_CIRCULAR_SHUTTER)? })
        }
        "POLYGONAL" => {
            let numbers = elements.decimals(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER);
            let corners: Vec<(f64, f64)> =
                numbers.as_chunks().0.iter().map(|&[row, column]| (row, column)).collect();
            (3..=MOST_VERTICES).contains(&corners.len()).then_some(Shutter::Polygon(corners))
        }
        _ => None,
    }
}

impl Shutter {
    /// Blackens what lies outside.
    pub(super) fn apply(&self, pixels: &mut [f32], columns: u32) {
        for (row, line) in (1_u32..).zip(pixels.chunks_exact_mut(columns as usize)) {
            let shown = self.spans(row.into());
            for (column, pixel) in (1_u32..).zip(line) {
                let column = f64::from(column);
                if shown.iter().filter(|&&(start, end)| (start..=end).contains(&column)).count() % 2
                    == 0
                {
                    *pixel = 0.0;
                }
            }
        }
    }

    /// The spans of a row that are shown, from column to column. A place in two spans is not shown.
    fn spans(&self, row: f64) -> Vec<(f64, f64)> {
        match self {
            Self::Rectangle { left, right, upper, lower } => {
                if (*upper..=*lower).contains(&row) {
                    vec![(*left, *right)]
                } else {
                    Vec::new()
                }
            }
            Self::Circle { row: centre, column, radius } => {
                let square = radius * radius - (row - centre) * (row - centre);
                if square >= 0.0 {
                    vec![(column - square.sqrt(), column + square.sqrt())]
                } else {
                    Vec::new()
                }
            }
            Self::Polygon(corners) => {
                let mut crossed = crossings(corners, row);
                crossed.sort_by(f64::total_cmp);
                crossed.as_chunks().0.iter().map(|&[start, end]| (start, end)).collect()
            }
        }
    }
}

/// Columns at which the sides of a polygon cross a row: an even number.
fn crossings(corners: &[(f64, f64)], row: f64) -> Vec<f64> {
    let sides = corners.iter().zip(corners.iter().cycle().skip(1));
    sides
        .filter(|((from, _), (to, _))| (*from <= row) != (*to <= row))
        .map(|((from, start), (to, end))| start + (row - from) / (to - from) * (end - start))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(shutter: &Shutter) -> String {
        let mut pixels = vec![1.0; 25];
        shutter.apply(&mut pixels, 5);
        pixels
            .chunks(5)
            .map(|row| {
                row.iter().map(|&p| if p > 0.0 { '#' } else { '.' }).collect::<String>() + "/"
            })
            .collect()
    }

    #[test]
    fn what_lies_outside_is_black() {
        let rectangle = Shutter::Rectangle { left: 2.0, right: 3.0, upper: 1.0, lower: 4.0 };
        assert_eq!(shown(&rectangle), ".##../.##../.##../.##../...../");
        let circle = Shutter::Circle { row: 3.0, column: 3.0, radius: 1.5 };
        assert_eq!(shown(&circle), "...../.###./.###./.###./...../");
        let triangle = Shutter::Polygon(vec![(0.5, 0.5), (0.5, 5.5), (5.5, 0.5)]);
        assert_eq!(shown(&triangle), "#####/####./###../##.../#..../");
    }
}
