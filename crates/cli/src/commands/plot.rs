//! `paramo plot`: a picture of a study.

use std::io::Write;
use std::path::{Path, PathBuf};

use paramo_model::{Axis, Block, Factor, Name, Study};
use paramo_plot::{AxisScale, Bar, Column, Data, Format, Request, Role, Values, choose};
use paramo_table::{Options, ResultTable};

use crate::args::Plot;
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::store::{open, title};

pub async fn plot(directory: &Path, args: Plot) -> Result<u8> {
    let request = request(&args)?;
    let place = open(directory, false).await?;
    let row = place.study(&args.study).await?;
    // Failed runs have no outputs, but they took their time: only the Gantt chart shows them.
    let gantt = args.kind.as_deref() == Some("gantt");
    let options = Options { succeeded_only: !gantt, ..Options::default() };
    let table = ResultTable::load(place.store.as_ref(), &row, &options).await?;
    let mut data = data(&table, &row.study, gantt);
    data.title = Some(row.study.description.clone().unwrap_or_else(|| title(&row)));
    let choice = choose(&data, &request).map_err(Failure::input)?;
    let outputs = match args.output.is_empty() {
        false => args.output,
        true => ["svg", "png"].map(|ending| PathBuf::from(format!("{}.{ending}", row.name))).to_vec(),
    };
    let mut notes = Vec::new();
    for path in &outputs {
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("svg") => Format::Svg,
            Some("png") => Format::Png,
            _ => return Err(Failure::input(format!("{} ends neither in .svg nor in .png", path.display()))),
        };
        let picture = choice.draw(format).map_err(Failure::input)?;
        let name = path.display().to_string();
        paramo_table::replace_file(path, |file| file.write_all(&picture.bytes))
            .map_err(cannot_write(&name))?;
        anstream::eprintln!("{name}: {choice}");
        notes = picture.notes;
    }
    for note in notes {
        anstream::eprintln!("note: {note}");
    }
    Ok(exit::OK)
}

fn request(args: &Plot) -> Result<Request> {
    let mut request = Request {
        kind: args.kind.clone(),
        x: args.x.clone(),
        y: args.y.clone(),
        color: args.value.clone(),
        title: args.title.clone(),
        ..Request::default()
    };
    // A histogram has one column, along x: `--value` means it as well.
    if args.kind.as_deref() == Some("histogram") && request.x.is_none() {
        request.x = request.color.take();
    }
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
        (request.width, request.height) = parsed.ok_or_else(|| {
            Failure::input(format!("--size {size}: expected width and height in pixels, such as 800x600"))
        })?;
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
            values: values(column, table.rows),
        });
    }
    Data { title: None, columns, bars: bars(table) }
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
    let repeats =
        |(parameter, axis): &(Name, Axis)| parameter == name && matches!(axis, Axis::Replicate { .. });
    blocks.iter().flat_map(|block| &block.factors).any(|factor| match factor {
        Factor::Axis(parameter, axis) => *parameter == *name && matches!(axis, Axis::Replicate { .. }),
        Factor::Zip(axes) => axes.iter().any(repeats),
        Factor::Blocks(inner) => replicates(inner, name),
        Factor::Sample(_) | Factor::Points(_) => false,
    })
}

/// When every run ran, in which slot.
fn bars(table: &ResultTable) -> Vec<Bar> {
    let by_role = |role| table.columns.iter().find(|column| column.role == role);
    let (Some(started), Some(wall), Some(slot), Some(state)) = (
        by_role(paramo_table::Role::Started),
        by_role(paramo_table::Role::Wall),
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
                slot: slot.value(at).as_f64()? as u32,
                start,
                end: start + wall.value(at).as_f64()?,
                ok,
            })
        })
        .collect()
}
