//! Ranges: numbers from one end to the other, by count or by step, evenly or by ratio.

use paramo_model::{Diagnostic, FieldPath, Parameter, ParameterType, Scale, Steps, Value};

use crate::MAX_POINTS;
use crate::axis::Axis;
use crate::decimal::{Decimal, Grid, align};

/// A range is listed value by value for a parameter that is not a number, so it must be short.
const LONGEST_LIST: u64 = 100_000;

/// Numbers at equal ratios.
#[derive(Clone, Debug)]
pub(crate) struct Ratios {
    from: f64,
    to: f64,
    /// Natural logarithms of the ends.
    logs: (f64, f64),
    intervals: u64,
    /// The start, and the powers of ten to the end where that is a whole number: then decades are exact.
    decades: Option<(Decimal, i32)>,
}

impl Ratios {
    fn new(from: f64, to: f64, len: u64) -> Ratios {
        let decades = match (Decimal::of_float(from), Decimal::of_float(to)) {
            (Some(a), Some(b)) if a.mantissa == b.mantissa => Some((a, b.exponent - a.exponent)),
            _ => None,
        };
        // `libm` gives the same bits on every machine, whatever C library a worker was built with.
        Ratios {
            from,
            to,
            logs: (libm::log(from), libm::log(to)),
            intervals: len.saturating_sub(1).max(1),
            decades,
        }
    }

    pub fn value(&self, index: u64) -> f64 {
        if index == 0 {
            return self.from;
        }
        if index >= self.intervals {
            return self.to;
        }
        if let Some((start, decades)) = self.decades {
            let shift = i128::from(decades) * i128::from(index);
            if shift % i128::from(self.intervals) == 0 {
                return start.shifted((shift / i128::from(self.intervals)) as i32);
            }
        }
        let t = index as f64 / self.intervals as f64;
        let x = libm::exp(self.logs.0 + t * (self.logs.1 - self.logs.0));
        x.clamp(self.from.min(self.to), self.from.max(self.to))
    }
}

/// A range as it was written, for one parameter.
pub(crate) struct Range<'a> {
    pub parameter: &'a Parameter,
    pub from: &'a Value,
    pub to: &'a Value,
    pub steps: Steps,
    pub scale: Scale,
    pub path: &'a FieldPath,
}

