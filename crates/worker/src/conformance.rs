//! What every worker does, whichever way it is reached: the suite that each implementation of [`Link`] passes.
//!
//! [`conformance_tests!`](crate::conformance_tests) makes a test of each check. It is given a function from a [`Capacity`] to a started worker
//! that sees the same files as the test.

mod commands;
mod endings;
mod functions;
mod leases;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use paramo_model::{
    Application, Assignment, Axis, Block, Bytes, Capacity, Cause, Ended, Factor, FromWorker, LeaseId, Name,
    Output, OutputSource, Parameter, ParameterType, Program, ProjectPart, Report, RunPolicy, Scale,
    SpaceSpec, Steps, Study, StudyId, Template, Ticket, ToWorker, Value,
};
use tempfile::TempDir;

use crate::Link;

pub use self::{commands::*, endings::*, functions::*, leases::*};

/// Starts a worker.
pub type Start = fn(Capacity) -> Box<dyn Link>;

/// The study of every rig.
pub(crate) const STUDY: StudyId = StudyId(7);

/// Makes a test of each check of the suite, but for [`what_this_machine_lacks_is_named`](crate::conformance::what_this_machine_lacks_is_named),
/// which is of one machine: of several, another may have it; `$start` is a [`Start`](crate::conformance::Start).
#[macro_export]
macro_rules! conformance_tests {
    ($start:expr) => {
        $crate::conformance_tests!(@each $start;
            outputs_are_read, a_missing_command_is_named, large_output_is_spilled, binary_output_is_kept_as_it_is,
            nothing_outlives_its_run, a_run_that_ignores_sigterm_is_killed, a_run_that_takes_too_long_is_ended, endings_are_told_apart,
            what_is_missing_is_named, numbers_that_are_not, directories_are_filled_kept_from_and_removed, surroundings_are_set,
            output_that_cannot_be_kept_is_an_error, functions_return_values, functions_fail_alone, a_dying_process_is_charged_to_its_call,
            a_call_that_takes_too_long_is_ended, a_function_that_cannot_be_imported_fails_at_once, functions_have_directories,
            a_long_call_does_not_hold_up_others, what_functions_print_is_kept, draining_lets_runs_end, stopping_gives_runs_back,
            dropping_the_link_kills, unknown_studies_go_back, many_run_at_once, no_more_at_once_than_allowed, gpus_are_handed_out,
            a_function_is_ended_by_stopping, a_released_study_is_ended_alone
        );
    };
    (@each $start:expr; $($check:ident),*) => {
        $(
            #[test]
            fn $check() {
                $crate::conformance::run($crate::conformance::$check($start));
            }
        )*
    };
}

/// Runs a check to its end, within a time that only a hang exceeds.
pub fn run(check: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(60), check).await })
        .expect("the check comes to an end");
}

/// A worker with a study, and an engine that leases what is asked for.
pub(crate) struct Rig {
    pub link: Box<dyn Link>,
    pub application: Application,
    pub slots: Option<u32>,
    /// Where files that large output goes to are made; the default is a directory of the rig.
    pub files: PathBuf,
    pub points: u64,
    pub notices: Vec<String>,
    pub returned: Vec<u64>,
    /// What the worker has asked for and not got.
    wanted: u32,
    home: TempDir,
}

impl Rig {
    pub fn new(start: Start, program: Program) -> Rig {
        Rig::with(start(Capacity { cpus: 2.0, memory: Bytes(1 << 30), gpus: Vec::new() }), program)
    }

    pub fn with(link: Box<dyn Link>, program: Program) -> Rig {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(home.path().join("söurce dir")).expect("a directory");
        let mut application = Application::new(program);
        application.parameters.push(Parameter::new(name("x"), ParameterType::Integer));
        Rig {
            link,
            application,
            slots: None,
            files: home.path().join("fîles here"),
            points: 1,
            notices: Vec::new(),
            returned: Vec::new(),
            wanted: 0,
            home,
        }
    }

    /// A rig whose application runs a shell script.
    pub fn shell(start: Start, script: &str) -> Rig {
        Rig::new(start, shell(script))
    }

    /// A rig whose application calls `f` of a module with this text.
    pub fn python(start: Start, text: &str) -> Rig {
        let program = Program::Function {
            module: "module_ü".to_owned(),
            function: "f".to_owned(),
            python: None,
            source: None,
        };
        let rig = Rig::new(start, program);
        std::fs::write(rig.source().join("module_ü.py"), text).expect("a file");
        rig
    }

    pub fn points(mut self, points: u64) -> Rig {
        self.points = points;
        self
    }

    pub fn output(mut self, name: &str, source: OutputSource) -> Rig {
        self.application.outputs.push(output(name, source));
        self
    }

    pub fn json(self, field: &str) -> Rig {
        self.output("y", OutputSource::Json { field: field.to_owned(), file: None })
    }

