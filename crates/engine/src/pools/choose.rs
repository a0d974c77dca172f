//! Where the runs of a study go that may go anywhere: a pure function of the work, and of what is known of each place.
//!
//! Places that cost the same are weighed by time alone: the one that begins first is taken, and another beside it when a run that begins
//! there ends before those that are chosen are through with the work. What costs more is taken only where nothing cheaper takes the
//! runs: nobody is to find a bill because a queue was long. Whoever wants that names the place.

use std::time::Duration;

/// A place where runs could be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Runs at once, at the most; 0: none fits.
    pub at_once: u64,
    /// Of a run, in whatever the places count in.
    pub cost: f64,
    /// How long until the first would begin there; `None`: it cannot be used now.
    pub begins: Option<Duration>,
    /// It was chosen before. It is kept for as long as it is of use, so that nothing is asked for and given back in turn.
    pub chosen: bool,
}

/// What was decided of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Chosen,
    /// No run fits.
    Unfit,
    /// It cannot be used now.
    Away,
    /// A cheaper one takes the runs.
    Dearer,
    /// Those that are chosen are through with the work in this time, which is sooner.
    Late(Duration),
}

/// Decides for each place. `time`: of a run, as far as it is known; as long as it is not, one place shows it.
pub fn choose(runs: u64, time: Option<Duration>, places: &[Candidate]) -> Vec<Verdict> {
    let time = time.unwrap_or_default().as_secs_f64();
    let cheapest = places.iter().filter(|it| usable(it)).map(|it| it.cost).fold(f64::INFINITY, f64::min);
    let mut order: Vec<(usize, f64)> = Vec::new();
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        verdicts.push(match place.begins {
            _ if place.at_once == 0 => Verdict::Unfit,
            None => Verdict::Away,
            Some(_) if place.cost > cheapest => Verdict::Dearer,
            Some(begins) => {
                order.push((at, begins.as_secs_f64()));
                Verdict::Chosen
            }
        });
    }
    // The place that begins first comes first; of several that is the one that was chosen before.
    let is_new = |at: usize| places.get(at).is_some_and(|place| !place.chosen);
    order.sort_by(|(a, x), (b, y)| x.total_cmp(y).then(is_new(*a).cmp(&is_new(*b))));
    let mut taken: Vec<(f64, u64)> = Vec::new();
    for (at, begins) in order {
        let Some(place) = places.get(at) else { continue };
        let done = done(runs, time, &taken);
        let first_end = if place.chosen { begins } else { begins + time };
        match done {
            Some(done) if first_end >= done => {
                if let Some(verdict) = verdicts.get_mut(at) {
                    *verdict = Verdict::Late(Duration::try_from_secs_f64(done).unwrap_or(Duration::MAX));
                }
            }
            _ => taken.push((begins, place.at_once)),
        }
    }
    verdicts
}

fn usable(place: &Candidate) -> bool {
    place.at_once > 0 && place.begins.is_some()
}

/// When these places, each with its begin and its runs at once, have made so many runs. `None` without places.
fn done(runs: u64, time: f64, places: &[(f64, u64)]) -> Option<f64> {
    let first = places.iter().map(|(begins, _)| *begins).reduce(f64::min)?;
    if time <= 0.0 || runs == 0 {
        return Some(first);
    }
    let made = |until: f64| -> f64 {
        places
            .iter()
            .map(|(begins, at_once)| ((until - begins) / time + 1e-9).floor().max(0.0) * *at_once as f64)
            .sum()
    };
    // Alone, the first of them would be through by then.
    let alone = places.iter().map(|(begins, at_once)| begins + (runs as f64 / *at_once as f64).ceil() * time);
    let (mut low, mut high) = (first, alone.reduce(f64::min)?);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if made(middle) >= runs as f64 { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(at_once: u64, cost: f64, begins: u64) -> Candidate {
        Candidate { at_once, cost, begins: Some(Duration::from_secs(begins)), chosen: false }
    }

    fn minutes(n: u64) -> Option<Duration> {
        Some(Duration::from_secs(60 * n))
    }

    #[test]
    fn another_place_is_taken_when_it_shortens_the_work() {
        let (here, far) = (place(4, 0.0, 0), place(40, 0.0, 300));
        // 100 runs of a minute take 25 minutes here.
        assert_eq!(choose(100, minutes(1), &[here.clone(), far.clone()]), [Verdict::Chosen; 2]);
        // 8 runs take two.
        let found = choose(8, minutes(1), &[here.clone(), far.clone()]);
        assert_eq!(found[0], Verdict::Chosen);
        let Verdict::Late(done) = found[1] else { panic!("{found:?}") };
        assert!((done.as_secs_f64() - 120.0).abs() < 0.001, "{done:?}");
        // How long they take is not known yet.
        assert_eq!(choose(100, None, &[here, far])[1], Verdict::Late(Duration::ZERO));
    }

    #[test]
    fn runs_that_are_all_begun_at_once_need_no_other_place() {
        let found = choose(4, minutes(600), &[place(4, 0.0, 0), place(40, 0.0, 300)]);
        assert!(matches!(found[1], Verdict::Late(_)), "{found:?}");
    }

    #[test]
    fn what_costs_more_is_for_runs_that_nothing_cheaper_takes() {
        let dear = place(40, 0.1, 0);
        assert_eq!(choose(1000, minutes(60), &[place(1, 0.0, 0), dear.clone()])[1], Verdict::Dearer);
        assert_eq!(
            choose(1000, minutes(60), &[place(0, 0.0, 0), dear.clone()]),
            [Verdict::Unfit, Verdict::Chosen]
        );
        let away = Candidate { begins: None, ..place(8, 0.0, 0) };
        assert_eq!(choose(1000, minutes(60), &[away, dear]), [Verdict::Away, Verdict::Chosen]);
    }

    #[test]
    fn what_was_chosen_is_kept_while_it_is_of_use() {
        let here = place(4, 0.0, 0);
        let far = place(40, 0.0, 70);
        assert!(matches!(choose(8, minutes(1), &[here.clone(), far.clone()])[1], Verdict::Late(_)));
        let kept = Candidate { chosen: true, ..far };
        assert_eq!(choose(8, minutes(1), &[here.clone(), kept.clone()])[1], Verdict::Chosen);
        let late = Candidate { begins: Some(Duration::from_secs(120)), ..kept };
        assert!(matches!(choose(8, minutes(1), &[here, late])[1], Verdict::Late(_)));
    }

    proptest! {
        #[test]
        fn somebody_is_chosen_where_anybody_can_be(
            runs in 1u64..10_000,
            time in prop::option::of(0u64..10_000),
            places in prop::collection::vec((0u64..100, 0u8..3, prop::option::of(0u64..100_000), any::<bool>()), 0..8),
        ) {
            let places: Vec<Candidate> = places
                .into_iter()
                .map(|(at_once, cost, begins, chosen)| Candidate { at_once, cost: f64::from(cost), begins: begins.map(Duration::from_secs), chosen })
                .collect();
            let found = choose(runs, time.map(Duration::from_secs), &places);
            prop_assert_eq!(found.len(), places.len());
            let chosen: Vec<&Candidate> = places.iter().zip(&found).filter(|(_, it)| **it == Verdict::Chosen).map(|(it, _)| it).collect();
            prop_assert_eq!(chosen.is_empty(), !places.iter().any(usable));
            // All of one price, and none of those that are passed over is cheaper.
            for it in &chosen {
                prop_assert_eq!(it.cost, chosen[0].cost);
                prop_assert!(places.iter().filter(|it| usable(it)).all(|other| other.cost >= it.cost));
            }
        }
    }
}
