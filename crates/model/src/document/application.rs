//! `[application]`: what can be run.

use super::field::{Field, Table};
use super::{Origin, outputs, parameters, words};
use crate::check::Broken;
use crate::{
    Application, Bytes, Name, Output, OutputSource, Program, Resources, Success, Template, TemplateFile,
};

pub(super) fn application(mut table: Table, origin: &Origin, broken: &mut Broken) -> Application {
    let program = program(&mut table);
    let mut application = Application::new(program.clone().unwrap_or(Program::Command(Vec::new())));
    broken.program = program.is_none();
    application.description = table.get("description").and_then(|f| f.string("a string")).map(str::to_owned);
    application.stdin =
        table.get("stdin").and_then(|f| f.template("the text for the standard input, a string"));
    if let Some(entries) = table.get("environment").and_then(|f| f.table("a table of variables")) {
        application.environment = entries.fields().filter_map(|field| variable(&field)).collect();
    }
    if let Some(entries) = table.get("files").and_then(|f| f.table("a table from paths to contents")) {
        let count = entries.fields().count();
        application.files = entries.fields().filter_map(|field| file(&field, origin)).collect();
        // What a template that could not be read uses is not known.
        broken.program |= application.files.len() < count;
    }
    if let Some(globs) = table.get("keep").and_then(|f| f.list("a list of globs, such as [\"*.png\"]")) {
        let globs = globs.iter().filter_map(|field| relative(field, field.text("a glob, a string")?));
        application.keep = globs.collect();
    }
    application.directory = table.get("directory").and_then(|f| f.boolean()).unwrap_or(false);
    if let Some(entries) = table.get("parameters").and_then(|f| f.table("a table of parameters")) {
        application.parameters = parameters::parameters(&entries, broken);
    }
    match table.get("outputs").and_then(|f| f.table("a table of outputs")) {
        Some(entries) => application.outputs = outputs::outputs(&entries),
        None if matches!(program, Some(Program::Function { .. })) && !table.has("outputs") => {
            application.outputs = whole_result().into_iter().collect();
        }
        None => {}
    }
    application.resources = table
        .get("resources")
        .and_then(|f| f.table("a table of resources"))
        .map(|table| resources(table, matches!(program, Some(Program::Function { .. }))))
        .unwrap_or_default();
    application.success =
        table.get("success").and_then(|f| f.table("a table")).map(success).unwrap_or_default();
    table.finish();
    application
}

/// The output of a function that declares none: all of what it returns.
fn whole_result() -> Option<Output> {
    Some(Output {
        name: Name::new("result").ok()?,
        source: OutputSource::Json { field: String::new(), file: None },
        kind: None,
        unit: None,
        description: None,
        required: true,
    })
}

/// Sent to every process that calls the function, and stored with the study: no place for data.
const LONGEST_SOURCE: usize = 1 << 20;

fn program(table: &mut Table) -> Option<Program> {
    let (command, function, python) = (table.get("command"), table.get("function"), table.get("python"));
    let source = table.get("source");
    let interpreter = python.as_ref().and_then(|field| field.text("the Python interpreter, a string"));
    let text = source.as_ref().and_then(|field| field.text("the text of the function's module, a string"));
    if let (Some(python), None) = (&python, &function) {
        python.report(
            python.wrong_key("`python` goes with `function`; a command names its interpreter itself"),
        );
    }
    if let (Some(source), None) = (&source, &function) {
        source.report(
            source.wrong_key("`source` goes with `function`: it is the text of the module with the function"),
        );
    }
    if let (Some(source), Some(text)) = (&source, text)
        && text.len() > LONGEST_SOURCE
    {
        source.report(source.wrong("expected at most 1 MiB; put what is longer into a package on the site"));
    }
    match (command, function) {
        (Some(_), Some(function)) => {
            function.report(function.wrong_key("expected either `command` or `function`, found both"));
            None
        }
        (None, None) => table.field.reject(
            "expected `command = [\"program\", \"{parameter}\"]` or `function = \"module:name\"`, found neither",
        ),
        (Some(field), None) => command_line(&field).map(Program::Command),
        (None, Some(field)) => {
            let named = field.text("a function, as \"module:name\"")?;
            let identifier = |part: &str| {
                part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && part.chars().all(|c| c.is_alphanumeric() || c == '_')
            };
            match named.split_once(':') {
                Some((module, name)) if module.split('.').all(identifier) && identifier(name) => {
                    Some(Program::Function {
                        module: module.to_owned(),
                        function: name.to_owned(),
                        python: interpreter.map(str::to_owned),
                        source: text.map(str::to_owned),
                    })
                }
                _ => {
                    let wrong = field.wrong(format!("expected a function as \"module:name\", found \"{named}\""));
                    field.report(wrong.help("for `def simulate(…)` in model.py write \"model:simulate\""));
                    None
                }
            }
        }
    }
}

