//! A study that a server works on, told as one that is worked on here: the same line, the same JSON, the same end.
//!
//! Leaving does not stop it. A server that is gone for a while is waited for: the study is in its store, and it goes on with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_client::{Events, Happening, Heard, RemoteStore, Server};
use paramo_design::Space;
use paramo_engine::{Observer, Outcome};
use paramo_model::{Cap, Event, Moment, Progress, Spent, StopReason, StudyState};
use paramo_store::{Seq, StoreError, StudyRow};
use tokio::sync::watch;

use super::begin::{back, left, lost};
use super::moments::{QUIET, moment};
use super::since::Since;
use crate::args::Making;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::session::{code_of, say_what_next};
use crate::store::{Place, title};
use crate::view::{JsonLines, ProgressLine};
use crate::watch::{Seat, can_show, pace};

/// Batches asked for at a time.
const PAGE: usize = 64;
/// What the view shows is asked for no more often than this.
const OFTEN: Duration = Duration::from_millis(200);

/// Tells what happens to a study until it ends.
pub async fn follow(
    place: &Place,
    server: &Server,
    row: StudyRow,
    making: &Making,
    mut since: Since,
) -> Result<u8> {
    let name = title(&row);
    let (moments, seen) = watch::channel(None);
    let seat = match making.watch && can_show() {
        true => Some(Seat::open(place, &row, seen, pace(making.every))?),
        false => None,
    };
    let face = match making.json {
        true => Face::Json(JsonLines),
        false => Face::Line(ProgressLine::new(name.clone(), making.quiet)),
    };
    let mut telling = Telling {
        place,
        server,
        row,
        face,
        seat,
        moments,
        shown: None,
        after: since.after,
        done: since.done,
        failed: since.failed,
        began: Instant::now(),
        known: false,
        lost: false,
        notice: None,
    };
    let mut events = Events::new(server, telling.row.id);
    let outcome = loop {
        tokio::select! {
            () = since.leave.asked() => {
                telling.close_seat();
                telling.face.end_line();
                if !making.quiet && !making.json {
                    anstream::eprintln!("{}", left(&name, server));
                }
                return Ok(exit::STOPPED);
            }
            heard = events.next() => {
                if let Some(outcome) = telling.hear(heard?).await? {
                    break outcome;
                }
            }
            // It may have ended at the very moment from which on it was listened to.
            () = tokio::time::sleep(QUIET) => {
                if let Some(outcome) = telling.look().await? {
                    break outcome;
                }
            }
        }
    };
    if !making.quiet && !making.json {
        say_what_next(place, &telling.row, &outcome).await?;
    }
    Ok(code_of(&outcome))
}

enum Face {
    Json(JsonLines),
    Line(ProgressLine),
}

impl Face {
    fn event(&mut self, event: Event) {
        match self {
            Face::Json(json) => json.event(event),
            Face::Line(line) => line.event(event),
        }
    }

    fn end_line(&mut self) {
        if let Face::Line(line) = self {
            line.end();
        }
    }
}

struct Telling<'a> {
    place: &'a Place,
    server: &'a Server,
    row: StudyRow,
    face: Face,
    /// The view on the terminal, while nobody has left it.
    seat: Option<Seat>,
    moments: watch::Sender<Option<Arc<Moment>>>,
    /// When the view was told something last.
    shown: Option<Instant>,
    after: Seq,
    /// Runs that had ended before, and those of them that had failed.
    done: u64,
    failed: u64,
    began: Instant,
    /// That it goes on has been said.
    known: bool,
    lost: bool,
    notice: Option<String>,
}

