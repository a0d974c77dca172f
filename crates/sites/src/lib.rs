//! Where runs are made: places with an engine that grant allocations in which workers live.
//!
//! A site only says *where*. It grants an allocation and gives a [`Link`](paramo_worker::Link) to the worker inside; what that worker gets to do
//! is the engine's business. This machine is a site whose worker this process starts itself ([`SITES`]). A cluster is a site with an
//! engine of its own ([`ENGINES`]), which is described in `sites.toml` ([`Description`]) and reached by an [`Access`]. A new kind of
//! either is one file and one line.

mod access;
mod allocation;
mod batch;
mod commands;
mod connection;
mod description;
mod engine;
mod engines;
mod job;
mod kinds;
mod mirror;
mod relay;
mod site;

pub use access::{Access, AccessError, Finished};
pub use allocation::{WorkerCall, array_of, element, ends_in};
pub use batch::{Progress, Script, SentFile};
pub use connection::Connection;
pub use description::{
    Description, Login, Placement, Pool, Rest, SitesFile, Size, TokenSource, find_sites, parse_sites,
    read_site, read_sites,
};
pub use engine::{Check, Engine, EngineError, EngineKind, Usage, Verdict};
pub use engines::gridengine::GridEngine;
pub use engines::local_ssh::LocalSsh;
pub use engines::pbs::Pbs;
pub use engines::slurm::{Meaning, STATES, Slurm, SlurmState};
pub use job::{After, Array, BatchJob, How, JobId, JobState, When};
pub use kinds::local::Local;
pub use mirror::{Mirror, MirrorError, MirrorJob, Mirrored, Voice, is_below, read_job};
pub use relay::{Relay, RelayDoor, RelayOptions};
pub use site::{Allocation, Request, Site, SiteError, SiteKind};

/// Every kind of site whose worker is started by this process.
pub static SITES: &[&dyn SiteKind] = &[&Local];

/// Every kind of engine that places batch jobs.
pub static ENGINES: &[&dyn EngineKind] = &[&GridEngine, &LocalSsh, &Pbs, &Slurm];

/// The site of that name.
pub fn site(name: &str) -> Result<Box<dyn Site>, SiteError> {
    match SITES.iter().find(|kind| kind.name() == name) {
        Some(kind) => kind.build(),
        None => Err(SiteError::Unknown {
            name: name.to_owned(),
            known: SITES.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".rs", ""))
            .filter(|name| name != "mod")
            .collect();
        files.sort();
        files
    }

    #[test]
    fn the_registries_list_every_file() {
        assert_eq!(files("kinds"), SITES.iter().map(|kind| kind.name()).collect::<Vec<_>>());
        assert_eq!(files("engines"), ENGINES.iter().map(|kind| kind.name()).collect::<Vec<_>>());
    }

    #[test]
    fn an_unknown_site_is_named_with_those_there_are() {
        let error = site("mars").err().unwrap().to_string();
        assert_eq!(error, "there is no site `mars`; the sites are: local");
    }
}
