//! A study as the file that it could have been read from. Reading it gives the same study again, but for what was wished since it was begun
//! (slots, limits), which no file says, and for points of a file, which come as a zip of their columns.

use crate::{
    Application, Axis, Block, Distribution, Factor, Measure, Name, Order, Output, OutputSource, Parameter,
    ParameterType, PointTable, Program, Retry, Row, RunPolicy, Sample, Scale, Setting, SpaceSpec, Steps,
    Stream, Study, Template, Value, ValueType,
};

/// What cannot be said in a file, as a message. Studies that were read from one have no such thing.
type Result<T> = std::result::Result<T, String>;

/// The most values in the columns of a zip that was made of a table of points.
const LONGEST_ZIP: usize = 100_000;

/// The text of a study file.
///
/// # Errors
///
/// What no file can say: a value that is missing, a seed above 2⁶³−1, or more points of a file than belong into a study file.
pub fn write_study(study: &Study) -> Result<String> {
    let mut out = Lines::default();
    out.text("name", study.name.as_str());
    out.texts("description", &study.description);
    application(&mut out, &study.application)?;
    out.raw("\n");
    out.raw(&write_space(&study.space)?);
    run(&mut out, &study.run)?;
    Ok(out.0)
}

/// The text of a file with a space alone.
///
/// # Errors
///
/// As for [`write_study`].
pub fn write_space(space: &SpaceSpec) -> Result<String> {
    let mut out = Lines::default();
    for one in &space.blocks {
        out.header(if space.blocks.len() == 1 { "[space]" } else { "[[space]]" });
        for (key, value) in block(one)? {
            out.line(&key, &value);
        }
    }
    Ok(out.0)
}

/// Lines of a file, one after the other.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn header(&mut self, header: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.raw(header);
        self.0.push('\n');
    }

    fn line(&mut self, name: &str, value: &str) {
        self.raw(&format!("{} = {value}\n", key(name)));
    }

    fn text(&mut self, name: &str, words: &str) {
        self.line(name, &text(words));
    }

    fn texts(&mut self, name: &str, words: &Option<String>) {
        words.iter().for_each(|words| self.text(name, words));
    }
}

fn application(out: &mut Lines, application: &Application) -> Result<()> {
    out.header("[application]");
    match &application.program {
        Program::Command(words) => out.line("command", &list(words.iter().map(template))),
        Program::Function { module, function, python, source } => {
            out.text("function", &format!("{module}:{function}"));
            out.texts("python", python);
            out.texts("source", source);
        }
    }
    out.texts("description", &application.description);
    if let Some(stdin) = &application.stdin {
        out.line("stdin", &template(stdin));
    }
    if !application.keep.is_empty() {
        out.line("keep", &list(application.keep.iter().map(|glob| text(glob))));
    }
    if application.directory {
        out.line("directory", "true");
    }
    if !application.environment.is_empty() {
        out.header("[application.environment]");
        application.environment.iter().for_each(|(name, value)| out.line(name, &template(value)));
    }
    if !application.files.is_empty() {
        out.header("[application.files]");
        application.files.iter().for_each(|file| out.line(&file.path, &template(&file.content)));
    }
    let declared: Vec<&Parameter> = application.parameters.iter().filter(|one| !one.inferred).collect();
    if !declared.is_empty() {
        out.header("[application.parameters]");
        for parameter in declared {
            out.line(parameter.name.as_str(), &self::parameter(parameter)?);
        }
    }
    // A function without a table of outputs has one of all that it returns.
    if !application.outputs.is_empty() || matches!(application.program, Program::Function { .. }) {
        out.header("[application.outputs]");
        application.outputs.iter().for_each(|one| out.line(one.name.as_str(), &output(one)));
    }
    let resources = &application.resources;
    out.header("[application.resources]");
    out.line("cpus", &float(resources.cpus));
    if let Some(memory) = resources.memory {
        out.text("memory", &format!("{} B", memory.0));
    }
    if let Some(time) = resources.time {
        out.text("time", &seconds(time.0));
    }
    out.line("gpus", &resources.gpus.to_string());
    if resources.is_whole() {
        out.line("nodes", &resources.nodes.to_string());
        out.line("tasks", &resources.tasks.to_string());
        out.line("mpi", &resources.mpi.to_string());
    }
    if resources.learn {
        out.line("learn", "true");
    }
    out.header("[application.success]");
    out.line("exit_codes", &list(application.success.exit_codes.iter().map(i32::to_string)));
    out.texts("pattern", &application.success.pattern);
    Ok(())
}

