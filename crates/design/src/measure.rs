//! What can be measured on the points of any design: how even they are, how far apart, how much dimensions have in common.

use crate::product::{Blocks, Product, Sampled, Values};
use crate::sampler::{Access, Property, Reach, Sampler};

/// The most points that are measured; the cost grows with their square.
const MOST_POINTS: u64 = 2_000;
/// Points squared times dimensions: about a second without optimisation.
const MOST_WORK: u64 = 2_000 * 2_000 * 50;

/// Dimensions whose correlations are measured; the cost grows with their square.
const MOST_CORRELATED: usize = 200;

/// A design of a space, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignInfo {
    /// As study files name it.
    pub method: &'static str,
    /// "64 points by sobol, seed 1".
    pub words: String,
    /// The parameters it gives values to, by their place in a point.
    pub parameters: Vec<usize>,
    /// How each of them is distributed: "uniform from 0 to 1".
    pub details: Vec<String>,
    pub points: u64,
    pub access: Access,
    /// What the method says of itself.
    pub properties: Vec<Property>,
    /// What was measured, on the first so many points, in the unit cube.
    pub measures: Vec<Property>,
    pub measured: u64,
}

/// What was measured on some points.
pub(crate) struct Measures {
    /// How many points from the first on.
    pub points: u64,
    /// The squared centred L2 discrepancy of F. J. Hickernell, "A generalized discrepancy and quadrature error bound" (1998), the
    /// number that `scipy.stats.qmc.discrepancy(method="CD")` gives; `None` for points outside of the unit cube.
    pub discrepancy: Option<f64>,
    /// Of the two closest points, in the unit cube; infinite for a single point.
    pub distance: f64,
    /// The greatest correlation between two of the first 200 dimensions, without its sign; 0 for one dimension.
    pub correlation: f64,
}

/// Measures a design of so many dimensions.
pub(crate) fn measure(sampler: &dyn Sampler, dimensions: usize) -> Measures {
    let points = measured(sampler.points(), dimensions);
    let mut rows = vec![0.0; points as usize * dimensions];
    sampler.block(0, dimensions, &mut rows);
    let rows: Vec<&[f64]> = rows.chunks_exact(dimensions).collect();
    let inside = !matches!(sampler.reach(), Reach::Beyond(..));
    Measures {
        points,
        discrepancy: inside.then(|| discrepancy(&rows)),
        distance: distance(&rows),
        correlation: correlation(&rows, dimensions),
    }
}

/// How many points of a design are measured.
fn measured(points: u64, dimensions: usize) -> u64 {
    points.min((MOST_WORK / dimensions as u64).isqrt().clamp(1, MOST_POINTS))
}

impl Measures {
    fn properties(&self) -> Vec<Property> {
        let mut properties = Vec::new();
        if let Some(discrepancy) = self.discrepancy {
            properties.push(Property::number("centred discrepancy", discrepancy));
        }
        if self.distance.is_finite() {
            properties.push(Property::number("minimum distance", self.distance));
            properties.push(Property::number("worst correlation", self.correlation));
        }
        properties
    }
}

fn discrepancy(rows: &[&[f64]]) -> f64 {
    let n = rows.len() as f64;
    let dimensions = rows.first().map_or(0, |row| row.len());
    let alone = |row: &&[f64]| -> f64 {
        row.iter().map(|x| (x - 0.5).abs()).map(|a| 1.0 + 0.5 * a - 0.5 * a * a).product()
    };
    let pair = |a: &[f64], b: &[f64]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| 1.0 + 0.5 * ((x - 0.5).abs() + (y - 0.5).abs() - (x - y).abs()))
            .product()
    };
    let first: f64 = rows.iter().map(alone).sum();
    let mut second = 0.0;
    for (i, a) in rows.iter().enumerate() {
        // Every pair comes twice, a point with itself once.
        second += 2.0 * rows[..i].iter().map(|b| pair(a, b)).sum::<f64>() + pair(a, a);
    }
    (13.0f64 / 12.0).powi(dimensions as i32) - 2.0 / n * first + second / (n * n)
}

fn distance(rows: &[&[f64]]) -> f64 {
    let mut least = f64::INFINITY;
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[..i] {
            let square: f64 = a.iter().zip(*b).map(|(x, y)| (x - y) * (x - y)).sum();
            least = least.min(square);
        }
    }
    least.sqrt()
}

