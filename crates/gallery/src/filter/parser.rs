//! Tokens to an expression.
//!
//! ```text
//! filter = and { "or" and }        and = unary { "and" unary }
//! unary  = "not" unary | "(" filter ")" | test
//! test   = field comparison ( value | "null" ) | field "in" "(" value { "," value } ")"
//!        | "report" "~" text
//! ```

use super::fields::{self, Field, Kind};
use super::lexer::{Placed, Token, tokens};
use super::{Comparison, Expression, FilterError, Test, Value};

/// Limits well below those of SQLite.
const MAX_BYTES: usize = 16 * 1024;
const MAX_TESTS: usize = 256;
const MAX_DEPTH: usize = 32;

type Parsed<T> = Result<T, FilterError>;

pub(super) fn parse(text: &str) -> Parsed<Expression> {
    if text.len() > MAX_BYTES {
        let (found, expected) = (format!("{} bytes", text.len()), format!("at most {MAX_BYTES}"));
        return Err(FilterError::new(text, 0, found, expected));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0, tests: 0 };
    let expression = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.unexpected("`and`, `or`, or the end")),
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
    tests: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.and()?];
        while self.takes_word("or") {
            parts.push(self.and()?);
        }
        Ok(joined(parts, Expression::Or))
    }

    fn and(&mut self) -> Parsed<Expression> {
        let mut parts = vec![self.unary()?];
        while self.takes_word("and") {
            parts.push(self.unary()?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn unary(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(
                self.unexpected(&format!("at most {MAX_DEPTH} levels of parentheses and `not`"))
            );
        }
        let expression = if self.takes_word("not") {
            Expression::Not(Box::new(self.unary()?))
        } else if self.takes(&Token::Open) {
            let inside = self.or()?;
            self.require(&Token::Close, "`)`, `and` or `or`")?;
            inside
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn test(&mut self) -> Parsed<Expression> {
        self.tests += 1;
        if self.tests > MAX_TESTS {
            return Err(self.unexpected(&format!("at most {MAX_TESTS} tests")));
        }
        let field = self.field()?;
        let test = if self.takes_word("in") {
            self.list(field)?
        } else if self.takes(&Token::Words) {
            self.words(field)?
        } else {
            self.comparison(field)?
        };
        Ok(Expression::Test(field, test))
    }

    fn field(&mut self) -> Parsed<&'static Field> {
        let Token::Name(name) = self.peek() else {
            return Err(self.unexpected("a field, `not` or `(`"));
        };
        match fields::find(name) {
            Some(field) => {
                self.at += 1;
                Ok(field)
            }
            None => Err(self.unexpected(&fields::suggestion(name))),
        }
    }

    fn comparison(&mut self, field: &'static Field) -> Parsed<Test> {
        let &Token::Compare(comparison) = self.peek() else {
            return Err(self.unexpected(match field.kind {
                Kind::Report => "`~`, `= null` or `!= null`",
                _ => "=, !=, <, <=, >, >= or `in`",
            }));
        };
        self.at += 1;
        match comparison {
            Comparison::Equal if self.takes_word("null") => Ok(Test::Missing),
            Comparison::NotEqual if self.takes_word("null") => Ok(Test::Present),
            _ => Ok(Test::Compare(comparison, self.value(field)?)),
        }
    }

    fn list(&mut self, field: &'static Field) -> Parsed<Test> {
        self.require(&Token::Open, "`(` and values")?;
        let mut values = vec![self.value(field)?];
        while self.takes(&Token::Comma) {
            values.push(self.value(field)?);
        }
        self.require(&Token::Close, "`,` or `)`")?;
        Ok(Test::In(values))
    }

    fn words(&mut self, field: &'static Field) -> Parsed<Test> {
        if field.kind != Kind::Report {
            self.at -= 1;
            return Err(self.unexpected("a comparison: `~` is for `report` alone"));
        }
        match self.peek().clone() {
            Token::Text(words) if words.chars().any(char::is_alphanumeric) => {
                self.at += 1;
                Ok(Test::Words(words))
            }
            _ => Err(self.unexpected("words in quotes")),
        }
    }

    fn value(&mut self, field: &'static Field) -> Parsed<Value> {
        let value = match (field.kind, self.peek()) {
            (Kind::Identifier | Kind::Patient | Kind::Text | Kind::Labels, Token::Text(text)) => {
                Ok(Value::Text(text.clone()))
            }
            (Kind::Number, Token::Number(number)) => Ok(Value::Number(*number)),
            (Kind::Date, Token::Date(date)) => Ok(Value::Date(*date)),
            (Kind::Date, Token::Text(text)) => {
                text.parse().map(Value::Date).map_err(|_| "a day such as 2020-01-31")
            }
            (Kind::Date, _) => Err("a day such as 2020-01-31"),
            (Kind::Number, _) => Err("a whole number"),
            (Kind::Report, _) => Err("`null`: a report is searched by `~`"),
            _ => Err("text in quotes"),
        };
        let value = value.map_err(|expected| self.unexpected(expected))?;
        self.at += 1;
        Ok(value)
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let taken = self.peek() == token;
        self.at += usize::from(taken);
        taken
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.peek(), Token::Name(name) if name.eq_ignore_ascii_case(word));
        self.at += usize::from(taken);
        taken
    }

    fn require(&mut self, token: &Token, expected: &str) -> Parsed<()> {
        if self.takes(token) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn unexpected(&self, expected: &str) -> FilterError {
        let Placed { start, end, .. } = self.tokens[self.at];
        let shown: String = self.text[start..end].chars().take(40).collect();
        let found = match shown.is_empty() {
            true => "its end".to_owned(),
            false => format!("`{}`", shown.replace(char::is_control, "\u{fffd}")),
        };
        FilterError::new(self.text, start, found, expected)
    }
}

/// Joins several parts, or returns the only one.
fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}
