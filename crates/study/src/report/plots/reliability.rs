//! Reliability diagrams: predictions beside observations (DeGroot and Fienberg 1983).

use std::ops::RangeInclusive;

use anyhow::Result;
use plotters::prelude::*;
use retrieval::estimate::Bin;

use super::canvas::{Area, LEGEND, WIDTH, chart, svg};
use super::marks::{INK, Mark, Shape, legend};
use super::{Axis, HEIGHT};

/// The range of predictions and observations.
const PARTS: RangeInclusive<f64> = 0.0..=1.0;
const OBSERVED: Mark = Mark { colour: INK, shape: Some(Shape::Dot) };
/// The mark of perfect predictions.
const IDEAL: Mark = Mark { colour: RGBColor(130, 130, 130), shape: None };
/// The height of the counts, in pixels.
const COUNTS: u32 = 190;
/// Half the width of a bin's bar, as a part of the range.
const BAR: f64 = 0.02;

/// A diagram of observations over predictions, bin by bin, about a diagonal, with the counts as
/// bars below. Empty bins, and those with means outside 0..=1, are left out.
pub(crate) fn reliability(caption: &str, bins: &[Bin]) -> Result<String> {
    let drawn = |bin: &&Bin| {
        bin.count > 0 && PARTS.contains(&bin.predicted) && PARTS.contains(&bin.observed)
    };
    let bins: Vec<&Bin> = bins.iter().filter(drawn).collect();
    svg(caption, HEIGHT + COUNTS, |area| {
        let (left, right) = area.split_horizontally(WIDTH - LEGEND);
        let (above, below) = left.split_vertically(HEIGHT);
        means(&above, &bins)?;
        counts(&below, &bins)?;
        legend(&right, [("observed", OBSERVED, 2), ("if estimates held", IDEAL, 2)].into_iter())
    })
}

fn means(area: &Area, bins: &[&Bin]) -> Result<()> {
    let axis = |title| Axis { title, range: 0.0..1.0 };
    let mut chart = chart(area, &axis(""), &axis("observed"))?;
    chart.draw_series([PathElement::new(
        vec![(0.0, 0.0), (1.0, 1.0)],
        IDEAL.colour.stroke_width(2),
    )])?;
    let points: Vec<(f64, f64)> = bins.iter().map(|bin| (bin.predicted, bin.observed)).collect();
    chart.draw_series([PathElement::new(points.clone(), OBSERVED.colour.stroke_width(2))])?;
    chart.draw_series(points.into_iter().filter_map(|at| OBSERVED.at(at, 5, 1.0)))?;
    Ok(())
}

fn counts(area: &Area, bins: &[&Bin]) -> Result<()> {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0) as f64;
    let (x, y) =
        (Axis { title: "predicted", range: 0.0..1.0 }, Axis { title: "count", range: 0.0..most });
    let mut chart = chart(area, &x, &y)?;
    let bar = |bin: &&Bin| {
        let [left, right] =
            [bin.predicted - BAR, bin.predicted + BAR].map(|side| side.clamp(0.0, 1.0));
        Rectangle::new([(left, 0.0), (right, bin.count as f64)], OBSERVED.colour.mix(0.5).filled())
    };
    chart.draw_series(bins.iter().map(bar))?;
    Ok(())
}
