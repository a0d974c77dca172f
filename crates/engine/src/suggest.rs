//! What the next runs should be given, from what those before them have used.
//!
//! A run that is given too little is ended before its end; one that is given too much keeps others waiting. What is suggested is what the
//! largest of the runs used, and a margin.

use paramo_model::{Attempt, Bytes, Expected, Resources, Seconds};

/// Times the longest run: what a busier node may make of it.
const TIME_MARGIN: f64 = 2.0;
/// Times the largest run.
const MEMORY_MARGIN: f64 = 1.3;
/// Times what was asked for, when that was too little: nobody knows by how much.
const MORE: f64 = 2.0;
/// Memory is suggested in steps of this.
const STEP: u64 = 16 << 20;
/// Fewer runs than these may not have met the large ones.
pub const ENOUGH: usize = 20;
/// Above a whole number of CPUs by so much, a run is not taken to use another one.
const ROUNDING: f64 = 0.2;

/// What a run has used that succeeded. What was not measured is zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Used {
    pub wall: Seconds,
    pub cpu: Seconds,
    pub memory: Bytes,
}

/// Runs that were ended because they were given too little.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Short {
    pub of_time: u64,
    pub of_memory: u64,
}

/// Something that runs use: in the middle, for 99 of 100, and at the most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    pub median: f64,
    pub most_of_them: f64,
    pub largest: f64,
}

impl Measured {
    /// By nearest ranks; `None` without values.
    fn of(mut values: Vec<f64>) -> Option<Measured> {
        values.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let at = (share * values.len() as f64).ceil() as usize;
            values.get(at.saturating_sub(1)).copied()
        };
        Some(Measured { median: rank(0.5)?, most_of_them: rank(0.99)?, largest: *values.last()? })
    }
}

/// What was measured, and what that suggests.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Seconds.
    pub time: Option<Measured>,
    /// Bytes.
    pub memory: Option<Measured>,
    /// CPUs busy at once, on average over a run.
    pub cpus: Option<Measured>,
    pub resources: Resources,
}

/// What runs should be given that were given `asked`. What nothing was measured of stays as it is.
pub fn suggest(asked: &Resources, used: &[Used], short: Short) -> Suggestion {
    let over_zero = |of: fn(&Used) -> f64| used.iter().map(of).filter(|x| *x > 0.0).collect::<Vec<_>>();
    let time = Measured::of(over_zero(|run| run.wall.0));
    // Tasks that a site starts are not the worker's own: what it sees is what starts them.
    let seen = |of: fn(&Used) -> f64| if asked.is_whole() { None } else { Measured::of(over_zero(of)) };
    let memory = seen(|run| run.memory.0 as f64);
    let cpus = seen(|run| if run.wall.0 > 0.0 { run.cpu.0 / run.wall.0 } else { 0.0 });
    let enough = |measured: Option<Measured>, margin: f64, asked: Option<f64>, short: u64| {
        let by_use = measured.map(|it| it.largest * margin);
        let by_failure = asked.filter(|_| short > 0).map(|asked| asked * MORE);
        match (by_use, by_failure) {
            (Some(use_), Some(failure)) => Some(use_.max(failure)),
            (one, other) => one.or(other).or(asked),
        }
    };
    let seconds = enough(time, TIME_MARGIN, asked.time.map(|time| time.0), short.of_time);
    let bytes = enough(memory, MEMORY_MARGIN, asked.memory.map(|memory| memory.0 as f64), short.of_memory);
    let busy = cpus.map(|cpus| cpus.most_of_them - ROUNDING);
    let resources = Resources {
        cpus: match busy {
            // Less than one was asked for on purpose, and is enough.
            Some(busy) if busy > asked.cpus || asked.cpus >= 1.0 => busy.ceil().max(1.0),
            _ => asked.cpus,
        },
        time: seconds.map(|seconds| Seconds(whole(seconds))),
        memory: bytes.map(in_steps),
        ..asked.clone()
    };
    Suggestion { time, memory, cpus, resources }
}

/// What the runs of a study have used so far, for those that come after them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lessons {
    runs: usize,
    longest: f64,
    /// Bytes.
    largest: u64,
}

impl Lessons {
    /// Takes a run in that succeeded.
    pub fn note(&mut self, attempt: &Attempt) {
        self.runs += 1;
        self.longest = self.longest.max(attempt.wall.seconds());
        self.largest = self.largest.max(attempt.peak_memory.0);
    }

    /// Takes one in that was cut short after so long: it would have taken longer.
    pub fn note_cut(&mut self, wall: Seconds) {
        self.longest = self.longest.max(wall.0);
    }

