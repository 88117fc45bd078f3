//! Queries of a PACS, by C-FIND or QIDO-RS alike.

use crate::error::{Error, Result};

/// The conditions of wanted series. A missing condition is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Modality (0008,0060), such as CR or DX.
    pub modality: Option<String>,
    /// Study Date (0008,0020) from this day on, as YYYYMMDD.
    pub from: Option<String>,
    /// Study Date up to and including this day.
    pub to: Option<String>,
    /// Body Part Examined (0018,0015), such as CHEST.
    pub body_part: Option<String>,
}

impl Query {
    /// The range of days as DICOM writes it (PS3.4 C.2.2.2.5); empty for any.
    ///
    /// # Errors
    /// [`Error::Setting`] if a day is no date, or a code not of capital letters, digits, spaces and
    /// underscores.
    pub(crate) fn dates(&self) -> Result<String> {
        for day in [&self.from, &self.to].into_iter().flatten() {
            if day.len() != 8 || !day.bytes().all(|c| c.is_ascii_digit()) {
                return Err(wrong("study date", day, "a day as YYYYMMDD"));
            }
        }
        let day = |day: &Option<String>| day.clone().unwrap_or_default();
        match (&self.from, &self.to) {
            (None, None) => Ok(String::new()),
            _ => Ok(format!("{}-{}", day(&self.from), day(&self.to))),
        }
    }

    /// Modality and body part, as sent; empty for any.
    pub(crate) fn codes(&self) -> Result<[String; 2]> {
        for (name, code) in [("modality", &self.modality), ("body part", &self.body_part)] {
            if let Some(code) = code.as_ref().filter(|code| !is_code(code)) {
                return Err(wrong(
                    name,
                    code,
                    "a code of 1 to 16 capital letters, digits, spaces, underscores",
                ));
            }
        }
        Ok([&self.modality, &self.body_part].map(|code| code.clone().unwrap_or_default()))
    }

    /// Whether an answer's Study Date fits, as far as it tells one.
    pub(crate) fn admits_day(&self, day: Option<&str>) -> bool {
        let Some(day) = day.map(|day| day.replace(['-', '.'], "")) else { return true };
        let is_day = day.len() == 8 && day.bytes().all(|c| c.is_ascii_digit());
        let early = self.from.as_ref().is_some_and(|from| day < *from);
        let late = self.to.as_ref().is_some_and(|to| day > *to);
        !is_day || !(early || late)
    }

    /// Whether an answer fits, as far as it tells: not every server heeds every key it is asked
    /// with.
    pub(crate) fn admits(&self, modality: Option<&str>, body_part: Option<&str>) -> bool {
        let fits = |wanted: &Option<String>, got: Option<&str>| match (wanted, got) {
            (Some(wanted), Some(got)) if !got.is_empty() => wanted == got,
            _ => true,
        };
        fits(&self.modality, modality) && fits(&self.body_part, body_part)
    }
}

fn wrong(setting: &'static str, got: &str, expected: &'static str) -> Error {
    Error::Setting { setting, got: got.to_owned(), expected }
}

/// Tells whether a text is a code string (PS3.5 6.2, CS) without wildcards.
fn is_code(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b' ' || c == b'_';
    (1..=16).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(from: &str, to: &str, modality: &str) -> Query {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Query { modality: some(modality), from: some(from), to: some(to), body_part: None }
    }

    #[test]
    fn days_and_codes_are_looked_at() {
        assert_eq!(query("20260101", "20260131", "").dates().unwrap(), "20260101-20260131");
        assert_eq!(query("20260101", "", "").dates().unwrap(), "20260101-");
        assert_eq!(query("", "20260131", "").dates().unwrap(), "-20260131");
        assert_eq!(query("", "", "").dates().unwrap(), "");
        assert!(query("2026-01-01", "", "").dates().is_err());
        assert!(query("", "", "CR&x=").codes().is_err() && query("", "", "*").codes().is_err());
        assert_eq!(query("", "", "CR").codes().unwrap(), ["CR".to_owned(), String::new()]);
    }

    #[test]
    fn an_answer_that_does_not_tell_fits() {
        let query = query("", "", "CR");
        assert!(
            query.admits(Some("CR"), None)
                && query.admits(None, Some("CHEST"))
                && query.admits(Some(""), None)
        );
        assert!(!query.admits(Some("CT"), None));
    }

    #[test]
    fn days_outside_do_not_fit() {
        let january = query("20260101", "20260131", "");
        for (day, fits) in [
            (None, true),
            (Some(""), true),
            (Some("unknown"), true),
            (Some("20251231"), false),
            (Some("2026.01.31"), true),
            (Some("20260201"), false),
        ] {
            assert_eq!(january.admits_day(day), fits, "{day:?}");
        }
    }
}
