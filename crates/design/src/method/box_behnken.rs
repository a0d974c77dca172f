//! Box–Behnken: three levels for a quadratic model, without the corners.
//!
//! G. E. P. Box & D. W. Behnken, "Some new three level designs for the study of quantitative variables" (1960): the blocks of
//! their table 4 for 3 to 7 and 9 to 12 parameters. In a block a few parameters take all combinations of their ends (of five,
//! the half with the product +) while the others rest in the middle.

use super::{Design, Method, Refusal};
use crate::options::OptionHelp;
use crate::sampler::{Property, Reach, Sampler};

pub struct BoxBehnken;

const MOST_CENTRES: i64 = 1_000_000;

/// Parameters, centre points of the paper, and the parameters of each block, from 1.
#[rustfmt::skip]
static TABLE: &[(usize, u64, &[&[usize]])] = &[
    (3, 3, &[&[1, 2], &[1, 3], &[2, 3]]),
    (4, 3, &[&[1, 2], &[3, 4], &[1, 4], &[2, 3], &[1, 3], &[2, 4]]),
    (5, 6, &[&[1, 2], &[3, 4], &[2, 5], &[1, 3], &[4, 5], &[2, 3], &[1, 4], &[3, 5], &[1, 5], &[2, 4]]),
    (6, 6, &[&[1, 2, 4], &[2, 3, 5], &[3, 4, 6], &[1, 4, 5], &[2, 5, 6], &[1, 3, 6]]),
    (7, 6, &[&[4, 5, 6], &[1, 6, 7], &[2, 5, 7], &[1, 2, 4], &[3, 4, 7], &[1, 3, 5], &[2, 3, 6]]),
    (9, 10, &[&[1, 4, 7], &[2, 5, 8], &[3, 6, 9], &[1, 2, 3], &[4, 5, 6], &[7, 8, 9], &[1, 5, 9], &[3, 4, 8],
        &[2, 6, 7], &[1, 6, 8], &[2, 4, 9], &[3, 5, 7], &[1, 4, 7], &[2, 5, 8], &[3, 6, 9]]),
    (10, 10, &[&[2, 6, 7, 10], &[1, 2, 5, 10], &[2, 3, 7, 8], &[2, 4, 6, 9], &[1, 8, 9, 10], &[3, 4, 5, 10],
        &[1, 4, 7, 8], &[3, 5, 7, 9], &[1, 3, 6, 9], &[4, 5, 6, 8]]),
    (11, 12, &[&[3, 7, 8, 9, 11], &[1, 4, 8, 9, 10], &[2, 5, 9, 10, 11], &[1, 3, 6, 10, 11], &[1, 2, 4, 7, 11],
        &[1, 2, 3, 5, 8], &[2, 3, 4, 6, 9], &[3, 4, 5, 7, 10], &[4, 5, 6, 8, 11], &[1, 5, 6, 7, 9],
        &[2, 6, 7, 8, 10]]),
    (12, 12, &[&[1, 2, 5, 7], &[2, 3, 6, 8], &[3, 4, 7, 9], &[4, 5, 8, 10], &[5, 6, 9, 11], &[6, 7, 10, 12],
        &[1, 7, 8, 11], &[2, 8, 9, 12], &[1, 3, 9, 10], &[2, 4, 10, 11], &[3, 5, 11, 12], &[1, 4, 6, 12]]),
];

struct Points {
    blocks: &'static [&'static [usize]],
    centres: u64,
}

impl Method for BoxBehnken {
    fn name(&self) -> &'static str {
        "box-behnken"
    }

    fn help(&self) -> &'static str {
        "three levels and no corners, for fitting a quadratic response surface where corners are extreme"
    }

    fn options(&self) -> &'static [OptionHelp] {
        &[OptionHelp {
            name: "centre",
            help: "how often the centre is run",
            values: "an integer",
            default: "as published: 3 to 12, by the number of parameters",
        }]
    }

    fn build(&self, design: &Design) -> Result<Box<dyn Sampler>, Refusal> {
        let row = TABLE.iter().find(|(factors, ..)| *factors == design.dimensions);
        let (_, centres, blocks) = row.ok_or_else(|| {
            let message =
                format!("there are designs of 3 to 7 and 9 to 12 parameters, found {}", design.dimensions);
            Refusal::new("", message).help("take `central-composite`")
        })?;
        let centres = design.options.integer("centre", 0..=MOST_CENTRES)?.map_or(*centres, |n| n as u64);
        let points = Points { blocks, centres };
        design.has(points.points())?;
        Ok(Box::new(points))
    }
}

