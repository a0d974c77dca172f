//! `paramo plot`: a picture of a study.

use std::io::Write;
use std::path::{Path, PathBuf};

use paramo_plot::{AxisScale, Band, Data, Format, KINDS, Kind, Request, Timing, choose};
use paramo_store::{Store, StudyRow};
use paramo_table::{Options, ResultTable, picture_data, timing};

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
    let mut data = picture_data(&table, &row.study, times);
    data.title = Some(row.study.description.clone().unwrap_or_else(|| title(row)));
    Ok(data)
}

/// How long each study took, from the start of its first run to the end of its last.
async fn timings(store: &dyn Store, rows: &[StudyRow]) -> Result<Vec<Timing>> {
    let mut timings = Vec::new();
    for row in rows {
        let table = ResultTable::load(store, row, &Options::default()).await?;
        timings.push(timing(&table, title(row)));
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
