//! Messages of filters that cannot be read.

use super::Filter;

pub(super) fn error(text: &str) -> String {
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
fn debug_shows_nothing_of_a_filter() {
    let filter: Filter = "patient = 'Doe^Jane'".parse().unwrap();
    assert_eq!(format!("{filter:?}"), "Filter(…)");
    let error = "patient = 'Doe^Jane' nad".parse::<Filter>().unwrap_err();
    assert_eq!(
        (format!("{error:?}").as_str(), error.position()),
        ("FilterError(at character 22)", 21)
    );
}
