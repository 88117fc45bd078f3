//! The filter language, which selects the records that may answer.
//!
//! `body_part = "CHEST" and view in ("PA", "AP") and age >= 18 and not label = "effusion" and
//! report ~ "opacity"`
//!
//! `docs/gallery.md` has the grammar. A filter becomes SQL whose values are parameters: nothing of
//! its text is ever pasted into a statement.

mod error;
mod fields;
mod lexer;
mod parser;
mod sql;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::Date;
pub use error::FilterError;
use fields::Field;
pub(super) use sql::{Dialect, Parameter};

/// A filter of records.
///
/// A test of a field that a record lacks is false, `!=` too; `not` turns every false into true.
/// Text is compared without regard to the case of ASCII letters. Identifiers (key, patient, study,
/// series, instance) are compared exactly. A patient of a source is found by the number, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter {
    expression: Expression,
}

/// An expression; `And` and `Or` have two or more parts.
#[derive(Clone, PartialEq, Eq)]
enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Test(&'static Field, Test),
}

/// A test of a field.
#[derive(Clone, PartialEq, Eq)]
enum Test {
    Missing,
    Present,
    Compare(Comparison, Value),
    In(Vec<Value>),
    /// The report has these words, one after the other.
    Words(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(i64),
    Date(Date),
}

impl FromStr for Filter {
    type Err = FilterError;

    /// Reads a filter of at most 16 KiB, 256 tests, and 32 levels of parentheses and `not`.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self { expression: parser::parse(text)? })
    }
}

/// Shows nothing: a filter may name patients.
impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filter(…)")
    }
}
