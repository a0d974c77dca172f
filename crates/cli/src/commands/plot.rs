//! `paramo plot`: a picture of a study.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use paramo_model::{Axis, Block, Distribution, Factor, Name, Sample, Scale, Study};
use paramo_plot::{
    AxisScale, Band, Bar, Column, Data, Format, KINDS, Kind, Request, Role, Timing, Values, choose,
};
use paramo_store::{Store, StudyRow};
use paramo_table::{Options, ResultTable};

use crate::args::Plot;
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::store::{open, title};

pub async fn plot(directory: &Path, args: Plot) -> Result<u8> {
    if args.list {
        return list();
    }
    let request = request(&args)?;
    let kind = args.kind.as_deref().map(paramo_plot::kind).transpose().map_err(Failure::input)?;
    let compares = kind.map_or(args.studies.len() > 1, |kind| kind.compares());
    if let (Some(kind), false, [_, _, ..]) = (kind, compares, args.studies.as_slice()) {
        return Err(Failure::input(format!(
            "{} shows one study, and {} are named; speed-up and efficiency compare several",
            kind.name(),
            args.studies.len()
        )));
    }
    let place = open(directory, false).await?;
    let mut rows = Vec::new();
    for study in &args.studies {
        rows.push(place.study(study).await?);
    }
    let Some(row) = rows.first() else { return Err(Failure::input("name a study to draw")) };
    let data = match compares {
        true => Data { timings: timings(place.store.as_ref(), &rows).await?, ..Data::default() },
        false => one_study(place.store.as_ref(), row, kind).await?,
    };
    let choice = choose(&data, &request).map_err(Failure::input)?;
    let name = match compares {
        true => choice.kind.name().to_owned(),
        false => row.name.to_string(),
    };
    let endings: &[&str] = if args.html { &["html"] } else { &["svg", "png"] };
    let outputs = match args.output.is_empty() {
        false => args.output,
        true => endings.iter().map(|ending| PathBuf::from(format!("{name}.{ending}"))).collect(),
    };
    let mut notes: Vec<String> = Vec::new();
    for path in &outputs {
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Format::Svg,
            Some("png") => Format::Png,
            Some("html") => Format::Html,
            _ => {
                return Err(Failure::input(format!(
                    "{} ends neither in .svg nor in .png nor in .html",
                    path.display()
                )));
            }
        };
        let picture = choice.draw(format).map_err(Failure::input)?;
        let name = path.display().to_string();
        paramo_table::replace_file(path, |file| file.write_all(&picture.bytes))
            .map_err(cannot_write(&name))?;
        anstream::eprintln!("{name}: {choice}");
        let new = picture.notes.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>();
        notes.extend(new);
    }
    for note in notes {
        anstream::eprintln!("note: {note}");
    }
    Ok(exit::OK)
}

fn list() -> Result<u8> {
    let widest = KINDS.iter().map(|kind| kind.name().len()).max().unwrap_or(0);
    for kind in KINDS {
        anstream::println!("{:widest$}  {}", kind.name(), kind.help());
    }
    Ok(exit::OK)
}

/// The results of a study. Failed runs have no outputs, but they took their time: they count where times are drawn.
async fn one_study(store: &dyn Store, row: &StudyRow, kind: Option<&dyn Kind>) -> Result<Data> {
    let times = kind.is_some_and(Kind::shows_times);
    let options = Options { succeeded_only: !times, ..Options::default() };
    let table = ResultTable::load(store, row, &options).await?;
    if table.rows == 0 {
        let name = title(row);
        let what = if times { "ended" } else { "succeeded" };
        return Err(Failure::input(format!(
            "no run of {name} has {what} yet, so there is nothing to draw; `paramo status {name}` says how far it is"
        )));
    }
    let mut data = data(&table, &row.study, times);
    data.title = Some(row.study.description.clone().unwrap_or_else(|| title(row)));
    Ok(data)
}

/// How long each study took, from the start of its first run to the end of its last.
async fn timings(store: &dyn Store, rows: &[StudyRow]) -> Result<Vec<Timing>> {
    let mut timings = Vec::new();
    for row in rows {
        let bars = bars(&ResultTable::load(store, row, &Options::default()).await?);
        let start = bars.iter().map(|bar| bar.start).fold(f64::INFINITY, f64::min);
        let end = bars.iter().map(|bar| bar.end).fold(f64::NEG_INFINITY, f64::max);
        let slots: BTreeSet<(u32, u32)> = bars.iter().map(|bar| (bar.worker, bar.slot)).collect();
        timings.push(Timing {
            study: title(row),
            slots: slots.len() as u32,
            seconds: end - start,
            runs: bars.len() as u64,
        });
    }
    Ok(timings)
}

