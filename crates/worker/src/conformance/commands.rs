//! Commands: what is read, kept and said of them.

use paramo_model::{
    Cause, Ended, Measure, OutputSource, Program, Row, Seconds, Stream, TemplateFile, Value, ValueType,
};

use super::{Rig, Start, cause, gone, lives, output, template, value};

/// Every source of outputs, in a directory with a space and an umlaut.
pub async fn outputs_are_read(start: Start) {
    let script = r#"echo log line; echo 'a = 1'; echo 'a = {x}5'; echo 'n,m' > t.csv; echo '1, two words' >> t.csv; echo '{"deep": [{x}.5]}' >&2
        sleep 0.1; echo '{"v": {"w": [0, {x}]} }'; echo '{"f": true}' > o.json; exit 3"#;
    let mut rig = Rig::shell(start, script)
        .points(4)
        .json("v.w[1]")
        .output("a", OutputSource::Regex { pattern: "^a = (.*)$".into(), stream: Stream::Stdout })
        .output("e", OutputSource::Regex { pattern: r"\d+\.\d".into(), stream: Stream::Stderr })
        .output(
            "m",
            OutputSource::Csv { column: "m".into(), row: Row::Last, stream: Stream::File("t.csv".into()) },
        )
        .output("f", OutputSource::Json { field: "f".into(), file: Some("o.json".into()) })
        .output("code", OutputSource::Measure(Measure::ExitCode))
        .output("wall", OutputSource::Measure(Measure::WallTime))
        .output("peak", OutputSource::Measure(Measure::PeakMemory));
    rig.application.outputs[0].kind = Some(ValueType::Float);
    rig.application.success.exit_codes = vec![3];
    for (x, report) in rig.run().await.iter().enumerate() {
        let x = x as i64;
        assert_eq!(*value(report), Value::Float(x as f64));
        let rest = [
            Value::Integer(x * 10 + 5),
            Value::Float(x as f64 + 0.5),
            "two words".into(),
            true.into(),
            Value::Integer(3),
        ];
        assert_eq!(report.outputs[1..6], rest);
        assert!(report.outputs[6].as_f64().is_some_and(|wall| wall > 0.0 && wall < 60.0));
        assert!(report.outputs[7].as_f64().is_some_and(|peak| peak > 1e4));
        assert_eq!((report.attempt.exit_code, report.attempt.number), (Some(3), 1));
        assert!(
            report.attempt.started.0 > 1_700_000_000_000_000
                && report.attempt.stdout.tail.starts_with(b"log line\n")
        );
    }
}

/// A command that does not exist, and files that are no programs.
pub async fn a_missing_command_is_named(start: Start) {
    let command = |word: &str| Program::Command(vec![template(word)]);
    let mut rig = Rig::new(start, command("pythn3-of-nobody")).points(3);
    for report in rig.run().await {
        let Cause::NotStarted { message } = cause(&report) else { panic!("{report:?}") };
        assert_eq!(
            message,
            "the command `pythn3-of-nobody` was not found on the PATH; install it, or write its path"
        );
    }
    let mut rig = Rig::new(start, command("./no-interpreter"));
    let program = rig.source().join("no-interpreter");
    std::fs::write(&program, "#!/nonexistent/interpreter\n").expect("a file");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("permissions");
    let Cause::NotStarted { message } = cause(&rig.once().await).clone() else { panic!() };
    assert!(
        message.ends_with(
            "no-interpreter names an interpreter that does not exist; look at its first line (`#!`)"
        ),
        "{message}"
    );
}

/// Ten megabytes on standard output: kept in a file, with the tail in the report, and read for outputs.
pub async fn large_output_is_spilled(start: Start) {
    let script = "head -c 10000000 /dev/zero | tr '\\0' a; echo; echo '{\"y\": {x}}'; echo done";
    let mut rig = Rig::shell(start, script).points(2).json("y");
    for report in rig.run().await {
        assert_eq!(*value(&report), Value::Integer(report.index as i64));
        let stdout = &report.attempt.stdout;
        assert_eq!((stdout.length, stdout.tail.len()), (10_000_015, 64 * 1024));
        assert!(stdout.tail.ends_with(b"done\n"));
        let file = std::fs::read(stdout.file.as_ref().expect("a file")).expect("it can be read");
        assert_eq!(file.len(), 10_000_015);
        assert!(file.ends_with(&stdout.tail));
        assert_eq!(report.attempt.stderr.file, None);
    }
}

