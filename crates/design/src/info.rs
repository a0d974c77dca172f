//! A space described: what `paramo space show` prints and what plots choose their axes by.

use paramo_model::{Axis as Spec, Distribution, Scale, Steps, Value};

use crate::axis::Axis;
use crate::product::{Blocks, Factor, Product, Sampled, Values};

/// The most values that are listed.
const LISTED: usize = 6;

/// A block of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockInfo {
    /// The index of its first point in the space; for a nested block in the factor that holds it.
    pub start: u64,
    pub len: u64,
    /// The first varies slowest.
    pub factors: Vec<FactorInfo>,
    /// The source of the condition.
    pub condition: Option<String>,
    /// The parameters, by their place in a point, that take more than one value in this block.
    pub varying: Vec<usize>,
}

/// A dimension of a block's product.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorInfo {
    /// The parameters it gives values to, by their place in a point.
    pub parameters: Vec<usize>,
    /// What each of them takes: "uniform from 0 to 1".
    pub details: Vec<String>,
    pub len: u64,
    /// The factor in words: "25 values from 1e8 to 2e9, log".
    pub words: String,
    /// The blocks inside it.
    pub blocks: Vec<BlockInfo>,
}

/// Describes blocks that follow one another.
pub(crate) fn describe(blocks: &Blocks, defaults: &[Value]) -> Vec<BlockInfo> {
    let block = |(start, product): (&u64, &Product)| BlockInfo {
        start: *start,
        len: product.len,
        factors: product.factors.iter().map(|factor| describe_factor(factor, defaults)).collect(),
        condition: product.condition.as_ref().map(|condition| condition.source.clone()),
        varying: {
            let mut seen = vec![Seen::Nothing; defaults.len()];
            see_product(product, defaults, &mut seen);
            varying(&seen)
        },
    };
    blocks.starts.iter().zip(&blocks.products).map(block).collect()
}

fn describe_factor(factor: &Factor, defaults: &[Value]) -> FactorInfo {
    FactorInfo {
        parameters: factor.parameters.iter().map(|(slot, _)| *slot).collect(),
        details: factor.parameters.iter().map(|(_, words)| words.clone()).collect(),
        len: factor.len,
        words: factor.words.clone(),
        blocks: match &factor.values {
            Values::Blocks(blocks) => describe(blocks, defaults),
            _ => Vec::new(),
        },
    }
}

/// The values of one parameter that were seen so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Nothing,
    One(Value),
    Many,
}

impl Seen {
    fn see(&mut self, value: &Value) {
        match self {
            Seen::Nothing => *self = Seen::One(value.clone()),
            Seen::One(first) if first != value => *self = Seen::Many,
            Seen::One(_) | Seen::Many => {}
        }
    }

    fn see_all<'v>(&mut self, values: impl IntoIterator<Item = &'v Value>) {
        for value in values {
            self.see(value);
            if *self == Seen::Many {
                return;
            }
        }
    }
}

/// The parameters that take more than one value in blocks.
pub(crate) fn varying_in(blocks: &Blocks, defaults: &[Value]) -> Vec<usize> {
    let mut seen = vec![Seen::Nothing; defaults.len()];
    for product in &blocks.products {
        see_product(product, defaults, &mut seen);
    }
    varying(&seen)
}

fn varying(seen: &[Seen]) -> Vec<usize> {
    seen.iter().enumerate().filter(|(_, seen)| **seen == Seen::Many).map(|(slot, _)| slot).collect()
}

fn see_product(product: &Product, defaults: &[Value], seen: &mut [Seen]) {
    let given = see_factors(product, defaults, seen);
    for ((seen, default), _) in seen.iter_mut().zip(defaults).zip(given).filter(|(_, given)| !given) {
        seen.see(default);
    }
}

/// Sees the values that a product gives, and says which parameters it gives values to.
fn see_factors(product: &Product, defaults: &[Value], seen: &mut [Seen]) -> Vec<bool> {
    let mut given = vec![false; defaults.len()];
    for factor in &product.factors {
        for (slot, _) in &factor.parameters {
            given[*slot] = true;
        }
        match &factor.values {
            Values::Axis(slot, axis) => see_axis(axis, factor.len, product.len, &mut seen[*slot]),
            Values::Zip(axes) => {
                for (slot, axis) in axes {
                    see_axis(axis, factor.len, product.len, &mut seen[*slot]);
                }
            }
            Values::Sample(Sampled { sampler, dimensions, .. }) => {
                for (dimension, (slot, inverse)) in dimensions.iter().enumerate() {
                    // A constant dimension is a narrow range of integers; that shows in a few points.
                    let few = 0..factor.len.min(64);
                    let values: Vec<Value> =
                        few.map(|i| inverse.value(sampler.coordinate(i, dimension))).collect();
                    seen[*slot].see_all(&values);
                }
            }
            Values::Table(table) => {
                for (column, (slot, _)) in factor.parameters.iter().enumerate() {
                    seen[*slot].see_all(table.column(column));
                }
            }
            Values::Blocks(blocks) => {
                for inner in &blocks.products {
                    let given_here = see_factors(inner, defaults, seen);
                    for (slot, _) in factor.parameters.iter().filter(|(slot, _)| !given_here[*slot]) {
                        seen[*slot].see(&defaults[*slot]);
                    }
                }
            }
        }
    }
    given
}

