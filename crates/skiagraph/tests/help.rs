//! The help of every command, compared with the text that is checked in.
//! `UPDATE_SNAPSHOTS=1 cargo test --release -p skiagraph --test help` writes the text anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

/// The words of every command, groups included.
fn commands() -> Vec<Vec<String>> {
    let (mut found, mut next) = (vec![vec![]], 0);
    while let Some(words) = found.get(next).cloned() {
        found.extend(listed(&help(&words)).into_iter().map(|name| [&words[..], &[name]].concat()));
        next += 1;
    }
    found
}

/// The commands that the help of a group lists. Continued lines of a description are indented
/// further.
fn listed(help: &str) -> Vec<String> {
    let lines = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

fn help(words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    common::succeed(&words).stdout
}

#[test]
fn the_help_is_as_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let commands = commands();
    assert!(commands.len() > 45, "{commands:?}");
    for words in commands {
        let help = help(&words);
        assert!(help.contains("EXAMPLES:"), "{words:?} has no examples");
        let name = if words.is_empty() { "skiagraph".to_owned() } else { words.join("-") };
        let file = folder.join(format!("help-{name}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&file, &help).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(help, expected, "{words:?}: if this is meant, run with UPDATE_SNAPSHOTS=1");
    }
}

#[test]
fn every_command_prints_json_and_says_so() {
    for words in commands() {
        let help = help(&words);
        assert!(help.contains("Commands:") || help.contains("--json"), "{words:?}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    assert_eq!(common::run(&["search"]).code, 2);
    assert_eq!(common::run(&["index", "--gallery", "g"]).code, 2);
    assert_eq!(common::run(&["nonsense"]).code, 2);
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(common::succeed(&["completions", shell]).stdout.contains("skiagraph"));
    }
    assert!(common::json(&["completions", "bash"])["script"].is_string());
}
