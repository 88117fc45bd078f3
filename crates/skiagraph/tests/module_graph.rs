//! Circles of imports between the modules of each crate. A child may import from its ancestors and
//! they from it; all other imports go one way.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::slice;

/// A module's path within its crate; empty for the root.
type Module = Vec<String>;

/// The modules of a crate, each with its source code.
fn modules(folder: &Path, path: &Module, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner = [&path[..], slice::from_ref(&name)].concat();
        if file.is_dir() {
            modules(&file, &inner, found);
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            let is_own = ["lib", "main", "mod"].contains(&name.as_str());
            let module = if is_own { path.clone() } else { inner };
            if !module.iter().any(|part| part == "tests") {
                found.insert(module, code(&fs::read_to_string(&file).unwrap()));
            }
        }
    }
}

/// Source code without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths of a tree of imports, such as `a::{b, c::d as e}`.
fn expanded(tree: &str, prefix: &[String], paths: &mut Vec<Module>) {
    let (mut depth, mut start) = (0, 0);
    for (at, character) in tree.char_indices().chain([(tree.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                one_expanded(tree[start..at].trim(), prefix, paths);
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn one_expanded(tree: &str, prefix: &[String], paths: &mut Vec<Module>) {
    let parts = |path: &str| path.split("::").map(|part| part.trim().to_owned()).collect();
    match tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        Some((head, inner)) => {
            let head: Module = parts(head.trim_end().trim_end_matches(':'));
            expanded(inner, &[prefix, &head].concat(), paths);
        }
        None if tree.is_empty() => {}
        None => {
            let path: Module = parts(tree.split(" as ").next().unwrap());
            paths.push([prefix, &path].concat());
        }
    }
}

/// The paths that source code imports, and those that it names in full.
fn paths(code: &str) -> Vec<Module> {
    let (mut paths, mut rest) = (Vec::new(), String::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        let visible = line
            .strip_prefix("pub")
            .map_or(line, |line| line.split_once(") ").map_or(line, |(_, line)| line).trim_start());
        let Some(first) = visible.strip_prefix("use ") else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = first.to_owned();
        while !tree.contains(';') {
            tree.push_str(lines.next().unwrap());
        }
        expanded(tree.split(';').next().unwrap(), &[], &mut paths);
    }
    let is_part = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let words = rest.split(|character| !is_part(character));
    let named = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths.extend(named.map(|word| word.split("::").map(str::to_owned).collect()));
    paths
}

/// The module that defines what a path of `module` names: the longest one that there is.
fn target(module: &Module, path: &Module, all: &BTreeMap<Module, String>) -> Option<Module> {
    let above = path.iter().take_while(|part| *part == "super").count();
    let full = match path[0].as_str() {
        "crate" => path[1..].to_vec(),
        "self" => [module, &path[1..]].concat(),
        "super" => [&module[..module.len().saturating_sub(above)], &path[above..]].concat(),
        name => {
            let child = [&module[..], &[name.to_owned()]].concat();
            // Anything else is of another crate.
            all.contains_key(&child).then(|| [&module[..], path].concat())?
        }
    };
    (0..=full.len()).rev().map(|end| full[..end].to_vec()).find(|prefix| all.contains_key(prefix))
}

/// The circles of a crate: sets of modules of which each leads to all others.
fn circles(source: &Path) -> Vec<BTreeSet<Module>> {
    let mut all = BTreeMap::new();
    modules(source, &Vec::new(), &mut all);
    let edges: BTreeMap<&Module, BTreeSet<Module>> = all
        .iter()
        .map(|(module, code)| {
            let targets = paths(code).into_iter().filter_map(|path| target(module, &path, &all));
            let apart = |other: &Module| !module.starts_with(other) && !other.starts_with(module);
            (module, targets.filter(apart).collect())
        })
        .collect();
    let reached = |from: &Module| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = next.pop() {
            let new = edges[&module].iter().filter(|target| reached.insert((*target).clone()));
            next.extend(new.cloned());
        }
        reached
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        all.keys().map(|module| (module, reached(module))).collect();
    let circle = |module: &Module| -> BTreeSet<Module> {
        let back = |other: &&Module| reached[*other].contains(module);
        reached[module].iter().filter(back).cloned().collect()
    };
    let circles: BTreeSet<_> = all.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
    circles.into_iter().collect()
}

#[test]
fn imports_go_one_way() {
    let mut found = Vec::new();
    for entry in fs::read_dir(common::workspace().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        for circle in circles(&folder.join("src")) {
            let circle: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            found.push((folder.clone(), circle));
        }
    }
    assert!(found.is_empty(), "circles of imports: {found:?}");
}

#[test]
fn trees_of_imports_are_read() {
    let code = "pub(crate) use super::a::{self, B as C, d::{E, f}};\nlet x = crate::g::h(y);";
    let found: Vec<String> = paths(code).iter().map(|path| path.join("::")).collect();
    let expected = ["super::a::self", "super::a::B", "super::a::d::E", "super::a::d::f"];
    assert_eq!(found, [&expected[..], &["crate::g::h"]].concat());
}
