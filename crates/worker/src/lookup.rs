//! Finding the program of a command, once for a study.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program that a command's first word means: with a `/` it is relative to the study file's directory, otherwise it is looked up in
/// the search path. The error says what was looked for and what may have been meant.
pub(crate) fn find(word: &str, source: &Path, search: Option<&OsStr>) -> Result<PathBuf, String> {
    if word.is_empty() {
        return Err("the command is empty; write the program as its first word".to_owned());
    }
    if word.contains('/') {
        let path = source.join(word);
        return executable(&path)
            .map(|()| path.clone())
            .map_err(|problem| format!("the program {} {problem}", path.display()));
    }
    let search = search.unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    let mut problem = None;
    for directory in std::env::split_paths(search) {
        let path = source.join(directory).join(word);
        match executable(&path) {
            Ok(()) => return Ok(path),
            Err(reason) if path.exists() => {
                problem = problem.or(Some(format!("the program {} {reason}", path.display())))
            }
            Err(_) => {}
        }
    }
    Err(problem
        .unwrap_or_else(|| format!("the command `{word}` was not found{}", hint(word, source, search))))
}

/// Whether a file can be executed; the error continues "the program {path} …".
fn executable(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("does not exist".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
        Ok(data) if data.is_dir() => Err("is a directory".to_owned()),
        Ok(data) if data.permissions().mode() & 0o111 == 0 => {
            Err(format!("is not executable; `chmod +x {}` makes it so", path.display()))
        }
        Ok(_) => Ok(()),
    }
}

fn hint(word: &str, source: &Path, search: &OsStr) -> String {
    if source.join(word).is_file() {
        return format!("; there is a `{word}` beside the study file: write `./{word}`");
    }
    let names: Vec<String> = std::env::split_paths(search)
        .filter_map(|directory| directory.read_dir().ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    // Short words are near to many programs.
    match paramo_model::nearest(word, names.iter().map(String::as_str)).filter(|_| word.len() > 3) {
        Some(near) => format!(" on the PATH; did you mean `{near}`?"),
        None => " on the PATH; install it, or write its path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn programs_are_found_and_what_is_not_found_is_explained() {
        let home = tempfile::tempdir().unwrap();
        let source = home.path().join("söurce dir");
        let bin = home.path().join("bin");
        for directory in [&source, &bin] {
            fs::create_dir(directory).unwrap();
        }
        for (path, mode) in
            [(bin.join("simulate"), 0o755), (source.join("model"), 0o755), (source.join("plain"), 0o644)]
        {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let find = |word: &str| find(word, &source, Some(bin.as_os_str()));
        assert_eq!(find("simulate"), Ok(bin.join("simulate")));
        assert_eq!(find("./model"), Ok(source.join("./model")));
        assert_eq!(
            find("simulat"),
            Err("the command `simulat` was not found on the PATH; did you mean `simulate`?".into())
        );
        assert_eq!(
            find("model"),
            Err("the command `model` was not found; there is a `model` beside the study file: write `./model`".into())
        );
        assert!(find("./plain").unwrap_err().contains("is not executable; `chmod +x"));
        assert!(find("./nothing").unwrap_err().ends_with("nothing does not exist"));
        assert!(find("../bin").unwrap_err().ends_with("bin is a directory"));
        assert!(find("").is_err());
    }
}
