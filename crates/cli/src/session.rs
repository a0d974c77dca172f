//! Working on a study in this process: what `run`, `sweep`, `retry` and `extend` have in common.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use paramo_engine::{Budget, Command, Live, Observer, Outcome, conduct, pass_on};
use paramo_model::{Capacity, Ended, Event, Moment, StopReason, StudyState};
use paramo_sites::Request;
use paramo_store::StudyRow;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::args::Making;
use crate::elsewhere::{Elsewhere, sites_of};
use crate::exit;
use crate::failure::{Failure, Result};
use crate::open_engine::OpenEngine;
use crate::page::Page;
use crate::reason::{reason, words};
use crate::remote::{self, Since};
use crate::store::{Place, Who, title};
use crate::view::{JsonLines, ProgressLine, plural};
use crate::watch::{self, Seat};

/// Works on a study until it ends or is stopped. The exit code says which.
pub async fn work(place: &Place, mut row: StudyRow, making: &Making) -> Result<u8> {
    if let Some(server) = place.server() {
        return remote::go_on(place, server, row, making).await;
    }
    if making.detach {
        return Err(Failure::input(
            "--detach is for a server (--server): without one, this process makes the runs",
        ));
    }
    // Whoever sees the lock may send signals: they are listened to before it is taken.
    let stopping = Arc::new(AtomicBool::new(false));
    let (say, commands) = listen(stopping.clone())?;
    let mut lock = place.lock(&row).await?;
    if let Some(news) = lock.news() {
        tokio::spawn(pass_on(news, say.clone()));
    }
    // The row was read before the lock was held: somebody may have changed the study in between.
    row = place.store.study(row.id).await?;
    if row.state == StudyState::Paused && !making.quiet && !making.json {
        anstream::eprintln!("{} was paused; it goes on", title(&row));
    }
    if row.state != StudyState::Open {
        place.store.set_state(row.id, StudyState::Open).await?;
        row.state = StudyState::Open;
    }
    if making.slots.is_some() {
        // The command line is newer than what was asked for before. It holds for this process; a later wish is newer still.
        if row.study.run.wished_slots.take().is_some() {
            place.store.replace(row.id, &row.study).await?;
        }
        row.study.run.slots = making.slots;
    }
    let wanted = making.site.as_ref().unwrap_or(&row.study.run.site).clone();
    let sites = match wanted.is_local() {
        true => Vec::new(),
        false => sites_of(making.sites.as_deref(), &wanted)?,
    };
    if wanted != row.study.run.site {
        row.study.run.site = wanted.clone();
        place.store.replace(row.id, &row.study).await?;
    }
    let no_start =
        |message: String| Failure::unavailable(format!("no run of {} can start: {message}", title(&row)));
    let here = paramo_sites::site("local")?;
    let capacity = Capacity { cpus: making.cpus.unwrap_or(here.capacity().cpus), ..here.capacity() };
    let allocation = match wanted.takes_local() {
        true => {
            // What is missing here may be there elsewhere.
            let fits = paramo_worker::preflight(&row.study, &capacity);
            if sites.is_empty() {
                fits.map_err(no_start)?;
            }
            Some(here.submit(Request { cpus: making.cpus }).await?)
        }
        false => None,
    };
    let engine = match making.ui || !sites.is_empty() {
        true => Some(OpenEngine::new(place, allocation.as_ref().map(|_| capacity)).await?),
        false => None,
    };
    let elsewhere = match &engine {
        Some(engine) if !sites.is_empty() => {
            let elsewhere =
                Elsewhere::open(&engine.host, &engine.service, Path::new(&place.directory), sites, None)
                    .await?;
            if let Some(unfit) = engine.host.unfit(&row.study) {
                elsewhere.close().await;
                return Err(no_start(unfit.what));
            }
            Some(elsewhere)
        }
        _ => None,
    };
    let mut live = Live::default();
    let unseen = live.open(Path::new(&place.directory), row.id).err();
    let seat = match making.watch && watch::can_show() {
        true => Some(Seat::open(place, &row, live.subscribe(), watch::pace(making.every))?),
        false => None,
    };
    let mut view = View {
        inner: if making.json {
            Inner::Json(JsonLines)
        } else {
            Inner::Line(ProgressLine::new(title(&row), making.quiet))
        },
        stopping,
        live,
        notice: None,
        seat,
    };
    if let Some(error) = unseen {
        let message = format!("`paramo watch` cannot see what runs now: {error}");
        view.event(Event::Notice { message });
    }
    let page = match &engine {
        Some(engine) if making.ui => Some(Page::open(engine, &row, making).await?),
        _ => None,
    };
    let outcome = match (&engine, allocation) {
        (None, Some(allocation)) => {
            let (store, budget) = (place.store.clone(), Budget::default());
            conduct(store, row.clone(), allocation.link, &place.directory, budget, commands, &mut view)
                .await?
        }
        (Some(engine), allocation) => engine.work(&row, allocation, (say, commands), &mut view).await?,
        (None, None) => return Err(no_start(format!("{wanted} has no site with a pool"))),
    };
    drop((view, lock));
    if let Some(elsewhere) = elsewhere {
        elsewhere.close().await;
    }
    if !making.quiet && !making.json {
        say_what_next(place, &row, &outcome).await?;
    }
    if let Some(page) = page {
        page.end(outcome.reason, making).await?;
    }
    Ok(code_of(&outcome))
}

