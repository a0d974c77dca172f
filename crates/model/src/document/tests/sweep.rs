//! Studies without a file, and what changes in a study.

use super::*;

#[test]
fn a_sweep_is_checked_as_a_file_is() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (command, parameters, outputs) =
        (words("./sim.sh --x {x} {mode}"), words("x=0:1:0.1 mode=a,b"), words("y=json:y t=wall-time"));
    let request = SweepRequest {
        name: None,
        command: &command,
        parameters: &parameters,
        outputs: &outputs,
        condition: Some("x > 0.5"),
        cpus: 1.0,
        memory: Some("1 GiB"),
        time: None,
        source: "/tmp",
    };
    let study = read_sweep(&request).unwrap();
    assert_eq!(study.name.as_str(), "sim");
    let Factor::Axis(_, axis) = &study.space.blocks[0].factors[0] else { panic!() };
    assert!(matches!(axis, Axis::Range { from: Value::Float(0.0), .. }), "{axis:?}");
    let parameters = words("x=10:1 mod=a");
    let wrong = SweepRequest { parameters: &parameters, condition: Some("z > 1"), ..request };
    let lines = |found: Vec<Diagnostic>| found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines(read_sweep(&wrong).unwrap_err()), @"
    `--param x`: from 10 to 1 by 1 has no points: the range is inverted (swap `from` and `to`, or step by -1)
    `--param mod`: `mod` is varied but used nowhere in the application (did you mean `mode`?)
    `command`: `{mode}` is no parameter: it is not declared, and nothing in [space] gives it a value (did you mean `{mod}`?)
    `--where`: there is no parameter `z` (the names known here are x, mod)
    ");
    let outputs = words("y=jsn:y y");
    let parameters = words("x=1:b x");
    let command = words("{x}");
    let wrong = SweepRequest {
        parameters: &parameters,
        outputs: &outputs,
        command: &command,
        memory: Some("1"),
        ..request
    };
    insta::assert_snapshot!(lines(read_sweep(&wrong).unwrap_err()), @r#"
    `--name`: `{x}` gives the study no name (add --name with a name for the study)
    `--output y=jsn:y`: expected NAME=json:FIELD, NAME=regex:PATTERN, NAME=csv:COLUMN or NAME=exit-code|wall-time|cpu-time|peak-memory, found `jsn:y`
    `--output y`: expected NAME=json:FIELD, NAME=regex:PATTERN, NAME=csv:COLUMN or NAME=exit-code|wall-time|cpu-time|peak-memory
    `--memory`: `1` is not an amount of memory; write a number and a unit, such as "256 MiB" or "2 GB"
    `--param x=1:b`: expected where the range ends, a number, found `b` (a text with a `:` in it stands in quotes, within those of the shell)
    `--param x`: expected `=` between a name and its values (write NAME=VALUES, such as x=1:10, x=0:1:0.1, x=1e8:2e9/25log or mode=a,b)
    "#);
    insta::assert_snapshot!(lines(read_axes(&words("x=a y=1"), &study.application.parameters).unwrap_err()), @r#"
    `--param y`: there is no parameter `y` (the parameters are x, mode)
    `--param x`: expected a float, found the string "a"
    `--param`: this block gives `mode` no value, and it has no default (add mode = … to the block)
    "#);
}

#[test]
fn differences_are_named() {
    let old = read(HES1);
    assert_eq!(differences(&old, &old), []);
    let mut grown = old.clone();
    grown.space.blocks.push(old.space.blocks[0].clone());
    assert_eq!(
        differences(&old, &grown).iter().map(|d| d.kind).collect::<Vec<_>>(),
        [ChangeKind::SpaceGrown]
    );
    assert_eq!(differences(&grown, &old), [], "the file does not know of points that were added later");
    assert_eq!(continued(&grown, old.clone()), grown);
    let new = read(
        &HES1
            .replace("\"--k1\"", "\"--k-1\"")
            .replace(
                "{ json = \"period\" }",
                "{ json = \"period\", unit = \"min\" }\namplitude = { json = \"a\" }",
            )
            .replace("10 min", "1 h")
            .replace("to = 2e9", "to = 3e9")
            .replace("retries = 2", "slots = 1"),
    );
    let lines =
        differences(&old, &new).iter().map(|d| format!("{:?} {d}", d.kind)).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines, @r#"
    Application application.command: ["hes1","--k1","{k1}","--k2","{k2}","--seed","{seed}"] → ["hes1","--k-1","{k1}","--k2","{k2}","--seed","{seed}"]
    Run application.outputs.period.unit: "min" is new
    Application application.outputs.amplitude: `amplitude` is new
    Run application.resources.time: 10 min → 1 h
    SpaceChanged space.0.k1: 100000000 to 2000000000, 25 values → 100000000 to 3000000000, 25 values
    Run run.slots: 1 is new
    Run run.retry.count: 2 → 0
    "#);
}
