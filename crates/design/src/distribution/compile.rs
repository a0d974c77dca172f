//! Whether a distribution fits its parameter and its design, and making it ready.

use paramo_model::{Diagnostic, Distribution, FieldPath, Parameter, ParameterType, Value};

use super::Inverse;
use super::discrete::Discrete;
use super::line::Line;
use super::normal::Normal;
use super::triangular::Triangular;
use crate::sampler::Reach;

/// What a distribution is checked against.
struct Check<'a> {
    parameter: &'a Parameter,
    path: &'a FieldPath,
    integer: bool,
}

impl Inverse {
    /// Makes a distribution ready, for coordinates within a reach.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or does not fit the parameter or the design.
    pub fn compile(
        distribution: &Distribution,
        parameter: &Parameter,
        reach: Reach,
        path: &FieldPath,
    ) -> Result<Inverse, Diagnostic> {
        if let Distribution::Discrete { values, weights } = distribution {
            let discrete = discrete(values, weights, parameter, path)?;
            return match reach {
                Reach::Beyond(..) => Err(no_line(parameter, path)),
                _ => Ok(discrete),
            };
        }
        let integer = match parameter.kind {
            ParameterType::Integer => true,
            ParameterType::Float => false,
            _ => {
                let message = format!(
                    "only numbers are drawn from a range, but `{}` is a {}",
                    parameter.name,
                    parameter.kind.word()
                );
                return Err(Diagnostic::new(path.clone(), message)
                    .help("declare it as an integer or a float, or give its values, as in { values = [\"a\", \"b\"] }"));
            }
        };
        let check = Check { parameter, path, integer };
        let inverse = match *distribution {
            Distribution::Uniform { from, to } => check.range(from, to, false, reach)?,
            Distribution::LogUniform { from, to } => check.range(from, to, true, reach)?,
            Distribution::Normal { mean, sd } => check.normal(mean, sd, None, None)?,
            Distribution::TruncatedNormal { mean, sd, from, to } => check.normal(mean, sd, from, to)?,
            Distribution::LogNormal { median, gsd, from, to } => check.log_normal(median, gsd, from, to)?,
            Distribution::Triangular { from, mode, to } => check.triangular(from, mode, to)?,
            Distribution::Discrete { .. } => return Err(no_line(parameter, path)),
        };
        match (reach, &inverse) {
            (Reach::Beyond(..), Inverse::Line(_)) => Ok(inverse),
            (Reach::Beyond(..), _) => Err(no_line(parameter, path)),
            (_, Inverse::Line(_)) | (Reach::Inside, _) => Ok(inverse),
            (Reach::WithZero | Reach::WithEnds, _) => {
                let (start, end) = inverse.has_ends();
                match start && (end || reach == Reach::WithZero) {
                    true => Ok(inverse),
                    false => Err(check.endless(reach)),
                }
            }
        }
    }
}

fn no_line(parameter: &Parameter, path: &FieldPath) -> Diagnostic {
    let message = format!(
        "this design has points beyond the ends of a range, so `{}` needs a range that can be continued",
        parameter.name
    );
    Diagnostic::new(path.clone(), message).help("give it `from` and `to`, or take a design that stays inside")
}

