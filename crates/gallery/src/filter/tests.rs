//! Filters against a naive evaluation in memory, and against attacks.

use std::path::Path;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::{Embedding, HashCode, ModelId};

use super::*;
use crate::{Entry, Gallery, Record};

/// Values that stored fields and filters share, so that tests often pass. Some are meant to break a
/// statement.
const TEXTS: [&str; 10] =
    ["PA", "pa", "AP", "", "CHEST", "x'; DROP TABLE records; --", "\"", "\\", "Ä", "ä\u{301} %_*"];
const WORDS: [&str; 6] = ["opacity", "Opacities", "no", "effusion", "left", "x2"];

type Random = ChaCha8Rng;

/// The expected result of a filter for a record.
type Holds = Box<dyn Fn(u64, &Record) -> bool>;

/// A filter's text and its meaning.
type Case = (String, Holds);

fn some<T>(random: &mut Random, value: impl FnOnce(&mut Random) -> T) -> Option<T> {
    random.random_bool(0.7).then(|| value(random))
}

fn text(random: &mut Random) -> String {
    (*TEXTS.choose(random).unwrap()).to_owned()
}

fn words(random: &mut Random, count: std::ops::Range<usize>) -> Vec<&'static str> {
    let count = random.random_range(count);
    (0..count).map(|_| *WORDS.choose(random).unwrap()).collect()
}

fn date(random: &mut Random) -> Date {
    Date::new(random.random_range(2018..2022), random.random_range(1..4), random.random_range(1..4))
        .unwrap()
}

fn record(i: usize, random: &mut Random) -> Record {
    let source = some(random, text);
    // Earlier galleries have the `/` without a source, too.
    let prefix = format!("{}/", source.as_deref().unwrap_or_default());
    let prefix = if random.random_bool(0.5) { prefix } else { String::new() };
    Record {
        key: format!("k{i}"),
        name: text(random),
        labels: (0..random.random_range(0..4)).map(|_| text(random)).collect(),
        patient: some(random, |random| prefix + &text(random)),
        study: some(random, text),
        modality: some(random, text),
        body_part: some(random, text),
        view: some(random, text),
        sex: some(random, text),
        age: some(random, |random| random.random_range(0..6)),
        study_date: some(random, date),
        source,
        width: random.random_range(0..4),
        report: some(random, |random| {
            words(random, 0..6).join([", ", " - ", ".\n"].choose(random).unwrap())
        }),
        ..Record::default()
    }
}

/// A gallery of random records, and the records by their ids.
fn gallery(dir: &Path, n: usize, seed: u64) -> (Gallery, Vec<Record>) {
    let mut random = Random::seed_from_u64(seed);
    let records: Vec<Record> = (0..n).map(|i| record(i, &mut random)).collect();
    let mut gallery = Gallery::create(dir, &ModelId("m".to_owned()), 16).unwrap();
    records.iter().for_each(|record| insert(&mut gallery, record));
    gallery.commit().unwrap();
    (gallery, records)
}

fn insert(gallery: &mut Gallery, record: &Record) {
    let (code, embedding) = (HashCode::from_words(&[1], 16).unwrap(), Embedding::new(vec![0.5]));
    let thumbnail = vec![0xff, 0xd8, 0xff, 0xd9];
    gallery.insert(&Entry { record: record.clone(), code, embedding, thumbnail }).unwrap();
}

fn quoted(value: &str, random: &mut Random) -> String {
    let quote = *["\"", "'"].choose(random).unwrap();
    format!("{quote}{}{quote}", value.replace('\\', "\\\\").replace(quote, &format!("\\{quote}")))
}

fn cased(word: &str, random: &mut Random) -> String {
    if random.random_bool(0.3) { word.to_ascii_uppercase() } else { word.to_owned() }
}

/// The values of a record's field, ready to be compared: none, one, or several labels.
fn values(name: &str, id: u64, record: &Record) -> Vec<String> {
    let folded = |value: &Option<String>| value.iter().map(|v| v.to_ascii_lowercase()).collect();
    let exact = |value: &Option<String>| value.iter().cloned().collect();
    let number = |number: Option<u64>| number.iter().map(|n| format!("{n:020}")).collect();
    match name {
        "name" => vec![record.name.to_ascii_lowercase()],
        "patient" => {
            let prefix = format!("{}/", record.source.as_deref().unwrap_or_default());
            let number = record.patient.as_ref().and_then(|patient| patient.strip_prefix(&prefix));
            record.patient.iter().cloned().chain(number.map(str::to_owned)).collect()
        }
        "study" => exact(&record.study),
        "modality" => folded(&record.modality),
        "body_part" => folded(&record.body_part),
        "view" => folded(&record.view),
        "sex" => folded(&record.sex),
        "source" => folded(&record.source),
        "licence" => folded(&record.licence),
        "label" => record.labels.iter().map(|label| label.to_ascii_lowercase()).collect(),
        "study_date" => record.study_date.iter().map(ToString::to_string).collect(),
        "age" => number(record.age.map(u64::from)),
        "width" => number(Some(u64::from(record.width))),
        "id" => number(Some(id)),
        _ => panic!("no field {name}"),
    }
}