fn request(args: &Plot) -> Result<Request> {
    let mut request = Request {
        kind: args.kind.clone(),
        x: args.x.clone(),
        y: args.y.clone(),
        color: args.value.clone(),
        columns: args.columns.clone(),
        title: args.title.clone(),
        ..Request::default()
    };
    // A histogram has one column, along x: `--value` means it as well.
    if args.kind.as_deref() == Some("histogram") && request.x.is_none() {
        request.x = request.color.take();
    }
    request.band = match args.band.as_deref() {
        Some("range") => Band::MinMax,
        Some("quartiles") => Band::Quartiles,
        Some(_) => Band::Confidence,
        None => Band::Auto,
    };
    if let Some(axes) = &args.log {
        let scale =
            |axis: &str| if axes.iter().any(|a| a == axis) { AxisScale::Log } else { AxisScale::Linear };
        if let Some(wrong) = axes.iter().find(|axis| !["x", "y", "value", "none"].contains(&axis.as_str())) {
            return Err(Failure::input(format!("--log takes x, y, value or none, not `{wrong}`")));
        }
        (request.log_x, request.log_y, request.log_color) = (scale("x"), scale("y"), scale("value"));
    }
    if let Some(size) = &args.size {
        let parsed = size.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        let (width, height) = parsed.ok_or_else(|| {
            Failure::input(format!("--size {size}: expected width and height in pixels, such as 800x600"))
        })?;
        (request.width, request.height) = (Some(width), Some(height));
    }
    Ok(request)
}

/// The table as a picture takes it.
fn data(table: &ResultTable, study: &Study, all: bool) -> Data {
    let mut columns = Vec::new();
    for column in &table.columns {
        let role = match column.role {
            paramo_table::Role::Parameter(_) if replicates(&study.space.blocks, &column.name) => {
                Role::Replicate
            }
            paramo_table::Role::Parameter(_) => Role::Parameter,
            paramo_table::Role::Output(_) => Role::Output,
            // What Paramo measures can be drawn too, once it is asked for by name; it is never chosen before an output.
            _ if all || table.rows == 0 => continue,
            paramo_table::Role::Wall | paramo_table::Role::Cpu | paramo_table::Role::PeakMemory => {
                Role::Output
            }
            _ => continue,
        };
        columns.push(Column {
            name: column.name.clone(),
            unit: column.unit.clone(),
            role,
            log: role == Role::Parameter && logarithmic(&study.space.blocks, &column.name),
            values: values(column, table.rows),
        });
    }
    Data { columns, bars: bars(table), ..Data::default() }
}

fn values(column: &paramo_table::Column, rows: usize) -> Values {
    let rows = 0..rows;
    match &column.data {
        paramo_table::Data::Integer(_) | paramo_table::Data::Float(_) => {
            Values::Numbers(rows.map(|at| column.value(at).as_f64().unwrap_or(f64::NAN)).collect())
        }
        paramo_table::Data::Boolean(values) => Values::Labels {
            labels: vec!["false".to_owned(), "true".to_owned()],
            codes: rows
                .map(|at| if column.is_present(at) { u32::from(values[at]) } else { u32::MAX })
                .collect(),
        },
        paramo_table::Data::String(texts) => Values::Labels {
            labels: texts.labels.iter().map(ToString::to_string).collect(),
            codes: rows.map(|at| if column.is_present(at) { texts.codes[at] } else { u32::MAX }).collect(),
        },
    }
}

/// Whether a parameter only repeats points.
fn replicates(blocks: &[Block], name: &str) -> bool {
    any_axis(blocks, name, &|axis| matches!(axis, Axis::Replicate { .. }))
}

/// Whether a parameter is spread over powers.
fn logarithmic(blocks: &[Block], name: &str) -> bool {
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

/// When every run ran, in which slot.
fn bars(table: &ResultTable) -> Vec<Bar> {
    let by_role = |role| table.columns.iter().find(|column| column.role == role);
    let (Some(started), Some(wall), Some(worker), Some(slot), Some(state)) = (
        by_role(paramo_table::Role::Started),
        by_role(paramo_table::Role::Wall),
        by_role(paramo_table::Role::Worker),
        by_role(paramo_table::Role::Slot),
        by_role(paramo_table::Role::State),
    ) else {
        return Vec::new();
    };
    (0..table.rows)
        .filter_map(|at| {
            let start = started.value(at).as_f64()?;
            let ok = matches!(state.value(at), paramo_model::Value::String(word) if &*word == "succeeded");
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
