//! Whose turn it is: first among the projects, then among the studies of the one that is chosen.

use paramo_model::{FromWorker, Name, ProjectPart, StudyId};

use super::{Dispatch, Lane, Pace};
use crate::ledger::Need;
use crate::share::{self, Claim};

/// A project of which something is here.
pub(super) struct Project {
    part: ProjectPart,
    /// CPU time that its runs have had, by its share.
    had: f64,
}

/// An assignment that has not been answered.
pub(super) struct Owed {
    study: StudyId,
    project: Name,
    revision: u64,
}

/// The study whose turn it is.
pub(super) struct Choice {
    pub at: usize,
    /// One whose turn it would have been, had there been room for its run.
    passed_over: Option<usize>,
}

/// How many smaller runs are started before one for which there is no room. Then it is waited for: else a run that needs much would
/// never find it free at once.
const PATIENCE: u32 = 100;

/// What a run counts that takes no CPU.
const LEAST: f64 = 1e-3;

impl Dispatch {
    /// Notes what a study's project may have, and that an answer is owed.
    pub(super) fn note_project(&mut self, study: StudyId, part: &ProjectPart, revision: u64) {
        match self.projects.iter_mut().find(|project| project.part.name == part.name) {
            Some(project) => project.part = part.clone(),
            None => self.projects.push(Project { part: part.clone(), had: 0.0 }),
        }
        self.owed.push(Owed { study, project: part.name.clone(), revision });
    }

    /// Forgets projects of which nothing is here any more.
    pub(super) fn forget_projects(&mut self) {
        let lanes = &self.lanes;
        self.projects.retain(|project| lanes.iter().any(|lane| lane.is_of(project)));
    }

    /// Answers the assignments that are kept to by now.
    pub fn settle(&mut self, messages: &mut Vec<FromWorker>) {
        if self.owed.is_empty() {
            return;
        }
        let owed = std::mem::take(&mut self.owed);
        let (kept, open) = owed.into_iter().partition(|owed| self.keeps_to(owed));
        self.owed = open;
        let answer = |owed: Owed| FromWorker::Settled { study: owed.study, revision: owed.revision };
        messages.extend(Vec::into_iter(kept).map(answer));
    }

    fn keeps_to(&self, owed: &Owed) -> bool {
        let of_study = || self.lanes.iter().filter(|lane| lane.study.id == owed.study);
        let slots = of_study().filter_map(|lane| lane.study.slots).min();
        let running: usize = of_study().map(|lane| lane.running).sum();
        let project = self.projects.iter().find(|project| project.part.name == owed.project);
        slots.is_none_or(|slots| running <= slots as usize)
            && project.is_none_or(|project| {
                project.part.slots.is_none_or(|slots| self.running(project) <= slots as usize)
            })
    }

    fn running(&self, project: &Project) -> usize {
        self.lanes.iter().filter(|lane| lane.is_of(project)).map(|lane| lane.running).sum()
    }

    /// Whose turn it is, of those whose next run there is room for.
    pub(super) fn choose(&self) -> Option<Choice> {
        let allowed: Vec<bool> = (0..self.lanes.len()).map(|at| self.allowed(at)).collect();
        let waited = (0..allowed.len()).find(|at| allowed[*at] && self.lanes[*at].passed >= PATIENCE);
        if let Some(at) = waited {
            return self.fits(at).then_some(Choice { at, passed_over: None });
        }
        let due = self.first(&allowed)?;
        if self.fits(due) {
            return Some(Choice { at: due, passed_over: None });
        }
        let fitting: Vec<bool> =
            allowed.iter().enumerate().map(|(at, allowed)| *allowed && self.fits(at)).collect();
        self.first(&fitting).map(|at| Choice { at, passed_over: Some(due) })
    }

    /// Notes that one has had its turn.
    pub(super) fn chosen(&mut self, choice: &Choice) {
        let at = choice.at;
        self.turn = (at + 1) % self.lanes.len();
        let lane = &mut self.lanes[at];
        lane.passed = 0;
        if let Some(project) = self.projects.iter().position(|project| lane.is_of(project)) {
            self.project_turn = (project + 1) % self.projects.len();
        }
        if let Some(due) = choice.passed_over {
            self.lanes[due].passed += 1;
        }
    }

    /// Notes what the runs of a lane have had.
    pub(super) fn charge(&mut self, at: usize, need: &Need, pace: Pace) {
        let cost = need.cpus.max(LEAST) * pace.seconds.max(1e-6);
        let lane = &mut self.lanes[at];
        lane.had += cost / lane.study.share;
        if let Some(project) = self.projects.iter_mut().find(|project| lane.is_of(project)) {
            project.had += cost / project.part.share;
        }
    }

