//! One run of a command, from the point to the report.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use paramo_model::{Attempt, Cause, Ticket, Value};
use rustix::fs::MemfdFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::capture::Capture;
use crate::clock;
use crate::directory::RunDirectory;
use crate::launcher::{of_first_task, word_of_site};
use crate::outputs::Evidence;
use crate::prepared::{Point, Prepared, Recipe, Start, Word, c_string, program};
use crate::process::{Exit, Process};
use crate::slot::SlotState;
use crate::spawn::{Launch, Pointers, SpawnError, Step, spawn};
use crate::verdict::{Grant, Outcome, Turn, memory_failure};
use crate::watch::{Intervention, Pipe, follow};

/// Runs a command once. Unless it has been announced, that is done when it turns out to be no tiny one.
pub(crate) fn run(slot: &mut SlotState<'_>, turn: Turn<'_>, grant: &Grant<'_>, announced: bool) -> Outcome {
    match attempt(slot, turn, grant, announced) {
        Ok(outcome) => outcome,
        Err(message) => Outcome::Reported(Box::new(turn.not_started(slot.number, message))),
    }
}

/// Runs a command once. The error says why it could not be started.
fn attempt(
    slot: &mut SlotState<'_>,
    turn: Turn<'_>,
    grant: &Grant<'_>,
    announced: bool,
) -> Result<Outcome, String> {
    let recipe = turn.study.recipe.as_ref()?;
    let mut stdout = Capture::new(recipe.spill(turn.ticket, "stdout"));
    let mut stderr = Capture::new(recipe.spill(turn.ticket, "stderr"));
    let mut attempt = turn.attempt(slot.number, clock::now());
    let began = Instant::now();
    let made = start(slot, turn, recipe, grant)?;
    let (out, err) = (Pipe::new(made.stdout, &mut stdout), Pipe::new(made.stderr, &mut stderr));
    let (worker, number) = (slot.worker, slot.number);
    let announce = || {
        if !announced {
            worker.started(turn.study.id, turn.ticket, number);
        }
    };
    let seen = follow(&made.process, out, err, &slot.halt, turn.time_limit(), &mut slot.scratch, announce);
    let finished = made.process.finish();
    attempt.wall = clock::since(began);
    let unfollowed = |error: io::Error| format!("the run could not be followed: {error}");
    let (seen, ended) = (seen.map_err(unfollowed)?, finished.map_err(unfollowed)?);
    if seen.intervention == Some(Intervention::Halted) {
        return Ok(Outcome::GivenBack);
    }
    attempt.cpu = ended.cpu;
    // A start counts this process's own size as the child's. Where it may be that, what we saw ourselves is right, and 0 says that we
    // did not look in time.
    attempt.peak_memory = if ended.peak <= crate::process::own_peak() { seen.peak } else { ended.peak };
    let exit = of_first_task(turn.study, &stderr, ended.exit);
    if let Exit::Code(code) = exit {
        attempt.exit_code = Some(code);
    }
    let failure = match (seen.intervention, exit) {
        (Some(Intervention::TimeOut(limit)), _) => Some(Cause::TimeOut { limit }),
        (_, Exit::Code(code)) if turn.study.application().success.exit_codes.contains(&code) => None,
        (_, exit) => Some(
            word_of_site(turn.study, &stderr)
                .or_else(|| memory_failure(slot, grant.memory, exit, &stderr, ended.peak))
                .unwrap_or(exit.into()),
        ),
    };
    let read = match failure {
        None => collect(recipe, turn.ticket, made.directory.as_ref(), (&stdout, &stderr), &attempt)
            .map_err(|message| Cause::BadOutput { message }),
        Some(cause) => {
            if let Some(directory) = &made.directory {
                // What a failed run wrote helps to find out why; the failure matters more than a file that could not be kept.
                let _ = directory.keep(&recipe.keep, &recipe.kept(turn.ticket.index));
            }
            Err(cause)
        }
    };
    attempt.stdout = stdout.finish();
    attempt.stderr = stderr.finish();
    Ok(Outcome::Reported(Box::new(match read {
        Ok(outputs) => turn.report(attempt, outputs),
        Err(cause) => turn.failed(attempt, cause),
    })))
}

/// Reads the outputs and keeps the files of a run that ended well.
fn collect(
    recipe: &Recipe,
    ticket: &Ticket,
    directory: Option<&RunDirectory>,
    (stdout, stderr): (&Capture, &Capture),
    attempt: &Attempt,
) -> Result<Vec<Value>, String> {
    for capture in [stdout, stderr] {
        if let Some(error) = capture.error() {
            return Err(error.to_owned());
        }
    }
    let path = directory.map(RunDirectory::path);
    let outputs =
        recipe.outputs.read(&Evidence { stdout, stderr, directory: path, returned: None }, attempt)?;
    if let Some(directory) = directory {
        directory.keep(&recipe.keep, &recipe.kept(ticket.index))?;
    }
    Ok(outputs)
}

/// A run that has begun.
struct Made {
    process: Process,
    stdout: OwnedFd,
    stderr: OwnedFd,
    directory: Option<RunDirectory>,
}

