//! Beginning a study on a server, and going on with one.

use std::collections::BTreeMap;
use std::time::Duration;

use paramo_client::{ClientError, NewStudy, Server, file_text};
use paramo_engine::Changed;
use paramo_model::document;
use paramo_model::{Diagnostic, FieldPath, StudyId, StudyState};
use paramo_store::StudyRow;

use super::follow::follow;
use super::since::Since;
use crate::args::Making;
use crate::exit;
use crate::failure::{Failure, Result};
use crate::store::{Place, title};

/// How long a server that does not answer is left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// A study as it is sent: the text of its file, and the files that it names.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// As messages name it; nothing of a study that was typed.
    pub file: Option<String>,
    pub text: String,
    pub attachments: Vec<(String, Vec<u8>)>,
    /// Where its commands run, on the server.
    pub directory: Option<String>,
}

impl Sent {
    fn attached(&self) -> BTreeMap<&str, String> {
        self.attachments.iter().map(|(name, bytes)| (name.as_str(), file_text(bytes))).collect()
    }

    /// What the server finds wrong in the file, at its place.
    fn failure(&self, error: ClientError) -> Failure {
        let faults = error.problem().map(|problem| problem.errors.as_slice()).unwrap_or_default();
        let Some(file) = self.file.as_deref().filter(|_| !faults.is_empty()) else { return error.into() };
        let placed = faults.iter().map(|fault| {
            let found = Diagnostic::new(FieldPath::new(fault.field.split('.')), fault.message.clone());
            document::place(
                &self.text,
                match &fault.help {
                    Some(help) => found.help(help.clone()),
                    None => found,
                },
            )
        });
        Failure::diagnostics(&placed.collect::<Vec<_>>(), &self.text, file)
    }
}

/// Has a study begun, or the stored one of its name taken over as it is now, and follows it.
pub async fn begin(
    place: &Place,
    server: &Server,
    stored: Option<&StudyRow>,
    sent: &Sent,
    changed: Changed,
    making: &Making,
) -> Result<u8> {
    super::check(making)?;
    let goes_on = stored.filter(|_| changed != Changed::NewVersion);
    let mut since = match goes_on {
        Some(row) => stands(place, row, making).await?,
        None => Since::nothing()?,
    };
    let new = NewStudy {
        project: server.address().project.as_deref(),
        file: &sent.text,
        attachments: sent.attached(),
        directory: sent.directory.as_deref().or(goes_on.map(|row| row.study.source.as_str())),
        site: making.site.as_ref().map(ToString::to_string),
        changed: match changed {
            Changed::Refuse => "refuse",
            Changed::NewVersion => "new-version",
            Changed::Continue => "continue",
        },
        // How many at once is said before the first begins.
        start: making.slots.is_none(),
    };
    let begun = tokio::select! {
        begun = server.begin(&new) => begun.map_err(|error| sent.failure(error))?,
        () = since.leave.asked() => {
            let text = format!(
                "left before {} had answered; `paramo list` shows whether it has begun",
                server.address()
            );
            return Err(Failure { code: exit::STOPPED, text });
        }
    };
    let row = read(place, server, StudyId(begun.id)).await?;
    if making.slots.is_some() || row.state == StudyState::Paused {
        return drive(place, server, row, making, since).await;
    }
    follow_or_leave(place, server, row, making, since).await
}

/// Goes on with a study that the server has.
pub async fn go_on(place: &Place, server: &Server, row: StudyRow, making: &Making) -> Result<u8> {
    super::check(making)?;
    let since = stands(place, &row, making).await?;
    drive(place, server, row, making, since).await
}

/// Follows the runs that the server has just been given.
pub async fn take_up(
    place: &Place,
    server: &Server,
    row: StudyRow,
    making: &Making,
    since: Since,
) -> Result<u8> {
    super::check(making)?;
    follow_or_leave(place, server, row, making, since).await
}

async fn drive(place: &Place, server: &Server, row: StudyRow, making: &Making, since: Since) -> Result<u8> {
    if making.site.as_ref().is_some_and(|site| *site != row.study.run.site) {
        return Err(Failure::input(format!(
            "{} runs at {}; to have a server run it elsewhere, give its file: paramo run FILE --site SITE",
            title(&row),
            row.study.run.site
        )));
    }
    if let Some(slots) = making.slots {
        server.slots(row.id, Some(slots)).await?;
    }
    if row.state == StudyState::Paused && !making.quiet && !making.json {
        anstream::eprintln!("{} was paused; it goes on", title(&row));
    }
    match row.state {
        StudyState::Paused | StudyState::Cancelled => server.resume(row.id).await?,
        StudyState::Open | StudyState::Finished => server.start(row.id).await?,
    }
    follow_or_leave(place, server, row, making, since).await
}

async fn follow_or_leave(
    place: &Place,
    server: &Server,
    row: StudyRow,
    making: &Making,
    since: Since,
) -> Result<u8> {
    if !making.detach {
        return follow(place, server, row, making, since).await;
    }
    if !making.quiet && !making.json {
        anstream::eprintln!("{}", left(&title(&row), server));
    }
    Ok(exit::OK)
}

/// Reads a study that has begun. A server that is gone by now is waited for: the study goes on there.
async fn read(place: &Place, server: &Server, id: StudyId) -> Result<StudyRow> {
    let mut told = false;
    loop {
        match place.store.study(id).await {
            Err(error) if error.passes() => {
                if !std::mem::replace(&mut told, true) {
                    anstream::eprintln!("note: {}", lost(&error));
                }
                tokio::time::sleep(AGAIN).await;
            }
            read => {
                if told {
                    anstream::eprintln!("note: {}", back(server));
                }
                return Ok(read?);
            }
        }
    }
}

/// What is said of a server that is not there any more.
pub fn lost(why: &dyn std::fmt::Display) -> String {
    format!("{why}; the study goes on there, and is looked for again")
}

/// And of one that is there again.
pub fn back(server: &Server) -> String {
    format!("{} answers again", server.address())
}

/// What a person can do with a study that goes on without them.
pub fn left(name: &str, server: &Server) -> String {
    format!(
        "{name} goes on at {}\n  paramo watch {name}       looks on\n  paramo cancel {name}      stops it",
        server.address()
    )
}

/// How a study of a server stands.
async fn stands(place: &Place, row: &StudyRow, making: &Making) -> Result<Since> {
    match Since::of(place, row, making).await? {
        Some(since) => Ok(since),
        None => Since::nothing(),
    }
}

/// Adds points to a study of a server: those of a file, or so many more of the last block's sample.
pub async fn extend(server: &Server, row: &StudyRow, sent: &Sent, count: Option<u64>) -> Result<()> {
    let done = match count {
        Some(count) => server.extend_by(row.id, count).await,
        None => server.extend(row.id, &sent.text, sent.attached()).await,
    };
    done.map_err(|error| sent.failure(error))
}
