//! One run of a command, from the point to the report.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use paramo_model::{Attempt, Bytes, Cause, Ended, Micros, OutputFile, Seconds, Ticket, Timestamp, Value};
use rustix::fs::MemfdFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::capture::Capture;
use crate::clock;
use crate::directory::RunDirectory;
use crate::outputs::Evidence;
use crate::prepared::{Point, Prepared, Recipe, Start, Word, c_string, program};
use crate::process::{Exit, Process};
use crate::slot::SlotState;
use crate::spawn::{Launch, Pointers, SpawnError, Step, spawn};
use crate::watch::{Intervention, Pipe, follow};

/// What became of a ticket.
pub(crate) enum Outcome {
    Reported { attempt: Attempt, outputs: Vec<Value> },
    /// It was ended because everything was: it counts as never started.
    GivenBack,
}

/// What a run may use, as the ledger granted it.
pub(crate) struct Grant<'a> {
    pub memory: Option<Bytes>,
    pub gpus: &'a [String],
}

/// Runs a command once.
pub(crate) fn run(slot: &mut SlotState<'_>, study: &Prepared, ticket: &Ticket, grant: &Grant<'_>) -> Outcome {
    let recipe = match &study.recipe {
        Ok(recipe) => recipe,
        Err(message) => return not_started(slot, study, ticket, message.clone()),
    };
    let mut stdout = Capture::new(recipe.spill(ticket, "stdout"));
    let mut stderr = Capture::new(recipe.spill(ticket, "stderr"));
    let started = clock::now();
    let began = Instant::now();
    let made = match start(slot, study, recipe, ticket, grant) {
        Ok(made) => made,
        Err(message) => return not_started(slot, study, ticket, message),
    };
    let limit = time_limit(study, ticket);
    let (out, err) = (Pipe::new(made.stdout, &mut stdout), Pipe::new(made.stderr, &mut stderr));
    let seen = follow(&made.process, out, err, slot.halt, limit, &mut slot.scratch);
    let finished = made.process.finish();
    let wall = clock::since(began);
    let (seen, ended) = match seen.and_then(|seen| finished.map(|ended| (seen, ended))) {
        Ok(both) => both,
        Err(error) => return not_started(slot, study, ticket, format!("the run could not be followed: {error}")),
    };
    if seen.intervention == Some(Intervention::Halted) {
        return Outcome::GivenBack;
    }
    let mut attempt = Attempt {
        number: ticket.attempt,
        ended: Ended::Succeeded,
        started,
        wall,
        cpu: ended.cpu,
        // A start counts this process's own size as the child's: where we looked and saw less, that is right.
        peak_memory: if seen.peak.0 > 0 && ended.peak <= own_peak() { seen.peak } else { ended.peak },
        exit_code: match ended.exit {
            Exit::Code(code) => Some(code),
            Exit::Signal(_) => None,
        },
        slot: slot.number,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    let success = &study.application().success;
    let mut cause = match (seen.intervention, ended.exit) {
        (Some(Intervention::TimeOut(limit)), _) => Some(Cause::TimeOut { limit }),
        (_, Exit::Code(code)) if success.exit_codes.contains(&code) => None,
        (_, exit) => Some(memory_failure(slot, grant, exit, &stderr, ended.peak).unwrap_or(match exit {
            Exit::Code(code) => Cause::Exit { code },
            Exit::Signal(signal) => Cause::Signal { signal },
        })),
    };
    let mut outputs = None;
    if cause.is_none() {
        match collect(recipe, ticket, made.directory.as_ref(), (&stdout, &stderr), &attempt) {
            Ok(values) => outputs = Some(values),
            Err(message) => cause = Some(Cause::BadOutput { message }),
        }
    } else if let Some(directory) = &made.directory {
        // What a failed run wrote helps to find out why; the failure itself matters more than a file that could not be kept.
        let _ = directory.keep(&recipe.keep, &recipe.kept(ticket.index));
    }
    if let Some(cause) = cause {
        attempt.ended = Ended::Failed(cause);
    }
    let outputs = outputs.unwrap_or_else(|| recipe.outputs.of_failure(&attempt));
    attempt.stdout = stdout.finish();
    attempt.stderr = stderr.finish();
    Outcome::Reported { attempt, outputs }
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
    let outputs = recipe.outputs.read(&Evidence { stdout, stderr, directory: path, returned: None }, attempt)?;
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
    study: &Prepared,
    recipe: &Recipe,
    ticket: &Ticket,
    grant: &Grant<'_>,
) -> Result<Made, String> {
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
        Some(template) => Some(text_file(&point.fill(template)).map_err(|error| format!("failed to pass the standard input: {error}"))?),
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
        environment: &Pointers::new(variables.iter().map(CString::as_c_str).chain(recipe.environment.fixed())),
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
        (Step::Execute, libc::E2BIG) => format!("the arguments and variables of {program} are longer than the system allows"),
        (Step::Execute, _) => format!("failed to start {program}: {reason}"),
        (Step::Directory, _) => format!("failed to enter the directory {}: {reason}", name(launch.directory)),
        (Step::Clone, _) => format!("failed to make a process: {reason}"),
        (Step::Cgroup, _) => format!("failed to enter the cgroup that limits memory: {reason}"),
        (Step::Limit, _) => format!("failed to limit memory: {reason}"),
        (Step::Files, _) => format!("failed to connect standard input and output: {reason}"),
    }
}

