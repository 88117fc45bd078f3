//! A comparison as files: report.json, report.csv, report.html.

use std::path::Path;

use anyhow::Result;

use super::measure::Report;
use crate::output;
use crate::report::results;

/// Writes the three into a folder.
pub(crate) fn write(folder: &Path, report: &Report, page: &str) -> Result<()> {
    output::file(&folder.join("report.json"), serde_json::to_string_pretty(report)?)?;
    output::file(&folder.join("report.csv"), results::csv(&report.results)?)?;
    output::file(&folder.join("report.html"), page)
}