impl Telling<'_> {
    /// Tells what was heard; gives the end when it is that.
    async fn hear(&mut self, heard: Heard) -> Result<Option<Outcome>> {
        let happening = match heard {
            Heard::Connected => return self.look().await,
            Heard::Lost { why } => {
                self.lost = true;
                self.say(Event::Notice { message: lost(&why) });
                return Ok(None);
            }
            Heard::Happened(happening) => happening,
        };
        match happening {
            Happening::Progress(progress) => {
                self.started(progress.clone());
                self.progress(progress).await?;
            }
            Happening::Notice { message } => self.say(Event::Notice { message }),
            Happening::Started { progress, .. } => self.started(progress),
            Happening::Stopped { reason: StopReason::Interrupted, .. } => {
                let message =
                    "the server ends; the study is open there, and goes on when the server is started again"
                        .to_owned();
                self.say(Event::Notice { message });
            }
            Happening::Stopped { reason, at, progress } => {
                return self.stopped(reason, Some(at), progress).await;
            }
            Happening::Failed { message } => {
                self.close_seat();
                return Err(Failure::unavailable(format!(
                    "the server cannot go on with {}: {message}",
                    title(&self.row)
                )));
            }
            Happening::Deleted => {
                self.close_seat();
                return Err(Failure::unavailable(format!("{} was removed", title(&self.row))));
            }
            Happening::Changed => {}
        }
        Ok(None)
    }

    /// Reads how it stands now: nothing is known of what happened before, or while the server was not heard.
    async fn look(&mut self) -> Result<Option<Outcome>> {
        // First whether it is worked on: what is read after it has ended is the end.
        let now = self.server.now(self.row.id).await;
        let row = match self.place.store.study(self.row.id).await {
            Ok(row) => row,
            // It will be connected to again.
            Err(error) if error.passes() => return Ok(None),
            Err(StoreError::NoSuchStudy { .. }) => return self.hear_deleted(),
            Err(error) => return Err(error.into()),
        };
        self.row = row;
        if std::mem::take(&mut self.lost) {
            self.say(Event::Notice { message: back(self.server) });
        }
        let (working, progress) = match now {
            Ok(now) => now,
            Err(error) if error.passes() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let stored = self.stored();
        match (working, self.row.state) {
            (true, StudyState::Open | StudyState::Paused | StudyState::Cancelled)
            | (false, StudyState::Paused) => {
                let progress = progress.unwrap_or(stored);
                self.started(progress.clone());
                self.progress(progress).await?;
                Ok(None)
            }
            (_, StudyState::Finished) => self.stopped(StopReason::Finished, None, stored).await,
            (false, StudyState::Cancelled) => self.stopped(StopReason::Cancelled, None, stored).await,
            (false, StudyState::Open) => {
                let counts = &self.row.counts;
                let spent = Spent { cpu: counts.cpu, worked: counts.worked, failed: counts.failed };
                let reason = match self.row.study.run.limits_now().reached(&spent, stored.total) {
                    Some(Cap::Failures) => StopReason::TooManyFailures,
                    Some(Cap::Cpu) => StopReason::CpuLimit,
                    Some(Cap::Time) => StopReason::TimeLimit,
                    None => StopReason::Interrupted,
                };
                self.stopped(reason, None, stored).await
            }
        }
    }

    fn hear_deleted(&mut self) -> Result<Option<Outcome>> {
        self.close_seat();
        Err(Failure::unavailable(format!("{} was removed", title(&self.row))))
    }

    /// How far it is, as the store says.
    fn stored(&self) -> Progress {
        let counts = &self.row.counts;
        let space = Space::new(&self.row.study.space, &self.row.study.application.parameters);
        let total = space.map_or(counts.done(), |space| space.len());
        let finished = self.row.state == StudyState::Finished;
        Progress {
            total,
            skipped: if finished { total.saturating_sub(counts.done()) } else { 0 },
            succeeded: counts.succeeded,
            failed: counts.failed,
            retried: counts.retried,
            elapsed: self.began.elapsed().as_secs_f64(),
            paused: self.row.state == StudyState::Paused,
            ..Progress::default()
        }
    }

    fn started(&mut self, progress: Progress) {
        if std::mem::replace(&mut self.known, true) {
            return;
        }
        // Some more may have ended before it was heard of.
        let (succeeded, failed) = (self.done.saturating_sub(self.failed), self.failed);
        let progress = Progress { total: progress.total, succeeded, failed, ..Progress::default() };
        let StudyRow { id, name, version, changed, .. } = &self.row;
        self.say(Event::StudyStarted {
            study: *id,
            name: name.clone(),
            version: *version,
            at: *changed,
            progress,
        });
    }

    async fn progress(&mut self, progress: Progress) -> Result<()> {
        self.runs().await?;
        let due = self.shown.is_none_or(|at| at.elapsed() >= OFTEN);
        if self.seat.is_some() && due {
            self.shown = Some(Instant::now());
            let moment = moment(self.server, self.row.id, progress.clone(), self.notice.clone()).await;
            self.moments.send_replace(Some(Arc::new(moment)));
        }
        self.say(Event::Progress(progress));
        Ok(())
    }

    /// Tells every run that has ended since, where that is wanted. False when the server cannot be asked now.
    async fn runs(&mut self) -> Result<bool> {
        let (Face::Json(json), Some(store)) = (&mut self.face, self.place.served()) else { return Ok(true) };
        loop {
            match next_batches(store, &self.row, self.after).await {
                Ok((batches, newest)) => {
                    for (seq, records) in batches {
                        records.iter().for_each(|record| json.run(record));
                        self.after = seq;
                    }
                    if self.after >= newest {
                        return Ok(true);
                    }
                }
                Err(error) if error.passes() => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn stopped(
        &mut self,
        reason: StopReason,
        at: Option<paramo_model::Timestamp>,
        progress: Progress,
    ) -> Result<Option<Outcome>> {
        // Who tells the end also tells that it began, and that before any run.
        self.started(progress.clone());
        if !self.runs().await? {
            // The end is told once all that came before it has been; it is read again when the server is there again.
            return Ok(None);
        }
        self.close_seat();
        self.say(Event::StudyStopped {
            reason,
            progress: progress.clone(),
            at: at.unwrap_or(self.row.changed),
        });
        let failed_now = progress.failed.saturating_sub(self.failed);
        Ok(Some(Outcome { reason, progress, failed_now }))
    }

    fn say(&mut self, event: Event) {
        if let Event::Notice { message } = &event {
            self.notice = Some(message.clone());
        }
        if self.seat.as_ref().is_some_and(|seat| !seat.is_left()) {
            return;
        }
        self.close_seat();
        self.face.event(event);
    }

    fn close_seat(&mut self) {
        if let Some(mut seat) = self.seat.take()
            && let Err(failure) = seat.close()
        {
            anstream::eprintln!("note: {}", failure.text);
        }
    }
}

type Ended = Vec<(Seq, Vec<paramo_model::RunRecord>)>;

/// The runs of the next batches, with the number of the newest batch there is.
async fn next_batches(
    store: &RemoteStore,
    row: &StudyRow,
    after: Seq,
) -> std::result::Result<(Ended, Seq), StoreError> {
    let shipment = store.with_output(row.id, after, PAGE).await?;
    let mut ended = Vec::with_capacity(shipment.batches.len());
    for (batch, output) in &shipment.batches {
        ended.push((batch.seq, batch.records(output.as_deref())?));
    }
    // Without a batch there is nothing newer, whatever it says.
    let newest = if shipment.batches.is_empty() { after } else { shipment.newest };
    Ok((ended, newest))
}