fn parameter(parameter: &Parameter) -> Result<String> {
    let mut fields = Vec::new();
    match &parameter.kind {
        ParameterType::Choice(values) => fields.push(("choices", values_text(values)?)),
        kind => fields.push(("type", text(kind.word()))),
    }
    fields.extend(parameter.unit.iter().map(|unit| ("unit", text(unit))));
    fields.extend(parameter.description.iter().map(|words| ("description", text(words))));
    fields.extend(parameter.min.map(|min| ("min", float(min))));
    fields.extend(parameter.max.map(|max| ("max", float(max))));
    if let Some(default) = &parameter.default {
        fields.push(("default", scalar(default)?));
    }
    Ok(table(fields))
}

fn output(output: &Output) -> String {
    let mut fields = Vec::new();
    let from = |stream: &Stream| match stream {
        Stream::Stdout => None,
        Stream::Stderr => Some(("from", text("stderr"))),
        Stream::File(file) => Some(("file", text(file))),
    };
    match &output.source {
        OutputSource::Json { field, file } => {
            fields.push(("json", text(field)));
            fields.extend(file.iter().map(|file| ("file", text(file))));
        }
        OutputSource::Regex { pattern, stream } => {
            fields.push(("regex", text(pattern)));
            fields.extend(from(stream));
        }
        OutputSource::Csv { column, row, stream } => {
            fields.push(("csv", text(column)));
            let row = match row {
                Row::First => text("first"),
                Row::Last => text("last"),
                Row::Number(number) => number.to_string(),
            };
            fields.push(("row", row));
            fields.extend(from(stream));
        }
        OutputSource::Measure(measure) => {
            let word = Measure::ALL.iter().find(|(_, known)| known == measure).map_or("", |(word, _)| word);
            fields.push(("measure", text(word)));
        }
    }
    let kind = output.kind.map(|kind| match kind {
        ValueType::Boolean => "boolean",
        ValueType::Integer => "integer",
        ValueType::Float => "float",
        ValueType::String => "string",
    });
    fields.extend(kind.map(|word| ("type", text(word))));
    fields.extend(output.unit.iter().map(|unit| ("unit", text(unit))));
    fields.extend(output.description.iter().map(|words| ("description", text(words))));
    if !output.required {
        fields.push(("required", "false".to_owned()));
    }
    table(fields)
}

/// The fields of a block, in the order of its factors.
fn block(block: &Block) -> Result<Vec<(String, String)>> {
    let mut fields: Vec<(String, String)> = Vec::new();
    // What stands under one key stands at one place.
    let (mut zips, mut blocks) = (Vec::new(), Vec::new());
    let add = |fields: &mut Vec<(String, String)>, key: &str, all: &mut Vec<String>, one: String| {
        all.push(one);
        match fields.last_mut() {
            Some((last, value)) if last == key => *value = list(all.iter().cloned()),
            _ if all.len() > 1 => return Err(format!("`{key}` stands at two places of a block")),
            _ => fields.push((key.to_owned(), list(all.iter().cloned()))),
        }
        Ok(())
    };
    for factor in &block.factors {
        match factor {
            Factor::Axis(name, one) => fields.push((name.to_string(), axis(one)?)),
            Factor::Zip(axes) => {
                let axes = axes.iter().map(|(name, one)| Ok((name.as_str(), axis(one)?)));
                add(&mut fields, "zip", &mut zips, table(axes.collect::<Result<Vec<_>>>()?))?;
            }
            Factor::Points(points) => add(&mut fields, "zip", &mut zips, columns(points)?)?,
            Factor::Blocks(inner) => {
                for one in inner {
                    let inner = self::block(one)?;
                    let inner = inner.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
                    add(&mut fields, "block", &mut blocks, table(inner))?;
                }
            }
            Factor::Sample(design) => {
                fields.push(("sample".to_owned(), sample(design)?));
                for (name, one) in &design.dimensions {
                    fields.push((name.to_string(), distribution(one)?));
                }
            }
        }
    }
    fields.extend(block.condition.iter().map(|condition| ("where".to_owned(), text(condition))));
    Ok(fields)
}

