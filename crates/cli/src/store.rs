//! Finding the store and the studies in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use paramo_client::{RemoteStore, Server, ServerAddress};
use paramo_model::{StudyId, StudyState};
use paramo_store::{
    Address, DEFAULT_PROJECT, Holder, OpenMode, People, PostgresAddress, PostgresStore, SqliteStore, Store,
    StoreError, StudyLock, StudyRow, Transfer,
};

use crate::args::Chosen;
use crate::failure::{Failure, Result};
use crate::remote;

/// How often a database is asked who works on its studies, by those who keep looking.
const LOOK: Duration = Duration::from_secs(1);

/// An open store, with where it is.
pub struct Place {
    pub store: Arc<dyn Store>,
    /// The same store, for what it remembers of people; not of a server.
    people: Option<Arc<dyn People>>,
    /// The directory for what is not in the store itself, absolute: workers get paths below it. Empty where a server keeps it.
    pub directory: String,
    /// What was typed.
    given: PathBuf,
    holders: Holders,
    /// How studies move to and from it; a server does not let them.
    transfer: Option<Arc<dyn Transfer>>,
}

/// Who works on a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A process; of another machine, its number there.
    Process(u32),
    /// The server that is spoken to.
    Server,
}

impl Who {
    /// The number of a process.
    pub fn process(self) -> Option<u32> {
        match self {
            Who::Process(pid) => Some(pid),
            Who::Server => None,
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Who::Process(pid) => write!(f, "process {pid}"),
            Who::Server => f.write_str("the server"),
        }
    }
}

/// How it is known who works on a study.
enum Holders {
    /// The kernel says it at once.
    Kernel(Arc<SqliteStore>),
    /// A database is asked from time to time.
    Asked(Arc<Mutex<HashMap<StudyId, Holder>>>),
    /// A server says it with each study.
    Served(Arc<RemoteStore>),
}

/// Opens the store of this directory or address, or reaches the server; `create` makes a store when it is not there.
pub async fn open(given: &Path, create: bool) -> Result<Place> {
    if let Some(address) = server_of(given)? {
        let store = Arc::new(RemoteStore::new(Arc::new(remote::connect(address)?)));
        let holders = Holders::Served(store.clone());
        return Ok(Place {
            store,
            people: None,
            directory: String::new(),
            given: given.to_owned(),
            holders,
            transfer: None,
        });
    }
    let mode = if create { OpenMode::Create } else { OpenMode::Existing };
    match Address::parse(given)? {
        Address::Directory(directory) => {
            let opened = SqliteStore::open(&directory, mode).await?;
            if let Some(damage) = &opened.damage {
                anstream::eprintln!("warning: {damage}");
                opened.store.acknowledge_damage().await?;
            }
            let store = Arc::new(opened.store);
            let holders = Holders::Kernel(store.clone());
            let directory = absolute(&directory)?;
            Ok(Place {
                store: store.clone(),
                people: Some(store.clone()),
                directory,
                given: given.to_owned(),
                holders,
                transfer: Some(store),
            })
        }
        Address::Postgres(address) => {
            let store = Arc::new(PostgresStore::open(&address, mode).await?);
            let directory = absolute(&files_of(&address, store.token().await?)?)?;
            let holders = Arc::new(Mutex::new(store.holders().await?));
            tokio::spawn(look(Arc::downgrade(&store), Arc::downgrade(&holders)));
            let holders = Holders::Asked(holders);
            Ok(Place {
                store: store.clone(),
                people: Some(store.clone()),
                directory,
                given: given.to_owned(),
                holders,
                transfer: Some(store),
            })
        }
    }
}

/// The server that a place is, if it is one.
pub fn server_of(given: &Path) -> Result<Option<ServerAddress>> {
    match given.to_str().filter(|text| ServerAddress::is_one(text)) {
        Some(text) => Ok(Some(ServerAddress::parse(text)?)),
        None => Ok(None),
    }
}

/// That a place is no server: for what is done where the store is.
pub fn not_a_server<'a>(given: &'a Path, command: &str) -> Result<&'a Path> {
    match server_of(given)? {
        None => Ok(given),
        Some(server) => Err(Failure::input(format!(
            "`paramo {command}` is of a store, not of a server: type it on the machine of {server}, or say --store"
        ))),
    }
}

