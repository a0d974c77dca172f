//! Random and quasi-random designs: their points beside SciPy's, what is said of them, and how a sample goes on.

use std::process::Command;

use paramo_tests::{Desk, binary, python_of_peers, repository};

const STUDY: &str = r#"
name = "sample"
[application]
command = ["echo", "{x}", "{y}", "{z}", "{n}", "{mode}", "{k}"]
[application.parameters]
n = "integer"
[space]
sample = { method = "sobol", count = 64, seed = 1, scramble = "owen" }
x = { from = 0, to = 1 }
y = { mean = 10, sd = 2, from = 5 }
z = { median = 100, gsd = 2 }
n = { from = 1, mode = 3, to = 20 }
mode = { values = ["a", "b", "c"], weights = [1, 2, 1] }
k = [1, 2]
where = "x > 0.25 and y < 12"
"#;

/// Sobol' and Halton points, discrepancies, distances and the inverses of all distributions.
#[test]
fn points_measures_and_distributions_are_those_of_scipy() {
    let script = repository().join("tests/designs/compare.py");
    let output = Command::new(python_of_peers()).arg(script).arg(binary("paramo")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().count() > 40, "few comparisons were made:\n{said}");
}

/// A design over some parameters, crossed with a list, and a condition on both.
#[test]
fn a_space_shows_what_its_designs_are_like() {
    let desk = Desk::new();
    desk.file("study.toml", STUDY);
    let shown = desk.paramo(&["space", "show", "study.toml", "--points", "3"]).expect(0);
    insta::assert_snapshot!("space_with_a_design", shown.out);
    let json = &desk.paramo(&["space", "show", "study.toml", "--points", "0", "--json"]).expect(0).json()[0];
    assert_eq!(json["points"], 128);
    assert_eq!(json["designs"][0]["access"]["kind"], "constant");
    let kept = desk.paramo(&["space", "export", "study.toml"]).expect(0).out.lines().count() - 1;
    assert_eq!(
        json["kept"],
        serde_json::json!({ "exact": true, "points": kept, "share": kept as f64 / 128.0 })
    );
}

#[test]
fn what_is_kept_of_a_large_space_is_estimated() {
    let desk = Desk::new();
    let text = "name = 'large'\n[application]\ncommand = ['echo', '{a}', '{b}']\n[space]\n\
                a = { from = 1, to = 100000, step = 1 }\nb = { from = 1, to = 100000, step = 1 }\nwhere = 'a < b'\n";
    desk.file("study.toml", text);
    let json = &desk.paramo(&["space", "show", "study.toml", "--json"]).expect(0).json()[0];
    assert_eq!((&json["kept"]["exact"], &json["kept"]["drawn"]), (&false.into(), &100_000.into()));
    let number = |field: &str| json["kept"][field].as_f64().unwrap();
    assert!((number("share") - 0.5).abs() < 4.0 * number("standard_error"));
}

#[test]
fn the_designs_are_listed_with_their_options() {
    let desk = Desk::new();
    insta::assert_snapshot!("method_sobol", desk.paramo(&["space", "methods", "sobol"]).expect(0).out);
    let all = &desk.paramo(&["space", "methods", "--json"]).expect(0).json()[0];
    let text = desk.paramo(&["space", "methods"]).expect(0).out;
    for method in all.as_array().unwrap() {
        let name = method["name"].as_str().unwrap();
        assert!(text.lines().any(|line| line == name), "{name}");
    }
    let wrong = desk.paramo(&["space", "methods", "sobl"]).expect(2);
    assert!(wrong.err.contains("did you mean `sobol`?"), "{}", wrong.err);
}

#[test]
fn what_is_wrong_with_a_sample_is_shown_in_its_place() {
    let desk = Desk::new();
    let mut shown = String::new();
    for (right, wrong) in [
        ("\"sobol\"", "\"sobel\""),
        ("scramble =", "scrambel ="),
        ("\"owen\"", "\"oven\""),
        ("count = 64, ", ""),
        ("\"sobol\"", "\"latin-hypercube\""),
        ("seed = 1, scramble = \"owen\"", "seed = 1, scramble = \"none\""),
        ("weights = [1, 2, 1]", "weights = [1, 2]"),
        ("gsd = 2", "gsd = 0.5"),
        ("sd = 2", "sd = 2, to = 1"),
    ] {
        assert!(STUDY.contains(right));
        desk.file("study.toml", STUDY.replacen(right, wrong, 1));
        shown.push_str(&desk.paramo(&["space", "show", "study.toml"]).expect(2).err);
        shown.push('\n');
    }
    insta::assert_snapshot!("wrong_samples", shown);
}

#[test]
fn a_sample_goes_on_where_it_ended() {
    let desk = Desk::new();
    let study = |method: &str, count: u32| {
        format!(
            "name = 'growing'\n[application]\ncommand = ['echo', '{{x}}', '{{y}}']\n[space]\n\
             sample = {{ method = '{method}', count = {count}, seed = 3 }}\nx = {{ from = 0, to = 1 }}\ny = {{ normal = [0, 1] }}\n"
        )
    };
    for method in ["sobol", "halton", "r-sequence", "random"] {
        desk.file("study.toml", study(method, 10));
        desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
        desk.paramo(&["extend", "growing", "--count", "6", "--quiet"]).expect(0);
        desk.paramo(&["extend", "growing", "--count", "4", "--later", "--quiet"]).expect(0);
        let status = desk.paramo(&["space", "show", "growing", "--json"]).expect(0);
        assert_eq!(status.json()[0]["points"], 20, "{method}");
        let grown = desk.paramo(&["space", "export", "growing"]).expect(0).out;
        desk.file("whole.toml", study(method, 20));
        assert_eq!(grown, desk.paramo(&["space", "export", "whole.toml"]).expect(0).out, "{method}");
        desk.paramo(&["rm", "growing", "--force"]).expect(0);
    }
    desk.file("study.toml", study("latin-hypercube", 10));
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(0);
    let refused = desk.paramo(&["extend", "growing", "--count", "6"]).expect(2);
    insta::assert_snapshot!(refused.err.trim(), @"error: the points of `latin-hypercube` depend on their number, so there are none to go on with; only halton, r-sequence, random, sobol go on");
}
