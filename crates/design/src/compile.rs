//! From the space as it was written to products ready for use, with everything that is wrong on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use paramo_model::{
    Axis as AxisSpec, Block, Diagnostic, Expression, Factor as Spec, FieldPath, Name, Parameter,
    ParameterType, PointTable, Sample, nearest,
};

use crate::MAX_POINTS;
use crate::axis::Axis;
use crate::distribution::Inverse;
use crate::info;
use crate::method::{self, Design, Refusal};
use crate::options::Options;
use crate::product::{Blocks, Condition, Factor, Product, Refinement, Sampled, Values};
use crate::sampler::Reach;
use crate::table::Table;

/// Blocks within blocks; nobody means more, and a study file is no program.
const DEEPEST: usize = 16;

pub(crate) struct Compiler<'a> {
    parameters: &'a [Parameter],
    pub wrong: Vec<Diagnostic>,
}

/// The parameters, by place, that a block or a factor gives a value to.
#[derive(Clone, Default)]
struct Covered {
    /// In every point.
    always: BTreeSet<usize>,
    /// In some.
    ever: BTreeSet<usize>,
}

impl Covered {
    fn all(slots: impl IntoIterator<Item = usize>) -> Covered {
        let always: BTreeSet<usize> = slots.into_iter().collect();
        Covered { ever: always.clone(), always }
    }

    /// Of points that are in one or the other.
    fn or(self, other: Covered) -> Covered {
        Covered { always: &self.always & &other.always, ever: &self.ever | &other.ever }
    }
}

