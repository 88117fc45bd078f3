//! An expression to SQL, for each of the two databases. Values are parameters: nothing of a
//! filter's text is pasted into a statement.

use roaring::RoaringTreemap;

use super::fields::{Field, Kind};
use super::{Comparison, Expression, Filter, Test, Value};
use crate::store::Which;
use crate::{Gallery, Result};

/// A patient's number without the source before it (`nih/12` is `12`). Earlier galleries have the
/// `/` also without a source.
const NUMBER: &str = "CASE WHEN substr(patient, 1, length(coalesce(source, '')) + 1) = coalesce(source, '') || '/' \
                      THEN substr(patient, length(coalesce(source, '')) + 2) ELSE patient END";

/// The database whose SQL is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// A parameter's value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Parameter {
    Text(String),
    Number(i64),
}

impl Gallery {
    /// The ids of the records that a filter admits, as committed now.
    ///
    /// # Errors
    /// If the database fails.
    pub fn matching(&self, filter: &Filter) -> Result<RoaringTreemap> {
        Ok(self.store.ids(Which::Matching(filter))?.into_iter().collect())
    }
}

impl Filter {
    /// A condition on a row of `records`, and the values of its parameters, which are numbered from
    /// 1. It may be NULL, which counts as false.
    pub(crate) fn to_sql(&self, dialect: Dialect) -> (String, Vec<Parameter>) {
        let mut statement = Statement { dialect, parameters: Vec::new() };
        let condition = statement.condition(&self.expression);
        (condition, statement.parameters)
    }
}

struct Statement {
    dialect: Dialect,
    parameters: Vec<Parameter>,
}

impl Statement {
    /// Writes a condition. Only `not` must say that NULL counts as false.
    fn condition(&mut self, expression: &Expression) -> String {
        match expression {
            Expression::And(parts) => self.joined(parts, " AND "),
            Expression::Or(parts) => self.joined(parts, " OR "),
            Expression::Not(inside) => format!("({} IS NOT TRUE)", self.condition(inside)),
            Expression::Test(field, test) => format!("({})", self.test(field, test)),
        }
    }

    fn joined(&mut self, parts: &[Expression], word: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(word))
    }

    fn test(&mut self, field: &Field, test: &Test) -> String {
        match field.kind {
            Kind::Labels => self.label_test(test),
            Kind::Patient => self.patient_test(test),
            Kind::Report => {
                self.comparison("(SELECT record FROM reports WHERE record = id)", field.kind, test)
            }
            _ => self.comparison(field.name, field.kind, test),
        }
    }

    /// Writes a test of labels: one of them must pass. For `!=`, there must be labels, and none
    /// equal to the value.
    fn label_test(&mut self, test: &Test) -> String {
        const LABELLED: &str = "id IN (SELECT record FROM labels)";
        let mut one_that = |test: &Test| {
            let comparison = self.comparison("label", Kind::Text, test);
            format!("id IN (SELECT record FROM labels WHERE {comparison})")
        };
        match test {
            Test::Missing => format!("NOT {LABELLED}"),
            Test::Present => LABELLED.to_owned(),
            Test::Compare(Comparison::NotEqual, value) => {
                format!(
                    "{LABELLED} AND NOT {}",
                    one_that(&Test::Compare(Comparison::Equal, value.clone()))
                )
            }
            _ => one_that(test),
        }
    }

    /// Writes a test of a patient: the key or the number must pass. For `!=`, neither may equal the
    /// value.
    fn patient_test(&mut self, test: &Test) -> String {
        let mut either = |test: &Test| {
            ["patient", NUMBER]
                .map(|name| self.comparison(name, Kind::Identifier, test))
                .join(" OR ")
        };
        match test {
            Test::Compare(Comparison::NotEqual, value) => {
                format!("NOT ({})", either(&Test::Compare(Comparison::Equal, value.clone())))
            }
            _ => either(test),
        }
    }

    fn comparison(&mut self, left: &str, kind: Kind, test: &Test) -> String {
        let caseless = self.caseless(left, kind);
        match test {
            Test::Compare(comparison, value) => {
                format!("{caseless} {} {}", operator(*comparison), self.value(value, kind))
            }
            Test::In(values) => {
                let values: Vec<String> =
                    values.iter().map(|value| self.value(value, kind)).collect();
                format!("{caseless} IN ({})", values.join(", "))
            }
            Test::Words(words) => self.words(words),
            Test::Missing => format!("{left} IS NULL"),
            Test::Present => format!("{left} IS NOT NULL"),
        }
    }

    /// A comparison of text without regard to the case of ASCII letters. PostgreSQL's columns have
    /// the collation `C`.
    fn caseless(&self, left: &str, kind: Kind) -> String {
        match (kind, self.dialect) {
            (Kind::Text, Dialect::Sqlite) => format!("{left} COLLATE NOCASE"),
            (Kind::Text, Dialect::Postgres) => format!("lower({left})"),
            _ => left.to_owned(),
        }
    }

    fn value(&mut self, value: &Value, kind: Kind) -> String {
        let parameter = match value {
            Value::Text(text) => Parameter::Text(text.clone()),
            Value::Number(number) => Parameter::Number(*number),
            Value::Date(date) => Parameter::Text(date.to_string()),
        };
        let place = self.place(parameter);
        match (self.dialect, value) {
            (Dialect::Sqlite, _) => place,
            (Dialect::Postgres, Value::Number(_)) => format!("{place}::bigint"),
            (Dialect::Postgres, Value::Date(_)) => format!("{place}::text::date"),
            (Dialect::Postgres, Value::Text(_)) if kind == Kind::Text => {
                format!("lower({place}::text COLLATE \"C\")")
            }
            (Dialect::Postgres, Value::Text(_)) => format!("{place}::text"),
        }
    }

    fn words(&mut self, words: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => {
                let place = self.place(Parameter::Text(phrase(words)));
                format!("id IN (SELECT rowid FROM report_words WHERE report_words MATCH {place})")
            }
            Dialect::Postgres => {
                let place = self.place(Parameter::Text(lexemes(words)));
                format!("id IN (SELECT record FROM reports WHERE words @@ {place}::text::tsquery)")
            }
        }
    }

    fn place(&mut self, parameter: Parameter) -> String {
        self.parameters.push(parameter);
        let sign = if self.dialect == Dialect::Sqlite { '?' } else { '$' };
        format!("{sign}{}", self.parameters.len())
    }
}

/// A phrase in the language of FTS5; a star at its end stands for any end of its last word.
fn phrase(words: &str) -> String {
    let star = if words.trim_end().ends_with('*') { " *" } else { "" };
    format!("\"{}\"{star}", words.replace('"', "\"\""))
}

/// A phrase in the language of `tsquery`. Words are runs of letters and digits, as the function
/// `report_words` takes them.
fn lexemes(words: &str) -> String {
    let star = if words.trim_end().ends_with('*') { ":*" } else { "" };
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_lowercase())).collect();
    if words.is_empty() { String::new() } else { words.join(" <-> ") + star }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}
