//! Faults of a file whose picture can be read nevertheless, and what was assumed instead.

use crate::error::{numbers, quoted};
use std::borrow::Cow;
use std::fmt;

/// Warnings kept of one file; a file can be made to have any number.
const MOST: usize = 16;

/// A fault of a file that was put up with. It shows no patient data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Keyword of a DICOM attribute, or a part of the file: `the JPEG frame`.
    pub subject: &'static str,
    /// The value in the file.
    pub got: String,
    /// The values that are right.
    pub expected: &'static str,
    /// The value or action instead: `1 was assumed`.
    pub assumed: Cow<'static, str>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, got, expected, assumed } = self;
        let numbers = numbers(subject);
        let kind = if numbers.is_empty() { "" } else { "DICOM attribute " };
        write!(f, "{kind}{numbers}{subject} is {got}, expected {expected}; {assumed}")
    }
}

/// The warnings of a file while it is decoded: each once, and at most [`MOST`].
#[derive(Default)]
pub(crate) struct Warnings(Vec<Warning>);

impl Warnings {
    /// Adds one. What was found may be anything: it is shortened, and shown without control
    /// characters. It must be nothing of a patient.
    pub(crate) fn add(
        &mut self,
        subject: &'static str,
        got: impl AsRef<str>,
        expected: &'static str,
        assumed: impl Into<Cow<'static, str>>,
    ) {
        let got = match quoted(got.as_ref()) {
            empty if empty.is_empty() => "empty".to_owned(),
            got => got.chars().take(64).collect(),
        };
        let warning = Warning { subject, got, expected, assumed: assumed.into() };
        if self.0.len() < MOST && !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    /// The list for a header.
    pub(crate) fn into_vec(self) -> Vec<Warning> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_a_line_that_names_all() {
        let mut warnings = Warnings::default();
        warnings.add("RescaleSlope", "0", "a number other than 0", "1 was assumed");
        warnings.add("RescaleSlope", "0", "a number other than 0", "1 was assumed");
        warnings.add("the JPEG frame", "\n ", "a frame", "the next one was read");
        let lines: Vec<String> = warnings.into_vec().iter().map(Warning::to_string).collect();
        assert_eq!(
            lines,
            [
                "DICOM attribute (0028,1053) RescaleSlope is 0, expected a number other than 0; \
                 1 was assumed",
                "the JPEG frame is empty, expected a frame; the next one was read",
            ]
        );
    }

    #[test]
    fn a_file_cannot_make_them_without_end() {
        let mut warnings = Warnings::default();
        (0..99).for_each(|n| warnings.add("LUTData", n.to_string(), "more", "it was left out"));
        warnings.add("LUTData", "x".repeat(99), "more", "it was left out");
        let warnings = warnings.into_vec();
        assert_eq!(warnings.len(), MOST);
        assert!(warnings.iter().all(|warning| warning.got.len() <= 64));
    }
}
