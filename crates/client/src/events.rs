//! What happens to a study, told by its server: taken up again where it was cut off, for as long as it takes.

use std::collections::VecDeque;
use std::time::Duration;

use paramo_model::{Progress, StopReason, StudyId, Timestamp};
use reqwest::Response;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::shape::{Going, moment};
use crate::sse::{Parser, Sent};
use crate::{Result, Server};

/// The waits between attempts to reach the server again grow to this.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// From here on everything is told. What happened before is to be read: the first time, and whenever something may have been missed.
    Connected,
    /// The server does not answer; it is tried again. Said once for each time.
    Lost {
        why: String,
    },
    Happened(Happening),
}

/// What happened to the study.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    Started {
        at: Timestamp,
        progress: Progress,
    },
    Progress(Progress),
    Notice {
        message: String,
    },
    Stopped {
        reason: StopReason,
        at: Timestamp,
        progress: Progress,
    },
    /// The server could not go on with it.
    Failed {
        message: String,
    },
    Deleted,
    /// Something else: its state or its definition is another.
    Changed,
}

/// The events of one study.
#[derive(Debug)]
pub struct Events {
    server: Server,
    study: StudyId,
    /// The last that was seen.
    last: Option<String>,
    open: Option<Response>,
    parser: Parser,
    heard: VecDeque<Heard>,
    /// Attempts that were in vain, since the last that was not.
    vain: u32,
    wait: Option<Instant>,
}

impl Events {
    pub fn new(server: &Server, study: StudyId) -> Events {
        Events {
            server: server.clone(),
            study,
            last: None,
            open: None,
            parser: Parser::default(),
            heard: VecDeque::new(),
            vain: 0,
            wait: None,
        }
    }

    /// The next that is heard. An error is one that waiting does not mend: a token that is not good any more, a study that is gone.
    pub async fn next(&mut self) -> Result<Heard> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            if let Some(response) = &mut self.open {
                let why = match response.chunk().await {
                    Ok(Some(bytes)) => {
                        self.vain = 0;
                        let sent = self.parser.push(&bytes);
                        self.take(sent).await?;
                        continue;
                    }
                    Ok(None) => "it has closed the connection".to_owned(),
                    Err(error) => self.server.http().unreachable(&error).to_string(),
                };
                self.open = None;
                self.lost(why);
                continue;
            }
            if let Some(wait) = self.wait {
                tokio::time::sleep_until(wait).await;
                self.wait = None;
            }
            self.connect().await?;
        }
    }

    async fn connect(&mut self) -> Result<()> {
        let path = format!("/events?study={}", self.study.0);
        let last: Vec<(&str, &str)> = self.last.iter().map(|last| ("last-event-id", last.as_str())).collect();
        match self.server.http().stream(&path, &last).await {
            Ok(response) => {
                self.open = Some(response);
                self.parser = Parser::default();
                self.heard.push_back(Heard::Connected);
                Ok(())
            }
            Err(error) if error.passes() => {
                self.lost(error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn lost(&mut self, why: String) {
        if self.vain == 0 {
            self.heard.push_back(Heard::Lost { why });
        }
        let wait = FIRST_WAIT.saturating_mul(1 << self.vain.min(6)).min(LONGEST_WAIT);
        self.vain = self.vain.saturating_add(1);
        self.wait = Some(Instant::now() + wait);
    }

    async fn take(&mut self, sent: Vec<Sent>) -> Result<()> {
        for event in sent {
            if event.id.is_some() {
                self.last.clone_from(&event.id);
            }
            if event.kind == "missed" {
                self.heard.push_back(Heard::Connected);
                continue;
            }
            match read(&event, self.study) {
                Ok(Some(happening)) => self.heard.push_back(Heard::Happened(happening)),
                Ok(None) => {}
                Err(what) => {
                    return Err(self
                        .server
                        .http()
                        .not_understood(&format!("the event {}: {what}", event.kind))
                        .await);
                }
            }
        }
        Ok(())
    }
}

/// Of a document that an event carries, what is of interest here.
#[derive(Deserialize)]
struct Document {
    study: Option<i64>,
    at: Option<String>,
    progress: Option<Going>,
    message: Option<String>,
    reason: Option<Value>,
}

/// What an event says of a study; `None` when it is about something else, or of a kind that only a later paramo knows.
fn read(event: &Sent, study: StudyId) -> std::result::Result<Option<Happening>, String> {
    let document: Document = serde_json::from_str(&event.data).map_err(|error| error.to_string())?;
    if document.study.is_some_and(|of| of != study.0) {
        return Ok(None);
    }
    let Document { at, progress, message, reason, .. } = document;
    let progress = || progress.clone().map(Progress::from).ok_or("it has no progress");
    let at = || at.as_deref().map_or(Ok(Timestamp::default()), moment);
    Ok(Some(match event.kind.as_str() {
        "progress" => Happening::Progress(progress()?),
        "notice" => Happening::Notice { message: message.unwrap_or_default() },
        "study-started" => Happening::Started { at: at()?, progress: progress()? },
        "study-stopped" => {
            let reason = reason.and_then(|reason| serde_json::from_value(reason).ok());
            Happening::Stopped {
                reason: reason.ok_or("its reason is not known here")?,
                at: at()?,
                progress: progress()?,
            }
        }
        "study-failed" => Happening::Failed { message: message.unwrap_or_default() },
        "study-deleted" => Happening::Deleted,
        "study-created" | "study-changed" | "study-taken-up" => Happening::Changed,
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: &str) -> std::result::Result<Option<Happening>, String> {
        read(&Sent { id: None, kind: kind.to_owned(), data: data.to_owned() }, StudyId(3))
    }

    #[test]
    fn events_are_read_and_those_of_others_passed_over() {
        let progress = r#"{"points":9,"left_out":1,"succeeded":4,"failed":1,"running":2,"retried":0,"paused":false,
            "runs_per_second":1.5,"remaining_seconds":2.0,"elapsed_seconds":3.0}"#;
        let read = event(
            "study-stopped",
            &format!(
                r#"{{"study":3,"reason":"too-many-failures","at":"1970-01-01T00:00:01Z","progress":{progress}}}"#
            ),
        );
        let Ok(Some(Happening::Stopped { reason, at, progress })) = read else { panic!("{read:?}") };
        assert_eq!(
            (reason, at, progress.done(), progress.remaining),
            (StopReason::TooManyFailures, Timestamp(1_000_000), 5, Some(2.0))
        );
        assert_eq!(event("study-deleted", r#"{"study":3}"#), Ok(Some(Happening::Deleted)));
        assert_eq!(event("study-deleted", r#"{"study":4}"#), Ok(None));
        assert_eq!(event("of-later", r#"{"study":3}"#), Ok(None));
        assert!(event("study-stopped", r#"{"study":3,"reason":"of later"}"#).is_err());
        assert!(event("progress", "[").is_err());
    }
}
