//! Dates and times of PS3.5 6.2 (DA, TM, DT): whether a text is one, and dates moved in time.

use dicom_core::chrono::{Days, NaiveDate};

/// A date (DA) moved back by so many days; none if it is no date, or its year would not have four
/// digits.
pub(super) fn earlier(date: &str, days: Days) -> Option<String> {
    let moved = day(date)?.checked_sub_days(days)?.format("%Y%m%d").to_string();
    (moved.len() == 8).then_some(moved)
}

/// A date and time (DT) whose date is moved; none if the text is no DT, or has no day.
pub(super) fn earlier_time(text: &str, days: Days) -> Option<String> {
    let (date, time) = text.split_at_checked(8)?;
    is_date_time(text).then(|| Some(earlier(date, days)? + time))?
}

/// Whether a text is a date (DA).
pub(super) fn is_date(text: &str) -> bool {
    day(text).is_some()
}

/// Whether a text is a time (TM): hours, or with minutes, with seconds, and with a fraction of
/// those.
pub(super) fn is_time(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let below = |at: usize, bound: u8| match whole.get(at..at + 2) {
        Some(two) => two.parse::<u8>().is_ok_and(|number| number < bound),
        None => whole.len() == at,
    };
    matches!(whole.len(), 2 | 4 | 6)
        && is_digits(whole)
        && below(0, 24)
        && below(2, 60)
        // A leap second makes 60 of them.
        && (below(4, 61) || whole.len() < 4)
        && (whole.len() == 6 || !text.contains('.'))
        && (1..=6).contains(&fraction.len())
        && is_digits(fraction)
}

/// Whether a text is a date and time (DT). Only the year must be there; an offset from UTC may
/// follow.
pub(super) fn is_date_time(text: &str) -> bool {
    let offset = text.find(['+', '-']);
    let (local, zone) = offset.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
    let is_zone = |zone: &str| zone.len() == 4 && is_time(zone);
    let date = local.get(..8).unwrap_or(local);
    let time = local.get(8..).unwrap_or_default();
    let has_date = match date.len() {
        8 => is_date(date),
        6 => is_date(&format!("{date}01")),
        length => length == 4 && is_digits(date),
    };
    has_date && (time.is_empty() || is_time(time)) && zone.is_none_or(is_zone)
}

/// The day of a text of eight digits. chrono would also take signs and spaces.
fn day(text: &str) -> Option<NaiveDate> {
    let text = Some(text).filter(|text| text.len() == 8 && is_digits(text))?;
    NaiveDate::parse_from_str(text, "%Y%m%d").ok()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_move_over_months_and_leap_years() {
        let moved = |date, days| earlier(date, Days::new(days));
        assert_eq!(moved("20240301", 1).as_deref(), Some("20240229"));
        assert_eq!(moved("20230301", 1).as_deref(), Some("20230228"));
        assert_eq!(moved("20240101", 366).as_deref(), Some("20221231"));
        for none in
            ["", "2024", "20240230", "2024-1-1", "SECRET", "00000101", " 2024010", "+2024010"]
        {
            assert_eq!(moved(none, 1), None, "{none}");
        }
        assert_eq!(
            earlier_time("20240301101112.123+0100", Days::new(1)).as_deref(),
            Some("20240229101112.123+0100")
        );
        assert_eq!(earlier_time("20240301", Days::new(1)).as_deref(), Some("20240229"));
        let no_times =
            ["20240301SECRET", "SECRET00", "20240301101112.123456+0100999", "20240301777777"];
        for none in ["2024", "202403"].into_iter().chain(no_times) {
            assert_eq!(earlier_time(none, Days::new(1)), None, "{none}");
        }
    }

    #[test]
    fn dates_and_times_are_distinguished_from_other_digits() {
        for time in ["23", "2359", "235960", "101112.123456"] {
            assert!(is_time(time), "{time}");
        }
        for none in [
            "",
            "1",
            "123",
            "24",
            "2360",
            "235961",
            "1011.5",
            "101112.",
            "101112.1234567",
            "10:11:12",
            "0612345678",
        ] {
            assert!(!is_time(none), "{none}");
        }
        for time in
            ["2024", "202402", "20240229", "2024022910", "20240229101112.5-0800", "2024+0100"]
        {
            assert!(is_date_time(time), "{time}");
        }
        for none in [
            "",
            "20",
            "202413",
            "20240230",
            "20240229SECRET",
            "20240229+01",
            "2024022910111212",
            "2024-01-01",
        ] {
            assert!(!is_date_time(none), "{none}");
        }
    }
}
