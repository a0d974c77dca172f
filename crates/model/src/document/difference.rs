//! What changed between a study that ran and the same study now, in words.

use std::fmt;

use serde::Serialize;

use super::space_words;
use crate::{Application, Block, Factor, FieldPath, Parameter, Program, RunPolicy, Slot, Study};

/// What a change means for results that are already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Results made before and after it mean different things.
    Application,
    /// Blocks were appended; every index is what it was.
    SpaceGrown,
    /// Old indices would mean other points.
    SpaceChanged,
    /// How runs are made, limits, descriptions: old results stay what they are.
    Run,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub field: FieldPath,
    pub kind: ChangeKind,
    /// What it was and what it is, short; `None` where there was or is nothing.
    pub old: Option<String>,
    pub new: Option<String>,
}

impl fmt::Display for Difference {
    /// `application.command: "sim {x}" → "sim -v {x}"`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, "{old} → {new}"),
            (Some(old), None) => write!(f, "{old} is gone"),
            (None, Some(new)) => write!(f, "{new} is new"),
            (None, None) => f.write_str("changed"),
        }
    }
}

/// What changed from one study to another. A space that was extended beyond the new one is not a change: the file does not
/// know of points that were added later. See [`continued`].
pub fn differences(old: &Study, new: &Study) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    application(&old.application, &new.application, &mut found);
    space(&old.space.blocks, &new.space.blocks, &mut found);
    run(&old.run, &new.run, &mut found);
    found.compare(&["name"], ChangeKind::Run, &old.name, &new.name);
    found.compare(&["description"], ChangeKind::Run, &old.description, &new.description);
    found.compare(&["directory"], ChangeKind::Run, &old.source, &new.source);
    found.0
}

/// The new study with the blocks that were appended to the old one, where its space is the beginning of the old one's, and with the slots
/// and limits that were asked for since, unless the file's have changed.
pub fn continued(old: &Study, mut new: Study) -> Study {
    if new.run.slots == old.run.slots {
        new.run.wished_slots = old.run.wished_slots;
    }
    if new.run.limits() == old.run.limits() {
        new.run.wished_limits = old.run.wished_limits;
    }
    if let Some(appended) = old.space.blocks.strip_prefix(new.space.blocks.as_slice()) {
        new.space.blocks.extend_from_slice(appended);
    }
    new
}

struct Found(Vec<Difference>);

impl Found {
    fn add(&mut self, field: &[&str], kind: ChangeKind, old: Option<String>, new: Option<String>) {
        self.0.push(Difference { field: FieldPath::new(field.iter().copied()), kind, old, new });
    }

    fn compare<T: PartialEq + Serialize>(&mut self, field: &[&str], kind: ChangeKind, old: &T, new: &T) {
        if old != new {
            let (old, new) = shown_apart(&json(old), &json(new));
            self.add(field, kind, old, new);
        }
    }

    fn compare_shown<T: PartialEq + fmt::Display>(
        &mut self,
        field: &[&str],
        kind: ChangeKind,
        old: &Option<T>,
        new: &Option<T>,
    ) {
        if old != new {
            self.add(field, kind, old.as_ref().map(T::to_string), new.as_ref().map(T::to_string));
        }
    }

    /// Compares lists of named things by name, then their order.
    fn compare_named<T>(
        &mut self,
        field: &str,
        [old, new]: [&[T]; 2],
        name: impl Fn(&T) -> &str,
        mut compare: impl FnMut(&mut Found, &[&str], &T, &T),
    ) {
        let path = |name: &str| ["application".to_owned(), field.to_owned(), name.to_owned()];
        let find = |list: &[T], wanted: &str| list.iter().position(|item| name(item) == wanted);
        for item in old {
            let path = path(name(item));
            let path = path.each_ref().map(String::as_str);
            match find(new, name(item)) {
                Some(at) => compare(self, &path, item, &new[at]),
                None => self.add(&path, ChangeKind::Application, Some(format!("`{}`", name(item))), None),
            }
        }
        for item in new.iter().filter(|item| find(old, name(item)).is_none()) {
            let path = path(name(item));
            let path = path.each_ref().map(String::as_str);
            self.add(&path, ChangeKind::Application, None, Some(format!("`{}`", name(item))));
        }
        let order = |list: &[T]| list.iter().map(|item| name(item).to_owned()).collect::<Vec<_>>();
        let (mut before, mut after) = (order(old), order(new));
        before.retain(|name| find(new, name).is_some());
        after.retain(|name| find(old, name).is_some());
        if before != after {
            let path = ["application", field];
            self.add(&path, ChangeKind::Application, Some(before.join(", ")), Some(after.join(", ")));
        }
    }
}

