//! What people read when a file or a command line is wrong.

use insta::assert_snapshot;
use paramo_tests::Desk;

/// The answer to a study file, which must be refused.
#[track_caller]
fn refused(text: &str) -> String {
    let desk = Desk::new();
    desk.file("study.toml", text);
    let answer = desk.paramo(&["run", "study.toml"]).expect(2);
    assert!(!desk.path().join(".paramo").exists(), "a file that is refused leaves nothing behind");
    answer.err
}

const HEAD: &str = "name = \"s\"\n[application]\ncommand = [\"echo\", \"{x}\"]\n[space]\n";

#[test]
fn a_misspelt_field_points_at_the_right_one() {
    let err = refused(
        "name = \"s\"\n[application]\ncommand = [\"echo\", \"{x}\"]\n[application.resources]\nmemroy = \"1 GiB\"\n[space]\nx = [1]\n",
    );
    assert!(err.contains("study.toml:5:1") && err.contains("did you mean `memory`?"), "{err}");
}

#[test]
fn ranges_that_cannot_be_are_named() {
    for (line, words) in [
        ("x = { from = 0, to = 1, step = 0 }", "step"),
        ("x = { from = 5, to = 1, step = 1 }", "from"),
        ("x = { from = 0, to = 1, count = 0 }", "count"),
        ("x = { from = 0, to = 1, count = 5, scale = \"log\" }", "log"),
        ("x = []", "at least one value"),
    ] {
        let err = refused(&format!("{HEAD}{line}\n"));
        assert!(err.contains("study.toml:5:") && err.contains(words), "{line}: {err}");
    }
}

#[test]
fn a_space_that_is_too_large_says_so() {
    let err = refused(&format!(
        "{}a = {{ from = 1, to = 4294967296, step = 1 }}\nb = {{ from = 1, to = 4294967296, step = 1 }}\nx = [1, 2]\n",
        HEAD.replace("{x}", "{x}{a}{b}")
    ));
    assert!(err.contains("points"), "{err}");
}

#[test]
fn names_that_clash_or_are_not_used_are_named() {
    let clash = refused(
        "name = \"s\"\n[application]\ncommand = [\"echo\", \"{x}\"]\n[application.outputs]\nx = { measure = \"exit-code\" }\n[space]\nx = [1]\n",
    );
    assert!(clash.contains("`x`") && clash.contains("study.toml:5:"), "{clash}");
    let unused = refused(&format!("{HEAD}x = [1]\nspeed = [1, 2]\n"));
    assert!(unused.contains("speed") && unused.contains("study.toml:6:"), "{unused}");
    let unknown =
        refused("name = \"s\"\n[application]\ncommand = [\"echo\", \"{speeed}\"]\n[space]\nspeed = [1]\n");
    assert!(unknown.contains("speeed") && unknown.contains("speed"), "{unknown}");
}

#[test]
fn a_command_line_that_is_wrong_says_what_is_expected() {
    let desk = Desk::new();
    let answer = desk.paramo(&["sweep", "--param", "x=1:0", "--", "echo", "{x}"]).expect(2);
    assert!(answer.err.contains("from 1 to 0") && answer.err.contains("inverted"), "{}", answer.err);
    let answer = desk.paramo(&["sweep", "--param", "x=1:3", "--", "echo", "{y}"]).expect(2);
    assert!(answer.err.contains("`y`") || answer.err.contains("{y}"), "{}", answer.err);
    let answer = desk.paramo(&["explain", "nothing"]).expect(2);
    assert!(answer.err.contains("no store"), "{}", answer.err);
    let answer = desk.paramo(&["run", "missing.toml"]).expect(2);
    assert!(answer.err.contains("missing.toml"), "{}", answer.err);
}

#[test]
fn a_whole_message_as_it_is_seen() {
    let err = refused(
        "name = \"s\"\n[application]\ncommand = [\"echo\", \"{x}\"]\n[space]\nx = { from = 0, to = 1, stepp = 0.1 }\n",
    );
    assert_snapshot!(err);
}

#[test]
fn the_help_reads_like_a_manual_page() {
    let desk = Desk::new();
    assert_snapshot!(desk.paramo(&["--help"]).expect(0).out);
}

#[test]
fn completions_and_manual_pages_are_made() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(desk.paramo(&["completions", shell]).expect(0).out.contains("paramo"));
    }
    desk.paramo(&["man", "man"]).expect(0);
    assert!(desk.read("man/paramo-run.1").contains("study file"));
}
