//! The files people write, read with a place for every field.
//!
//! Reading has two parts. The readers here take a document apart and report what has the wrong shape; [`crate::check`]
//! then looks at the study as a whole and reports what does not fit together, naming fields by their path, which is placed
//! in the text afterwards. Everything that is wrong is found in one go; what only follows from another error is left out.

mod application;
mod axis;
mod axis_text;
mod difference;
mod distribution;
mod field;
mod outputs;
mod parameters;
mod place;
mod points;
mod reference;
mod render;
mod run;
mod schema;
mod space;
mod space_words;
mod sweep;
#[cfg(test)]
mod tests;
mod words;
mod writer;

use toml::de::{DeTable, DeValue};

pub use axis_text::read_axis;
pub use difference::{ChangeKind, Difference, continued, differences};
pub use field::{Field, Table};
pub use place::place;
pub use reference::{FieldHelp, Shape, TABLES, TableHelp, fields};
pub use render::render;
pub use schema::schema;
pub use sweep::{SweepRequest, read_axes, read_sweep};
pub use writer::{write_space, write_study};

use crate::check::{self, Broken, Finding, MOST};
use crate::{Application, Diagnostic, FieldPath, Name, Parameter, PointTable, Position, SpaceSpec, Study};
use field::Problems;

/// The longest document, in bytes.
pub const LONGEST: usize = 10_000_000;

/// Makes points of the bytes of a file and its name, or says what is wrong; it fits "{name}: {error}".
pub type ReadPoints<'a> = dyn Fn(Vec<u8>, &str) -> Result<PointTable, String> + 'a;

/// Where a document comes from.
pub struct Origin<'a> {
    /// The file, as messages name it.
    pub file: String,
    /// The directory of the file: where relative paths start and commands run.
    pub directory: String,
    /// Gives the content of a file named in the document, relative to the directory.
    pub load: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// Reads Parquet files. The other formats of points are text, and are read here.
    pub parquet: &'a ReadPoints<'a>,
}

/// A study with the text it was read from.
#[derive(Clone, Debug)]
pub struct Document {
    pub study: Study,
    pub text: String,
}

impl Document {
    /// Gives a diagnostic of a floor above its position in the text. See [`place()`].
    pub fn place(&self, diagnostic: Diagnostic) -> Diagnostic {
        place(&self.text, diagnostic)
    }
}

/// Reads a study file.
///
/// # Errors
///
/// Everything that is wrong with it, up to a hundred errors, in the order of the text, each with its position.
pub fn read_study(text: &str, origin: &Origin) -> Result<Document, Vec<Diagnostic>> {
    let document = parse(text)?;
    let problems = Problems::new(text);
    let mut broken = Broken::default();
    let study = Table::root(&problems, &document).and_then(|root| study(root, origin, &mut broken));
    let reported = problems.count();
    let mut found = problems.into_first(MOST);
    let Some(mut study) = study else { return Err(found) };
    place_all(text, &document, check::study(&mut study, &broken), &mut found);
    if reported == 0 && found.is_empty() { Ok(Document { study, text: text.to_owned() }) } else { Err(found) }
}

/// Reads a document of another floor: the reader takes it apart field by field.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text, each with its position.
pub fn read_with<T>(
    text: &str,
    reader: impl for<'a> FnOnce(Table<'a>) -> Option<T>,
) -> Result<T, Vec<Diagnostic>> {
    let document = parse(text)?;
    let problems = Problems::new(text);
    let read = Table::root(&problems, &document).and_then(reader);
    match read {
        Some(read) if problems.count() == 0 => Ok(read),
        _ => Err(problems.into_first(MOST)),
    }
}

/// An application with its name, as it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    pub name: Name,
    pub description: Option<String>,
    pub application: Application,
}

/// Reads a file that holds an application alone: `name`, `description` and `[application]`, which declares every parameter that it uses.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text, each with its position.
pub fn read_application(text: &str, origin: &Origin) -> Result<Published, Vec<Diagnostic>> {
    let document = parse(text)?;
    let problems = Problems::new(text);
    let mut broken = Broken::default();
    let study = Table::root(&problems, &document).and_then(|root| {
        for field in root.fields().filter(|field| ["space", "run"].contains(&field.key())) {
            field.report(field.wrong_key("an application has none: it belongs to a study"));
        }
        study(root, origin, &mut broken)
    });
    let mut found = problems.into_first(MOST);
    let Some(mut study) = study else { return Err(found) };
    broken.later = true;
    let mut findings = check::study(&mut study, &broken);
    findings.retain(|finding| finding.diagnostic.field.0.first().is_none_or(|field| field != "space"));
    place_all(text, &document, findings, &mut found);
    let Study { name, description, application, .. } = study;
    if found.is_empty() { Ok(Published { name, description, application }) } else { Err(found) }
}

