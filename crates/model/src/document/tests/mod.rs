//! Files as people write them, right and wrong.

mod application;
mod space;
mod sweep;
mod writer;

use super::*;
use crate::{
    Axis, Distribution, Factor, Output, OutputSource, ParameterType, Program, Setting, Steps, Value,
};

const HES1: &str = r#"name = "hes1"
[application]
command = ["hes1", "--k1", "{k1}", "--k2", "{k2}", "--seed", "{seed}"]
[application.outputs]
period = { json = "period" }           # a field of the JSON document on standard output
[application.resources]
cpus = 1
memory = "256 MiB"
time = "10 min"
[space]
k1   = { from = 1e8, to = 2e9, count = 25 }     # binding, 1/(M min)
k2   = { from = 1e-2, to = 2e-1, count = 25 }   # unbinding, 1/min
seed = { replicate = 4 }
[run]
site = "local"
retries = 2
"#;

fn load(name: &str) -> Result<Vec<u8>, String> {
    match name {
        "points.csv" => Ok(b"k1,k2\n1,0.5\n2,\"[0.25, 0.75]\"\n".to_vec()),
        "ragged.csv" => Ok(b"k1,k2\n1,0.5\n2\n".to_vec()),
        "points.jsonl" => Ok(b"{\"k1\": 1, \"k2\": [0.25, 0.75]}\n{\"k1\": 2, \"k2\": \"3\"}\n".to_vec()),
        "texts.jsonl" => {
            Ok(b"{\"k1\": 1, \"k2\": [\"0.25\", \"0.75\"]}\n{\"k2\": \"3\", \"k1\": 2}\n".to_vec())
        }
        "points.parquet" => Ok(b"PAR1".to_vec()),
        "input.tmpl" => Ok(b"k1 = {k1}\n".to_vec()),
        "latin1.tmpl" => Ok(b"caf\xe9".to_vec()),
        other => Err(format!("cannot read {other}: no such file")),
    }
}

fn parquet(bytes: Vec<u8>, source: &str) -> Result<crate::PointTable, String> {
    Err(format!("{source} has {} bytes and is not read in these tests", bytes.len()))
}

fn origin() -> Origin<'static> {
    Origin {
        file: "study.toml".to_owned(),
        directory: "/home/ada".to_owned(),
        load: &load,
        parquet: &parquet,
    }
}

/// Reads a study, which is also to come back when it is written.
fn read(text: &str) -> Study {
    match read_study(text, &origin()) {
        Ok(document) => {
            writer::comes_back(&document.study);
            document.study
        }
        Err(found) => panic!("{}", shown(&found, text)),
    }
}

fn shown(found: &[Diagnostic], text: &str) -> String {
    found.iter().map(|diagnostic| render(diagnostic, text, "study.toml")).collect::<Vec<_>>().join("\n")
}

/// Everything that is wrong, as a terminal shows it.
fn errors(text: &str) -> String {
    match read_study(text, &origin()) {
        Ok(document) => panic!("nothing is wrong: {:?}", document.study),
        Err(found) => shown(&found, text),
    }
}

/// A study of `sim --k1 {k1} --k2 {k2}` with this space.
fn sim(space: &str) -> String {
    format!("name = \"s\"\napplication.command = \"sim --k1 {{k1}} --k2 {{k2}}\"\n{space}")
}

fn float_range(from: f64, to: f64, count: u64) -> Axis {
    Axis::Range { from: from.into(), to: to.into(), steps: Steps::Count(count), scale: crate::Scale::Linear }
}

#[test]
fn the_example_of_the_design_is_read() {
    let study = read(HES1);
    assert_eq!(study.name.as_str(), "hes1");
    assert_eq!(study.source, "/home/ada");
    let factors = &study.space.blocks[0].factors;
    let name = |text| crate::Name::new(text).unwrap();
    assert_eq!(factors[0], Factor::Axis(name("k1"), float_range(1e8, 2e9, 25)));
    assert_eq!(factors[1], Factor::Axis(name("k2"), float_range(1e-2, 2e-1, 25)));
    assert_eq!(factors[2], Factor::Axis(name("seed"), Axis::Replicate { count: 4, seed: None }));
    let parameters: Vec<_> =
        study.application.parameters.iter().map(|p| (p.name.as_str(), p.kind.word(), p.inferred)).collect();
    assert_eq!(parameters, [("k1", "float", true), ("k2", "float", true), ("seed", "integer", true)]);
    assert_eq!(study.application.resources.memory, Some(crate::Bytes(256 << 20)));
    assert_eq!(study.run.retry.count, 2);
}