/// Whether a failure was one of memory: the cgroup says so, or, under a limit of address space, the signs are there.
pub(crate) fn memory_failure(slot: &SlotState<'_>, grant: &Grant<'_>, exit: Exit, stderr: &Capture, peak: Bytes) -> Option<Cause> {
    let Some(limit) = grant.memory else {
        // Without a limit of ours only the kernel's own choice of a victim is left, and it kills.
        return (exit == Exit::Signal(libc::SIGKILL) && slot.worker.machine_ran_out()).then_some(Cause::OutOfMemory { limit: None });
    };
    let out = match slot.memory.out_of_memory() {
        None => {
            // Allocations fail; programs say so in their own words, or crash with most of the memory used.
            const WORDS: [&str; 6] = ["MemoryError", "bad_alloc", "ut of memory", "annot allocate memory", "memory allocation of", "ENOMEM"];
            let said = stderr.whole().is_ok_and(|text| {
                let text = String::from_utf8_lossy(&text);
                WORDS.iter().any(|word| text.contains(word))
            });
            let crashed = matches!(exit, Exit::Signal(libc::SIGSEGV | libc::SIGABRT | libc::SIGKILL | libc::SIGBUS));
            said || (crashed && peak.0 >= limit.0 / 10 * 8)
        }
        Some(out) => out,
    };
    out.then_some(Cause::OutOfMemory { limit: Some(limit) })
}

/// The largest resident set of this process so far.
fn own_peak() -> Bytes {
    crate::watch::resident_peak(std::process::id() as i32)
}

/// The report of a run that could not be started.
pub(crate) fn not_started(slot: &SlotState<'_>, study: &Prepared, ticket: &Ticket, message: String) -> Outcome {
    failed(slot, study, ticket, clock::now(), Cause::NotStarted { message })
}

/// The report of a run of which nothing but the cause is known.
pub(crate) fn failed(slot: &SlotState<'_>, study: &Prepared, ticket: &Ticket, started: Timestamp, cause: Cause) -> Outcome {
    let attempt = Attempt {
        number: ticket.attempt,
        ended: Ended::Failed(cause),
        started,
        wall: Micros(0),
        cpu: Micros(0),
        peak_memory: Bytes(0),
        exit_code: None,
        slot: slot.number,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    let outputs = match &study.recipe {
        Ok(recipe) => recipe.outputs.of_failure(&attempt),
        Err(_) => vec![Value::Missing; study.application().outputs.len()],
    };
    Outcome::Reported { attempt, outputs }
}

/// The time a run may take.
pub(crate) fn time_limit(study: &Prepared, ticket: &Ticket) -> Option<Seconds> {
    ticket.time.or(study.resources().time)
}
