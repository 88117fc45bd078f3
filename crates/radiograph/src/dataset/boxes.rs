//! Boxes that experts drew around findings: a table with a row a box, as CSV.

use super::table::{Columns, Row, csv_rows};
use super::wrong;
use crate::error::{Result, quoted};
use std::collections::BTreeMap;
use std::path::Path;

const COLUMNS: Columns = Columns {
    required: &["path", "label", "x", "y", "w", "h"],
    expected: "path as the data set names it, label, and x, y, w, h in pixels",
};

/// A box around a finding, in pixels of the picture in the file; the first pixel reaches from 0 to
/// 1.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundingBox {
    /// The label of the finding.
    pub label: String,
    /// Its left edge.
    pub x: f32,
    /// Its upper edge.
    pub y: f32,
    /// Its width, more than 0.
    pub width: f32,
    /// Its height, more than 0.
    pub height: f32,
}

/// Reads a table of boxes: for every item that has some, by [`super::Item::name`], its boxes in the
/// table's order.
///
/// # Errors
/// [`crate::Error::File`], and [`crate::Error::Manifest`], which says row and column, what was got
/// and what was expected.
pub fn read_boxes(path: &Path) -> Result<BTreeMap<String, Vec<BoundingBox>>> {
    let mut boxes = BTreeMap::<String, Vec<BoundingBox>>::new();
    for (number, row) in (1..).zip(csv_rows(path, &COLUMNS)?.0) {
        let at_row = |reason| wrong(path, format!("row {number}: {reason}"));
        let (name, found) = bounding_box(&row).map_err(at_row)?;
        boxes.entry(name).or_default().push(found);
    }
    Ok(boxes)
}

/// The item's name and the box of a row, or what is wrong with it.
fn bounding_box(row: &Row) -> std::result::Result<(String, BoundingBox), String> {
    let start = |column| pixels(row, column, "a number of pixels from 0", |v| v >= 0.0);
    let extent = |column| pixels(row, column, "a number of pixels above 0", |v| v > 0.0);
    let found = BoundingBox {
        label: row["label"].trim().to_owned(),
        x: start("x")?,
        y: start("y")?,
        width: extent("w")?,
        height: extent("h")?,
    };
    match row["path"].trim() {
        "" => Err("path is empty, expected a picture as the data set names it".to_owned()),
        name => Ok((name.to_owned(), found)),
    }
}

fn pixels(
    row: &Row,
    column: &str,
    expected: &str,
    sensible: impl Fn(f32) -> bool,
) -> std::result::Result<f32, String> {
    let cell = row[column].trim();
    let number = cell.parse().ok().filter(|v: &f32| v.is_finite() && sensible(*v));
    number.ok_or_else(|| format!("{column} is {:?}, expected {expected}", quoted(cell)))
}