/// Keeps up who works on the studies of a database, as long as somebody wants to know.
async fn look(
    store: std::sync::Weak<PostgresStore>,
    holders: std::sync::Weak<Mutex<HashMap<StudyId, Holder>>>,
) {
    loop {
        tokio::time::sleep(LOOK).await;
        let (Some(store), Some(holders)) = (store.upgrade(), holders.upgrade()) else { return };
        if let Ok(found) = store.holders().await {
            *holders.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
    }
}

/// The directory of this machine for the files of runs of a database. Its name is that of the store, for the studies of a directory
/// and of several databases have the same numbers.
fn files_of(address: &PostgresAddress, token: i64) -> Result<PathBuf> {
    let failed = |error| Failure::unavailable(format!("cannot make {}: {error}", address.files.display()));
    let directory = address.files.join(format!("postgres-{token:016x}"));
    std::fs::create_dir_all(&directory).map_err(failed)?;
    let ignore = address.files.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(&ignore, "*\n").map_err(failed)?;
    }
    Ok(directory)
}

fn absolute(directory: &Path) -> Result<String> {
    let absolute = std::path::absolute(directory)
        .map_err(|error| Failure::unavailable(format!("cannot find {}: {error}", directory.display())))?;
    absolute.into_os_string().into_string().map_err(|path| {
        Failure::input(format!(
            "the store's directory {} is not valid UTF-8; choose another with --store",
            path.display()
        ))
    })
}

/// Whether there is a store in this directory. A database says so itself when it is opened.
pub fn exists(given: &Path) -> bool {
    if matches!(server_of(given), Ok(Some(_))) {
        return true;
    }
    match Address::parse(given) {
        Ok(Address::Directory(directory)) => directory.join("store.db").exists(),
        _ => true,
    }
}