fn correlation(rows: &[&[f64]], dimensions: usize) -> f64 {
    let n = rows.len() as f64;
    // Each column around its mean, with length 1; a constant one has no correlation.
    let column = |d: usize| -> Option<Vec<f64>> {
        let mean = rows.iter().map(|row| row[d]).sum::<f64>() / n;
        let column: Vec<f64> = rows.iter().map(|row| row[d] - mean).collect();
        let length = column.iter().map(|x| x * x).sum::<f64>().sqrt();
        (length > 1e-12).then(|| column.iter().map(|x| x / length).collect())
    };
    let columns: Vec<Vec<f64>> = (0..dimensions.min(MOST_CORRELATED)).filter_map(column).collect();
    let mut worst = 0.0f64;
    for (i, a) in columns.iter().enumerate() {
        for b in &columns[..i] {
            worst = worst.max(a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>().abs());
        }
    }
    worst.min(1.0)
}

/// The designs in blocks, those within inner blocks among them.
pub(crate) fn designs(blocks: &Blocks) -> Vec<DesignInfo> {
    let mut found = Vec::new();
    blocks.products.iter().for_each(|product| collect(product, &mut found));
    found
}

fn collect(product: &Product, found: &mut Vec<DesignInfo>) {
    for factor in &product.factors {
        match &factor.values {
            Values::Sample(Sampled { method, sampler, dimensions }) => {
                let measures = measure(&**sampler, dimensions.len());
                found.push(DesignInfo {
                    method,
                    words: factor.words.clone(),
                    parameters: factor.parameters.iter().map(|(slot, _)| *slot).collect(),
                    details: factor.parameters.iter().map(|(_, words)| words.clone()).collect(),
                    points: factor.len,
                    access: sampler.access(),
                    properties: sampler.properties(),
                    measures: measures.properties(),
                    measured: measures.points,
                });
            }
            Values::Blocks(blocks) => blocks.products.iter().for_each(|product| collect(product, found)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points given as they are.
    struct Given(Vec<Vec<f64>>);

    impl Sampler for Given {
        fn points(&self) -> u64 {
            self.0.len() as u64
        }

        fn coordinate(&self, index: u64, dimension: usize) -> f64 {
            self.0[index as usize][dimension]
        }
    }

    /// The example in the documentation of `scipy.stats.qmc.discrepancy`: 0.008142039609053464 with method CD.
    #[test]
    fn the_published_discrepancy_comes_out() {
        let points = [[1, 3], [2, 6], [3, 2], [4, 5], [5, 1], [6, 4]];
        let scaled = points.map(|p| p.map(|x| (2.0 * f64::from(x) - 1.0) / 12.0).to_vec());
        let measures = measure(&Given(scaled.to_vec()), 2);
        assert!((measures.discrepancy.unwrap() - 0.008_142_039_609_053_464).abs() < 1e-15);
        // (1, 3) and (3, 2) are 2 and 1 sixths apart.
        assert!((measures.distance - 5f64.sqrt() / 6.0).abs() < 1e-15);
        // Σ(x − 3.5)(y − 3.5) = −1.5 − 1.25·… = −0.2 of the length, by hand.
        assert!((measures.correlation - 3.5 / 17.5).abs() < 1e-12);
    }

    #[test]
    fn correlations_have_no_sign_and_constants_none() {
        let points = vec![vec![0.0, 1.0, 0.5], vec![0.5, 0.5, 0.5], vec![1.0, 0.0, 0.5]];
        assert!((measure(&Given(points), 3).correlation - 1.0).abs() < 1e-12);
        let alone = measure(&Given(vec![vec![0.3]]), 1);
        assert_eq!((alone.distance, alone.correlation), (f64::INFINITY, 0.0));
    }

    #[test]
    fn large_designs_are_measured_in_part() {
        assert_eq!([measured(1999, 1), measured(5000, 1), measured(5000, 50)], [1999, 2000, 2000]);
        assert_eq!([measured(5000, 5000), measured(5000, 21_201)], [200, 97]);
        let many = Given((0..2500).map(|i| vec![f64::from(i % 50) / 50.0]).collect());
        assert_eq!(measure(&many, 1).points, 2000);
    }
}
