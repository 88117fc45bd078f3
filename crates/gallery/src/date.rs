//! The day of a study.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use serde::{Deserialize, Serialize};

/// A day of the Gregorian calendar, from year 1 to 9999; ordered by time. Reads `2020-01-31` and
/// DICOM's `20200131`, and writes the former.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(NaiveDate);

impl Date {
    /// The day, if there is one.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let date = NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())?;
        (1..=9999).contains(&year).then_some(Self(date))
    }
}

/// A text that is no day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a date that does not read; expected one such as 2020-01-31")]
pub struct DateError;

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let (year, month, day) = match text.len() {
            10 if text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-' => (0..4, 5..7, 8..10),
            8 => (0..4, 4..6, 6..8),
            _ => return Err(DateError),
        };
        let number = |part| {
            let digits =
                text.get(part).filter(|digits: &&str| digits.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<u16>().ok())
        };
        let date = || Self::new(number(year)?, number(month)? as u8, number(day)? as u8);
        date().ok_or(DateError)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl FromSql for Date {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(FromSqlError::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_and_are_ordered() {
        let date = |text: &str| text.parse::<Date>().ok();
        assert_eq!(date("2020-02-29").unwrap().to_string(), "2020-02-29");
        assert_eq!(date("20200229"), date("2020-02-29"));
        assert!(date("0099-12-31") < date("2019-12-31") && date("2019-12-31") < date("2020-01-01"));
        for none in [
            "",
            "2019-02-29",
            "1900-02-29",
            "2020-13-01",
            "2020-00-01",
            "2020-04-31",
            "0000-01-01",
            "2020-1-1",
        ] {
            assert_eq!(date(none), None, "{none}");
        }
        for none in [
            "2020/01/01",
            "+020-01-01",
            "2020-+1-01",
            "äöüä",
            "20200äa",
            "2020-01-0ä",
            "02020-01-1",
        ] {
            assert_eq!(date(none), None, "{none}");
        }
    }
}
