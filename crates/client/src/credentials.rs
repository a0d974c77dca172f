//! The tokens by which servers know who asks, one for each, in a file of the user that nobody else may read.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{ClientError, Result, ServerAddress};

/// A token. It is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A token as it was pasted. The error says what one looks like.
    pub fn new(text: &str) -> Result<Secret> {
        let text = text.trim();
        match !text.is_empty() && text.len() <= 1024 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Secret(text.to_owned())),
            false => Err(ClientError::Input(
                "this is no token: a token is one word, as `paramo token create` prints it".to_owned(),
            )),
        }
    }

    /// For the header of a request, and for the file.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is kept of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub token: Secret,
    /// Whose token it is, where the server said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The file, as it was read.
#[derive(Debug, Default)]
pub struct Credentials {
    file: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    #[serde(default)]
    servers: BTreeMap<String, Known>,
}

impl Credentials {
    /// Where the file is: below `$XDG_CONFIG_HOME`, or `~/.config`.
    pub fn place() -> Result<PathBuf> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config =
            absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
        match config {
            Some(config) => Ok(config.join("paramo/credentials.toml")),
            None => Err(ClientError::Local(
                "neither HOME nor XDG_CONFIG_HOME says where tokens are kept; set one of them".to_owned(),
            )),
        }
    }

    /// Reads a file; one that is not there holds nothing. A file that others may read is refused.
    pub fn read(file: &Path) -> Result<Credentials> {
        let failed =
            |error: std::io::Error| ClientError::Local(format!("cannot read {}: {error}", file.display()));
        let text = match std::fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Credentials { file: file.to_owned(), content: Content::default() });
            }
            read => read.map_err(failed)?,
        };
        let mode = std::fs::metadata(file).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(ClientError::Local(format!(
                "others may read {}, which holds tokens: type `chmod 600 {}`, and better log in anew",
                file.display(),
                file.display()
            )));
        }
        // The message of the parser would quote the line, and a token with it.
        let content = toml::from_str(&text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            ClientError::Local(format!(
                "{}:{line}: cannot be understood; remove the file and log in anew",
                file.display()
            ))
        })?;
        Ok(Credentials { file: file.to_owned(), content })
    }

    /// What is kept for a server.
    pub fn of(&self, server: &ServerAddress) -> Option<&Known> {
        self.content.servers.get(server.base())
    }

    /// The only server that is known, if there is just one.
    pub fn only(&self) -> Option<&str> {
        let mut servers = self.content.servers.keys();
        servers.next().filter(|_| servers.next().is_none()).map(String::as_str)
    }

    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.content.servers.keys().map(String::as_str)
    }

    /// Keeps a token, on the disk when this returns.
    pub fn keep(&mut self, server: &ServerAddress, known: Known) -> Result<()> {
        self.content.servers.insert(server.base().to_owned(), known);
        self.write()
    }

    /// Forgets a server. False when it was not known.
    pub fn forget(&mut self, server: &ServerAddress) -> Result<bool> {
        let known = self.content.servers.remove(server.base()).is_some();
        if known {
            self.write()?;
        }
        Ok(known)
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the whole file beside the old one and puts it in its place, so that there is never half of one.
    fn write(&self) -> Result<()> {
        let file = &self.file;
        let failed =
            |error: std::io::Error| ClientError::Local(format!("cannot write {}: {error}", file.display()));
        let text = toml::to_string(&self.content).map_err(|_| {
            ClientError::Local(format!("cannot write {}: a token in it is no text", file.display()))
        })?;
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let new = file.with_extension(format!("toml.{}", std::process::id()));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut out| {
                out.write_all(text.as_bytes())?;
                out.sync_all()
            })
            .and_then(|()| std::fs::rename(&new, file));
        written.map_err(|error| {
            // Half a file of tokens is of no use to anybody.
            let _ = std::fs::remove_file(&new);
            failed(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(token: &str) -> Known {
        Known { token: Secret::new(token).unwrap(), user: Some("anna".to_owned()) }
    }

    #[test]
    fn tokens_are_kept_for_each_server_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/paramo/credentials.toml");
        let (here, there) = (
            ServerAddress::parse("http://127.0.0.1:1").unwrap(),
            ServerAddress::parse("https://lab.example/p").unwrap(),
        );
        let mut kept = Credentials::read(&file).unwrap();
        assert_eq!((kept.of(&here), kept.only()), (None, None));
        kept.keep(&here, known("prm_one\n")).unwrap();
        assert_eq!(kept.only(), Some("http://127.0.0.1:1"));
        kept.keep(&there, known("prm_two")).unwrap();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut again = Credentials::read(&file).unwrap();
        assert_eq!(again.of(&there), Some(&known("prm_two")));
        assert_eq!(
            (again.of(&here).map(|known| known.token.reveal()), again.only()),
            (Some("prm_one"), None)
        );
        assert!(again.forget(&here).unwrap() && !again.forget(&here).unwrap());
        assert_eq!(
            Credentials::read(&file).unwrap().servers().collect::<Vec<_>>(),
            ["https://lab.example/p"]
        );
        assert!(!format!("{again:?}").contains("prm_two"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Credentials::read(&file).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials.toml");
        std::fs::write(&file, "[servers.x]\ntoken = prm_geheim\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = Credentials::read(&file).unwrap_err().to_string();
        assert!(error.contains("credentials.toml:2: ") && !error.contains("geheim"), "{error}");
    }
}
