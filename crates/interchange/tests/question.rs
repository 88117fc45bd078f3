//! The question of an answer, in a structured report and in a bundle.

mod answers;

use answers::{answer, source};
use interchange::{Answer, bundle, report};

#[test]
fn name_note_and_filter_are_told() {
    let line = "Filter: age >= 18";
    let asked = Answer { question: vec![line.to_owned()], ..answer() };
    let told = |bytes: &[u8]| bytes.windows(line.len()).any(|part| part == line.as_bytes());
    let (with, without) =
        (report(&asked, &source()).unwrap(), report(&answer(), &source()).unwrap());
    assert!(told(&with) && !told(&without));
    assert!(bundle(&asked, Some(&source())).to_string().contains(line));
    assert!(!bundle(&answer(), None).to_string().contains(line));
}