/// Reads a file that holds only a `[space]`, to be appended to that of a study with these parameters.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the text, each with its position.
pub fn read_space(
    text: &str,
    parameters: &[Parameter],
    origin: &Origin,
) -> Result<SpaceSpec, Vec<Diagnostic>> {
    let document = parse(text)?;
    let problems = Problems::new(text);
    let mut broken = Broken::default();
    let mut space = SpaceSpec::default();
    if let Some(mut root) = Table::root(&problems, &document) {
        match root
            .require("space", "[space] with the axes to add")
            .and_then(|field| field.tables("a table of axes"))
        {
            Some(tables) => {
                space.blocks = tables.into_iter().map(|t| space::block(t, origin, &mut broken)).collect()
            }
            None => broken.space = true,
        }
        root.finish();
    }
    let mut found = problems.into_first(MOST);
    place_all(text, &document, check::space(parameters, &mut space, &broken), &mut found);
    if found.is_empty() { Ok(space) } else { Err(found) }
}

fn place_all(text: &str, document: &DeValue, findings: Vec<Finding>, found: &mut Vec<Diagnostic>) {
    found.extend(findings.into_iter().take(MOST).map(|finding| place::place_in(text, document, finding)));
    found.sort_by_key(|diagnostic| diagnostic.position.as_ref().map_or(0, |position| position.bytes.start));
    found.truncate(MOST);
}

/// The TOML document, or its errors of syntax: the first of each line, as the others mostly follow from it.
fn parse(text: &str) -> Result<DeValue<'_>, Vec<Diagnostic>> {
    if text.len() > LONGEST {
        let message = format!(
            "the file has {} bytes, more than the {LONGEST} that are read; put long lists of points into a file of their own",
            text.len()
        );
        return Err(vec![Diagnostic::new(FieldPath::default(), message).at(Position::of(text, 0..0))]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(DeValue::Table(document.into_inner()));
    }
    let mut found: Vec<Diagnostic> = Vec::new();
    for error in errors.into_iter().take(MOST) {
        let position = Position::of(text, error.span().unwrap_or(0..0));
        if !found.iter().any(|other| other.position.as_ref().is_some_and(|p| p.line == position.line)) {
            found.push(syntax_error(error.message(), position));
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.position.as_ref().map_or(0, |position| position.line));
    Err(found)
}

/// The parser's words, made friendlier where people meet them most.
fn syntax_error(message: &str, position: Position) -> Diagnostic {
    let empty = position.bytes.is_empty();
    let message = message.strip_suffix(", expected nothing").unwrap_or(message);
    let (message, help) = match message {
        m if m.starts_with("string values must be quoted") && empty => ("expected a value after `=`", None),
        m if m.starts_with("string values must be quoted") => {
            ("expected a value; texts stand in quotes", None)
        }
        m if m.starts_with("invalid unquoted key") => (m, Some("put the name in quotes")),
        "duplicate key" => ("this field is given twice", None),
        "recursion limit" => ("nested too deep", None),
        m => (m, None),
    };
    let diagnostic = Diagnostic::new(FieldPath::default(), message).at(position);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn study(mut root: Table, origin: &Origin, broken: &mut Broken) -> Option<Study> {
    let name = root.require("name", "the name of the study, such as `name = \"hes1\"`");
    let name = name.and_then(|field| field.name("the name of the study, a string"));
    let description = root.get("description").and_then(|field| field.string("a string")).map(str::to_owned);
    let application = root.require("application", "[application] with a `command` or a `function`");
    let application = application
        .and_then(|field| field.table("a table with a `command` or a `function`"))
        .map(|table| application::application(table, origin, broken));
    let space = match root.get("space") {
        // Without a space there is one point: the defaults.
        None => SpaceSpec { blocks: vec![crate::Block::default()] },
        Some(field) => match field.tables("a table of axes, or a list of such tables") {
            Some(tables) => SpaceSpec {
                blocks: tables.into_iter().map(|table| space::block(table, origin, broken)).collect(),
            },
            None => {
                broken.space = true;
                SpaceSpec::default()
            }
        },
    };
    let run = root.get("run").and_then(|field| field.table("a table")).map(run::run).unwrap_or_default();
    root.finish();
    // A wrong name does not stand in the way of finding what else is wrong.
    let name = name.or_else(|| crate::Name::new("unnamed").ok())?;
    Some(Study { name, description, application: application?, space, run, source: origin.directory.clone() })
}
