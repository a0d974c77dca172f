//! What workers say, and who hears it.

use std::collections::HashSet;

use paramo_model::{FromWorker, StudyId, WorkerId};

use super::{Board, given_back};
use crate::switchboard::Note;

impl Board {
    pub(super) fn news(&mut self, from: WorkerId, news: Vec<FromWorker>) {
        let Some(worker) = self.workers.get_mut(&from) else { return };
        let elsewhere = worker.remote.is_some();
        let mut said: Vec<(StudyId, Vec<FromWorker>)> = Vec::new();
        let mut strays = Vec::new();
        let mut hungry: Vec<StudyId> = Vec::new();
        let mut released: Vec<StudyId> = Vec::new();
        let mut settled: Vec<(StudyId, u64)> = Vec::new();
        let (mut gone, mut had_its_run) = (false, false);
        for mut message in news {
            if let FromWorker::Report(report) = &mut message {
                report.attempt.worker = from.0;
            }
            let id = match &message {
                FromWorker::Wants { study: id, runs } => {
                    let Some(study) = self.studies.get_mut(id) else { continue };
                    let open = worker.holds.get(id).is_some_and(|holding| holding.leaving.is_none());
                    if open && *runs > 0 && !worker.draining && !study.paused {
                        study.wants.insert(from, *runs as usize);
                        hungry.push(*id);
                    } else {
                        study.wants.remove(&from);
                    }
                    continue;
                }
                FromWorker::Started { study, index, slot, .. } => {
                    let holding = worker.holds.get_mut(study);
                    if let Some(held) = holding.and_then(|holding| holding.open.get_mut(index)) {
                        held.slot = Some(*slot);
                    }
                    *study
                }
                FromWorker::Report(report) => {
                    worker.reported += 1;
                    had_its_run |= worker.is_for_one();
                    if let Some(holding) = worker.holds.get_mut(&report.study) {
                        holding.open.remove(&report.index);
                    }
                    if elsewhere {
                        let entry = (report.index, report.attempt.number, from);
                        self.unkept.entry(report.study).or_default().insert(entry);
                    }
                    if !self.studies.contains_key(&report.study) {
                        if elsewhere && let FromWorker::Report(report) = message {
                            strays.push(report);
                        }
                        continue;
                    }
                    report.study
                }
                FromWorker::Returned { study, indices, .. } => {
                    // Only what it holds by what is known here: it may speak of leases that are somebody else's by now.
                    let Some(holding) = worker.holds.get_mut(study) else { continue };
                    let held =
                        indices.iter().filter_map(|index| Some((holding.open.remove(index)?.lease, *index)));
                    said.push((*study, given_back(*study, held)));
                    continue;
                }
                FromWorker::Released { study } => {
                    worker.holds.remove(study);
                    released.push(*study);
                    continue;
                }
                FromWorker::Settled { study, revision } => {
                    settled.push((*study, *revision));
                    continue;
                }
                FromWorker::Notice(_) => {
                    let to: HashSet<StudyId> = worker.holds.keys().copied().collect();
                    said.extend(to.into_iter().map(|id| (id, vec![message.clone()])));
                    continue;
                }
                FromWorker::Gone => {
                    gone = true;
                    continue;
                }
                // Said by boards to engines.
                FromWorker::Holds { .. } => continue,
            };
            match said.last_mut() {
                Some((last, messages)) if *last == id => messages.push(message),
                _ => said.push((id, vec![message])),
            }
        }
        for (id, messages) in said {
            if let Some(study) = self.studies.get(&id) {
                study.say(messages);
            }
        }
        for report in strays {
            self.note(Note::Stray(report));
        }
        let mut fed = HashSet::new();
        hungry.retain(|id| fed.insert(*id));
        for id in hungry {
            self.hand_out(id);
            self.balance_later(id);
        }
        for (id, revision) in settled {
            self.settled(from, id, revision);
        }
        if !released.is_empty() {
            self.note_studies(from);
        }
        for id in released {
            self.left(id);
            // It may have been opened anew, or be wanted here again, while its last runs ended.
            self.assign(id);
        }
        if gone && elsewhere {
            self.retire(from);
        } else if had_its_run {
            self.detach(from);
        }
    }
}
