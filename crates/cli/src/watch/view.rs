//! The state of the view: what is known of the study, what was chosen, and what a key means. Nothing here reads, writes or waits.

use std::sync::Arc;

use paramo_model::{Moment, Progress, StopReason, StudyState};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::palette::Palette;
use super::picture::{Choice, Picture, is_map};
use super::stored::Stored;
use crate::store::Who;

/// What a person wants, as far as the view cannot do it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Pause,
    Resume,
    Slots(u32),
    Cancel,
    Retry,
    Leave,
    /// Ctrl-C, and `s` on leaving.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
}

/// What must be answered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Cancel,
    Leave,
}

/// What the study is doing, in the words of the head line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Loading,
    Running,
    /// A process works on it and has not said anything yet.
    Silent,
    Stopping,
    Paused,
    /// Nobody works on it.
    Stopped,
    Cancelled,
    Finished,
}

/// Everything that is drawn.
pub struct View {
    pub title: String,
    pub palette: Palette,
    /// This process works on the study too.
    pub driving: bool,
    pub stored: Option<Stored>,
    /// What the process that works on the study said last.
    pub live: Option<Arc<Moment>>,
    /// Seconds since then.
    pub heard: f64,
    /// Who works on the study.
    pub process: Option<Who>,
    pub choice: Choice,
    pub picture: Picture,
    pub question: Option<Question>,
    pub help: bool,
    /// The slots that were asked for last, until the process has heard of them.
    asked: Option<u32>,
    /// What came of the last wish, or what happened.
    pub message: Option<String>,
}

impl View {
    pub fn new(title: String, palette: Palette, driving: bool) -> View {
        View {
            title,
            palette,
            driving,
            stored: None,
            live: None,
            heard: 0.0,
            process: None,
            choice: Choice::default(),
            picture: Picture::Nothing("reading the store"),
            question: None,
            help: false,
            asked: None,
            message: None,
        }
    }

    /// Takes what the store says now.
    pub fn store(&mut self, stored: Stored) {
        if self.live.is_none() {
            self.asked = None;
        }
        let same = self.stored.as_ref().is_some_and(|old| Arc::ptr_eq(&old.results, &stored.results));
        self.stored = Some(stored);
        if !same {
            self.draw_anew();
        }
    }

    /// Takes what the process that works on the study says now.
    pub fn hear(&mut self, moment: Arc<Moment>) {
        if moment.notice.is_some() && self.live.as_ref().is_none_or(|last| last.notice != moment.notice) {
            self.message.clone_from(&moment.notice);
        }
        if self.asked == moment.slots {
            self.asked = None;
        }
        self.live = Some(moment);
        self.heard = 0.0;
    }

    /// The process does not say anything any more.
    pub fn lose(&mut self) {
        self.asked = None;
        self.live = None;
    }

    /// What it means that nobody works on the study any more, unless it has come to its end.
    pub fn gone(&self) -> Option<String> {
        match self.standing() {
            Standing::Stopped | Standing::Paused => {
                let waits = self.stored.as_ref().and_then(|stored| stored.waits.clone());
                let gone =
                    || format!("the process that worked on it is gone; `paramo run {}` goes on", self.title);
                Some(waits.unwrap_or_else(gone))
            }
            _ => None,
        }
    }

    pub fn standing(&self) -> Standing {
        if let Some(moment) = &self.live {
            return match (moment.stopping, moment.progress.paused) {
                (Some(StopReason::Finished), _) | (None, false) => Standing::Running,
                (Some(_), _) => Standing::Stopping,
                (None, true) => Standing::Paused,
            };
        }
        match (self.stored.as_ref().map(|stored| stored.state), self.process) {
            (None, _) => Standing::Loading,
            (Some(StudyState::Finished), _) => Standing::Finished,
            (Some(StudyState::Paused), _) => Standing::Paused,
            (Some(StudyState::Cancelled), None) => Standing::Cancelled,
            (Some(StudyState::Open), None) => Standing::Stopped,
            (Some(_), Some(_)) => Standing::Silent,
        }
    }