fn command_line(field: &Field) -> Option<Vec<Template>> {
    const WHAT: &str = "a command: a list of words, or a string of words separated by spaces";
    if let Ok(text) = field.value().as_str().ok_or(()) {
        let words = match words::split(text) {
            Ok(words) => words,
            Err(error) => {
                let wrong = field.wrong_within(&error.word, error.message);
                field.report(match error.help {
                    Some(help) => wrong.help(help),
                    None => wrong,
                });
                return None;
            }
        };
        if words.is_empty() {
            return field.reject("the command is empty");
        }
        let parsed: Vec<_> = words
            .iter()
            .map(|word| Template::parse(word).map_err(|error| field.wrong_template(&error)).ok())
            .collect();
        return parsed.into_iter().collect();
    }
    let list = field.list(WHAT)?;
    if list.is_empty() {
        return field.reject("the command is empty");
    }
    let parsed: Vec<_> = list.iter().map(|word| word.template("a word of the command, a string")).collect();
    parsed.into_iter().collect()
}

fn variable(field: &Field) -> Option<(String, Template)> {
    let key = field.key();
    if key.is_empty() || key.contains(['=', '\0']) {
        field.report(field.wrong_key("the name of an environment variable is not empty and has no `=`"));
        return None;
    }
    // `OMP_NUM_THREADS = 1` means what it says.
    let template = match field.value().as_str() {
        Some(_) => field.template("a string")?,
        None => Template::literal(&field.scalar()?.to_string()),
    };
    Some((key.to_owned(), template))
}

fn file(field: &Field, origin: &Origin) -> Option<TemplateFile> {
    let path = relative(field, field.key())?;
    if field.value().as_str().is_some() {
        return Some(TemplateFile { path, content: field.template("a string")? });
    }
    let mut table = field.table("the content, a string, or { template = \"file\" }")?;
    let source = table.require("template", "the file with the content");
    table.finish();
    let source = source?;
    let name = source.text("the path of a file, relative to the study file")?;
    let bytes = (origin.load)(name).map_err(|error| source.report(source.wrong(error))).ok()?;
    match String::from_utf8(bytes) {
        Ok(text) => Some(TemplateFile {
            path,
            content: Template::parse(&text)
                .map_err(|error| source.report(source.wrong(format!("in {name}: {error}"))))
                .ok()?,
        }),
        Err(error) => source
            .reject(format!("{name} is not UTF-8 text: byte {} is wrong", error.utf8_error().valid_up_to())),
    }
}

/// A path that stays in the run's directory.
fn relative(field: &Field, path: &str) -> Option<String> {
    if path.is_empty()
        || path.starts_with('/')
        || path.contains('\0')
        || path.split('/').any(|part| part == "..")
    {
        return field.reject(format!("expected a path inside the run's directory, found `{path}`"));
    }
    Some(path.to_owned())
}

fn resources(mut table: Table, is_function: bool) -> Resources {
    let mut resources = Resources::default();
    if let Some(field) = table.get("cpus")
        && let Some(cpus) = field.number("a number of CPUs")
    {
        if (0.0..=1e6).contains(&cpus) {
            resources.cpus = cpus;
        } else {
            field.reject::<()>(format!("expected a number of CPUs that is not negative, found {cpus}"));
        }
    }
    resources.memory =
        table.get("memory").and_then(|f| f.parsed::<Bytes>("an amount of memory, such as \"256 MiB\""));
    resources.time = table.get("time").and_then(|f| f.parsed("a length of time, such as \"10 min\""));
    resources.gpus = table
        .get("gpus")
        .and_then(|f| f.integer(0, "a number of GPUs, an integer of at least 0"))
        .unwrap_or(0);
    let whole = table.field.clone();
    let nodes = table.get("nodes").and_then(|f| f.integer(1, "a number of nodes, an integer of at least 1"));
    resources.nodes = nodes.unwrap_or(1);
    let tasks = table.get("tasks").and_then(|f| f.integer(1, "a number of tasks, an integer of at least 1"));
    resources.tasks = tasks.unwrap_or(resources.nodes);
    if resources.tasks < resources.nodes {
        whole.reject::<()>(format!(
            "{} tasks do not fill {} nodes: each node needs at least one",
            resources.tasks, resources.nodes
        ));
    }
    if let Some(field) = table.get("mpi") {
        resources.mpi = field.boolean().unwrap_or(false);
        if resources.mpi && is_function {
            field.reject::<()>("a function runs in one process: write a `command` that uses MPI, such as [\"python3\", \"solve.py\"]");
        }
    }
    resources.learn = table.get("learn").and_then(|field| field.boolean()).unwrap_or(false);
    table.finish();
    resources
}

fn success(mut table: Table) -> Success {
    let mut success = Success::default();
    if let Some(list) = table.get("exit_codes").and_then(|f| f.list("a list of exit codes, such as [0]")) {
        let codes = list.iter().filter_map(|f| f.integer(i64::from(i32::MIN), "an exit code, an integer"));
        success.exit_codes = codes.collect();
    }
    success.pattern =
        table.get("pattern").and_then(|f| f.text("a regular expression, a string")).map(str::to_owned);
    table.finish();
    success
}