/// Any bytes, and no newline at the end.
pub async fn binary_output_is_kept_as_it_is(start: Start) {
    let report = Rig::shell(start, r"printf '\377\000\001\n\200'; printf x >&2").once().await;
    assert_eq!(report.attempt.ended, Ended::Succeeded);
    assert_eq!(report.attempt.stdout.tail, b"\xff\x00\x01\n\x80");
    assert_eq!(report.attempt.stderr.tail, b"x");
}

/// Children in the run's group, in a session of their own, and children of those; all hold standard output open.
pub async fn nothing_outlives_its_run(start: Start) {
    let script = r#"sleep 1000 & echo $! > plain
        setsid sh -c 'echo $$ > session; setsid sh -c "echo \$\$ > deep; sleep 1000" & sleep 1000' &
        while [ ! -s session ] || [ ! -s deep ]; do sleep 0.01; done; echo end"#;
    let mut rig = Rig::shell(start, script);
    let report = rig.once().await;
    assert_eq!(report.attempt.ended, Ended::Succeeded);
    assert_eq!(report.attempt.stdout.tail, b"end\n");
    for file in ["plain", "session", "deep"] {
        let pid = rig.wait_for(file).await;
        assert!(!lives(&pid), "{file} {pid} is gone");
    }
}

/// SIGTERM is ignored: SIGKILL follows.
pub async fn a_run_that_ignores_sigterm_is_killed(start: Start) {
    let mut rig = Rig::shell(start, "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done");
    rig.application.resources.time = Some(Seconds(0.3));
    let report = rig.once().await;
    assert_eq!(*cause(&report), Cause::TimeOut { limit: Seconds(0.3) });
    assert!(!lives(&rig.wait_for("pid").await));
}

/// A time-out, with what was printed before it; a ticket may give more time.
pub async fn a_run_that_takes_too_long_is_ended(start: Start) {
    let mut rig = Rig::shell(start, "echo before; echo $$ > pid; sleep 1000");
    rig.application.resources.time = Some(Seconds(0.2));
    let report = rig.once().await;
    assert_eq!(*cause(&report), Cause::TimeOut { limit: Seconds(0.2) });
    assert_eq!(report.attempt.stdout.tail, b"before\n");
    assert!(report.attempt.wall.seconds() >= 0.2);
    gone(&rig.wait_for("pid").await).await;
}

/// Exit codes, signals and patterns of success.
pub async fn endings_are_told_apart(start: Start) {
    let script = "case {x} in 0) exit 0;; 1) exit 7;; 2) kill -SEGV $$;; 3) echo converged;; 4) exec 1>&- 2>&-; sleep 0.1;; esac";
    let mut rig =
        Rig::shell(start, script).points(5).output("code", OutputSource::Measure(Measure::ExitCode));
    let reports = rig.run().await;
    assert_eq!(*value(&reports[0]), Value::Integer(0));
    assert_eq!(*cause(&reports[1]), Cause::Exit { code: 7 });
    // What was measured of a failed run is there.
    assert_eq!(reports[1].outputs, [Value::Integer(7)]);
    assert_eq!(*cause(&reports[2]), Cause::Signal { signal: 11 });
    assert_eq!(reports[2].outputs, [Value::Missing]);
    value(&reports[3]);
    value(&reports[4]);
    let mut rig = Rig::shell(start, script).points(4);
    rig.application.success.pattern = Some("^conv".into());
    let reports = rig.run().await;
    let Cause::BadOutput { message } = cause(&reports[0]) else { panic!() };
    assert_eq!(message, "standard output does not match the pattern of success `^conv`");
    assert_eq!(reports[3].attempt.ended, Ended::Succeeded);
}

