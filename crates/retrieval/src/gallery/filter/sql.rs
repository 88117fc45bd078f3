//! An expression to SQL, and what it finds.

use roaring::RoaringTreemap;
use rusqlite::types::Value as Parameter;
use rusqlite::{Connection, params_from_iter};

use super::fields::{Field, Kind};
use super::{Comparison, Expression, Filter, Test, Value};
use crate::Result;
use crate::gallery::Gallery;

impl Gallery {
    /// The ids of the records that a filter admits, of what is committed now.
    ///
    /// # Errors
    /// If the database fails.
    pub fn matching(&self, filter: &Filter) -> Result<RoaringTreemap> {
        filter.ids(&self.connection).map_err(|source| self.failed(source))
    }
}

impl Filter {
    fn ids(&self, connection: &Connection) -> rusqlite::Result<RoaringTreemap> {
        let mut parameters = Vec::new();
        let condition = condition(&self.expression, &mut parameters);
        let mut statement = connection.prepare(&format!("SELECT id FROM records WHERE {condition}"))?;
        let ids = statement.query_map(params_from_iter(parameters), |row| row.get::<_, i64>(0))?;
        ids.map(|id| id.map(i64::cast_unsigned)).collect()
    }
}

/// A condition on a row of `records`. It may be NULL, which counts as false; only `not` must say so.
fn condition(expression: &Expression, parameters: &mut Vec<Parameter>) -> String {
    match expression {
        Expression::And(parts) => joined(parts, " AND ", parameters),
        Expression::Or(parts) => joined(parts, " OR ", parameters),
        Expression::Not(inside) => format!("({} IS NOT TRUE)", condition(inside, parameters)),
        Expression::Test(field, test) => format!("({})", self::test(field, test, parameters)),
    }
}

fn joined(parts: &[Expression], word: &str, parameters: &mut Vec<Parameter>) -> String {
    let parts: Vec<String> = parts.iter().map(|part| condition(part, parameters)).collect();
    format!("({})", parts.join(word))
}

fn test(field: &Field, test: &Test, parameters: &mut Vec<Parameter>) -> String {
    if field.kind == Kind::Labels {
        return label_test(test, parameters);
    }
    let left = match field.kind {
        Kind::Report => "(SELECT record FROM reports WHERE record = id)".to_owned(),
        Kind::Text => format!("{} COLLATE NOCASE", field.name),
        _ => field.name.to_owned(),
    };
    comparison(&left, test, parameters)
}

/// Of the labels one must pass; but `!=` says that there are some and none of them is the one.
fn label_test(test: &Test, parameters: &mut Vec<Parameter>) -> String {
    const LABELLED: &str = "id IN (SELECT record FROM labels)";
    let mut one_that = |test: &Test| {
        let comparison = comparison("label COLLATE NOCASE", test, parameters);
        format!("id IN (SELECT record FROM labels WHERE {comparison})")
    };
    match test {
        Test::Missing => format!("NOT {LABELLED}"),
        Test::Present => LABELLED.to_owned(),
        Test::Compare(Comparison::NotEqual, value) => {
            format!("{LABELLED} AND NOT {}", one_that(&Test::Compare(Comparison::Equal, value.clone())))
        }
        _ => one_that(test),
    }
}

fn comparison(left: &str, test: &Test, parameters: &mut Vec<Parameter>) -> String {
    match test {
        Test::Compare(comparison, value) => {
            parameters.push(parameter(value));
            format!("{left} {} ?", operator(*comparison))
        }
        Test::In(values) => {
            parameters.extend(values.iter().map(parameter));
            format!("{left} IN ({})", vec!["?"; values.len()].join(", "))
        }
        Test::Words(words) => {
            parameters.push(Parameter::Text(phrase(words)));
            "id IN (SELECT rowid FROM report_words WHERE report_words MATCH ?)".to_owned()
        }
        Test::Missing => format!("{left} IS NULL"),
        Test::Present => format!("{left} IS NOT NULL"),
    }
}

/// A phrase in the language of FTS5; a star at its end stands for any end of its last word.
fn phrase(words: &str) -> String {
    let star = if words.trim_end().ends_with('*') { " *" } else { "" };
    format!("\"{}\"{star}", words.replace('"', "\"\""))
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

fn parameter(value: &Value) -> Parameter {
    match value {
        Value::Text(text) => Parameter::Text(text.clone()),
        Value::Number(number) => Parameter::Integer(*number),
        Value::Date(date) => Parameter::Text(date.to_string()),
    }
}