    /// How far it is: as the process says, or as the store does where none speaks.
    pub fn progress(&self) -> Progress {
        if let Some(moment) = &self.live {
            return moment.progress.clone();
        }
        let Some(stored) = &self.stored else { return Progress::default() };
        let (counts, total) = (&stored.results.counts, stored.results.total);
        // Points that a condition leaves out are only known once the study has passed them.
        let skipped = match stored.state {
            StudyState::Finished => total.saturating_sub(counts.done()),
            _ => 0,
        };
        Progress {
            total,
            skipped,
            succeeded: counts.succeeded,
            failed: counts.failed,
            retried: counts.retried,
            ..Progress::default()
        }
    }

    /// Runs at once at the most, where somebody has said so.
    pub fn slots(&self) -> Option<u32> {
        match &self.live {
            Some(moment) => moment.slots,
            None => self.stored.as_ref().and_then(|stored| stored.results.slots),
        }
    }

    /// What a key means. What only concerns the view is done at once.
    pub fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Wish::Interrupt),
                KeyCode::Char('z') => Some(Wish::Suspend),
                KeyCode::Char('l') => Some(Wish::Redraw),
                _ => None,
            };
        }
        if let Some(question) = self.question.take() {
            return answer(question, key.code);
        }
        if std::mem::take(&mut self.help) {
            return None;
        }
        self.message = None;
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => self.leave(),
            KeyCode::Char('?' | 'h') => {
                self.help = true;
                None
            }
            KeyCode::Char('p' | ' ') => self.pause_or_resume(),
            KeyCode::Char('+' | '=') => self.change_slots(true),
            KeyCode::Char('-' | '_') => self.change_slots(false),
            KeyCode::Char('c') => self.cancel(),
            KeyCode::Char('r') => self.retry(),
            KeyCode::Char('x') => self.choose(|choice| choice.along += 1),
            KeyCode::Char('y') => self.choose(|choice| choice.output += 1),
            KeyCode::Char('m') => {
                let map = self.stored.as_ref().is_some_and(|stored| is_map(&stored.results, self.choice));
                self.choose(|choice| *choice = Choice { map: Some(!map), along: 0, ..*choice })
            }
            _ => None,
        }
    }

    fn leave(&mut self) -> Option<Wish> {
        if !self.driving {
            return Some(Wish::Leave);
        }
        self.question = Some(Question::Leave);
        None
    }

    fn pause_or_resume(&mut self) -> Option<Wish> {
        match self.standing() {
            Standing::Paused => Some(Wish::Resume),
            Standing::Running | Standing::Silent => Some(Wish::Pause),
            _ => self.say("there is nothing to pause: no process starts runs of it"),
        }
    }

    fn change_slots(&mut self, up: bool) -> Option<Wish> {
        // Without a number the one to start from is what runs now.
        let now = self.asked.or(self.slots()).unwrap_or(self.progress().running.clamp(1, 100_000) as u32);
        let slots = if up { now.saturating_add(1) } else { now.saturating_sub(1) };
        if slots == 0 {
            return self.say("one run at a time is the least; p pauses");
        }
        self.asked = Some(slots);
        Some(Wish::Slots(slots))
    }

    fn cancel(&mut self) -> Option<Wish> {
        match self.standing() {
            Standing::Finished => self.say("it has finished; there is nothing to cancel"),
            Standing::Cancelled => self.say("it is cancelled already"),
            _ => {
                self.question = Some(Question::Cancel);
                None
            }
        }
    }

    fn retry(&mut self) -> Option<Wish> {
        match self.progress().failed {
            0 => self.say("no run has failed"),
            _ => Some(Wish::Retry),
        }
    }

    fn say(&mut self, message: &str) -> Option<Wish> {
        self.message = Some(message.to_owned());
        None
    }

    fn choose(&mut self, change: impl FnOnce(&mut Choice)) -> Option<Wish> {
        change(&mut self.choice);
        self.draw_anew();
        None
    }

    fn draw_anew(&mut self) {
        if let Some(stored) = &self.stored {
            self.picture = Picture::of(&stored.results, self.choice);
        }
    }
}

/// What the answer to a question means; any other key takes the question back.
fn answer(question: Question, key: KeyCode) -> Option<Wish> {
    match (question, key) {
        (Question::Cancel, KeyCode::Char('y' | 'Y')) => Some(Wish::Cancel),
        (Question::Leave, KeyCode::Char('y' | 'Y' | 'q') | KeyCode::Enter) => Some(Wish::Leave),
        (Question::Leave, KeyCode::Char('s')) => Some(Wish::Interrupt),
        _ => None,
    }
}
