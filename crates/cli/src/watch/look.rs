//! The loop of the view: keys, news, the store, the clock; and the wishes that it carries out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_model::{Moment, Seconds};
use paramo_store::StudyRow;
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::draw::draw;
use super::palette::Palette;
use super::source::Source;
use super::stored::Reader;
use super::terminal::{Keys, Screen};
use super::view::{View, Wish};
use crate::failure::{Failure, Result};
use crate::store::{Place, title};
use crate::view::plural;
use crate::wishes;

/// What a view is opened on.
pub struct Watcher {
    pub place: Place,
    pub row: StudyRow,
    pub source: Source,
    /// Drawn no more often than this.
    pub every: Duration,
    /// This process works on the study: the view closes when this is said, and Ctrl-C is for the study.
    pub until: Option<oneshot::Receiver<()>>,
}

/// The store is read no more often than this, and no more than a twentieth of the time.
const READ: Duration = Duration::from_millis(500);
const SHARE: u32 = 20;
/// How often a process that works on the study is looked for, and clocks are moved on.
const TICK: Duration = Duration::from_secs(1);

/// How often the view is drawn at the most: ten times a second, or as was asked for.
pub fn pace(every: Option<Seconds>) -> Duration {
    const OFTEN: Duration = Duration::from_millis(100);
    every.map_or(OFTEN, |every| every.duration().max(OFTEN))
}