    /// What the next are expected to use, once enough is known: never more than is asked for, which they cannot have.
    pub fn expected(&self, asked: &Resources) -> Expected {
        if self.runs < ENOUGH {
            return Expected::default();
        }
        let time = (self.longest > 0.0).then(|| Seconds(whole(self.longest * TIME_MARGIN)));
        // Tasks that a site starts are not the worker's own, and their memory is not seen.
        let is_seen = self.largest > 0 && !asked.is_whole();
        let memory = is_seen.then(|| in_steps(self.largest as f64 * MEMORY_MARGIN));
        Expected {
            time: time.map(|time| asked.time.filter(|asked| asked.0 < time.0).unwrap_or(time)),
            memory: memory.map(|memory| asked.memory.map_or(memory, |asked| asked.min(memory))),
        }
    }
}

fn in_steps(bytes: f64) -> Bytes {
    // A float that is too large becomes the largest integer.
    Bytes((bytes as u64).div_ceil(STEP).saturating_mul(STEP))
}

/// Up to a whole number of what people count in: seconds, then tens, then minutes, tens of them, hours.
fn whole(seconds: f64) -> f64 {
    let steps = [(60.0, 1.0), (600.0, 10.0), (3600.0, 60.0), (36_000.0, 600.0)];
    let step = steps.iter().find(|(below, _)| seconds <= *below).map_or(3600.0, |(_, step)| *step);
    (seconds / step).ceil() * step
}

#[cfg(test)]
mod tests {
    use paramo_model::{Ended, Micros, OutputFile, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn used(wall: f64, cpu: f64, mib: u64) -> Used {
        Used { wall: Seconds(wall), cpu: Seconds(cpu), memory: Bytes(mib << 20) }
    }

    #[test]
    fn the_largest_run_and_a_margin() {
        let runs: Vec<Used> = (1..=100).map(|i| used(f64::from(i), f64::from(i) * 1.9, 100)).collect();
        let found = suggest(&Resources::default(), &runs, Short::default());
        assert_eq!(found.time, Some(Measured { median: 50.0, most_of_them: 99.0, largest: 100.0 }));
        assert_eq!(found.resources.time, Some(Seconds(200.0)));
        assert_eq!(found.resources.memory, Some(Bytes(144 << 20)));
        assert_eq!(found.resources.cpus, 2.0);
    }

    #[test]
    fn what_was_too_little_is_doubled_and_what_is_unknown_stays() {
        let asked = Resources {
            memory: Some(Bytes(64 << 20)),
            time: Some(Seconds(600.0)),
            gpus: 2,
            ..Resources::default()
        };
        let found = suggest(&asked, &[used(3.0, 0.0, 20)], Short { of_time: 0, of_memory: 1 });
        assert_eq!(found.resources.memory, Some(Bytes(128 << 20)));
        assert_eq!((found.resources.time, found.resources.gpus), (Some(Seconds(6.0)), 2));
        assert_eq!(suggest(&asked, &[], Short::default()).resources, asked);
        assert_eq!(
            suggest(&asked, &[], Short { of_time: 1, of_memory: 0 }).resources.time,
            Some(Seconds(1200.0))
        );
    }

    #[test]
    fn nothing_is_expected_of_few_runs_and_never_more_than_is_asked_for() {
        let attempt = |seconds: f64, mib: u64| Attempt {
            number: 1,
            ended: Ended::Succeeded,
            started: Timestamp(0),
            wall: Micros((seconds * 1e6) as u64),
            cpu: Micros(0),
            peak_memory: Bytes(mib << 20),
            exit_code: Some(0),
            worker: 0,
            slot: 0,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        };
        let mut lessons = Lessons::default();
        let asked =
            Resources { memory: Some(Bytes(1 << 30)), time: Some(Seconds(600.0)), ..Resources::default() };
        for run in 0..ENOUGH {
            assert_eq!(lessons.expected(&asked), Expected::default(), "after {run}");
            lessons.note(&attempt(4.0, 100));
        }
        let expected = lessons.expected(&asked);
        assert_eq!(expected, Expected { memory: Some(Bytes(144 << 20)), time: Some(Seconds(8.0)) });
        lessons.note(&attempt(500.0, 1000));
        let most = Expected { memory: asked.memory, time: asked.time };
        assert_eq!(lessons.expected(&asked), most);
        let whole = Resources { nodes: 2, tasks: 2, ..asked.clone() };
        assert_eq!(lessons.expected(&whole), Expected { memory: None, time: asked.time });
        let open = lessons.expected(&Resources::default());
        assert_eq!(open, Expected { memory: Some(Bytes(1312 << 20)), time: Some(Seconds(1020.0)) });
    }

    proptest! {
        #[test]
        fn every_run_that_was_measured_would_have_had_enough(runs in prop::collection::vec((1e-3..1e6, 0.0..1e6, 1u64..1 << 20), 1..50)) {
            let runs: Vec<Used> = runs.into_iter().map(|(wall, cpu, mib)| used(wall, cpu, mib)).collect();
            let given = suggest(&Resources::default(), &runs, Short::default()).resources;
            for run in &runs {
                prop_assert!(given.time.unwrap().0 >= run.wall.0 && given.memory.unwrap() >= run.memory);
            }
            prop_assert!(given.cpus >= 1.0);
        }
    }
}
