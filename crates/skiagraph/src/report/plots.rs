//! Plots as SVG for pages that fetch nothing.

use std::ops::Range;

use anyhow::{Result, anyhow};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

/// An axis: what it measures, from where to where.
pub(crate) struct Axis<'a> {
    pub(crate) title: &'a str,
    pub(crate) range: Range<f64>,
}

/// Points of one name.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A figure with its interval.
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Okabe and Ito's colours, which colour-blind readers tell apart; beyond them, the same again in lighter ink.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(160, 150, 40),
];
const WIDTH: u32 = 760;
const LINE: u32 = 18;
const FONT: &str = "sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The ink of a series by its place.
fn ink(place: usize) -> RGBAColor {
    let faint = (place / COLOURS.len()) as f64;
    COLOURS[place % COLOURS.len()].mix(1.0 / (1.0 + 0.8 * faint))
}

/// Lines over common axes, the legend beside. The first series is ours: it is drawn thicker, over the others.
pub(crate) fn lines(caption: &str, x: &Axis, y: &Axis, series: &[Series]) -> Result<String> {
    let height = 420.max(60 + LINE * series.len() as u32);
    svg(caption, height, |area| {
        let (left, right) = area.split_horizontally(WIDTH - 190);
        let mut chart = axes(&left, x, y)?;
        for (place, one) in series.iter().enumerate().rev() {
            let style = ink(place).stroke_width(if place == 0 { 3 } else { 1 });
            chart.draw_series(LineSeries::new(inside(one, x, y), style)).map_err(failed)?;
        }
        legend(&right, series)
    })
}

/// Points of several groups on a plane without units, the legend beside.
pub(crate) fn scatter(caption: &str, series: &[Series]) -> Result<String> {
    let all = || series.iter().flat_map(|one| one.points.iter().copied());
    let range = |of: fn((f64, f64)) -> f64| {
        let (low, high) = all()
            .map(of)
            .filter(|v| v.is_finite())
            .fold((0.0, 1e-9), |(low, high), v| (v.min(low), v.max(high)));
        low * 1.05..high * 1.05
    };
    let (x, y) = (Axis { title: "", range: range(|p| p.0) }, Axis { title: "", range: range(|p| p.1) });
    svg(caption, 520, |area| {
        let (left, right) = area.split_horizontally(WIDTH - 190);
        let mut chart = ChartBuilder::on(&left)
            .margin(10)
            .build_cartesian_2d(x.range.clone(), y.range.clone())
            .map_err(failed)?;
        for (place, one) in series.iter().enumerate() {
            let dots =
                inside(one, &x, &y).into_iter().map(|point| Circle::new(point, 3, ink(place).filled()));
            chart.draw_series(dots).map_err(failed)?;
        }
        legend(&right, series)
    })
}

/// Figures with their intervals, one a line, in their order.
pub(crate) fn bars(caption: &str, x: &Axis, bars: &[Bar]) -> Result<String> {
    let height = 60 + LINE * bars.len() as u32;
    svg(caption, height, |area| {
        let (left, right) = area.split_horizontally(300);
        let y = Axis { title: "", range: 0.0..bars.len().max(1) as f64 };
        let mut chart = ChartBuilder::on(&right)
            .margin_right(20)
            .x_label_area_size(40)
            .build_cartesian_2d(finite(&x.range), y.range.clone())
            .map_err(failed)?;
        let mesh = &mut chart.configure_mesh();
        mesh.disable_y_mesh()
            .disable_y_axis()
            .light_line_style(WHITE)
            .x_desc(x.title)
            .draw()
            .map_err(failed)?;
        let finite = bars
            .iter()
            .enumerate()
            .filter(|(_, bar)| [bar.value, bar.low, bar.high].iter().all(|v| v.is_finite()));
        for (place, bar) in finite {
            draw_bar(&mut chart, bars.len() as f64 - place as f64 - 0.5, bar)?;
        }
        let step = f64::from(height - 40) / bars.len().max(1) as f64;
        for (place, bar) in bars.iter().enumerate() {
            let at = (8, (step * (place as f64 + 0.5)) as i32 - 7);
            left.draw(&Text::new(bar.name.to_owned(), at, (FONT, 14))).map_err(failed)?;
        }
        Ok(())
    })
}

