//! From a coordinate in [0, 1) to a value of a sampled parameter, by the inverse of its distribution.

use paramo_model::{Diagnostic, Distribution, FieldPath, Parameter, ParameterType, Value};

use crate::normal;

/// A distribution ready for use.
#[derive(Clone, Debug)]
pub(crate) enum Inverse {
    Uniform {
        from: f64,
        to: f64,
    },
    /// `from..=to`, each alike.
    UniformInteger {
        from: i64,
        to: i64,
    },
    LogUniform {
        logs: (f64, f64),
        from: f64,
        to: f64,
    },
    /// k has the probability of [k, k + 1) under a log-uniform.
    LogUniformInteger {
        logs: (f64, f64),
        from: i64,
        to: i64,
    },
    Normal(Normal),
    NormalInteger(Normal),
}

/// A normal, cut off at the parameter's bounds.
#[derive(Clone, Debug)]
pub(crate) struct Normal {
    mean: f64,
    sd: f64,
    /// The probabilities below the bounds; of the mirrored distribution when both lie in the upper tail, where
    /// probabilities near 1 have no digits left.
    below: (f64, f64),
    mirrored: bool,
    bounds: (f64, f64),
}

/// A coordinate of 0 stands for the smallest that a generator of 53 bits tells from 0.
const LEAST: f64 = f64::EPSILON / 4.0;

impl Inverse {
    /// The value at a coordinate in [0, 1).
    pub fn value(&self, coordinate: f64) -> Value {
        match self {
            Inverse::Uniform { from, to } => {
                // Not `from + u * (to - from)`: the width of the whole float range is not a float.
                Value::Float((from * (1.0 - coordinate) + to * coordinate).clamp(*from, *to))
            }
            Inverse::UniformInteger { from, to } => {
                let width = (i128::from(*to) - i128::from(*from) + 1) as f64;
                let k = i128::from(*from) + (coordinate * width) as i128;
                Value::Integer(k.min(i128::from(*to)) as i64)
            }
            Inverse::LogUniform { logs, from, to } => {
                Value::Float(exponential(*logs, coordinate).clamp(*from, *to))
            }
            Inverse::LogUniformInteger { logs, from, to } => {
                Value::Integer((exponential(*logs, coordinate).floor() as i64).clamp(*from, *to))
            }
            Inverse::Normal(normal) => Value::Float(normal.value(coordinate)),
            Inverse::NormalInteger(normal) => {
                let (min, max) = (normal.bounds.0.ceil(), normal.bounds.1.floor());
                Value::Integer(normal.value(coordinate).round().clamp(min, max) as i64)
            }
        }
    }

    /// Whether it has a value at the coordinate 0.
    pub fn has_start(&self) -> bool {
        match self {
            Inverse::Normal(normal) | Inverse::NormalInteger(normal) => normal.bounds.0.is_finite(),
            _ => true,
        }
    }

