//! What the fields of a study file are, for people and for their editors: the tables of the reference and the JSON Schema
//! are made from this one list.
//!
//! The readers beside this file decide what is accepted. A test reads every field through them and compares: a field that
//! is read and not described here fails it, and so does one that is described and not read.

use std::fmt::Write;

use super::{outputs, parameters};
use crate::{CauseKind, Measure};

/// A table of the study file.
#[derive(Debug)]
pub struct TableHelp {
    /// Where it stands, `*` for a name of one's own: `application.outputs.*`.
    pub path: &'static str,
    pub fields: &'static [FieldHelp],
    /// What else it may hold: fields of one's own names.
    pub others: Option<Shape>,
}

/// A field of a table.
#[derive(Debug)]
pub struct FieldHelp {
    pub name: &'static str,
    pub shape: Shape,
    /// What it is where it is not given, as TOML or in words; `None`: it must be given, empty: nothing.
    pub default: Option<&'static str>,
    /// One or two sentences.
    pub help: &'static str,
}

/// What a value looks like.
#[derive(Debug)]
pub enum Shape {
    Text,
    /// One of some words.
    Words(fn() -> Vec<&'static str>),
    Boolean,
    /// An integer of at least so much.
    Integer(i64),
    Number,
    /// A boolean, a number or a string.
    Scalar,
    /// An amount with a unit, such as this one.
    Amount(&'static str),
    List(&'static Shape),
    /// Fields of one's own names.
    Map(&'static Shape),
    /// The table at this path.
    Table(&'static str),
    Any(&'static [Shape]),
}

use Shape::{Amount, Any, Boolean, Integer, List, Map, Number, Scalar, Table, Text, Words};

const fn field(name: &'static str, shape: Shape, default: &'static str, help: &'static str) -> FieldHelp {
    FieldHelp { name, shape, default: Some(default), help }
}

const fn required(name: &'static str, shape: Shape, help: &'static str) -> FieldHelp {
    FieldHelp { name, shape, default: None, help }
}

const UNIT: &str = "For tables, pictures and people.";
const AXIS: Shape = Any(&[Scalar, List(&Scalar), Table("space.*")]);
const NUMBERS: Shape = List(&Number);

/// Every table, in the order of a file.
pub static TABLES: &[TableHelp] = &[
    TableHelp {
        path: "",
        others: None,
        fields: &[
            required(
                "name",
                Text,
                "What the study is called in every command: letters, digits, `_`, `-`, `.`.",
            ),
            field("description", Text, "", "For people."),
            required("application", Table("application"), "What is run."),
            field(
                "space",
                Any(&[Table("space"), List(&Table("space"))]),
                "one point, the defaults",
                "Over which points.",
            ),
            field("run", Table("run"), "", "How."),
        ],
    },
    TableHelp {
        path: "application",
        others: None,
        fields: &[
            field(
                "command",
                Any(&[Text, List(&Text)]),
                "",
                "The program and its arguments, such as `[\"program\", \"--x\", \"{x}\"]`. A first word with a `/` is relative to the study file; others are looked up in `PATH`. One string is split like a shell does, quotes respected; there is no shell. For one, write `[\"sh\", \"-c\", \"…\"]`.",
            ),
            field(
                "function",
                Text,
                "",
                "A Python function as `\"module:name\"`, called with the parameters by name. Its module is looked for beside the study file first. Instead of `command`.",
            ),
            field("python", Text, "\"python3\"", "The interpreter for `function`, 3.9 or newer."),
            field(
                "source",
                Text,
                "",
                "The text of the module with `function`, at most 1 MiB, instead of a file: it goes wherever the study goes.",
            ),
            field("description", Text, "", "For people."),
            field(
                "environment",
                Map(&Scalar),
                "",
                "Variables added to the environment, such as `{ OMP_NUM_THREADS = 1 }`.",
            ),
            field("stdin", Text, "", "Text for the standard input, such as `\"{x}\\n\"`."),
            field(
                "files",
                Map(&Any(&[Text, Table("application.files.*")])),
                "",
                "Files written to the run's directory before it starts, by their path there: the content, or `{ template = \"big.tmpl\" }`.",
            ),
            field(
                "keep",
                List(&Text),
                "[]",
                "Files of the run's directory that are kept after it, in `.paramo/files/`, such as `[\"*.png\"]`.",
            ),
            field(
                "directory",
                Boolean,
                "false",
                "Give every run a directory of its own, though nothing else asks for one.",
            ),
            field(
                "parameters",
                Map(&Any(&[Words(plain_types), Table("application.parameters.*")])),
                "inferred",
                "What it takes.",
            ),
            field("outputs", Map(&Table("application.outputs.*")), "", "What a run gives."),
            field("resources", Table("application.resources"), "", "What a run needs."),
            field(
                "success",
                Table("application.success"),
                "",
                "When a run that ended by itself has succeeded. Required outputs count as well.",
            ),
        ],
    },
    TableHelp {
        path: "application.files.*",
        others: None,
        fields: &[required("template", Text, "The file with the content, relative to the study file.")],
    },
    TableHelp {
        path: "application.parameters.*",
        others: None,
        fields: &[
            field(
                "type",
                Words(types),
                "that of `default`",
                "A `file` is a path relative to the study file; the command gets it absolute.",
            ),
            field("unit", Text, "", UNIT),
            field("description", Text, "", UNIT),
            field("min", Number, "", "The least value of a number."),
            field("max", Number, "", "The greatest value of a number."),
            field("choices", List(&Scalar), "", "The values of a `choice`."),
            field("default", Scalar, "", "What it is where the space does not say."),
        ],
    },
    TableHelp {
        path: "application.outputs.*",
        others: None,
        fields: &[
            field(
                "json",
                Text,
                "",
                "A field (`a.b[0]`) of a JSON document. Of a function, a field of what it returned.",
            ),
            field(
                "regex",
                Text,
                "",
                "The first group (or the whole) of the last match of a regular expression.",
            ),
            field("csv", Text, "", "A column of a CSV table."),
            field("measure", Words(measures), "", "What Paramo measures itself."),
            field(
                "file",
                Text,
                "standard output",
                "The file in the run's directory that is read; with `json`, `regex`, `csv`.",
            ),
            field("from", Words(streams), "\"stdout\"", "The stream that is read; with `regex`, `csv`."),
            field(
                "row",
                Any(&[Words(rows), Integer(0)]),
                "\"last\"",
                "The row of a `csv` table: the first, the last or a number from 0.",
            ),
            field("type", Words(output_types), "what the runs give", "What the values are."),
            field("unit", Text, "", UNIT),
            field("description", Text, "", UNIT),
            field(
                "required",
                Boolean,
                "true",
                "A run without a required output has failed, with the reason.",
            ),
        ],
    },
    TableHelp {
        path: "application.resources",
        others: None,
        fields: &[
            field(
                "cpus",
                Number,
                "1",
                "Cores of one run, or of each of its tasks; 0 for a run that only waits.",
            ),
            field(
                "memory",
                Amount("256 MiB"),
                "no limit",
                "Enforced by cgroups where they may be used, else by an address-space limit.",
            ),
            field("time", Amount("10 min"), "no limit", "Wall time."),
            field("gpus", Integer(0), "0", "Handed out through `CUDA_VISIBLE_DEVICES`; of each node."),
            field(
                "nodes",
                Integer(1),
                "1",
                "Machines that one run is spread over. More than one needs a site: there each run is a batch job of its own.",
            ),
            field(
                "tasks",
                Integer(1),
                "as many as nodes",
                "Processes of one run. With more than one, it is a batch job of its own at a site.",
            ),
            field(
                "mpi",
                Boolean,
                "false",
                "Starts the command once a task, as ranks of MPI: by the site's `launcher` (`srun` on Slurm), else by `mpirun`.",
            ),
            field(
                "learn",
                Boolean,
                "false",
                "Places runs by the memory and time that at least 20 runs before them have used, and a margin, where that is less; a batch job for one run gets a walltime by it. The limits stay.",
            ),
        ],
    },
    TableHelp {
        path: "application.success",
        others: None,
        fields: &[
            field("exit_codes", List(&Integer(i32::MIN as i64)), "[0]", "The exit codes of success."),
            field("pattern", Text, "", "A regular expression that the standard output must match."),
        ],
    },
    TableHelp {
        path: "space",
        others: Some(AXIS),
        fields: &[
            field("sample", Table("space.sample"), "", "How the parameters with a distribution are sampled."),
            field(
                "zip",
                Any(&[Map(&AXIS), List(&Map(&AXIS))]),
                "",
                "Axes of one length that advance together.",
            ),
            field(
                "points",
                Text,
                "",
                "A file with points, relative to the study file; its columns are parameters.",
            ),
            field("where", Text, "", "A condition; points for which it does not hold are left out."),
            field(
                "block",
                Any(&[Table("space"), List(&Table("space"))]),
                "",
                "Blocks one after the other, crossed with the axes beside them.",
            ),
        ],
    },
    TableHelp {
        path: "space.sample",
        others: Some(Any(&[Scalar, List(&Scalar)])),
        fields: &[
            required(
                "method",
                Text,
                "How points are chosen; `paramo space methods` lists the methods and their options.",
            ),
            field("count", Integer(1), "what the method says", "How many points."),
            field("seed", Integer(0), "0", "The same seed gives the same points."),
            field("start", Integer(0), "0", "The index of the first point, to continue a sequence."),
        ],
    },
    TableHelp {
        path: "space.*",
        others: None,
        fields: &[
            field("from", Scalar, "", "Where a range begins, or the least value of a distribution."),
            field(
                "to",
                Scalar,
                "",
                "Where a range ends, itself included, or the greatest value of a distribution.",
            ),
            field("count", Integer(1), "", "How many values a range has."),
            field("step", Number, "", "The distance of the values of a range; instead of `count`."),
            field(
                "scale",
                Words(scales),
                "\"linear\"",
                "Whether a range is even in the values or in their logarithms.",
            ),
            field("replicate", Integer(1), "", "How often every point is repeated: 1, 2, …"),
            field("seed", Integer(0), "", "With `replicate`: independent random integers instead of 1, 2, …"),
            field("uniform", NUMBERS, "", "A uniform distribution, `[from, to]`."),
            field(
                "loguniform",
                NUMBERS,
                "",
                "A distribution that is uniform in the logarithm, `[from, to]`.",
            ),
            field(
                "normal",
                NUMBERS,
                "",
                "A normal distribution, `[mean, sd]`; truncated with `from` and `to`.",
            ),
            field("mean", Number, "", "The mean of a normal distribution, with `sd`."),
            field("sd", Number, "", "Its standard deviation."),
            field("median", Number, "", "The median of a log-normal distribution, with `gsd`."),
            field("gsd", Number, "", "Its geometric standard deviation, a factor above 1."),
            field(
                "log_mean",
                Number,
                "",
                "The mean of the natural logarithm of a log-normal distribution, with `log_sd`.",
            ),
            field("log_sd", Number, "", "Its standard deviation."),
            field("triangular", NUMBERS, "", "A triangular distribution, `[from, mode, to]`."),
            field(
                "mode",
                Number,
                "",
                "The most frequent value of a triangular distribution, with `from` and `to`.",
            ),
            field("values", List(&Scalar), "", "The values of a discrete distribution."),
            field("weights", NUMBERS, "all alike", "How often each of them is drawn."),
        ],
    },
    TableHelp {
        path: "run",
        others: None,
        fields: &[
            field(
                "site",
                Any(&[Text, List(&Text)]),
                "\"local\"",
                "Where: `\"local\"` is the machine that works on the study, other names are those of `sites.toml`, `\"auto\"` is every site that fits.",
            ),
            field(
                "order",
                Any(&[Words(orders), Table("run.order")]),
                "\"sequential\"",
                "In which order: `\"coarse\"` takes every axis from a coarse grid to a fine one, so that a first picture appears early.",
            ),
            field("retries", Integer(0), "0", "Further attempts of a run that failed."),
            field(
                "retry",
                Table("run.retry"),
                "",
                "Which causes are tried again, after which waits, and what the next attempt gets more of.",
            ),
            field("slots", Integer(1), "as many as fit", "Runs at once at the most."),
            field(
                "max_failures",
                Any(&[Integer(1), Amount("5 %")]),
                "no limit",
                "Start nothing more once so many runs have failed, or such a part of all points.",
            ),
            field(
                "cpu_limit",
                Amount("100 h"),
                "no limit",
                "Start nothing more once all attempts together have used so much CPU time.",
            ),
            field(
                "time_limit",
                Amount("2 d"),
                "no limit",
                "Start nothing more once the study has been worked on for so long, all sessions together; pauses do not count.",
            ),
        ],
    },
    TableHelp {
        path: "run.order",
        others: None,
        fields: &[required("random", Integer(0), "The seed of a random order.")],
    },
    TableHelp {
        path: "run.retry",
        others: None,
        fields: &[
            field("count", Integer(0), "0", "As `retries`; give one of them."),
            field(
                "on",
                List(&Words(causes)),
                "all that another attempt may mend",
                "The causes that are tried again.",
            ),
            field("delay", Amount("1 s"), "\"1 s\"", "The wait before the second attempt."),
            field("factor", Number, "2", "Every further wait is this many times longer."),
            field("max_delay", Amount("1 min"), "\"1 min\"", "The longest wait."),
            field("more_memory", Number, "1", "After `out-of-memory`, this many times the memory."),
            field("more_time", Number, "1", "After `time-out`, this many times the time."),
        ],
    },
];

fn first<T>(words: &[(&'static str, T)]) -> Vec<&'static str> {
    words.iter().map(|(word, _)| *word).collect()
}

fn types() -> Vec<&'static str> {
    first(&parameters::TYPES)
}

/// Those that are whole without a table.
fn plain_types() -> Vec<&'static str> {
    types().into_iter().filter(|word| *word != "choice").collect()
}

fn output_types() -> Vec<&'static str> {
    first(&outputs::TYPES)
}

fn measures() -> Vec<&'static str> {
    first(&Measure::ALL)
}

fn streams() -> Vec<&'static str> {
    vec!["stdout", "stderr"]
}

fn rows() -> Vec<&'static str> {
    vec!["first", "last"]
}

fn scales() -> Vec<&'static str> {
    vec!["linear", "log"]
}

fn orders() -> Vec<&'static str> {
    vec!["sequential", "reverse", "random", "coarse"]
}

fn causes() -> Vec<&'static str> {
    CauseKind::ALL.iter().map(|kind| kind.word()).collect()
}

