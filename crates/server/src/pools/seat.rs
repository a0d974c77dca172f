//! Which allocations are those of this process, when several keep pools with the same store: two commands of one person at the same time,
//! or two servers by mistake.
//!
//! Each has a seat, and its allocations bear the seat's number. A seat falls free when its process ends, however it ends; what was asked
//! for from there is then taken over by whoever has the next look. Without it each would end the allocations of the others, of whose
//! studies it knows nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use paramo_store::{Allocation, Held, StudyLock};

use crate::people::Service;

/// More processes than these do not keep pools with one store at the same time.
const SEATS: u32 = 100;

/// The seat of this process.
pub(super) struct Seat {
    pub number: u32,
    people: Arc<Service>,
    _lock: StudyLock,
}

impl Seat {
    /// The first that is free: a process that is started again finds its own.
    ///
    /// # Errors
    ///
    /// A sentence when the store does not answer.
    pub async fn take(people: Arc<Service>) -> Result<Seat, String> {
        for number in 1..=SEATS {
            match people.store().seat(number).await {
                Ok(lock) => return Ok(Seat { number, people, _lock: lock }),
                Err(Held::By(_)) => {}
                Err(Held::Failed(error)) => return Err(error.to_string()),
            }
        }
        Err(format!("{SEATS} processes keep the pools of this store already"))
    }

    /// The open allocations at a site: those of this process, with those of processes that have ended, and those of others.
    ///
    /// # Errors
    ///
    /// A sentence when the store does not answer.
    pub async fn sorted(&self, site: &str) -> Result<(Vec<Allocation>, Vec<Allocation>), String> {
        let open = self.people.store().allocations(0).await.map_err(|error| error.to_string())?;
        let at_site = open.into_iter().filter(|it| it.site == site);
        let (mut mine, others): (Vec<_>, Vec<_>) = at_site.partition(|it| it.seat == self.number);
        let seats: BTreeSet<u32> = others.iter().map(|it| it.seat).collect();
        let mut free = Vec::new();
        for seat in seats {
            match self.people.store().seat(seat).await {
                // It is kept until what was left there has its new number.
                Ok(lock) => free.push((seat, lock)),
                Err(Held::By(_)) => {}
                Err(Held::Failed(error)) => return Err(error.to_string()),
            }
        }
        let is_free = |it: &Allocation| free.iter().any(|(seat, _)| *seat == it.seat);
        let (left, others): (Vec<_>, Vec<_>) = others.into_iter().partition(is_free);
        for allocation in left {
            let allocation = Allocation { seat: self.number, ..allocation };
            self.people.store().put_allocation(&allocation).await.map_err(|error| error.to_string())?;
            mine.push(allocation);
        }
        Ok((mine, others))
    }
}