/// Opens the store when there is one.
pub async fn there(given: &Path) -> Result<Option<Place>> {
    if !exists(given) {
        return Ok(None);
    }
    if server_of(given)?.is_some() {
        return open(given, false).await.map(Some);
    }
    if let Address::Postgres(address) = Address::parse(given)? {
        match PostgresStore::open(&address, OpenMode::Existing).await {
            Err(StoreError::NoStore { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    open(given, false).await.map(Some)
}

/// The directory of this machine that a store writes to, and how the store is called, without a password.
pub fn seen(given: &Path) -> Result<(PathBuf, String)> {
    Ok(match Address::parse(given)? {
        Address::Directory(directory) => (directory.clone(), directory.display().to_string()),
        Address::Postgres(address) => (address.files.clone(), address.to_string()),
    })
}

/// A study as people name it: its project, its name and, when it is given, its version.
pub type StudyName<'a> = (&'a str, &'a str, Option<u32>);

/// `hes1`, `hes1@2` for a version, `bio:hes1` for one of another project than `default`.
pub fn parse_study(text: &str) -> Result<StudyName<'_>> {
    let (project, rest) = text.split_once(':').unwrap_or((DEFAULT_PROJECT, text));
    match rest.split_once('@') {
        None => Ok((project, rest, None)),
        Some((name, version)) => match version.parse() {
            Ok(version) => Ok((project, name, Some(version))),
            Err(_) => Err(Failure::input(format!(
                "`{text}` does not name a study: after `@` comes a version, such as {name}@2"
            ))),
        },
    }
}

/// A run as people name it: `hes1/17`, `hes1@2/17`.
pub fn parse_run(text: &str) -> Result<(&str, u64)> {
    text.rsplit_once('/').and_then(|(study, index)| Some((study, index.parse().ok()?))).ok_or_else(|| {
        Failure::input(format!("`{text}` does not name a run: write STUDY/INDEX, such as hes1/17"))
    })
}

impl Place {
    /// The same store, opened once more: for a thread with a runtime of its own.
    pub fn again(&self) -> impl Future<Output = Result<Place>> + Send + use<> {
        let given = self.given.clone();
        async move { open(&given, false).await }
    }

    /// The store as it takes part in a move.
    pub fn transfer(&self) -> Result<&dyn Transfer> {
        self.transfer.as_deref().ok_or_else(|| {
            Failure::input(
                "a study moves between stores, and a server is none: type `paramo move` on its machine",
            )
        })
    }

    /// What it remembers of people, for whoever serves it.
    pub fn people(&self) -> Result<Arc<dyn People>> {
        self.people.clone().ok_or_else(|| Failure::input("a server remembers people itself"))
    }

    /// The server that keeps it, if one does.
    pub fn server(&self) -> Option<&Arc<Server>> {
        self.served().map(|store| store.server())
    }

    /// The store of a server, with what only it can.
    pub fn served(&self) -> Option<&Arc<RemoteStore>> {
        match &self.holders {
            Holders::Served(store) => Some(store),
            Holders::Kernel(_) | Holders::Asked(_) => None,
        }
    }

    /// The project that new studies go to.
    pub fn project(&self) -> &str {
        self.server().and_then(|server| server.address().project.as_deref()).unwrap_or(DEFAULT_PROJECT)
    }

    /// Where a file of a study is now that was kept under this path: a study that was moved took its files along.
    pub fn file(&self, id: StudyId, path: &str) -> PathBuf {
        let there = PathBuf::from(path);
        if there.exists() {
            return there;
        }
        let below = path.rsplit_once("/files/").and_then(|(_, rest)| rest.split_once('/'));
        match below {
            Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                Path::new(&self.directory).join("files").join(id.0.to_string()).join(rest)
            }
            _ => there,
        }
    }

    pub async fn study(&self, text: &str) -> Result<StudyRow> {
        match self.find(text).await? {
            Some(row) => Ok(row),
            // Says what there is instead.
            None => {
                let (project, name, version) = parse_study(text)?;
                let project = if text.contains(':') { project } else { self.project() };
                Ok(self.store.require(project, name, version).await?)
            }
        }
    }

    /// The studies that were named, or with `--all` every one in such a state.
    pub async fn chosen(&self, chosen: &Chosen, state: impl Fn(StudyState) -> bool) -> Result<Vec<StudyRow>> {
        let mut rows = Vec::new();
        for name in &chosen.studies {
            rows.push(self.study(name).await?);
        }
        if chosen.all {
            for study in self.store.summaries().await?.into_iter().filter(|study| state(study.state)) {
                rows.push(self.store.study(study.id).await?);
            }
            if rows.is_empty() {
                anstream::eprintln!("there is no such study");
            }
        }
        Ok(rows)
    }

    /// A study as people name it, if it is there. On a server one without a project is looked for in the project that is spoken of, or else
    /// in all that are seen.
    pub async fn find(&self, text: &str) -> Result<Option<StudyRow>> {
        let (project, name, version) = parse_study(text)?;
        Ok(match self.served().filter(|_| !text.contains(':')) {
            Some(store) if store.server().address().project.is_none() => {
                store.anywhere(name, version).await?
            }
            Some(store) => store.find(self.project(), name, version).await?,
            None => self.store.find(project, name, version).await?,
        })
    }

    /// Who works on a study now; of a server, when it was read last.
    pub fn holder(&self, id: StudyId) -> Option<Who> {
        let holder = match &self.holders {
            Holders::Kernel(store) => store.holder_now(id).ok().flatten(),
            Holders::Asked(holders) => {
                holders.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
            }
            Holders::Served(store) => return store.is_worked_on(id).then_some(Who::Server),
        };
        holder.map(|holder| Who::Process(holder.pid))
    }

    /// Whether whoever works on a study hears of changes from the store itself; else a signal tells.
    pub fn tells(&self) -> bool {
        matches!(self.holders, Holders::Asked(_) | Holders::Served(_))
    }

    /// Takes the study for this process.
    pub async fn lock(&self, row: &StudyRow) -> Result<StudyLock> {
        self.store.lock(row.id).await.map_err(|error| Failure::unavailable(error.to_string()))
    }
}

/// How a study is called: with its version when it is not the first.
pub fn title(row: &StudyRow) -> String {
    row.title()
}
