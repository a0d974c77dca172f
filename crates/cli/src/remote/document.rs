//! What was typed, as the study file that it stands for: a server takes files.

use paramo_model::{
    Axis, Factor, Measure, Order, OutputSource, Scale, SpaceSpec, Steps, Study, Value as Cell,
};
use toml::Value;

use crate::args::Sweep;
use crate::failure::{Failure, Result};

/// The file of a sweep.
pub fn sweep_text(args: &Sweep, study: &Study) -> Result<String> {
    let mut out = format!("name = {}\n\n[application]\n", text(study.name.as_str()));
    let command: Vec<String> = args.command.iter().map(|word| text(word)).collect();
    line(&mut out, "command", &format!("[{}]", command.join(", ")));
    let mut resources = vec![format!("cpus = {}", Value::Float(args.run_cpus))];
    for (key, amount) in [("memory", &args.memory), ("time", &args.time)] {
        resources.extend(amount.iter().map(|amount| format!("{key} = {}", text(amount))));
    }
    line(&mut out, "resources", &format!("{{ {} }}", resources.join(", ")));
    out.push_str("\n[application.outputs]\n");
    for output in &study.application.outputs {
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
        line(&mut out, output.name.as_str(), &format!("{{ {key} = {} }}", text(value)));
    }
    out.push('\n');
    out.push_str(&axes_text(&study.space)?);
    if let Some(condition) = &args.condition {
        out.push_str(&format!("where = {}\n", text(condition)));
    }
    let order = match study.run.order {
        Order::Sequential => "sequential",
        Order::Reverse => "reverse",
        Order::Random(_) => "random",
        Order::Coarse => "coarse",
    };
    out.push_str(&format!("\n[run]\nretries = {}\norder = \"{order}\"\n", args.retries));
    Ok(out)
}

/// A file with a space of axes as they are typed, in their order.
pub fn axes_text(space: &SpaceSpec) -> Result<String> {
    let mut out = "[space]\n".to_owned();
    for factor in space.blocks.iter().flat_map(|block| &block.factors) {
        let Factor::Axis(name, axis) = factor else { continue };
        let value = match axis {
            Axis::Values(values) => match values.as_slice() {
                [one] => cell(one)?,
                several => format!("[{}]", several.iter().map(cell).collect::<Result<Vec<_>>>()?.join(", ")),
            },
            Axis::Range { from, to, steps, scale } => {
                let steps = match steps {
                    Steps::Count(count) => format!("count = {count}"),
                    Steps::By(step) => format!("step = {}", Value::Float(*step)),
                };
                let scale = if *scale == Scale::Log { ", scale = \"log\"" } else { "" };
                format!("{{ from = {}, to = {}, {steps}{scale} }}", cell(from)?, cell(to)?)
            }
            Axis::Replicate { count, seed } => {
                let seed = seed.map(|seed| format!(", seed = {seed}")).unwrap_or_default();
                format!("{{ replicate = {count}{seed} }}")
            }
        };
        line(&mut out, name.as_str(), &value);
    }
    Ok(out)
}

fn line(out: &mut String, key: &str, value: &str) {
    out.push_str(&format!("{} = {value}\n", text(key)));
}

fn cell(value: &Cell) -> Result<String> {
    Ok(match value {
        Cell::Integer(x) => Value::Integer(*x).to_string(),
        Cell::Float(x) => Value::Float(*x).to_string(),
        Cell::Boolean(x) => Value::Boolean(*x).to_string(),
        Cell::String(words) => text(words),
        Cell::Missing => return Err(Failure::input("a parameter without a value cannot be sent")),
    })
}

/// A text in quotes, on one line whatever it holds.
fn text(words: &str) -> String {
    let mut out = String::from('"');
    for letter in words.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
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