fn application(old: &Application, new: &Application, found: &mut Found) {
    use ChangeKind::{Application as Changes, Run as Harmless};
    program(&old.program, &new.program, found);
    found.compare_named("parameters", [&old.parameters, &new.parameters], |p| p.name.as_str(), parameter);
    found.compare_named(
        "outputs",
        [&old.outputs, &new.outputs],
        |o| o.name.as_str(),
        |found, path, old, new| {
            found.compare(path, Changes, &old.source, &new.source);
            found.compare(&below(path, "type"), Changes, &old.kind, &new.kind);
            found.compare(&below(path, "required"), Changes, &old.required, &new.required);
            found.compare(&below(path, "unit"), Harmless, &old.unit, &new.unit);
            found.compare(&below(path, "description"), Harmless, &old.description, &new.description);
        },
    );
    found.compare_named(
        "environment",
        [&old.environment, &new.environment],
        |(name, _)| name,
        |found, path, old, new| {
            found.compare(path, Changes, &old.1, &new.1);
        },
    );
    found.compare_named(
        "files",
        [&old.files, &new.files],
        |file| &file.path,
        |found, path, old, new| {
            found.compare(path, Changes, &old.content, &new.content);
        },
    );
    found.compare(&["application", "stdin"], Changes, &old.stdin, &new.stdin);
    found.compare(
        &["application", "success", "exit_codes"],
        Changes,
        &old.success.exit_codes,
        &new.success.exit_codes,
    );
    found.compare(
        &["application", "success", "pattern"],
        Changes,
        &old.success.pattern,
        &new.success.pattern,
    );
    found.compare(&["application", "keep"], Harmless, &old.keep, &new.keep);
    found.compare(&["application", "directory"], Harmless, &old.directory, &new.directory);
    found.compare(&["application", "description"], Harmless, &old.description, &new.description);
    let (before, after) = (&old.resources, &new.resources);
    // A program that is told how many CPUs it has may give other results with more of them.
    let told = new.templates().any(|template| template.slots().any(|slot| *slot == Slot::Cpus));
    let cpus = if told { Changes } else { Harmless };
    found.compare(&["application", "resources", "cpus"], cpus, &before.cpus, &after.cpus);
    found.compare_shown(&["application", "resources", "memory"], Harmless, &before.memory, &after.memory);
    found.compare_shown(&["application", "resources", "time"], Harmless, &before.time, &after.time);
    found.compare(&["application", "resources", "gpus"], Harmless, &before.gpus, &after.gpus);
    // How a computation is divided may change its last digits.
    found.compare(&["application", "resources", "nodes"], Changes, &before.nodes, &after.nodes);
    found.compare(&["application", "resources", "tasks"], Changes, &before.tasks, &after.tasks);
    found.compare(&["application", "resources", "mpi"], Changes, &before.mpi, &after.mpi);
    found.compare(&["application", "resources", "learn"], Harmless, &before.learn, &after.learn);
}

fn below<'a>(path: &[&'a str], field: &'a str) -> Vec<&'a str> {
    path.iter().copied().chain([field]).collect()
}

fn program(old: &Program, new: &Program, found: &mut Found) {
    use ChangeKind::Application as Changes;
    match (old, new) {
        (Program::Command(old), Program::Command(new)) => {
            found.compare(&["application", "command"], Changes, old, new);
        }
        (
            Program::Function { module, function, python, source },
            Program::Function {
                module: new_module,
                function: new_function,
                python: new_python,
                source: new_source,
            },
        ) => {
            let (old, new) = (format!("{module}:{function}"), format!("{new_module}:{new_function}"));
            found.compare(&["application", "function"], Changes, &old, &new);
            found.compare(&["application", "python"], Changes, python, new_python);
            if source != new_source {
                let said = |text: &Option<String>| {
                    text.as_ref().map(|text| format!("a text of {} bytes", text.len()))
                };
                found.add(&["application", "source"], Changes, said(source), said(new_source));
            }
        }
        (Program::Command(_), Program::Function { .. }) => {
            found.add(&["application"], Changes, Some("a command".to_owned()), Some("a function".to_owned()));
        }
        (Program::Function { .. }, Program::Command(_)) => {
            found.add(&["application"], Changes, Some("a function".to_owned()), Some("a command".to_owned()));
        }
    }
}

