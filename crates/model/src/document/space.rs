//! `[space]`: blocks of axes.

use super::Origin;
use super::axis::{self, Dimension};
use super::field::{Field, Table};
use super::points;
use crate::check::{Broken, RESERVED};
use crate::{Block, Factor, Name, Sample, Setting};

/// A block. The order of its factors is that of the fields.
pub(super) fn block(table: Table, origin: &Origin, broken: &mut Broken) -> Block {
    let mut block = Block::default();
    let sampled = table.has("sample");
    let mut design = None;
    let mut dimensions = Vec::new();
    // Where the sample goes among the factors.
    let mut slot = None;
    let mut first_dimension: Option<Field> = None;
    let mut sample_field = None;
    let mut unread = false;
    for field in table.fields() {
        match field.key() {
            key if RESERVED.contains(&key) && !has_its_shape(&field) => broken.space = true,
            "sample" => {
                design = sample(&field);
                sample_field = Some(field);
            }
            "zip" => match zips(&field, broken) {
                Some(zips) => block.factors.extend(zips.into_iter().map(Factor::Zip)),
                None => broken.space = true,
            },
            "points" => match points::table(&field, origin) {
                Some(points) => block.factors.push(Factor::Points(points)),
                None => broken.space = true,
            },
            "where" => {
                let hint = "a condition, such as \"k1 > k2\", a string";
                block.condition = field.text(hint).map(str::to_owned);
            }
            "block" => match field.tables("a list of tables of axes") {
                Some(tables) => {
                    let blocks = tables.into_iter().map(|table| self::block(table, origin, broken)).collect();
                    block.factors.push(Factor::Blocks(blocks));
                }
                None => broken.space = true,
            },
            _ => match given(&field, sampled) {
                Some((name, Dimension::Axis(axis))) => block.factors.push(Factor::Axis(name, axis)),
                Some((name, Dimension::Sampled(distribution))) => {
                    slot.get_or_insert(block.factors.len());
                    first_dimension.get_or_insert_with(|| field.clone());
                    dimensions.push((name, distribution));
                }
                None => {
                    unread = true;
                    broken.names.insert(field.key().to_owned());
                }
            },
        }
    }
    match (slot, sampled) {
        (Some(slot), true) => {
            // A design that could not be read has been reported; its dimensions still count as given.
            let unread = || Sample { method: "random".to_owned(), count: Some(1), ..Sample::default() };
            let sample = Sample { dimensions, ..design.unwrap_or_else(unread) };
            block.factors.insert(slot, Factor::Sample(sample));
        }
        (Some(_), false) => {
            broken.names.extend(dimensions.iter().map(|(name, _)| name.to_string()));
            if let Some(field) = first_dimension {
                let wrong =
                    field.wrong(format!("`{}` is sampled, and this block does not say how", field.key()));
                field.report(wrong.help("add sample = { method = \"sobol\", count = 100 }"));
            }
        }
        (None, true) if !unread => {
            let Some(field) = sample_field else { return block };
            let wrong = field.wrong_key("there is nothing to sample in this block");
            field.report(wrong.help("give a parameter a distribution: k1 = { uniform = [0, 1] }"));
        }
        _ => {}
    }
    block
}

/// Reports a word of the space that has the value of a parameter.
fn has_its_shape(field: &Field) -> bool {
    let (right, what) = match field.key() {
        "points" => (field.value().is_str(), "the path of a file of points"),
        "where" => (field.value().is_str(), "a condition, such as \"k1 > k2\""),
        "sample" => (field.value().is_table(), "how to sample, such as { method = \"sobol\", count = 100 }"),
        "zip" => (field.value().is_table() || field.value().is_array(), "a table of axes of one length"),
        _ => (field.value().is_table() || field.value().is_array(), "a list of tables of axes"),
    };
    if !right {
        let key = field.key();
        let wrong = field.wrong(format!("`{key}` in a space is {what}, found {}", field.found()));
        field.report(wrong.help("a parameter needs another name"));
    }
    right
}

fn given(field: &Field, sampled: bool) -> Option<(Name, Dimension)> {
    let name = field.key_name();
    let dimension = axis::dimension(field, sampled);
    Some((name?, dimension?))
}

/// What a block's `sample` says; the dimensions are spread over the block.
fn sample(field: &Field) -> Option<Sample> {
    let mut table = field.table("how to sample, such as { method = \"sobol\", count = 100 }")?;
    let method = table
        .require("method", "how points are chosen, such as \"sobol\", \"latin-hypercube\" or \"random\"");
    let method = method.and_then(|f| f.text("the name of a method, a string")).map(str::to_owned);
    let mut whole = |key, least, what: &str| match table.get(key) {
        Some(field) => field.integer(least, what).map(Some),
        None => Some(None),
    };
    let count: Option<Option<u64>> = whole("count", 0, "how many points, an integer of at least 1");
    let seed: Option<Option<u64>> = whole("seed", 0, "a seed, an integer of at least 0");
    let start: Option<Option<u64>> =
        whole("start", 0, "the index of the first point, an integer of at least 0");
    // Which options there are is for the method to say.
    let options: Vec<_> = table
        .fields()
        .filter(|field| !["method", "count", "seed", "start"].contains(&field.key()))
        .map(|field| Some((field.key().to_owned(), setting(&field)?)))
        .collect();
    Some(Sample {
        method: method?,
        count: count?,
        seed: seed?.unwrap_or(0),
        start: start?.unwrap_or(0),
        options: options.into_iter().collect::<Option<_>>()?,
        dimensions: Vec::new(),
    })
}

fn setting(field: &Field) -> Option<Setting> {
    if !field.value().is_array() {
        return field.scalar().map(Setting::Value);
    }
    let read: Vec<_> = field.list("a value or a list of values")?.iter().map(Field::scalar).collect();
    read.into_iter().collect::<Option<_>>().map(Setting::List)
}

type Zip = Vec<(Name, crate::Axis)>;

fn zips(field: &Field, broken: &mut Broken) -> Option<Vec<Zip>> {
    let tables = field.tables("a table of axes of one length, or a list of such tables")?;
    Some(tables.iter().map(|table| zip(table, broken)).collect())
}

fn zip(table: &Table, broken: &mut Broken) -> Zip {
    if table.is_empty() {
        table.field.reject::<()>("a zip needs at least one axis");
    }
    let mut axes = Vec::new();
    for field in table.fields() {
        if RESERVED.contains(&field.key()) {
            field.report(field.wrong_key(format!("expected an axis in a zip, found `{}`", field.key())));
            continue;
        }
        match given(&field, false) {
            Some((name, Dimension::Axis(axis))) => axes.push((name, axis)),
            Some((name, Dimension::Sampled(_))) => {
                broken.names.insert(name.to_string());
                field.reject::<()>("a sampled parameter cannot stand in a zip");
            }
            None => {
                broken.names.insert(field.key().to_owned());
            }
        }
    }
    axes
}
