//! Plots as SVG text for pages that run no script and fetch nothing.

mod bars;
mod canvas;
mod marks;
mod reliability;

use std::ops::Range;

use anyhow::Result;
use plotters::prelude::*;

pub(crate) use bars::{Bar, bars};
pub(crate) use reliability::reliability;

use canvas::{Chart, LEGEND, WIDTH, chart, svg};
use marks::{Mark, legend, legend_height};

/// The height of a chart with its numbers, in pixels of the drawing.
const HEIGHT: u32 = 400;
/// The approximate number of marked points of a line.
const MARKED: usize = 10;

/// The title of an axis and its range. Without a title it has no numbers either.
pub(crate) struct Axis<'a> {
    pub(crate) title: &'a str,
    pub(crate) range: Range<f64>,
}

/// Points of one name.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over common axes with a legend beside. The first series is the reference method's and
/// drawn thicker, over the others. Points that are not finite, or that lie beyond the axes, are
/// left out.
pub(crate) fn lines(caption: &str, x: &Axis, y: &Axis, series: &[Series]) -> Result<String> {
    svg(caption, HEIGHT.max(legend_height(series.len())), |area| {
        let (left, right) = area.split_horizontally(WIDTH - LEGEND);
        let mut chart = chart(&left, x, y)?;
        for (place, one) in series.iter().enumerate().rev() {
            line(&mut chart, place, &inside(&one.points, x, y))?;
        }
        let entries = series.iter().enumerate();
        legend(&right, entries.map(|(place, one)| (one.name, Mark::of_line(place), stroke(place))))
    })
}

/// Points of a map by group, coloured, with a legend beside. Both axes have one scale and no
/// numbers. Points that are not finite are left out.
pub(crate) fn scatter(caption: &str, series: &[Series]) -> Result<String> {
    let points = || series.iter().flat_map(|one| one.points.iter().copied());
    let [x, y] = square(points()).map(|range| Axis { title: "", range });
    let side = WIDTH - LEGEND;
    svg(caption, side.max(legend_height(series.len())), |area| {
        let (left, right) = area.split_horizontally(side);
        let (left, _) = left.split_vertically(side);
        let mut chart = chart(&left, &x, &y)?;
        for (place, one) in series.iter().enumerate() {
            let mark = Mark::of_point(place);
            let points = inside(&one.points, &x, &y);
            chart.draw_series(points.into_iter().filter_map(|at| mark.at(at, 3, 0.75)))?;
        }
        legend(
            &right,
            series.iter().enumerate().map(|(place, one)| (one.name, Mark::of_point(place), 0)),
        )
    })
}

fn line(chart: &mut Chart, place: usize, points: &[(f64, f64)]) -> Result<()> {
    // A single point makes no line, and would be invisible without a mark.
    let mark = if points.len() == 1 { Mark::of_point(place) } else { Mark::of_line(place) };
    chart.draw_series([PathElement::new(
        points.to_vec(),
        mark.colour.stroke_width(stroke(place)),
    )])?;
    // Each line begins its marks at another point, so that marks of lines that coincide lie beside
    // each other.
    let step = points.len().div_ceil(MARKED).max(1);
    let marked = points.iter().skip(place % step).step_by(step);
    chart.draw_series(marked.filter_map(|&at| mark.at(at, 4, 1.0)))?;
    Ok(())
}

/// The width of a line by its place.
fn stroke(place: usize) -> u32 {
    if place == 0 { 4 } else { 2 }
}

/// The points that can be drawn over these axes.
fn inside(points: &[(f64, f64)], x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    points.iter().copied().filter(|&(a, b)| x.holds(a) && y.holds(b)).collect()
}

/// Ranges of one width about all finite points, with a margin.
fn square(points: impl Iterator<Item = (f64, f64)>) -> [Range<f64>; 2] {
    let start = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    let ends =
        points.filter(|(x, y)| x.is_finite() && y.is_finite()).fold(start, |[x, y], point| {
            [[x[0].min(point.0), x[1].max(point.0)], [y[0].min(point.1), y[1].max(point.1)]]
        });
    let widest = ends.map(|[low, high]| high - low).into_iter().fold(0.0, f64::max);
    let half = if widest > 0.0 { widest * 0.53 } else { 1.0 };
    ends.map(|[low, high]| f64::midpoint(low, high)).map(|middle| middle - half..middle + half)
}

