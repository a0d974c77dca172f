//! What a project may use, what it has used, and the gate that closes when it has used too much.
//!
//! A [`Budget`] is shared by all that works on studies of one project. Whoever works on a study adds what its runs used and asks before it
//! leases; when terms or usage change, all of them are woken, so nobody has to look again and again.

use std::sync::Arc;

use paramo_model::{Bytes, Micros, Name, Seconds};
use tokio::sync::watch;

/// What a project may have of the workers, and use in all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProjectTerms {
    /// Relative to the other projects' on the same workers; above 0.
    pub share: f64,
    /// Runs at once on all workers together, at the most.
    pub runs: Option<u32>,
    /// CPU time of all its studies.
    pub cpu: Option<Seconds>,
    /// What its studies keep: results and files.
    pub storage: Option<Bytes>,
}

impl Default for ProjectTerms {
    fn default() -> ProjectTerms {
        ProjectTerms { share: 1.0, runs: None, cpu: None, storage: None }
    }
}

/// What a project uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub cpu: Micros,
    pub storage: Bytes,
    /// Runs that run now.
    pub running: u64,
}

impl Default for Usage {
    fn default() -> Usage {
        Usage { cpu: Micros(0), storage: Bytes(0), running: 0 }
    }
}

/// A quota that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Cpu,
    Storage,
}

/// A project as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct InProject {
    pub name: Name,
    pub terms: ProjectTerms,
    pub usage: Usage,
}

impl InProject {
    /// The quota that lets nothing more start, if there is one.
    pub fn over(&self) -> Option<Over> {
        over(&self.terms, &self.usage)
    }
}

fn over(terms: &ProjectTerms, usage: &Usage) -> Option<Over> {
    if terms.cpu.is_some_and(|limit| usage.cpu.seconds() >= limit.0) {
        Some(Over::Cpu)
    } else if terms.storage.is_some_and(|limit| usage.storage >= limit) {
        Some(Over::Storage)
    } else {
        None
    }
}

/// The quotas of a project, shared by all that works on its studies.
#[derive(Clone, Debug)]
pub struct Budget {
    state: Arc<watch::Sender<(ProjectTerms, Usage)>>,
}

impl Default for Budget {
    /// One without quotas.
    fn default() -> Budget {
        Budget::new(ProjectTerms::default(), Usage::default())
    }
}

impl Budget {
    pub fn new(terms: ProjectTerms, usage: Usage) -> Budget {
        Budget { state: Arc::new(watch::Sender::new((terms, usage))) }
    }

    pub fn terms(&self) -> ProjectTerms {
        self.state.borrow().0
    }

    /// What is used, without the runs that run now.
    pub fn usage(&self) -> Usage {
        self.state.borrow().1
    }

    pub fn over(&self) -> Option<Over> {
        let (terms, usage) = &*self.state.borrow();
        over(terms, usage)
    }

    /// Other terms. Who works on a study of the project hears of it when they close or open the gate.
    pub fn set_terms(&self, terms: ProjectTerms) {
        self.change(|state| state.0 = terms);
    }

    /// What is kept, as it was counted anew.
    pub fn set_storage(&self, storage: Bytes) {
        self.change(|state| state.1.storage = storage);
    }

    /// Adds the CPU time of an attempt.
    pub fn spend(&self, cpu: Micros) {
        self.change(|state| state.1.cpu = Micros(state.1.cpu.0.saturating_add(cpu.0)));
    }

    fn change(&self, change: impl FnOnce(&mut (ProjectTerms, Usage))) {
        self.state.send_if_modified(|state| {
            let before = over(&state.0, &state.1);
            change(state);
            before != over(&state.0, &state.1)
        });
    }

    /// Hears when the gate closes or opens.
    pub(crate) fn follow(&self) -> watch::Receiver<(ProjectTerms, Usage)> {
        self.state.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_gate_closes_when_a_quota_is_used_up_and_wakes_only_then() {
        let budget = Budget::new(
            ProjectTerms { cpu: Some(Seconds(1.0)), storage: Some(Bytes(100)), ..ProjectTerms::default() },
            Usage::default(),
        );
        let mut heard = budget.follow();
        budget.spend(Micros(999_999));
        budget.set_storage(Bytes(99));
        assert_eq!((budget.over(), heard.has_changed().unwrap()), (None, false));
        budget.spend(Micros(1));
        heard.changed().await.unwrap();
        assert_eq!(budget.over(), Some(Over::Cpu));
        budget.set_terms(ProjectTerms { cpu: None, ..budget.terms() });
        heard.changed().await.unwrap();
        assert_eq!(budget.over(), None);
        budget.set_storage(Bytes(100));
        heard.changed().await.unwrap();
        assert_eq!(budget.over(), Some(Over::Storage));
        budget.set_storage(Bytes(5));
        heard.changed().await.unwrap();
        assert_eq!(budget.over(), None);
    }
}
