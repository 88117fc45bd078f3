//! Horizontal bars with intervals: figures beside each other, or paired differences about zero.

use anyhow::Result;
use plotters::prelude::*;

use super::Axis;
use super::canvas::{AROUND, Area, Chart, MARGIN, TEXT, WIDTH, chart, cut, svg};
use super::marks::INK;

/// The height of a row, in pixels.
const ROW: u32 = 24;
/// Half the height of a bar, and of the ends of an interval.
const HALF: [f64; 2] = [8.0, 4.0];
/// The greatest number of characters of a name.
const CHARACTERS: usize = 36;

/// A figure with its interval.
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Horizontal bars with their intervals, one a row in their order. Bars begin at a line at zero if
/// it lies in the range; otherwise the values are dots alone. Values that are not finite are left
/// out, and parts beyond the range are cut off.
pub(crate) fn bars(caption: &str, x: &Axis, rows: &[Bar]) -> Result<String> {
    let height = ROW * rows.len().max(1) as u32;
    svg(caption, height + AROUND, |area| {
        let (left, right) = area.split_horizontally(names_width(rows));
        names(&left, rows)?;
        // The axis is upwards in pixels, so that a row is beside its name.
        let y = Axis { title: "", range: 0.0..f64::from(height) };
        let mut chart = chart(&right, x, &y)?;
        for (place, bar) in rows.iter().enumerate() {
            row(&mut chart, f64::from(height) - middle(place), x, bar)?;
        }
        if x.holds(0.0) {
            chart.draw_series([PathElement::new(vec![(0.0, 0.0), (0.0, y.range.end)], BLACK)])?;
        }
        Ok(())
    })
}

/// The distance from the top of the rows to the middle of one, in pixels.
fn middle(place: usize) -> f64 {
    f64::from(ROW) * (place as f64 + 0.5)
}

fn names_width(rows: &[Bar]) -> u32 {
    let longest =
        rows.iter().map(|bar| cut(bar.name, CHARACTERS).chars().count()).max().unwrap_or(0);
    (longest as u32 * 8 + 24).clamp(60, WIDTH / 2)
}

fn names(area: &Area, rows: &[Bar]) -> Result<()> {
    for (place, bar) in rows.iter().enumerate() {
        let top = MARGIN as i32 + middle(place) as i32 - 7;
        area.draw(&Text::new(cut(bar.name, CHARACTERS), (10, top), TEXT))?;
    }
    Ok(())
}

fn row(chart: &mut Chart, y: f64, x: &Axis, bar: &Bar) -> Result<()> {
    let [thick, end] = HALF;
    if let (true, Some(value)) = (x.holds(0.0), x.nearest(bar.value)) {
        chart.draw_series([Rectangle::new(
            [(0.0, y - thick), (value, y + thick)],
            INK.mix(0.3).filled(),
        )])?;
    }
    let path = |from, to| PathElement::new(vec![from, to], INK.stroke_width(2));
    if let (Some(low), Some(high)) = (x.nearest(bar.low), x.nearest(bar.high)) {
        chart.draw_series([path((low, y), (high, y))])?;
        // An interval that extends beyond the range has no end there.
        let ends = [bar.low, bar.high].into_iter().filter(|&at| x.holds(at));
        chart.draw_series(ends.map(|at| path((at, y - end), (at, y + end))))?;
    }
    let value = Some(bar.value).filter(|&value| x.holds(value));
    chart.draw_series(value.map(|value| Circle::new((value, y), 4, INK.filled())))?;
    Ok(())
}
