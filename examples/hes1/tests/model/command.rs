//! The command: its one document, its repeatability, its refusals.

use std::process::{Command, Output};

fn hes1(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hes1")).args(arguments).output().unwrap()
}

const SHORT: [&str; 4] = ["--time", "3300", "--voxel", "2.5"];

fn short(arguments: &[&str]) -> Output {
    hes1(&[&SHORT, arguments].concat())
}

#[test]
fn prints_one_document_with_all_fields() {
    let output = short(&["--k1", "1e9", "--k2", "0.1", "--seed", "1"]);
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        document["period"].is_null()
            || document["period"].as_f64().is_some_and(|p| (40.0..360.0).contains(&p))
    );
    assert_eq!(document["oscillates"].as_bool(), Some(!document["period"].is_null()));
    for field in ["amplitude", "resonance", "protein_mean", "protein_sd", "mrna_mean", "occupied_fraction"] {
        assert!(document[field].as_f64().is_some_and(|v| v > 0.0), "{field}");
    }
    assert!(document["events"].as_u64().is_some_and(|n| n > 100_000));
}

#[test]
fn a_seed_fixes_every_byte_and_another_changes_them() {
    let folder = tempfile::tempdir().unwrap();
    let once = |name: &str, seed: &str| {
        let path = folder.path().join(name);
        let output = short(&["--seed", seed, "--series", path.to_str().unwrap()]);
        (output.stdout, std::fs::read(path).unwrap())
    };
    let first = once("a.csv", "7");
    assert_eq!(first, once("b.csv", "7"));
    assert_ne!(first.0, once("c.csv", "8").0);
    let text = String::from_utf8(first.1).unwrap();
    // The header, and a row at 0 and every five minutes.
    assert_eq!(text.lines().count(), 1 + 1 + 3300 / 5);
    assert!(text.starts_with("time,mrna_nucleus,"));
    assert!(text.lines().last().unwrap().starts_with("3300,"));
}

#[test]
fn refuses_what_makes_no_sense_by_name_with_code_2() {
    let cases: [(&[&str], &str, &str); 12] = [
        (&["--k1", "0"], "--k1", "above 0"),
        (&["--k1", "-1"], "--k1", "above 0"),
        (&["--k2", "nan"], "--k2", "above 0"),
        (&["--k2", "inf"], "--k2", "above 0"),
        (&["--alpha-p", "fast"], "--alpha-p", "above 0"),
        (&["--diffusion", "1e300"], "--diffusion", "1e18"),
        (&["--gamma", "0.5"], "--gamma", "at least 1"),
        (&["--voxel", "7"], "--voxel", "half of --cell-radius"),
        (&["--time", "1000"], "--time", "2880 min"),
        (&["--sample", "30"], "--sample", "10 min"),
        (&["--promoter-radius", "5"], "--promoter-radius", "--nucleus-radius"),
        (&["--seed", "1.5"], "--seed", "invalid"),
    ];
    for (arguments, option, expected) in cases {
        let output = hes1(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(option) && message.contains(expected), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_series_that_cannot_be_written_fails_with_code_1() {
    let output = short(&["--series", "/no/such/folder/series.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("/no/such/folder/series.csv"));
}