impl<'a> Compiler<'a> {
    pub fn new(parameters: &'a [Parameter]) -> Compiler<'a> {
        Compiler { parameters, wrong: Vec::new() }
    }

    /// The blocks of a whole space. What comes out is only meant to be used if nothing is wrong.
    pub fn space(&mut self, blocks: &[Block]) -> Blocks {
        let root = FieldPath::new(["space"]);
        let mut compiled = Vec::with_capacity(blocks.len());
        for (place, block) in blocks.iter().enumerate() {
            let path = root.join(place.to_string());
            let before = self.wrong.len();
            let Some((product, covered)) = self.block(block, &path, 0) else { continue };
            // What is wrong may well be the parameter that seems to be missing.
            if self.wrong.len() == before {
                self.check_complete(&covered, &path);
            }
            compiled.push(product);
        }
        self.concatenate(compiled, &root).unwrap_or_default()
    }

    /// Every parameter has a value in every point, or a default.
    fn check_complete(&mut self, covered: &Covered, path: &FieldPath) {
        for (slot, parameter) in self.parameters.iter().enumerate() {
            if covered.always.contains(&slot) || parameter.default.is_some() {
                continue;
            }
            let place =
                if covered.ever.contains(&slot) { "in some of the blocks inside this one" } else { "here" };
            let message = format!("`{}` has no value {place}, and no default", parameter.name);
            let help = format!("give it values, as in `{} = [1, 2, 3]`, or a default", parameter.name);
            self.wrong.push(Diagnostic::new(path.clone(), message).help(help));
        }
    }

    fn concatenate(&mut self, products: Vec<Product>, path: &FieldPath) -> Option<Blocks> {
        let mut starts = Vec::with_capacity(products.len());
        let mut len = 0u64;
        for product in &products {
            starts.push(len);
            len = match len.checked_add(product.len).filter(|len| *len <= MAX_POINTS) {
                Some(len) => len,
                None => {
                    self.wrong.push(Diagnostic::new(
                        path.clone(),
                        "the blocks together are more than 2^63 - 1 points",
                    ));
                    return None;
                }
            };
        }
        Some(Blocks { starts, products })
    }

    fn block(&mut self, block: &Block, path: &FieldPath, depth: usize) -> Option<(Product, Covered)> {
        if depth > DEEPEST {
            self.wrong
                .push(Diagnostic::new(path.clone(), format!("blocks are nested more than {DEEPEST} deep")));
            return None;
        }
        let condition = self.condition(block.condition.as_deref(), path);
        let (mut zips, mut nested) = (0, 0);
        let mut factors = Vec::with_capacity(block.factors.len());
        let mut covered = Covered::default();
        for spec in &block.factors {
            let compiled = match spec {
                Spec::Axis(name, axis) => self.axis(name, axis, &path.join(name.as_str())),
                Spec::Zip(axes) => {
                    zips += 1;
                    self.zip(axes, &path.join("zip").join((zips - 1).to_string()))
                }
                Spec::Sample(sample) => self.sample(sample, path),
                Spec::Points(table) => self.table(table, &path.join("points")),
                Spec::Blocks(blocks) => {
                    let from = nested;
                    nested += blocks.len();
                    self.blocks(blocks, from, &path.join("block"), depth)
                }
            };
            let Some((factor, here)) = compiled else { continue };
            for slot in &here.ever & &covered.ever {
                let name = &self.parameters[slot].name;
                let message = format!("`{name}` has values twice in this block");
                self.wrong.push(
                    Diagnostic::new(path.join(name.as_str()), message)
                        .help("keep one, or put the other into a block of its own"),
                );
            }
            covered.always.extend(here.always);
            covered.ever.extend(here.ever);
            factors.push(factor);
        }
        let len = self.size(&factors, path)?;
        Some((Product { len, factors, condition }, covered))
    }

    fn condition(&mut self, source: Option<&str>, path: &FieldPath) -> Option<Condition> {
        let source = source?;
        let names: Vec<&str> = self.parameters.iter().map(|p| p.name.as_str()).collect();
        match Expression::parse(source, &names) {
            Ok(expression) => Some(Condition { source: source.to_owned(), expression }),
            Err(error) => {
                let mut diagnostic = Diagnostic::new(path.join("where"), error.message);
                diagnostic.help = error.help;
                self.wrong.push(diagnostic);
                None
            }
        }
    }

    /// The number of points of a product; what overflows is named with the lengths that make it.
    fn size(&mut self, factors: &[Factor], path: &FieldPath) -> Option<u64> {
        let product = factors.iter().try_fold(1u64, |n, factor| n.checked_mul(factor.len));
        if let Some(len) = product.filter(|len| *len <= MAX_POINTS) {
            return Some(len);
        }
        let names: Vec<String> = factors
            .iter()
            .filter(|factor| factor.len > 1)
            .map(|factor| {
                let names: Vec<String> = factor
                    .parameters
                    .iter()
                    .map(|(slot, _)| format!("`{}`", self.parameters[*slot].name))
                    .collect();
                format!("{} ({})", names.join(", "), factor.len)
            })
            .collect();
        let size: f64 = factors.iter().map(|factor| factor.len as f64).product();
        let bits: f64 = factors.iter().map(|factor| (factor.len as f64).log2()).sum();
        let message = format!(
            "{} make {} points, about 2^{bits:.0}; a space has at most 2^63 - 1",
            names.join(" × "),
            format!("{size:.1e}").replace(".0e", "e"),
        );
        self.wrong.push(Diagnostic::new(path.clone(), message).help("give fewer values, or draw a sample"));
        None
    }

    fn find(&mut self, name: &Name, path: &FieldPath) -> Option<usize> {
        let found = self.parameters.iter().position(|p| p.name == *name);
        if found.is_none() {
            let names = self.parameters.iter().map(|p| p.name.as_str());
            let mut diagnostic =
                Diagnostic::new(path.clone(), format!("the application has no parameter `{name}`"));
            diagnostic.help = nearest(name.as_str(), names).map(|name| format!("did you mean `{name}`?"));
            self.wrong.push(diagnostic);
        }
        found
    }

    /// The places of parameters in a point; none twice.
    fn find_all<'n>(
        &mut self,
        names: impl Iterator<Item = &'n Name> + Clone,
        path: impl Fn(&Name) -> FieldPath,
    ) -> Option<Vec<usize>> {
        let slots: Vec<Option<usize>> = names.clone().map(|name| self.find(name, &path(name))).collect();
        let slots: Vec<usize> = slots.into_iter().collect::<Option<_>>()?;
        for (place, name) in names.enumerate() {
            if slots[..place].contains(&slots[place]) {
                self.wrong.push(Diagnostic::new(path(name), format!("`{name}` is listed twice")));
                return None;
            }
        }
        Some(slots)
    }

