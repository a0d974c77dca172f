//! Who starts a run next: what a worker has, divided by weight among those who want it.
//!
//! Used twice: among projects, and among the studies of the one that is chosen. With runs of one size each project runs within one of its
//! ideal part: one that lacks a whole run comes before those that lack a part of one. Parts of a run go by turns, to who has had the least
//! CPU time by weight, so that a part smaller than one run is no part of nothing. What some cannot use is the others'.

/// One who wants a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Claim {
    /// More than 0.
    pub weight: f64,
    /// CPUs that its runs have now.
    pub used: f64,
    /// CPUs that its next run takes.
    pub step: f64,
    /// CPUs that it could have at the most, by what waits and by what it may.
    pub most: f64,
    /// Whether something of it may start.
    pub ready: bool,
    /// CPU time that it has had, by its weight.
    pub had: f64,
}

/// Sums of parts are not exact.
const ROUNDING: f64 = 1e-9;

/// What each should have of so many CPUs.
pub(crate) fn divide(total: f64, claims: &[Claim]) -> Vec<f64> {
    let mut parts = vec![0.0; claims.len()];
    let mut open: Vec<usize> = (0..claims.len()).collect();
    let mut left = total;
    loop {
        let weight: f64 = open.iter().map(|at| claims[*at].weight).sum();
        let each = left / weight;
        let (full, rest): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|at| claims[**at].most <= each * claims[**at].weight);
        if full.is_empty() {
            rest.into_iter().for_each(|at| parts[at] = each * claims[at].weight);
            return parts;
        }
        for at in full {
            parts[at] = claims[at].most;
            left -= claims[at].most;
        }
        open = rest;
        if open.is_empty() {
            return parts;
        }
    }
}

/// Who of them is next; where all is alike, the first from `turn` on.
pub(crate) fn next(claims: &[Claim], parts: &[f64], turn: usize) -> Option<usize> {
    let count = claims.len();
    let ready = (0..count).map(|i| (turn + i) % count).filter(|at| claims[*at].ready);
    ready.min_by(|a, b| {
        let ((tier_a, x_a, y_a), (tier_b, x_b, y_b)) =
            (rank(&claims[*a], parts[*a]), rank(&claims[*b], parts[*b]));
        tier_a.cmp(&tier_b).then(x_a.total_cmp(&x_b)).then(y_a.total_cmp(&y_b))
    })
}

/// The lower, the sooner.
fn rank(claim: &Claim, part: f64) -> (u8, f64, f64) {
    let load = claim.used / claim.weight;
    if claim.used + claim.step <= part + ROUNDING {
        (0, load, claim.had)
    } else if claim.used + ROUNDING < part {
        (1, claim.had, load)
    } else {
        (2, load, claim.had)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(weight: f64, most: f64) -> Claim {
        Claim { weight, used: 0.0, step: 1.0, most, ready: true, had: 0.0 }
    }

    #[test]
    fn what_one_cannot_use_goes_to_the_others_by_weight() {
        let all = f64::INFINITY;
        for (claims, parts) in [
            (vec![claim(1.0, all), claim(3.0, all)], vec![2.0, 6.0]),
            (vec![claim(1.0, all), claim(3.0, 2.0), claim(1.0, all)], vec![3.0, 2.0, 3.0]),
            (vec![claim(1.0, 1.0), claim(1.0, 2.0)], vec![1.0, 2.0]),
            (vec![claim(1.0, 0.0), claim(1.0, all)], vec![0.0, 8.0]),
            (vec![], vec![]),
        ] {
            assert_eq!(divide(8.0, &claims), parts);
        }
    }

    proptest! {
        #[test]
        fn all_is_divided_unless_nobody_wants_it(
            total in 0.0f64..100.0,
            claims in prop::collection::vec((0.01f64..100.0, prop_oneof![Just(f64::INFINITY), 0.0f64..50.0]), 0..8),
        ) {
            let claims: Vec<Claim> = claims.into_iter().map(|(weight, most)| claim(weight, most)).collect();
            let parts = divide(total, &claims);
            let wanted: f64 = claims.iter().map(|claim| claim.most).sum();
            let given: f64 = parts.iter().sum();
            prop_assert!((given - total.min(wanted)).abs() < 1e-6, "{given} of {total}, {wanted} wanted");
            for (claim, part) in claims.iter().zip(&parts) {
                prop_assert!(*part <= claim.most + 1e-9);
                // Nobody has more by weight than one who wants more.
                for (other, theirs) in claims.iter().zip(&parts) {
                    let short = *theirs + 1e-6 < other.most;
                    prop_assert!(!short || part / claim.weight <= theirs / other.weight + 1e-6);
                }
            }
        }
    }
}
