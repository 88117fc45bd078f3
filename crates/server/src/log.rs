//! The log: one line of JSON for each request, and for what goes wrong beside requests.

use std::fmt;
use std::io::{Write, stderr};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

/// The receiver of the log's lines; by default standard error.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Default for Log {
    /// Writes a line at once, so that lines of several threads do not mix. A log without a reader
    /// stops nothing.
    fn default() -> Self {
        Self::to(|line| drop(stderr().lock().write_all(format!("{line}\n").as_bytes())))
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// A log whose lines are given to `write`, without the end of the line.
    pub fn to(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// Writes a line.
    pub(crate) fn line(&self, line: &impl Serialize) {
        if let Ok(line) = serde_json::to_string(line) {
            (self.0)(&line);
        }
    }

    /// Writes a line that says what went wrong.
    pub(crate) fn error(&self, error: &str) {
        self.line(&json!({ "error": error }));
    }
}