/// The exit code that an end stands for.
pub fn code_of(outcome: &Outcome) -> u8 {
    match outcome.reason {
        StopReason::Finished if outcome.progress.failed > 0 => exit::RUNS_FAILED,
        StopReason::Finished => exit::OK,
        _ => exit::STOPPED,
    }
}

/// Turns signals into words for the engine. The first Ctrl-C lets running runs end; the second, like SIGTERM and SIGHUP, ends them.
fn listen(
    stopping: Arc<AtomicBool>,
) -> Result<(mpsc::UnboundedSender<Command>, mpsc::UnboundedReceiver<Command>)> {
    let (say, commands) = mpsc::unbounded_channel();
    let to = say.clone();
    let open = |kind| {
        signal(kind).map_err(|error| Failure::unavailable(format!("cannot listen to signals: {error}")))
    };
    let mut interrupt = open(SignalKind::interrupt())?;
    let mut terminate = open(SignalKind::terminate())?;
    let mut hangup = open(SignalKind::hangup())?;
    let mut reload = open(SignalKind::user_defined1())?;
    tokio::spawn(async move {
        loop {
            let command = tokio::select! {
                _ = interrupt.recv() => {
                    if stopping.swap(true, Ordering::Relaxed) { Command::Stop } else { Command::Drain }
                }
                _ = terminate.recv() => Command::Stop,
                _ = hangup.recv() => Command::Stop,
                _ = reload.recv() => Command::Reload,
            };
            if to.send(command).is_err() {
                return;
            }
        }
    });
    Ok((say, commands))
}

/// The view that was asked for.
struct View {
    inner: Inner,
    stopping: Arc<AtomicBool>,
    /// For those who look on.
    live: Live,
    /// The last notice, for them.
    notice: Option<String>,
    /// The view on the terminal, while nobody has left it.
    seat: Option<Seat>,
}

enum Inner {
    Json(JsonLines),
    Line(ProgressLine),
}

impl Observer for View {
    fn wants_runs(&self) -> bool {
        match &self.inner {
            Inner::Json(json) => json.wants_runs(),
            Inner::Line(line) => line.wants_runs(),
        }
    }

    fn watched(&self) -> bool {
        self.live.watched()
    }

    fn moment(&mut self, moment: Moment) {
        self.live.say(Moment { notice: self.notice.clone(), ..moment });
    }

    fn event(&mut self, event: Event) {
        if let Event::Notice { message } = &event {
            self.notice = Some(message.clone());
        }
        if let Some(seat) = &mut self.seat {
            let over = matches!(event, Event::StudyStopped { .. });
            if !over && !seat.is_left() {
                return;
            }
            // The terminal is for lines again, this one first.
            if let Err(failure) = seat.close() {
                anstream::eprintln!("note: {}", failure.text);
            }
            self.seat = None;
        }
        match &mut self.inner {
            Inner::Json(json) => json.event(event),
            Inner::Line(line) => {
                if self.stopping.load(Ordering::Relaxed) {
                    line.stopping();
                }
                line.event(event);
            }
        }
    }
}

/// What a person can do now: the first failure, and the next commands.
pub async fn say_what_next(place: &Place, row: &StudyRow, outcome: &Outcome) -> Result<()> {
    let name = title(row);
    let progress = &outcome.progress;
    if progress.total > 0 && progress.skipped == progress.total {
        anstream::eprintln!("note: the condition leaves out all {}", plural(progress.total, "point"));
    }
    if progress.failed > 0 {
        let ended = place.store.ended(row.id).await?;
        if let Some(first) = ended.failed.min() {
            let record = place.store.run(row.id, first).await?;
            if let Some(Ended::Failed(cause)) = record.map(|record| record.last.ended) {
                anstream::eprintln!("first failure: {name}/{first}: {cause}");
            }
            anstream::eprintln!(
                "  paramo explain {name}/{first}   why\n  paramo retry {name}       run the failed ones again"
            );
        }
    }
    match outcome.reason {
        StopReason::Finished if progress.succeeded > 0 => {
            anstream::eprintln!(
                "  paramo results {name}     the table\n  paramo plot {name}        a picture"
            );
        }
        StopReason::Finished => {}
        StopReason::CpuLimit | StopReason::TimeLimit | StopReason::TooManyFailures => {
            let row = place.store.study(row.id).await?;
            if let Some(why) = reason(place, &row, None) {
                anstream::eprintln!("{}", words(&why));
            }
        }
        _ => anstream::eprintln!("  paramo run {name}         goes on"),
    }
    Ok(())
}

/// Has runs made that were just opened: by the process that works on the study, or else by this one unless that is to come later.
pub async fn take_up(
    place: &Place,
    row: &StudyRow,
    since: Option<Since>,
    later: bool,
    making: &Making,
) -> Result<u8> {
    if let (Some(server), Some(since)) = (place.server(), since) {
        return remote::take_up(place, server, place.store.study(row.id).await?, making, since).await;
    }
    if let Some(who) = notify(place, row) {
        anstream::eprintln!("{who} takes them up");
        return Ok(exit::OK);
    }
    if later {
        return Ok(exit::OK);
    }
    work(place, place.store.study(row.id).await?, making).await
}

/// Tells whoever works on a study, if somebody does, to read it again.
pub fn notify(place: &Place, row: &StudyRow) -> Option<Who> {
    let who = place.holder(row.id)?;
    let Some(pid) = who.process().filter(|_| !place.tells()) else { return Some(who) };
    let process = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    rustix::process::kill_process(process, rustix::process::Signal::USR1).ok()?;
    Some(who)
}