/// Required outputs that are not there, each with its reason; others are missing.
pub async fn what_is_missing_is_named(start: Start) {
    let json = |field: &str, file: Option<&str>| OutputSource::Json {
        field: field.into(),
        file: file.map(Into::into),
    };
    let regex = OutputSource::Regex { pattern: "nothing".into(), stream: Stream::Stdout };
    let cell = OutputSource::Csv { column: "c".into(), row: Row::Number(5), stream: Stream::Stdout };
    for (source, kind, message) in [
        (
            json("perod", None),
            None,
            "output `y`: standard output has no field `perod`; did you mean `period`?",
        ),
        (json("a", Some("out.json")), None, "output `y`: the run did not write the file `out.json`"),
        (json("empty", None), None, "output `y`: it is null"),
        (json("word", None), Some(ValueType::Float), "output `y`: expected a float, found the string \"x\""),
        (regex, None, "output `y`: standard output has no match of `nothing`"),
        (
            cell,
            None,
            "output `y`: standard output has no column `c`; it has: `{\"period\": 1`, `\"empty\": null`, `\"word\": \"x\"}`",
        ),
    ] {
        let mut rig = Rig::shell(start, r#"echo '{{"period": 1, "empty": null, "word": "x"}}'"#)
            .output("y", source.clone());
        rig.application.outputs[0].kind = kind;
        let report = rig.once().await;
        assert_eq!(*cause(&report), Cause::BadOutput { message: message.into() });
        assert!(!report.attempt.stdout.tail.is_empty());
        if kind.is_none() {
            rig.application.outputs = vec![paramo_model::Output { required: false, ..output("y", source) }];
            assert_eq!(*value(&rig.once().await), Value::Missing);
        }
    }
}

/// NaN and infinities, as Python writes them and as text.
pub async fn numbers_that_are_not(start: Start) {
    let mut rig = Rig::shell(start, r#"echo '{{"a": NaN, "b": -Infinity}}'; echo 'r=nan' >&2"#)
        .json("a")
        .output("b", OutputSource::Json { field: "b".into(), file: None })
        .output("r", OutputSource::Regex { pattern: "r=(.*)".into(), stream: Stream::Stderr });
    let nan = Value::Float(f64::NAN);
    assert_eq!(rig.once().await.outputs, [nan.clone(), Value::Float(f64::NEG_INFINITY), nan]);
}

/// A directory for each run: template files in it, kept files out of it, nothing left of it.
pub async fn directories_are_filled_kept_from_and_removed(start: Start) {
    let script = "cat 'in/pär x.txt'; cp 'in/pär x.txt' 'out {x}.dat'; echo log > no.log; pwd > where.dat; test {paramo.directory} = \"$PWD\"";
    let mut rig =
        Rig::shell(start, &script.replace("{paramo.directory}", "\"{paramo.directory}\"")).points(3);
    rig.application.files =
        vec![TemplateFile { path: "in/pär x.txt".into(), content: template("x = {x} of {paramo.study}\n") }];
    rig.application.keep = vec!["*.dat".into()];
    // What an earlier attempt left behind is not seen.
    std::fs::create_dir_all(rig.runs().join("1/in/pär x.txt")).expect("a directory");
    for report in rig.run().await {
        let x = report.index;
        assert_eq!(
            report.attempt.ended,
            Ended::Succeeded,
            "{}",
            String::from_utf8_lossy(&report.attempt.stderr.tail)
        );
        let kept = rig.files.join(x.to_string());
        let text = format!("x = {x} of conformance\n");
        assert_eq!(std::fs::read_to_string(kept.join(format!("out {x}.dat"))).expect("it is kept"), text);
        assert_eq!(report.attempt.stdout.tail, text.as_bytes());
        assert!(!kept.join("no.log").exists() && !rig.runs().join(x.to_string()).exists());
    }
    rig.application.files[0].path = "../outside".into();
    rig.points = 1;
    let Cause::NotStarted { message } = cause(&rig.once().await).clone() else { panic!() };
    assert_eq!(
        message,
        "`../outside` is not a file inside the run's directory; write a relative path without `..`"
    );
}

/// Standard input, variables, the working directory.
pub async fn surroundings_are_set(start: Start) {
    let script = "cat; echo \"$NAME/$FIXED/$PARAMO_STUDY/$PARAMO_INDEX/$PARAMO_ATTEMPT/$PARAMO_CPUS/$OMP_NUM_THREADS\"; basename \"$PWD\"";
    let mut rig = Rig::shell(start, script).points(2);
    rig.application.stdin = Some(template("line {x}\nno end"));
    let variable = |name: &str, text: &str| (name.to_owned(), template(text));
    rig.application.environment =
        vec![variable("NAME", "v{x}"), variable("FIXED", "é f"), variable("OMP_NUM_THREADS", "3")];
    let report = &rig.run().await[1];
    assert_eq!(
        String::from_utf8_lossy(&report.attempt.stdout.tail),
        "line 1\nno endv1/é f/conformance/1/1/1/3\nsöurce dir\n"
    );
    // Without a text the input is empty.
    assert_eq!(Rig::shell(start, "wc -c").once().await.attempt.stdout.tail.trim_ascii(), b"0");
}

/// A disk that cannot take a large output.
pub async fn output_that_cannot_be_kept_is_an_error(start: Start) {
    let mut rig = Rig::shell(start, "head -c 200000 /dev/zero");
    rig.files = rig.source().join("a file");
    std::fs::write(&rig.files, "").expect("a file");
    let report = rig.once().await;
    let Cause::BadOutput { message } = cause(&report) else { panic!("{report:?}") };
    assert!(message.starts_with("failed to write /") && message.contains("a file/0/stdout: "), "{message}");
    assert_eq!(report.attempt.stdout.length, 200_000);
}
