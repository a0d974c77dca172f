//! The few statistics that pictures need. All slices of values are finite; sorted where it says so.

/// The mean of what was added, without a sum that could overflow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    pub count: u32,
    mean: f64,
}

impl Mean {
    pub fn add(&mut self, v: f64) {
        self.count += 1;
        let n = f64::from(self.count);
        self.mean += v / n - self.mean / n;
    }

    pub fn get(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }
}

/// The mean of values; 0 for none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let mut mean = Mean::default();
    values.iter().for_each(|v| mean.add(*v));
    mean.mean
}

/// Quantile by linear interpolation of the order statistics: type 7 of Hyndman and Fan (1996).
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = p * last as f64;
    let below = (place as usize).min(last);
    let part = place - below as f64;
    sorted[below] * (1.0 - part) + sorted[(below + 1).min(last)] * part
}

/// Half the width of the 95 % confidence interval of the mean, by Student's t (1908); `None` for fewer than two values.
pub(crate) fn confidence(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = mean(values);
    // Scaled by the largest deviation, because squares overflow early.
    let largest = values.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return Some(largest);
    }
    let squares: f64 = values.iter().map(|v| ((v - mean) / largest).powi(2)).sum();
    Some(t975(n - 1) * largest * (squares / ((n - 1) as f64 * n as f64)).sqrt())
}

/// The 97.5 % quantile of Student's t. Up to 8 degrees of freedom tabulated; above by the expansion in Abramowitz and Stegun
/// (1964), 26.7.5, to within 2·10⁻⁴.
fn t975(freedom: usize) -> f64 {
    const SMALL: [f64; 8] = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060];
    if let Some(t) = freedom.checked_sub(1).and_then(|i| SMALL.get(i)) {
        return *t;
    }
    let (z, n) = (1.959_963_985_f64, freedom as f64);
    let g1 = (z.powi(3) + z) / 4.0;
    let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + g1 / n + g2 / n.powi(2) + g3 / n.powi(3)
}

/// How many bins a histogram needs: width 2·IQR·n^(−1/3), Freedman and Diaconis (1981); where half of the values are equal
/// 1 + log₂ n, Sturges (1926). Between 1 and `most`.
pub(crate) fn bins(sorted: &[f64], most: usize) -> usize {
    let (Some(lo), Some(hi)) = (sorted.first(), sorted.last()) else { return 1 };
    let n = sorted.len() as f64;
    let spread = quantile(sorted, 0.75) / 4.0 - quantile(sorted, 0.25) / 4.0;
    let span = hi / 4.0 - lo / 4.0;
    if span <= 0.0 {
        return 1;
    }
    let bins = if spread > 0.0 { span / (2.0 * spread / n.cbrt()) } else { 1.0 + n.log2() };
    (bins.ceil() as usize).clamp(1, most)
}

/// At most `most` of the numbers below `n`, ascending, spread as if by chance but the same every time: every tenth of a grid
/// would show only one of its columns. The chance is Knuth's multiplicative hash (1973).
pub(crate) fn thin(n: usize, most: usize) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    let mut all: Vec<usize> = (0..n).collect();
    let hash = |i: &usize| {
        (*i as u64 ^ *i as u64 >> 16)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    all.select_nth_unstable_by_key(most, hash);
    all.truncate(most);
    all.sort_unstable();
    all
}

/// Spearman's rank correlation (1904), with mean ranks for equal values; `None` where a side is constant or there are fewer
/// than three pairs.
pub(crate) fn rank_correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len();
    let (a, b) = (ranks(pairs.iter().map(|p| p.0).collect()), ranks(pairs.iter().map(|p| p.1).collect()));
    let middle = (n as f64 - 1.0) / 2.0;
    let sum = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>();
    let both = sum(&|i| (a[i] - middle) * (b[i] - middle));
    let spread = sum(&|i| (a[i] - middle).powi(2)) * sum(&|i| (b[i] - middle).powi(2));
    (n > 2 && spread > 0.0).then(|| (both / spread.sqrt()).clamp(-1.0, 1.0))
}

fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = first as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|row| ranks[*row] = rank);
        first += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25), 1.75);
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(quantile(&[7.0], 0.75), 7.0);
    }

    #[test]
    fn student_t_is_that_of_the_tables() {
        // Fisher and Yates, Statistical Tables (1963), table III.
        for (freedom, t) in
            [(1, 12.706), (4, 2.776), (9, 2.262), (10, 2.228), (20, 2.086), (30, 2.042), (120, 1.980)]
        {
            assert!((t975(freedom) - t).abs() < 6e-4, "{freedom}: {}", t975(freedom));
        }
    }

    #[test]
    fn confidence_of_a_mean() {
        // Mean 3, standard deviation √2.5, so 2.776 · √(2.5 / 5).
        let half = confidence(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((half - 1.9632).abs() < 1e-3, "{half}");
        assert_eq!(confidence(&[1.0]), None);
        assert_eq!(confidence(&[2.0, 2.0]), Some(0.0));
        assert!(confidence(&[1e300, -1e300, 1e300]).unwrap().is_finite());
    }

    #[test]
    fn bins_follow_the_spread() {
        let even: Vec<f64> = (0..1000).map(f64::from).collect();
        // IQR 499.5, width 99.9 over a span of 999.
        assert_eq!(bins(&even, 100), 10);
        assert_eq!(bins(&[5.0; 9], 100), 1);
        let mut tail = even.clone();
        tail.push(1e9);
        assert_eq!(bins(&tail, 100), 100);
        assert_eq!(bins(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0], 100), 4);
    }

    #[test]
    fn rank_correlation_is_that_of_the_books() {
        let x = [106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0];
        let y = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0];
        let pairs: Vec<(f64, f64)> = x.into_iter().zip(y).collect();
        // 1 − 6·194 / (10·99), the example of many textbooks.
        assert!((rank_correlation(&pairs).unwrap() + 0.175_757_575).abs() < 1e-8);
        assert_eq!(rank_correlation(&[(1.0, 1.0), (2.0, 4.0), (3.0, 9.0)]), Some(1.0));
        assert_eq!(rank_correlation(&[(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)]), None);
        assert_eq!(ranks(vec![5.0, 1.0, 5.0]), [1.5, 0.0, 1.5]);
    }

    #[test]
    fn thinning_keeps_every_part_of_a_grid() {
        assert_eq!(thin(3, 5), [0, 1, 2]);
        let some = thin(100_000, 1000);
        assert_eq!(some.len(), 1000);
        for tenth in 0..10 {
            let column = some.iter().filter(|i| **i % 10 == tenth).count();
            let part = some.iter().filter(|i| **i / 10_000 == tenth).count();
            assert!((60..=150).contains(&column) && (60..=150).contains(&part), "{column} {part}");
        }
    }

    #[test]
    fn means_do_not_overflow() {
        assert_eq!(mean(&[f64::MAX, f64::MAX]), f64::MAX);
        assert_eq!(mean(&[]), 0.0);
        assert!((mean(&[1.0, 2.0, 6.0]) - 3.0).abs() < 1e-12);
    }
}
