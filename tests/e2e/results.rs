//! Answers: what `paramo results` says of a study, as a table, as a summary and as files; and the shape of everything in JSON.

use insta::assert_snapshot;
use paramo_tests::Desk;

/// A study of 3 × 2 points with two replicates; some runs fail, one gives no number.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        r#"
name = "sums"
[application]
command = ["sh", "-c", '[ "$1$2$3" = 2fast1 ] && exit 3; [ "$1$2" = 3slow ] && echo "y = nan" || echo "y = $(($1 * 10 + $3)).5"', "-", "{k}", "{mode}", "{seed}"]
[application.parameters]
k = { type = "float", unit = "1/s" }
mode = { choices = ["slow", "fast"] }
[application.outputs]
y = { regex = "y = (\\S+)", type = "float", unit = "m" }
[space]
k = [1, 2, 3]
mode = ["slow", "fast"]
seed = { replicate = 2 }
"#,
    );
    desk.paramo(&["run", "study.toml", "--quiet"]).expect(1);
    desk
}

#[test]
fn groups_are_summarised() {
    let desk = desk();
    assert_snapshot!(
        desk.paramo(&["results", "sums", "--by", "k,mode", "--mean", "y", "--sem", "y", "--count", "y"]).expect(0).out,
        @"
        k [1/s]  mode  n  failed  mean_y [m]  sem_y [m]  count_y  missing_y
              1  slow  2       0          12        0.5        2          0
              1  fast  2       0          12        0.5        2          0
              2  slow  2       0          22        0.5        2          0
              2  fast  2       1        22.5          -        1          0
              3  slow  2       0           -          -        0          2
              3  fast  2       0          32        0.5        2          0
        "
    );
    assert_snapshot!(
        desk.paramo(&["results", "sums", "--by", "mode", "--max", "y", "--median", "k", "--format", "csv"]).expect(0).out,
        @"
        mode,n,failed,max_y,median_k,missing_y,missing_k
        slow,6,0,22.5,2,2,0
        fast,6,1,32.5,2,0,0
        "
    );
    let falling =
        ["results", "sums", "--by", "k", "--mean", "y", "--sort", "-y", "--columns", "k,mean_y", "--json"];
    assert_snapshot!(desk.paramo(&falling).expect(0).out, @r#"
    {"k":3.0,"mean_y":32.0}
    {"k":2.0,"mean_y":22.166666666666668}
    {"k":1.0,"mean_y":12.0}
    "#);
    assert_snapshot!(
        desk.paramo(&["results", "sums", "--where", "state == 'failed'", "--by", "cause"]).expect(0).out,
        @"
        cause    n  failed
        exit     1       1
        "
    );
    assert_snapshot!(desk.paramo(&["results", "sums", "--quantile", "0.25:y,0.75:y"]).expect(0).out, @"
     n  failed  quantile_0.25_y [m]  quantile_0.75_y [m]  missing_y
    12       1                 12.5                 22.5          2
    ");
}

#[test]
fn a_question_that_cannot_be_answered_says_why() {
    let desk = desk();
    let wrong = |words: &[&str]| desk.paramo(&[&["results", "sums"], words].concat()).expect(2).err;
    assert_snapshot!(
        [
            wrong(&["--by", "mdoe"]),
            wrong(&["--mean", "mode"]),
            wrong(&["--by", "k", "--mean", "y", "--max", "y", "--sort", "y"]),
            wrong(&["--by", "k", "--mean", "y", "--columns", "y"]),
            wrong(&["--where", "perod > 2"]),
            wrong(&["--output", "sums.txt"]),
            wrong(&["--format", "table", "--output", "sums.csv"]),
            wrong(&["--format", "xlsx"]),
        ]
        .concat(),
        @"
        error: there is no column `mdoe`; did you mean `mode`?
        error: `mean` needs numbers, and `mode` holds texts; of texts there are count, min, max, first
        error: several columns summarise `y`: mean_y, max_y; name one of them
        error: there is no column `y`; the columns are k, n, failed, mean_y, missing_y
        error: the condition `perod > 2` cannot be used: there is no column `perod` (the names known here are index, k, mode, seed, y, state, cause, attempts, exit_code, wall, cpu, peak_memory, started, worker, slot)
        error: the ending of sums.txt does not say which format; name it with --format: csv, json, jsonl, parquet
        error: `--format table` is for the terminal; a file is csv, json, jsonl or parquet
        error: there is no format `xlsx`; the formats are csv, json, jsonl, parquet
        "
    );
    let quantile = wrong(&["--quantile", "y"]);
    assert!(quantile.contains("expected a fraction and a column, such as 0.9:y"), "{quantile}");
}

#[test]
fn tables_leave_as_files() {
    let desk = desk();
    for (file, begin) in
        [("a.csv", "index,k,mode,seed,y,"), ("a.json", "[\n{\"index\":0,"), ("a.jsonl", "{\"index\":0,")]
    {
        let answer = desk.paramo(&["results", "sums", "--output", file, "--limit", "2"]).expect(0);
        assert_eq!((answer.out.as_str(), answer.err.as_str()), ("", &*format!("{file}: 2 rows\n")));
        assert!(desk.read(file).starts_with(begin), "{file}: {}", desk.read(file));
    }
    desk.paramo(&["results", "sums", "--by", "k", "--output", "a.parquet"]).expect(0);
    assert!(desk.path().join("a.parquet").metadata().unwrap().len() > 100);
    let document: serde_json::Value = serde_json::from_str(&desk.read("a.json")).unwrap();
    assert_eq!(document.as_array().map(Vec::len), Some(2));
    assert_eq!(desk.paramo(&["results", "sums", "--json"]).expect(0).json().len(), 12);
    assert_eq!(desk.paramo(&["results", "sums", "--json", "--limit", "5"]).expect(0).json().len(), 5);
}

/// Puts a word in the place of what differs from one time to the next: moments, lengths of time, sizes.
fn masked(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| {
            let moment = value.as_str().is_some_and(|text| text.len() == 27 && text.ends_with('Z'));
            let measured = key.ends_with("_seconds") || key == "runs_per_second";
            if moment {
                *value = "MOMENT".into();
            } else if measured && key != "wait_seconds" && (value.is_f64() || value.is_null()) {
                *value = "SECONDS".into();
            } else if key.ends_with("_bytes") && (value.is_u64() || value.is_null()) {
                *value = "BYTES".into();
            } else {
                masked(value);
            }
        }),
        serde_json::Value::Array(items) => items.iter_mut().for_each(masked),
        _ => {}
    }
}

