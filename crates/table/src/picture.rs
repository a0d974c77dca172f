//! A result table as pictures take it: which columns are swept, which only repeat, and when runs ran.

use std::collections::BTreeSet;

use paramo_model::{Axis, Block, Distribution, Factor, Name, Sample, Scale, Study, Value};
use paramo_plot::{self as picture, Bar, Timing, Values};

use crate::{Column, Data, ResultTable, Role};

/// A table as a picture takes it. With `times`, only when runs ran matters.
pub fn picture_data(table: &ResultTable, study: &Study, times: bool) -> picture::Data {
    let mut columns = Vec::new();
    for column in &table.columns {
        let role = match column.role {
            Role::Parameter(_) if replicates(study, &column.name) => picture::Role::Replicate,
            Role::Parameter(_) => picture::Role::Parameter,
            Role::Output(_) => picture::Role::Output,
            // What Paramo measures can be drawn too, once it is asked for by name; it is never chosen before an output.
            _ if times || table.rows == 0 => continue,
            Role::Wall | Role::Cpu | Role::PeakMemory => picture::Role::Output,
            _ => continue,
        };
        columns.push(picture::Column {
            name: column.name.clone(),
            unit: column.unit.clone(),
            role,
            log: role == picture::Role::Parameter && logarithmic(study, &column.name),
            values: values(column, table.rows),
        });
    }
    picture::Data { columns, bars: bars(table), ..picture::Data::default() }
}

fn values(column: &Column, rows: usize) -> Values {
    let rows = 0..rows;
    match &column.data {
        Data::Integer(_) | Data::Float(_) => {
            Values::Numbers(rows.map(|at| column.value(at).as_f64().unwrap_or(f64::NAN)).collect())
        }
        Data::Boolean(values) => Values::Labels {
            labels: vec!["false".to_owned(), "true".to_owned()],
            codes: rows
                .map(|at| if column.is_present(at) { u32::from(values[at]) } else { u32::MAX })
                .collect(),
        },
        Data::String(texts) => Values::Labels {
            labels: texts.labels.iter().map(ToString::to_string).collect(),
            codes: rows.map(|at| if column.is_present(at) { texts.codes[at] } else { u32::MAX }).collect(),
        },
    }
}

/// Whether a parameter only repeats points.
pub fn replicates(study: &Study, name: &str) -> bool {
    any_axis(&study.space.blocks, name, &|axis| matches!(axis, Axis::Replicate { .. }))
}

/// Whether a parameter is spread over powers.
pub fn logarithmic(study: &Study, name: &str) -> bool {
    let blocks = &study.space.blocks;
    let log = |distribution: &Distribution| {
        matches!(distribution, Distribution::LogUniform { .. } | Distribution::LogNormal { .. })
    };
    let sampled = |sample: &Sample| sample.dimensions.iter().any(|(n, d)| n == name && log(d));
    any_axis(blocks, name, &|axis| matches!(axis, Axis::Range { scale: Scale::Log, .. }))
        || factors(blocks).any(|factor| matches!(factor, Factor::Sample(sample) if sampled(sample)))
}

fn any_axis(blocks: &[Block], name: &str, holds: &dyn Fn(&Axis) -> bool) -> bool {
    let named = |(parameter, axis): &(Name, Axis)| parameter == name && holds(axis);
    factors(blocks).any(|factor| match factor {
        Factor::Axis(parameter, axis) => parameter == name && holds(axis),
        Factor::Zip(axes) => axes.iter().any(named),
        _ => false,
    })
}

/// The factors of blocks and of the blocks within them.
fn factors(blocks: &[Block]) -> Box<dyn Iterator<Item = &Factor> + '_> {
    Box::new(blocks.iter().flat_map(|block| &block.factors).flat_map(|factor| {
        let inner: Box<dyn Iterator<Item = &Factor>> = match factor {
            Factor::Blocks(inner) => factors(inner),
            _ => Box::new(std::iter::empty()),
        };
        std::iter::once(factor).chain(inner)
    }))
}

/// How long a study took, from the start of its first run to the end of its last. `study` is what it is called.
pub fn timing(table: &ResultTable, study: String) -> Timing {
    let bars = bars(table);
    let start = bars.iter().map(|bar| bar.start).fold(f64::INFINITY, f64::min);
    let end = bars.iter().map(|bar| bar.end).fold(f64::NEG_INFINITY, f64::max);
    let slots: BTreeSet<(u32, u32)> = bars.iter().map(|bar| (bar.worker, bar.slot)).collect();
    Timing { study, slots: slots.len() as u32, seconds: end - start, runs: bars.len() as u64 }
}

/// When every run ran, in which slot.
fn bars(table: &ResultTable) -> Vec<Bar> {
    let by_role = |role| table.columns.iter().find(|column| column.role == role);
    let (Some(started), Some(wall), Some(worker), Some(slot), Some(state)) = (
        by_role(Role::Started),
        by_role(Role::Wall),
        by_role(Role::Worker),
        by_role(Role::Slot),
        by_role(Role::State),
    ) else {
        return Vec::new();
    };
    (0..table.rows)
        .filter_map(|at| {
            let start = started.value(at).as_f64()?;
            let ok = matches!(state.value(at), Value::String(word) if &*word == "succeeded");
            Some(Bar {
                worker: worker.value(at).as_f64()? as u32,
                slot: slot.value(at).as_f64()? as u32,
                start,
                end: start + wall.value(at).as_f64()?,
                ok,
            })
        })
        .collect()
}
