//! Sums, means and deviations that keep their digits.

/// Numbers are added up in so many sums, each its turn: the processor does that with several of them at once.
const LANES: usize = 4;

/// A sum that carries what each addition loses (Neumaier, 1974), without a branch (Knuth's exact sum of two). It depends on the numbers
/// and their order, and not on how many of them come at a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Numbers so far.
    pub count: usize,
    sums: [f64; LANES],
    lost: [f64; LANES],
}

#[inline]
fn add(sum: &mut f64, lost: &mut f64, x: f64) {
    let next = *sum + x;
    let part = next - *sum;
    *lost += (*sum - (next - part)) + (x - part);
    *sum = next;
}

impl Sum {
    #[inline]
    pub fn add(&mut self, x: f64) {
        let lane = self.count % LANES;
        add(&mut self.sums[lane], &mut self.lost[lane], x);
        self.count += 1;
    }

    /// Adds numbers, each less `from`.
    #[inline]
    pub fn extend(&mut self, numbers: &[f64], from: f64) {
        let first = ((LANES - self.count % LANES) % LANES).min(numbers.len());
        let (first, rest) = numbers.split_at(first);
        first.iter().for_each(|x| self.add(x - from));
        let (whole, rest) = rest.as_chunks::<LANES>();
        let (mut sums, mut lost) = (self.sums, self.lost);
        for turn in whole {
            for lane in 0..LANES {
                add(&mut sums[lane], &mut lost[lane], turn[lane] - from);
            }
        }
        (self.sums, self.lost) = (sums, lost);
        self.count += LANES * whole.len();
        rest.iter().for_each(|x| self.add(x - from));
    }

    pub fn value(&self) -> f64 {
        let (mut sum, mut lost) = (0.0, self.lost.iter().sum::<f64>());
        self.sums.iter().for_each(|part| add(&mut sum, &mut lost, *part));
        // Beyond the largest float what was lost means nothing.
        if sum.is_finite() { sum + lost } else { sum }
    }
}

/// A mean in the making: what numbers differ from the first of them, so that numbers that are all the same have exactly that mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    first: f64,
    sum: Sum,
}

impl Mean {
    #[inline]
    pub fn add(&mut self, x: f64) {
        self.extend(&[x]);
    }

    /// Adds numbers, none of which is NaN.
    #[inline]
    pub fn extend(&mut self, numbers: &[f64]) {
        if self.sum.count == 0 {
            self.first = numbers.first().copied().unwrap_or(0.0);
        }
        self.sum.extend(numbers, self.first);
    }

    pub fn count(&self) -> f64 {
        self.sum.count as f64
    }

    /// `None` where differences are too large to be told, as those of infinities: see [`Moments::of`]. Of no numbers zero.
    pub fn value(&self) -> Option<f64> {
        let mean = self.first + self.sum.value() / self.count().max(1.0);
        mean.is_finite().then_some(mean)
    }
}

/// Squared deviations from a mean that is known.
#[derive(Clone, Copy, Debug)]
pub struct Deviations {
    pub moments: Moments,
    rest: f64,
}

impl Deviations {
    pub fn from(count: f64, mean: f64) -> Deviations {
        Deviations { moments: Moments { count, mean, squares: 0.0 }, rest: 0.0 }
    }

    #[inline]
    pub fn add(&mut self, x: f64) {
        let away = x - self.moments.mean;
        self.moments.squares += away * away;
        self.rest += away;
    }

    /// `None` where a square is too large to be told. What the mean was rounded by is taken back (Chan, Golub and LeVeque, 1983).
    pub fn done(mut self) -> Option<Moments> {
        if self.moments.count > 0.0 {
            self.moments.squares =
                (self.moments.squares - self.rest * self.rest / self.moments.count).max(0.0);
        }
        self.moments.squares.is_finite().then_some(self.moments)
    }
}

/// How many numbers, their mean, and the sum of their squared deviations from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of numbers that can be gone through twice, none of which is NaN.
    pub fn of<I: Iterator<Item = f64>>(numbers: impl Fn() -> I) -> Moments {
        let mut mean = Mean::default();
        numbers().for_each(|x| mean.add(x));
        let exact = mean.value().and_then(|middle| {
            let mut deviations = Deviations::from(mean.count(), middle);
            numbers().for_each(|x| deviations.add(x));
            deviations.done()
        });
        exact.unwrap_or_else(|| Moments::of_extremes(numbers()))
    }

    /// Of numbers whose differences may not be numbers (Welford, 1962). Of infinities the mean is their sum, and nothing deviates
    /// from it.
    fn of_extremes(numbers: impl Iterator<Item = f64>) -> Moments {
        let mut moments = Moments::default();
        let mut infinite = None;
        for x in numbers {
            moments.count += 1.0;
            if x.is_finite() {
                let before = x - moments.mean;
                // Divided first: the difference of two large numbers may not be one.
                moments.mean += x / moments.count - moments.mean / moments.count;
                moments.squares += before * (x - moments.mean);
            } else {
                infinite = Some(infinite.unwrap_or(0.0) + x);
            }
        }
        if let Some(infinite) = infinite {
            (moments.mean, moments.squares) = (infinite, f64::NAN);
        }
        moments
    }

    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then_some(self.mean)
    }

    pub fn sd(&self) -> Option<f64> {
        (self.count >= 2.0).then(|| (self.squares / (self.count - 1.0)).sqrt())
    }

    /// The standard error of the mean.
    pub fn error(&self) -> Option<f64> {
        self.sd().map(|sd| sd / self.count.sqrt())
    }
}
