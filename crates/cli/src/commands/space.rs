//! `paramo space`: look at a space before running it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use paramo_design::{METHODS, Method, Sequence, Space};
use paramo_model::{Order, Study, nearest};
use serde_json::json;

use crate::args;
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::output::{print_line, written};
use crate::study_file;
use crate::view::{Align, count, design_json, design_lines, method_json, method_lines, plural, table};

pub async fn space(store: &Path, args: args::Space) -> Result<u8> {
    match args {
        args::Space::Show { study, points, json } => {
            let study = study_file::study(store, &study).await?;
            if json { show_json(&study, points)? } else { show(&study, points)? }
        }
        args::Space::Export { study, limit, output } => {
            let study = study_file::study(store, &study).await?;
            let space = compile(&study)?;
            match output {
                None => {
                    let out = std::io::stdout().lock();
                    written(export(&study, &space, limit, &mut BufWriter::new(out)))?;
                }
                Some(path) => {
                    let name = path.display().to_string();
                    paramo_table::replace_file(&path, |file: &mut File| {
                        export(&study, &space, limit, &mut BufWriter::new(file))
                    })
                    .map_err(cannot_write(&name))?;
                }
            }
        }
        args::Space::Methods { method, json } => methods(method.as_deref(), json)?,
    }
    Ok(exit::OK)
}