fn start(
    slot: &mut SlotState<'_>,
    turn: Turn<'_>,
    recipe: &Recipe,
    grant: &Grant<'_>,
) -> Result<Made, String> {
    let Turn { study, ticket, .. } = turn;
    let Start::Command { program: resolved, argv } = &recipe.start else {
        return Err("this is a function, not a command".to_owned());
    };
    recipe.values(ticket.index, &mut slot.values)?;
    let directory = run_directory(study, recipe, ticket, &slot.values)?;
    let path = directory.as_ref().map(RunDirectory::path);
    let point = Point { study: &study.study, recipe, values: &slot.values, ticket, directory: path };

    let filled: Vec<CString> = argv
        .iter()
        .filter_map(|word| match word {
            Word::Fixed(_) => None,
            Word::Filled(template) => Some(c_string(point.fill(template))),
        })
        .collect::<Result<_, _>>()?;
    let mut rest = filled.iter();
    let mut words: Vec<&CStr> = Vec::with_capacity(argv.len());
    for word in argv {
        words.extend(match word {
            Word::Fixed(word) => Some(word.as_c_str()),
            Word::Filled(_) => rest.next().map(CString::as_c_str),
        });
    }
    let found;
    let program = match resolved {
        Some(program) => program,
        None => {
            let word = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
            found = program(&word, &recipe.source)?;
            &found
        }
    };
    slot.serial += 1;
    let mark = slot.mark();
    let variables = recipe.environment.of_run(&point, &mark, grant.gpus)?;
    let input = match &study.application().stdin {
        Some(template) => {
            let file = text_file(&point.fill(template));
            Some(file.map_err(|error| format!("failed to pass the standard input: {error}"))?)
        }
        None => None,
    };
    let place = match path {
        Some(path) => Some(c_string(path.as_os_str().as_encoded_bytes())?),
        None => None,
    };
    slot.memory.prepare(grant.memory)?;
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| format!("failed to make a pipe: {error}"));
    let ((stdout, stdout_child), (stderr, stderr_child)) = (pipe()?, pipe()?);
    let launch = Launch {
        program,
        argv: &Pointers::new(words.iter().copied()),
        environment: &Pointers::new(
            variables.iter().map(CString::as_c_str).chain(recipe.environment.fixed()),
        ),
        directory: place.as_deref().unwrap_or(&recipe.source_c),
        stdin: input.as_ref().map_or(slot.null, AsFd::as_fd),
        stdout: stdout_child.as_fd(),
        stderr: stderr_child.as_fd(),
        inherit: &[],
        cgroup: slot.memory.entrance(grant.memory),
        address_space: slot.memory.address_space(grant.memory),
        open_files: slot.open_files,
    };
    let started = spawn(&mut slot.stack, &launch).map_err(|error| explain(&error, &launch))?;
    Ok(Made { process: Process::new(started), stdout, stderr, directory })
}

/// Makes the run's directory and writes its files, if it has any.
pub(crate) fn run_directory(
    study: &Prepared,
    recipe: &Recipe,
    ticket: &Ticket,
    values: &[Value],
) -> Result<Option<RunDirectory>, String> {
    if !recipe.directory {
        return Ok(None);
    }
    let directory = RunDirectory::make(recipe.run_directory(ticket.index))?;
    let point = Point { study: &study.study, recipe, values, ticket, directory: Some(directory.path()) };
    for file in &study.application().files {
        directory.write(&file.path, &point.fill(&file.content))?;
    }
    Ok(Some(directory))
}

/// A file in memory that holds a text, to be read from its beginning.
fn text_file(text: &str) -> io::Result<OwnedFd> {
    use std::io::{Seek, Write};
    let file = rustix::fs::memfd_create("stdin", MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(file);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// Why a program did not start, and what to do.
pub(crate) fn explain(error: &SpawnError, launch: &Launch<'_>) -> String {
    let name = |text: &CStr| text.to_string_lossy().into_owned();
    let program = name(launch.program);
    let reason = &error.error;
    match (error.step, reason.raw_os_error().unwrap_or(0)) {
        (Step::Execute, libc::ENOEXEC) => {
            format!("{program} is not a program; a script needs a first line such as `#!/bin/sh`")
        }
        (Step::Execute, libc::ENOENT) if Path::new(&program).exists() => {
            format!("{program} names an interpreter that does not exist; look at its first line (`#!`)")
        }
        (Step::Execute, libc::E2BIG) => {
            format!("the arguments and variables of {program} are longer than the system allows")
        }
        (Step::Execute, _) => format!("failed to start {program}: {reason}"),
        (Step::Directory, _) => format!("failed to enter the directory {}: {reason}", name(launch.directory)),
        (Step::Clone, _) => format!("failed to make a process: {reason}"),
        (Step::Cgroup, _) => format!("failed to enter the cgroup that limits memory: {reason}"),
        (Step::Limit, _) => format!("failed to limit memory: {reason}"),
        (Step::Files, _) => format!("failed to connect standard input and output: {reason}"),
    }
}
