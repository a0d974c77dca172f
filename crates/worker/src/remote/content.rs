//! The files of a study's directory, as they travel: named by their content, so that what is there already is not sent again.
//!
//! Everything below the directory goes, but for names that begin with a dot (among them the store) and directories of other stores and of
//! sites, up to [`MOST_FILES`] and [`MOST_BYTES`].

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use paramo_model::{ParameterType, Program, Slot, Study};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// What travels at the most.
pub const MOST_FILES: usize = 10_000;
pub const MOST_BYTES: u64 = 1 << 30;

/// The files of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// In the order of their paths.
    pub files: Vec<Entry>,
    /// Directories that have no file.
    pub folders: Vec<String>,
    /// Why not all of it travels, for people; then none does.
    pub left_out: Option<String>,
    /// The worker sees the directory itself, and nothing travels.
    #[serde(default)]
    pub in_place: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the directory, with `/` between its parts.
    pub path: String,
    pub length: u64,
    /// SHA-256, in hexadecimal digits.
    pub sum: String,
    pub executable: bool,
}

impl Manifest {
    /// Of a directory that the worker sees.
    pub fn in_place() -> Manifest {
        Manifest { in_place: true, ..Manifest::default() }
    }

    /// Reads the directory of a study, but for the files that are `private`, or in a directory that is. The error says why its runs cannot be made elsewhere.
    pub fn of(study: &Study, private: &[PathBuf]) -> Result<Manifest, String> {
        let directory = Path::new(&study.source);
        let mut found = Manifest::default();
        let mut bytes = 0;
        match walk(directory, "", &mut found, &mut bytes, false) {
            Ok(true) => {}
            Ok(false) => {
                let what = format!(
                    "{} has more than {MOST_FILES} files or 1 GiB, which is more than travels to workers elsewhere",
                    directory.display()
                );
                return match needed(study, directory) {
                    Some(needed) => Err(format!(
                        "{what}, and the study needs {needed} of it; put the study into a directory of its own"
                    )),
                    None => Ok(Manifest { left_out: Some(what), ..Manifest::default() }),
                };
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let what = format!("there is no directory {}", directory.display());
                return Ok(Manifest { left_out: Some(what), ..Manifest::default() });
            }
            Err(error) => return Err(format!("cannot read {}: {error}", directory.display())),
        }
        let is_private = |entry: &Entry| {
            // One that is gone by now is left out as well.
            fs::canonicalize(directory.join(&entry.path))
                .map_or(true, |path| private.iter().any(|private| path.starts_with(private)))
        };
        found.files.retain(|entry| private.is_empty() || !is_private(entry));
        for entry in &mut found.files {
            let path = directory.join(&entry.path);
            let (sum, length) =
                sum_of(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            entry.sum = sum;
            entry.length = length;
        }
        Ok(found)
    }

    /// A name for exactly this: the SHA-256 of all of it.
    pub fn sum(&self) -> String {
        let mut context = Context::new(&SHA256);
        for entry in &self.files {
            let line = format!("{} {} {}\n", entry.sum, u8::from(entry.executable), entry.path);
            context.update(line.as_bytes());
        }
        for folder in &self.folders {
            context.update(format!("{folder}/\n").as_bytes());
        }
        hex(context.finish().as_ref())
    }
}

/// Whether a directory is that of a site: programs, tokens and files of other studies are in there, which are of no use to runs.
fn is_of_site(directory: &Path) -> bool {
    let programs = || fs::read_dir(directory.join("bin")).into_iter().flatten().flatten();
    directory.join("allocations").is_dir()
        && programs().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"paramo-"))
}

/// Lists what is below a directory. False when it is too much.
fn walk(
    directory: &Path,
    below: &str,
    found: &mut Manifest,
    bytes: &mut u64,
    deep: bool,
) -> io::Result<bool> {
    let whole = directory.join(below);
    if deep && (whole.join("store.db").exists() || is_of_site(&whole)) {
        return Ok(true);
    }
    let mut entries = fs::read_dir(directory.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let before = found.files.len();
    let mut folders = Vec::new();
    for entry in entries {
        // Names that are no text cannot be asked for.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        // What a link leads to travels in its place; one that leads nowhere, and what is neither file nor directory, does not.
        let Ok(data) = fs::metadata(directory.join(&path)) else { continue };
        if data.is_dir() && !entry.file_type()?.is_symlink() {
            folders.push(path);
        } else if data.is_file() {
            *bytes += data.len();
            let executable = data.permissions().mode() & 0o111 != 0;
            found.files.push(Entry { path, length: data.len(), sum: String::new(), executable });
        }
        if found.files.len() + found.folders.len() > MOST_FILES || *bytes > MOST_BYTES {
            return Ok(false);
        }
    }
    if deep && folders.is_empty() && found.files.len() == before {
        found.folders.push(below.to_owned());
    }
    for folder in folders {
        match walk(directory, &folder, found, bytes, true) {
            Ok(true) => {}
            // A directory that may not be read is of no use to the runs either.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            other => return other,
        }
    }
    Ok(true)
}

/// What of its directory a study is known to need.
fn needed(study: &Study, directory: &Path) -> Option<String> {
    let application = &study.application;
    if let Program::Function { module, source: None, .. } = &application.program {
        return Some(format!("the module {module}"));
    }
    if let Some(file) = application.parameters.iter().find(|parameter| parameter.kind == ParameterType::File)
    {
        return Some(format!("the files of the parameter {}", file.name));
    }
    let Program::Command(words) = &application.program else { return None };
    words.iter().find_map(|word| {
        if word.slots().any(|slot| matches!(slot, Slot::Source)) {
            return Some("the directory itself".to_owned());
        }
        let text = word.render(|_, _| {});
        let is_there = !text.is_empty() && word.slots().next().is_none() && directory.join(&text).is_file();
        is_there.then_some(text)
    })
}

/// The bytes that travel of a study's directory; none where it does not.
pub fn length_of(directory: &Path) -> u64 {
    let mut bytes = 0;
    match walk(directory, "", &mut Manifest::default(), &mut bytes, false) {
        Ok(true) => bytes,
        _ => 0,
    }
}

/// The SHA-256 and the length of a file.
pub fn sum_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 128 * 1024];
    let mut length = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex(context.finish().as_ref()), length));
        }
        length += read as u64;
        context.update(&buffer[..read]);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path below a directory, as the other end has said it. The error says why it is none.
pub fn below(path: &str) -> Result<&Path, String> {
    crate::directory::inside(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_listed_without_what_is_hidden_and_named_by_its_content() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("model.py", "x = 1\n");
        write("data/ü 1.csv", "a\n");
        write(".paramo/store.db", "secret");
        write("site/bin/paramo-1", "program");
        write("site/allocations/a/token", "secret");
        fs::create_dir(home.path().join("out")).unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("broken")).unwrap();
        let mut found = Manifest::default();
        assert!(walk(home.path(), "", &mut found, &mut 0, false).unwrap());
        let paths: Vec<&str> = found.files.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            (paths, found.folders.clone()),
            (vec!["model.py", "data/ü 1.csv"], vec!["out".to_owned()])
        );
        let (sum, length) = sum_of(&home.path().join("model.py")).unwrap();
        // As sha256sum says.
        assert_eq!((length, &sum[..16]), (6, "9e26bf369911c45c"));
        let before = found.sum();
        found.files[0].sum = sum;
        assert_ne!(found.sum(), before);
    }
}
