//! Where the sites are written down, and reading that file.

use std::path::{Path, PathBuf};

use paramo_model::Diagnostic;
use paramo_model::document;

use super::Description;
use super::read::{self, Base};
use crate::SiteError;

/// What `sites.toml` says.
pub struct SitesFile {
    pub path: PathBuf,
    pub sites: Vec<Description>,
}

impl SitesFile {
    /// The site of that name.
    ///
    /// # Errors
    ///
    /// When there is none; the message names those there are.
    pub fn site(&self, name: &str) -> Result<&Description, SiteError> {
        self.sites.iter().find(|site| site.name == name).ok_or_else(|| {
            let names = self.sites.iter().map(|site| site.name.as_str());
            SiteError::Unknown {
                name: name.to_owned(),
                known: std::iter::once("local").chain(names).collect::<Vec<_>>().join(", "),
            }
        })
    }
}

/// The file that holds the sites: the one that was named, else `./sites.toml`, else `~/.config/paramo/sites.toml`. `None` when there is
/// none of them; one that was named must be there.
pub fn find_sites(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let config = config.or_else(|| home().map(|home| home.join(".config")));
    let places = [Some(PathBuf::from("sites.toml")), config.map(|path| path.join("paramo/sites.toml"))];
    places.into_iter().flatten().find(|path| path.exists())
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Reads the sites of a file.
///
/// # Errors
///
/// When it cannot be read, or with everything that is wrong in it.
pub fn read_sites(path: &Path) -> Result<SitesFile, SiteError> {
    parse_sites(path, &text(path)?)
}

/// Reads the sites of a text that is, or is to be, in a file.
///
/// # Errors
///
/// With everything that is wrong in it.
pub fn parse_sites(path: &Path, text: &str) -> Result<SitesFile, SiteError> {
    let sites = read(path, text, |base| document::read_with(text, |root| read::sites(root, base)))?;
    Ok(SitesFile { path: path.to_owned(), sites })
}

/// Reads a file that is one site alone: the same fields as a table of `sites.toml`. Its name is that of the file.
///
/// # Errors
///
/// As [`read_sites`].
pub fn read_site(path: &Path) -> Result<Description, SiteError> {
    let name = path.file_stem().map_or("site".into(), |stem| stem.to_string_lossy());
    let text = text(path)?;
    read(path, &text, |base| document::read_with(&text, |root| read::site(&name, root, base)))
}

fn text(path: &Path) -> Result<String, SiteError> {
    std::fs::read_to_string(path)
        .map_err(|error| SiteError::File { file: path.display().to_string(), why: error.to_string() })
}

fn read<T>(
    path: &Path,
    text: &str,
    parse: impl FnOnce(&Base) -> Result<T, Vec<Diagnostic>>,
) -> Result<T, SiteError> {
    let home = home();
    // A file in the working directory has an empty parent.
    let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let directory = std::path::absolute(directory.join(".")).unwrap_or(directory);
    parse(&Base { directory: &directory, home: home.as_deref() }).map_err(|wrong| SiteError::Wrong {
        file: path.display().to_string(),
        text: text.to_owned(),
        wrong,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Description>, String> {
        let base = Base { directory: Path::new("/etc/paramo"), home: Some(Path::new("/home/me")) };
        document::read_with(text, |root| read::sites(root, &base))
            .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_whole_description_is_read() {
        let text = r#"
[sites.hpc]
kind = "slurm"
access = { host = "login.example", user = "ada", port = 2222, key = "~/.ssh/hpc", jump = "gate", known_hosts = "known" }
directory = "/scratch/ada/paramo/"
shared = ["/data"]
partition = "main"
arguments = ["--exclusive"]
prologue = "module load gcc"
[sites.hpc.pools.small]
minimum = 1
maximum = 8
cpus = 16
memory = "32 GiB"
walltime = "2 h"
partition = "short"
cost = 0.02
"#;
        let site = parse(text).unwrap().remove(0);
        let login = site.login.unwrap();
        assert_eq!((login.host.as_str(), login.port), ("login.example", Some(2222)));
        assert_eq!(login.key.unwrap(), Path::new("/home/me/.ssh/hpc"));
        assert_eq!(login.known_hosts.unwrap(), Path::new("/etc/paramo/known"));
        assert_eq!(site.directory, "/scratch/ada/paramo");
        let pool = &site.pools["small"];
        assert_eq!((pool.minimum, pool.maximum, pool.idle.0), (1, 8, 300.0));
        assert_eq!(pool.placement.partition.as_deref(), Some("short"));
        assert_eq!(pool.placement.arguments, ["--exclusive"]);
        assert_eq!(pool.cost, 0.02);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let text = r#"
[sites.local]
kind = "slurm"
directory = "scratch"
[sites.hpc]
kind = "slrum"
directory = "/scratch"
access = { host = "h", password = "x" }
partitoin = "main"
[sites.hpc.pools.small]
minimum = 4
maximum = 2
cost = -1
[sites.rest]
kind = "slurm"
directory = "/scratch"
access = { url = "http://ada:secret@head:6820", user = "ada", token_file = "t" }
[sites.none]
kind = "slurm"
directory = "/scratch"
access = { user = "ada" }
"#;
        let wrong = parse(text).err().unwrap();
        for line in [
            "line 2, column 8: `sites.local`: `local` is this machine and needs no description; choose another name",
            "line 4, column 13: `sites.local.directory`: expected an absolute path on the site",
            "line 6, column 8: `sites.hpc.kind`: expected a kind of site: one of \"gridengine\", \"local-ssh\", \"pbs\", \"slurm\", found \"slrum\" (did you mean `slurm`?)",
            "line 8, column 24: `sites.hpc.access.password`: secrets do not belong into this file",
            "line 9, column 1: `sites.hpc.partitoin`: there is no field `partitoin` here (did you mean `partition`?)",
            "line 12, column 11: `sites.hpc.pools.small.maximum`: the maximum 2 is below the minimum 4",
            "line 13, column 8: `sites.hpc.pools.small.cost`: expected what a CPU costs an hour, a number of at least 0, found -1",
            "`sites.hpc.pools.small`: `walltime` is missing",
            "line 17, column 18: `sites.rest.access.url`: an address holds no user and no password",
            "line 21, column 10: `sites.none.access`: say where the site is",
        ] {
            assert!(wrong.contains(line), "no {line:?} in:\n{wrong}");
        }
    }
}
