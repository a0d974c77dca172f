//! What can be run: the one description that studies sweep, services answer with, workflows chain and jobs submit.

use serde::{Deserialize, Serialize};

use crate::{Bytes, Name, Parameter, Seconds, Template, Value, ValueType};

/// An application. Parameters are in the order in which points list their values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Application {
    pub description: Option<String>,
    pub program: Program,
    pub parameters: Vec<Parameter>,
    pub outputs: Vec<Output>,
    pub resources: Resources,
    pub success: Success,
    /// Environment variables, added to those of the worker.
    pub environment: Vec<(String, Template)>,
    /// Text for the program's standard input; without it the input is empty.
    pub stdin: Option<Template>,
    /// Files written to the run's directory before it starts.
    pub files: Vec<TemplateFile>,
    /// Globs of files in the run's directory that are kept after it.
    pub keep: Vec<String>,
    /// Whether each run gets a directory of its own though nothing else asks for one.
    pub directory: bool,
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// A program and its arguments. A first word with a `/` is relative to the study file; others are looked up in `PATH`.
    Command(Vec<Template>),
    /// A Python function, called with the parameters as keyword arguments in a process that stays warm.
    Function {
        /// The module, imported with the study file's directory first on the path.
        module: String,
        function: String,
        /// The interpreter; `python3` on the `PATH` when not given.
        python: Option<String>,
        /// The text of the module, which then is in no file: it goes wherever the study goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
}

/// A file made from a template for each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateFile {
    /// Where, relative to the run's directory.
    pub path: String,
    pub content: Template,
}

/// A named value that a run gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub name: Name,
    pub source: OutputSource,
    /// The type of the column. `None`: whatever the runs give.
    #[serde(rename = "type")]
    pub kind: Option<ValueType>,
    pub unit: Option<String>,
    pub description: Option<String>,
    /// A run without it has failed. An output that is not required may be missing or `null`.
    pub required: bool,
}

/// Where an output is found. Files are relative to the run's directory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputSource {
    /// A field (`a.b[0]`; empty for the whole) of a JSON document: a file, the standard output, or what a function returned.
    Json { field: String, file: Option<String> },
    /// The first group (or the whole) of the last match of a regular expression.
    Regex { pattern: String, stream: Stream },
    /// A cell of a CSV file with a header.
    Csv { column: String, row: Row, stream: Stream },
    /// Something that Paramo measures.
    Measure(Measure),
}

/// A text that outputs are read from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    Stdout,
    Stderr,
    File(String),
}

/// Which row of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    First,
    Last,
    /// From 0, the header not counted.
    Number(u64),
}

/// What Paramo measures of every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    ExitCode,
    /// Seconds.
    WallTime,
    /// User and system time of the run's processes, seconds.
    CpuTime,
    /// Largest resident set, bytes.
    PeakMemory,
}

impl Measure {
    pub const ALL: [(&str, Measure); 4] = [
        ("exit-code", Measure::ExitCode),
        ("wall-time", Measure::WallTime),
        ("cpu-time", Measure::CpuTime),
        ("peak-memory", Measure::PeakMemory),
    ];

    pub fn unit(self) -> Option<&'static str> {
        match self {
            Measure::ExitCode => None,
            Measure::WallTime | Measure::CpuTime => Some("s"),
            Measure::PeakMemory => Some("B"),
        }
    }
}

/// What a run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Cores of each task; 0 for a run that only waits.
    pub cpus: f64,
    /// On each node. Enforced where the system allows it.
    pub memory: Option<Bytes>,
    /// Wall time, after which the run is ended.
    pub time: Option<Seconds>,
    /// On each node.
    pub gpus: u32,
    /// Machines that it runs on together.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub nodes: u32,
    /// Processes that it consists of.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub tasks: u32,
    /// Whether its tasks are started as ranks of MPI, and not by the command itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mpi: bool,
    /// Whether runs are placed by what those before them have used, instead of by what is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub learn: bool,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

impl Default for Resources {
    fn default() -> Resources {
        Resources {
            cpus: 1.0,
            memory: None,
            time: None,
            gpus: 0,
            nodes: 1,
            tasks: 1,
            mpi: false,
            learn: false,
        }
    }
}

impl Resources {
    /// Cores of all its tasks together.
    pub fn cores(&self) -> f64 {
        self.cpus * f64::from(self.tasks)
    }

    /// Whether it gets an allocation of its own where a site grants allocations: it is spread over nodes, or has its tasks started by what
    /// starts tasks there.
    pub fn is_whole(&self) -> bool {
        self.nodes > 1 || self.tasks > 1 || self.mpi
    }
}

/// When a run that ended by itself has succeeded; required outputs count as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Success {
    pub exit_codes: Vec<i32>,
    /// A regular expression that the standard output must match.
    pub pattern: Option<String>,
}

impl Default for Success {
    fn default() -> Success {
        Success { exit_codes: vec![0], pattern: None }
    }
}

impl Application {
    /// An application that runs a program and nothing more.
    pub fn new(program: Program) -> Application {
        Application {
            description: None,
            program,
            parameters: Vec::new(),
            outputs: Vec::new(),
            resources: Resources::default(),
            success: Success::default(),
            environment: Vec::new(),
            stdin: None,
            files: Vec::new(),
            keep: Vec::new(),
            directory: false,
        }
    }

    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == *name)
    }

    /// Whether each run gets a directory of its own: only when the application writes or reads files in it.
    pub fn needs_directory(&self) -> bool {
        let reads_file = |output: &Output| match &output.source {
            OutputSource::Json { file, .. } => file.is_some(),
            OutputSource::Regex { stream, .. } | OutputSource::Csv { stream, .. } => {
                matches!(stream, Stream::File(_))
            }
            OutputSource::Measure(_) => false,
        };
        self.directory
            || !self.files.is_empty()
            || !self.keep.is_empty()
            || self.outputs.iter().any(reads_file)
            || self.templates().any(|t| t.slots().any(|s| *s == crate::Slot::Directory))
    }

    /// Every template of the application.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let argv: &[Template] = match &self.program {
            Program::Command(argv) => argv,
            Program::Function { .. } => &[],
        };
        argv.iter()
            .chain(self.environment.iter().map(|(_, template)| template))
            .chain(&self.stdin)
            .chain(self.files.iter().map(|file| &file.content))
    }

    /// The defaults of all parameters, `Missing` where there is none, in the order of the parameters.
    pub fn defaults(&self) -> Vec<Value> {
        self.parameters.iter().map(|p| p.default.clone().unwrap_or(Value::Missing)).collect()
    }
}
