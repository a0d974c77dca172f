//! A study without a file: what a command line says, put together and checked as a file would be.

use std::str::FromStr;

use super::read_axis;
use crate::check;
use crate::{
    Application, Block, Diagnostic, Factor, FieldPath, Measure, Name, Output, OutputSource, Parameter,
    Program, Row, RunPolicy, SpaceSpec, Stream, Study, Template, ValueType,
};

/// The parts of a sweep as they were typed.
#[derive(Clone, Copy, Debug)]
pub struct SweepRequest<'a> {
    /// The study's name; that of the program when not given.
    pub name: Option<&'a str>,
    /// The program and its arguments: templates.
    pub command: &'a [String],
    /// Axes, as [`read_axis`] takes them; the first varies slowest.
    pub parameters: &'a [String],
    /// `NAME=json:FIELD`, `NAME=regex:PATTERN`, `NAME=csv:COLUMN`, all of the standard output, or `NAME=` and what is
    /// measured: `exit-code`, `wall-time`, `cpu-time`, `peak-memory`.
    pub outputs: &'a [String],
    pub condition: Option<&'a str>,
    pub cpus: f64,
    pub memory: Option<&'a str>,
    pub time: Option<&'a str>,
    /// The directory it runs in.
    pub source: &'a str,
}

/// The study that a command line describes, with the default policies.
///
/// # Errors
///
/// Everything that is wrong with it. The field of a diagnostic is the option as it was typed; there are no positions.
pub fn read_sweep(request: &SweepRequest) -> Result<Study, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let name = name(request).map_err(|error| found.push(error)).ok();
    let command: Vec<Template> = request
        .command
        .iter()
        .filter_map(|word| {
            let wrong = |error: crate::TemplateError| option("command", error.to_string());
            Template::parse(word).map_err(|error| found.push(wrong(error))).ok()
        })
        .collect();
    let mut application = Application::new(Program::Command(command));
    for text in request.outputs {
        match output(text) {
            Ok(output) => application.outputs.push(output),
            Err(message) => found.push(option(&format!("--output {text}"), message)),
        }
    }
    if !(0.0..=1e6).contains(&request.cpus) {
        found.push(option(
            "--run-cpus",
            format!("expected a number that is not negative, found {}", request.cpus),
        ));
    }
    application.resources.cpus = request.cpus;
    application.resources.memory = quantity("--memory", request.memory, &mut found);
    application.resources.time = quantity("--time", request.time, &mut found);
    let mut block = axes(request.parameters, &mut found);
    block.condition = request.condition.map(str::to_owned);
    let Some(name) = name.filter(|_| found.is_empty()) else { return Err(found) };
    let mut study = Study {
        name,
        description: None,
        application,
        space: SpaceSpec { blocks: vec![block] },
        run: RunPolicy::default(),
        source: request.source.to_owned(),
    };
    let findings = check::study(&mut study, &check::Broken::default());
    if findings.is_empty() {
        Ok(study)
    } else {
        Err(findings.into_iter().map(|f| as_typed(f.diagnostic)).collect())
    }
}

/// The block that axes from a command line make, to be appended to the space of a study with these parameters.
///
/// # Errors
///
/// Everything that is wrong with it, as for [`read_sweep`].
pub fn read_axes(texts: &[String], parameters: &[Parameter]) -> Result<SpaceSpec, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut space = SpaceSpec { blocks: vec![axes(texts, &mut found)] };
    if !found.is_empty() {
        return Err(found);
    }
    let findings = check::space(parameters, &mut space, &check::Broken::default());
    if findings.is_empty() {
        Ok(space)
    } else {
        Err(findings.into_iter().map(|f| as_typed(f.diagnostic)).collect())
    }
}

fn axes(texts: &[String], found: &mut Vec<Diagnostic>) -> Block {
    let mut block = Block::default();
    for text in texts {
        match read_axis(text) {
            Ok((name, axis)) => block.factors.push(Factor::Axis(name, axis)),
            Err(error) => {
                let wrong = option(&format!("--param {text}"), error.message);
                found.push(match error.help {
                    Some(help) => wrong.help(help),
                    None => wrong,
                });
            }
        }
    }
    block
}

fn option(option: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(FieldPath::new([option]), message)
}

/// Names the option instead of the field that it fills.
fn as_typed(mut diagnostic: Diagnostic) -> Diagnostic {
    let parts: Vec<&str> = diagnostic.field.0.iter().map(String::as_str).collect();
    let typed = match parts.as_slice() {
        ["space", "0", "where", ..] => "--where".to_owned(),
        ["space", "0"] => "--param".to_owned(),
        ["space", "0", name, ..] => format!("--param {name}"),
        ["application", "outputs", name, ..] => format!("--output {name}"),
        ["application", "command", ..] => "command".to_owned(),
        _ => return diagnostic,
    };
    diagnostic.field = FieldPath(vec![typed]);
    diagnostic
}

/// The name given, or the program's file name without its ending.
fn name(request: &SweepRequest) -> Result<Name, Diagnostic> {
    if let Some(name) = request.name {
        return Name::new(name).map_err(|error| option("--name", error.to_string()));
    }
    let program = request.command.first().map_or("", String::as_str);
    let file = program.rsplit('/').next().unwrap_or(program);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem });
    Name::new(stem).map_err(|_| {
        option("--name", format!("`{program}` gives the study no name"))
            .help("add --name with a name for the study")
    })
}

fn quantity<T: FromStr<Err = String>>(
    name: &str,
    text: Option<&str>,
    found: &mut Vec<Diagnostic>,
) -> Option<T> {
    text?.parse().map_err(|message: String| found.push(option(name, message))).ok()
}

fn output(text: &str) -> Result<Output, String> {
    const FORMS: &str = "NAME=json:FIELD, NAME=regex:PATTERN, NAME=csv:COLUMN or NAME=exit-code|wall-time|cpu-time|peak-memory";
    let (name, source) = text.split_once('=').ok_or_else(|| format!("expected {FORMS}"))?;
    let name = Name::new(name).map_err(|error| error.to_string())?;
    let (mut kind, mut unit) = (None, None);
    let source = match source.split_once(':') {
        Some(("json", field)) => OutputSource::Json { field: field.to_owned(), file: None },
        Some(("regex", pattern)) => {
            OutputSource::Regex { pattern: pattern.to_owned(), stream: Stream::Stdout }
        }
        Some(("csv", column)) => {
            OutputSource::Csv { column: column.to_owned(), row: Row::Last, stream: Stream::Stdout }
        }
        _ => {
            let Some((_, measure)) = Measure::ALL.into_iter().find(|(word, _)| *word == source) else {
                return Err(format!("expected {FORMS}, found `{source}`"));
            };
            kind = Some(measured(measure));
            unit = measure.unit().map(str::to_owned);
            OutputSource::Measure(measure)
        }
    };
    Ok(Output { name, source, kind, unit, description: None, required: true })
}

/// The type of a measured output.
pub(super) fn measured(measure: Measure) -> ValueType {
    match measure {
        Measure::ExitCode | Measure::PeakMemory => ValueType::Integer,
        Measure::WallTime | Measure::CpuTime => ValueType::Float,
    }
}
