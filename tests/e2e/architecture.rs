//! The house: each floor knows only the floors below, every module says what it is for, and nothing of a kind is unregistered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use paramo_tests::repository;

/// The floors from the ground up. A floor may use those before it.
const FLOORS: [&str; 11] = [
    "paramo-model",
    "paramo-store",
    "paramo-client",
    "paramo-design",
    "paramo-plot",
    "paramo-table",
    "paramo-worker",
    "paramo-sites",
    "paramo-engine",
    "paramo-server",
    "paramo",
];

/// Floors that must not know anything that reads or writes: they are tested against the literature and replayed at any scale.
const PURE: [&str; 3] = ["paramo-model", "paramo-design", "paramo-plot"];

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let names = package["dependencies"].as_array().unwrap().iter();
            // Tests may look anywhere.
            let used = names.filter(|d| d["kind"].is_null()).map(|d| d["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), used.collect())
        })
        .collect()
}

#[test]
fn each_floor_knows_only_the_floors_below() {
    let dependencies = dependencies();
    for (height, floor) in FLOORS.iter().enumerate() {
        let used = dependencies.get(*floor).unwrap_or_else(|| panic!("there is no crate {floor}"));
        for name in used.iter().filter(|name| FLOORS.contains(&name.as_str())) {
            let below = FLOORS.iter().position(|other| other == name).unwrap();
            assert!(below < height, "{floor} must not use {name}: it is above");
        }
    }
    for name in dependencies.keys().filter(|name| name.starts_with("paramo")) {
        let outside = ["paramo-tests", "paramo-benches"].contains(&name.as_str());
        assert!(
            outside || FLOORS.contains(&name.as_str()),
            "{name} has no floor: give it one here and in ARCHITECTURE.md"
        );
    }
}

#[test]
fn pure_floors_use_nothing_that_reads_or_writes() {
    let dependencies = dependencies();
    for floor in PURE {
        for name in &dependencies[floor] {
            assert!(
                !["tokio", "sqlx", "rustix", "libc", "tempfile", "async-trait"].contains(&name.as_str()),
                "{floor} is pure and must not use {name}"
            );
        }
        for file in
            sources(&repository().join("crates").join(floor.trim_start_matches("paramo-")).join("src"))
        {
            if is_test(&file) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in ["std::fs", "std::net", "std::process", "std::env", "SystemTime::now", "Instant::now"]
            {
                assert!(!code.contains(word), "{} is pure and must not use {word}", file.display());
            }
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut missing = Vec::new();
    for top in ["crates", "examples", "tests", "benches"] {
        for file in sources(&repository().join(top)) {
            let text = std::fs::read_to_string(&file).unwrap();
            if !is_test(&file) && !text.starts_with("//!") {
                missing.push(file);
            }
        }
    }
    assert!(missing.is_empty(), "these files do not open with `//!`: {missing:?}");
}

#[test]
fn only_the_clock_of_one_place_says_what_time_it_is_to_results() {
    // Wall-clock time is for people; whoever orders by it breaks when the clock is set back.
    let allowed = ["conduct.rs", "clock.rs", "sqlite.rs"];
    for file in sources(&repository().join("crates")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = if is_test(&file) { "" } else { text.split("#[cfg(test)]").next().unwrap_or_default() };
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(
            !code.contains("SystemTime::now") || allowed.contains(&name),
            "{} asks for the time",
            file.display()
        );
    }
}

/// Tests beside the code, in files of their own.
fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests.rs" || part.as_os_str() == "tests")
        && file.starts_with(repository().join("crates"))
}

/// Every Rust file below a folder, generated ones left out.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
