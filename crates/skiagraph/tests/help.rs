//! The help of every command, compared with the text that is checked in.
//! `UPDATE_SNAPSHOTS=1 cargo test --release -p skiagraph --test help` writes the text anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

const COMMANDS: [&[&str]; 40] = [
    &[],
    &["demo"],
    &["train"],
    &["calibrate"],
    &["index"],
    &["check"],
    &["search"],
    &["eval"],
    &["compare"],
    &["explain"],
    &["saliency"],
    &["gallery"],
    &["gallery", "info"],
    &["gallery", "verify"],
    &["gallery", "delete"],
    &["gallery", "compact"],
    &["gallery", "reindex"],
    &["gallery", "backup"],
    &["gallery", "export"],
    &["gallery", "import"],
    &["listen"],
    &["pull"],
    &["pull", "dicomweb"],
    &["pull", "orthanc"],
    &["pull", "move"],
    &["inbox"],
    &["inbox", "status"],
    &["inbox", "work"],
    &["inbox", "retry"],
    &["serve"],
    &["api-key"],
    &["api-key", "new"],
    &["api-key", "list"],
    &["api-key", "revoke"],
    &["deidentify"],
    &["send"],
    &["send", "store"],
    &["send", "dicomweb"],
    &["bench"],
    &["completions"],
];

#[test]
fn the_help_is_as_checked_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for words in COMMANDS {
        let help = common::succeed(&[words, &["--help"]].concat()).stdout;
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
    let group = |words: &&[&str]| matches!(**words, [] | ["gallery" | "inbox" | "pull" | "api-key" | "send"]);
    for words in COMMANDS.iter().filter(|words| !group(words)) {
        assert!(common::succeed(&[words, &["--help"][..]].concat()).stdout.contains("--json"), "{words:?}");
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