fn parameter(found: &mut Found, path: &[&str], old: &Parameter, new: &Parameter) {
    use ChangeKind::{Application as Changes, Run as Harmless};
    found.compare(&below(path, "type"), Changes, &old.kind, &new.kind);
    found.compare(&below(path, "default"), Changes, &old.default, &new.default);
    found.compare(&below(path, "unit"), Harmless, &old.unit, &new.unit);
    found.compare(&below(path, "description"), Harmless, &old.description, &new.description);
    found.compare(&below(path, "min"), Harmless, &old.min, &new.min);
    found.compare(&below(path, "max"), Harmless, &old.max, &new.max);
}

fn space(old: &[Block], new: &[Block], found: &mut Found) {
    if old == new || (!new.is_empty() && old.starts_with(new)) {
        return;
    }
    let count = |blocks: &[Block]| match blocks.len() {
        1 => "1 block".to_owned(),
        n => format!("{n} blocks"),
    };
    if new.starts_with(old) {
        return found.add(&["space"], ChangeKind::SpaceGrown, Some(count(old)), Some(count(new)));
    }
    for (number, (old, new)) in old.iter().zip(new).enumerate() {
        block(old, new, &["space", &number.to_string()], found);
    }
    if new.len() < old.len() {
        found.add(&["space"], ChangeKind::SpaceChanged, Some(count(old)), Some(count(new)));
    }
}

/// Axes of the same name in the same place are compared one by one; blocks of another shape as a whole.
fn block(old: &Block, new: &Block, path: &[&str], found: &mut Found) {
    use ChangeKind::SpaceChanged as Changes;
    if old == new {
        return;
    }
    let same = old.factors.len() == new.factors.len()
        && old.factors.iter().zip(&new.factors).all(|factors| match factors {
            (Factor::Axis(old, _), Factor::Axis(new, _)) => old == new,
            (old, new) => old == new,
        });
    if !same {
        let (old, new) = shown_apart(&space_words::block(old), &space_words::block(new));
        return found.add(path, Changes, old, new);
    }
    for factors in old.factors.iter().zip(&new.factors) {
        if let (Factor::Axis(name, old), Factor::Axis(_, new)) = factors
            && old != new
        {
            let (old, new) = (space_words::axis(old), space_words::axis(new));
            found.add(&below(path, name.as_str()), Changes, Some(old), Some(new));
        }
    }
    found.compare(&below(path, "where"), Changes, &old.condition, &new.condition);
}

fn run(old: &RunPolicy, new: &RunPolicy, found: &mut Found) {
    use ChangeKind::Run as Harmless;
    found.compare(&["run", "site"], Harmless, &old.site, &new.site);
    found.compare(&["run", "order"], Harmless, &old.order, &new.order);
    found.compare(&["run", "slots"], Harmless, &old.slots, &new.slots);
    found.compare_shown(&["run", "max_failures"], Harmless, &old.max_failures, &new.max_failures);
    found.compare_shown(&["run", "cpu_limit"], Harmless, &old.cpu_limit, &new.cpu_limit);
    found.compare_shown(&["run", "time_limit"], Harmless, &old.time_limit, &new.time_limit);
    let (old, new) = (&old.retry, &new.retry);
    found.compare(&["run", "retry", "count"], Harmless, &old.count, &new.count);
    found.compare(&["run", "retry", "on"], Harmless, &old.on, &new.on);
    found.compare_shown(&["run", "retry", "delay"], Harmless, &Some(old.delay), &Some(new.delay));
    found.compare(&["run", "retry", "factor"], Harmless, &old.factor, &new.factor);
    found.compare_shown(&["run", "retry", "max_delay"], Harmless, &Some(old.max_delay), &Some(new.max_delay));
    found.compare(&["run", "retry", "more_memory"], Harmless, &old.more_memory, &new.more_memory);
    found.compare(&["run", "retry", "more_time"], Harmless, &old.more_time, &new.more_time);
}

fn json<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Null) | Err(_) => String::new(),
        Ok(value) => value.to_string(),
    }
}

/// Both texts, shortened around the first character in which they differ.
fn shown_apart(old: &str, new: &str) -> (Option<String>, Option<String>) {
    const WIDEST: usize = 100;
    let common = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let longest = old.chars().count().max(new.chars().count());
    let skipped = if longest <= WIDEST { 0 } else { common.saturating_sub(WIDEST / 4) };
    let show = |text: &str| {
        let mut shown: String = text.chars().skip(skipped).take(WIDEST).collect();
        if skipped > 0 {
            shown.insert(0, '…');
        }
        if text.chars().count() > skipped + WIDEST {
            shown.push('…');
        }
        (!text.is_empty()).then_some(shown)
    };
    (show(old), show(new))
}
