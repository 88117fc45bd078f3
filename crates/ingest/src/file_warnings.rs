//! Faults of files that were read nevertheless, as reports show them.

use radiograph::Warning;
use serde::Serialize;

use crate::decoding::Decoded;

/// A picture whose file is at fault, and the faults.
#[derive(Debug, Serialize)]
pub struct FileWarnings {
    /// The picture's name.
    pub name: String,
    /// The faults, as sentences.
    pub warnings: Vec<String>,
}

impl FileWarnings {
    /// Reports a picture's faults; none for a sound file.
    pub fn of(picture: &Decoded) -> Option<Self> {
        let name = &picture.record.name;
        let warnings = lines(&picture.warnings);
        (!warnings.is_empty()).then(|| Self { name: name.clone(), warnings })
    }

    /// A line of text.
    pub fn line(&self) -> String {
        format!("  warning {}: {}", self.name, self.warnings.join("; "))
    }
}

/// Warnings as sentences.
pub fn lines(warnings: &[Warning]) -> Vec<String> {
    warnings.iter().map(Warning::to_string).collect()
}
