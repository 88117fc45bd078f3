//! Random filters, and what they mean.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::{Filter, Random, date, gallery, quoted, text, words};
use crate::Record;

/// The expected result of a filter for a record.
type Holds = Box<dyn Fn(u64, &Record) -> bool>;

/// A filter's text and its meaning.
type Case = (String, Holds);

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
                text = format!("{}/{text}", super::text(random));
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