fn shapes(mut lines: Vec<serde_json::Value>) -> String {
    lines.iter_mut().for_each(masked);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn everything_in_json_has_one_shape() {
    let desk = Desk::new();
    desk.file(
        "study.toml",
        "name = \"shape\"\n[application]\ncommand = [\"sh\", \"-c\", \"echo out; exit {x}\"]\n[application.outputs]\ny = { measure = \"exit-code\" }\n[space]\nx = [0, 1]\n[run]\nslots = 1\nretries = 1\nretry.delay = \"1 ms\"\n",
    );
    let events = desk.paramo(&["run", "study.toml", "--json"]).expect(1).json();
    let named = |name: &str| {
        let event = events.iter().rfind(|event| event["event"] == name);
        event.cloned().unwrap_or_else(|| panic!("no event {name}: {events:?}"))
    };
    let known = ["study-started", "run-retried", "run-ended", "study-stopped"].map(named).to_vec();
    let mut said = shapes(known);
    for words in [
        &["status", "shape", "--json"][..],
        &["list", "--json"],
        &["explain", "shape", "--json"],
        &["explain", "shape/1", "--json"],
    ] {
        said.push_str(&shapes(desk.paramo(words).expect(0).json()));
    }
    assert_snapshot!(said);
}

#[test]
fn the_newest_study_is_listed_first() {
    let desk = Desk::new();
    for name in ["first", "second", "third"] {
        desk.paramo(&["sweep", "--name", name, "--param", "x=1", "--quiet", "--", "true", "{x}"]).expect(0);
    }
    let listed = desk.paramo(&["list", "--json"]).expect(0).json();
    let names: Vec<&str> = listed.iter().filter_map(|study| study["study"].as_str()).collect();
    assert_eq!(names, ["third", "second", "first"]);
}

#[test]
fn doctor_says_which_studies_can_still_be_read() {
    let desk = Desk::new();
    for name in ["whole", "broken"] {
        desk.paramo(&["sweep", "--name", name, "--param", "x=1:3", "--quiet", "--", "true", "{x}"]).expect(0);
    }
    let spoil = "import sqlite3\nc = sqlite3.connect('.paramo/store.db')\nc.execute(\"update batches set data = zeroblob(length(data)) where study = (select id from studies where name = 'broken')\")\nc.commit()\nc.execute('pragma wal_checkpoint(truncate)')\n";
    let spoiled =
        std::process::Command::new("python3").args(["-c", spoil]).current_dir(desk.path()).output().unwrap();
    assert!(spoiled.status.success(), "{}", String::from_utf8_lossy(&spoiled.stderr));
    let said = desk.paramo(&["doctor", "--deep"]).expect(4).out;
    assert!(
        said.contains("whole can be read, 3 results: `paramo export whole --output whole.parquet`"),
        "{said}"
    );
    assert!(said.contains("broken cannot be read"), "{said}");
    desk.paramo(&["export", "whole", "--output", "whole.parquet"]).expect(0);
}

#[test]
fn what_runs_have_used_says_what_the_next_are_to_be_given() {
    let desk = Desk::new();
    let words = ["sweep", "--name", "some", "--param", "x=1:24", "--", "true", "{x}"];
    desk.paramo(&words).expect(0);
    let found = desk.paramo(&["suggest", "some"]).expect(0);
    assert!(found.out.starts_with("some: 24 runs measured\n"), "{}", found.out);
    let (_, table) = found.out.split_once("[application.resources]\n").unwrap();
    // What is suggested is read again as it stands.
    desk.file(
        "next.toml",
        format!("name = \"next\"\n[application]\ncommand = [\"true\", \"{{x}}\"]\n[application.resources]\n{table}[space]\nx = {{ from = 1, to = 2, step = 1 }}\n"),
    );
    desk.paramo(&["run", "next.toml", "-q"]).expect(0);
    let few = desk.paramo(&["suggest", "next"]).expect(0);
    assert!(few.err.contains("fewer than 20 runs"), "{}", few.err);

    desk.file(
        "slow.toml",
        "name = \"slow\"\n[application]\ncommand = [\"sleep\", \"{x}\"]\n[application.resources]\ntime = \"1 s\"\n[space]\nx = [0, 30]\n",
    );
    desk.paramo(&["run", "slow.toml", "-q"]).expect(1);
    let json = desk.paramo(&["suggest", "slow", "--json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json["runs"].as_u64(), json["short_of_time"].as_u64()), (Some(1), Some(1)), "{json}");
    assert_eq!(json["suggested"]["time_seconds"], 2.0, "{json}");

    desk.file(
        "none.toml",
        "name = \"none\"\n[application]\ncommand = [\"sh\", \"-c\", \"exit {x}\"]\n[space]\nx = [1]\n",
    );
    desk.paramo(&["run", "none.toml", "-q"]);
    let none = desk.paramo(&["suggest", "none"]).expect(2);
    assert!(none.err.contains("no run of none has ended that tells"), "{}", none.err);
}
