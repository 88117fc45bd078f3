//! Ages and dates in the forms of DICOM (PS3.5 6.2), of ISO 8601 and of spreadsheets.

use dicom_core::chrono::NaiveDate;

/// Completed years above which an age is no age of a patient.
const OLDEST: u32 = 150;

/// The units of an age: their names, and how many make a year.
const UNITS: [(&[&str], f64); 4] = [
    (&["", "y", "yr", "yrs", "yo", "year", "years"], 1.0),
    (&["m", "mo", "mos", "month", "months"], 12.0),
    (&["w", "wk", "wks", "week", "weeks"], 52.0),
    (&["d", "day", "days"], 365.0),
];

/// The completed years of an age: a number, perhaps with a fraction, and a unit, years where there
/// is none. `058Y`, `45`, `45.0`, `3M`, ` 2w`, `P10D` and `6 months` are ages; `0` to `150` years.
pub fn years(age: &str) -> Option<u32> {
    let age = age.trim_matches([' ', '\0']).to_ascii_lowercase();
    // ISO 8601 begins a duration with a P.
    let age = age.strip_prefix('p').unwrap_or(&age);
    let end = age.find(|c: char| !matches!(c, '0'..='9' | '.' | ',')).unwrap_or(age.len());
    let (count, unit) = age.split_at(end);
    let (_, in_a_year) = UNITS.iter().find(|(names, _)| names.contains(&unit.trim()))?;
    let count: f64 = count.replace(',', ".").parse().ok()?;
    let years = (count / in_a_year).floor();
    (years <= f64::from(OLDEST)).then_some(years as u32)
}

/// A date as eight digits, if the day exists: of eight digits, of ISO 8601, and with dots, slashes
/// or colons, the year first; with dots also the day first. A time behind it is left out.
pub fn date(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\0']);
    let date = text.split(['T', 't', ' ']).next()?;
    let [year, month, day] = separated(date).or_else(|| parts(leading(date)?))?;
    Some(day_of(year, month, day)?.format("%Y%m%d").to_string())
}

/// The day, if it exists. There is no year 0.
fn day_of(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day).filter(|_| year > 0)
}

/// Year, month and day with one kind of separator between them.
fn separated(date: &str) -> Option<[u32; 3]> {
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = date.split(separator).collect();
    let number = |part: &str| digits(part, 1..=2).then(|| part.parse().ok()).flatten();
    let year = |part: &str| digits(part, 4..=4).then(|| part.parse().ok()).flatten();
    match (separator, &parts[..]) {
        ('.' | '-' | '/' | ':', [first, month, day]) if first.len() == 4 => {
            Some([year(first)?, number(month)?, number(day)?])
        }
        ('.', [day, month, last]) => Some([year(last)?, number(month)?, number(day)?]),
        _ => None,
    }
}

fn digits(part: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
}

/// The date in the digits of a date and time (DT), or of a number with a fraction.
fn leading(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (all, rest) = text.split_at(end);
    let time = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | ':' | 'Z'));
    let ends = rest.is_empty() || rest.starts_with(['.', '+', 'Z']) || rest.len() == "-0100".len();
    (matches!(all.len(), 8 | 10 | 12 | 14) && time && ends).then(|| &all[..8])
}

/// Year, month and day of eight digits.
fn parts(eight: &str) -> Option<[u32; 3]> {
    let number = |range: std::ops::Range<usize>| eight.get(range)?.parse().ok();
    let [year, month, day] = [number(0..4)?, number(4..6)?, number(6..8)?];
    digits(eight, 8..=8).then_some([year, month, day])
}

/// The completed years between two dates of eight digits.
pub fn years_between(birth: &str, study: &str) -> Option<u32> {
    let [birth, study] = [birth, study].map(|date| {
        let [year, month, day] = parts(date)?;
        day_of(year, month, day)
    });
    study?.years_since(birth?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_that_exist_however_they_are_written() {
        for text in [
            "20240229",
            "2024.02.29",
            "2024-02-29",
            "2024/2/29",
            "2024:02:29 10:11:12",
            "29.02.2024",
            "29.2.2024",
            " 20240229\0",
            "2024-02-29T10:11:12.5+01:00",
            "2024-02-29 10:11:12",
            "20240229T101112",
            "20240229 101112",
            "20240229101112.000000+0100",
            "20240229101112-0500",
            "202402291011",
            "20240229.0",
        ] {
            assert_eq!(date(text).as_deref(), Some("20240229"), "{text}");
        }
        assert_eq!(date("20000229").as_deref(), Some("20000229"));
        for text in [
            "20230229",
            "19000229",
            "20241301",
            "20240431",
            "00000101",
            "2024",
            "+0240101",
            "",
            "202402290",
            "20240101-20240201",
            "2024-0101",
            "02/29/2024",
            "2024-02.29",
            "T",
            "20240101xx",
            "ä",
            "2024-02-29-01",
            "29.02.24",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_completed_years() {
        for (text, expected) in [
            ("045Y", 45),
            ("058y", 58),
            (" 58Y", 58),
            ("45", 45),
            ("42 ", 42),
            ("0045Y", 45),
            ("45.0", 45),
            ("45,9", 45),
            ("45.0Y", 45),
            ("45 years", 45),
            ("P45Y", 45),
            ("018M", 18 / 12),
            ("011M", 0),
            ("3M", 0),
            ("10D", 0),
            ("2W", 0),
            ("104W", 2),
            ("366D", 1),
            ("6 months", 0),
            ("000Y\0", 0),
            ("150Y", 150),
        ] {
            assert_eq!(years(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "Y",
            "4x5Y",
            "045X",
            "ääY",
            "-45",
            "nan",
            "inf",
            "1e3",
            "151Y",
            "4.5.6",
            ".",
            "0x10",
            "45Y6M",
            "999999999999999999999999999999999999",
        ] {
            assert_eq!(years(text), None, "{text}");
        }
    }

    #[test]
    fn years_between_dates_are_completed() {
        assert_eq!(years_between("19800615", "20240614"), Some(43));
        assert_eq!(years_between("19800615", "20240615"), Some(44));
        assert_eq!(years_between("20240615", "20240101"), None);
    }
}
