//! Whether the names that the space gives and the names that the application uses are the same.

use std::collections::{HashMap, HashSet};

use super::walk::{self, Given};
use super::{Broken, Finding, MOST, RESERVED, Within, top};
use crate::{
    Application, Axis, Diagnostic, Expression, FieldPath, Name, Parameter, ParameterType, Program, SpaceSpec,
    Value, nearest,
};

/// The parameters that an application's templates use, each with the first field that does.
pub(super) struct Used {
    names: Vec<(Name, FieldPath)>,
    known: HashSet<Name>,
    /// A function takes whatever it is given.
    anything: bool,
}

impl Used {
    pub(super) fn by(application: &Application, broken: &Broken) -> Used {
        let path = FieldPath::new(["application"]);
        let mut templates = Vec::new();
        if let Program::Command(words) = &application.program {
            let command = path.join("command");
            let words = words.iter().enumerate();
            templates.extend(words.map(|(number, template)| (command.join(number.to_string()), template)));
        }
        let environment = application.environment.iter();
        templates.extend(environment.map(|(key, template)| (path.join("environment").join(key), template)));
        templates.extend(application.stdin.iter().map(|template| (path.join("stdin"), template)));
        let files = application.files.iter();
        templates.extend(files.map(|file| (path.join("files").join(&file.path), &file.content)));
        let mut names = Vec::new();
        let mut known = HashSet::new();
        for (path, template) in templates {
            for name in template.parameters() {
                if known.insert(name.clone()) {
                    names.push((name.clone(), path.clone()));
                }
            }
        }
        let anything = broken.program || matches!(application.program, Program::Function { .. });
        Used { names, known, anything }
    }

    fn contains(&self, name: &str) -> bool {
        self.anything || self.known.contains(name)
    }
}

/// What a space gives to a name, all blocks taken together.
struct Summary {
    first: FieldPath,
    replicate: bool,
    constant: bool,
}

fn summaries(space: &SpaceSpec) -> (Vec<Name>, HashMap<Name, Summary>) {
    let mut order = Vec::new();
    let mut summaries: HashMap<Name, Summary> = HashMap::new();
    walk::all_given(&space.blocks, &top(), &mut |path, name, given| {
        let replicate = matches!(given, Given::Axis(Axis::Replicate { .. }));
        let constant = given.is_constant();
        match summaries.get_mut(name) {
            Some(summary) => {
                summary.replicate &= replicate;
                summary.constant &= constant;
            }
            None => {
                order.push(name.clone());
                summaries.insert(name.clone(), Summary { first: path.clone(), replicate, constant });
            }
        }
    });
    (order, summaries)
}

/// The names that conditions use, as far as they can be parsed.
fn in_conditions<'a>(space: &SpaceSpec, names: &[&'a str]) -> HashSet<&'a str> {
    let mut used = HashSet::new();
    walk::blocks(&space.blocks, &top(), &mut |_, block| {
        if let Some(Ok(condition)) = block.condition.as_deref().map(|source| Expression::parse(source, names))
        {
            used.extend(condition.references().map(|position| names[position]));
        }
    });
    used
}

