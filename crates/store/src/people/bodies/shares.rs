//! Links that show one study.

use super::{ends, made, met, missing};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Fresh, Hashed, Share};
use crate::session::{Session, cells};
use crate::{Result, write};
use paramo_model::{StudyId, Timestamp};

/// id, study, created, by, expires.
type Cells = (i64, i64, i64, String, Option<i64>);

fn share((id, study, created, by, expires): Cells) -> Share {
    Share { id, study: StudyId(study), created: Timestamp(created), by, expires: expires.map(Timestamp) }
}

pub async fn create(session: &mut Session<'_>, study: StudyId, by: &str, fresh: &Fresh) -> Result<Share> {
    write::stays(session, study).await?;
    let now = now();
    let expires = ends(fresh, now);
    let row = session.optional(sql::INSERT_SHARE, cells![&fresh.hash, study.0, by, now.0, expires]).await?;
    Ok(share((made(session, row)?, study.0, now.0, by.to_owned(), expires)))
}

pub async fn of_study(session: &mut Session<'_>, study: StudyId) -> Result<Vec<Share>> {
    let rows: Vec<Cells> = session.all(sql::SHARES, cells![study.0]).await?;
    Ok(rows.into_iter().map(share).collect())
}

pub async fn get(session: &mut Session<'_>, hash: &Hashed) -> Result<Option<Share>> {
    let row: Option<Cells> = session.optional(sql::SHARE, cells![hash, now().0]).await?;
    Ok(row.map(share))
}

pub async fn delete(session: &mut Session<'_>, study: StudyId, id: i64) -> Result<()> {
    let rows = session.execute(sql::DELETE_SHARE, cells![study.0, id]).await?;
    met(rows, || missing("share", id))
}
