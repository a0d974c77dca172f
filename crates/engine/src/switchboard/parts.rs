//! A limit of runs at once, divided among workers, so that all of them together never pass it.
//!
//! A worker keeps to the slots it was told, run by run. When they become fewer, what runs there may end; so what one worker loses another
//! gets only when the first has said that it keeps to it ([`FromWorker::Settled`](paramo_model::FromWorker)).

/// The slots of a worker when nothing is said.
pub(super) const ALL: u32 = u32::MAX;

/// What one worker has of a limit.
#[derive(Debug, Default)]
pub(super) struct Part {
    told: u32,
    /// What it was told before, with the revision that changed it, until it keeps to that.
    before: Vec<(u64, u32)>,
}

impl Part {
    pub fn told(&self) -> u32 {
        self.told
    }

    /// The slots that are said, `None` for no limit.
    pub fn slots(&self) -> Option<u32> {
        (self.told != ALL).then_some(self.told)
    }

    /// As many as may run there now.
    pub fn held(&self) -> u32 {
        self.before.iter().map(|(_, slots)| *slots).fold(self.told, u32::max)
    }

    /// Tells it another number, with an assignment of this revision.
    pub fn tell(&mut self, slots: u32, revision: u64) {
        if slots < self.told {
            self.before.push((revision, self.told));
        }
        self.told = slots;
    }

    /// It keeps to all that it was told up to this revision. Whether that frees something.
    pub fn settle(&mut self, revision: u64) -> bool {
        let held = self.held();
        self.before.retain(|(changed, _)| *changed > revision);
        self.held() < held
    }
}

/// Divides a limit in proportion to the room that each has. Nobody gets more than it has room for.
pub(super) fn divide(limit: u32, rooms: &[u32]) -> Vec<u32> {
    let whole: u64 = rooms.iter().map(|room| u64::from(*room)).sum();
    if whole <= u64::from(limit) {
        return rooms.to_vec();
    }
    let product = |room: u32| u64::from(limit) * u64::from(room);
    let mut parts: Vec<u32> = rooms.iter().map(|room| (product(*room) / whole) as u32).collect();
    let mut by_rest: Vec<usize> = (0..rooms.len()).collect();
    // Of equals the first: a stable order.
    by_rest.sort_by_key(|at| std::cmp::Reverse(product(rooms[*at]) % whole));
    let given: u64 = parts.iter().map(|part| u64::from(*part)).sum();
    for at in by_rest.into_iter().take((u64::from(limit) - given) as usize) {
        parts[at] += 1;
    }
    parts
}

/// What each may be told now, so that no more than the limit is held at any time: fewer at once, more only as it becomes free.
pub(super) fn allow(limit: u32, wanted: &[u32], held: &[u32]) -> Vec<u32> {
    let all: u64 = held.iter().map(|held| u64::from(*held)).sum();
    let mut free = u64::from(limit).saturating_sub(all);
    let mut told = Vec::with_capacity(wanted.len());
    for (wanted, held) in wanted.iter().zip(held) {
        let more = u64::from(wanted.saturating_sub(*held)).min(free);
        free -= more;
        told.push((*wanted).min(held.saturating_add(more as u32)));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_limit_is_divided_as_the_room_is() {
        for (limit, rooms, parts) in [
            (4, vec![1, 16], vec![0, 4]),
            (6, vec![4, 4, 4], vec![2, 2, 2]),
            (2, vec![4, 4, 4], vec![1, 1, 0]),
            (100, vec![4, 2], vec![4, 2]),
            (0, vec![4, 2], vec![0, 0]),
            (5, vec![], vec![]),
            (3, vec![ALL, ALL], vec![2, 1]),
        ] {
            assert_eq!(divide(limit, &rooms), parts, "{limit} of {rooms:?}");
        }
    }

    /// A worker that runs as many as it can at any time.
    #[derive(Debug, Default)]
    struct Greedy {
        part: Part,
        running: u32,
        /// What it was told and has not answered.
        heard: Vec<(u64, u32)>,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Limit(u32),
        Room(usize, u32),
        /// A run of a worker ends, and it starts what it may.
        End(usize),
        Answer(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0u32..12).prop_map(Step::Limit),
            (0usize..4, 0u32..9).prop_map(|(at, room)| Step::Room(at, room)),
            (0usize..4).prop_map(Step::End),
            (0usize..4).prop_map(Step::Answer),
        ];
        prop::collection::vec(step, 1..120)
    }

    proptest! {
        /// Whatever happens in whatever order, no more runs than is held, and no more is held than the limit, or than there was when it was
        /// lowered; and once all is settled, the limit is used up.
        #[test]
        fn a_limit_is_never_passed(steps in steps()) {
            let mut workers: Vec<Greedy> = (0..4).map(|_| Greedy::default()).collect();
            let (mut rooms, mut limit, mut revision) = ([4u32; 4], 5u32, 0u64);
            let mut retell = |workers: &mut Vec<Greedy>, limit: u32, rooms: &[u32; 4]| {
                let wanted = divide(limit, rooms);
                let held: Vec<u32> = workers.iter().map(|worker| worker.part.held()).collect();
                for (worker, told) in workers.iter_mut().zip(allow(limit, &wanted, &held)) {
                    if told != worker.part.told() {
                        revision += 1;
                        worker.part.tell(told, revision);
                        worker.heard.push((revision, told));
                        worker.running = worker.running.max(told);
                    }
                }
            };
            retell(&mut workers, limit, &rooms);
            for step in steps {
                match step {
                    Step::Limit(new) => limit = new,
                    Step::Room(at, room) => rooms[at] = room,
                    Step::End(at) => {
                        let worker = &mut workers[at];
                        worker.running = worker.running.saturating_sub(1).max(worker.part.told());
                    }
                    Step::Answer(at) => {
                        let worker = &mut workers[at];
                        let kept = worker.heard.iter().take_while(|(_, slots)| worker.running <= *slots).count();
                        for (revision, _) in worker.heard.drain(..kept) {
                            worker.part.settle(revision);
                        }
                    }
                }
                let sum = |workers: &[Greedy]| workers.iter().map(|worker| worker.part.held()).sum::<u32>();
                // What runs when a limit is lowered may end.
                let bound = limit.max(sum(&workers));
                retell(&mut workers, limit, &rooms);
                prop_assert!(sum(&workers) <= bound, "{} held, {bound} may be", sum(&workers));
                for worker in &workers {
                    prop_assert!(worker.running <= worker.part.held(), "{worker:?}");
                }
            }
            for _ in 0..8 {
                for worker in &mut workers {
                    worker.running = worker.part.told();
                    for (revision, _) in worker.heard.drain(..) {
                        worker.part.settle(revision);
                    }
                }
                retell(&mut workers, limit, &rooms);
            }
            let running: u32 = workers.iter().map(|worker| worker.running).sum();
            prop_assert_eq!(running, limit.min(rooms.iter().sum()), "what is free is given away");
        }
    }
}