fn draw_bar(chart: &mut Chart<'_, '_>, y: f64, bar: &Bar) -> Result<()> {
    let interval = PathElement::new(vec![(bar.low, y), (bar.high, y)], COLOURS[4].stroke_width(2));
    chart.draw_series([interval]).map_err(failed)?;
    chart.draw_series([Circle::new((bar.value, y), 4, COLOURS[4].filled())]).map_err(failed)?;
    Ok(())
}

/// Axes with numbers and titles.
fn axes<'a, 'b>(area: &Area<'b>, x: &Axis, y: &Axis) -> Result<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(finite(&x.range), finite(&y.range))
        .map_err(failed)?;
    let mesh = &mut chart.configure_mesh();
    mesh.x_desc(x.title).y_desc(y.title).light_line_style(WHITE).draw().map_err(failed)?;
    Ok(chart)
}

/// A range that can be drawn.
fn finite(range: &Range<f64>) -> Range<f64> {
    let drawable = range.start.is_finite() && range.end.is_finite() && range.end > range.start;
    if drawable { range.clone() } else { 0.0..1.0 }
}

/// The points that lie on the plot.
fn inside(series: &Series, x: &Axis, y: &Axis) -> Vec<(f64, f64)> {
    let on = |range: &Range<f64>, value: f64| value >= range.start && value <= range.end;
    series
        .points
        .iter()
        .copied()
        .filter(|&(a, b)| on(&finite(&x.range), a) && on(&finite(&y.range), b))
        .collect()
}

fn legend(area: &Area<'_>, series: &[Series]) -> Result<()> {
    for (place, one) in series.iter().enumerate() {
        let y = 20 + LINE as i32 * place as i32;
        let line = PathElement::new(vec![(4, y), (22, y)], ink(place).stroke_width(3));
        area.draw(&line).map_err(failed)?;
        area.draw(&Text::new(one.name.to_owned(), (28, y - 7), (FONT, 13))).map_err(failed)?;
    }
    Ok(())
}

/// A drawing under its caption, as wide as its page lets it be.
fn svg(caption: &str, height: u32, draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height + 30)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        root.draw(&Text::new(caption.to_owned(), (10, 8), (FONT, 17))).map_err(failed)?;
        let (_, below) = root.split_vertically(30);
        draw(&below)?;
        root.present().map_err(failed)?;
    }
    let described = caption.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    Ok(text.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{described}\" "), 1))
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> anyhow::Error {
    anyhow!("cannot draw a plot: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str) -> Series<'_> {
        Series { name, points: vec![(0.0, 0.2), (f64::NAN, 0.5), (1.0, 0.8), (9.0, 9.0)] }
    }

    #[test]
    fn names_cannot_become_markup_and_nothing_is_fetched() {
        let axis = || Axis { title: "<b>recall", range: 0.0..1.0 };
        let name = "<script>\"ours";
        let drawn = [
            lines("a < b", &axis(), &axis(), &[series(name), series("CSQ")]).unwrap(),
            scatter("codes", &[series(name)]).unwrap(),
            bars("ahead", &axis(), &[Bar { name, value: 0.1, low: -0.1, high: 0.3 }]).unwrap(),
        ];
        for svg in drawn {
            assert!(!svg.contains("<script") && !svg.contains("<b>") && svg.contains("&lt;script"), "{svg}");
            assert!(svg.contains("viewBox") && svg.contains("role=\"img\""), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("href"), "{svg}");
        }
    }

    #[test]
    fn nothing_and_senseless_ranges_are_drawn_as_nothing() {
        let axis = |range| Axis { title: "x", range };
        assert!(lines("none", &axis(0.0..0.0), &axis(f64::NAN..1.0), &[]).is_ok());
        assert!(scatter("none", &[]).is_ok() && bars("none", &axis(1.0..0.0), &[]).is_ok());
        let bar = Bar { name: "n", value: f64::NAN, low: 0.0, high: 1.0 };
        assert!(!bars("none", &axis(0.0..1.0), &[bar]).unwrap().contains("NaN"));
    }
}
