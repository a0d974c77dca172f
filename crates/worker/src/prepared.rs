//! A study as a worker holds it: everything that is the same for all its runs, worked out once.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;
use paramo_design::Space;
use paramo_model::{
    Application, Assignment, ParameterType, Program, ProjectPart, Resources, Slot, Study, StudyId, Template,
    Ticket, Value,
};

use crate::environment::Environment;
use crate::frame;
use crate::function::Broken;
use crate::launcher::Launcher;
use crate::outputs::Outputs;
use crate::{directory, lookup};

/// A study that is ready to run. What is wrong with it fails every run with the same words.
pub(crate) struct Prepared {
    pub id: StudyId,
    pub study: Arc<Study>,
    pub slots: Option<u32>,
    /// More than 0.
    pub share: f64,
    pub project: ProjectPart,
    pub revision: u64,
    /// Whether all processes of a run are ours, so that their memory can be limited and seen.
    pub is_ours: bool,
    pub recipe: Result<Recipe, String>,
}

/// What a run is made from.
pub(crate) struct Recipe {
    space: Space,
    pub outputs: Outputs,
    pub start: Start,
    pub environment: Environment,
    pub keep: GlobSet,
    /// Whether each run gets a directory of its own.
    pub directory: bool,
    /// The directory of the study file.
    pub source: PathBuf,
    pub source_c: CString,
    runs: PathBuf,
    files: PathBuf,
    /// Which parameters are paths that must be absolute because the run is elsewhere.
    paths: Vec<usize>,
}

/// What is started for a run.
pub(crate) enum Start {
    Command {
        /// The program, unless its name depends on the point.
        program: Option<CString>,
        argv: Vec<Word>,
    },
    Function {
        arguments: [CString; 4],
        /// The text of the module, as the line that the process reads first.
        source: Option<String>,
        python: CString,
        broken: Broken,
    },
}

/// An argument.
pub(crate) enum Word {
    Fixed(CString),
    Filled(Template),
}

/// One point with its particulars, as templates are filled from it.
pub(crate) struct Point<'a> {
    pub study: &'a Study,
    pub recipe: &'a Recipe,
    pub values: &'a [Value],
    pub ticket: &'a Ticket,
    pub directory: Option<&'a Path>,
}

impl Prepared {
    /// Works out what the runs have in common.
    pub fn new(assignment: Assignment, launcher: &Launcher) -> Prepared {
        let recipe = Recipe::new(&assignment, launcher);
        let Assignment { id, study, slots, project, revision, .. } = assignment;
        let share = assignment.share.max(f64::MIN_POSITIVE);
        let is_ours = !(study.application.resources.mpi && launcher.is_of_site);
        let project = ProjectPart { share: project.share.max(f64::MIN_POSITIVE), ..project };
        Prepared { id, study, slots, share, project, revision, is_ours, recipe }
    }

    pub fn application(&self) -> &Application {
        &self.study.application
    }

    pub fn resources(&self) -> &Resources {
        &self.study.application.resources
    }
}