/// The space of a study, or all that is wrong with it.
pub fn compile(study: &Study) -> Result<Space> {
    Space::new(&study.space, &study.application.parameters).map_err(|found| {
        Failure::input(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nerror: "))
    })
}

fn names(study: &Study, places: &[usize]) -> Vec<String> {
    places.iter().filter_map(|at| study.application.parameters.get(*at)).map(|p| p.name.to_string()).collect()
}

/// Size, axes and first points, for people.
pub fn describe(study: &Study, points: u64) -> Result<()> {
    let space = compile(study)?;
    axes(study, &space)?;
    first_points(study, &space, points)
}

/// The same, with what the designs are like and how many points are kept.
fn show(study: &Study, points: u64) -> Result<()> {
    let space = compile(study)?;
    axes(study, &space)?;
    if let Some(kept) = Kept::of(&space)? {
        print_line(&format!("  {:<16} {}", "kept", kept.words()))?;
    }
    for design in space.designs() {
        print_line("")?;
        for line in design_lines(&design, &names(study, &design.parameters)) {
            print_line(&format!("  {line}"))?;
        }
    }
    first_points(study, &space, points)
}

fn axes(study: &Study, space: &Space) -> Result<()> {
    print_line(&format!("{}: {}", study.name, plural(space.len(), "point")))?;
    let blocks = space.blocks();
    for (i, block) in blocks.iter().enumerate() {
        if blocks.len() > 1 {
            print_line(&format!(
                "  block {} from index {}: {}",
                i + 1,
                count(block.start),
                plural(block.len, "point")
            ))?;
        }
        for factor in &block.factors {
            print_line(&format!("  {:<16} {}", names(study, &factor.parameters).join(", "), factor.words))?;
        }
        if let Some(condition) = &block.condition {
            print_line(&format!("  {:<16} {condition}", "where"))?;
        }
    }
    Ok(())
}

fn first_points(study: &Study, space: &Space, points: u64) -> Result<()> {
    let mut columns = vec![("index", Align::Right)];
    columns.extend(study.application.parameters.iter().map(|p| (p.name.as_str(), Align::Right)));
    let mut rows = Vec::new();
    for index in 0..points.min(space.len()) {
        let Some(point) = space.point(index) else { break };
        let mut row = vec![count(index)];
        row.extend(point.iter().map(ToString::to_string));
        if !included(space, index)? {
            row[0].push_str(" (left out)");
        }
        rows.push(row);
    }
    if !rows.is_empty() {
        print_line("")?;
        print_line(&table(&columns, rows))?;
    }
    Ok(())
}

fn included(space: &Space, index: u64) -> Result<bool> {
    space.included(index).map_err(|message| Failure::input(format!("run {index}: {message}")))
}

/// How many points conditions keep.
struct Kept {
    kept: u64,
    /// Of so many that were looked at.
    looked_at: u64,
    /// Of so many that there are.
    points: u64,
}

impl Kept {
    /// The most points that are all looked at: about a second.
    const MOST: u64 = 1_000_000;
    /// How many are looked at of more.
    const DRAWN: usize = 100_000;

    /// `None` without conditions.
    fn of(space: &Space) -> Result<Option<Kept>> {
        let points = space.len();
        if !space.has_conditions() {
            return Ok(None);
        }
        // Drawn at random: even steps would fall on the same values of an axis again and again.
        let order = if points <= Kept::MOST { Order::Sequential } else { Order::Random(0) };
        let most = if points <= Kept::MOST { usize::MAX } else { Kept::DRAWN };
        let (mut kept, mut looked_at) = (0, 0);
        for index in Sequence::new(space, order, 0, points).take(most) {
            looked_at += 1;
            kept += u64::from(included(space, index)?);
        }
        Ok(Some(Kept { kept, looked_at, points }))
    }

    /// The share, and its standard error.
    fn share(&self) -> (f64, f64) {
        let n = self.looked_at as f64;
        let share = self.kept as f64 / n;
        (share, (share * (1.0 - share) / n).sqrt())
    }

    fn words(&self) -> String {
        if self.looked_at == self.points {
            return format!("{} of {}", plural(self.kept, "point"), count(self.points));
        }
        let (share, error) = self.share();
        format!(
            "about {:.2} ± {:.2} % of the points, by {} drawn at random",
            100.0 * share,
            100.0 * error,
            count(self.looked_at)
        )
    }

    fn json(&self) -> serde_json::Value {
        let (share, error) = self.share();
        match self.looked_at == self.points {
            true => json!({ "exact": true, "points": self.kept, "share": share }),
            false => {
                json!({ "exact": false, "share": share, "standard_error": error, "drawn": self.looked_at })
            }
        }
    }
}

fn show_json(study: &Study, points: u64) -> Result<()> {
    let space = compile(study)?;
    let blocks: Vec<serde_json::Value> = space
        .blocks()
        .iter()
        .map(|block| {
            let factors: Vec<_> = block
                .factors
                .iter()
                .map(|f| json!({ "parameters": names(study, &f.parameters), "length": f.len, "description": f.words }))
                .collect();
            json!({ "start": block.start, "length": block.len, "factors": factors, "where": block.condition })
        })
        .collect();
    let first: Vec<serde_json::Value> = (0..points.min(space.len()))
        .filter_map(|index| {
            let point = space.point(index)?;
            let values: serde_json::Map<String, serde_json::Value> = study
                .application
                .parameters
                .iter()
                .zip(&point)
                .map(|(parameter, value)| (parameter.name.to_string(), value.to_json()))
                .collect();
            Some(json!({ "index": index, "included": space.included(index).ok(), "parameters": values }))
        })
        .collect();
    let designs: Vec<serde_json::Value> =
        space.designs().iter().map(|design| design_json(design, &names(study, &design.parameters))).collect();
    let kept = Kept::of(&space)?.map(|kept| kept.json());
    let whole = json!({
        "study": study.name, "points": space.len(), "kept": kept, "blocks": blocks, "designs": designs, "first": first,
    });
    print_line(&whole.to_string())
}

/// The designs there are, or one of them.
fn methods(name: Option<&str>, json: bool) -> Result<()> {
    let chosen: Vec<&dyn Method> =
        METHODS.iter().copied().filter(|method| name.is_none_or(|name| method.name() == name)).collect();
    if let Some(name) = name.filter(|_| chosen.is_empty()) {
        let help = match nearest(name, METHODS.iter().map(|method| method.name())) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`paramo space methods` lists them".to_owned(),
        };
        return Err(Failure::input(format!("there is no design `{name}` ({help})")));
    }
    if json {
        let all: Vec<_> = chosen.into_iter().map(method_json).collect();
        return print_line(&serde_json::Value::from(all).to_string());
    }
    for (i, method) in chosen.into_iter().enumerate() {
        if i > 0 {
            print_line("")?;
        }
        for line in method_lines(method) {
            print_line(&line)?;
        }
    }
    Ok(())
}

/// Writes the included points as CSV, with their indices.
fn export(study: &Study, space: &Space, limit: Option<u64>, out: &mut impl Write) -> std::io::Result<()> {
    let cell = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    write!(out, "index")?;
    for parameter in &study.application.parameters {
        write!(out, ",{}", cell(parameter.name.as_str()))?;
    }
    writeln!(out)?;
    let mut point = Vec::new();
    let mut left = limit.unwrap_or(u64::MAX);
    for index in 0..space.len() {
        if left == 0 {
            break;
        }
        if !space
            .included(index)
            .map_err(|message| std::io::Error::other(format!("run {index}: {message}")))?
        {
            continue;
        }
        left -= 1;
        space.point_into(index, &mut point);
        write!(out, "{index}")?;
        for value in &point {
            write!(out, ",{}", cell(&value.to_string()))?;
        }
        writeln!(out)?;
    }
    out.flush()
}
