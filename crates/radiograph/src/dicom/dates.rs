//! Ages and dates (PS3.5 6.2).

/// A date as eight digits; also as it was written before 1993, with dots.
pub(super) fn date(text: &str) -> Option<String> {
    let digits: String = match text.split('.').collect::<Vec<_>>()[..] {
        [year, month, day] => [year, month, day].concat(),
        _ => text.to_owned(),
    };
    let [year, month, day] = parts(&digits)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year > 0 && (1..=days).contains(&day)).then_some(digits)
}

/// Year, month and day of eight digits.
fn parts(digits: &str) -> Option<[u32; 3]> {
    let only_digits = digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit());
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse().ok();
    only_digits.then_some([number(0..4)?, number(4..6)?, number(6..8)?])
}

/// The completed years of an age string, three digits and a unit: AS.
pub(super) fn years(age: &str) -> Option<u32> {
    let (count, unit) = age.split_at_checked(3)?;
    let count: u32 = count.parse().ok()?;
    match unit {
        "Y" => Some(count),
        "M" => Some(count / 12),
        "W" => Some(count / 52),
        "D" => Some(count / 365),
        _ => None,
    }
}

/// The completed years between two dates of eight digits.
pub(super) fn years_between(birth: &str, study: &str) -> Option<u32> {
    let ([birth_year, birth_month, birth_day], [year, month, day]) = (parts(birth)?, parts(study)?);
    let before_birthday = (month, day) < (birth_month, birth_day);
    year.checked_sub(birth_year)?.checked_sub(u32::from(before_birthday))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_eight_digits_that_exist() {
        for (text, expected) in [
            ("20240229", Some("20240229")),
            ("2024.02.29", Some("20240229")),
            ("20230229", None),
            ("19000229", None),
            ("20000229", Some("20000229")),
            ("20241301", None),
            ("20240431", None),
            ("00000101", None),
            ("2024", None),
            ("2024-1-1", None),
            ("+0240101", None),
            ("", None),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ages_are_completed_years() {
        let ages = ["045Y", "018M", "011M", "104W", "366D", "45", "4x5Y", "045X", "ääY"].map(years);
        assert_eq!(ages, [Some(45), Some(1), Some(0), Some(2), Some(1), None, None, None, None]);
        assert_eq!(years_between("19800615", "20240614"), Some(43));
        assert_eq!(years_between("19800615", "20240615"), Some(44));
        assert_eq!(years_between("20240615", "20240101"), None);
    }
}