    fn axis(&mut self, name: &Name, spec: &AxisSpec, path: &FieldPath) -> Option<(Factor, Covered)> {
        let slot = self.find(name, path)?;
        let parameter = &self.parameters[slot];
        let (axis, len) = Axis::compile(spec, parameter, path, &mut self.wrong)?;
        let refinement = match (spec, &parameter.kind) {
            (AxisSpec::Replicate { .. }, _) => Refinement::Repeat,
            (_, ParameterType::Integer | ParameterType::Float) => Refinement::Spread,
            _ => Refinement::Whole,
        };
        let words = info::axis_words(&axis, spec, len);
        let parameters = vec![(slot, words.clone())];
        Some((
            Factor { len, values: Values::Axis(slot, axis), words, parameters, refinement },
            Covered::all([slot]),
        ))
    }

    fn zip(&mut self, axes: &[(Name, AxisSpec)], path: &FieldPath) -> Option<(Factor, Covered)> {
        if axes.is_empty() {
            self.wrong.push(Diagnostic::new(path.clone(), "expected at least one parameter, found none"));
            return None;
        }
        let slots = self.find_all(axes.iter().map(|(name, _)| name), |name| path.join(name.as_str()))?;
        let mut compiled = Vec::with_capacity(axes.len());
        let mut parameters = Vec::with_capacity(axes.len());
        let mut lengths = Vec::with_capacity(axes.len());
        for ((name, spec), slot) in axes.iter().zip(&slots) {
            let field = path.join(name.as_str());
            let Some((axis, len)) = Axis::compile(spec, &self.parameters[*slot], &field, &mut self.wrong)
            else {
                continue;
            };
            parameters.push((*slot, info::axis_words(&axis, spec, len)));
            compiled.push((*slot, axis));
            lengths.push((name, len));
        }
        if compiled.len() < axes.len() {
            return None;
        }
        let len = lengths[0].1;
        if lengths.iter().any(|(_, other)| *other != len) {
            let list: Vec<String> = lengths.iter().map(|(name, len)| format!("`{name}` {len}")).collect();
            let message = format!(
                "parameters that advance together have equally many values, found {}",
                list.join(", ")
            );
            self.wrong.push(Diagnostic::new(path.clone(), message));
            return None;
        }
        let words = format!("{} together", info::values_of(len));
        let values = Values::Zip(compiled);
        Some((Factor { len, values, words, parameters, refinement: Refinement::Spread }, Covered::all(slots)))
    }

