//! Which allocations are those of this process, when several keep pools with the same store: two commands of one person at the same time,
//! or two servers by mistake.
//!
//! Each has a seat, and its allocations bear the seat's number. A seat falls free when its process ends, however it ends; what was asked
//! for from there is then taken over by whoever has the next look. Without it each would end the allocations of the others, of whose
//! studies it knows nothing.
//!
//! With a store in a database a process may lose its seat while it lives, when its connection breaks and another is quicker. It then takes the
//! next one, and leaves what it had to whoever has the seat now.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use paramo_store::{Allocation, Held, News, StudyLock};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;

use crate::people::Service;

/// More processes than these do not keep pools with one store at the same time.
const SEATS: u32 = 100;

/// The seat of this process.
pub(super) struct Seat {
    number: AtomicU32,
    people: Arc<Service>,
    kept: Mutex<Kept>,
}

struct Kept {
    _lock: StudyLock,
    /// What becomes of the lock, from a store that tells.
    news: Option<UnboundedReceiver<News>>,
}

impl Kept {
    fn new(mut lock: StudyLock) -> Kept {
        let news = lock.news();
        Kept { _lock: lock, news }
    }

    /// Whether somebody else has the seat by now.
    fn is_lost(&mut self) -> bool {
        let Some(news) = &mut self.news else { return false };
        loop {
            match news.try_recv() {
                Ok(News::Lost) | Err(TryRecvError::Disconnected) => return true,
                Ok(News::Changed) => {}
                Err(TryRecvError::Empty) => return false,
            }
        }
    }
}

impl Seat {
    /// The first that is free: a process that is started again finds its own.
    ///
    /// # Errors
    ///
    /// A sentence when the store does not answer.
    pub async fn take(people: Arc<Service>) -> Result<Seat, String> {
        let (number, lock) = first_free(&people).await?;
        let kept = Mutex::new(Kept::new(lock));
        Ok(Seat { number: AtomicU32::new(number), people, kept })
    }

    pub fn number(&self) -> u32 {
        self.number.load(Ordering::Relaxed)
    }

    /// Takes another seat when this one is lost.
    async fn keep(&self) -> Result<(), String> {
        let mut kept = self.kept.lock().await;
        if kept.is_lost() {
            let (number, lock) = first_free(&self.people).await?;
            *kept = Kept::new(lock);
            self.number.store(number, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The open allocations at a site: those of this process, with those of processes that have ended, and those of others.
    ///
    /// # Errors
    ///
    /// A sentence when the store does not answer.
    pub async fn sorted(&self, site: &str) -> Result<(Vec<Allocation>, Vec<Allocation>), String> {
        self.keep().await?;
        let number = self.number();
        let open = self.people.store().allocations(0).await.map_err(|error| error.to_string())?;
        let at_site = open.into_iter().filter(|it| it.site == site);
        let (mut mine, others): (Vec<_>, Vec<_>) = at_site.partition(|it| it.seat == number);
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
            let allocation = Allocation { seat: number, ..allocation };
            self.people.store().put_allocation(&allocation).await.map_err(|error| error.to_string())?;
            mine.push(allocation);
        }
        Ok((mine, others))
    }
}

async fn first_free(people: &Service) -> Result<(u32, StudyLock), String> {
    for number in 1..=SEATS {
        match people.store().seat(number).await {
            Ok(lock) => return Ok((number, lock)),
            Err(Held::By(_)) => {}
            Err(Held::Failed(error)) => return Err(error.to_string()),
        }
    }
    Err(format!("{SEATS} processes keep the pools of this store already"))
}
