//! A study as it is sent: as the text of a file, as its fields in JSON, or as a space for an application, with the files of points that it
//! names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paramo_design::Space;
use paramo_model::document::{self, Origin};
use paramo_model::{Name, Parameter, SpaceSpec, Study};
use serde::Deserialize;
use utoipa::ToSchema;

use super::plots::blocking;
use super::{App, applications};
use crate::access::Caller;
use crate::ordered::Ordered;
use crate::problem::{Problem, Result};

/// Files that come along, by the names that the study has for them: texts, or `base64:` and the bytes of a Parquet file.
pub(super) type Attachments = BTreeMap<String, String>;

/// A study to begin: one of `file`, `definition` and `application`, and what is to be done with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "definition": { "name": "squares", "application": { "command": ["sh", "-c", "echo $(({x} * {x}))"], "outputs": { "y": { "regex": "(.+)" } } }, "space": { "x": { "from": 1, "to": 10, "step": 1 } } } }))]
pub(super) struct NewStudy {
    /// The project that it is to belong to; `default` unless given.
    #[expect(dead_code, reason = "read where the request is let through")]
    project: Option<String>,
    /// A study file, as `paramo run` takes it.
    pub file: Option<String>,
    /// The fields of a study file as JSON; the axes of `space` in their order.
    #[schema(value_type = Option<Object>)]
    pub definition: Option<Ordered>,
    /// An application of the registry: `project/name@version`, with `name`, `space` and `run` of the study beside it.
    pub application: Option<String>,
    pub name: Option<String>,
    pub description: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub space: Option<Ordered>,
    #[schema(value_type = Option<Object>)]
    pub run: Option<Ordered>,
    /// Files of points that the study names: `{"points.csv": "k1,k2\n1,2\n"}`; of Parquet `base64:` and the bytes.
    #[serde(default)]
    pub attachments: Attachments,
    /// The directory in which commands run and relative paths start, on the server; where the store is unless given.
    pub directory: Option<String>,
    /// Where its runs are made, instead of what the study says: sites with commas between them, or `auto`.
    pub site: Option<String>,
    /// What to do with a stored study of the same name that differs: `refuse`, `new-version` or `continue`.
    pub changed: Option<String>,
    /// Whether to begin at once.
    #[serde(default = "yes")]
    pub start: bool,
}

fn yes() -> bool {
    true
}

/// Where files that a study names come from.
pub(super) struct Files {
    pub attachments: Attachments,
    /// Files of the server are read for whoever owns it, and for nobody else.
    pub from_server: bool,
    /// Absolute.
    pub directory: String,
}

impl Files {
    fn load(&self, name: &str) -> std::result::Result<Vec<u8>, String> {
        if let Some(text) = self.attachments.get(name) {
            return match text.strip_prefix("base64:") {
                Some(bytes) => STANDARD
                    .decode(bytes.trim())
                    .map_err(|error| format!("the attachment {name} is no base64: {error}")),
                None => Ok(text.clone().into_bytes()),
            };
        }
        if !self.from_server || !self.attachments.is_empty() {
            return Err(format!("{name} did not come along; send it in `attachments`"));
        }
        std::fs::read(Path::new(&self.directory).join(name))
            .map_err(|error| format!("cannot read {name}: {error}"))
    }

    /// Reads with these files at hand.
    fn with<T>(&self, read: impl FnOnce(&Origin) -> T) -> T {
        let load = |name: &str| self.load(name);
        let parquet = |bytes: Vec<u8>, file: &str| paramo_table::read_points(bytes.into(), file);
        let file = "the study".to_owned();
        read(&Origin { file, directory: self.directory.clone(), load: &load, parquet: &parquet })
    }
}

/// The directory of a study: the one asked for, or where the store is.
pub(super) fn directory(asked: Option<String>, store: &Path) -> Result<String> {
    match asked {
        Some(directory) if Path::new(&directory).is_absolute() => Ok(directory),
        Some(directory) => {
            Err(Problem::bad_input(format!("`directory` is an absolute path, not `{directory}`")))
        }
        None => {
            Ok(store.parent().map_or_else(|| store.to_owned(), PathBuf::from).to_string_lossy().into_owned())
        }
    }
}

impl NewStudy {
    /// The text of the study file. `application` is that of the registry, in JSON, where one was named.
    pub fn text(&self, application: Option<Ordered>) -> Result<String> {
        let given = [self.file.is_some(), self.definition.is_some(), self.application.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            return Err(Problem::unprocessable("send one of `file`, `definition` and `application`"));
        }
        let beside =
            self.name.is_some() || self.space.is_some() || self.run.is_some() || self.description.is_some();
        if beside && self.application.is_none() {
            return Err(Problem::unprocessable(
                "`name`, `description`, `space` and `run` go with `application`; a file and a definition have their own",
            ));
        }
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let fields = [
            ("name", self.name.clone().map(Ordered::Text)),
            ("description", self.description.clone().map(Ordered::Text)),
            ("application", application),
            ("space", self.space.clone()),
            ("run", self.run.clone()),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        let whole = Ordered::Object(fields.collect());
        self.definition.as_ref().unwrap_or(&whole).toml().map_err(Problem::unprocessable)
    }
}

/// The study that was sent, and its space.
pub(super) async fn definition(
    app: &App,
    new: &mut NewStudy,
    project: &Name,
    caller: &Caller,
) -> Result<(Study, Space)> {
    let application = match &new.application {
        Some(word) => Some(applications::of(app, word, project, caller).await?),
        None => None,
    };
    let text = new.text(application)?;
    let directory = directory(new.directory.take(), app.host.directory())?;
    let from_server = matches!(caller, Caller::Owner);
    let files = Files { attachments: std::mem::take(&mut new.attachments), from_server, directory };
    let (mut study, space) = blocking(move || read(&text, &files)).await?;
    if let Some(site) = &new.site {
        let parsed = site.parse().map_err(|why: String| Problem::bad_input(format!("`site`: {why}")));
        study.run.site = parsed?;
    }
    Ok((study, space))
}

/// A study from the text of a study file, its space included.
pub(super) fn read(text: &str, files: &Files) -> Result<(Study, Space)> {
    let read = files.with(|origin| document::read_study(text, origin));
    let read = read.map_err(|found| Problem::document(&found))?;
    let space = Space::new(&read.study.space, &read.study.application.parameters).map_err(|found| {
        let placed: Vec<_> = found.into_iter().map(|diagnostic| read.place(diagnostic)).collect();
        Problem::document(&placed)
    })?;
    Ok((read.study, space))
}

/// The axes of a space alone, to be added to that of a study with these parameters.
pub(super) fn read_space(space: Ordered, parameters: &[Parameter], files: &Files) -> Result<SpaceSpec> {
    let text = Ordered::Object(vec![("space".to_owned(), space)]).toml().map_err(Problem::unprocessable)?;
    let read = files.with(|origin| document::read_space(&text, parameters, origin));
    read.map_err(|found| Problem::document(&found))
}