impl Shape {
    /// In words, for the reference.
    fn described(&self) -> String {
        match self {
            Text => "string".to_owned(),
            Words(words) => words().iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "),
            Boolean => "true or false".to_owned(),
            Integer(least @ 0..) => format!("integer ≥ {least}"),
            Integer(_) => "integer".to_owned(),
            Number => "number".to_owned(),
            Scalar => "value".to_owned(),
            Amount(example) => format!("such as `\"{example}\"`"),
            List(Words(words)) => format!("list of {}", Words(*words).described()),
            List(Table(_)) => "list of tables".to_owned(),
            List(Map(_)) => "list of tables".to_owned(),
            List(inner) => format!("list of {}s", inner.described()),
            Map(_) => "table".to_owned(),
            Table(_) => "table".to_owned(),
            Any(shapes) => shapes.iter().map(Shape::described).collect::<Vec<_>>().join(" or "),
        }
    }
}

/// The fields of a table as a table of Markdown; `None` for a path that is not there.
pub fn fields(path: &str) -> Option<String> {
    let table = TABLES.iter().find(|table| table.path == path)?;
    let mut out = "| field | value | if not given | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for field in table.fields {
        let default = match field.default {
            None => "**required**".to_owned(),
            Some(default)
                if default.starts_with(['"', '['])
                    || default.parse::<f64>().is_ok()
                    || default == "true"
                    || default == "false" =>
            {
                format!("`{default}`")
            }
            Some(default) => default.to_owned(),
        };
        let cells = [format!("`{}`", field.name), field.shape.described(), default, field.help.to_owned()];
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    Some(out)
}

#[cfg(test)]
mod tests;
