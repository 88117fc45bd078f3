//! Tests of the evaluation as a whole: roles, ties, floats, pairs.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn item(role: Role, labels: &[&str], patient: &str) -> Labelled {
    Labelled {
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        patient: (!patient.is_empty()).then(|| patient.to_owned()),
        unit: patient.to_owned(),
        columns: BTreeMap::from([
            ("source".to_owned(), "s".to_owned()),
            ("view".to_owned(), labels.join("+")),
        ]),
        role,
    }
}

/// A code with the first `ones` bits set.
fn code(ones: usize) -> HashCode {
    let u: Vec<f32> = (0..16).map(|i| if i < ones { 1.0 } else { -1.0 }).collect();
    HashCode::from_signs(&u).unwrap()
}

fn task(labels: &[&str]) -> Task {
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    Task { name: "t".to_owned(), labels: Some(labels), ..Task::default() }
}

fn run(task: &Task, items: &[Labelled], ranking: &Ranking<'_>) -> Result<TaskResult> {
    evaluate(task, items, ranking, "method", &Options::default())
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

#[test]
fn a_ranking_worked_by_hand() {
    let items = [
        item(Role::Query, &["a"], "q"),
        item(Role::Gallery, &["b"], "1"),      // distance 1: a miss
        item(Role::Gallery, &["a"], "2"),      // distance 2
        item(Role::Gallery, &["a", "b"], "3"), // distance 3, tied with
        item(Role::Gallery, &[], "4"),         // an item without labels: a miss
        item(Role::Neither, &["a"], "5"),
    ];
    let codes = [0, 1, 2, 3, 3, 0].map(code);
    let result = run(&task(&["a", "b"]), &items, &Ranking::Codes(&codes)).unwrap();
    // Relevant at rank 2, and at rank 3 or 4 with equal chance.
    assert!(close(result.map_all.value, (1.0 / 2.0 + (2.0 / 3.0 + 2.0 / 4.0) / 2.0) / 2.0));
    assert!(close(result.p_at_1.value, 0.0) && close(result.p_at_5.value, 0.4));
    assert_eq!((result.queries, result.gallery, result.bits, result.units), (1, 4, 16, 1));
    assert_eq!(result.per_class.len(), 1);
    assert_eq!((result.per_class[0].class.as_str(), result.per_class[0].gallery), ("a", 2));
}

#[test]
fn the_same_patient_never_answers() {
    let items = [
        item(Role::Query, &["a"], "p"),
        item(Role::Gallery, &["a"], "p"), // its own patient, at distance 0
        item(Role::Gallery, &["b"], "x"),
        item(Role::Gallery, &["a"], ""), // an unknown patient is another patient
    ];
    let codes = [0, 0, 1, 2].map(code);
    let result = run(&task(&["a", "b"]), &items, &Ranking::Codes(&codes)).unwrap();
    assert!(close(result.map_all.value, 0.5), "{:?}", result.map_all);
    let mut unknown = items.clone();
    unknown[0].patient = None;
    unknown[1].patient = None;
    let result = run(&task(&["a", "b"]), &unknown, &Ranking::Codes(&codes)).unwrap();
    assert!(close(result.p_at_1.value, 1.0));
}

#[test]
fn queries_without_labels_do_not_ask_and_those_without_relevant_are_counted() {
    let items = [
        item(Role::Query, &["a"], "1"),
        item(Role::Query, &["other"], "2"),
        item(Role::Query, &["c"], "3"),
        item(Role::Gallery, &["a"], "4"),
    ];
    let result = run(&task(&["a", "b", "c"]), &items, &Ranking::Random).unwrap();
    assert_eq!((result.queries, result.queries_without_relevant, result.bits), (1, 1, 0));
    let message = run(&task(&["nothing"]), &items, &Ranking::Random).unwrap_err().to_string();
    assert!(message.contains("`t` has no query"), "{message}");
    let message = run(&task(&["c"]), &items, &Ranking::Random).unwrap_err().to_string();
    assert!(message.contains("anything in the gallery is relevant"), "{message}");
}

#[test]
fn columns_and_filters() {
    let mut items = vec![
        item(Role::Query, &["x"], "1"),
        item(Role::Gallery, &["x"], "2"),
        item(Role::Gallery, &["y"], "3"),
        item(Role::Query, &[], "4"), // an empty value asks nothing
    ];
    items.push(Labelled {
        columns: BTreeMap::from([("source".into(), "other".into())]),
        ..items[1].clone()
    });
    let by_view = Task { name: "v".into(), column: Some("view".into()), ..Task::default() };
    let result = run(&by_view, &items, &Ranking::Random).unwrap();
    assert_eq!((result.queries, result.gallery), (1, 3));
    assert!(close(result.r_at_10.value, 1.0) && close(result.p_at_1.value, 1.0 / 3.0));
    let filter = BTreeMap::from([("source".into(), "s".into())]);
    let filtered = Task { filter, ..by_view.clone() };
    assert_eq!(run(&filtered, &items, &Ranking::Random).unwrap().gallery, 2);
    let gallery = BTreeMap::from([("source".into(), "elsewhere".into())]);
    let message = run(&Task { gallery, ..by_view.clone() }, &items, &Ranking::Random)
        .unwrap_err()
        .to_string();
    assert!(message.contains("empty gallery"), "{message}");
    let query = BTreeMap::from([("sauce".into(), "s".into())]);
    let message =
        run(&Task { query, ..by_view }, &items, &Ranking::Random).unwrap_err().to_string();
    assert!(
        message.contains("reads the column `sauce`; the items have: source, view"),
        "{message}"
    );
}

#[test]
fn a_ranking_must_fit_the_items() {
    let items = [item(Role::Query, &["a"], "1"), item(Role::Gallery, &["a"], "2")];
    let t = task(&["a"]);
    assert!(matches!(
        run(&t, &items, &Ranking::Codes(&[code(1)])),
        Err(EvaluationError::RankingLength { .. })
    ));
    let mixed = [code(1), HashCode::from_signs(&[1.0; 32]).unwrap()];
    assert!(matches!(
        run(&t, &items, &Ranking::Codes(&mixed)),
        Err(EvaluationError::Codes(Error::CodeMismatch { .. }))
    ));
    let mixed = [Embedding::new(vec![1.0]), Embedding::new(vec![1.0, 2.0])];
    assert!(matches!(
        run(&t, &items, &Ranking::Embeddings(&mixed)),
        Err(EvaluationError::Codes(Error::EmbeddingMismatch { .. }))
    ));
    let broken = [Embedding::new(vec![1.0]), Embedding::new(vec![f32::NAN])];
    assert!(matches!(
        run(&t, &items, &Ranking::Embeddings(&broken)),
        Err(EvaluationError::Codes(Error::EmbeddingValue { .. }))
    ));
}

/// Items of four classes whose codes are noisy copies of their class's.
fn noisy(n: usize, seed: u64) -> (Vec<Labelled>, Vec<HashCode>, Vec<Embedding>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut items, mut codes, mut embeddings) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let class = rng.random_range(0..4);
        let role = if i % 6 == 0 { Role::Query } else { Role::Gallery };
        items.push(item(role, &[["a", "b", "c", "d"][class]], &format!("p{}", i / 2)));
        let sign = |bit: usize| if bit % 4 == class { 1.0 } else { -1.0 };
        let u: Vec<f32> =
            (0..64).map(|bit| sign(bit) * if rng.random_bool(0.4) { -1.0 } else { 1.0 }).collect();
        codes.push(HashCode::from_signs(&u).unwrap());
        embeddings.push(Embedding::new(u));
    }
    (items, codes, embeddings)
}

