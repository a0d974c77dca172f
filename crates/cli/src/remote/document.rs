//! What was typed, as the study file that it stands for: a server takes files.

use paramo_model::{Axis, Factor, Measure, OutputSource, Scale, SpaceSpec, Steps, Study, Value as Cell};
use toml::{Table, Value};

use crate::args::Sweep;
use crate::failure::{Failure, Result};

/// The file of a sweep.
pub fn sweep_text(args: &Sweep, study: &Study) -> Result<String> {
    let mut application = Table::new();
    application.insert("command".to_owned(), strings(&args.command));
    let outputs = study.application.outputs.iter().map(|output| {
        let (key, value) = match &output.source {
            OutputSource::Json { field, .. } => ("json", field.as_str()),
            OutputSource::Regex { pattern, .. } => ("regex", pattern.as_str()),
            OutputSource::Csv { column, .. } => ("csv", column.as_str()),
            OutputSource::Measure(measure) => {
                let word =
                    Measure::ALL.iter().find(|(_, known)| known == measure).map_or("", |(word, _)| word);
                ("measure", word)
            }
        };
        (output.name.to_string(), Value::Table(table([(key, value.into())])))
    });
    let outputs: Table = outputs.collect();
    if !outputs.is_empty() {
        application.insert("outputs".to_owned(), outputs.into());
    }
    let mut resources = table([("cpus", args.run_cpus.into())]);
    for (key, amount) in [("memory", &args.memory), ("time", &args.time)] {
        resources.extend(amount.iter().map(|amount| (key.to_owned(), amount.as_str().into())));
    }
    application.insert("resources".to_owned(), resources.into());
    let mut space = axes(&study.space)?;
    space.extend(args.condition.iter().map(|condition| ("where".to_owned(), condition.as_str().into())));
    let order = match study.run.order {
        paramo_model::Order::Sequential => "sequential",
        paramo_model::Order::Reverse => "reverse",
        paramo_model::Order::Random(_) => "random",
        paramo_model::Order::Coarse => "coarse",
    };
    let run = table([("retries", i64::from(args.retries).into()), ("order", order.into())]);
    let name = study.name.to_string();
    written(table([
        ("name", name.into()),
        ("application", application.into()),
        ("space", space.into()),
        ("run", run.into()),
    ]))
}

/// A file with a space of axes as they are typed.
pub fn axes_text(space: &SpaceSpec) -> Result<String> {
    written(table([("space", axes(space)?.into())]))
}

fn written(table: Table) -> Result<String> {
    toml::to_string(&table)
        .map_err(|error| Failure::input(format!("what was typed cannot be sent as a study file: {error}")))
}

fn axes(space: &SpaceSpec) -> Result<Table> {
    let mut out = Table::new();
    for factor in space.blocks.iter().flat_map(|block| &block.factors) {
        let Factor::Axis(name, axis) = factor else { continue };
        let value = match axis {
            Axis::Values(values) => match values.as_slice() {
                [one] => cell(one)?,
                several => Value::Array(several.iter().map(cell).collect::<Result<_>>()?),
            },
            Axis::Range { from, to, steps, scale } => {
                let steps = match steps {
                    Steps::Count(count) => {
                        ("count", Value::Integer(i64::try_from(*count).unwrap_or(i64::MAX)))
                    }
                    Steps::By(step) => ("step", Value::Float(*step)),
                };
                let mut range = table([("from", cell(from)?), ("to", cell(to)?), steps]);
                if *scale == Scale::Log {
                    range.insert("scale".to_owned(), "log".into());
                }
                range.into()
            }
            Axis::Replicate { count, seed } => {
                let number = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
                let mut replicate = table([("replicate", number(*count))]);
                replicate.extend(seed.map(|seed| ("seed".to_owned(), number(seed))));
                replicate.into()
            }
        };
        // The second of two axes of one name has been refused before.
        out.insert(name.to_string(), value);
    }
    Ok(out)
}

fn cell(value: &Cell) -> Result<Value> {
    Ok(match value {
        Cell::Integer(x) => Value::Integer(*x),
        Cell::Float(x) => Value::Float(*x),
        Cell::Boolean(x) => Value::Boolean(*x),
        Cell::String(text) => Value::String(text.to_string()),
        Cell::Missing => return Err(Failure::input("a parameter without a value cannot be sent")),
    })
}

fn table<const N: usize>(fields: [(&str, Value); N]) -> Table {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn strings(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| text.as_str().into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use paramo_model::document::{self, Origin};

    use crate::args::{Cli, Command};
    use crate::commands::sweep_study;

    fn read(text: &str, directory: &str) -> Study {
        let load = |name: &str| Err(format!("{name} is not there"));
        let parquet = |_: Vec<u8>, _: &str| Err("not here".to_owned());
        let origin = Origin { file: "x".into(), directory: directory.into(), load: &load, parquet: &parquet };
        document::read_study(text, &origin).unwrap_or_else(|found| panic!("{text}\n{found:?}")).study
    }

    #[test]
    fn a_sweep_is_the_same_study_as_its_file() {
        for line in [
            "paramo sweep --param x=1:10 --param mode=a,b -- ./sim --x {x} --mode {mode}",
            "paramo sweep -p x=0:1/101 -o y=json:result -o t=wall-time -o e=exit-code -- python3 model.py {x}",
            "paramo sweep -p x=0:1:0.1 -p k=1e8:2e9/25log -p b=true,false -p n=7 --where x>0.5 --name w.1 -- sim '{x}' \"q\" $y {k} {b} {n}",
            "paramo sweep -p z=5 -p a=1,2.5,nan -p m=1:x -o r=regex:(\\d+)\\s\"' -o c=csv:col --run-cpus 0.5 --memory 1.5GiB --time 90min --retries 3 --order random -- ./a.out {z} {a} {m}",
        ] {
            let Ok(cli) = Cli::try_parse_from(line.split(' ')) else { panic!("{line}") };
            let Command::Sweep(args) = cli.command else { panic!("{line}") };
            let Ok(study) = sweep_study(&args) else { continue };
            let text = sweep_text(&args, &study).unwrap();
            let again = read(&text, &study.source);
            assert_eq!(format!("{again:?}"), format!("{study:?}"), "{line}\n{text}");
        }
    }
}