    pub fn compile(
        distribution: &Distribution,
        parameter: &Parameter,
        path: &FieldPath,
    ) -> Result<Inverse, Diagnostic> {
        let wrong = |field: &str, message: String| Diagnostic::new(path.join(field), message);
        let integer = match parameter.kind {
            ParameterType::Integer => true,
            ParameterType::Float => false,
            _ => {
                let message = format!(
                    "only numbers are sampled, but `{}` is a {}",
                    parameter.name,
                    parameter.kind.word()
                );
                return Err(Diagnostic::new(path.clone(), message)
                    .help("declare it as an integer or a float, or list its values beside the sample"));
            }
        };
        let finite = |field: &str, x: f64| match x.is_finite() {
            true => Ok(x),
            false => Err(wrong(field, format!("expected a finite number, found {}", Value::Float(x)))),
        };
        let whole = |field: &str, x: f64| match x.fract() == 0.0 && x.abs() < 9e15 {
            true => Ok(x as i64),
            false => Err(wrong(field, format!("expected an integer up to 9e15, found {}", Value::Float(x)))),
        };
        let inside = |field: &str, x: f64| {
            parameter.accept(Value::Float(x)).map(|_| ()).map_err(|message| wrong(field, message))
        };
        match *distribution {
            Distribution::Uniform { from, to } | Distribution::LogUniform { from, to } => {
                let (from, to) = (finite("from", from)?, finite("to", to)?);
                if integer {
                    whole("from", from)?;
                    whole("to", to)?;
                }
                let log = matches!(distribution, Distribution::LogUniform { .. });
                if log && from <= 0.0 {
                    let message =
                        format!("a logarithmic range needs numbers above 0, found {}", Value::Float(from));
                    return Err(wrong("from", message));
                }
                if from > to || (from == to && !integer) {
                    let (from, to) = (Value::Float(from), Value::Float(to));
                    return Err(wrong(
                        "to",
                        format!("expected a number above `from`, which is {from}, found {to}"),
                    )
                    .help("exchange `from` and `to`"));
                }
                inside("from", from)?;
                inside("to", to)?;
                Ok(match (log, integer) {
                    (false, false) => Inverse::Uniform { from, to },
                    (false, true) => Inverse::UniformInteger { from: from as i64, to: to as i64 },
                    (true, false) => Inverse::LogUniform { logs: (libm::log(from), libm::log(to)), from, to },
                    (true, true) => Inverse::LogUniformInteger {
                        logs: (libm::log(from), libm::log(to + 1.0)),
                        from: from as i64,
                        to: to as i64,
                    },
                })
            }
            Distribution::Normal { mean, sd } => {
                let (mean, sd) = (finite("mean", mean)?, finite("sd", sd)?);
                if sd <= 0.0 {
                    let message =
                        format!("expected a standard deviation above 0, found {}", Value::Float(sd));
                    return Err(wrong("sd", message));
                }
                let normal = Normal::new(mean, sd, parameter).ok_or_else(|| {
                    wrong(
                        "mean",
                        format!(
                            "practically nothing of this normal lies within the bounds of `{}`",
                            parameter.name
                        ),
                    )
                    .help("move the mean, widen the standard deviation, or change the bounds")
                })?;
                Ok(if integer { Inverse::NormalInteger(normal) } else { Inverse::Normal(normal) })
            }
        }
    }
}

fn exponential(logs: (f64, f64), coordinate: f64) -> f64 {
    libm::exp(logs.0 + coordinate * (logs.1 - logs.0))
}

impl Normal {
    fn new(mean: f64, sd: f64, parameter: &Parameter) -> Option<Normal> {
        let bounds = (parameter.min.unwrap_or(f64::NEG_INFINITY), parameter.max.unwrap_or(f64::INFINITY));
        if parameter.kind == ParameterType::Integer && bounds.0.ceil() > bounds.1.floor() {
            return None;
        }
        let (low, high) = ((bounds.0 - mean) / sd, (bounds.1 - mean) / sd);
        let mirrored = low > 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        let below = (normal::probability(low), normal::probability(high));
        // Below this the probabilities are no normal floats, and the distribution was hardly meant.
        (below.1 - below.0 > 1e-290).then_some(Normal { mean, sd, below, mirrored, bounds })
    }