impl Recipe {
    fn new(assignment: &Assignment, launcher: &Launcher) -> Result<Recipe, String> {
        let study = &*assignment.study;
        let application = &study.application;
        let source = std::path::absolute(&study.source)
            .map_err(|error| format!("the study's directory {}: {error}", study.source))?;
        let space = Space::new(&study.space, &application.parameters).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            format!("the space cannot be used: {}", problems.join("; "))
        })?;
        let start = match &application.program {
            Program::Command(argv) => {
                let first =
                    argv.first().ok_or("the command is empty; write the program as its first word")?;
                let program = match first.slots().next() {
                    None => Some(program(&fixed(first), &source)?),
                    Some(_) => None,
                };
                let word = |template: &Template| match template.slots().next() {
                    None => c_string(fixed(template)).map(Word::Fixed),
                    Some(_) => Ok(Word::Filled(template.clone())),
                };
                let mut argv: Vec<Word> = argv.iter().map(word).collect::<Result<_, _>>()?;
                match application.resources.mpi {
                    false => Start::Command { program, argv },
                    true => {
                        let words = launcher.words(&application.resources)?;
                        let first = words.first().map(|word| word.to_string_lossy().into_owned());
                        let starter = self::program(&first.unwrap_or_default(), &source)?;
                        if let Some(program) = program {
                            // Whatever starts it looks for it elsewhere, perhaps on another node.
                            argv[0] = Word::Fixed(program);
                        }
                        argv.splice(0..0, words.into_iter().map(Word::Fixed));
                        Start::Command { program: Some(starter), argv }
                    }
                }
            }
            Program::Function { module, function, python, source: text } => Start::Function {
                arguments: [
                    c_string(module.as_str())?,
                    c_string(function.as_str())?,
                    c_string(source.clone().into_os_string().into_vec())?,
                    c_string(if text.is_some() { "sent" } else { "found" })?,
                ],
                source: text.as_deref().map(frame::text_line),
                python: program(python.as_deref().unwrap_or("python3"), &source)?,
                broken: Broken::default(),
            },
        };
        for file in &application.files {
            directory::inside(&file.path)?;
        }
        let absolute =
            |path: &str| std::path::absolute(path).map_err(|error| format!("the directory {path}: {error}"));
        let directory = application.needs_directory();
        let is_path = |(_, parameter): &(usize, &paramo_model::Parameter)| {
            directory && parameter.kind == ParameterType::File
        };
        Ok(Recipe {
            space,
            outputs: Outputs::new(application)?,
            start,
            environment: Environment::new(study)?,
            keep: directory::globs(&application.keep)?,
            directory,
            source_c: c_string(source.clone().into_os_string().into_vec())?,
            source,
            runs: absolute(&assignment.runs)?,
            files: absolute(&assignment.files)?,
            paths: application.parameters.iter().enumerate().filter(is_path).map(|(i, _)| i).collect(),
        })
    }

    /// The values of a point. The error says why there is none.
    pub fn values(&self, index: u64, values: &mut Vec<Value>) -> Result<(), String> {
        if !self.space.point_into(index, values) {
            return Err(format!("the space has no point {index}, or its condition excludes it"));
        }
        for &i in &self.paths {
            if let Value::String(path) = &values[i] {
                values[i] = Value::string(self.source.join(&**path).to_string_lossy());
            }
        }
        Ok(())
    }

    /// Where a run's directory is.
    pub fn run_directory(&self, index: u64) -> PathBuf {
        self.runs.join(index.to_string())
    }

    /// Where the files of a run stay.
    pub fn kept(&self, index: u64) -> PathBuf {
        self.files.join(index.to_string())
    }

    /// Where a large output stream goes.
    pub fn spill(&self, ticket: &Ticket, stream: &str) -> PathBuf {
        // An earlier attempt's report still points to its file.
        let name =
            if ticket.attempt > 1 { format!("{stream}.{}", ticket.attempt) } else { stream.to_owned() };
        self.kept(ticket.index).join(name)
    }
}

impl Point<'_> {
    /// Fills a template.
    pub fn fill(&self, template: &Template) -> String {
        template.render(|slot, out| match slot {
            Slot::Parameter(name) => {
                let parameters = &self.study.application.parameters;
                if let Some(i) = parameters.iter().position(|p| p.name == *name) {
                    Slot::push(&self.values[i], out);
                }
            }
            Slot::Index => out.push_str(&self.ticket.index.to_string()),
            Slot::Attempt => out.push_str(&self.ticket.attempt.to_string()),
            Slot::Study => out.push_str(self.study.name.as_str()),
            Slot::Source => out.push_str(&self.recipe.source.to_string_lossy()),
            Slot::Directory => {
                if let Some(directory) = self.directory {
                    out.push_str(&directory.to_string_lossy());
                }
            }
            Slot::Cpus => out.push_str(&cpus(&self.study.application.resources).to_string()),
        })
    }
}

/// The CPUs a run may use, as programs are told: whole, and at least one.
pub(crate) fn cpus(resources: &Resources) -> u64 {
    resources.cpus.ceil().max(1.0) as u64
}

/// The program that a word means, as it is executed.
pub(crate) fn program(word: &str, source: &Path) -> Result<CString, String> {
    let path = lookup::find(word, source, std::env::var_os("PATH").as_deref())?;
    c_string(path.into_os_string().into_vec())
}

/// A text as the system takes it.
pub(crate) fn c_string(bytes: impl Into<Vec<u8>>) -> Result<CString, String> {
    CString::new(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(&error.into_vec()).replace('\0', "␀");
        format!("`{text}` contains a zero byte, which no argument, variable or path can")
    })
}

/// The text of a template without places.
pub(crate) fn fixed(template: &Template) -> String {
    template.render(|_, _| {})
}
