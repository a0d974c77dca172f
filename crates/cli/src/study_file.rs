//! Reading the files people write, and finding a study by file or by name.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use paramo_design::Space;
use paramo_model::document::{self, Document, Origin};
use paramo_model::{Parameter, SpaceSpec, Study};

use crate::failure::{Failure, Result};
use crate::remote::Sent;
use crate::store::open;

/// A study file with the files that it names, as they are sent to a server.
pub struct Read {
    pub document: Document,
    pub sent: Sent,
}

/// A study as it was named on the command line.
pub enum Named {
    File(Box<Read>),
    /// Not a file: a name to look for in the store.
    Name(String),
}

/// Takes a word as a study file if it looks like one or is one.
pub fn named(word: &str) -> Result<Named> {
    let path = Path::new(word);
    let looks_like_file = word.ends_with(".toml") || word.contains('/');
    if looks_like_file || path.is_file() {
        return Ok(Named::File(Box::new(read(path)?)));
    }
    Ok(Named::Name(word.to_owned()))
}

/// Reads and checks a study file, its space included.
pub fn read(path: &Path) -> Result<Read> {
    let text = load_text(path)?;
    let (file, directory) = origin(path)?;
    let named = RefCell::default();
    let load = loader(&directory, &named);
    let parquet = |bytes: Vec<u8>, file: &str| paramo_table::read_points(bytes.into(), file);
    let origin = Origin { file: file.clone(), directory: directory.clone(), load: &load, parquet: &parquet };
    let document =
        document::read_study(&text, &origin).map_err(|found| Failure::diagnostics(&found, &text, &file))?;
    if let Err(found) = Space::new(&document.study.space, &document.study.application.parameters) {
        let placed: Vec<_> = found.into_iter().map(|diagnostic| document.place(diagnostic)).collect();
        return Err(Failure::diagnostics(&placed, &text, &file));
    }
    let sent = Sent { file: Some(file), text, attachments: named.take(), directory: None };
    Ok(Read { document, sent })
}

/// Reads a file that holds only a space.
pub fn read_space(path: &Path, parameters: &[Parameter]) -> Result<(SpaceSpec, Sent)> {
    let text = load_text(path)?;
    let (file, directory) = origin(path)?;
    let named = RefCell::default();
    let load = loader(&directory, &named);
    let parquet = |bytes: Vec<u8>, file: &str| paramo_table::read_points(bytes.into(), file);
    let origin = Origin { file: file.clone(), directory: directory.clone(), load: &load, parquet: &parquet };
    let space = document::read_space(&text, parameters, &origin)
        .map_err(|found| Failure::diagnostics(&found, &text, &file))?;
    Ok((space, Sent { file: Some(file), text, attachments: named.take(), directory: None }))
}

/// A study by file or by name in the store.
pub async fn study(store: &Path, word: &str) -> Result<Study> {
    match named(word)? {
        Named::File(read) => Ok(read.document.study),
        Named::Name(name) => {
            if !crate::store::exists(store) {
                return Err(Failure::input(format!(
                    "there is no file `{name}`, and no store in {} to look for a study of that name",
                    store.display()
                )));
            }
            Ok(open(store, false).await?.study(&name).await?.study)
        }
    }
}

fn load_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::input(format!("{}:{line}: the file is not UTF-8 text", path.display()))
    })
}

/// The file as messages name it, and its directory, absolute.
fn origin(path: &Path) -> Result<(String, String)> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::input(format!("cannot find {}: {error}", path.display())))?;
    let directory = absolute.parent().map(Path::to_path_buf).unwrap_or_else(|| PathBuf::from("/"));
    let directory = directory.into_os_string().into_string().map_err(|directory| {
        Failure::input(format!("the directory {} is not valid UTF-8", directory.display()))
    })?;
    Ok((path.display().to_string(), directory))
}

/// Files by name, with their content.
type Files = RefCell<Vec<(String, Vec<u8>)>>;

/// Gives the files that a document names, and remembers them.
fn loader(directory: &str, named: &Files) -> impl Fn(&str) -> std::result::Result<Vec<u8>, String> {
    let directory = PathBuf::from(directory);
    move |name| {
        let path = directory.join(name);
        let bytes =
            std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut named = named.borrow_mut();
        if named.iter().all(|(known, _)| known != name) {
            named.push((name.to_owned(), bytes.clone()));
        }
        Ok(bytes)
    }
}
