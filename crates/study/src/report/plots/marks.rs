//! Marks that distinguish series: colours that colour-blind readers can tell apart, then shapes.

use anyhow::Result;
use plotters::element::{DynElement, IntoDynElement};
use plotters::prelude::*;

use super::canvas::{Area, MARGIN, TEXT, cut};

/// The first series' colour, which no other has.
const OURS: RGBColor = BLACK;
/// The colour of a series that is alone in its plot.
pub(super) const INK: RGBColor = RGBColor(0, 114, 178);
/// The palette of Okabe and Ito ("Color Universal Design", 2008) without its yellow, which is
/// hardly visible on white paper.
const OTHERS: [RGBColor; 6] = [
    RGBColor(230, 159, 0),
    INK,
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
];
/// The shapes, in the order in which they are used once the colours are used up.
const SHAPES: [Option<Shape>; 4] =
    [None, Some(Shape::Ring), Some(Shape::Triangle), Some(Shape::Cross)];
/// The height of a legend's line, in pixels.
const ROW: u32 = 21;
/// The greatest number of characters of a name in a legend.
const CHARACTERS: usize = 22;

/// The appearance of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) colour: RGBColor,
    /// The shape; `None` on a line that its colour distinguishes.
    pub(super) shape: Option<Shape>,
}

/// The shape of a point's mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    Dot,
    Ring,
    Triangle,
    Cross,
}

/// A mark in its place.
type Drawn<'a, C> = DynElement<'static, SVGBackend<'a>, C>;

impl Mark {
    /// The mark of a line by its place. The first seven differ by their colour alone.
    pub(super) fn of_line(place: usize) -> Self {
        match place.checked_sub(1) {
            None => Self { colour: OURS, shape: None },
            Some(other) => {
                let (round, colour) = (other / OTHERS.len(), other % OTHERS.len());
                Self { colour: OTHERS[colour], shape: SHAPES[round % SHAPES.len()] }
            }
        }
    }

    /// The mark of points by their place: that of the line, or a dot if it has no shape.
    pub(super) fn of_point(place: usize) -> Self {
        let line = Self::of_line(place);
        Self { shape: line.shape.or(Some(Shape::Dot)), ..line }
    }

    /// The mark at a place of a chart, or of an area in pixels, if it has a shape; `size` is half
    /// its width.
    pub(super) fn at<'a, C>(self, place: C, size: i32, opacity: f64) -> Option<Drawn<'a, C>>
    where
        C: Clone + 'static,
    {
        let (ink, stroke) = (self.colour.mix(opacity), if size > 3 { 2 } else { 1 });
        Some(match self.shape? {
            Shape::Dot => Circle::new(place, size, ink.filled()).into_dyn(),
            Shape::Ring => Circle::new(place, size, ink.stroke_width(stroke)).into_dyn(),
            Shape::Triangle => TriangleMarker::new(place, size + 1, ink.filled()).into_dyn(),
            Shape::Cross => Cross::new(place, size, ink.stroke_width(stroke)).into_dyn(),
        })
    }
}

/// A line of a legend: a name, its mark, and the width of its line, if it has one.
pub(super) type Entry<'a> = (&'a str, Mark, u32);

/// A legend: names below each other, each beside its mark.
pub(super) fn legend<'a>(area: &Area, entries: impl Iterator<Item = Entry<'a>>) -> Result<()> {
    for (place, (name, mark, stroke)) in entries.enumerate() {
        let y = ROW as i32 * place as i32 + MARGIN as i32 + 8;
        if stroke > 0 {
            area.draw(&PathElement::new(vec![(6, y), (30, y)], mark.colour.stroke_width(stroke)))?;
        }
        if let Some(mark) = mark.at((18, y), 4, 1.0) {
            area.draw(&mark)?;
        }
        area.draw(&Text::new(cut(name, CHARACTERS), (38, y - 6), TEXT))?;
    }
    Ok(())
}

/// The height of an area for a legend, in pixels.
pub(super) fn legend_height(entries: usize) -> u32 {
    2 * MARGIN + ROW * entries as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_series_are_told_apart() {
        for of in [Mark::of_line, Mark::of_point] {
            let marks: Vec<Mark> = (0..25).map(of).collect();
            assert!((0..25).all(|i| marks[..i].iter().all(|mark| *mark != marks[i])), "{marks:?}");
            // Beyond them marks recur, but never the first series' colour.
            assert!((25..200).all(|place| of(place).colour != OURS));
        }
    }
}
