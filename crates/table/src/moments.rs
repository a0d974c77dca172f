//! Sums, means and deviations that keep their digits.

/// A sum that carries what each addition loses (Neumaier, 1974), without a branch (Knuth's exact sum of two).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    #[inline]
    pub fn add(&mut self, x: f64) {
        let next = self.sum + x;
        let part = next - self.sum;
        self.lost += (self.sum - (next - part)) + (x - part);
        self.sum = next;
    }

    pub fn value(&self) -> f64 {
        // Beyond the largest float what was lost means nothing.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

/// A mean in the making: what numbers differ from the first of them, so that numbers that are all the same have exactly that mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    pub count: f64,
    first: f64,
    sum: Sum,
}

impl Mean {
    #[inline]
    pub fn add(&mut self, x: f64) {
        if self.count == 0.0 {
            self.first = x;
        }
        self.count += 1.0;
        self.sum.add(x - self.first);
    }

    /// `None` where differences are too large to be told, as those of infinities: see [`Moments::of`]. Of no numbers zero.
    pub fn value(&self) -> Option<f64> {
        let mean = self.first + self.sum.value() / self.count.max(1.0);
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
            let mut deviations = Deviations::from(mean.count, middle);
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
