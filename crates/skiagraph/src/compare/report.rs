//! A comparison as files: report.json, report.csv, report.md, report.html.

use std::path::Path;

use anyhow::Result;

use super::measure::Report;
use crate::output;
use crate::report::html::{self, Page};
use crate::report::{markdown, results};

/// The size of a page beyond which drawn failures are left out.
const PAGE_MAX_BYTES: usize = 20_000_000;

/// Writes the four files into a folder.
pub(crate) fn write(folder: &Path, report: &Report, page: &Page) -> Result<()> {
    output::file(&folder.join("report.json"), serde_json::to_string_pretty(report)?)?;
    output::file(&folder.join("report.csv"), results::csv(&report.results)?)?;
    output::file(&folder.join("report.md"), markdown::render(page))?;
    output::file(&folder.join("report.html"), html::render(page, PAGE_MAX_BYTES))
}