impl Check<'_> {
    fn wrong(&self, field: &str, message: String) -> Diagnostic {
        Diagnostic::new(self.path.join(field), message)
    }

    fn finite(&self, field: &str, x: f64) -> Result<f64, Diagnostic> {
        match x.is_finite() {
            true => Ok(x),
            false => Err(self.wrong(field, format!("expected a finite number, found {}", Value::Float(x)))),
        }
    }

    fn above(&self, field: &str, x: f64, least: f64, what: &str) -> Result<f64, Diagnostic> {
        match self.finite(field, x)? > least {
            true => Ok(x),
            false => {
                let (x, least) = (Value::Float(x), Value::Float(least));
                Err(self.wrong(field, format!("expected {what} above {least}, found {x}")))
            }
        }
    }

    fn inside(&self, field: &str, x: f64) -> Result<(), Diagnostic> {
        self.parameter.accept(Value::Float(x)).map(|_| ()).map_err(|message| self.wrong(field, message))
    }

    fn ascending(&self, from: f64, to: f64) -> Result<(), Diagnostic> {
        if from < to || (from == to && self.integer) {
            return Ok(());
        }
        let (from, to) = (Value::Float(from), Value::Float(to));
        let message = format!("expected a number above `from`, which is {from}, found {to}");
        Err(self.wrong("to", message).help("exchange `from` and `to`"))
    }

    /// A distribution without ends in a design with points at the ends.
    fn endless(&self, reach: Reach) -> Diagnostic {
        let name = &self.parameter.name;
        let (points, hint) = match reach {
            Reach::WithZero => (
                "a first point at 0 in every dimension",
                "leave it out with `start = 1`, scramble the points, or ",
            ),
            _ => ("points at the ends of every range", ""),
        };
        let message = format!("this design has {points}, where the distribution of `{name}` has no value");
        Diagnostic::new(self.path.clone(), message).help(format!("{hint}cut it off with `from` and `to`"))
    }

    fn range(&self, from: f64, to: f64, log: bool, reach: Reach) -> Result<Inverse, Diagnostic> {
        let (from, to) = (self.finite("from", from)?, self.finite("to", to)?);
        if self.integer {
            for (field, x) in [("from", from), ("to", to)] {
                if x.fract() != 0.0 || x.abs() >= 9e15 {
                    let message = format!("expected an integer up to 9e15, found {}", Value::Float(x));
                    return Err(self.wrong(field, message));
                }
            }
        }
        if log && from <= 0.0 {
            let message = format!("a logarithmic range needs numbers above 0, found {}", Value::Float(from));
            return Err(self.wrong("from", message));
        }
        self.ascending(from, to)?;
        self.inside("from", from)?;
        self.inside("to", to)?;
        if let Reach::Beyond(low, high) = reach {
            return self.line(Line { from, to, log, integer: self.integer, ends: (low, high) });
        }
        Ok(match (log, self.integer) {
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

    /// Continues a range to the coordinates that `line` has as its ends.
    fn line(&self, mut line: Line) -> Result<Inverse, Diagnostic> {
        let (low, high) = (line.at(line.ends.0), line.at(line.ends.1));
        let round = |x: f64| if self.integer { x.round() } else { x };
        for (field, x) in [("from", round(low)), ("to", round(high))] {
            self.parameter.accept(Value::Float(x)).map_err(|message| {
                let x = Value::Float(x);
                self.wrong(field, format!("the design goes beyond the ends of the range, to {x}: {message}"))
                    .help("narrow the range, or take a design that stays inside")
            })?;
        }
        line.ends = (low, high);
        Ok(Inverse::Line(line))
    }

    /// The bounds of the parameter and the ends of the distribution together; at least one value lies inside.
    fn bounds(&self, from: Option<f64>, to: Option<f64>) -> Result<(f64, f64), Diagnostic> {
        for (field, end) in [("from", from), ("to", to)] {
            if let Some(x) = end {
                self.finite(field, x)?;
            }
        }
        if let (Some(from), Some(to)) = (from, to) {
            self.ascending(from, to)?;
        }
        let least = self.parameter.min.unwrap_or(f64::NEG_INFINITY).max(from.unwrap_or(f64::NEG_INFINITY));
        let most = self.parameter.max.unwrap_or(f64::INFINITY).min(to.unwrap_or(f64::INFINITY));
        let empty = if self.integer { least.ceil() > most.floor() } else { least >= most };
        match empty {
            true => Err(self.outside("to")),
            false => Ok((least, most)),
        }
    }

    fn outside(&self, field: &str) -> Diagnostic {
        let message = format!(
            "practically nothing of this distribution lies within the bounds of `{}`",
            self.parameter.name
        );
        self.wrong(field, message).help("move it, make it wider, or change the bounds")
    }

    fn normal(&self, mean: f64, sd: f64, from: Option<f64>, to: Option<f64>) -> Result<Inverse, Diagnostic> {
        let mean = self.finite("mean", mean)?;
        let sd = self.above("sd", sd, 0.0, "a standard deviation")?;
        let normal = Normal::new(mean, sd, self.bounds(from, to)?).ok_or_else(|| self.outside("mean"))?;
        Ok(if self.integer { Inverse::NormalInteger(normal) } else { Inverse::Normal(normal) })
    }

    fn log_normal(
        &self,
        median: f64,
        gsd: f64,
        from: Option<f64>,
        to: Option<f64>,
    ) -> Result<Inverse, Diagnostic> {
        let median = self.above("median", median, 0.0, "a median")?;
        let gsd = self.above("gsd", gsd, 1.0, "a geometric standard deviation, a factor")?;
        let (least, most) = self.bounds(from, to)?;
        let normal = Normal::of_logarithm(median, gsd, (least, most)).filter(|_| most > 0.0);
        let normal = normal.ok_or_else(|| self.outside("median"))?;
        Ok(if self.integer {
            Inverse::LogNormalInteger(median, normal)
        } else {
            Inverse::LogNormal(median, normal)
        })
    }

    fn triangular(&self, from: f64, mode: f64, to: f64) -> Result<Inverse, Diagnostic> {
        let (from, to) = (self.finite("from", from)?, self.finite("to", to)?);
        let mode = self.finite("mode", mode)?;
        if from >= to || !(to - from).is_finite() {
            self.ascending(from, to)?;
            let message = format!(
                "expected a number above `from`, which is {}, found {}",
                Value::Float(from),
                Value::Float(to)
            );
            return Err(self.wrong("to", message));
        }
        if !(from..=to).contains(&mode) {
            let [from, mode, to] = [from, mode, to].map(Value::Float);
            return Err(self.wrong("mode", format!("expected a mode between {from} and {to}, found {mode}")));
        }
        let triangular = Triangular { from, mode, to };
        if self.integer {
            self.inside("from", from.ceil())?;
            self.inside("to", to.floor())?;
            self.bounds(Some(from), Some(to))?;
            return Ok(Inverse::TriangularInteger(triangular));
        }
        self.inside("from", from)?;
        self.inside("to", to)?;
        Ok(Inverse::Triangular(triangular))
    }
}

fn discrete(
    values: &[Value],
    weights: &[f64],
    parameter: &Parameter,
    path: &FieldPath,
) -> Result<Inverse, Diagnostic> {
    let wrong = |path: FieldPath, message: String| Diagnostic::new(path, message);
    if values.is_empty() {
        return Err(wrong(
            path.join("values"),
            "expected at least one value, found an empty list".to_owned(),
        ));
    }
    let accept = |(place, value): (usize, &Value)| {
        let accepted = parameter.accept(value.clone());
        accepted.map_err(|message| wrong(path.join("values").join(place.to_string()), message))
    };
    let accepted = values.iter().enumerate().map(accept).collect::<Result<Vec<Value>, _>>()?;
    let sum: f64 = weights.iter().sum();
    let right = |weight: &f64| weight.is_finite() && *weight >= 0.0;
    let weighted = weights.len() == values.len() && weights.iter().all(right) && sum.is_finite() && sum > 0.0;
    if !weights.is_empty() && !weighted {
        let message = format!("expected {} numbers, 0 or more, with a sum above 0", values.len());
        return Err(
            wrong(path.join("weights"), message).help("give one weight for each value, or none at all")
        );
    }
    Ok(Inverse::Discrete(Discrete::new(accepted, weights)))
}
