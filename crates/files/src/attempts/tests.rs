//! Deaths, and the files for which they are counted.

use super::*;
use tempfile::{TempDir, tempdir};

fn open(folder: &TempDir) -> Attempts {
    Attempts::open(&folder.path().join("attempts")).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn plan(attempts: &Attempts, files: &[&str]) -> [Vec<String>; 3] {
    let plan = attempts.plan(names(files), Clone::clone).unwrap();
    [plan.together, plan.alone, plan.set_aside]
}

/// A process that works on a batch, and dies.
fn death(folder: &TempDir, batch: &[&str]) {
    let attempts = open(folder);
    attempts.begin(names(batch)).unwrap();
    attempts.die();
}

#[test]
fn the_guilty_is_set_aside_and_the_innocent_are_not() {
    let folder = tempdir().unwrap();
    death(&folder, &["a", "poison", "b"]);
    let attempts = open(&folder);
    assert_eq!(
        plan(&attempts, &["a", "poison", "b", "c"]),
        [names(&["c"]), names(&["a", "poison", "b"]), names(&[])]
    );
    // A process that ends in order with a file in hand did not die because of it.
    attempts.begin(names(&["a"])).unwrap();
    drop(attempts);
    for _ in 0..DEATHS {
        death(&folder, &["poison"]);
    }
    let attempts = open(&folder);
    assert_eq!(
        plan(&attempts, &["a", "poison", "b"]),
        [names(&[]), names(&["a", "b"]), names(&["poison"])]
    );
    attempts.begin(names(&["a"])).unwrap();
    attempts.finish(&names(&["a"])).unwrap();
    assert_eq!(plan(&attempts, &["a", "b"])[0], ["a"]);
    attempts.pardon(&names(&["poison", "unknown"])).unwrap();
    assert_eq!(plan(&attempts, &["poison", "unknown", "b"])[1], ["poison", "b"]);
    assert_eq!(plan(&open(&folder), &["unknown"])[0], ["unknown"]);
}

#[test]
fn who_died_less_often_goes_first() {
    let folder = tempdir().unwrap();
    death(&folder, &["poison", "a", "b"]);
    death(&folder, &["poison"]);
    assert_eq!(plan(&open(&folder), &["poison", "a", "b"])[1], ["a", "b", "poison"]);
}

#[test]
fn what_is_done_is_not_suspected_of_a_later_death() {
    let folder = tempdir().unwrap();
    let attempts = open(&folder);
    attempts.begin(names(&["a", "b"])).unwrap();
    attempts.begin(names(&["c"])).unwrap();
    attempts.finish(&names(&["a", "b"])).unwrap();
    attempts.begin(names(&["d"])).unwrap();
    attempts.finish(&names(&["c"])).unwrap();
    attempts.put_down(&names(&["d"])).unwrap();
    attempts.die();
    assert_eq!(plan(&open(&folder), &["a", "b", "c", "d"])[0], ["a", "b", "c", "d"]);
}

#[test]
fn processes_beside_each_other_count_each_death_once() {
    let folder = tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
    one.begin(names(&["x"])).unwrap();
    other.begin(names(&["y"])).unwrap();
    one.die();
    let third = open(&folder);
    let fourth = open(&folder);
    assert_eq!(third.deaths().unwrap(), Deaths::from([("x".to_owned(), 1)]));
    assert_eq!(plan(&fourth, &["x", "y"]), [names(&["y"]), names(&["x"]), names(&[])]);
    drop((other, third));
    fourth.count_death().unwrap();
    assert_eq!(fourth.deaths().unwrap().len(), 1, "nothing was in hand");
    fourth.begin(names(&["z"])).unwrap();
    fourth.count_death().unwrap();
    assert_eq!(fourth.deaths().unwrap()["z"], 1);
    drop(fourth);
    let left = fs::read_dir(folder.path().join("attempts")).unwrap().count();
    assert_eq!(left, 2, "the deaths and the lock");
}

#[test]
fn a_damaged_note_costs_only_what_it_says() {
    let folder = tempdir().unwrap();
    death(&folder, &["x"]);
    let deaths = deaths_of(&folder.path().join("attempts"));
    drop(open(&folder));
    fs::write(&deaths, "{").unwrap();
    assert_eq!(plan(&open(&folder), &["x"])[0], ["x"]);
}
