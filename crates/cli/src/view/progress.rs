//! One line that says how far a study is, rewritten in place on a terminal; elsewhere a line now and then.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use paramo_engine::Observer;
use paramo_model::{Event, Progress, Seconds, StopReason};

use super::{bar, count};

/// Shows the progress of a study on standard error.
pub struct ProgressLine {
    name: String,
    terminal: bool,
    /// When a line was last written where lines stay.
    last: Option<Instant>,
    /// What that line was about.
    said: Option<(u64, u64, bool)>,
    /// A line is standing that the next text must replace.
    standing: bool,
    quiet: bool,
    stopping: bool,
}

/// Where lines stay (a log file), one of them this often.
const SELDOM: Duration = Duration::from_secs(10);

impl ProgressLine {
    pub fn new(name: String, quiet: bool) -> ProgressLine {
        let terminal = std::io::stderr().is_terminal();
        ProgressLine { name, terminal, last: None, said: None, standing: false, quiet, stopping: false }
    }

    fn write(&mut self, text: &str, stays: bool) {
        let mut err = std::io::stderr().lock();
        let begin = if self.standing { "\r\x1b[2K" } else { "" };
        let end = if stays { "\n" } else { "" };
        // Nobody may be reading; the study goes on.
        let _ = write!(err, "{begin}{text}{end}").and_then(|()| err.flush());
        self.standing = !stays;
    }

    /// The line, within a width: what needs a person comes first, and the bar and the name give way before the figures do.
    fn line(&self, progress: &Progress, width: usize) -> String {
        let total = progress.total - progress.skipped;
        let done = progress.done();
        let fraction = if total == 0 { 1.0 } else { done as f64 / total as f64 };
        let mut text = format!("{}/{} ({:.0} %)", count(done), count(total), (fraction * 100.0).floor());
        // The name stands before the figures, shortened if it must be.
        let name: String = self.name.chars().take((width / 4).max(4)).collect();
        let room = width.saturating_sub(name.chars().count() + 1);
        let mut say = |words: String| {
            if text.chars().count() + words.chars().count() + 2 <= room {
                text.push_str("  ");
                text.push_str(&words);
            }
        };
        if self.stopping {
            say("stopping; Ctrl-C again ends what runs".to_owned());
        }
        if progress.paused {
            say("paused".to_owned());
        }
        if progress.failed > 0 {
            say(format!("{} failed", count(progress.failed)));
        }
        if progress.rate > 0.0 {
            say(format!("{}/s", rate(progress.rate)));
        }
        if let Some(left) = progress.remaining.filter(|_| done < total) {
            say(format!("{} left", Seconds(left.max(1.0))));
        }
        if progress.running > 0 {
            say(format!("{} running", count(progress.running)));
        }
        if progress.retried > 0 {
            say(format!("{} retried", count(progress.retried)));
        }
        let cells = room.saturating_sub(text.chars().count() + 1).min(20);
        match cells {
            5.. => format!("{name} {} {text}", bar(fraction, cells)),
            _ => format!("{name} {text}"),
        }
    }

    /// The line in full, for where lines stay.
    pub fn text(&self, progress: &Progress) -> String {
        self.line(progress, usize::MAX)
    }

    /// Lets what stands on the terminal stay there.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.standing) {
            // Nobody may be reading.
            let _ = std::io::stderr().lock().write_all(b"\n");
        }
    }

    /// Says that no new runs are started.
    pub fn stopping(&mut self) {
        self.stopping = true;
    }
}

fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 100.0 => count(r.round() as u64),
        r if r >= 10.0 => format!("{r:.0}"),
        r if r >= 1.0 => format!("{r:.1}"),
        r => format!("{r:.2}"),
    }
}

