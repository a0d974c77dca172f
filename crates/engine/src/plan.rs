//! What a study file means for what has already run.
//!
//! A study that only grew, or whose policies changed, is the same study. One whose application changed gives results that mean something
//! else: going on with it is the scientist's decision, never ours.

use paramo_design::Space;
use paramo_model::document::{ChangeKind, Difference, differences};
use paramo_model::{Study, StudyState};
use paramo_store::StudyRow;

/// What to do with a study.
#[derive(Debug)]
pub enum Plan {
    /// It is new, or a new version was asked for.
    Create,
    /// It is as it was and has runs left.
    Continue,
    /// It is as it was and every run has ended.
    Finished,
    /// It has changed in ways that were allowed: take the new definition and go on.
    Replace(Vec<Difference>),
    /// It has changed in ways that need a decision.
    Refuse(Vec<Difference>),
}

/// What the person chose for a changed study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Changed {
    /// Nothing was said: refuse what changes the meaning of results.
    #[default]
    Refuse,
    /// Keep the old study, start a new version.
    NewVersion,
    /// Go on; old and new results share a table.
    Continue,
}

/// Compares a study with the one that is stored under its name.
pub fn plan(stored: Option<&StudyRow>, study: &Study, changed: Changed) -> Plan {
    let Some(row) = stored else { return Plan::Create };
    let mut found = differences(&row.study, study);
    if found.iter().any(|difference| difference.kind == ChangeKind::SpaceChanged)
        && keeps_every_index(&row.study, study)
    {
        found
            .iter_mut()
            .filter(|d| d.kind == ChangeKind::SpaceChanged)
            .for_each(|d| d.kind = ChangeKind::SpaceGrown);
    }
    if found.is_empty() {
        return match (row.state, changed) {
            (_, Changed::NewVersion) => Plan::Create,
            (StudyState::Finished, _) => Plan::Finished,
            _ => Plan::Continue,
        };
    }
    if changed == Changed::NewVersion {
        return Plan::Create;
    }
    // A space in which old indices mean something else cannot be continued at all: results would be put at other points.
    let renumbered = found.iter().any(|difference| difference.kind == ChangeKind::SpaceChanged);
    let application = found.iter().any(|difference| difference.kind == ChangeKind::Application);
    if renumbered || (application && changed == Changed::Refuse) {
        Plan::Refuse(found)
    } else {
        Plan::Replace(found)
    }
}

/// The most points that are compared one by one: some tenths of a second.
const COMPARED: u64 = 1_000_000;

/// Whether every index of the old space means the same point in the new one, however the two are written: a value added to the slowest
/// axis, a row added to a table of points, a longer Sobol' sequence.
fn keeps_every_index(old: &Study, new: &Study) -> bool {
    let space = |study: &Study| Space::new(&study.space, &study.application.parameters).ok();
    let names =
        |study: &Study| study.application.parameters.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    let (Some(before), Some(after)) = (space(old), space(new)) else { return false };
    if before.len() > COMPARED || after.len() < before.len() || names(old) != names(new) {
        return false;
    }
    let (mut a, mut b) = (Vec::new(), Vec::new());
    (0..before.len()).all(|index| {
        before.point_into(index, &mut a)
            && after.point_into(index, &mut b)
            && a == b
            && before.included(index) == after.included(index)
    })
}
