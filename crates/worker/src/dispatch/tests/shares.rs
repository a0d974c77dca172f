//! What each project and each study gets, with random weights, run times and endings.

use proptest::prelude::*;

use super::*;
use crate::share;

/// A study of a project, with the slots of both.
fn study(
    id: i64,
    share: f64,
    slots: Option<u32>,
    project: (usize, f64, Option<u32>),
    cpus: f64,
) -> Arc<Prepared> {
    let (number, weight, project_slots) = project;
    let mut prepared = Arc::into_inner(prepared(id, slots, command())).unwrap();
    prepared.share = share;
    let name = Name::new(&format!("p{number}")).unwrap();
    prepared.project = ProjectPart { name, share: weight, slots: project_slots };
    let mut of = (*prepared.study).clone();
    of.application.resources.cpus = cpus;
    prepared.study = Arc::new(of);
    Arc::new(prepared)
}

/// A worker with always enough to do.
struct Rig {
    dispatch: Dispatch,
    running: Vec<Job>,
    /// CPU time by study.
    had: Vec<f64>,
}

impl Rig {
    fn new(cpus: f64, studies: Vec<Arc<Prepared>>) -> Rig {
        let capacity = Capacity { cpus, memory: Bytes(1 << 30), gpus: Vec::new() };
        let mut dispatch = Dispatch::new(capacity, 1000, None);
        let had = vec![0.0; studies.len()];
        studies.into_iter().for_each(|study| assign(&mut dispatch, study));
        let mut rig = Rig { dispatch, running: Vec::new(), had };
        rig.fill();
        rig
    }

    fn fill(&mut self) {
        for at in 0..self.had.len() {
            if self.dispatch.lanes[at].queue.len() < 50 {
                lease(&mut self.dispatch, at as i64, 0..100);
            }
        }
        while let Some(job) = self.dispatch.take() {
            self.running.push(job);
        }
    }

    /// Ends a run that took this long, and starts what may start.
    fn end(&mut self, which: usize, seconds: f64) {
        let mut job = self.running.remove(which % self.running.len());
        job.tickets.clear();
        self.had[job.study.id.0 as usize] += seconds * job.need.cpus;
        self.dispatch.done(job, Pace { runs: 1, seconds });
        self.fill();
    }

