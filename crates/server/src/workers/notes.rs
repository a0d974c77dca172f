//! What the board tells of workers elsewhere: results of studies that nobody works on, and who has runs, to be remembered.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use paramo_engine::Note;
use paramo_model::{Ended, Report, RunRecord, StudyId};
use paramo_store::StoreError;
use tokio::sync::mpsc;

use crate::host::Host;

/// Notes that are seen to at once.
const TOGETHER: usize = 10_000;
/// What cannot be stored is asked for again after this long.
const AGAIN: Duration = Duration::from_secs(10);

/// Sees to what the board tells, as long as there is a host.
pub(crate) async fn listen(host: Weak<Host>, mut notes: mpsc::UnboundedReceiver<Note>) {
    let mut together = Vec::new();
    while notes.recv_many(&mut together, TOGETHER).await > 0 {
        let Some(host) = host.upgrade() else { return };
        let mut has: HashMap<String, Vec<StudyId>> = HashMap::new();
        let mut strays: HashMap<StudyId, Vec<Report>> = HashMap::new();
        for note in together.drain(..) {
            match note {
                Note::Has { key, studies } => drop(has.insert(key, studies)),
                Note::Stray(report) => strays.entry(report.study).or_default().push(*report),
            }
        }
        for (key, studies) in has {
            host.remember(&key, &studies).await;
        }
        for (study, reports) in strays {
            hand_in(&host, study, reports).await;
        }
    }
}

/// Stores results of a study that nobody works on here.
async fn hand_in(host: &Host, study: StudyId, reports: Vec<Report>) {
    let runs: Vec<(u64, u32)> = reports.iter().map(|report| (report.index, report.attempt.number)).collect();
    match store(host, study, reports).await {
        Ok(()) | Err(StoreError::Missing { .. }) => host.board().kept(study, runs),
        Err(_) => {
            // Somebody works on it, here or in another process, or the store does not answer: the workers keep them.
            let board = host.board().clone();
            tokio::spawn(async move {
                tokio::time::sleep(AGAIN).await;
                board.repeat(study);
            });
        }
    }
}

async fn store(host: &Host, study: StudyId, reports: Vec<Report>) -> Result<(), StoreError> {
    let store = host.store();
    store.study(study).await?;
    let lock = store.lock(study).await.map_err(|held| match held {
        paramo_store::Held::Failed(error) => error,
        paramo_store::Held::By(holder) => StoreError::Refuses { why: format!("{holder} works on it") },
    })?;
    let ended = store.ended(study).await?;
    let known = &ended.succeeded | &ended.failed;
    let mut records: Vec<RunRecord> = Vec::new();
    for report in reports {
        let Report { index, attempt, outputs, .. } = report;
        // What failed is made again when somebody goes on with the study, as its policy says.
        let new = !known.contains(index) && records.iter().all(|record| record.index != index);
        if new && attempt.ended == Ended::Succeeded {
            records.push(RunRecord { index, last: attempt, earlier: Vec::new(), outputs });
        }
    }
    if !records.is_empty() {
        store.commit(study, &records).await?;
        host.told_of_results(study);
    }
    drop(lock);
    Ok(())
}
