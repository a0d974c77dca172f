//! What a worker elsewhere sees of the server's files, by file systems that both have at the same paths.

use std::path::{Component, Path, PathBuf};

use paramo_model::Assignment;

/// Directories that a worker sees.
pub(super) struct Sight(Vec<PathBuf>);

/// What a worker sees of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Its directory, and where its runs and their files are: nothing travels.
    All,
    /// Its directory; what runs leave is sent.
    Source,
    Nothing,
}

impl Sight {
    pub fn of(paths: &[String]) -> Sight {
        Sight(paths.iter().map(PathBuf::from).filter(|path| is_plain(path)).collect())
    }

    pub fn of_study(&self, assignment: &Assignment) -> Seen {
        match self.sees(&assignment.study.source) {
            true if self.sees(&assignment.files) && self.sees(&assignment.runs) => Seen::All,
            true => Seen::Source,
            false => Seen::Nothing,
        }
    }

    fn sees(&self, path: &str) -> bool {
        let path = Path::new(path);
        is_plain(path) && self.0.iter().any(|seen| path.starts_with(seen))
    }
}

/// Whether a path says where it leads, without the names in between being looked at.
fn is_plain(path: &Path) -> bool {
    path.is_absolute() && path.components().all(|part| part != Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_directory_is_seen() {
        let sight = Sight::of(&["/data".to_owned(), "home".to_owned(), "/a/../b".to_owned()]);
        for (path, seen) in [
            ("/data", true),
            ("/data/x/y", true),
            ("/database", false),
            ("/data/../etc", false),
            ("home/x", false),
            ("/b", false),
            ("", false),
        ] {
            assert_eq!(sight.sees(path), seen, "{path}");
        }
        assert!(Sight::of(&["/".to_owned()]).sees("/anything"));
    }
}
