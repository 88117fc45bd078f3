//! A comparison as files: report.json, report.csv, report.html.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::measure::Report;
use crate::commands::eval::results_csv;

/// Writes the three into a folder.
pub(crate) fn write(folder: &Path, report: &Report, page: &str) -> Result<()> {
    let put = |name: &str, bytes: &[u8]| {
        let file = folder.join(name);
        fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))
    };
    put("report.json", serde_json::to_string_pretty(report)?.as_bytes())?;
    put("report.csv", &results_csv(&report.results)?)?;
    put("report.html", page.as_bytes())
}
