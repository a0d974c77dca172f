//! Taking runs that wait at one worker to another that has nothing to do.
//!
//! Workers are given more than they run, so that they never wait for the next one. At the end of a study, or when a worker comes late, that
//! leaves some without anything while others have a queue. Whoever has is then asked to give back what it has not begun; what comes
//! back is handed out as all else is, by the room that each has.

use std::time::Duration;

use paramo_model::{StudyId, ToWorker, WorkerId};

use super::Board;
use crate::switchboard::Wire;

/// Short runs are begun where they are before they could be anywhere else.
const WAIT: Duration = Duration::from_secs(1);

/// What a worker has of a study beyond what it runs at once, or what it could run more.
struct Load {
    worker: WorkerId,
    waiting: usize,
    free: usize,
}

impl Board {
    /// Looks in a while whether a study is to be balanced, when some worker asks for more of it than there is.
    pub(super) fn balance_later(&mut self, id: StudyId) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        if !study.spool.is_empty() || study.wants.is_empty() || study.balancing {
            return;
        }
        study.balancing = true;
        self.later(WAIT, Wire::Balance(id));
    }

    pub(super) fn balance(&mut self, id: StudyId) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        study.balancing = false;
        if !study.spool.is_empty() || study.paused || study.leaving.is_some() {
            return;
        }
        let loads = self.loads(id);
        let mut free: usize = loads.iter().map(|load| load.free).sum();
        let mut donors: Vec<&Load> = loads.iter().filter(|load| load.waiting > 0).collect();
        if free == 0 || donors.is_empty() {
            return;
        }
        donors.sort_by_key(|load| std::cmp::Reverse(load.waiting));
        for donor in donors {
            if free == 0 {
                break;
            }
            free = free.saturating_sub(donor.waiting);
            if let Some(worker) = self.workers.get(&donor.worker) {
                // It gives back what it has not begun, and asks anew.
                worker.send(ToWorker::Pause { study: id });
                worker.send(ToWorker::Resume { study: id });
            }
        }
        self.balance_later(id);
    }

    fn loads(&self, id: StudyId) -> Vec<Load> {
        let Some(study) = self.studies.get(&id) else { return Vec::new() };
        let load = |(at, worker): (&WorkerId, &super::Worker)| {
            let holding = worker.holds.get(&id).filter(|holding| holding.leaving.is_none())?;
            let slots = study.room(worker).min(holding.part.told()) as usize;
            let held = holding.open.len();
            let wants = study.wants.get(at).copied().unwrap_or(0);
            // One that runs something else may have no room, whatever its size: it has not asked.
            let free = slots.saturating_sub(held).min(wants);
            Some(Load { worker: *at, waiting: held.saturating_sub(slots), free })
        };
        self.workers.iter().filter_map(load).collect()
    }
}
