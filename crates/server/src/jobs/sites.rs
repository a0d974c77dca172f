//! The sites that are spoken with. Their file is read again when it has changed, so that a server need not be started anew.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use paramo_sites::{Connection, SiteError, find_sites, parse_sites};

use super::error::{JobError, Result};

/// Connections to the sites of a file.
#[derive(Default)]
pub(super) struct Sites {
    /// The file, where that was said.
    named: Option<PathBuf>,
    reached: Mutex<Reached>,
}

#[derive(Default)]
struct Reached {
    /// The text of the file that the connections are from.
    text: String,
    connections: HashMap<String, Arc<Connection>>,
}

impl Sites {
    pub(super) fn of(named: Option<PathBuf>) -> Sites {
        Sites { named, ..Sites::default() }
    }

    /// A site, to be spoken with.
    pub(super) fn reach(&self, name: &str) -> Result<Arc<Connection>> {
        let Some(file) = find_sites(self.named.as_deref()) else {
            return Err(JobError::NoSites(name.to_owned()));
        };
        let text = std::fs::read_to_string(&file)
            .map_err(|error| SiteError::File { file: file.display().to_string(), why: error.to_string() })?;
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        if reached.text != text {
            *reached = Reached { text, ..Reached::default() };
        }
        if let Some(known) = reached.connections.get(name) {
            return Ok(Arc::clone(known));
        }
        let site = parse_sites(&file, &reached.text)?.site(name)?.clone();
        let connection = Arc::new(Connection::to(site)?);
        reached.connections.insert(name.to_owned(), Arc::clone(&connection));
        Ok(connection)
    }
}
