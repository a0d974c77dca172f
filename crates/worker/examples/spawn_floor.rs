//! What a run costs beside the cheapest way to make it: a plain loop of `posix_spawn`, two pipes and a wait.
//!
//! `cargo run --release -p paramo-worker --example spawn_floor -- PROGRAM [RUNS] [MODULE:FUNCTION]` runs both in turn, five times each, with
//! two slots, and prints the medians of CPU time (user and system, children included) and rate. With a function, its rate as well.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use paramo_model::{
    Application, Assignment, Axis, Block, Ended, Factor, FromWorker, LeaseId, Name, Parameter, ParameterType,
    Program, ProjectPart, RunPolicy, Scale, SpaceSpec, Steps, Study, StudyId, Template, Ticket, ToWorker,
    Value,
};
use paramo_worker::{Link, LocalWorker, WorkerOptions};

const SLOTS: u32 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let program = words.next().ok_or("usage: spawn_floor PROGRAM [RUNS] [MODULE:FUNCTION]")?;
    let runs: u64 = words.next().map_or(Ok(10_000), |word| word.parse())?;
    if let Some((module, function)) = words.next().as_deref().and_then(|word| word.split_once(':')) {
        let program = Program::Function {
            module: module.to_owned(),
            function: function.to_owned(),
            python: None,
            source: None,
        };
        report("function", (0..5).map(|_| measure(|| work(program.clone(), runs))).collect(), runs);
        return Ok(());
    }
    let (mut floor, mut worker) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        floor.push(measure(|| bare_loop(&program, runs)));
        worker.push(measure(|| work(Program::Command(vec![Template::literal(&program)]), runs)));
    }
    let floor = report("bare loop", floor, runs);
    let worker = report("worker", worker, runs);
    println!("ratio: CPU {:.3}, rate {:.3}", worker.0 / floor.0, worker.1 / floor.1);
    Ok(())
}

fn report(name: &str, mut measured: Vec<(f64, f64)>, runs: u64) -> (f64, f64) {
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cpu = measured[measured.len() / 2].0;
    measured.sort_by(|a, b| a.1.total_cmp(&b.1));
    let rate = runs as f64 / measured[measured.len() / 2].1;
    println!("{name}: {:.4} ms of CPU a run, {rate:.0} runs/s", cpu * 1e3 / runs as f64);
    (cpu, rate)
}

/// Seconds of CPU and of wall time.
fn measure(run: impl FnOnce()) -> (f64, f64) {
    let (cpu, wall) = (cpu(), Instant::now());
    run();
    (self::cpu() - cpu, wall.elapsed().as_secs_f64())
}

#[expect(unsafe_code, reason = "the C library's getrusage")]
fn cpu() -> f64 {
    let used = |who| {
        // SAFETY: the structure is plain and filled by the call.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(who, &mut usage);
            usage
        };
        [usage.ru_utime, usage.ru_stime].iter().map(|t| t.tv_sec as f64 + t.tv_usec as f64 / 1e6).sum::<f64>()
    };
    used(libc::RUSAGE_SELF) + used(libc::RUSAGE_CHILDREN)
}

fn bare_loop(program: &str, runs: u64) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SLOTS {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < runs {
                    let mut command = Command::new(program);
                    let made =
                        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
                    let mut child = made.expect("the program starts");
                    let mut text = Vec::new();
                    child.stdout.take().map(|mut pipe| pipe.read_to_end(&mut text));
                    child.stderr.take().map(|mut pipe| pipe.read_to_end(&mut text));
                    assert!(child.wait().expect("it can be waited for").success());
                }
            });
        }
    });
}

fn work(program: Program, runs: u64) {
    let name = |text| Name::new(text).expect("a name");
    let mut application = Application::new(program);
    application.parameters.push(Parameter::new(name("x"), ParameterType::Integer));
    let range = Axis::Range {
        from: Value::Integer(1),
        to: Value::Integer(runs as i64),
        steps: Steps::Count(runs),
        scale: Scale::Linear,
    };
    let blocks = vec![Block { factors: vec![Factor::Axis(name("x"), range)], condition: None }];
    let study = Study {
        name: name("floor"),
        description: None,
        application,
        space: SpaceSpec { blocks },
        run: RunPolicy::default(),
        source: std::env::current_dir().expect("a directory").to_string_lossy().into_owned(),
    };
    let id = StudyId(1);
    let assignment = Assignment {
        id,
        study: Arc::new(study),
        runs: "/tmp/floor/runs".into(),
        files: "/tmp/floor/files".into(),
        slots: Some(SLOTS),
        share: 1.0,
        project: ProjectPart::default(),
        revision: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let mut link =
            LocalWorker::start(paramo_worker::detect(), WorkerOptions::default()).expect("a worker");
        link.send(ToWorker::Assign(assignment));
        let (mut leased, mut ended) = (0, 0);
        while ended < runs {
            for message in link.receive().await.expect("it is there") {
                match message {
                    FromWorker::Wants { runs: wanted, .. } => {
                        let to = (leased + u64::from(wanted)).min(runs);
                        let ticket = |index| Ticket::new(index, 1);
                        if to > leased {
                            link.send(ToWorker::Lease {
                                study: id,
                                lease: LeaseId(leased),
                                tickets: (leased..to).map(ticket).collect(),
                            });
                        }
                        leased = to;
                    }
                    FromWorker::Report(report) => {
                        assert_eq!(report.attempt.ended, Ended::Succeeded);
                        ended += 1;
                    }
                    _ => {}
                }
            }
        }
    });
}