impl Range<'_> {
    fn wrong(&self, field: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.path.join(field), message)
    }

    /// Checks the range and makes an axis of it, with its length.
    pub fn compile(&self) -> Result<(Axis, u64), Diagnostic> {
        let end = |field: &str, value: &Value| {
            Decimal::of(value)
                .ok_or_else(|| self.wrong(field, format!("expected a finite number, found `{value}`")))
        };
        let (from, to) = (end("from", self.from)?, end("to", self.to)?);
        if self.steps == Steps::Count(0) {
            return Err(self.wrong("count", "a range has at least 1 point, found a count of 0"));
        }
        if let Steps::Count(count) = self.steps
            && count > MAX_POINTS
        {
            return Err(self.wrong("count", "a range has at most 2^63 - 1 points"));
        }
        if self.steps == Steps::Count(1) && from != to {
            return Err(self
                .wrong("count", format!("one point cannot be both {} and {}", self.from, self.to))
                .help("give a count of 2 or more, or the value alone"));
        }
        for (field, value) in [("from", self.from), ("to", self.to)] {
            if matches!(self.parameter.kind, ParameterType::Integer | ParameterType::Float) {
                self.parameter.accept(value.clone()).map_err(|message| self.wrong(field, message))?;
            }
        }
        let integer = self.parameter.kind == ParameterType::Integer;
        let (axis, len) = match self.scale {
            Scale::Log => self.log(integer)?,
            Scale::Linear if integer => self.integers(from, to)?,
            Scale::Linear => self.decimals(from, to)?,
        };
        match self.parameter.kind {
            ParameterType::Integer | ParameterType::Float => Ok((axis, len)),
            _ => self.listed(&axis, len),
        }
    }

    fn log(&self, integer: bool) -> Result<(Axis, u64), Diagnostic> {
        let Steps::Count(count) = self.steps else {
            return Err(self
                .wrong("step", "a logarithmic range is divided by a count, not by a step")
                .help("give `count`, the number of points"));
        };
        let positive = |field: &str, value: &Value| match value.as_f64() {
            Some(x) if x > 0.0 => Ok(x),
            _ => Err(self.wrong(field, format!("a logarithmic range needs numbers above 0, found {value}"))),
        };
        let (from, to) = (positive("from", self.from)?, positive("to", self.to)?);
        let ratios = Ratios::new(from, to, count);
        if !integer {
            return Ok((Axis::Ratios(ratios), count));
        }
        // Neighbours are nearest at the small end; 1 apart there, they round to different integers everywhere.
        let nearest = if from < to { (0, 1) } else { (count - 1, count.saturating_sub(2)) };
        if count > 1 && from != to && (ratios.value(nearest.0) - ratios.value(nearest.1)).abs() < 1.0 {
            return Err(self
                .wrong(
                    "count",
                    format!(
                        "{count} points at equal ratios from {} to {} repeat integers",
                        self.from, self.to
                    ),
                )
                .help("give a smaller count, or make the parameter a float"));
        }
        if from.max(to) > 9e15 {
            return Err(self.wrong("to", "a logarithmic range of integers goes up to 9e15 at the most"));
        }
        Ok((Axis::RoundedRatios(ratios), count))
    }

    fn integers(&self, from: Decimal, to: Decimal) -> Result<(Axis, u64), Diagnostic> {
        let whole = |field: &str, number: Decimal| {
            number
                .at(0)
                .and_then(|i| i64::try_from(i).ok())
                .ok_or_else(|| self.wrong(field, "expected an integer of 64 bits"))
        };
        let (first, last) = (whole("from", from)?, whole("to", to)?);
        let distance = i128::from(last) - i128::from(first);
        match self.steps {
            Steps::By(step) => {
                let step_by = Decimal::of_float(step).and_then(|d| d.at(0)).ok_or_else(|| {
                    self.wrong(
                        "step",
                        format!("the steps of an integer are integers, found {}", Value::Float(step)),
                    )
                    .help("give a whole step, or make the parameter a float")
                })?;
                let len = self.steps_between(distance, step_by, step)?;
                Ok((Axis::Integers { from: first, step: step_by }, len))
            }
            Steps::Count(1) => Ok((Axis::Integers { from: first, step: 0 }, 1)),
            Steps::Count(count) => {
                let intervals = i128::from(count) - 1;
                if distance % intervals != 0 {
                    let message =
                        format!("{count} equal distances from {first} to {last} do not fall on integers");
                    let help = match (1..=intervals.min(100_000)).rev().find(|n| distance % n == 0) {
                        Some(n) if n > 1 => {
                            format!("{} points do; or give `step`, or make the parameter a float", n + 1)
                        }
                        _ => "give `step`, or make the parameter a float".to_owned(),
                    };
                    return Err(self.wrong("count", message).help(help));
                }
                Ok((Axis::Integers { from: first, step: distance / intervals }, count))
            }
        }
    }

    fn decimals(&self, from: Decimal, to: Decimal) -> Result<(Axis, u64), Diagnostic> {
        let too_fine = |field: &str| {
            self.wrong(
                field,
                "the numbers of this range differ by too many powers of ten to be divided exactly",
            )
            .help("use numbers with fewer digits, or a logarithmic range")
        };
        match self.steps {
            Steps::Count(count) => {
                let grid = Grid::by_count(from, to, count).ok_or_else(|| too_fine("count"))?;
                Ok((Axis::Decimals(grid), count))
            }
            Steps::By(step) => {
                let by = Decimal::of_float(step)
                    .ok_or_else(|| self.wrong("step", format!("expected a finite number, found {step}")))?;
                let ([a, b, s], _) = align([from, to, by]).ok_or_else(|| too_fine("step"))?;
                let distance = b.checked_sub(a).ok_or_else(|| too_fine("step"))?;
                let len = self.steps_between(distance, s, step)?;
                let grid = Grid::by_step(from, by, len).ok_or_else(|| too_fine("step"))?;
                Ok((Axis::Decimals(grid), len))
            }
        }
    }

    /// How many points lie from one end to the other, the last one not beyond it.
    fn steps_between(&self, distance: i128, step: i128, written: f64) -> Result<u64, Diagnostic> {
        let (from, to, written) = (self.from, self.to, Value::Float(written));
        if step == 0 {
            return Err(self
                .wrong("step", "a step of 0 goes nowhere")
                .help("give the distance between two points"));
        }
        if distance != 0 && (distance < 0) != (step < 0) {
            let (direction, negated) = if step < 0 { ("down", "") } else { ("up", "-") };
            let size = written.to_string();
            return Err(self
                .wrong("step", format!("steps of {written} go {direction} from {from} and never reach {to}"))
                .help(format!(
                    "use a step of {negated}{}, or exchange `from` and `to`",
                    size.trim_start_matches('-')
                )));
        }
        u64::try_from(distance / step).ok().filter(|n| *n < MAX_POINTS).map(|n| n + 1).ok_or_else(|| {
            self.wrong(
                "step",
                format!("steps of {written} from {from} to {to} are more than 2^63 - 1 points"),
            )
        })
    }

    /// A range over a parameter that is not a number, such as a choice among numbers: every value is checked.
    fn listed(&self, axis: &Axis, len: u64) -> Result<(Axis, u64), Diagnostic> {
        if len > LONGEST_LIST {
            let message =
                format!("a range over a {} has at most {LONGEST_LIST} points", self.parameter.kind.word());
            return Err(Diagnostic::new(self.path.clone(), message));
        }
        let whole = matches!((self.from, self.to), (Value::Integer(_), Value::Integer(_)));
        let values: Result<Vec<Value>, String> = (0..len)
            .map(|i| match axis.value(i, 0) {
                Value::Float(x) if whole && x.fract() == 0.0 && x.abs() < 9e15 => Value::Integer(x as i64),
                value => value,
            })
            .map(|value| self.parameter.accept(value))
            .collect();
        let values = values.map_err(|message| Diagnostic::new(self.path.clone(), message))?;
        Ok((Axis::Listed(values.into()), len))
    }
}