impl Observer for ProgressLine {
    fn wants_runs(&self) -> bool {
        false
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Progress(progress) if !self.quiet => {
                if self.terminal {
                    let line = self.line(&progress, terminal_width());
                    self.write(&line, false);
                } else if self.last.is_some_and(|last| last.elapsed() >= SELDOM) {
                    self.last = Some(Instant::now());
                    let line = self.line(&progress, usize::MAX);
                    // Where lines stay, one that says nothing new is left out.
                    let figures = (progress.done(), progress.running, self.stopping);
                    if self.said.replace(figures) != Some(figures) {
                        self.write(&line, true);
                    }
                }
            }
            Event::StudyStarted { progress, .. } if !self.quiet => {
                self.last = Some(Instant::now());
                if progress.done() > 0 {
                    let text = format!(
                        "{}: going on, {} of {} have ended",
                        self.name,
                        count(progress.done()),
                        count(progress.total)
                    );
                    self.write(&text, true);
                }
            }
            Event::Notice { message } => self.write(&format!("note: {message}"), true),
            Event::StudyStopped { reason, progress, .. } if !self.quiet => {
                let text = self.summary(reason, &progress);
                self.write(&text, true);
            }
            _ => {}
        }
    }
}

impl ProgressLine {
    fn summary(&self, reason: StopReason, progress: &Progress) -> String {
        let mut text = match reason {
            StopReason::Finished => format!("{}: {} succeeded", self.name, count(progress.succeeded)),
            StopReason::Interrupted => {
                format!("{}: interrupted; {} succeeded", self.name, count(progress.succeeded))
            }
            StopReason::Cancelled => {
                format!("{}: cancelled; {} succeeded", self.name, count(progress.succeeded))
            }
            StopReason::TooManyFailures => {
                format!(
                    "{}: stopped, too many runs failed; {} succeeded",
                    self.name,
                    count(progress.succeeded)
                )
            }
            StopReason::CpuLimit | StopReason::TimeLimit => {
                let what = if reason == StopReason::CpuLimit { "CPU time" } else { "time" };
                format!(
                    "{}: stopped, its limit of {what} is reached; {} succeeded",
                    self.name,
                    count(progress.succeeded)
                )
            }
        };
        text.push_str(&format!(", {} failed", count(progress.failed)));
        if progress.skipped > 0 {
            text.push_str(&format!(", {} left out by the condition", count(progress.skipped)));
        }
        if reason != StopReason::Finished {
            let open = progress.total.saturating_sub(progress.done() + progress.skipped);
            text.push_str(&format!(", {} open", count(open)));
        }
        text.push_str(&format!(" in {}", Seconds(progress.elapsed.max(1e-3))));
        text
    }
}

fn terminal_width() -> usize {
    // The library that lays out tables knows it already. The last column stays free: some terminals wrap there.
    comfy_table::Table::new()
        .width()
        .map(usize::from)
        .filter(|width| *width > 0)
        .unwrap_or(80)
        .saturating_sub(1)
        .max(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let line = ProgressLine {
            name: "hes1".into(),
            terminal: true,
            last: None,
            said: None,
            standing: false,
            quiet: false,
            stopping: false,
        };
        let progress = Progress {
            total: 625,
            succeeded: 310,
            failed: 2,
            running: 2,
            rate: 12.34,
            remaining: Some(25.4),
            ..Progress::default()
        };
        let texts = [usize::MAX, 60, 30].map(|width| line.line(&progress, width));
        assert_eq!(
            texts,
            [
                "hes1 █████████▉           312/625 (49 %)  2 failed  12/s  25.4 s left  2 running",
                "hes1 312/625 (49 %)  2 failed  12/s  25.4 s left  2 running",
                "hes1 312/625 (49 %)  2 failed",
            ]
        );
        let done = Progress { total: 625, skipped: 25, succeeded: 600, elapsed: 61.0, ..Progress::default() };
        assert_eq!(
            line.summary(StopReason::Finished, &done),
            "hes1: 600 succeeded, 0 failed, 25 left out by the condition in 1 min 1 s"
        );
    }
}