#[test]
fn floats_of_the_same_order_and_ties_give_the_same_figures() {
    let (items, codes, embeddings) = noisy(600, 1);
    let t = task(&["a", "b", "c", "d"]);
    let by_codes = run(&t, &items, &Ranking::Codes(&codes)).unwrap();
    let by_embeddings = run(&t, &items, &Ranking::Embeddings(&embeddings)).unwrap();
    // The squared distance of ±1 vectors is four times the Hamming distance.
    assert_eq!(by_codes.per_query, by_embeddings.per_query);
    assert_eq!(by_codes.map_all, by_embeddings.map_all);
    assert_eq!((by_codes.bits, by_embeddings.bits), (64, 1024));
    assert!(
        by_codes.map_all.low < by_codes.map_all.value
            && by_codes.map_all.value < by_codes.map_all.high
    );
}

#[test]
fn the_same_on_any_number_of_threads() {
    let (items, codes, _) = noisy(300, 2);
    let t = task(&["a", "b", "c", "d"]);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let result = pool.install(|| run(&t, &items, &Ranking::Codes(&codes)).unwrap());
        serde_json::to_string(&result).unwrap()
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn pairs_are_tighter_than_their_parts() {
    let (items, codes, _) = noisy(600, 3);
    let t = task(&["a", "b", "c", "d"]);
    let options = Options::default();
    let learned = run(&t, &items, &Ranking::Codes(&codes)).unwrap();
    let random = run(&t, &items, &Ranking::Random).unwrap();
    let difference = paired_difference(&learned, &random, &options).unwrap();
    assert!(close(difference.map_all.value, learned.map_all.value - random.map_all.value));
    assert!(close(
        difference.macro_p_at_10.value,
        learned.macro_p_at_10.value - random.macro_p_at_10.value
    ));
    assert!(difference.map_all.low > 0.0);
    let none = paired_difference(&learned, &learned, &options).unwrap();
    assert_eq!(none.map_all, Figure { value: 0.0, low: 0.0, high: 0.0 });
    let (fewer, codes, _) = noisy(500, 3);
    let other = run(&t, &fewer, &Ranking::Codes(&codes)).unwrap();
    let message = paired_difference(&learned, &other, &options).unwrap_err().to_string();
    assert!(message.contains("not of the same queries"), "{message}");
    let mut renamed = learned.clone();
    renamed.task = "u".to_owned();
    assert!(paired_difference(&learned, &renamed, &options).is_err());
}

#[test]
fn the_json_has_the_agreed_keys() {
    let (items, codes, _) = noisy(60, 4);
    let result = run(&task(&["a", "b", "c", "d"]), &items, &Ranking::Codes(&codes)).unwrap();
    let json = serde_json::to_value(&result).unwrap();
    for key in
        ["task", "method", "bits", "queries", "map_all", "p_at_10", "macro_p_at_10", "ndcg_100"]
    {
        assert!(!json[key].is_null(), "{key}");
    }
    assert_eq!(json["ap_divisor"], "all relevant");
    for key in ["value", "low", "high"] {
        assert!(json["map_all"][key].is_f64(), "{key}");
    }
}

#[test]
fn runs_are_averaged_query_by_query_and_tasks_with_equal_weight() {
    let (items, codes, _) = noisy(300, 7);
    let options = Options { bootstrap: 200, seed: 3 };
    let t = task(&["a", "b", "c", "d"]);
    let learned = run(&t, &items, &Ranking::Codes(&codes)).unwrap();
    let random = run(&t, &items, &Ranking::Random).unwrap();
    let mean = mean_of_runs(&[learned.clone(), random.clone()], &options).unwrap();
    assert!(close(mean.map_all.value, (learned.map_all.value + random.map_all.value) / 2.0));
    let classes = (&mean.per_class[1], &learned.per_class[1], &random.per_class[1]);
    assert!(close(
        classes.0.p_at_10.value,
        (classes.1.p_at_10.value + classes.2.p_at_10.value) / 2.0
    ));
    assert!(mean_of_runs(&[], &options).unwrap_err().to_string().contains("no run"));

    let narrow = run(&task(&["a"]), &items, &Ranking::Codes(&codes)).unwrap();
    let both = over_tasks(&[&learned, &narrow], &options);
    assert!(close(both.map_all.value, (learned.map_all.value + narrow.map_all.value) / 2.0));
    assert!(both.map_all.low < both.map_all.value && both.map_all.value < both.map_all.high);
    let chance = run(&task(&["a"]), &items, &Ranking::Random).unwrap();
    let ahead = difference_over_tasks(&[&learned, &narrow], &[&random, &chance], &options).unwrap();
    let expected = both.map_all.value - (random.map_all.value + chance.map_all.value) / 2.0;
    assert!(close(ahead.map_all.value, expected) && ahead.map_all.low > 0.0);
    let swapped = difference_over_tasks(&[&learned, &narrow], &[&chance, &random], &options);
    assert!(swapped.is_err());
}