impl Points {
    /// Parameters of a block whose levels are free, and points of a block.
    fn free(&self) -> (usize, u64) {
        let members = self.blocks.first().map_or(0, |block| block.len());
        let free = members.min(4);
        (free, 1 << free)
    }

    fn edges(&self) -> u64 {
        self.blocks.len() as u64 * self.free().1
    }
}

impl Sampler for Points {
    fn points(&self) -> u64 {
        self.edges() + self.centres
    }

    fn coordinate(&self, index: u64, dimension: usize) -> f64 {
        let (free, size) = self.free();
        let Some(block) = self.blocks.get((index / size) as usize) else { return 0.5 };
        let levels = index % size;
        let high = match block.iter().position(|member| *member == dimension + 1) {
            None => return 0.5,
            // The first of a block varies slowest.
            Some(place) if place < free => levels >> (free - 1 - place) & 1 == 1,
            // A fifth is the product of the four.
            Some(_) => levels.count_ones().is_multiple_of(2),
        };
        f64::from(u8::from(high))
    }

    fn reach(&self) -> Reach {
        Reach::WithEnds
    }

    fn properties(&self) -> Vec<Property> {
        let (blocks, size) = (self.blocks.len(), self.free().1);
        vec![Property::text(
            "points",
            format!("{blocks} blocks of {size} on the edges, {} at the centre", self.centres),
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Asked, design_with};
    use super::*;

    fn build(dimensions: usize) -> Result<Box<dyn Sampler>, Refusal> {
        BoxBehnken.build(&Asked { count: None, ..design_with(1, 0, dimensions, &[]) }.design())
    }

    /// Box & Behnken (1960), table 4.
    #[test]
    fn sizes_are_the_published_ones() {
        for (factors, points) in
            [(3, 15), (4, 27), (5, 46), (6, 54), (7, 62), (9, 130), (10, 170), (11, 188), (12, 204)]
        {
            assert_eq!(build(factors).unwrap().points(), points, "{factors}");
        }
        for factors in [1, 2, 8, 13] {
            assert!(build(factors).is_err_and(|refusal| refusal.help.is_some()), "{factors}");
        }
    }

    /// Odd moments vanish, second moments are alike, and so are fourth: what a fit of second order needs. Mixed fourth moments
    /// are alike in the designs that are made of balanced blocks.
    #[test]
    fn moments_are_balanced() {
        for (factors, _, blocks) in TABLE {
            let design = build(*factors).unwrap();
            let rows: Vec<Vec<f64>> = (0..design.points())
                .map(|i| (0..*factors).map(|d| 2.0 * design.coordinate(i, d) - 1.0).collect())
                .collect();
            let moment = |powers: &[(usize, i32)]| -> f64 {
                rows.iter().map(|row| powers.iter().map(|(d, n)| row[*d].powi(*n)).product::<f64>()).sum()
            };
            let second = moment(&[(0, 2)]);
            assert_eq!(
                second,
                (blocks.len() * blocks[0].len() / factors * (1 << blocks[0].len().min(4))) as f64
            );
            for a in 0..*factors {
                assert_eq!(moment(&[(a, 1)]), 0.0);
                assert_eq!(moment(&[(a, 2)]), second, "{factors}: {a}");
                for b in 0..a {
                    assert_eq!(moment(&[(a, 1), (b, 1)]), 0.0);
                    assert_eq!(moment(&[(a, 2), (b, 1)]), 0.0);
                    // Every interaction can be fitted.
                    assert!(moment(&[(a, 2), (b, 2)]) > 0.0, "{factors}: {a}, {b}");
                    assert_eq!((0..b).map(|c| moment(&[(a, 1), (b, 1), (c, 1)])).sum::<f64>(), 0.0);
                }
            }
            let mixed: std::collections::HashSet<u64> = (0..*factors)
                .flat_map(|a| (0..a).map(move |b| (a, b)))
                .map(|(a, b)| moment(&[(a, 2), (b, 2)]) as u64)
                .collect();
            let balanced = [3, 4, 5, 7, 11].contains(factors);
            assert_eq!(mixed.len() == 1, balanced, "{factors}: {mixed:?}");
        }
    }

    #[test]
    fn three_parameters_are_the_middles_of_the_edges() {
        let points = build(3).unwrap();
        let row = |i| [0, 1, 2].map(|d| points.coordinate(i, d));
        assert_eq!(
            [0, 1, 2, 3].map(row),
            [[0.0, 0.0, 0.5], [0.0, 1.0, 0.5], [1.0, 0.0, 0.5], [1.0, 1.0, 0.5]]
        );
        assert_eq!([4, 8, 12].map(row), [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.5; 3]]);
    }
}