fn see_axis(axis: &Axis, len: u64, points: u64, seen: &mut Seen) {
    match axis {
        Axis::Listed(values) => seen.see_all(values.iter()),
        Axis::Seeds { .. } if points > 1 => *seen = Seen::Many,
        _ => seen.see_all(&[axis.value(0, 0), axis.value(len - 1, 0)]),
    }
}

/// "25 values from 1e8 to 2e9, log".
pub(crate) fn axis_words(axis: &Axis, spec: &Spec, len: u64) -> String {
    let ends = || {
        format!("{} from {} to {}", values_of(len), short(&axis.value(0, 0)), short(&axis.value(len - 1, 0)))
    };
    match spec {
        Spec::Replicate { seed: Some(seed), .. } => {
            format!("{} with seeds from seed {seed}", replicates_of(len))
        }
        Spec::Replicate { seed: None, .. } => replicates_of(len),
        Spec::Values(values) => match values.as_slice() {
            [value] => short(value),
            [first, .., last] if values.len() > LISTED => {
                format!(
                    "{}: {}, {}, … {}",
                    values_of(len),
                    short(first),
                    short(&axis.value(1, 0)),
                    short(last)
                )
            }
            _ => values.iter().map(short).collect::<Vec<_>>().join(", "),
        },
        Spec::Range { .. } if len == 1 => short(&axis.value(0, 0)),
        Spec::Range { steps: Steps::By(step), .. } => {
            format!("{} by {}", ends(), short(&Value::Float(*step)))
        }
        Spec::Range { scale: Scale::Log, .. } => format!("{}, log", ends()),
        Spec::Range { scale: Scale::Linear, .. } => ends(),
    }
}

/// "uniform from 0 to 1".
pub(crate) fn distribution_words(distribution: &Distribution) -> String {
    let number = |x: f64| short(&Value::Float(x));
    let within = |from: Option<f64>, to: Option<f64>| {
        let end = |word, x: Option<f64>| x.map_or_else(String::new, |x| format!(" {word} {}", number(x)));
        let ends = format!("{}{}", end("from", from), end("to", to));
        if ends.is_empty() { ends } else { format!(", cut off{ends}") }
    };
    match distribution {
        Distribution::Uniform { from, to } => format!("uniform from {} to {}", number(*from), number(*to)),
        Distribution::LogUniform { from, to } => {
            format!("log-uniform from {} to {}", number(*from), number(*to))
        }
        Distribution::Normal { mean, sd } => {
            format!("normal, mean {}, standard deviation {}", number(*mean), number(*sd))
        }
        Distribution::TruncatedNormal { mean, sd, from, to } => {
            let ends = within(*from, *to);
            format!("normal, mean {}, standard deviation {}{ends}", number(*mean), number(*sd))
        }
        Distribution::LogNormal { median, gsd, from, to } => {
            let ends = within(*from, *to);
            let (median, gsd) = (number(*median), number(*gsd));
            format!("log-normal, median {median}, geometric standard deviation {gsd}{ends}")
        }
        Distribution::Triangular { from, mode, to } => {
            format!("triangular from {} by {} to {}", number(*from), number(*mode), number(*to))
        }
        Distribution::Discrete { values, weights } => {
            let list = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>().join(", ");
            let ellipsis = if values.len() > LISTED { ", …" } else { "" };
            let listed = list(&mut values.iter().take(LISTED).map(short));
            if weights.is_empty() {
                return format!("one of {listed}{ellipsis}, all alike");
            }
            let weights = list(&mut weights.iter().take(LISTED).map(|x| number(*x)));
            format!("one of {listed}{ellipsis}, weights {weights}{ellipsis}")
        }
    }
}

pub(crate) fn values_of(len: u64) -> String {
    if len == 1 { "1 value".to_owned() } else { format!("{len} values") }
}

pub(crate) fn points_of(len: u64) -> String {
    if len == 1 { "1 point".to_owned() } else { format!("{len} points") }
}

fn replicates_of(len: u64) -> String {
    if len == 1 { "1 replicate".to_owned() } else { format!("{len} replicates") }
}

/// The shorter of a number's two spellings: `1e8`, but `0.01`.
fn short(value: &Value) -> String {
    match value {
        Value::Float(x) => {
            let (plain, scientific) = (value.to_string(), format!("{x:e}"));
            if scientific.len() < plain.len() { scientific } else { plain }
        }
        _ => value.to_string(),
    }
}
