//! Days moved in time: DA and DT of PS3.5 6.2.

use dicom_core::chrono::{Days, NaiveDate};

/// A day of eight digits, so many days earlier; none if it is none, or if the year would not have four digits.
pub(super) fn earlier(date: &str, days: Days) -> Option<String> {
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let day = NaiveDate::parse_from_str(date, "%Y%m%d").ok()?.checked_sub_days(days)?;
    let moved = day.format("%Y%m%d").to_string();
    (moved.len() == 8).then_some(moved)
}

/// A date with a time, of which the day moves; none if it has no day, or is none.
pub(super) fn earlier_time(text: &str, days: Days) -> Option<String> {
    let (date, time) = text.split_at_checked(8)?;
    is_time(time).then(|| Some(earlier(date, days)? + time))?
}

/// Whether a text could be a time, with fractions and the distance from UTC: digits, and not many.
pub(super) fn is_time(text: &str) -> bool {
    text.len() <= 18 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-'))
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
        for none in ["", "2024", "20240230", "2024-1-1", "SECRET", "00000101", " 2024010", "+2024010"] {
            assert_eq!(moved(none, 1), None, "{none}");
        }
        assert_eq!(
            earlier_time("20240301101112.123+0100", Days::new(1)).as_deref(),
            Some("20240229101112.123+0100")
        );
        assert_eq!(earlier_time("20240301", Days::new(1)).as_deref(), Some("20240229"));
        for none in ["2024", "202403", "20240301SECRET", "SECRET00", "20240301101112.123456+0100999"] {
            assert_eq!(earlier_time(none, Days::new(1)), None, "{none}");
        }
    }
}
