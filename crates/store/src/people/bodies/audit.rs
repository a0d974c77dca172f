//! The audit trail. The database refuses whatever would change or remove an entry.

use super::{made, word};
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{AuditEntry, AuditQuery, AuditRow, Outcome, Via};
use crate::session::{Session, cells};
use paramo_model::Timestamp;

/// Entries read at a time where some of them may have to be left out.
const PAGE: usize = 1000;

/// id, at, user, via, action, project, target, outcome, detail.
type Cells = (i64, i64, Option<String>, String, String, Option<String>, String, String, String);

pub async fn record(session: &mut Session<'_>, entry: &AuditEntry) -> Result<AuditRow> {
    let now = now();
    let cells = cells![
        now.0,
        entry.user.clone(),
        entry.via.word(),
        entry.action.as_str(),
        entry.project.clone(),
        entry.target.as_str(),
        entry.outcome.word(),
        entry.detail.as_str(),
    ];
    let row = session.optional(sql::INSERT_AUDIT, cells).await?;
    Ok(AuditRow { id: made(session, row)?, at: now, entry: entry.clone() })
}

pub async fn list(session: &mut Session<'_>, query: &AuditQuery) -> Result<Vec<AuditRow>> {
    let mut found = Vec::new();
    let mut before = query.before.unwrap_or(i64::MAX);
    while found.len() < query.limit {
        let page = match &query.within {
            Some(_) => PAGE,
            None => PAGE.min(query.limit - found.len()),
        };
        let cells =
            cells![before, query.project.clone(), query.user.clone(), query.action.clone(), page as i64];
        let rows: Vec<Cells> = session.all(sql::AUDIT, cells).await?;
        let last = rows.len() < page;
        for cells in rows {
            before = cells.0;
            let row = row(session, cells)?;
            let inside = |within: &Vec<String>| {
                row.entry.project.as_ref().is_some_and(|project| within.contains(project))
            };
            if query.within.as_ref().is_none_or(inside) {
                found.push(row);
            }
        }
        if last {
            break;
        }
    }
    found.truncate(query.limit);
    Ok(found)
}

fn row(session: &Session<'_>, cells: Cells) -> Result<AuditRow> {
    let (id, at, user, via, action, project, target, outcome, detail) = cells;
    let via = word(session, Via::of_word(&via), "way to come in", &via)?;
    let outcome = word(session, Outcome::of_word(&outcome), "outcome", &outcome)?;
    let entry = AuditEntry { user, via, action, project, target, outcome, detail };
    Ok(AuditRow { id, at: Timestamp(at), entry })
}