    /// The directory of the study file.
    pub fn source(&self) -> PathBuf {
        self.home.path().join("söurce dir")
    }

    pub fn runs(&self) -> PathBuf {
        self.home.path().join("rüns here")
    }

    /// What the script wrote to a file beside the study file, once it is there.
    pub async fn wait_for(&self, file: &str) -> String {
        loop {
            match std::fs::read_to_string(self.source().join(file)) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ => tokio::time::sleep(Duration::from_millis(2)).await,
            }
        }
    }

    pub fn assign(&mut self) {
        let values = if self.points < 10 {
            Axis::Values((0..self.points as i64).map(Value::Integer).collect())
        } else {
            let to = Value::Integer(self.points as i64 - 1);
            Axis::Range {
                from: Value::Integer(0),
                to,
                steps: Steps::Count(self.points),
                scale: Scale::Linear,
            }
        };
        let blocks = vec![Block { factors: vec![Factor::Axis(name("x"), values)], condition: None }];
        let study = Study {
            name: name("conformance"),
            description: None,
            application: self.application.clone(),
            space: SpaceSpec { blocks },
            run: RunPolicy::default(),
            source: text(&self.source()),
        };
        self.link.send(ToWorker::Assign(Assignment {
            id: STUDY,
            study: Arc::new(study),
            runs: text(&self.runs()),
            files: text(&self.files),
            slots: self.slots,
            share: 1.0,
            project: ProjectPart::default(),
            revision: 1,
        }));
    }

    pub fn lease(&mut self, lease: u64, indices: impl IntoIterator<Item = u64>) {
        let tickets = indices.into_iter().map(ticket).collect();
        self.link.send(ToWorker::Lease { study: STUDY, lease: LeaseId(lease), tickets });
    }

    /// Makes all runs, with a file `told-{index}` beside the study file for each that is said to have begun. Each is reported once; the reports are in the order of their indices.
    pub async fn run(&mut self) -> Vec<Report> {
        self.assign();
        let mut leased = 0;
        let mut reports = BTreeMap::new();
        while (reports.len() as u64) < self.points {
            let to = (leased + u64::from(self.wanted)).min(self.points);
            if to > leased {
                self.wanted = 0;
                self.lease(leased, leased..to);
                leased = to;
            }
            for message in self.link.receive().await.expect("the worker is there") {
                match message {
                    FromWorker::Wants { runs, .. } => self.wanted = runs,
                    FromWorker::Report(report) => {
                        let index = report.index;
                        assert!(reports.insert(index, *report).is_none(), "run {index} is reported once");
                    }
                    FromWorker::Started { index, .. } => {
                        let told = self.source().join(format!("told-{index}"));
                        std::fs::write(told, "").expect("a file");
                    }
                    FromWorker::Notice(notice) => self.notices.push(notice),
                    FromWorker::Settled { .. } | FromWorker::Holds { .. } => {}
                    FromWorker::Returned { indices, .. } => self.returned.extend(indices),
                    FromWorker::Released { .. } | FromWorker::Gone => panic!("nobody sent it away"),
                }
            }
        }
        reports.into_values().collect()
    }

    /// Makes the only run.
    pub async fn once(&mut self) -> Report {
        assert_eq!(self.points, 1);
        self.run().await.remove(0)
    }

    /// Listens until the worker is gone. Returns the reports.
    pub async fn listen_to_the_end(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        while let Some(messages) = self.link.receive().await {
            for message in messages {
                match message {
                    FromWorker::Report(report) => reports.push(*report),
                    FromWorker::Returned { indices, .. } => self.returned.extend(indices),
                    _ => {}
                }
            }
        }
        self.returned.sort_unstable();
        reports
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(crate) fn template(text: &str) -> Template {
    Template::parse(text).expect("a template")
}

pub(crate) fn shell(script: &str) -> Program {
    Program::Command(vec![template("sh"), template("-c"), template(script)])
}

pub(crate) fn output(text: &str, source: OutputSource) -> Output {
    Output { name: name(text), source, kind: None, unit: None, description: None, required: true }
}

pub(crate) fn ticket(index: u64) -> Ticket {
    Ticket::new(index, 1)
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path of text").to_owned()
}

/// The first output of a run that succeeded.
#[track_caller]
pub(crate) fn value(report: &Report) -> &Value {
    assert_eq!(
        report.attempt.ended,
        Ended::Succeeded,
        "{}",
        String::from_utf8_lossy(&report.attempt.stderr.tail)
    );
    &report.outputs[0]
}

/// Why a run failed.
#[track_caller]
pub(crate) fn cause(report: &Report) -> &Cause {
    match &report.attempt.ended {
        Ended::Failed(cause) => cause,
        Ended::Succeeded => panic!("run {} succeeded with {:?}", report.index, report.outputs),
    }
}

/// Whether a process exists and has not ended.
pub(crate) fn lives(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Waits until a process is no more.
pub(crate) async fn gone(pid: &str) {
    while lives(pid) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
