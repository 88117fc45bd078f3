//! Values of a manifest's cells, as data frames and spreadsheets write them.

use super::{Description, Unread};
use crate::dataset::table::Row;
use crate::dates;
use crate::error::quoted;
use std::collections::BTreeMap;

/// The words that data frames write for a missing value (pandas, `na_values`; R).
const MISSING: &str = "nan -nan na n/a <na> #n/a #na nat null none nil 1.#ind -1.#ind 1.#qnan";
/// Codes of a sex in DICOM (PS3.3 C.7.1.1), with words for each.
const SEXES: [(&str, &str); 3] = [
    (
        "M",
        "m male man boy h homme hombre mann männlich maennlich masculine masculin masculino \
         maschio",
    ),
    (
        "F",
        "f female woman girl w frau weiblich femme féminin feminin feminine femenino mujer femmina",
    ),
    ("O", "o other d divers diverse x intersex nonbinary non-binary"),
];
/// Words that say that a sex is not known.
const UNKNOWN_SEX: [&str; 5] = ["u", "unknown", "unbekannt", "not specified", "?"];
/// Rows and values of a column that are named.
const NAMED: usize = 3;
/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// A cell; none where it says that nothing is known.
pub(super) fn known(row: &Row, column: &str) -> Option<String> {
    let cell = row.get(column)?.trim();
    let missing = cell.is_empty() || has(MISSING, &cell.to_ascii_lowercase());
    (!missing).then(|| cell.to_owned())
}

/// Whether a word is among words.
fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|other| other == word)
}

/// A cell that names something. A number that a data frame made a float of is whole again.
pub(super) fn name(row: &Row, column: &str) -> Option<String> {
    let cell = known(row, column)?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let zeros = |text: &str| digits(text) && text.bytes().all(|byte| byte == b'0');
    let whole = cell
        .split_once(['.', ','])
        .filter(|(number, rest)| digits(number.trim_start_matches('-')) && zeros(rest));
    Some(whole.map_or(cell.as_str(), |(number, _)| number).to_owned())
}

/// The code of a sex; none for what is not understood, an empty one where it is not known.
fn sex(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    if UNKNOWN_SEX.contains(&word.as_str()) {
        return Some("");
    }
    SEXES.iter().find(|(_, words)| has(words, &word)).map(|(code, _)| *code)
}

/// A date as eight digits: as [`dates::date`] reads it, or with slashes where only one order of day
/// and month can be meant.
fn date(text: &str) -> Option<String> {
    dates::date(text).or_else(|| {
        let day = text.split([' ', 'T']).next()?;
        let parts: Vec<&str> = day.split('/').collect();
        let [first, second, year] = parts[..] else { return None };
        let number = |part: &str| part.parse::<u32>().ok();
        match (number(first)?, number(second)?) {
            (1..=12, 1..=12) if first != second => None,
            (month, day @ 13..) => dates::date(&format!("{year}-{month}-{day}")),
            (day, month) => dates::date(&format!("{year}-{month}-{day}")),
        }
    })
}

/// Cells that were left out, by their column.
#[derive(Default)]
pub(super) struct Losses(BTreeMap<&'static str, Unread>);

impl Losses {
    /// Reads a cell, and notes it where it is not understood.
    fn read<T>(
        &mut self,
        (number, row): (usize, &Row),
        column: &'static str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let cell = known(row, column)?;
        let value = read(&cell);
        if value.is_none() {
            let unread = self.0.entry(column).or_insert_with(|| Unread::new(column, expected));
            unread.count += 1;
            if unread.rows.len() < NAMED {
                unread.rows.push(number);
                unread.values.push(quoted(&cell).chars().take(SHOWN).collect());
            }
        }
        value
    }

    /// Reads the description of a picture from its row.
    pub(super) fn description(&mut self, number: usize, row: &Row) -> Description {
        let at = (number, row);
        let sex = self.read(at, "sex", "M, F, O, U or words for them", sex);
        Description {
            study: name(row, "study"),
            series: name(row, "series"),
            modality: known(row, "modality"),
            body_part: known(row, "body_part"),
            sex: sex.filter(|code| !code.is_empty()).map(str::to_owned),
            age: self.read(at, "age", "years, or 3M, 2W, 10D", dates::years),
            study_date: self.read(at, "study_date", "year-month-day", date),
            report: known(row, "report"),
        }
    }

    /// All that was left out.
    pub(super) fn unread(self) -> Vec<Unread> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_again_and_other_names_stay() {
        let of = |cell: &str| name(&Row::from([("id".to_owned(), cell.to_owned())]), "id");
        for (cell, expected) in [
            ("12.0", "12"),
            (" 12.00 ", "12"),
            ("12,0", "12"),
            ("0012.0", "0012"),
            ("-3.0", "-3"),
            ("12.5", "12.5"),
            ("1.2.0", "1.2.0"),
            ("12.", "12."),
            (".0", ".0"),
            ("p12.0", "p12.0"),
            ("nancy", "nancy"),
        ] {
            assert_eq!(of(cell).as_deref(), Some(expected), "{cell}");
        }
        let missing = |cell: &str| of(cell).is_none() && of(&cell.to_uppercase()).is_none();
        assert!(MISSING.split(' ').all(missing) && missing(" "));
    }

    #[test]
    fn words_of_a_sex_have_codes() {
        for (word, code) in
            [("Male", "M"), ("FEMALE", "F"), ("männlich", "M"), ("w", "F"), ("Unknown", "")]
        {
            assert_eq!(sex(word), Some(code), "{word}");
        }
        assert_eq!([sex("0"), sex("maybe")], [None, None]);
    }

    #[test]
    fn slashes_are_read_where_one_order_is_meant() {
        for (text, expected) in [
            ("31/01/2020", Some("20200131")),
            ("01/31/2020 10:00", Some("20200131")),
            ("05/05/2020", Some("20200505")),
            ("2020/01/02", Some("20200102")),
            ("01/02/2020", None),
            ("31/13/2020", None),
            ("31/01/20", None),
            ("32/01/2020", None),
            ("2020-01-31 00:00:00", Some("20200131")),
        ] {
            assert_eq!(date(text).as_deref(), expected, "{text}");
        }
    }
}
