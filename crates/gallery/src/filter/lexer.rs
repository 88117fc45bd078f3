//! The lexer: a filter's text to tokens.

use super::{Comparison, Date, FilterError};

/// A token of the language.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Token {
    /// A field, or `and`, `or`, `not`, `in`, `null`.
    Name(String),
    Text(String),
    Number(i64),
    Date(Date),
    Compare(Comparison),
    /// `~`
    Words,
    Open,
    Close,
    Comma,
    End,
}

/// A token and its range of bytes in the text.
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All tokens; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        let (token, length) = token(text, at)?;
        let end = token == Token::End;
        tokens.push(Placed { token, start: at, end: at + length });
        if end {
            return Ok(tokens);
        }
        at += length;
    }
}

/// The token at a byte of the text, and its length in bytes.
fn token(text: &str, at: usize) -> Result<(Token, usize), FilterError> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let rest = &text[at..];
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    for (symbol, token) in [
        ("!=", Token::Compare(NotEqual)),
        ("<=", Token::Compare(LessOrEqual)),
        (">=", Token::Compare(GreaterOrEqual)),
        ("=", Token::Compare(Equal)),
        ("<", Token::Compare(Less)),
        (">", Token::Compare(Greater)),
        ("~", Token::Words),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ] {
        if rest.starts_with(symbol) {
            return Ok((token, symbol.len()));
        }
    }
    match first {
        '"' | '\'' => quoted(text, at, first),
        '-' | '0'..='9' => number(text, at),
        'a'..='z' | 'A'..='Z' | '_' => {
            let name = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            Ok((Token::Name(name.to_owned()), name.len()))
        }
        other => {
            let found = format!("`{}`", other.escape_debug());
            Err(FilterError::new(text, at, found, meant(other)))
        }
    }
}

/// The token that was probably meant by an unknown character.
fn meant(strange: char) -> &'static str {
    match strange {
        '&' => "`and`",
        '|' => "`or`",
        '!' => "`not`, or `!=`",
        '“' | '”' | '„' | '‘' | '’' | '`' | '«' | '»' => {
            "straight quotes: \"…\" or '…'"
        }
        _ => "a field, a value, a comparison, `and`, `or`, `not` or a parenthesis",
    }
}

/// Reads a quoted text. A backslash before a quote or a backslash makes it a letter.
fn quoted(text: &str, at: usize, quote: char) -> Result<(Token, usize), FilterError> {
    let mut value = String::new();
    let mut letters = text[at..].char_indices().skip(1);
    while let Some((offset, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((Token::Text(value), offset + 1)),
            '\\' => match letters.next() {
                Some((_, escaped @ ('\\' | '"' | '\''))) => value.push(escaped),
                _ => {
                    let expected = "a quote or a backslash after it";
                    return Err(FilterError::new(text, at + offset, "a backslash", expected));
                }
            },
            // SQLite ends a text at a NUL.
            '\0' => {
                let expected = "text without it";
                return Err(FilterError::new(text, at + offset, "the character NUL", expected));
            }
            _ => value.push(letter),
        }
    }
    Err(FilterError::new(text, at, "a quote that is not closed", format!("{quote} after the text")))
}

/// A whole number, or a day such as 2020-01-31.
fn number(text: &str, at: usize) -> Result<(Token, usize), FilterError> {
    let digits = run(&text[at..], |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    let wrong = |expected: &str| {
        let shown: String = digits.chars().take(24).collect();
        let more = if digits.len() > shown.len() { "…" } else { "" };
        Err(FilterError::new(text, at, format!("`{shown}{more}`"), expected))
    };
    let is_date = digits.len() == 10 && digits[1..].contains('-');
    let token = match is_date {
        true => digits.parse().ok().map(Token::Date),
        false => digits.parse().ok().map(Token::Number),
    };
    match token {
        Some(token) => Ok((token, digits.len())),
        None if is_date => wrong("a day that there is, such as 2020-01-31"),
        None if digits.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => {
            wrong("a whole number of at most 9223372036854775807")
        }
        None => wrong("a whole number, or a day such as 2020-01-31, or text in quotes"),
    }
}

/// The longest start of the text that consists of such characters.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !belongs(c)).unwrap_or(text.len())]
}
