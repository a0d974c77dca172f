//! `paramo space`: look at a space before running it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use paramo_design::Space;
use paramo_model::Study;
use serde_json::json;

use crate::args;
use crate::exit;
use crate::failure::{Failure, Result, cannot_write};
use crate::output::{print_line, written};
use crate::study_file;
use crate::view::{Align, count, plural, table};

pub async fn space(store: &Path, args: args::Space) -> Result<u8> {
    match args {
        args::Space::Show { study, points, json } => {
            let study = study_file::study(store, &study).await?;
            if json { describe_json(&study, points)? } else { describe(&study, points)? }
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
    }
    Ok(exit::OK)
}

fn compile(study: &Study) -> Result<Space> {
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
    let parameters = &study.application.parameters;
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
    let mut columns = vec![("index", Align::Right)];
    columns.extend(parameters.iter().map(|p| (p.name.as_str(), Align::Right)));
    let mut rows = Vec::new();
    for index in 0..points.min(space.len()) {
        let Some(point) = space.point(index) else { break };
        let mut row = vec![count(index)];
        row.extend(point.iter().map(ToString::to_string));
        if !space.included(index).map_err(|message| Failure::input(format!("run {index}: {message}")))? {
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

fn describe_json(study: &Study, points: u64) -> Result<()> {
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
    print_line(
        &json!({ "study": study.name, "points": space.len(), "blocks": blocks, "first": first }).to_string(),
    )
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