#[cfg(test)]
mod tests {
    use retrieval::estimate::Bin;

    use super::*;

    fn series(name: &str) -> Series<'_> {
        Series {
            name,
            points: vec![(0.0, 0.2), (f64::NAN, 0.5), (0.5, f64::INFINITY), (1.0, 0.8), (9.0, 9.0)],
        }
    }

    fn axis(range: Range<f64>) -> Axis<'static> {
        Axis { title: "<b>recall", range }
    }

    fn all(name: &str, range: Range<f64>) -> [String; 4] {
        let rows =
            [(0.1, -0.1), (f64::NAN, 0.0), (0.2, f64::NEG_INFINITY), (9.0, 0.3), (-9.0, -8.0)]
                .map(|(value, low)| Bar { name, value, low, high: 2.0 });
        let bins = [(0.2, 0.3, 5), (f64::NAN, 0.1, 2), (0.9, 0.8, 0), (7.0, 0.5, 3)]
            .map(|(predicted, observed, count)| Bin { predicted, observed, count });
        [
            lines(name, &axis(range.clone()), &axis(0.0..1.0), &[series(name), series("CSQ")])
                .unwrap(),
            scatter(name, &[series(name)]).unwrap(),
            bars(name, &axis(range), &rows).unwrap(),
            reliability(name, &bins).unwrap(),
        ]
    }

    #[test]
    fn names_cannot_become_markup_and_nothing_is_fetched() {
        for svg in all("<script>\"ours' & </svg>", 0.0..1.0) {
            assert!(
                !svg.contains("<script") && !svg.contains("<b>") && !svg.contains("href"),
                "{svg}"
            );
            assert!(
                svg.contains("aria-label=\"&lt;script&gt;&quot;ours&#39; &amp; &lt;/svg&gt;\""),
                "{svg}"
            );
            assert_eq!(svg.matches("</svg>").count(), 1, "{svg}");
        }
    }

    #[test]
    fn a_plot_is_an_image_that_scales() {
        for svg in all("P@k", 0.0..1.0) {
            let head = svg.lines().next().unwrap();
            assert!(head.contains("viewBox=\"0 0 760 ") && head.contains("role=\"img\""), "{head}");
            assert!(!head.contains("width=") && !head.contains("height="), "{head}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let (most, least) = (f64::MAX, f64::MIN_POSITIVE);
        let none = [0.0..0.0, 1.0..0.0, f64::NAN..1.0, 0.0..f64::INFINITY, -most..most];
        for svg in [0.0..1.0, 0.0..least, 0.0..most]
            .into_iter()
            .chain(none)
            .flat_map(|range| all("P@k", range))
        {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
        assert!(lines("none", &axis(0.0..1.0), &axis(0.0..1.0), &[]).is_ok());
        assert!(
            [vec![], vec![Series { name: "n", points: vec![] }]]
                .iter()
                .all(|s| scatter("none", s).is_ok())
        );
        assert!(bars("none", &axis(0.0..1.0), &[]).is_ok() && reliability("none", &[]).is_ok());
    }

    #[test]
    fn a_map_has_one_scale_and_holds_its_points() {
        let [x, y] = square([(0.0, 5.0), (10.0, 6.0), (f64::NAN, 90.0)].into_iter());
        assert!(x.start < 0.0 && x.end > 10.0 && y.start < 5.0 && y.end > 6.0);
        assert!(((x.end - x.start) - (y.end - y.start)).abs() < 1e-9);
    }

    #[test]
    fn a_line_of_one_point_is_seen() {
        let one = Series { name: "CSQ", points: vec![(0.5, 0.5)] };
        assert!(
            lines("one", &axis(0.0..1.0), &axis(0.0..1.0), &[one]).unwrap().contains("<circle")
        );
    }
}