/// A value of a field: as written, and as compared.
fn value(name: &str, random: &mut Random) -> (String, String) {
    match name {
        "age" | "width" | "id" => {
            let number = random.random_range(0..7_u64);
            (number.to_string(), format!("{number:020}"))
        }
        "study_date" => {
            let date = date(random).to_string();
            (if random.random_bool(0.5) { date.clone() } else { quoted(&date, random) }, date)
        }
        _ => {
            let mut text = text(random);
            if name == "patient" && random.random_bool(0.3) {
                text = format!("{}/{text}", self::text(random));
            }
            let exact = matches!(name, "patient" | "study");
            (quoted(&text, random), if exact { text } else { text.to_ascii_lowercase() })
        }
    }
}

fn random_test(random: &mut Random) -> Case {
    const NAMES: [&str; 14] = [
        "name",
        "patient",
        "study",
        "modality",
        "body_part",
        "view",
        "sex",
        "source",
        "licence",
        "label",
        "label",
        "study_date",
        "age",
        "id",
    ];
    let name = *NAMES.choose(random).unwrap();
    let field = cased(name, random);
    let (written, compared) = value(name, random);
    match random.random_range(0..10) {
        0 => (format!("{field} = null"), Box::new(move |id, r| values(name, id, r).is_empty())),
        1 => (format!("{field} != NULL"), Box::new(move |id, r| !values(name, id, r).is_empty())),
        2 => {
            let (other, other_compared) = value(name, random);
            let among = move |id, r: &Record| {
                values(name, id, r).iter().any(|v| *v == compared || *v == other_compared)
            };
            (format!("{field} {}({written} , {other})", cased("in ", random)), Box::new(among))
        }
        3 => (
            format!("{field}!={written}"),
            Box::new(move |id, r| {
                let values = values(name, id, r);
                !values.is_empty() && values.iter().all(|v| *v != compared)
            }),
        ),
        4 => (format!("{field}<{written}"), any(name, compared, |a, b| a < b)),
        5 => (format!("{field} <= {written}"), any(name, compared, |a, b| a <= b)),
        6 => (format!("{field} > {written}"), any(name, compared, |a, b| a > b)),
        7 => (format!("{field} >={written}"), any(name, compared, |a, b| a >= b)),
        _ => (format!("{field} = {written}"), any(name, compared, |a, b| a == b)),
    }
}

fn any(name: &'static str, compared: String, holds: fn(&String, &String) -> bool) -> Holds {
    Box::new(move |id, record| values(name, id, record).iter().any(|value| holds(value, &compared)))
}

fn report_test(random: &mut Random) -> Case {
    let mut phrase: Vec<String> =
        words(random, 1..4).iter().map(|word| word.to_ascii_lowercase()).collect();
    let star = random.random_bool(0.4);
    if star {
        let last = phrase.last_mut().unwrap();
        last.truncate(random.random_range(1..=last.len()));
    }
    let text = format!("report ~ \"{}{}\"", phrase.join(" "), if star { "*" } else { "" });
    let holds = move |_, record: &Record| {
        let report = record.report.clone().unwrap_or_default().to_ascii_lowercase();
        let report: Vec<&str> =
            report.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        report.windows(phrase.len()).any(|window| {
            let (last, others) = (phrase.len() - 1, &phrase[..phrase.len() - 1]);
            others == &window[..last]
                && (window[last] == phrase[last]
                    || star && window[last].starts_with(phrase[last].as_str()))
        })
    };
    (text, Box::new(holds))
}

