//! A comparison as files: report.json, report.csv, report.md, report.html.

use std::path::Path;

use answers::html::{self, Page};
use anyhow::Result;

use super::measure::Report;
use crate::report::{markdown, results};

/// The size of a page beyond which drawn failures are left out.
const PAGE_MAX_BYTES: usize = 20_000_000;

/// Writes the four files into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, report: &Report, page: &Page) -> Result<()> {
    files::write(&folder.join("report.json"), serde_json::to_string_pretty(report)?)?;
    files::write(&folder.join("report.csv"), results::csv(&report.results)?)?;
    files::write(&folder.join("report.md"), markdown::render(page))?;
    files::write(&folder.join("report.html"), html::render(page, PAGE_MAX_BYTES))
}