    fn value(&self, coordinate: f64) -> f64 {
        let u = if self.mirrored { 1.0 - coordinate } else { coordinate };
        let p = self.below.0 + u.max(LEAST) * (self.below.1 - self.below.0);
        let z = normal::quantile(p.min(1.0 - f64::EPSILON / 2.0));
        let z = if self.mirrored { -z } else { z };
        (self.mean + self.sd * z).clamp(self.bounds.0, self.bounds.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paramo_model::Name;

    use crate::philox::{self, Domain};

    fn parameter(kind: ParameterType, min: Option<f64>, max: Option<f64>) -> Parameter {
        Parameter { min, max, ..Parameter::new(Name::new("x").unwrap(), kind) }
    }

    fn inverse(distribution: Distribution, parameter: &Parameter) -> Inverse {
        Inverse::compile(&distribution, parameter, &FieldPath::default()).unwrap()
    }

    const N: usize = 20_000;

    /// A sample with a fixed seed, sorted.
    fn draw(inverse: &Inverse) -> Vec<f64> {
        let coordinate = |i| philox::unit(philox::bits(11, Domain::Random, 0, i as u64));
        let mut xs: Vec<f64> = (0..N).map(|i| inverse.value(coordinate(i)).as_f64().unwrap()).collect();
        xs.sort_by(f64::total_cmp);
        xs
    }

    /// Kolmogorov–Smirnov at the 0.999 level.
    fn follows(xs: &[f64], cumulative: impl Fn(f64) -> f64) {
        let gap = |(i, x): (usize, &f64)| (cumulative(*x) - (i as f64 + 0.5) / N as f64).abs();
        let distance = xs.iter().enumerate().map(gap).fold(0.0, f64::max);
        assert!(distance < 1.95 / (N as f64).sqrt(), "distance {distance}");
    }

    #[test]
    fn floats_follow_their_distributions() {
        let float = parameter(ParameterType::Float, None, None);
        follows(&draw(&inverse(Distribution::Uniform { from: -2.0, to: 6.0 }, &float)), |x| (x + 2.0) / 8.0);
        let log = Distribution::LogUniform { from: 1e-3, to: 1e3 };
        follows(&draw(&inverse(log, &float)), |x| (x.log10() + 3.0) / 6.0);
        let xs = draw(&inverse(Distribution::Normal { mean: 3.0, sd: 2.0 }, &float));
        follows(&xs, |x| normal::probability((x - 3.0) / 2.0));
        let mean = xs.iter().sum::<f64>() / N as f64;
        let variance = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / N as f64;
        // 3.29 standard errors of each.
        assert!((mean - 3.0).abs() < 3.29 * 2.0 / (N as f64).sqrt(), "{mean}");
        assert!((variance - 4.0).abs() < 3.29 * 4.0 * (2.0 / N as f64).sqrt(), "{variance}");
    }

    #[test]
    fn integers_are_all_alike() {
        let integer = parameter(ParameterType::Integer, None, None);
        let frequencies = |distribution| {
            let mut counts = std::collections::BTreeMap::new();
            draw(&inverse(distribution, &integer))
                .iter()
                .for_each(|x| *counts.entry(*x as i64).or_insert(0.0) += 1.0);
            counts.into_iter().map(|(k, n)| (k, n / N as f64)).collect::<Vec<(i64, f64)>>()
        };
        let dice = frequencies(Distribution::Uniform { from: 1.0, to: 6.0 });
        assert_eq!(dice.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        assert!(dice.iter().all(|(_, p)| (p - 1.0 / 6.0).abs() < 0.01), "{dice:?}");
        // Benford's law of first digits.
        for (k, p) in frequencies(Distribution::LogUniform { from: 1.0, to: 9.0 }) {
            assert!((p - (1.0 + 1.0 / k as f64).log10()).abs() < 0.012, "{k}: {p}");
        }
    }

    #[test]
    fn a_normal_is_cut_off_at_the_bounds() {
        let standard = Distribution::Normal { mean: 0.0, sd: 1.0 };
        for (min, max) in [(-0.5, 2.0), (-9.0, -6.0), (6.0, 9.0), (9.0, 10.0)] {
            let xs = draw(&inverse(standard.clone(), &parameter(ParameterType::Float, Some(min), Some(max))));
            assert!(xs[0] >= min && xs[N - 1] <= max, "{min}");
            // In the upper tail, the lower one mirrored: probabilities near 1 have no digits.
            let (sign, low, high) = if min > 0.0 { (-1.0, -max, -min) } else { (1.0, min, max) };
            let below = normal::probability(low);
            let width = normal::probability(high) - below;
            let share = |x: f64| (normal::probability(sign * x) - below) / width;
            follows(&xs, |x| if sign < 0.0 { 1.0 - share(x) } else { share(x) });
        }
        let integer = parameter(ParameterType::Integer, Some(0.5), Some(2.5));
        assert!(draw(&inverse(standard, &integer)).iter().all(|x| [1.0, 2.0].contains(x)));
    }

    #[test]
    fn ends_of_the_unit_interval_have_values() {
        let last = 1.0 - f64::EPSILON / 2.0;
        let float = parameter(ParameterType::Float, None, None);
        let standard = inverse(Distribution::Normal { mean: 0.0, sd: 1.0 }, &float);
        assert!(standard.value(0.0).as_f64().unwrap() > -9.0 && standard.value(last).as_f64().unwrap() < 9.0);
        let whole = inverse(Distribution::Uniform { from: -f64::MAX, to: f64::MAX }, &float);
        assert_eq!(whole.value(0.0), Value::Float(-f64::MAX));
        assert!(whole.value(last).as_f64().unwrap().is_finite());
        let integer = parameter(ParameterType::Integer, None, None);
        let wide = inverse(Distribution::Uniform { from: -4e15, to: 4e15 }, &integer);
        let (least, most) = (-4_000_000_000_000_000, 4_000_000_000_000_000);
        assert_eq!((wide.value(0.0), wide.value(last)), (Value::Integer(least), Value::Integer(most)));
    }
}