/// Points of a file, as lists of one length: a row with lists in its cells is all that they make together.
fn columns(points: &PointTable) -> Result<String> {
    let mut lists: Vec<Vec<String>> = vec![Vec::new(); points.columns.len()];
    for row in &points.rows {
        let together: usize = row.iter().map(Vec::len).product();
        if lists.first().map_or(0, Vec::len) + together > LONGEST_ZIP {
            return Err(format!("{} has more points than belong into a study file", points.source));
        }
        // The last column turns fastest.
        let mut repeats = together;
        for (cell, out) in row.iter().zip(&mut lists) {
            let each = repeats.checked_div(cell.len()).unwrap_or(0);
            let values = cell.iter().map(scalar).collect::<Result<Vec<_>>>()?;
            let turn = values.iter().flat_map(|value| std::iter::repeat_n(value.clone(), each));
            let turn: Vec<String> = turn.collect();
            let times = together.checked_div(turn.len()).unwrap_or(0);
            (0..times).for_each(|_| out.extend(turn.iter().cloned()));
            repeats = each;
        }
    }
    let fields = points.columns.iter().map(Name::as_str).zip(lists.into_iter().map(list));
    Ok(table(fields.collect()))
}

fn axis(axis: &Axis) -> Result<String> {
    Ok(match axis {
        Axis::Values(values) => values_text(values)?,
        Axis::Range { from, to, steps, scale } => {
            let mut fields = vec![("from", scalar(from)?), ("to", scalar(to)?)];
            fields.push(match steps {
                Steps::Count(count) => ("count", whole(*count)?),
                Steps::By(step) => ("step", float(*step)),
            });
            if *scale == Scale::Log {
                fields.push(("scale", text("log")));
            }
            table(fields)
        }
        Axis::Replicate { count, seed } => {
            let mut fields = vec![("replicate", whole(*count)?)];
            if let Some(seed) = seed {
                fields.push(("seed", whole(*seed)?));
            }
            table(fields)
        }
    })
}

fn sample(sample: &Sample) -> Result<String> {
    let mut fields = vec![("method", text(&sample.method))];
    if let Some(count) = sample.count {
        fields.push(("count", whole(count)?));
    }
    fields.push(("seed", whole(sample.seed)?));
    if sample.start > 0 {
        fields.push(("start", whole(sample.start)?));
    }
    for (name, setting) in &sample.options {
        let value = match setting {
            Setting::Value(value) => scalar(value)?,
            Setting::List(values) => values_text(values)?,
        };
        fields.push((name.as_str(), value));
    }
    Ok(table(fields))
}

