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
        ProgressLine { name, terminal, last: None, standing: false, quiet, stopping: false }
    }

    fn write(&mut self, text: &str, stays: bool) {
        let mut err = std::io::stderr().lock();
        let begin = if self.standing { "\r\x1b[2K" } else { "" };
        let end = if stays { "\n" } else { "" };
        // Nobody may be reading; the study goes on.
        let _ = write!(err, "{begin}{text}{end}").and_then(|()| err.flush());
        self.standing = !stays;
    }

    fn line(&self, progress: &Progress) -> String {
        let total = progress.total - progress.skipped;
        let done = progress.done();
        let fraction = if total == 0 { 1.0 } else { done as f64 / total as f64 };
        let mut text = format!(
            "{} {} {}/{} ({:.0} %)",
            self.name,
            bar(fraction, 20),
            count(done),
            count(total),
            (fraction * 100.0).floor()
        );
        if progress.rate > 0.0 {
            text.push_str(&format!("  {}/s", rate(progress.rate)));
        }
        if let Some(left) = progress.remaining.filter(|_| done < total) {
            text.push_str(&format!("  {} left", Seconds(left.max(1.0))));
        }
        if progress.running > 0 {
            text.push_str(&format!("  {} running", count(progress.running)));
        }
        if progress.retried > 0 {
            text.push_str(&format!("  {} retried", count(progress.retried)));
        }
        if progress.failed > 0 {
            text.push_str(&format!("  {} failed", count(progress.failed)));
        }
        if self.stopping {
            text.push_str("  stopping, Ctrl-C again to end what runs");
        }
        text
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
                let line = self.line(&progress);
                if self.terminal {
                    let width = terminal_width();
                    self.write(&line.chars().take(width).collect::<String>(), false);
                } else if self.last.is_some_and(|last| last.elapsed() >= SELDOM) {
                    self.last = Some(Instant::now());
                    self.write(&line, true);
                }
            }
            Event::StudyStarted { progress, version, .. } if !self.quiet => {
                self.last = Some(Instant::now());
                if progress.done() > 0 {
                    let version = if version > 1 { format!("@{version}") } else { String::new() };
                    let text = format!(
                        "{}{version}: going on, {} of {} have ended",
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
    // The library that lays out tables knows it already.
    comfy_table::Table::new().width().map_or(80, usize::from).max(20)
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
        assert_eq!(
            line.line(&progress),
            "hes1 █████████▉           312/625 (49 %)  12/s  25.4 s left  2 running  2 failed"
        );
        let done = Progress { total: 625, skipped: 25, succeeded: 600, elapsed: 61.0, ..Progress::default() };
        assert_eq!(
            line.summary(StopReason::Finished, &done),
            "hes1: 600 succeeded, 0 failed, 25 left out by the condition in 1 min 1 s"
        );
    }
}
