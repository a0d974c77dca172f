//! The descriptions against the readers: the same fields, the same words.

use std::collections::BTreeSet;

use super::*;
use crate::check::RESERVED;
use crate::document::field::asked_for;
use crate::document::{Origin, read_study};

/// Studies in which every field is asked for.
const STUDIES: [&str; 3] = [
    r#"
name = "all"
[application]
command = "sim {a} {b}"
environment = { X = "1" }
files = { "a.txt" = { template = "t" } }
[application.parameters]
a = { type = "float" }
mode = { choices = ["x", "y"], default = "x" }
[application.outputs]
j = { json = "j" }
r = { regex = "r" }
c = { csv = "c" }
m = { measure = "wall-time" }
[application.resources]
[application.success]
[space]
sample = { method = "random", count = 2 }
a = { uniform = [0, 1] }
b = { replicate = 2 }
[run]
order = { random = 1 }
[run.retry]
"#,
    r#"
name = "axes"
[application]
command = "sim {a} {b} {c} {d} {e} {f} {g} {h} {i}"
[space]
sample = { method = "random", count = 2 }
a = { from = 0, to = 1, count = 2 }
b = { loguniform = [1, 2] }
c = { normal = [0, 1] }
d = { mean = 0, sd = 1 }
e = { median = 1, gsd = 2 }
f = { log_mean = 1, log_sd = 2 }
g = { triangular = [0, 1, 2] }
h = { from = 0, mode = 1, to = 2 }
i = { values = [1, 2] }
"#,
    r#"
name = "function"
[application]
function = "m:f"
"#,
];

/// The path of the table that a field stands in, with `*` for names of one's own.
fn pattern(path: &[String]) -> String {
    let parts: Vec<&str> =
        path.iter().map(String::as_str).filter(|part| part.parse::<usize>().is_err()).collect();
    let parts = match parts.as_slice() {
        ["application", table @ ("parameters" | "outputs" | "files"), _, ..] => {
            vec!["application", *table, "*"]
        }
        ["space", name] if !RESERVED.contains(name) => vec!["space", "*"],
        other => other.to_vec(),
    };
    parts.join(".")
}

#[test]
fn what_is_read_is_described_and_what_is_described_is_read() {
    let load = |_: &str| Ok(b"x".to_vec());
    let parquet = |_: Vec<u8>, file: &str| Err(format!("{file} is not read here"));
    let origin = Origin { file: "s.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    let read: BTreeSet<(String, String)> = asked_for(|| {
        for text in STUDIES {
            if let Err(found) = read_study(text, &origin) {
                panic!("{found:?}");
            }
        }
    })
    .into_iter()
    .map(|(path, key)| (pattern(&path), key))
    .chain(RESERVED.map(|word| ("space".to_owned(), word.to_owned())))
    .collect();
    let described: BTreeSet<(String, String)> = TABLES
        .iter()
        .flat_map(|table| table.fields.iter().map(|field| (table.path.to_owned(), field.name.to_owned())))
        .collect();
    let missing: Vec<_> = read.difference(&described).collect();
    assert!(missing.is_empty(), "read, but not described in document/reference.rs: {missing:?}");
    let stale: Vec<_> = described.difference(&read).collect();
    assert!(stale.is_empty(), "described, but not read by STUDIES: {stale:?}");
}

/// The words that stand in a list here are those of the readers, which name theirs when they meet another.
#[test]
fn words_are_those_of_the_readers() {
    let load = |_: &str| Err("nothing is loaded here".to_owned());
    let parquet = |_: Vec<u8>, file: &str| Err(format!("{file} is not read here"));
    let origin = Origin { file: "s.toml".into(), directory: "/".into(), load: &load, parquet: &parquet };
    let head = "name = \"s\"\napplication.command = \"sim {x}\"\nspace.x = 1\n";
    for (text, words) in [
        ("application.outputs.y = { regex = \"r\", from = \"?\" }", streams()),
        ("application.outputs.y = { csv = \"c\", row = \"?\" }", rows()),
        ("space.z = { from = 1, to = 2, count = 2, scale = \"?\" }", scales()),
        ("run.order = \"?\"", orders()),
        ("run.retry.on = [\"?\"]", causes()),
        ("application.outputs.y = { measure = \"?\" }", measures()),
        ("application.outputs.y = { json = \"y\", type = \"?\" }", output_types()),
        ("application.parameters.x = { type = \"?\" }", types()),
    ] {
        let found = read_study(&format!("{head}{text}\n"), &origin).expect_err(text);
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let expected = format!("one of {}, found", quoted.join(", "));
        assert!(found.iter().any(|wrong| wrong.message.contains(&expected)), "{text}: {found:?}");
    }
}

#[test]
fn defaults_are_those_of_the_model() {
    let default = |path: &str, name: &str| {
        let table = TABLES.iter().find(|table| table.path == path).expect(path);
        table.fields.iter().find(|field| field.name == name).and_then(|field| field.default).expect(name)
    };
    let (retry, run) = (crate::Retry::default(), crate::RunPolicy::default());
    let resources = crate::Resources::default();
    for (path, name, value) in [
        ("run.retry", "count", retry.count.to_string()),
        ("run.retry", "delay", format!("\"{}\"", retry.delay)),
        ("run.retry", "factor", retry.factor.to_string()),
        ("run.retry", "max_delay", format!("\"{}\"", retry.max_delay)),
        ("run.retry", "more_memory", retry.more_memory.to_string()),
        ("run.retry", "more_time", retry.more_time.to_string()),
        ("run", "site", format!("\"{}\"", run.site)),
        ("application.resources", "cpus", resources.cpus.to_string()),
        ("application.resources", "gpus", resources.gpus.to_string()),
        ("application.resources", "nodes", resources.nodes.to_string()),
        ("application.resources", "mpi", resources.mpi.to_string()),
        ("application.resources", "learn", resources.learn.to_string()),
        ("application.success", "exit_codes", format!("{:?}", crate::Success::default().exit_codes)),
    ] {
        assert_eq!(default(path, name), value, "{path}.{name}");
    }
}

#[test]
fn a_table_of_the_reference_as_it_is_seen() {
    insta::assert_snapshot!(fields("application.success").expect("there"), @r#"
    | field | value | if not given | meaning |
    | --- | --- | --- | --- |
    | `exit_codes` | list of integers | `[0]` | The exit codes of success. |
    | `pattern` | string |  | A regular expression that the standard output must match. |
    "#);
    assert_eq!(fields("nowhere"), None);
}