fn distribution(distribution: &Distribution) -> Result<String> {
    let pair = |key, a: f64, b: f64| vec![(key, list([float(a), float(b)]))];
    let ends = |mut fields: Vec<(&'static str, String)>, from: &Option<f64>, to: &Option<f64>| {
        fields.extend(from.map(|from| ("from", float(from))));
        fields.extend(to.map(|to| ("to", float(to))));
        fields
    };
    Ok(table(match distribution {
        Distribution::Uniform { from, to } => pair("uniform", *from, *to),
        Distribution::LogUniform { from, to } => pair("loguniform", *from, *to),
        Distribution::Normal { mean, sd } => pair("normal", *mean, *sd),
        Distribution::TruncatedNormal { mean, sd, from, to } => ends(pair("normal", *mean, *sd), from, to),
        Distribution::LogNormal { median, gsd, from, to } => {
            ends(vec![("median", float(*median)), ("gsd", float(*gsd))], from, to)
        }
        Distribution::Triangular { from, mode, to } => {
            vec![("triangular", list([float(*from), float(*mode), float(*to)]))]
        }
        Distribution::Discrete { values, weights } => {
            let mut fields = vec![("values", values_text(values)?)];
            if !weights.is_empty() {
                fields.push(("weights", list(weights.iter().map(|weight| float(*weight)))));
            }
            fields
        }
    }))
}

fn run(out: &mut Lines, run: &RunPolicy) -> Result<()> {
    out.header("[run]");
    match run.site.words().len() {
        1 => run.site.words().for_each(|site| out.text("site", site)),
        _ => out.line("site", &list(run.site.words().map(text))),
    }
    match run.order {
        Order::Sequential => out.text("order", "sequential"),
        Order::Reverse => out.text("order", "reverse"),
        Order::Random(0) => out.text("order", "random"),
        Order::Random(seed) => out.line("order", &table(vec![("random", whole(seed)?)])),
        Order::Coarse => out.text("order", "coarse"),
    }
    if let Some(slots) = run.slots {
        out.line("slots", &slots.to_string());
    }
    match run.max_failures {
        Some(crate::FailureLimit::Runs(runs)) => out.line("max_failures", &whole(runs)?),
        Some(part) => out.text("max_failures", &part.to_string()),
        None => {}
    }
    for (key, limit) in [("cpu_limit", run.cpu_limit), ("time_limit", run.time_limit)] {
        limit.iter().for_each(|limit| out.text(key, &seconds(limit.0)));
    }
    let Retry { count, on, delay, factor, max_delay, more_memory, more_time } = &run.retry;
    out.line("retries", &count.to_string());
    let retry = Retry { count: 0, ..run.retry.clone() };
    if retry != Retry::default() {
        out.header("[run.retry]");
        out.line("on", &list(on.iter().map(|kind| text(kind.word()))));
        out.text("delay", &seconds(delay.0));
        out.line("factor", &float(*factor));
        out.text("max_delay", &seconds(max_delay.0));
        out.line("more_memory", &float(*more_memory));
        out.line("more_time", &float(*more_time));
    }
    Ok(())
}

fn table(fields: Vec<(&str, String)>) -> String {
    match fields.is_empty() {
        true => "{}".to_owned(),
        false => {
            let fields: Vec<String> =
                fields.into_iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}

fn values_text(values: &[Value]) -> Result<String> {
    Ok(list(values.iter().map(scalar).collect::<Result<Vec<_>>>()?))
}

fn scalar(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Integer(x) => x.to_string(),
        Value::Float(x) => float(*x),
        Value::Boolean(x) => x.to_string(),
        Value::String(words) => text(words),
        Value::Missing => return Err("a value that is missing cannot stand in a file".to_owned()),
    })
}

/// The shortest text that is read as the same number, and as a float.
fn float(x: f64) -> String {
    match (x.is_nan(), x.is_infinite()) {
        (true, _) => "nan".to_owned(),
        (_, true) => if x > 0.0 { "inf" } else { "-inf" }.to_owned(),
        _ => format!("{x:?}"),
    }
}

fn whole(x: u64) -> Result<String> {
    match i64::try_from(x) {
        Ok(x) => Ok(x.to_string()),
        Err(_) => Err(format!("{x} is larger than a number in a file can be")),
    }
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:?} s")
}

fn template(template: &Template) -> String {
    text(template.source())
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if bare { name.to_owned() } else { text(name) }
}

/// A text in quotes, on one line whatever it holds.
fn text(words: &str) -> String {
    let mut out = String::from('"');
    for letter in words.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
