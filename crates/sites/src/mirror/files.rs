//! The files of a job: brought there before it, fetched after it.

use std::path::{Path, PathBuf};

use super::job::is_below;
use crate::access::{Access, AccessError};

/// Puts the inputs into the job's directory.
pub(crate) async fn bring(
    access: &Access,
    inputs: &[(String, PathBuf)],
    directory: &str,
) -> Result<(), AccessError> {
    access.make_directory(directory).await?;
    for (name, file) in inputs {
        // Scripts among them stay executable.
        let mode = match std::fs::metadata(file).map(|found| std::os::unix::fs::MetadataExt::mode(&found)) {
            Ok(mode) if mode & 0o100 != 0 => "700",
            _ => "600",
        };
        access.put_file(file, &format!("{directory}/{name}"), mode).await?;
    }
    Ok(())
}

/// Fetches what the job leaves. Gives the number of files, and the patterns that matched none.
pub(crate) async fn fetch(
    access: &Access,
    patterns: &[String],
    into: &Path,
    directory: &str,
) -> Result<(usize, Vec<String>), AccessError> {
    let (mut count, mut without) = (0, Vec::new());
    for pattern in patterns {
        let names = matching(access, directory, pattern).await?;
        if names.is_empty() {
            without.push(pattern.clone());
        }
        for name in names {
            let to = into.join(&name);
            let folder = to.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder).map_err(|error| AccessError::Local {
                file: folder.display().to_string(),
                why: error.to_string(),
            })?;
            access.get_file(&format!("{directory}/{name}"), &to).await?;
            count += 1;
        }
    }
    Ok((count, without))
}

/// The files of the job's directory that a pattern names; all of a directory that it names.
pub(crate) async fn matching(
    access: &Access,
    directory: &str,
    pattern: &str,
) -> Result<Vec<String>, AccessError> {
    // Without a separator of words only the pattern itself is expanded.
    let script = "cd -- \"$1\" || exit 1; IFS=; set -f; p=$2; set +f; \
        for f in $p; do if [ -e \"$f\" ]; then find \"$f\" -type f -print0; fi; done";
    let found = access.shell(&format!("list {pattern}"), script, &[directory, pattern], &[]).await?;
    let names = found.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    // What the site says is not taken on trust: nothing is written outside of the place for it.
    Ok(names.filter(|name| is_below(name)).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn patterns_and_directories_are_found_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["a.csv", "b c.csv", "out/deep/x.dat", "other.txt"] {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let access = Access::to(None).unwrap();
        let place = directory.path().to_str().unwrap();
        let mut found = Vec::new();
        for pattern in ["*.csv", "out", "none*", "b c.csv", "$(touch evil)", "*.txt; touch evil"] {
            found.push(matching(&access, place, pattern).await.unwrap().join(","));
        }
        assert_eq!(found, ["a.csv,b c.csv", "out/deep/x.dat", "", "b c.csv", "", ""]);
        assert!(!directory.path().join("evil").exists());
    }
}
