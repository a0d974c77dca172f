//! What each worker may have of each study and project at once, and telling it.

use std::collections::HashSet;
use std::sync::Arc;

use paramo_model::{Assignment, Name, ProjectPart, StudyId, ToWorker, WorkerId};

use super::{Board, Worker, pausing};
use crate::ProjectTerms;
use crate::switchboard::Note;
use crate::switchboard::parts::{self, Part};

impl Board {
    pub(super) fn assign_all(&mut self) {
        let names: HashSet<Name> = self.studies.values().map(|study| study.project.clone()).collect();
        for name in names {
            self.share_out(&name);
            self.tell_project(&name);
        }
    }

    /// Tells the workers of a study, each with its part of the runs at once.
    pub(super) fn assign(&mut self, id: StudyId) {
        let Some(name) = self.studies.get(&id).map(|study| study.project.clone()) else { return };
        // A study more or less changes where its project has room.
        if self.share_out(&name) {
            self.tell_project(&name);
        } else {
            self.tell(id);
        }
    }

    pub(super) fn tell_project(&mut self, name: &Name) {
        let of = self.studies.iter().filter(|(_, study)| study.project == *name);
        let ids: Vec<StudyId> = of.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.tell(id));
    }

    fn terms(&self, project: &Name) -> ProjectTerms {
        self.projects.get(project).copied().unwrap_or_default()
    }

    /// Divides a project's runs at once among the workers. Whether anything has changed.
    pub(super) fn share_out(&mut self, name: &Name) -> bool {
        let limit = self.terms(name).runs;
        let studies = &self.studies;
        let members = || studies.iter().filter(|(_, study)| study.project == *name);
        for worker in self.workers.values_mut() {
            // Where nothing of it is, nothing of it runs.
            if !members().any(|(id, _)| worker.holds.contains_key(id)) {
                worker.projects.remove(name);
            }
        }
        let room = |worker: &Worker| members().map(|(_, study)| study.room(worker)).max().unwrap_or(0);
        let rooms: Vec<u32> = self.workers.values().map(room).collect();
        let held = self.workers.values().map(|worker| worker.projects.get(name).map_or(0, Part::held));
        let told = spread(limit, &rooms, &held.collect::<Vec<u32>>());
        let mut changed = false;
        for (worker, told) in self.workers.values_mut().zip(told) {
            let revision = worker.revision + 1;
            let part = worker.projects.entry(name.clone()).or_default();
            changed |= part.told() != told;
            part.tell(told, revision);
        }
        changed
    }

    fn tell(&mut self, id: StudyId) {
        let Some(study) = self.studies.get_mut(&id) else { return };
        let Some(assignment) = study.assignment.clone().filter(|_| study.leaving.is_none()) else { return };
        let terms = self.projects.get(&study.project).copied().unwrap_or_default();
        let least = |a: Option<u32>, b: Option<u32>| a.into_iter().chain(b).min();
        let limit = least(study.terms.runs, assignment.slots);
        let project = |worker: &Worker| worker.projects.get(&study.project).map_or(0, Part::told);
        let rooms: Vec<u32> =
            self.workers.values().map(|worker| study.room(worker).min(project(worker))).collect();
        let held = self.workers.values().map(|w| w.holds.get(&id).map_or(0, |holding| holding.part.held()));
        let told = spread(limit, &rooms, &held.collect::<Vec<u32>>());
        let mut new: Vec<WorkerId> = Vec::new();
        for ((at, worker), told) in self.workers.iter_mut().zip(told) {
            let known = worker.holds.get(&id);
            if worker.draining
                || known.is_some_and(|holding| holding.leaving.is_some())
                || (told == 0 && known.is_none())
            {
                continue;
            }
            let project = ProjectPart {
                name: study.project.clone(),
                share: terms.share,
                slots: worker.projects.get(&study.project).and_then(Part::slots),
            };
            if known.is_none() && worker.remote.is_some() {
                new.push(*at);
            }
            let holding = worker.holds.entry(id).or_default();
            let revision = worker.revision + 1;
            holding.part.tell(told, revision);
            if worker.orders.is_none() {
                // It keeps to what it heard last, and hears more when it is back.
                continue;
            }
            if told == 0 {
                holding.leaving = Some(false);
                study.wants.remove(at);
                worker.send(ToWorker::Release { study: id, now: false });
                continue;
            }
            let (slots, share) = (holding.part.slots(), assignment.share * study.terms.share);
            let same = |told: &Assignment| {
                told.slots == slots
                    && told.share == share
                    && told.project == project
                    && Arc::ptr_eq(&told.study, &assignment.study)
            };
            if !holding.assigned.as_ref().is_some_and(same) {
                worker.revision = revision;
                let assignment = Assignment { slots, share, project, revision, ..assignment.clone() };
                let first = holding.assigned.replace(assignment.clone()).is_none();
                worker.send(ToWorker::Assign(assignment));
                if study.paused || (first && worker.remote.is_some()) {
                    // One that comes back may have heard something else.
                    worker.send(pausing(id, study.paused));
                }
            }
        }
        for at in new {
            self.note_studies(at);
        }
    }

    /// Says of which studies a worker elsewhere has runs, so that another board waits for it.
    pub(super) fn note_studies(&self, at: WorkerId) {
        let Some(worker) = self.workers.get(&at) else { return };
        let Some(remote) = &worker.remote else { return };
        let studies = worker.holds.keys().copied().collect();
        self.note(Note::Has { key: remote.about.key.clone(), studies });
    }

    /// A worker keeps to an assignment: what it gave up with it is somebody else's.
    pub(super) fn settled(&mut self, worker: WorkerId, id: StudyId, revision: u64) {
        let Some(worker) = self.workers.get_mut(&worker) else { return };
        let freed = worker.holds.get_mut(&id).is_some_and(|holding| holding.part.settle(revision));
        let project = self.studies.get(&id).and_then(|study| worker.projects.get_mut(&study.project));
        if project.is_some_and(|part| part.settle(revision)) || freed {
            self.assign(id);
        }
    }
}

/// What each worker may be told of a limit. Without one, each may have all that it has room for.
fn spread(limit: Option<u32>, rooms: &[u32], held: &[u32]) -> Vec<u32> {
    match limit {
        Some(limit) => parts::allow(limit, &parts::divide(limit, rooms), held),
        None => rooms.iter().map(|room| if *room > 0 { parts::ALL } else { 0 }).collect(),
    }
}
