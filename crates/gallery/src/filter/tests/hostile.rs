//! Texts and sizes that are meant to do harm.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::errors::error;
use super::{Filter, Random, gallery, quoted};

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