    /// Puts one that had nothing to do level with those that had: what it did not use then is not owed to it.
    pub(super) fn level(&mut self, at: usize) {
        let lane = &self.lanes[at];
        if lane.busy() {
            return;
        }
        let Some(own) = self.projects.iter().position(|project| lane.is_of(project)) else { return };
        let beside = self.lanes.iter().filter(|lane| lane.busy() && lane.is_of(&self.projects[own]));
        let least = beside.map(|lane| lane.had).min_by(f64::total_cmp);
        if let Some(least) = least {
            self.lanes[at].had = self.lanes[at].had.max(least);
            return;
        }
        let busy = |project: &&Project| self.lanes.iter().any(|lane| lane.busy() && lane.is_of(project));
        let least = self.projects.iter().filter(busy).map(|project| project.had).min_by(f64::total_cmp);
        if let Some(least) = least {
            self.projects[own].had = self.projects[own].had.max(least);
        }
    }

    /// The first of some lanes.
    fn first(&self, ready: &[bool]) -> Option<usize> {
        let mut some = (0..ready.len()).filter(|at| ready[*at]);
        let only = some.next()?;
        if some.next().is_none() {
            return Some(only);
        }
        let lanes: Vec<Claim> = (0..ready.len()).map(|at| self.claim(at, ready[at])).collect();
        let members = |project: &Project| -> Vec<usize> {
            (0..lanes.len()).filter(|at| self.lanes[*at].is_of(project)).collect()
        };
        let projects: Vec<Claim> = self
            .projects
            .iter()
            .map(|project| together(project, self.running(project), members(project), &lanes))
            .collect();
        let parts = share::divide(self.ledger.cpus(), &projects);
        let project = share::next(&projects, &parts, self.project_turn)?;
        let members = members(&self.projects[project]);
        let claims: Vec<Claim> = members.iter().map(|at| lanes[*at]).collect();
        let turn = members.iter().position(|at| *at >= self.turn).unwrap_or(0);
        let within = share::divide(parts[project], &claims);
        share::next(&claims, &within, turn).map(|at| members[at])
    }

    fn claim(&self, at: usize, ready: bool) -> Claim {
        let lane = &self.lanes[at];
        let step = lane.study.resources().cores().min(self.ledger.cpus()).max(LEAST);
        let slots = lane.study.slots.map_or(usize::MAX, |slots| slots.max(1) as usize);
        let most = (lane.running + lane.queue.len()).min(slots.max(lane.running));
        let used = lane.running as f64 * step;
        Claim { weight: lane.study.share, used, step, most: most as f64 * step, ready, had: lane.had }
    }

    /// Whether the study and its project may have one more run.
    fn allowed(&self, at: usize) -> bool {
        let lane = &self.lanes[at];
        let project = || self.projects.iter().find(|project| lane.is_of(project));
        !lane.queue.is_empty()
            && lane.study.slots.is_none_or(|slots| lane.running < slots.max(1) as usize)
            && project().is_none_or(|project| {
                project.part.slots.is_none_or(|slots| self.running(project) < slots.max(1) as usize)
            })
    }

    fn fits(&self, at: usize) -> bool {
        self.need(at).map_or(true, |need| self.ledger.fits(&need))
    }
}

impl Lane {
    fn is_of(&self, project: &Project) -> bool {
        self.study.project.name == project.part.name
    }

    fn busy(&self) -> bool {
        self.running > 0 || !self.queue.is_empty()
    }
}

/// What the studies of a project want together.
fn together(project: &Project, running: usize, members: Vec<usize>, lanes: &[Claim]) -> Claim {
    let of = |value: fn(&Claim) -> f64| members.iter().map(|at| value(&lanes[*at])).sum::<f64>();
    let ready = || members.iter().map(|at| &lanes[*at]).filter(|claim| claim.ready);
    let step = ready().map(|claim| claim.step).min_by(f64::total_cmp).unwrap_or(LEAST);
    let used = of(|claim| claim.used);
    let more =
        project.part.slots.map_or(f64::INFINITY, |slots| (slots as usize).saturating_sub(running) as f64);
    Claim {
        weight: project.part.share,
        used,
        step,
        most: of(|claim| claim.most).min(used + more * step),
        ready: ready().next().is_some(),
        had: project.had,
    }
}
