//! The error of a filter that cannot be parsed.

use std::fmt;

/// Characters shown before and after the place.
const BEFORE: usize = 50;
const AFTER: usize = 30;

/// The place where a filter cannot be parsed, what is there, and what is expected. `Display` shows
/// the place with a caret under it. `Debug` shows nothing of the filter, which may name a patient.
#[derive(Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The place, in bytes from the filter's start.
    offset: usize,
    position: usize,
    found: String,
    expected: String,
    /// The part of the filter around the place, and the place in it.
    excerpt: String,
    caret: usize,
}

impl FilterError {
    /// Makes an error at byte `at` of the text.
    pub(super) fn new(
        text: &str,
        at: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        let position = text.get(..at).unwrap_or(text).chars().count();
        let from = position.saturating_sub(BEFORE);
        let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let excerpt = text.chars().skip(from).take(BEFORE + AFTER).map(visible).collect();
        let (found, expected, caret) = (found.into(), expected.into(), position - from);
        Self { offset: at.min(text.len()), position, found, expected, excerpt, caret }
    }

    /// The number of characters before the place.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The number of bytes before the place.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The expected token, in words.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the filter does not read at character {}: found {}; expected {}",
            self.position + 1,
            self.found,
            self.expected
        )?;
        write!(f, "  {}\n  {:>width$}", self.excerpt, '^', width = self.caret + 1)
    }
}

impl fmt::Debug for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilterError(at character {})", self.position + 1)
    }
}

impl std::error::Error for FilterError {}