#[test]
fn every_field_is_read() {
    let study = read(
        r##"
name = "all"
description = "everything"
[application]
description = "a program"
command = "./sim --k1 {k1} '--mode={mode}'"
stdin = "k2 = {k2}"
environment = { OMP_NUM_THREADS = 1, N = "{n}" }
files = { "in/input.txt" = { template = "input.tmpl" }, "note" = "{{k1}}" }
keep = ["*.png"]
directory = true
success = { exit_codes = [0, 3], pattern = "done" }
[application.parameters]
n = { type = "integer", min = 1, max = 10, default = 3, unit = "1", description = "how many" }
mode = { choices = ["fast", "slow"], default = "fast" }
k1 = "float"
level = { default = 0.5 }
data = { type = "file", default = "a.dat" }
bits = { type = "choice", choices = [8, 16], default = 8.0 }
[application.outputs]
period = { json = "a.b[0]", file = "out.json", required = false, type = "float", unit = "min", description = "d" }
last = { regex = 'x=(\d+)', from = "stderr" }
row = { csv = "y", file = "t.csv", row = 2 }
end = { csv = "y" }
memory = { measure = "peak-memory" }
[application.resources]
cpus = 0
time = "1.5 h"
gpus = 1
[run]
order = { random = 7 }
retry = { count = 3, on = ["exit", "time-out"], delay = "10 ms", factor = 3, max_delay = "1 min", more_memory = 2, more_time = 1.5 }
slots = 4
max_failures = 10
cpu_limit = "100 h"
time_limit = "2 d"
[[space]]
k1 = [1, 2.5]
zip = [{ n = [1, 2], mode = ["slow", "fast"] }]
where = "k1 > 1 or n == 2"
k2 = { from = 0, to = 1, step = 0.1 }
[[space]]
points = "points.csv"
n = 5
"##,
    );
    let serde_json::Value::Object(parts) = serde_json::to_value(&study).unwrap() else { panic!() };
    let mut lines = Vec::new();
    for (name, part) in parts {
        match part {
            serde_json::Value::Object(parts) => {
                lines.extend(parts.iter().map(|(field, part)| format!("{name}.{field}: {part}")))
            }
            part => lines.push(format!("{name}: {part}")),
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    application.description: "a program"
    application.directory: true
    application.environment: [["OMP_NUM_THREADS","1"],["N","{n}"]]
    application.files: [{"content":"k1 = {k1}\n","path":"in/input.txt"},{"content":"{{k1}}","path":"note"}]
    application.keep: ["*.png"]
    application.outputs: [{"description":"d","name":"period","required":false,"source":{"json":{"field":"a.b[0]","file":"out.json"}},"type":"float","unit":"min"},{"description":null,"name":"last","required":true,"source":{"regex":{"pattern":"x=(\\d+)","stream":"stderr"}},"type":null,"unit":null},{"description":null,"name":"row","required":true,"source":{"csv":{"column":"y","row":{"number":2},"stream":{"file":"t.csv"}}},"type":null,"unit":null},{"description":null,"name":"end","required":true,"source":{"csv":{"column":"y","row":"last","stream":"stdout"}},"type":null,"unit":null},{"description":null,"name":"memory","required":true,"source":{"measure":"peak-memory"},"type":"integer","unit":"B"}]
    application.parameters: [{"default":3,"description":"how many","inferred":false,"max":10.0,"min":1.0,"name":"n","type":"integer","unit":"1"},{"default":"fast","description":null,"inferred":false,"max":null,"min":null,"name":"mode","type":{"choice":["fast","slow"]},"unit":null},{"default":null,"description":null,"inferred":false,"max":null,"min":null,"name":"k1","type":"float","unit":null},{"default":0.5,"description":null,"inferred":false,"max":null,"min":null,"name":"level","type":"float","unit":null},{"default":"a.dat","description":null,"inferred":false,"max":null,"min":null,"name":"data","type":"file","unit":null},{"default":8,"description":null,"inferred":false,"max":null,"min":null,"name":"bits","type":{"choice":[8,16]},"unit":null},{"default":null,"description":null,"inferred":true,"max":null,"min":null,"name":"k2","type":"float","unit":null}]
    application.program: {"command":["./sim","--k1","{k1}","--mode={mode}"]}
    application.resources: {"cpus":0.0,"gpus":1,"memory":null,"time":5400.0}
    application.stdin: "k2 = {k2}"
    application.success: {"exit_codes":[0,3],"pattern":"done"}
    description: "everything"
    name: "all"
    run.cpu_limit: 360000.0
    run.max_failures: 10
    run.order: {"random":7}
    run.retry: {"count":3,"delay":0.01,"factor":3.0,"max_delay":60.0,"more_memory":2.0,"more_time":1.5,"on":["exit","time-out"]}
    run.site: "local"
    run.slots: 4
    run.time_limit: 172800.0
    run.wished_limits: null
    run.wished_slots: null
    source: "/home/ada"
    space.blocks: [{"condition":"k1 > 1 or n == 2","factors":[{"axis":["k1",{"values":[1.0,2.5]}]},{"zip":[["n",{"values":[1,2]}],["mode",{"values":["slow","fast"]}]]},{"axis":["k2",{"range":{"from":0.0,"scale":"linear","steps":{"by":0.1},"to":1.0}}]}]},{"condition":null,"factors":[{"points":{"columns":["k1","k2"],"rows":[[[1.0],[0.5]],[[2.0],[0.25,0.75]]],"source":"points.csv"}},{"axis":["n",{"values":[5]}]}]}]
    "#);
}

#[test]
fn a_study_survives_json() {
    for text in
        [HES1, &sim("space = { k1 = [nan_is_refused], k2 = 1 }").replace("nan_is_refused", "0.1, 1e300, 5")]
    {
        let study = read(text);
        let json = serde_json::to_string(&study).unwrap();
        assert_eq!(serde_json::from_str::<Study>(&json).unwrap(), study);
    }
    let study = read(
        "name = 'f'\n[application]\nfunction = 'model:f'\n[[space]]\nsample = { method = 'sobol', count = 8, seed = 3 }\n\
         a = { uniform = [0, 1] }\nb = { normal = [0, 2.5] }\nc = { from = 1, to = 10, scale = 'log' }\n\
         s = ['~x', 'NaN', '{α}']\nflag = [true, false]\n[[space.block]]\nd = 1\n[[space.block]]\nd = [2, 3]\n",
    );
    let json = serde_json::to_string(&study).unwrap();
    assert_eq!(serde_json::from_str::<Study>(&json).unwrap(), study);
}

#[test]
fn a_function_without_outputs_gives_its_result() {
    let study = read(
        "name = 'pi'\nspace.n = [1, 2]\n[application]\nfunction = 'pi:estimate'\npython = 'python3.11'\n",
    );
    let python = Some("python3.11".to_owned());
    assert_eq!(
        study.application.program,
        Program::Function { module: "pi".into(), function: "estimate".into(), python, source: None }
    );
    let [Output { name, source, .. }] = study.application.outputs.as_slice() else { panic!() };
    assert_eq!((name.as_str(), source), ("result", &OutputSource::Json { field: String::new(), file: None }));
}

#[test]
fn a_study_without_space_is_one_run() {
    let study =
        read("name = 's'\napplication.command = 'sim {x}'\napplication.parameters.x = { default = 3 }\n");
    assert_eq!(study.space.blocks, [crate::Block::default()]);
    assert_eq!(study.application.parameters[0].kind, ParameterType::Integer);
}

#[test]
fn unknown_fields_are_named_with_the_nearest() {
    insta::assert_snapshot!(errors(&HES1.replace("memory", "memroy").replace("[run]", "[runs]")), @r#"
    `application.resources.memroy`: there is no field `memroy` here
      --> study.toml:8:1
       |
     8 | memroy = "256 MiB"
       | ^^^^^^
       = help: did you mean `memory`?

    `runs`: there is no field `runs` here
       --> study.toml:14:2
        |
     14 | [runs]
        |  ^^^^
        = help: did you mean `run`?
    "#);
}

#[test]
fn wrong_types_say_what_was_found() {
    let text = "name = 5\ndescription = []\n[application]\ncommand = [\"sim\", 3]\nkeep = \"*.png\"\ndirectory = \"yes\"\n\
                [application.outputs]\ny = \"json:y\"\nz = { measure = \"walltime\" }\nw = { type = \"float\" }\n\
                v = { json = \"a..b\", regex = \"x\" }\nu = { json = \"a..b\" }\n\
                [application.resources]\ncpus = \"two\"\ngpus = -1\n[run]\norder = \"backwards\"\nslots = 0\nretries = 1.5\n";
    insta::assert_snapshot!(errors(text), @r#"
    `name`: expected the name of the study, a string, found the integer 5
      --> study.toml:1:8
       |
     1 | name = 5
       |        ^

    `description`: expected a string, found an empty list
      --> study.toml:2:15
       |
     2 | description = []
       |               ^^

    `application.command.1`: expected a word of the command, a string, found the integer 3
      --> study.toml:4:19
       |
     4 | command = ["sim", 3]
       |                   ^

    `application.keep`: expected a list of globs, such as ["*.png"], found the string "*.png"
      --> study.toml:5:8
       |
     5 | keep = "*.png"
       |        ^^^^^^^

    `application.directory`: expected true or false, found the string "yes"
      --> study.toml:6:13
       |
     6 | directory = "yes"
       |             ^^^^^

    `application.outputs.y`: expected where the output is found, such as { json = "field" }, found the string "json:y"
      --> study.toml:8:5
       |
     8 | y = "json:y"
       |     ^^^^^^^^

    `application.outputs.z.measure`: expected what is measured: one of "exit-code", "wall-time", "cpu-time", "peak-memory", found "walltime"
      --> study.toml:9:17
       |
     9 | z = { measure = "walltime" }
       |                 ^^^^^^^^^^
       = help: did you mean `wall-time`?

    `application.outputs.w`: where is the output found? expected one of `json`, `regex`, `csv`, `measure`
       --> study.toml:10:5
        |
     10 | w = { type = "float" }
        |     ^^^^^^^^^^^^^^^^^^

    `application.outputs.v.regex`: expected only one of `json` and `regex`
       --> study.toml:11:22
        |
     11 | v = { json = "a..b", regex = "x" }
        |                      ^^^^^

    `application.outputs.u.json`: expected the path of a field, such as "a.b[0]", found "a..b"
       --> study.toml:12:14
        |
     12 | u = { json = "a..b" }
        |              ^^^^^^

    `application.resources.cpus`: expected a number of CPUs, found the string "two"
       --> study.toml:14:8
        |
     14 | cpus = "two"
        |        ^^^^^

    `application.resources.gpus`: expected a number of GPUs, an integer of at least 0, found the integer -1
       --> study.toml:15:8
        |
     15 | gpus = -1
        |        ^^

    `run.order`: expected an order: one of "sequential", "reverse", "random", "coarse", found "backwards"
       --> study.toml:17:9
        |
     17 | order = "backwards"
        |         ^^^^^^^^^^^

    `run.slots`: expected runs at once, an integer of at least 1, found the integer 0
       --> study.toml:18:9
        |
     18 | slots = 0
        |         ^

    `run.retries`: expected how often a failed run is tried again, an integer of at least 0, found the float 1.5
       --> study.toml:19:11
        |
     19 | retries = 1.5
        |           ^^^
    "#);
}

#[test]
fn unused_and_unknown_parameters_are_found() {
    let text = sim("[space]\nk11 = [1, 2]\nk2 = 3\nmode = [\"a\"]\nseed = { replicate = 2 }\n");
    insta::assert_snapshot!(errors(&text), @r#"
    `application.command.2`: `{k1}` is no parameter: it is not declared, and nothing in [space] gives it a value
      --> study.toml:2:33
       |
     2 | application.command = "sim --k1 {k1} --k2 {k2}"
       |                                 ^^^^
       = help: did you mean `{k11}`?

    `space.k11`: `k11` is varied but used nowhere in the application
      --> study.toml:4:1
       |
     4 | k11 = [1, 2]
       | ^^^
       = help: did you mean `k1`?

    `space.mode`: `mode` is varied but used nowhere in the application
      --> study.toml:6:1
       |
     6 | mode = ["a"]
       | ^^^^
       = help: put {mode} into the command, or remove it here
    "#);
}

#[test]
fn syntax_errors_have_a_place() {
    for (text, expected) in [
        ("name = hes1\n", 8),
        ("name = \"a\nx = 1\n", 10),
        ("[space\n", 7),
        ("a = 1\na = 2\n", 1),
        ("k = { a = 1 b = 2 }\n", 15),
        ("α = 1\n", 1),
        ("x =\n", 4),
        ("x = 99999999999999999999\n", 0),
    ] {
        let found = read_study(text, &origin()).unwrap_err();
        let column = found[0].position.as_ref().unwrap().column;
        assert!(expected == 0 || column == expected, "{}", shown(&found, text));
    }
    let all = ["name = hes1\n[application\nx =\n", "α = 1\n", "a = 1\na = 2\n"].map(errors);
    insta::assert_snapshot!(all.join("\n"), @"
    expected a value; texts stand in quotes
      --> study.toml:1:8
       |
     1 | name = hes1
       |        ^^^^

    unclosed table, expected `]`
      --> study.toml:2:13
       |
     2 | [application
       |             ^

    invalid unquoted key, expected letters, numbers, `-`, `_`
      --> study.toml:1:1
       |
     1 | α = 1
       | ^
       = help: put the name in quotes

    this field is given twice
      --> study.toml:2:1
       |
     2 | a = 2
       | ^
    ");
}

#[test]
fn columns_count_characters() {
    let text = "name = \"größe\"\n[application]\ncommand = [\"µsim\", \"{größe}\", \"日本 {größ}\"]\n[space]\n\"größe\" = [1, \"a\"]\n";
    insta::assert_snapshot!(errors(text), @r#"
    `application.command.2`: `{größ}` is no parameter: it is not declared, and nothing in [space] gives it a value
      --> study.toml:3:35
       |
     3 | command = ["µsim", "{größe}", "日本 {größ}"]
       |                                   ^^^^^^
       = help: did you mean `{größe}`?
    "#);
}

#[test]
fn paths_of_other_floors_are_placed() {
    let text = sim(
        "[space]\nzip = { k1 = [1, 2], k2 = [3, 4] }\nwhere = \"k1 > 0\"\n[[space.block]]\nseed = { replicate = 2 }\nk3 = { uniform = [0, 1] }\nsample = { method = \"sobol\", count = 2 }\n",
    );
    for (path, value, written) in [
        (vec!["space", "0", "zip", "0", "k1"], "[1, 2]", "space.zip.k1"),
        (vec!["space", "0", "zip", "0", "k1", "1"], "2", "space.zip.k1.1"),
        (vec!["space", "0", "where"], "\"k1 > 0\"", "space.where"),
        (vec!["space", "0", "block", "0", "seed", "replicate"], "2", "space.block.0.seed.replicate"),
        (vec!["space", "0", "sample", "method"], "[space]", "space.sample.method"),
        (vec!["elsewhere"], "", "elsewhere"),
        (vec!["space", "0", "block", "0", "sample", "k3", "to"], "1", "space.block.0.k3.uniform.1"),
    ] {
        let placed = place(&text, Diagnostic::new(FieldPath::new(path), "wrong"));
        let position = placed.position.unwrap();
        assert_eq!((&text[position.bytes], placed.field.to_string()), (value, written.to_owned()));
    }
}

#[test]
fn a_huge_file_is_refused() {
    let text = format!("name = \"{}\"", "x".repeat(LONGEST));
    let found = read_study(&text, &origin()).unwrap_err();
    assert_eq!(found.len(), 1);
    assert!(found[0].message.contains("more than the 10000000 that are read"), "{}", found[0]);
}
