//! Python functions in a process that stays warm.

use paramo_model::{Cause, Ended, OutputSource, Program, Seconds, TemplateFile, Value};

use super::{Rig, Start, cause, template, value};

/// Numbers, text, booleans, structures, NaN, and objects that know what number they are.
pub async fn functions_return_values(start: Start) {
    let module = r#"
class Scalar:
    def item(self):
        return 2.5

def f(x):
    return [x * x, x / 4, "ü\n" * x, x > 1, {"a": {"b": [x]}}, float("nan"), Scalar(), None, -float("inf"), 10**30][x % 10]
"#;
    let mut rig = Rig::python(start, module).points(2000).json("");
    rig.application.outputs[0].required = false;
    let reports = rig.run().await;
    for report in &reports {
        let x = report.index as i64;
        let expected = match x % 10 {
            0 => Value::Integer(x * x),
            1 => Value::Float(x as f64 / 4.0),
            2 => Value::string("ü\n".repeat(x as usize)),
            3 => (x > 1).into(),
            4 => Value::string(format!("{{\"a\":{{\"b\":[{x}]}}}}")),
            5 => Value::Float(f64::NAN),
            6 => Value::Float(2.5),
            7 => Value::Missing,
            8 => Value::Float(f64::NEG_INFINITY),
            _ => Value::Float(1e30),
        };
        assert_eq!(*value(report), expected, "{x}");
    }
    let attempt = &reports[0].attempt;
    assert!(attempt.started.0 > 1_700_000_000_000_000 && attempt.peak_memory.0 > 1 << 20);
    let mut rig = Rig::python(start, "def f(x):\n    return {'a': {'b': [x, 'two']}}").json("a.b[1]");
    assert_eq!(*value(&rig.once().await), "two".into());
    // A module whose text comes with the study, longer than a pipe holds.
    let text = format!("# {}\ndef f(x):\n    return x + 40", "é".repeat(200_000));
    let sent = Program::Function {
        module: "sent.ü".to_owned(),
        function: "f".to_owned(),
        python: None,
        source: Some(text),
    };
    let mut rig = Rig::new(start, sent).json("");
    assert_eq!(*value(&rig.once().await), Value::Integer(40));
}

/// An exception, an exit, a value that is not JSON: each fails its own call.
pub async fn functions_fail_alone(start: Start) {
    let module = r#"
import sys

def inner(x):
    raise ValueError(f"bad {x}")

def f(x):
    if x == 3:
        inner(x)
    if x == 5:
        sys.exit("stop")
    if x == 7:
        return {1, 2}
    if x == 9:
        return "\ud800"
    if x == 11:
        sys.stdout = None
        raise KeyboardInterrupt
    if x == 13:
        sys.stdout.close()
    print("x is", x)
    return x
"#;
    let reports = Rig::python(start, module).points(40).json("").run().await;
    for report in &reports {
        let exception = |message: &str| Cause::Exception { message: message.to_owned() };
        match report.index {
            3 => {
                assert_eq!(*cause(report), exception("ValueError: bad 3"));
                let trace = String::from_utf8_lossy(&report.attempt.stderr.tail).into_owned();
                assert!(trace.starts_with("Traceback") && trace.contains("module_ü.py\", line 5, in inner") && !trace.contains("runner"), "{trace}");
            }
            5 => assert_eq!(*cause(report), exception("SystemExit: stop")),
            7 => assert_eq!(
                *cause(report),
                Cause::BadOutput {
                    message: "the function returned what cannot be written as JSON: a value of type set cannot be written as JSON".into()
                }
            ),
            9 => assert!(matches!(cause(report), Cause::BadOutput { .. })),
            11 => assert_eq!(*cause(report), exception("KeyboardInterrupt")),
            13 => {}
            x => {
                assert_eq!(*value(report), Value::Integer(x as i64));
                assert_eq!(report.attempt.stdout.tail, format!("x is {x}\n").as_bytes());
            }
        }
    }
}

/// The process exits or crashes in the middle of a frame: that call fails, the others are made.
pub async fn a_dying_process_is_charged_to_its_call(start: Start) {
    let module = r#"
import os, signal

def f(x):
    if x == 700:
        os._exit(3)
    if x == 900:
        os._exit(0)
    if x == 1100:
        os.kill(os.getpid(), signal.SIGSEGV)
    return x
"#;
    for report in Rig::python(start, module).points(2000).json("").run().await {
        match report.index {
            700 => assert_eq!(*cause(&report), Cause::Exit { code: 3 }),
            900 => assert!(matches!(cause(&report), Cause::Exception { .. })),
            1100 => {
                assert_eq!(*cause(&report), Cause::Signal { signal: 11 });
                let said = String::from_utf8_lossy(&report.attempt.stderr.tail).into_owned();
                assert!(said.contains("Segmentation fault") && said.contains("in f"), "{said}");
            }
            x => assert_eq!(*value(&report), Value::Integer(x as i64)),
        }
    }
}