    fn of(&self, counts: impl Fn(&Prepared) -> bool) -> f64 {
        self.running.iter().filter(|job| counts(&job.study)).map(|job| job.need.cpus).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// With runs of one CPU and enough to do, each project is within one run of what is its own, and in the long run has its part.
    #[test]
    fn projects_keep_within_one_run_of_their_share(
        cpus in 1u32..24,
        projects in prop::collection::vec((1u32..20, prop::collection::vec(1u32..5, 1..4), prop::option::of(1u32..12)), 1..6),
        ends in prop::collection::vec((any::<usize>(), 1u32..50), 300),
    ) {
        let mut studies = Vec::new();
        for (number, (weight, shares, slots)) in projects.iter().enumerate() {
            for share in shares {
                let id = studies.len() as i64;
                studies.push(study(id, f64::from(*share), None, (number, f64::from(*weight), *slots), 1.0));
            }
        }
        let claims: Vec<share::Claim> = projects.iter().map(|(weight, _, slots)| share::Claim {
            weight: f64::from(*weight), used: 0.0, step: 1.0, ready: true, had: 0.0,
            most: slots.map_or(f64::INFINITY, f64::from),
        }).collect();
        let ideal = share::divide(f64::from(cpus), &claims);
        let mut rig = Rig::new(f64::from(cpus), studies.clone());
        for (which, tenths) in ends {
            for (number, (_, _, slots)) in projects.iter().enumerate() {
                let name = format!("p{number}");
                let running = rig.of(|study| study.project.name.as_str() == name);
                prop_assert!((running - ideal[number]).abs() < 1.0 + 1e-6, "p{number} runs {running}, its share is {}", ideal[number]);
                prop_assert!(slots.is_none_or(|slots| running <= f64::from(slots)));
            }
            let wanted: f64 = ideal.iter().sum();
            prop_assert!(rig.running.len() as f64 + 1e-6 >= wanted.floor(), "nothing is idle that somebody could use");
            rig.end(which, f64::from(tenths) / 10.0);
        }
    }

    /// Whoever has something to do is served before long, however small its share.
    #[test]
    fn nobody_starves(
        cpus in 1u32..5,
        weights in prop::collection::vec(1u32..10, 2..8),
        ends in prop::collection::vec(1u32..20, 800),
    ) {
        let studies = weights.iter().enumerate()
            .map(|(id, weight)| study(id as i64, 1.0, None, (id, f64::from(*weight), None), 1.0));
        let mut rig = Rig::new(f64::from(cpus), studies.collect());
        for tenths in ends {
            // The one that has run longest.
            rig.end(0, f64::from(tenths) / 10.0);
        }
        let had: f64 = rig.had.iter().sum();
        let whole: u32 = weights.iter().sum();
        for (had_one, weight) in rig.had.iter().zip(&weights) {
            let part = had * f64::from(*weight) / f64::from(whole);
            prop_assert!((had_one - part).abs() < 0.1 * had, "{had_one} s of {had} s, its share is {part} s");
            prop_assert!(*had_one > 0.2 * part);
        }
    }
}

#[test]
fn a_project_with_many_studies_has_no_more_than_one_with_few() {
    let mut studies = vec![study(0, 1.0, None, (0, 1.0, None), 1.0)];
    studies.extend((1..10).map(|id| study(id, 1.0, None, (1, 1.0, None), 1.0)));
    let mut rig = Rig::new(4.0, studies);
    for _ in 0..900 {
        assert_eq!(rig.of(|study| study.project.name.as_str() == "p0"), 2.0);
        rig.end(0, 1.0);
    }
    let many = &rig.had[1..];
    assert!(many.iter().all(|had| (*had - 50.0).abs() <= 2.0), "by turns within it: {many:?}");
}

#[test]
fn a_run_that_needs_the_whole_worker_gets_it() {
    let small = study(0, 1.0, None, (0, 1.0, None), 1.0);
    let large = study(1, 1.0, None, (1, 1.0, None), 8.0);
    let mut rig = Rig::new(8.0, vec![small, large]);
    rig.had = vec![0.0; 2];
    let mut most_between = 0;
    let mut since = 0;
    for _ in 0..4000 {
        since += 1;
        if rig.of(|study| study.id == StudyId(1)) > 0.0 {
            most_between = most_between.max(since);
            since = 0;
        }
        rig.end(0, 1.0);
    }
    assert!(rig.had[1] > 100.0, "{:?}", rig.had);
    assert!(most_between < 200, "waited for {most_between} others");
}

#[test]
fn one_that_was_idle_has_no_credit() {
    let mut rig = Rig::new(2.0, vec![study(0, 1.0, None, (0, 1.0, None), 1.0)]);
    for _ in 0..100 {
        rig.end(0, 10.0);
    }
    assign(&mut rig.dispatch, study(1, 1.0, None, (1, 1.0, None), 1.0));
    assign(&mut rig.dispatch, study(2, 1.0, None, (2, 1.0, None), 1.0));
    rig.had.extend([0.0, 0.0]);
    rig.had[0] = 0.0;
    for _ in 0..90 {
        rig.end(0, 1.0);
    }
    assert!(rig.had.iter().all(|had| (25.0..36.0).contains(had)), "a third each: {:?}", rig.had);
}

#[test]
fn fewer_slots_are_answered_when_enough_runs_have_ended() {
    let settled = |dispatch: &mut Dispatch| {
        let mut messages = Vec::new();
        dispatch.settle(&mut messages);
        let revision = |message: FromWorker| match message {
            FromWorker::Settled { study, revision } => (study.0, revision),
            other => panic!("{other:?}"),
        };
        messages.into_iter().map(revision).collect::<Vec<_>>()
    };
    let mut rig = Rig::new(4.0, vec![study(0, 1.0, Some(4), (0, 1.0, None), 1.0)]);
    assert_eq!(settled(&mut rig.dispatch), [(0, 1)]);
    let again = |revision, slots, project| {
        let mut study = Arc::into_inner(study(0, 1.0, slots, (0, 1.0, project), 1.0)).unwrap();
        study.revision = revision;
        Arc::new(study)
    };
    assign(&mut rig.dispatch, again(2, Some(3), None));
    assign(&mut rig.dispatch, again(3, None, Some(2)));
    for running in [4, 3] {
        assert_eq!((settled(&mut rig.dispatch), rig.running.len()), (vec![], running));
        rig.end(0, 1.0);
    }
    assert_eq!(settled(&mut rig.dispatch), [(0, 2), (0, 3)], "as the last word has it");
    assert_eq!(rig.running.len(), 2);
}
