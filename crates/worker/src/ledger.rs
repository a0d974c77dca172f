//! What is free on this machine, and what each run takes of it.

use paramo_model::{Bytes, Capacity, Resources, Ticket};

/// What one run takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Need {
    pub cpus: f64,
    pub memory: Option<Bytes>,
    pub gpus: usize,
}

/// What is there and what of it is free.
#[derive(Debug)]
pub(crate) struct Ledger {
    capacity: Capacity,
    cpus: f64,
    memory: u64,
    gpus: Vec<String>,
    running: usize,
    slots: usize,
}

/// Sums of decimal fractions are not exact: ten runs of 0.1 CPUs fit one CPU.
const ROUNDING: f64 = 1e-9;

impl Ledger {
    /// A ledger of all that is there, with so many runs at once at the most.
    pub fn new(capacity: Capacity, slots: usize) -> Ledger {
        Ledger {
            cpus: capacity.cpus,
            memory: capacity.memory.0,
            gpus: capacity.gpus.clone(),
            running: 0,
            slots,
            capacity,
        }
    }

    /// What a run of these resources takes here. One that asks for more CPUs than there are gets them all; one that was given more memory
    /// after a failure gets what there is. The error says what is missing for good.
    pub fn need(&self, resources: &Resources, ticket: &Ticket) -> Result<Need, String> {
        let there = &self.capacity;
        if resources.gpus as usize > there.gpus.len() {
            return Err(format!(
                "a run asks for {} GPUs, and there are {} here",
                resources.gpus,
                there.gpus.len()
            ));
        }
        if let Some(memory) = resources.memory.filter(|memory| *memory > there.memory) {
            return Err(format!("a run asks for {memory} of memory, and there are {} here", there.memory));
        }
        Ok(Need {
            cpus: resources.cores().min(there.cpus),
            memory: ticket
                .expected
                .memory
                .or(ticket.memory)
                .or(resources.memory)
                .map(|memory| memory.min(there.memory)),
            gpus: resources.gpus as usize,
        })
    }

    /// CPUs in all.
    pub fn cpus(&self) -> f64 {
        self.capacity.cpus
    }

    /// How many runs with this need fit at once when nothing else runs.
    pub fn slots(&self, need: &Need) -> usize {
        let mut slots = self.slots;
        if need.cpus > 0.0 {
            slots = slots.min(((self.capacity.cpus + ROUNDING) / need.cpus) as usize);
        }
        if let Some(memory) = need.memory.filter(|memory| memory.0 > 0) {
            slots = slots.min((self.capacity.memory.0 / memory.0) as usize);
        }
        if let Some(by_gpus) = self.capacity.gpus.len().checked_div(need.gpus) {
            slots = slots.min(by_gpus);
        }
        slots.max(1)
    }

    pub fn fits(&self, need: &Need) -> bool {
        self.running < self.slots
            && need.cpus <= self.cpus + ROUNDING
            && need.memory.is_none_or(|memory| memory.0 <= self.memory)
            && need.gpus <= self.gpus.len()
    }

    /// Takes what a run needs, which must fit. Returns the GPUs it gets.
    pub fn take(&mut self, need: &Need) -> Vec<String> {
        self.running += 1;
        self.cpus -= need.cpus;
        self.memory = self.memory.saturating_sub(need.memory.map_or(0, |memory| memory.0));
        let rest = self.gpus.len().saturating_sub(need.gpus);
        self.gpus.split_off(rest)
    }

    pub fn give_back(&mut self, need: &Need, gpus: Vec<String>) {
        self.running -= 1;
        self.cpus += need.cpus;
        self.memory += need.memory.map_or(0, |memory| memory.0);
        self.gpus.extend(gpus);
        if self.running == 0 {
            self.cpus = self.capacity.cpus;
        }
    }
}

#[cfg(test)]
mod tests {
    use paramo_model::Expected;

    use super::*;

    fn ledger() -> Ledger {
        let capacity = Capacity { cpus: 2.0, memory: Bytes(1000), gpus: vec!["0".into(), "GPU-b".into()] };
        Ledger::new(capacity, 100)
    }

    fn need(cpus: f64, memory: Option<u64>, gpus: u32) -> Result<Need, String> {
        let ticket = Ticket::new(0, 1);
        ledger().need(&Resources { cpus, memory: memory.map(Bytes), gpus, ..Resources::default() }, &ticket)
    }

    #[test]
    fn the_scarcest_resource_decides() {
        for (cpus, memory, gpus, slots) in [
            (1.0, None, 0, 2),
            (0.5, None, 0, 4),
            (0.1, None, 0, 20),
            (0.0, None, 0, 100),
            (8.0, None, 0, 1),
            (0.0, Some(300), 0, 3),
            (0.1, None, 1, 2),
        ] {
            let need = need(cpus, memory, gpus).unwrap();
            let mut ledger = ledger();
            assert_eq!(ledger.slots(&need), slots);
            let mut taken = 0;
            while ledger.fits(&need) {
                ledger.take(&need);
                taken += 1;
            }
            assert_eq!(taken, slots, "{cpus} {memory:?} {gpus}");
        }
    }

    #[test]
    fn gpus_are_handed_out_once_and_come_back() {
        let need = need(0.0, None, 1).unwrap();
        let mut ledger = ledger();
        let (a, b) = (ledger.take(&need), ledger.take(&need));
        assert_ne!(a, b);
        assert!(!ledger.fits(&need));
        ledger.give_back(&need, a.clone());
        assert_eq!(ledger.take(&need), a);
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert_eq!(need(1.0, None, 3), Err("a run asks for 3 GPUs, and there are 2 here".into()));
        assert_eq!(
            need(1.0, Some(2000), 0),
            Err("a run asks for 2.0 KiB of memory, and there are 1000 B here".into())
        );
    }

    #[test]
    fn a_run_takes_the_place_of_what_it_is_expected_to_use() {
        let resources = Resources { memory: Some(Bytes(300)), ..Resources::default() };
        let expected = Expected { memory: Some(Bytes(100)), time: None };
        let ticket = Ticket { expected, ..Ticket::new(0, 1) };
        assert_eq!(ledger().need(&resources, &ticket).unwrap().memory, Some(Bytes(100)));
    }

    #[test]
    fn more_memory_after_a_failure_is_what_there_is_at_the_most() {
        let ticket = Ticket { memory: Some(Bytes(1200)), ..Ticket::new(0, 2) };
        let resources = Resources { memory: Some(Bytes(600)), ..Resources::default() };
        assert_eq!(ledger().need(&resources, &ticket).unwrap().memory, Some(Bytes(1000)));
    }
}