/// A call that does not return is ended; the others of its frame are made.
pub async fn a_call_that_takes_too_long_is_ended(start: Start) {
    let module = "import time\ndef f(x):\n    if x == 300:\n        print('waiting', flush=True)\n        time.sleep(1000)\n    return x";
    let mut rig = Rig::python(start, module).points(600).json("");
    rig.application.resources.time = Some(Seconds(0.3));
    for report in rig.run().await {
        match report.index {
            300 => {
                assert_eq!(*cause(&report), Cause::TimeOut { limit: Seconds(0.3) });
                assert!(report.attempt.wall.seconds() >= 0.3);
            }
            x => assert_eq!(*value(&report), Value::Integer(x as i64)),
        }
    }
}

/// Import errors: every run fails, with the reason, without a new process each.
pub async fn a_function_that_cannot_be_imported_fails_at_once(start: Start) {
    let module =
        "open('imported', 'a').write('once\\n')\nimport nothing_of_this_name\ndef f(x):\n    return x";
    let mut rig = Rig::python(start, module).points(3000).json("");
    let reports = rig.run().await;
    for report in &reports {
        let Cause::NotStarted { message } = cause(report) else { panic!("{report:?}") };
        assert_eq!(
            message,
            "the function could not be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'"
        );
    }
    assert!(String::from_utf8_lossy(&reports[0].attempt.stderr.tail).contains("line 2, in <module>"));
    let tries = std::fs::read_to_string(rig.source().join("imported")).expect("it was tried").lines().count();
    assert!(tries <= 20, "{tries} tries");
    let mut rig = Rig::python(start, "def g(x):\n    return x").json("");
    let Cause::NotStarted { message } = cause(&rig.once().await).clone() else { panic!() };
    assert!(message.contains("has no attribute 'f'"), "{message}");
    let mut rig = Rig::python(start, "import os\nos._exit(4)").json("");
    let Cause::NotStarted { message } = cause(&rig.once().await).clone() else { panic!() };
    assert_eq!(message, "Python ended while it imported the function (exit code 4)");
}

/// Directories, template files, kept files and variables work for functions too.
pub async fn functions_have_directories(start: Start) {
    let module = r#"
import os

def f(x):
    text = open("in.txt").read()
    open("out.dat", "w").write(text)
    open("o.json", "w").write('{"y": %d}' % (x + 1))
    return text + os.environ["VARIABLE"]
"#;
    let file = OutputSource::Json { field: "y".into(), file: Some("o.json".into()) };
    let mut rig = Rig::python(start, module).points(4).json("").output("z", file);
    rig.application.files = vec![TemplateFile { path: "in.txt".into(), content: template("<{x}>") }];
    rig.application.keep = vec!["*.dat".into()];
    rig.application.environment = vec![("VARIABLE".into(), template("ä{x}"))];
    for report in rig.run().await {
        let x = report.index;
        assert_eq!(*value(&report), Value::string(format!("<{x}>ä{x}")));
        assert_eq!(report.outputs[1], Value::Integer(x as i64 + 1));
        assert!(
            rig.files.join(x.to_string()).join("out.dat").exists()
                && !rig.runs().join(x.to_string()).exists()
        );
    }
}

/// Calls behind a long one are made by another slot, and people are told of it: this one waits for both.
pub async fn a_long_call_does_not_hold_up_others(start: Start) {
    let module = r#"
import os, time

def f(x):
    if x == 200:
        while not (os.path.exists("last") and os.path.exists("told-200")):
            time.sleep(0.005)
    if x == 999:
        open("last", "w").close()
    return x
"#;
    let mut rig = Rig::python(start, module).points(1000).json("");
    for report in rig.run().await {
        assert_eq!(*value(&report), Value::Integer(report.index as i64));
    }
}

/// Prints of Python, writes past it, and a lot of both.
pub async fn what_functions_print_is_kept(start: Start) {
    let module = r#"
import os, sys

def f(x):
    if x == 1:
        print("z" * 1_000_000)
    os.write(2, b"raw %d\xff" % x)
    print("out", x)
    print("err", x, file=sys.stderr)
    return x
"#;
    let mut rig = Rig::python(start, module).points(300).json("");
    let reports = rig.run().await;
    for report in &reports {
        assert_eq!(report.attempt.ended, Ended::Succeeded);
        let said = [
            b"raw ",
            report.index.to_string().as_bytes(),
            b"\xfferr ",
            report.index.to_string().as_bytes(),
            b"\n",
        ]
        .concat();
        assert_eq!(report.attempt.stderr.tail, said);
    }
    assert_eq!(reports[0].attempt.stdout.tail, b"out 0\n");
    let large = &reports[1].attempt.stdout;
    assert_eq!(large.length, 1_000_007);
    assert!(large.tail.ends_with(b"z\nout 1\n"));
    assert_eq!(
        std::fs::metadata(large.file.as_ref().expect("a file")).expect("it is there").len(),
        1_000_007
    );
}