/// Reports what is given and not used, and what is used and not given.
pub(super) fn check(
    application: &Application,
    space: &SpaceSpec,
    used: &Used,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    let (order, summaries) = summaries(space);
    let declared: Vec<&str> = application.parameters.iter().map(|p| p.name.as_str()).collect();
    let known: Vec<&str> = declared.iter().copied().chain(order.iter().map(Name::as_str)).collect();
    let conditions = in_conditions(space, &known);
    let declarations: HashSet<&str> = declared.iter().copied().collect();
    for name in &order {
        if found.len() >= MOST {
            return;
        }
        let (name, summary) = (name.as_str(), &summaries[name]);
        let serves_condition = summary.constant && conditions.contains(name);
        let is_declared = declarations.contains(name);
        let fine =
            used.contains(name) || summary.replicate || serves_condition || broken.names.contains(name);
        // A function takes any name, but one beside a declared name that gets nothing must be a slip.
        let slip_is_possible = used.anything && !declared.is_empty() && !is_declared && !broken.program;
        if fine && !slip_is_possible {
            continue;
        }
        let candidates = used.names.iter().map(|(name, _)| name.as_str()).chain(declared.iter().copied());
        let candidates = candidates.filter(|candidate| !summaries.contains_key(*candidate));
        let near = nearest(name, candidates);
        if fine && near.is_none() {
            continue;
        }
        let message = if is_declared || declared.is_empty() {
            format!("`{name}` is varied but used nowhere in the application")
        } else {
            format!("there is no parameter `{name}`: it is neither declared nor used in the application")
        };
        let wrong = Diagnostic::new(summary.first.clone(), message);
        let help = match near.or_else(|| nearest(name, RESERVED)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if is_declared || declared.is_empty() => {
                format!("put {{{name}}} into the command, or remove it here")
            }
            None => format!(
                "declare it in [application.parameters] and put {{{name}}} into the command, or remove it here"
            ),
        };
        found.push(Finding::at_key(wrong.help(help)));
    }
    let all: HashSet<&str> = known.iter().copied().collect();
    for (name, path) in &used.names {
        if found.len() >= MOST {
            return;
        }
        let name = name.as_str();
        if all.contains(name) || broken.space || broken.names.contains(name) {
            continue;
        }
        let message = format!(
            "`{{{name}}}` is no parameter: it is not declared, and nothing in [space] gives it a value"
        );
        let mut wrong = Diagnostic::new(path.clone(), message);
        if let Some(near) = nearest(name, known.iter().copied()) {
            wrong = wrong.help(format!("did you mean `{{{near}}}`?"));
        } else if !known.is_empty() && known.len() <= 20 {
            wrong = wrong.help(format!("the parameters are {}; `{{{{` writes a brace", known.join(", ")));
        } else {
            wrong = wrong
                .help(format!("give it an axis in [space], or write `{{{{{name}}}}}` for the text itself"));
        }
        found.push(Finding { diagnostic: wrong, within: Some(Within::Needle(format!("{{{name}}}"))) });
    }
}

/// Reports what is given and not among the parameters, for a space that is added to a study.
pub(super) fn check_known(
    parameters: &[Parameter],
    space: &SpaceSpec,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    let (order, summaries) = summaries(space);
    let known: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let all: HashSet<&str> = known.iter().copied().collect();
    let unknown = order.iter().map(Name::as_str);
    let unknown = unknown.filter(|name| !all.contains(name) && !broken.names.contains(*name));
    for name in unknown.take(MOST) {
        let path = summaries[name].first.clone();
        let mut wrong = Diagnostic::new(path, format!("there is no parameter `{name}`"));
        wrong = wrong.did_you_mean(name, known.iter().copied().chain(RESERVED));
        if wrong.help.is_none() && !known.is_empty() {
            wrong = wrong.help(format!("the parameters are {}", known.join(", ")));
        }
        found.push(Finding::at_key(wrong));
    }
}

/// Parses every condition and tries it on values of the parameters' types.
pub(super) fn check_conditions(
    parameters: &[Parameter],
    space: &SpaceSpec,
    broken: &Broken,
    found: &mut Vec<Finding>,
) {
    let names: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
    let examples: Vec<Value> = parameters.iter().map(example).collect();
    walk::blocks(&space.blocks, &top(), &mut |path, block| {
        let Some(source) = block.condition.as_deref() else { return };
        let path = path.join("where");
        let (message, at, help) = match Expression::parse(source, &names) {
            Ok(condition) => match condition.test(&examples) {
                Ok(_) => return,
                Err(message) => (message, 0..source.len(), None),
            },
            Err(error) => {
                let word = source.get(error.at.clone()).unwrap_or("").trim_matches(['{', '}']);
                if broken.names.contains(word)
                    || (broken.space && error.message.starts_with("there is no parameter"))
                {
                    return;
                }
                (error.message, error.at, error.help)
            }
        };
        let mut wrong = Diagnostic::new(path, message);
        wrong.help = help;
        found.push(Finding { diagnostic: wrong, within: Some(Within::Bytes { of: source.to_owned(), at }) });
    });
}

/// A value that a parameter may have.
fn example(parameter: &Parameter) -> Value {
    match (&parameter.default, &parameter.kind) {
        (Some(default), _) => default.clone(),
        (None, ParameterType::Integer) => Value::Integer(1),
        (None, ParameterType::Float) => Value::Float(1.0),
        (None, ParameterType::Boolean) => Value::Boolean(true),
        (None, ParameterType::String | ParameterType::File) => Value::string(""),
        (None, ParameterType::Choice(values)) => values.first().cloned().unwrap_or(Value::Missing),
    }
}