fn random_filter(random: &mut Random, depth: usize) -> Case {
    if depth == 0 || random.random_bool(0.3) {
        return if random.random_bool(0.2) { report_test(random) } else { random_test(random) };
    }
    let (a, holds_a) = random_filter(random, depth - 1);
    let (b, holds_b) = random_filter(random, depth - 1);
    match random.random_range(0..5) {
        0 | 1 => (
            format!("({a}) {} ({b})", cased("and", random)),
            Box::new(move |id, r| holds_a(id, r) && holds_b(id, r)),
        ),
        // `and` binds tighter than `or`: neither side needs parentheses.
        2 | 3 => (
            format!("{a} {}\n\t{b}", cased("or", random)),
            Box::new(move |id, r| holds_a(id, r) || holds_b(id, r)),
        ),
        _ => (format!("{} ({a})", cased("not", random)), Box::new(move |id, r| !holds_a(id, r))),
    }
}

#[test]
fn twenty_thousand_random_filters_find_what_a_naive_evaluation_finds() {
    let dir = tempfile::tempdir().unwrap();
    let (gallery, records) = gallery(dir.path(), 60, 1);
    let mut random = Random::seed_from_u64(2);
    let mut found = 0;
    for _ in 0..20_000 {
        let depth = random.random_range(0..5);
        let (text, holds) = random_filter(&mut random, depth);
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{error}"));
        let ids: Vec<u64> = gallery.matching(&filter).unwrap().iter().collect();
        let expected: Vec<u64> = (1..)
            .zip(&records)
            .filter(|(id, record)| holds(*id, record))
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, expected, "{text}");
        found += usize::from(!ids.is_empty() && ids.len() < records.len());
    }
    assert!(found > 10_000, "only {found} filters told records apart");
}

#[test]
fn hostile_texts_are_errors_or_mean_what_they_say() {
    let dir = tempfile::tempdir().unwrap();
    let (gallery, _) = gallery(dir.path(), 20, 3);
    let mut random = Random::seed_from_u64(4);
    let pieces = [
        "view",
        "=",
        "!=",
        "(",
        ")",
        "in",
        "not",
        "and",
        "or",
        "null",
        "~",
        "report",
        "label",
        "\"PA\"",
        "'",
        "\"",
        "\\",
        ",",
        "3",
        "-",
        "2020-01-01",
        "99999999999999999999",
        "1e9",
        ";--",
        "\0",
        "é",
        "study_date",
        "*",
        " ",
    ];
    for round in 0..20_000 {
        let text: String = match round % 3 {
            0 => {
                let bytes: Vec<u8> =
                    (0..random.random_range(0..40)).map(|_| random.random()).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            1 => (0..random.random_range(0..12))
                .map(|_| *pieces.choose(&mut random).unwrap())
                .collect(),
            _ => {
                let chosen: Vec<&str> = (0..random.random_range(0..8))
                    .map(|_| *pieces.choose(&mut random).unwrap())
                    .collect();
                chosen.join(" ")
            }
        };
        match text.parse::<Filter>() {
            Ok(filter) => drop(gallery.matching(&filter).unwrap()),
            Err(error) => {
                assert!(error.to_string().contains("the filter does not read at character"))
            }
        }
    }
    // Reports are searched in a language of their own, which must not be reachable either.
    for words in [
        "a\" OR \"b",
        "a AND b",
        "NEAR(a b)",
        "report : x",
        "^a",
        "a + b",
        "{a}",
        "-a",
        "a\"*",
        "a * *",
    ] {
        let filter: Filter = format!("report ~ {}", quoted(words, &mut random)).parse().unwrap();
        gallery.matching(&filter).unwrap();
    }
    assert_eq!(gallery.verify().unwrap(), []);
    assert_eq!(gallery.info().unwrap().records, 20);
}

#[test]
fn a_patient_is_found_by_the_number_with_and_without_a_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(dir.path(), &ModelId("m".to_owned()), 16).unwrap();
    let patients = [
        ("1000", None),
        ("/1000", None),
        ("nih/1000", Some("nih")),
        ("nih/1", Some("nih")),
        ("x/1000", None),
    ];
    for (i, (patient, source)) in patients.into_iter().enumerate() {
        let record = Record {
            key: format!("k{i}"),
            patient: Some(patient.to_owned()),
            source: source.map(str::to_owned),
            ..Record::default()
        };
        insert(&mut gallery, &record);
    }
    gallery.commit().unwrap();
    for (text, expected) in [
        ("patient = '1000'", &[1, 2, 3][..]),
        ("patient = 'nih/1000'", &[3]),
        ("patient = '1000' and source = 'nih'", &[3]),
        ("patient = '1000' and source = null", &[1, 2]),
        ("patient in ('1', 'x/1000')", &[4, 5]),
        ("patient != '1000'", &[4, 5]),
    ] {
        let found: Vec<u64> = gallery.matching(&text.parse().unwrap()).unwrap().iter().collect();
        assert_eq!(found, expected, "{text}");
    }
    // What an earlier version stored is the same patient.
    assert_eq!(gallery.record(2).unwrap().patient.as_deref(), Some("1000"));
    assert_eq!(gallery.of_patient("1000").unwrap(), [2, 1]);
    assert_eq!(gallery.verify().unwrap(), []);
}

