//! The basis of every plot: a drawing under its caption, axes, and ranges that can be drawn.

use std::ops::Range;

use answers::html::escape;
use anyhow::{Context, Result};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::Axis;

/// The width of every drawing, in pixels; a page scales it.
pub(super) const WIDTH: u32 = 760;
/// The width of the legend within it.
pub(super) const LEGEND: u32 = 210;
/// The font and size of names, titles and numbers.
pub(super) const TEXT: (&str, u32) = ("sans-serif", 17);
const CAPTION: (&str, u32) = ("sans-serif", 20);
const CAPTION_HEIGHT: u32 = 34;
/// The greatest number of characters of a caption.
const CHARACTERS: usize = 76;
/// The margin above and to the right of a chart, in pixels.
pub(super) const MARGIN: u32 = 20;
/// The margin below and to the left of a chart, in pixels.
const EDGE: u32 = 6;
/// The height of the numbers and the title under a chart.
const FOOT: u32 = 52;
/// The width of the numbers and the title at its left.
const SIDE: u32 = 68;
/// The height of a chart without its plotting area, in pixels.
pub(super) const AROUND: u32 = MARGIN + FOOT + EDGE;
const MESH: RGBColor = RGBColor(225, 225, 225);

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// A drawing of that height under its caption, as an image with a name and without a fixed size.
pub(super) fn svg(
    caption: &str,
    height: u32,
    draw: impl FnOnce(&Area) -> Result<()>,
) -> Result<String> {
    let mut text = String::new();
    {
        let backend = SVGBackend::with_string(&mut text, (WIDTH, CAPTION_HEIGHT + height));
        let whole = backend.into_drawing_area();
        whole.fill(&WHITE)?;
        whole.draw(&Text::new(cut(caption, CHARACTERS), (10, 10), CAPTION))?;
        draw(&whole.split_vertically(CAPTION_HEIGHT).1)?;
        whole.present()?;
    }
    let (_, rest) = text.split_once("viewBox").context("a drawing has no viewBox")?;
    Ok(format!("<svg role=\"img\" aria-label=\"{}\" viewBox{rest}", escape(caption)))
}

/// Axes with their titles and numbers, and a mesh. An axis without a title has neither and takes no
/// room.
pub(super) fn chart<'a, 'b>(area: &Area<'b>, x: &Axis, y: &Axis) -> Result<Chart<'a, 'b>> {
    let (width, height) = area.dim_in_pixel();
    let mut chart = ChartBuilder::on(area)
        .margin(MARGIN)
        .margin_left(EDGE)
        .margin_bottom(EDGE)
        .x_label_area_size(if x.title.is_empty() { 0 } else { FOOT })
        .y_label_area_size(if y.title.is_empty() { 0 } else { SIDE })
        .build_cartesian_2d(x.drawn(), y.drawn())?;
    chart
        .configure_mesh()
        .x_labels(x.numbers(width / 60))
        .y_labels(y.numbers(height / 32))
        .x_label_formatter(&|value| x.number(*value))
        .y_label_formatter(&|value| y.number(*value))
        .max_light_lines(0)
        .bold_line_style(MESH)
        .label_style(TEXT)
        .x_desc(x.title)
        .y_desc(y.title)
        .draw()?;
    Ok(chart)
}

/// Cuts a text to at most so many characters, and marks the cut.
pub(super) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some(_) => text.chars().take(characters - 1).chain(['…']).collect(),
    }
}

impl Axis<'_> {
    /// Tells whether a value lies on the axis. None does if the range cannot be drawn.
    pub(super) fn holds(&self, value: f64) -> bool {
        self.drawable() && self.range.start <= value && value <= self.range.end
    }

    /// Tells whether the range ascends, and is long enough for its numbers to differ.
    fn drawable(&self) -> bool {
        let span = self.range.end - self.range.start;
        span.is_finite() && span > 1e-9 * self.range.start.abs().max(self.range.end.abs())
    }

    /// The place of the axis nearest to a finite value, if there is a range.
    pub(super) fn nearest(&self, value: f64) -> Option<f64> {
        (self.drawable() && value.is_finite())
            .then(|| value.clamp(self.range.start, self.range.end))
    }

    /// The range, or a substitute that can be drawn.
    fn drawn(&self) -> Range<f64> {
        if self.drawable() { self.range.clone() } else { 0.0..1.0 }
    }

    /// The greatest number of numbers on the axis, given the room.
    fn numbers(&self, room: u32) -> usize {
        if self.drawable() && !self.title.is_empty() { room as usize } else { 0 }
    }

    /// A number of the axis, without the digits that rounding leaves behind.
    fn number(&self, value: f64) -> String {
        let unit = (self.range.end - self.range.start) * 1e-5;
        let value =
            if value.abs() < unit { 0.0 } else { format!("{value:.6e}").parse().unwrap_or(value) };
        let plain = value == 0.0 || (1e-4..1e6).contains(&value.abs());
        if plain { value.to_string() } else { format!("{value:e}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let axis = Axis { title: "k", range: -0.5..1.0 };
        assert_eq!([0.1 + 0.2, 1e-17, -0.5].map(|value| axis.number(value)), ["0.3", "0", "-0.5"]);
        let axis = Axis { title: "k", range: 0.0..2e7 };
        assert_eq!([5.0, 1e7].map(|value| axis.number(value)), ["0", "1e7"]);
    }

    #[test]
    fn a_long_name_says_that_it_was_cut() {
        assert_eq!(cut("HyP²", 4), "HyP²");
        assert_eq!(cut("GreedyHash", 4), "Gre…");
    }
}
