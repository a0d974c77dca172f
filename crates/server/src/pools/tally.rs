//! Counting allocations: those of this process and of others, those of arrays, and what they have used once they have ended.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use paramo_model::Micros;
use paramo_sites::{JobId, array_of};
use paramo_store::Allocation;

use super::asking::Wish;
use super::keeper::{AT_ONCE, Keeper};

/// The site's account is asked so long after the end of a job, and again as often,
const ACCOUNT: Duration = Duration::from_secs(2);
/// until so long after it nothing is expected any more.
const NO_ACCOUNT: Duration = Duration::from_secs(60);
/// Nobody who ends waits for it longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// An allocation that has ended, and of which it is not known what it has used.
pub(super) struct Unaccounted {
    allocation: Allocation,
    ended: Instant,
    asked: Instant,
}

impl Keeper {
    /// Whether what is here is less than there may be.
    pub(super) fn is_filled_by_others(&self, wish: &Wish<'_>) -> bool {
        let open = self.registry.open(self.site());
        held(open.iter().filter(|it| it.pool == wish.pool)) < wish.maximum
    }

    /// The open allocations that others have at this site. What was left by those who have ended is taken over.
    pub(super) async fn others(&mut self) -> Result<Vec<Allocation>, String> {
        self.looked = Some(Instant::now());
        let (mine, others) = self.seat.sorted(self.site()).await?;
        let known = self.registry.open(self.site());
        // What was ours under a seat that is lost.
        for it in known.iter().filter(|it| others.iter().any(|other| other.name == it.name)) {
            self.registry.forget(&it.name);
        }
        for left in mine {
            if !known.iter().any(|it| it.name == left.name) {
                self.registry.put(left);
            }
        }
        Ok(others)
    }

    /// How many open allocations of a pool there are, whoever has them.
    pub(super) async fn there(&mut self, pool: &str) -> Result<u32, String> {
        let others = self.others().await?;
        let mine = self.registry.open(self.site());
        Ok(held(mine.iter().chain(&others).filter(|it| it.pool == pool)))
    }

    /// What is left to be done for one that has ended.
    pub(super) async fn settle(&mut self, allocation: Allocation) {
        if let Some((array, _)) = array_of(&allocation.name) {
            let open = self.registry.open(self.site());
            let is_last = !open.iter().any(|it| array_of(&it.name).is_some_and(|(of, _)| of == array));
            if is_last {
                // They are good for nothing any more.
                let _ = self.connection.forget_tokens(array).await;
            }
        }
        if allocation.job.is_some() && self.connection.engine.has_account().await {
            let now = Instant::now();
            self.unaccounted.push_back(Unaccounted { allocation, ended: now, asked: now });
        }
    }

    /// Whether the account of one that has just ended is worth waiting for.
    pub(super) fn awaits_account(&self) -> bool {
        self.unaccounted.iter().any(|it| it.ended.elapsed() < PATIENCE)
    }

    /// Asks the site's account what allocations have used that have ended. It is written a little after the end, now and then a good while.
    pub(super) async fn account(&mut self) {
        for _ in 0..AT_ONCE {
            let is_due = |it: &mut Unaccounted| it.asked.elapsed() >= ACCOUNT;
            let Some(mut it) = self.unaccounted.pop_front_if(is_due) else { return };
            let Some(job) = it.allocation.job.as_deref().and_then(JobId::new) else { continue };
            match self.connection.engine.usage(&job).await {
                Ok(Some(used)) => {
                    let cpu = Some(Micros((used.cpu.0 * 1e6) as u64));
                    self.put(Allocation { cpu, memory: used.memory, ..it.allocation }).await;
                }
                _ if it.ended.elapsed() < NO_ACCOUNT => {
                    it.asked = Instant::now();
                    self.unaccounted.push_back(it);
                }
                _ => {}
            }
        }
    }
}

/// How many of these there are at once at the most: of an array only so many begin together.
pub(super) fn held<'a>(allocations: impl IntoIterator<Item = &'a Allocation>) -> u32 {
    let mut arrays: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut single = 0_u32;
    for it in allocations {
        match array_of(&it.name).zip(it.at_once) {
            Some(((array, _), at_once)) => arrays.entry(array).or_insert((0, at_once)).0 += 1,
            None => single = single.saturating_add(1),
        }
    }
    arrays.values().fold(single, |sum, (open, at_once)| sum.saturating_add(*open.min(at_once)))
}