    /// In a file, the parameters of a sample stand beside its `sample`, in the block.
    fn sample(&mut self, sample: &Sample, block: &FieldPath) -> Option<(Factor, Covered)> {
        let path = &block.join("sample");
        if sample.dimensions.is_empty() {
            self.wrong.push(
                Diagnostic::new(path.clone(), "expected at least one parameter to sample, found none")
                    .help("give a range, as in `x = { from = 0.0, to = 1.0 }`"),
            );
        }
        let method = method::find(&sample.method).map_err(|(message, help)| {
            self.wrong.push(Diagnostic::new(path.join("method"), message).help(help));
        });
        let names = sample.dimensions.iter().map(|(name, _)| name);
        let slots = self.find_all(names, |name| block.join(name.as_str()))?;
        if slots.is_empty() {
            return None;
        }
        let options = Options::new(sample.options.clone());
        let Sample { count, start, seed, .. } = *sample;
        let design = Design { count, start, seed, dimensions: slots.len(), options: &options };
        let built = method.ok().and_then(|method| {
            let refused = |refusal: Refusal| {
                let path = if refusal.field.is_empty() { path.clone() } else { path.join(refusal.field) };
                let mut diagnostic = Diagnostic::new(path, format!("{}: {}", sample.method, refusal.message));
                diagnostic.help = refusal.help;
                self.wrong.push(diagnostic);
            };
            method::build(method, &design).map_err(refused).ok().map(|sampler| (method.name(), sampler))
        });
        // Without a design the distributions are still checked.
        let reach = built.as_ref().map_or(Reach::Inside, |(_, sampler)| sampler.reach());
        let mut dimensions = Vec::with_capacity(slots.len());
        for ((name, distribution), slot) in sample.dimensions.iter().zip(&slots) {
            let field = block.join(name.as_str());
            match Inverse::compile(distribution, &self.parameters[*slot], reach, &field) {
                Ok(inverse) => dimensions.push((*slot, inverse)),
                Err(diagnostic) => self.wrong.push(diagnostic),
            }
        }
        let (method, sampler) = built.filter(|_| dimensions.len() == slots.len())?;
        let len = sampler.points();
        let from = if start == 0 { String::new() } else { format!(" from point {start} on") };
        let words =
            format!("{} by {}{from}, seed {seed}{}", info::points_of(len), sample.method, options.words());
        let parameters = slots
            .iter()
            .zip(&sample.dimensions)
            .map(|(slot, (_, d))| (*slot, info::distribution_words(d)))
            .collect();
        let factor = Factor {
            len,
            values: Values::Sample(Sampled {
                method,
                sampler: Arc::from(sampler),
                dimensions: dimensions.into(),
            }),
            words,
            parameters,
            refinement: Refinement::Prefix,
        };
        Some((factor, Covered::all(slots)))
    }

    fn table(&mut self, spec: &PointTable, path: &FieldPath) -> Option<(Factor, Covered)> {
        let slots = self.find_all(spec.columns.iter(), |_| path.clone())?;
        match Table::compile(spec, slots.clone(), self.parameters, path) {
            Ok((table, len)) => {
                let words = format!("{} from {}", info::points_of(len), spec.source);
                let parameters = slots.iter().map(|slot| (*slot, format!("from {}", spec.source))).collect();
                let values = Values::Table(table);
                Some((
                    Factor { len, values, words, parameters, refinement: Refinement::Spread },
                    Covered::all(slots),
                ))
            }
            Err(wrong) => {
                self.wrong.extend(wrong);
                None
            }
        }
    }

    fn blocks(
        &mut self,
        blocks: &[Block],
        from: usize,
        path: &FieldPath,
        depth: usize,
    ) -> Option<(Factor, Covered)> {
        let compiled: Vec<_> = blocks
            .iter()
            .enumerate()
            .map(|(place, block)| self.block(block, &path.join((from + place).to_string()), depth + 1))
            .collect();
        let (products, covered): (Vec<Product>, Vec<Covered>) =
            compiled.into_iter().collect::<Option<Vec<_>>>()?.into_iter().unzip();
        let Some(covered) = covered.into_iter().reduce(Covered::or) else {
            self.wrong.push(Diagnostic::new(path.clone(), "expected at least one block, found none"));
            return None;
        };
        let len: u128 = products.iter().map(|product| u128::from(product.len)).sum();
        let blocks = self.concatenate(products, path)?;
        let words = match blocks.products.len() {
            1 => "1 block".to_owned(),
            n => format!("{n} blocks, one after the other"),
        };
        let parameters = covered.ever.iter().map(|slot| (*slot, "in the blocks".to_owned())).collect();
        let factor = Factor {
            len: u64::try_from(len).ok()?,
            values: Values::Blocks(blocks),
            words,
            parameters,
            refinement: Refinement::Spread,
        };
        Some((factor, covered))
    }
}