fn error(text: &str) -> String {
    text.parse::<Filter>().unwrap_err().to_string()
}

#[test]
fn errors_show_the_place_and_what_is_expected() {
    assert_eq!(
        error("age > 3 and veiw = \"PA\""),
        "the filter does not read at character 13: found `veiw`; expected `view`? It must be a field, which are id, key, \
         name, patient, study, series, instance, modality, body_part, view, sex, age, study_date, source, licence, \
         label, report, width, height\n  age > 3 and veiw = \"PA\"\n              ^"
    );
    for (text, says) in [
        ("", "at character 1: found its end; expected a field, `not` or `(`"),
        ("view", "at character 5: found its end; expected =, !=, <, <=, >, >= or `in`"),
        ("view = PA", "at character 8: found `PA`; expected text in quotes"),
        (
            "view = 'PA",
            "at character 8: found a quote that is not closed; expected ' after the text",
        ),
        ("view = 'PA' age = 3", "at character 13: found `age`; expected `and`, `or`, or the end"),
        ("(view = 'PA'", "at character 13: found its end; expected `)`, `and` or `or`"),
        ("age = '3'", "found `'3'`; expected a whole number"),
        ("age = 3.5", "found `3.5`; expected a whole number, or a day"),
        ("age < 99999999999999999999", "expected a whole number of at most 9223372036854775807"),
        ("study_date > 2020-02-30", "found `2020-02-30`; expected a day that there is"),
        ("study_date > 'today'", "found `'today'`; expected a day such as 2020-01-31"),
        ("view = 'a' && age = 3", "found `&`; expected `and`"),
        ("view = “PA”", "found `“`; expected straight quotes"),
        (
            "view ~ 'a'",
            "at character 6: found `~`; expected a comparison: `~` is for `report` alone",
        ),
        ("report = 'a'", "expected `null`: a report is searched by `~`"),
        ("report ~ '--'", "expected words in quotes"),
        ("view in 'a'", "expected `(` and values"),
        ("view in ()", "found `)`; expected text in quotes"),
        ("view = 'a\0'", "found the character NUL; expected text without it"),
        ("view < null", "found `null`; expected text in quotes"),
    ] {
        assert!(error(text).contains(says), "{text}: {}", error(text));
    }
    assert!(error("äöü = 3").contains("at character 1: found `ä`"));
    assert!(error(&format!("view = 'ä' {} x", "and age = 3 ".repeat(20))).lines().count() == 3);
}

#[test]
fn limits_keep_filters_small() {
    for (text, says) in [
        ("(".repeat(10_000), "at most 32 levels"),
        ("not ".repeat(4000), "at most 32 levels"),
        (format!("age = 1{}", " or age = 1".repeat(300)), "at most 256 tests"),
        (format!("view = '{}'", "x".repeat(20_000)), "found 20009 bytes; expected at most 16384"),
        (
            "9".repeat(10_000),
            "found `999999999999999999999999…`; expected a whole number of at most",
        ),
    ] {
        assert!(error(&text).contains(says), "{}", error(&text));
    }
    let dir = tempfile::tempdir().unwrap();
    let (gallery, records) = gallery(dir.path(), 5, 5);
    let many = format!("age in ({}0)", "1,".repeat(8000));
    let deep = format!("{}id != 0{}", "not (".repeat(15), ")".repeat(15));
    let long = format!("id = 0{}", " or id = 0".repeat(254) + " or id != 0");
    gallery.matching(&many.parse().unwrap()).unwrap();
    assert!(gallery.matching(&deep.parse().unwrap()).unwrap().is_empty());
    assert_eq!(gallery.matching(&long.parse().unwrap()).unwrap().len() as usize, records.len());
}

#[test]
fn debug_shows_nothing_of_a_filter() {
    let filter: Filter = "patient = 'Doe^Jane'".parse().unwrap();
    assert_eq!(format!("{filter:?}"), "Filter(…)");
    let error = "patient = 'Doe^Jane' nad".parse::<Filter>().unwrap_err();
    assert_eq!(
        (format!("{error:?}").as_str(), error.position()),
        ("FilterError(at character 22)", 21)
    );
}
