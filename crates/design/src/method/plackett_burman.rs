//! Plackett–Burman: two levels, orthogonal main effects in as few runs as there can be: a multiple of 4 above the number of
//! parameters.
//!
//! R. L. Plackett & J. P. Burman, "The design of optimum multifactorial experiments" (1946). A run is a row of a Hadamard
//! matrix, whose entries are computed one by one: see `hadamard`. Up to 100 runs only 92 is missing, as it is in their paper.

mod field;
mod hadamard;

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::sampler::{Property, Reach, Sampler};
use hadamard::Hadamard;

pub struct PlackettBurman;

const MOST_RUNS: u64 = 10_000;

struct Points {
    matrix: Hadamard,
    folded: bool,
    dimensions: usize,
}

impl Method for PlackettBurman {
    fn name(&self) -> &'static str {
        "plackett-burman"
    }

    fn help(&self) -> &'static str {
        "the fewest two-level runs that tell all main effects apart, for screening when interactions are small"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "fold_over",
            help: "add the mirror image of all points, which clears main effects of two-factor interactions",
            values: "true or false",
            default: "false",
        }]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        design.at_most(MOST_RUNS as usize - 1)?;
        let folded = design.options.boolean("fold_over")?.unwrap_or(false);
        let times = if folded { 2 } else { 1 };
        let least = (design.dimensions as u64 + 1).next_multiple_of(4);
        let above = |from: u64| (from..=MOST_RUNS).step_by(4).find_map(Hadamard::new);
        let matrix = match design.count {
            None => above(least).ok_or_else(|| {
                Refusal::new("", format!("there is no design here with up to {MOST_RUNS} runs"))
            })?,
            Some(count) => {
                let order = count / times;
                let found = (count.is_multiple_of(4 * times) && order >= least && order <= MOST_RUNS)
                    .then(|| Hadamard::new(order));
                found.flatten().ok_or_else(|| {
                    let next = above(order.next_multiple_of(4).clamp(least, MOST_RUNS));
                    let message = format!("there is no design of {count} runs here for {} parameters", design.dimensions);
                    let help = "a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing";
                    match next {
                        Some(next) => Refusal::new("count", message)
                            .help(format!("take {}: {help}", times * next.order())),
                        None => Refusal::new("count", message).help(help),
                    }
                })?
            }
        };
        Ok(Box::new(Points { matrix, folded, dimensions: design.dimensions }))
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        if self.folded { 2 * self.matrix.order() } else { self.matrix.order() }
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let order = self.matrix.order();
        // The first column is the constant.
        let high = self.matrix.is_plus(index % order, dimension as u64 + 1) != (index >= order);
        f64::from(u8::from(high))
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let order = self.matrix.order();
        let resolution = match self.folded {
            true => "IV: main effects are clear of each other and of two-factor interactions",
            false => "III: main effects are clear of each other, and mixed with two-factor interactions",
        };
        let spare = order - 1 - self.dimensions as u64;
        vec![
            Property::text("resolution", resolution),
            Property::text("construction", self.matrix.words()),
            Property::text("spare columns", format!("{spare}, which estimate the error")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Asked, design_with};
    use super::*;
    use paramo_model::Value;

    fn build(count: Option<u64>, dimensions: usize, folded: bool) -> Result<Box<dyn Sampler>, Refusal> {
        let options: &[(&str, Value)] = &[("fold_over", folded.into())];
        PlackettBurman.build(&Asked { count, ..design_with(1, 0, dimensions, options) }.design())
    }

    fn row(points: &dyn Sampler, index: u64, dimensions: usize) -> String {
        (0..dimensions).map(|d| if points.coordinate(index, d) == 1.0 { '+' } else { '-' }).collect()
    }

    /// The first rows of table 1 of Plackett & Burman (1946); every next one is the one before moved by one place.
    #[test]
    fn first_rows_are_the_published_ones() {
        for (runs, first) in [
            (8, "+++-+--"),
            (12, "++-+++---+-"),
            (20, "++--++++-+-+----++-"),
            (24, "+++++-+-++--++--+-+----"),
        ] {
            let points = build(None, runs - 1, false).unwrap();
            assert_eq!(points.points(), runs as u64);
            assert_eq!(row(&*points, 0, runs - 1), first);
            let moved = format!("{}{}", &first[first.len() - 1..], &first[..first.len() - 1]);
            assert_eq!(row(&*points, 1, runs - 1), moved);
            assert_eq!(row(&*points, runs as u64 - 1, runs - 1), "-".repeat(runs - 1));
        }
    }

    #[test]
    fn a_fold_over_makes_two_factor_interactions_orthogonal_to_main_effects() {
        let points = build(None, 11, true).unwrap();
        assert_eq!(points.points(), 24);
        let sign = |i, d| 2.0 * points.coordinate(i, d) - 1.0;
        for (a, b, c) in [(0, 1, 2), (3, 7, 10), (5, 6, 9)] {
            let sum: f64 = (0..24).map(|i| sign(i, a) * sign(i, b) * sign(i, c)).sum();
            assert_eq!(sum, 0.0);
        }
    }

    #[test]
    fn runs_are_what_is_asked_for_or_the_least_there_are() {
        let runs = |count, dimensions| build(count, dimensions, false).map(|points| points.points());
        assert_eq!(runs(None, 1), Ok(4));
        assert_eq!(runs(None, 12), Ok(16));
        assert_eq!(runs(None, 90), Ok(96));
        assert_eq!(runs(Some(100), 5), Ok(100));
        let refused = |count, dimensions, folded| {
            let refusal = build(Some(count), dimensions, folded).err().unwrap();
            format!("{}: {} ({})", refusal.field, refusal.message, refusal.help.unwrap_or_default())
        };
        insta::assert_snapshot!(
            [refused(92, 5, false), refused(13, 5, false), refused(8, 8, false), refused(12, 5, true), refused(1 << 60, 5, false)]
                .join("\n"),
            @"
            count: there is no design of 92 runs here for 5 parameters (take 96: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing)
            count: there is no design of 13 runs here for 5 parameters (take 16: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing)
            count: there is no design of 8 runs here for 8 parameters (take 12: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing)
            count: there is no design of 12 runs here for 5 parameters (take 16: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing)
            count: there is no design of 1152921504606846976 runs here for 5 parameters (take 10000: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing)
            "
        );
    }
}