/// Shows the view until somebody leaves it, or the study ends that this process works on.
pub async fn look(watcher: Watcher) -> Result<()> {
    let failed = |error: std::io::Error| Failure::unavailable(format!("cannot use the terminal: {error}"));
    let listen = |kind| signal(kind).map_err(failed);
    let mut stop = listen(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
    let mut go_on = listen(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    let mut resize = listen(SignalKind::window_change())?;
    let mut end = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()].map(listen);
    let mut screen = Screen::take().map_err(failed)?;
    let mut keys = Keys::read().map_err(failed)?;
    let Watcher { place, row, source, every, mut until } = watcher;
    let driving = until.is_some();
    let mut look = Look {
        view: View::new(title(&row), Palette::of_environment(), driving),
        reader: Reader::new(),
        place,
        row,
        source,
        heard: Instant::now(),
        read: None,
        done: 0,
    };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut drawn: Option<Instant> = None;
    let mut changed = true;
    loop {
        let now = Instant::now();
        let due = drawn.map_or(now, |at| at + every);
        let read = look.read.unwrap_or(now);
        let [terminate, hangup, interrupt] = &mut end;
        tokio::select! {
            biased;
            () = ended(&mut until) => return Ok(()),
            key = keys.next() => {
                let wish = match key {
                    // Without a terminal there is nobody to show anything to.
                    None => return Ok(()),
                    Some(key) => look.view.key(key),
                };
                // Whoever presses a key waits for what it does.
                (drawn, changed) = (None, true);
                match wish {
                    Some(Wish::Leave) => return Ok(()),
                    Some(Wish::Interrupt) if !driving => return Ok(()),
                    Some(Wish::Interrupt) => kill_process(getpid(), Signal::INT).map_err(|e| failed(e.into()))?,
                    Some(Wish::Suspend) => screen.stop().map_err(failed)?,
                    Some(Wish::Redraw) => screen.clear().map_err(failed)?,
                    Some(wish) => look.carry_out(wish).await,
                    None => {}
                }
            }
            _ = stop.recv() => screen.stop().map_err(failed)?,
            _ = go_on.recv() => {
                screen.again().map_err(failed)?;
                (drawn, changed) = (None, true);
            }
            _ = resize.recv() => (drawn, changed) = (None, true),
            _ = received(terminate), if !driving => return Ok(()),
            _ = received(hangup), if !driving => return Ok(()),
            _ = received(interrupt), if !driving => return Ok(()),
            moment = look.source.next() => {
                look.hear(moment).await;
                changed = true;
            }
            _ = tick.tick() => {
                look.tick().await;
                changed = true;
            }
            _ = tokio::time::sleep_until(read.into()), if look.wants_reading() => {
                look.read().await;
                changed = true;
            }
            _ = tokio::time::sleep_until(due.into()), if changed => {
                look.view.heard = look.heard.elapsed().as_secs_f64();
                screen.terminal().draw(|frame| draw(&look.view, frame)).map_err(failed)?;
                (drawn, changed) = (Some(Instant::now()), false);
            }
        }
    }
}

async fn ended(until: &mut Option<oneshot::Receiver<()>>) {
    match until {
        // Said, or dropped with whoever would have said it.
        Some(until) => _ = until.await,
        None => std::future::pending().await,
    }
}

async fn received(signal: &mut Result<tokio::signal::unix::Signal>) {
    match signal {
        Ok(signal) => _ = signal.recv().await,
        Err(_) => std::future::pending().await,
    }
}

struct Look {
    view: View,
    reader: Reader,
    place: Place,
    row: StudyRow,
    source: Source,
    /// When the last moment came.
    heard: Instant,
    /// When the store may be read again.
    read: Option<Instant>,
    /// Runs that had ended when it was read last.
    done: u64,
}

impl Look {
    fn wants_reading(&self) -> bool {
        self.view.stored.is_none()
            || self.view.live.as_ref().is_some_and(|moment| moment.progress.done() != self.done)
    }

    async fn read(&mut self) {
        let began = Instant::now();
        match self.reader.read(&self.place, self.row.id).await {
            Ok(stored) => {
                self.done = stored.results.counts.done();
                self.view.store(stored);
            }
            Err(failure) => self.view.message = Some(failure.text),
        }
        self.read = Some(Instant::now() + READ.max(began.elapsed() * SHARE));
    }

    async fn hear(&mut self, moment: Option<Arc<Moment>>) {
        self.heard = Instant::now();
        match moment {
            Some(moment) => self.view.hear(moment),
            None => {
                self.source = Source::Nobody;
                self.view.lose();
                self.find().await;
                self.read().await;
                if self.view.process.is_none()
                    && let Some(words) = self.view.gone()
                {
                    self.view.message = Some(words);
                }
            }
        }
    }

    /// Looks who works on the study, and for what changed while nobody says anything.
    async fn tick(&mut self) {
        if self.source.is_nobody() {
            self.find().await;
            if self.view.stored.is_some() && self.read.is_none_or(|at| at <= Instant::now()) {
                self.read().await;
            }
        }
    }

    async fn find(&mut self) {
        self.view.process = self.place.holder(self.row.id);
        if self.view.process.is_some() {
            self.source = Source::find(&self.place, self.row.id).await;
        }
    }

    async fn carry_out(&mut self, wish: Wish) {
        self.view.message = Some(match self.wish(wish).await {
            Ok(words) => words,
            Err(failure) => failure.text,
        });
        if self.source.is_nobody() {
            self.read().await;
        }
    }

    /// Does what was wished for, and says what comes of it.
    async fn wish(&self, wish: Wish) -> Result<String> {
        let (place, row) = (&self.place, &self.row);
        let name = &self.view.title;
        let go_on = format!("`paramo run {name}` goes on");
        Ok(match wish {
            Wish::Pause => match wishes::pause(place, row).await? {
                Some(_) => "paused: what runs may end, nothing new is started".to_owned(),
                None => format!("paused; {go_on}"),
            },
            Wish::Resume => match wishes::resume(place, row).await? {
                Some(_) => "going on".to_owned(),
                None => format!("no process works on it; {go_on}"),
            },
            Wish::Slots(slots) => {
                let words = format!("{} at once", plural(u64::from(slots), "run"));
                match wishes::slots(place, row, Some(slots)).await? {
                    Some(_) => words,
                    None => format!("{words}, once {go_on}"),
                }
            }
            Wish::Cancel => match wishes::cancel(place, row).await? {
                Some(who) => format!("cancelled; {who} ends its running runs"),
                None => format!("cancelled; {go_on}"),
            },
            Wish::Retry => {
                let failed = place.store.ended(row.id).await?.failed;
                let opened = wishes::reopen(place, row, &failed).await?;
                let words = format!("{} opened again", plural(opened, "run"));
                match crate::session::notify(place, row) {
                    Some(_) => words,
                    None => format!("{words}; {go_on}"),
                }
            }
            Wish::Leave | Wish::Interrupt | Wish::Suspend | Wish::Redraw => String::new(),
        })
    }
}
